//! Whether a name could mislead people: by itself, and beside the names that there are already. The
//! judgement is `domain::display_name`'s; here the others' names are read.
//!
//! Names are compared when they are registered, changed or vouched for. Two operators who register
//! look-alikes in the same second are not told of each other.

use domain::administrator::Permission;
use domain::display_name::{Concern, Look, concerns, super_app_in};
use foundation::fault::Fault;
use foundation::id::{ClientId, PublisherId};
use protocol::client_metadata::ClientMetadata;
use store::clients::NamedClient;
use store::publishers::PublisherFilter;

use super::{Administered, Administration, Refusal};

/// How many names one statement reads.
const AT_ONCE: i64 = 1000;

/// Whose name it is: they may be called like themselves.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Owner<'a> {
    pub(crate) publisher: Option<&'a PublisherId>,
    pub(crate) client: Option<&'a ClientId>,
}

impl Administration {
    /// What about the name of a mini-program could mislead people.
    ///
    /// # Errors
    /// The store.
    pub async fn concerns_of(&self, metadata: &ClientMetadata) -> Administered<Vec<Concern>> {
        if let Err(refusal) = self.permitted(Permission::ReadClients) {
            return Ok(Err(refusal));
        }
        let publisher = metadata.mini_program.as_ref();
        let publisher = publisher.and_then(|m| PublisherId::parse(&m.publisher).ok());
        let owner = Owner {
            publisher: publisher.as_ref(),
            client: None,
        };
        let name = metadata.client_name.as_deref().unwrap_or_default();
        self.name_concerns(name, owner).await.map(Ok)
    }

    /// A refusal if a name could mislead people and the operator did not allow it.
    pub(crate) async fn misleading(
        &self,
        name: &str,
        owner: Owner<'_>,
        allowed: bool,
    ) -> Result<Option<Refusal>, Fault> {
        if allowed {
            return Ok(None);
        }
        let concerns = self.name_concerns(name, owner).await?;
        Ok((!concerns.is_empty()).then_some(Refusal::Misleading(concerns)))
    }

    async fn name_concerns(&self, name: &str, owner: Owner<'_>) -> Result<Vec<Concern>, Fault> {
        let look = Look::of(name);
        let mut found = concerns(name);
        found.extend(super_app_in(name, &self.brand));
        found.extend(self.like_publishers(&look, owner).await?);
        found.extend(self.like_clients(&look, owner).await?);
        Ok(found)
    }

    async fn like_publishers(&self, look: &Look, owner: Owner<'_>) -> Result<Vec<Concern>, Fault> {
        let (mut found, mut filter) = (Vec::new(), PublisherFilter::default());
        loop {
            let this = filter.clone();
            let read =
                move |db: &mut store::Connection| store::publishers::list(db, &this, AT_ONCE);
            let page = self.store.read(read).await?;
            let Some(last) = page.last() else {
                return Ok(found);
            };
            filter.after = Some(last.id.clone());
            let others = page.iter().filter(|p| owner.publisher != Some(&p.id));
            let alike = others.filter(|p| look.is_like(&Look::of(&p.name)));
            found.extend(alike.map(|p| Concern::LooksLike {
                what: "publisher",
                name: p.name.clone(),
                id: p.id.to_string(),
            }));
        }
    }

    async fn like_clients(&self, look: &Look, owner: Owner<'_>) -> Result<Vec<Concern>, Fault> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let this = after.clone();
            let read =
                move |db: &mut store::Connection| store::clients::names(db, this.as_ref(), AT_ONCE);
            let page = self.store.read(read).await?;
            let Some(last) = page.last() else {
                return Ok(found);
            };
            after = Some(last.id.clone());
            let is_own = |named: &&NamedClient| {
                owner.client == Some(&named.id)
                    || (named.publisher.is_some() && named.publisher.as_ref() == owner.publisher)
            };
            let others = page.iter().filter(|named| !is_own(named));
            let alike = others.filter(|named| look.is_like(&Look::of(&named.name)));
            found.extend(alike.map(|named| Concern::LooksLike {
                what: match named.publisher {
                    Some(_) => "mini-program",
                    None => "client",
                },
                name: named.name.clone(),
                id: named.id.to_string(),
            }));
        }
    }
}
