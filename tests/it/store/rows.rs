//! Every aggregate reads back as it was written, and its conditional updates keep their conditions.

mod audit;
mod clients;
mod keys;
mod origins;
mod people;
mod sheets;
mod tokens;
mod web_sessions;
