//! What every layer stands on: time, randomness, secrets, digests, ids, bounded text.
//!
//! Owns no protocol, no entity and no I/O besides the system's clock and random source, which are
//! reached through the [`clock::Clock`] and [`entropy::Entropy`] traits so that a test can supply
//! its own, and the careful opening of a file ([`regular_file`]).

pub mod base64url;
pub mod bounded_text;
pub mod clock;
pub mod database_url;
pub mod digest;
pub mod entropy;
pub mod fault;
pub mod id;
pub mod log_pace;
pub mod regular_file;
pub mod secret;
