//! What grants are made of.

use crate::find_client::ClientLookup;
use crate::host_token::HostTokens;
use crate::memory::Memory;
use crate::parts::Parts;

/// What a grant can be made of; it keeps what it uses.
pub struct GrantMakings<'a> {
    /// The parts.
    pub parts: &'a Parts,
    pub(crate) memory: &'a Memory,
    pub(crate) hosts: &'a HostTokens,
    pub(crate) clients: &'a ClientLookup,
}
