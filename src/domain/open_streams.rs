//! How many streams of session events are open.

use foundation::id::ClientId;

/// How many, by who listens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamCounts {
    /// Of hosts.
    pub hosts: usize,
    /// Of programs, each in one session.
    pub programs: usize,
    /// Of clients for themselves.
    pub backends: usize,
}

impl StreamCounts {
    /// With those of others.
    #[must_use]
    pub fn and(self, others: Self) -> Self {
        Self {
            hosts: self.hosts + others.hosts,
            programs: self.programs + others.programs,
            backends: self.backends + others.backends,
        }
    }
}

/// Those of one client, at all nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientStreams {
    /// Which client.
    pub client_id: ClientId,
    /// How many.
    pub open: StreamCounts,
    /// At how many nodes.
    pub nodes: usize,
}
