//! Tests of the house as a whole. `world` is a server with people and programs that act on it over
//! HTTP; `spec` is named after specifications, `attack` after the rows of `docs/security.md`;
//! `clocks` sets clocks, `history` puts logs back; `commands` types what an operator types; `telemetry`
//! reads what the server tells about itself; `edges` are its signals, its idle connections and the
//! proxies in front of it; `silence` takes its database away without a word; `upgrade` begins with a
//! database of the first release.

mod architecture;
mod attack;
mod clocks;
mod commands;
mod crash;
mod database;
mod edges;
mod gate;
mod history;
mod installation;
mod model;
mod races;
mod silence;
mod spec;
mod store;
mod telemetry;
mod two_nodes;
mod upgrade;
mod world;
