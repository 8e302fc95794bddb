//! Entities, their states and the decisions about them. No I/O: `now` is a parameter, and what a
//! decision needs is handed in.

pub mod administrator;
pub mod audit;
pub mod authentication;
pub mod authorization_check;
pub mod client;
pub mod consent;
pub mod consent_sheet;
pub mod display_name;
pub mod event;
pub mod grant;
pub mod identity;
pub mod interaction;
pub mod kyc;
pub mod launch;
pub mod left_out;
pub mod lifetimes;
pub mod log_history;
pub mod mini_program;
pub mod one_time_credential;
pub mod participant;
pub mod payment_method;
pub mod profile;
pub mod publisher;
pub mod refresh_retry;
pub mod registration_change;
pub mod session;
pub mod session_watch;
pub mod shared_secret;
pub mod sign_in;
pub mod signing_key;
pub mod subject;
pub mod token_family;
pub mod token_handle;
pub mod typed_text;
pub mod user;
