//! Who listens to session events, listed by the operator.

use domain::administrator::Permission;
use domain::lifetimes::Lifetimes;
use domain::open_streams::ClientStreams;
use foundation::id::ClientId;
use store::node_streams::StreamFilter;

use super::pages::Page;
use super::{Administered, Administration, Refusal};

/// Which streams a list has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamQuery {
    /// Those only of this client.
    pub client: Option<String>,
    /// Those only of clients that come after this one.
    pub after: Option<String>,
    /// At most so many clients.
    pub limit: i64,
}

impl Administration {
    /// How many streams each client has open, at all nodes, as each said at its last heartbeat.
    ///
    /// # Errors
    /// The store does not answer. What is refused is a value.
    pub async fn list_streams(&self, query: StreamQuery) -> Administered<Page<ClientStreams>> {
        let client = match query.client.as_deref().map(ClientId::parse).transpose() {
            Ok(client) => client,
            Err(_) => {
                let named = query.client.unwrap_or_default();
                return Ok(Err(Refusal::not_found("client", named)));
            }
        };
        let filter = StreamFilter {
            client,
            after: query.after,
        };
        let limit = query.limit.clamp(1, store::pages::MAX_PAGE);
        let since = self.clock.now() - Lifetimes::NODE_SILENCE;
        self.look(Permission::ReadClients, move |db| {
            if let Some(client) = &filter.client
                && store::clients::find(db, client)?.is_none()
            {
                return Ok(Err(Refusal::not_found("client", client)));
            }
            let rows = store::node_streams::list(db, since, &filter, limit + 1)?;
            Ok(Ok(Page::of(rows, limit, |row| row.client_id.to_string())))
        })
        .await
    }
}
