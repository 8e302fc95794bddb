//! What happens when someone asks: one module per verb, async, each owning its transactions.
//!
//! [`Services`] is what `web`, `job` and `cli` hold: one service per kind of request, and each has
//! exactly the parts that its verbs use. A verb takes parsed values and gives an [`answer::Answer`];
//! it knows neither HTTP nor HTML. The order inside is always the same: note the confirmed log
//! position, read, decide (in `domain`), write, answer.
//!
//! Which module may name which is a table in `tests/it/architecture/modules.rs`.

pub mod account;
pub mod administer;
pub mod answer;
pub mod answer_host;
pub mod answer_token_request;
pub mod answer_userinfo;
pub mod authenticate_client;
pub mod authorize;
pub mod browser;
pub mod browser_response;
pub mod choose_account;
pub mod client_mistakes;
pub mod consent_page;
mod consent_receipt;
pub mod consent_sheet;
pub mod decide_consent;
pub mod deliver;
pub mod end_session;
mod family_end;
pub mod find_client;
pub mod health;
mod host_token;
mod id_token_hint;
pub mod introspect;
mod issue;
pub mod key_source;
pub mod last_used;
mod launch_consent;
pub mod limits;
mod memory;
mod pace;
mod page_needed;
mod parents;
pub mod participant;
pub mod parts;
pub mod passwords;
mod pending_authorization;
pub mod protected_call;
mod record_decision;
pub mod refresh_keys;
pub mod renew_history;
mod resources;
pub mod revoke;
pub mod services;
mod sessions;
mod settle_grant;
pub mod shared_data;
pub mod sign_in;
pub mod step;
mod subject;
mod throttle;
pub mod token_authorization;
pub mod upkeep;
mod verify_access_token;
pub mod verify_proof;
pub mod watch_session;
pub mod web_ticket;

pub use parts::{Parts, Policy};
pub use services::Services;
