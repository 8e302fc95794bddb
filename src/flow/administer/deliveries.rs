//! What clients are to be told, listed and tried again by the operator.

use domain::administrator::Permission;
use domain::delivery::Delivery;
use foundation::id::ClientId;
use serde_json::json;
use store::deliveries::DeliveryFilter;

use super::pages::Page;
use super::{Administered, Administration, Refusal};

/// So many are tried again in one transaction.
const AT_ONCE: i64 = 500;

/// Which deliveries a list has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryQuery {
    /// Those only that nobody tries any more.
    pub dead: bool,
    /// Those only to this client.
    pub client: Option<String>,
    /// Those only that come after this one.
    pub after: Option<i64>,
    /// At most so many.
    pub limit: i64,
}

impl DeliveryQuery {
    /// As many as one page has.
    pub fn every() -> Self {
        Self {
            dead: false,
            client: None,
            after: None,
            limit: store::pages::MAX_PAGE,
        }
    }
}

/// Which deliveries are tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Retried {
    /// One, whether it is dead or waits.
    One(i64),
    /// Those to a client.
    Client(String),
    /// All that are dead or wait.
    All,
}

impl Administration {
    /// What waits to be told, and what nobody took, the oldest first.
    ///
    /// # Errors
    /// The store does not answer. What is refused is a value.
    pub async fn list_deliveries(&self, query: DeliveryQuery) -> Administered<Page<Delivery>> {
        let client = match query.client.as_deref().map(ClientId::parse).transpose() {
            Ok(client) => client,
            Err(_) => {
                let named = query.client.unwrap_or_default();
                return Ok(Err(Refusal::not_found("client", named)));
            }
        };
        let filter = DeliveryFilter {
            dead: query.dead,
            client,
            id: None,
            after: query.after,
        };
        let limit = query.limit.clamp(1, store::pages::MAX_PAGE);
        self.look(Permission::ReadClients, move |db| {
            if let Some(client) = &filter.client
                && store::clients::find(db, client)?.is_none()
            {
                return Ok(Err(Refusal::not_found("client", client)));
            }
            let rows = store::deliveries::list(db, &filter, limit + 1)?;
            Ok(Ok(Page::of(rows, limit, |row| row.id.to_string())))
        })
        .await
    }

    /// Tries deliveries again at once, as if they were new; gives how many.
    ///
    /// # Errors
    /// The store does not answer. What is refused is a value.
    pub async fn retry_deliveries(&self, which: Retried) -> Administered<usize> {
        let mut filter = DeliveryFilter::default();
        match &which {
            Retried::One(id) => filter.id = Some(*id),
            Retried::Client(id) => match ClientId::parse(id) {
                Ok(client) => filter.client = Some(client),
                Err(_) => return Ok(Err(Refusal::not_found("client", id))),
            },
            Retried::All => {}
        }
        let mut retried = 0;
        loop {
            let (page, now) = (filter.clone(), self.clock.now());
            let audited = self.audited("deliveries.retried");
            let done = self.administer(Permission::ChangeClients, move |tx| {
                if let Some(client) = &page.client
                    && store::clients::find(tx, client)?.is_none()
                {
                    return Ok(Err(Refusal::not_found("client", client)));
                }
                let rows = store::deliveries::list(tx, &page, AT_ONCE)?;
                let Some(last) = rows.last().map(|row| row.id) else {
                    return Ok(match page.id {
                        Some(id) => Err(Refusal::not_found("delivery", id)),
                        None => Ok((0, None)),
                    });
                };
                let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
                store::deliveries::retry(tx, &ids, now)?;
                let client = page.client.clone().or_else(|| {
                    let one = page.id.and_then(|_| rows.first());
                    one.map(|row| row.client_id.clone())
                });
                store::destinations::try_now(tx, client.as_ref())?;
                let audited = match &client {
                    Some(client) => audited.of_client(client),
                    None => audited,
                };
                audited
                    .with(json!({ "deliveries": ids.len() }))
                    .insert(tx)?;
                let more = (ids.len() as i64) == AT_ONCE;
                Ok(Ok((ids.len(), more.then_some(last))))
            });
            let (count, last) = match done.await? {
                Ok(done) => done,
                Err(refusal) => return Ok(Err(refusal)),
            };
            retried += count;
            match last {
                Some(last) => filter.after = Some(last),
                None => return Ok(Ok(retried)),
            }
        }
    }
}
