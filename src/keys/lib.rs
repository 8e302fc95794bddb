//! Everything that needs a key: signatures, sealed values, derived identifiers, passwords.
//!
//! Owns josekit and OpenSSL. What a node can do at one moment is a [`key_ring::KeyRing`], an
//! immutable snapshot; [`key_ring::Keys`] hands out the latest one. Nothing here reads the store,
//! the network or a clock: stored keys are handed in, sealed under the [`master_key::MasterKey`].

mod aead;
mod assured;
mod compact;
mod jwk;
mod mac;
mod strict_json;

pub mod client_assertion;
pub mod dpop_proof;
pub mod es256;
pub mod jwk_set;
pub mod jwt_problem;
pub mod key_ring;
pub mod master_key;
pub mod opaque_token;
pub mod password;
pub mod retry_seal;
pub mod seal;
pub mod shared_secret;
pub mod signing_key;
