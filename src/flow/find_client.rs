//! Finding a client: in memory if this node may trust it, else in the store.

use std::sync::Arc;

use domain::client::Client;
use foundation::fault::Fault;
use foundation::id::ClientId;

use crate::Flows;

impl Flows {
    /// The client with this id. Memory answers for most; an unknown client, or a node whose memory
    /// is not fresh, always leads to a look into the store.
    pub async fn find_client(&self, id: &ClientId) -> Result<Option<Arc<Client>>, Fault> {
        if self.is_fresh()
            && let Some(client) = self.live().clients.get(id)
        {
            return Ok(Some(client));
        }
        Box::pin(self.read_client(id)).await
    }

    /// The client as the store has it; memory keeps it from then on.
    pub(crate) async fn read_client(&self, id: &ClientId) -> Result<Option<Arc<Client>>, Fault> {
        let read_at = self.live().freshness.position();
        let wanted = id.clone();
        let found = self
            .store()
            .read(move |db| store::clients::find(db, &wanted))
            .await?;
        Ok(found.map(|client| {
            let client = Arc::new(client);
            self.live()
                .clients
                .fill(id.clone(), Arc::clone(&client), read_at);
            client
        }))
    }
}
