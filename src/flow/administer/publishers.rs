//! Publishers: added, listed, renamed, and vouched for.

use domain::administrator::Permission;
use domain::client::Client;
use domain::event::Event;
use domain::publisher::Publisher;
use foundation::bounded_text::BoundedText;
use foundation::fault::Fault;
use foundation::id::PublisherId;
use serde_json::json;
use store::clients::ClientFilter;
use store::publishers::PublisherFilter;

use super::names::Owner;
use super::pages::{Page, PageQuery};
use super::{Administered, Administration, Refusal};

/// How many mini-programs are shown with their publisher; a list has the others.
const SHOWN: i64 = 100;

impl Administration {
    /// Adds a publisher. People see "not verified" beside its name until the operator vouches. A name
    /// that could mislead is refused unless it is allowed.
    ///
    /// # Errors
    /// The store.
    pub async fn add_publisher(&self, name: &str, lookalike: bool) -> Administered<Publisher> {
        if let Err(refusal) = self.permitted(Permission::ChangeClients) {
            return Ok(Err(refusal));
        }
        let name = match checked(name) {
            Ok(name) => name,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let misleading = self.misleading(&name, Owner::default(), lookalike).await?;
        if let Some(refusal) = misleading {
            return Ok(Err(refusal));
        }
        let publisher = Publisher {
            id: PublisherId::random(self.entropy.as_ref()),
            name,
            verified_at: None,
            created_at: self.clock.now(),
        };
        let detail = json!({ "publisher": publisher.id, "name": publisher.name, "lookalike_allowed": lookalike });
        let audited = self.audited("publisher.added").with(detail);
        self.administer(Permission::ChangeClients, move |tx| {
            store::publishers::insert(tx, &publisher)?;
            audited.insert(tx)?;
            Ok(Ok(publisher))
        })
        .await
    }

    /// A page of publishers, by name.
    ///
    /// # Errors
    /// The store.
    pub async fn list_publishers(&self, query: PageQuery) -> Administered<Page<Publisher>> {
        let after = match query.after.as_deref().map(PublisherId::parse).transpose() {
            Ok(after) => after,
            Err(_) => return Ok(Err(not_found(query.after.as_deref().unwrap_or_default()))),
        };
        self.look(Permission::ReadClients, move |db| {
            if let Some(after) = &after
                && store::publishers::find(db, after)?.is_none()
            {
                return Ok(Err(not_found(after.as_str())));
            }
            let limit = query.rows();
            let filter = PublisherFilter {
                search: query.search,
                after,
            };
            let rows = store::publishers::list(db, &filter, limit + 1)?;
            Ok(Ok(Page::of(rows, limit, |p| p.id.to_string())))
        })
        .await
    }

    /// A publisher with its mini-programs, as many as a page has.
    ///
    /// # Errors
    /// The store.
    pub async fn show_publisher(&self, id: &str) -> Administered<(Publisher, Page<Client>)> {
        let Ok(parsed) = PublisherId::parse(id) else {
            return Ok(Err(not_found(id)));
        };
        self.look(Permission::ReadClients, move |db| {
            let Some(publisher) = store::publishers::find(db, &parsed)? else {
                return Ok(Err(not_found(parsed.as_str())));
            };
            let filter = ClientFilter {
                publisher: Some(parsed),
                ..ClientFilter::default()
            };
            let rows = store::clients::list(db, &filter, SHOWN + 1)?;
            let programs = Page::of(rows, SHOWN, |client| client.id.to_string());
            Ok(Ok((publisher, programs)))
        })
        .await
    }

    /// Gives a publisher another name, stops vouching for it, or both.
    ///
    /// # Errors
    /// The store.
    pub async fn update_publisher(
        &self,
        id: &str,
        name: Option<&str>,
        unverify: bool,
        lookalike: bool,
    ) -> Administered<Publisher> {
        if let Err(refusal) = self.permitted(Permission::ChangeClients) {
            return Ok(Err(refusal));
        }
        let Ok(parsed) = PublisherId::parse(id) else {
            return Ok(Err(not_found(id)));
        };
        let name = match name.map(checked).transpose() {
            Ok(name) => name,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if let Some(name) = &name
            && let Some(refusal) = self.misleading(name, owner(&parsed), lookalike).await?
        {
            return Ok(Err(refusal));
        }
        let audited = self.audited("publisher.updated");
        self.administer(Permission::ChangeClients, move |tx| {
            let Some(before) = store::publishers::lock(tx, &parsed)? else {
                return Ok(Err(not_found(parsed.as_str())));
            };
            let after = Publisher {
                name: name.unwrap_or_else(|| before.name.clone()),
                verified_at: before.verified_at.filter(|_| !unverify),
                ..before.clone()
            };
            if after == before {
                return Ok(Ok(before));
            }
            store::publishers::set_name(tx, &parsed, &after.name)?;
            store::publishers::set_verified(tx, &parsed, after.verified_at)?;
            announce(tx, &parsed)?;
            let shown =
                |p: &Publisher| json!({ "name": p.name, "verified": p.verified_at.is_some() });
            let detail = json!({
                "publisher": parsed, "before": shown(&before), "after": shown(&after),
                "lookalike_allowed": lookalike,
            });
            audited.with(detail).insert(tx)?;
            Ok(Ok(after))
        })
        .await
    }

    /// Vouches for a publisher: its programs show it as verified, and `unionid` needs no screen. Its
    /// name is looked at once more: vouching for one that misleads is worse than having it.
    ///
    /// # Errors
    /// The store.
    pub async fn verify_publisher(&self, id: &str, lookalike: bool) -> Administered<Publisher> {
        let Ok(parsed) = PublisherId::parse(id) else {
            return Ok(Err(not_found(id)));
        };
        let named = parsed.clone();
        let found = self.look(Permission::ReadClients, move |db| {
            Ok(store::publishers::find(db, &named)?.ok_or_else(|| not_found(named.as_str())))
        });
        let known = match found.await? {
            Ok(known) => known,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let misleading = self.misleading(&known.name, owner(&parsed), lookalike);
        if let Some(refusal) = misleading.await? {
            return Ok(Err(refusal));
        }
        let now = self.clock.now();
        let detail =
            json!({ "publisher": parsed, "name": known.name, "lookalike_allowed": lookalike });
        let audited = self.audited("publisher.verified").with(detail);
        self.administer(Permission::ChangeClients, move |tx| {
            let Some(publisher) = store::publishers::lock(tx, &parsed)? else {
                return Ok(Err(not_found(parsed.as_str())));
            };
            if publisher.name != known.name {
                let problem = "its name changed a moment ago: look at it again";
                return Ok(Err(Refusal::NotPossible(problem.into())));
            }
            if publisher.verified_at.is_some() {
                return Ok(Ok(publisher));
            }
            store::publishers::set_verified(tx, &parsed, Some(now))?;
            announce(tx, &parsed)?;
            audited.insert(tx)?;
            Ok(Ok(Publisher {
                verified_at: Some(now),
                ..publisher
            }))
        })
        .await
    }
}

fn checked(name: &str) -> Result<String, Refusal> {
    let name = BoundedText::<100>::parse(name);
    name.map(BoundedText::into_string)
        .map_err(|error| Refusal::invalid("name", error))
}

fn not_found(id: &str) -> Refusal {
    Refusal::not_found("publisher", id)
}

fn owner(publisher: &PublisherId) -> Owner<'_> {
    Owner {
        publisher: Some(publisher),
        client: None,
    }
}

/// Its programs show it: whoever remembers one reads it again.
fn announce(tx: &mut store::Transaction<'_>, publisher: &PublisherId) -> Result<(), Fault> {
    for client_id in store::clients::of_publisher(tx, publisher)? {
        tx.append(Event::ClientChanged { client_id });
    }
    Ok(())
}
