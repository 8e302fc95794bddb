//! The demonstration: a super app called Nova and four mini-programs, Market, Taxi, Bank and Lido.
//!
//! They are strangers in the house. Each is a small website of its own that knows Portico by its
//! issuer, a client id and (but for Lido, which is a page) a client secret, and learns everything else over HTTP: discovery, the
//! authorization code flow, introspection, userinfo, logout. Nothing here names another layer of
//! Portico than `foundation`.
//!
//! The command `portico demo` owns the process: it starts Portico, registers [`people`],
//! [`host_metadata`] and [`manifests`], mounts [`routes`] and prints the [`tour`].

mod addresses;
mod assets;
mod bank;
mod claims;
mod facts;
#[cfg(test)]
mod journeys;
mod keep;
mod lido;
mod market;
#[cfg(test)]
mod mock_portico;
mod money;
mod nova;
mod operator;
mod people;
mod program;
mod registration;
mod relying_party;
mod routes;
mod scenes;
mod settings;
mod site;
mod taxi;
mod tour;
mod transport;

pub use addresses::{DemoAddresses, addresses};
pub use operator::{Deeds, Operator, OperatorAct, StayAt};
pub use people::{DemoPerson, people};
pub use registration::{DemoManifest, host_metadata, manifests, told_hosts};
pub use routes::routes;
pub use settings::{DemoClient, DemoClients, DemoError, DemoSettings};
pub use tour::tour;
