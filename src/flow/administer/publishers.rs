//! Publishers: added, and vouched for.

use domain::event::Event;
use domain::publisher::Publisher;
use foundation::bounded_text::BoundedText;
use foundation::id::PublisherId;

use super::{Administered, Administration, Refusal};

impl Administration {
    /// Adds a publisher. People see "not verified" beside its name until the operator vouches.
    pub async fn add_publisher(&self, name: &str) -> Administered<Publisher> {
        let name = match BoundedText::<100>::parse(name) {
            Ok(name) => name.into_string(),
            Err(error) => return Ok(Err(Refusal::invalid("name", error))),
        };
        let publisher = Publisher {
            id: PublisherId::random(self.entropy.as_ref()),
            name,
            verified_at: None,
            created_at: self.clock.now(),
        };
        let detail = serde_json::json!({ "publisher": publisher.id });
        let audited = self.audited("publisher.added").with(detail);
        self.administer(move |tx| {
            store::publishers::insert(tx, &publisher)?;
            audited.insert(tx)?;
            Ok(Ok(publisher))
        })
        .await
    }

    /// Vouches for a publisher: its programs show it as verified, and `unionid` needs no screen.
    pub async fn verify_publisher(&self, id: &str) -> Administered<Publisher> {
        let Ok(parsed) = PublisherId::parse(id) else {
            return Ok(Err(Refusal::not_found("publisher", id)));
        };
        let now = self.clock.now();
        let audited = self
            .audited("publisher.verified")
            .with(serde_json::json!({ "publisher": parsed }));
        self.administer(move |tx| {
            let Some(publisher) = store::publishers::find(tx, &parsed)? else {
                return Ok(Err(Refusal::not_found("publisher", parsed)));
            };
            if publisher.verified_at.is_some() {
                return Ok(Ok(publisher));
            }
            store::publishers::set_verified(tx, &parsed, Some(now))?;
            for client_id in store::clients::of_publisher(tx, &parsed)? {
                tx.append(Event::ClientChanged { client_id });
            }
            audited.insert(tx)?;
            Ok(Ok(Publisher {
                verified_at: Some(now),
                ..publisher
            }))
        })
        .await
    }
}
