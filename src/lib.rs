//! Portico: one sign-in for every mini-program.
//!
//! The map of the house, from the ground up; each layer is a crate in its own folder, and names
//! only those below it:
//!
//! | layer | what it owns |
//! |---|---|
//! | `foundation` | time, randomness, secrets, digests, ids |
//! | `protocol` | what the specifications say, as types |
//! | `domain` | entities, states, decisions; no I/O |
//! | `keys`, `store`, `live`, `text`, `outbound` | signatures and seals; rows; memory; words; the way out |
//! | `flow` | what happens when someone asks |
//! | `web` | paths, cookies, pages |
//! | `demo` | a super app and its mini-programs, as strangers |
//!
//! This package puts them together: [`config`] reads the settings, [`telemetry`] logs and counts,
//! [`app`] opens everything and serves, `job` does what happens by itself, [`cli`] is the
//! operator's hand.

pub mod app;
pub mod cli;
pub mod config;
mod job;
pub mod telemetry;
