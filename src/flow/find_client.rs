//! Finding a client: in memory if this node may trust it, else in the store.

use std::sync::Arc;

use domain::client::Client;
use foundation::fault::Fault;
use foundation::id::ClientId;
use store::Store;

use crate::memory::Memory;
use crate::parts::Parts;

/// Finds clients, and the hosts among them.
#[derive(Clone)]
pub struct ClientLookup {
    store: Store,
    memory: Memory,
}

impl ClientLookup {
    pub(crate) fn new(parts: &Parts, memory: &Memory) -> Self {
        Self {
            store: parts.store.clone(),
            memory: memory.clone(),
        }
    }

    /// The client with this id. Memory answers for most; an unknown client, or a node whose memory
    /// is not fresh, always leads to a look into the store.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn find(&self, id: &ClientId) -> Result<Option<Arc<Client>>, Fault> {
        if self.memory.is_fresh()
            && let Some(client) = self.memory.live.clients.get(id)
        {
            return Ok(Some(client));
        }
        Box::pin(self.read(id)).await
    }

    /// The client as the store has it; memory keeps it from then on.
    pub(crate) async fn read(&self, id: &ClientId) -> Result<Option<Arc<Client>>, Fault> {
        let read_at = self.memory.live.freshness.position();
        let wanted = id.clone();
        let found = self
            .store
            .read(move |db| store::clients::find(db, &wanted))
            .await?;
        Ok(found.map(|client| {
            let client = Arc::new(client);
            self.memory
                .live
                .clients
                .fill(id.clone(), Arc::clone(&client), read_at);
            client
        }))
    }

    /// Who may frame the pages of a client's request: the registered hosts, for the programs that
    /// run inside them; nobody for others.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn frame_origins(&self, client: &Client) -> Result<Vec<String>, Fault> {
        if client.mini_program().is_none() {
            return Ok(Vec::new());
        }
        self.host_origins().await
    }

    /// The super app, where it said where it is.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn home(&self) -> Result<Option<Client>, Fault> {
        let hosts = self.store.read(store::clients::hosts).await?;
        Ok(hosts.into_iter().find(Client::is_home))
    }

    /// The origins of the registered hosts.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn host_origins(&self) -> Result<Vec<String>, Fault> {
        self.store.read(store::clients::host_origins).await
    }
}
