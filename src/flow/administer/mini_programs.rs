//! Mini-programs: their manifests, their states, their secrets.

use domain::administrator::Permission;
use domain::client::Client;
use domain::display_name::{Concern, Look, concerns};
use domain::event::Event;
use domain::mini_program::MiniProgramState;
use domain::publisher::Publisher;
use foundation::fault::Fault;
use foundation::id::{ClientId, PublisherId};
use protocol::client_metadata::{
    ClientMetadata, MiniProgramStateName, UnknownMember, parse_manifest,
};
use protocol::scope_catalog::ScopeCatalog;
use serde_json::{Value, json};
use store::clients::ClientFilter;

use super::clients::{Allowed, Registered, cut_off, read_registration};
use super::names::Owner;
use super::new_manifest::NO_PUBLISHER;
use super::{Administered, Administration, Refusal};
use crate::answer_token_request::GrantTable;

/// A manifest that can be registered.
#[derive(Debug)]
pub struct CheckedManifest {
    /// What it says.
    pub metadata: ClientMetadata,
    /// Members that mean nothing here: misspelt ones, most likely.
    pub not_understood: Vec<UnknownMember>,
}

impl CheckedManifest {
    /// What about its name could mislead people, by itself.
    pub fn concerns(&self) -> Vec<Concern> {
        concerns(self.metadata.client_name.as_deref().unwrap_or_default())
    }
}

/// Checks a manifest without registering it; the publisher is not looked up.
///
/// # Errors
/// What is wrong with the manifest.
pub fn check_manifest(
    manifest: &Value,
    catalog: &ScopeCatalog,
    grants: GrantTable,
) -> Result<CheckedManifest, Refusal> {
    let metadata = read_registration(parse_manifest(manifest), catalog, grants)?;
    let publisher = metadata.mini_program.as_ref().map(|m| m.publisher.as_str());
    if publisher == Some(NO_PUBLISHER) {
        let problem = "write the id that `portico publisher add` printed in its place";
        return Err(Refusal::invalid(
            "publisher",
            format!("{NO_PUBLISHER}: {problem}"),
        ));
    }
    Ok(CheckedManifest {
        not_understood: metadata.not_understood(manifest),
        metadata,
    })
}

fn state_of(name: MiniProgramStateName) -> MiniProgramState {
    match name {
        MiniProgramStateName::Draft => MiniProgramState::Draft,
        MiniProgramStateName::InReview => MiniProgramState::InReview,
        MiniProgramStateName::Released => MiniProgramState::Released,
        MiniProgramStateName::Suspended => MiniProgramState::Suspended,
    }
}

/// `suspend`, `release` and the like are for mini-programs; with what to do instead.
fn no_mini_program(client: &Client, instead: &str) -> Refusal {
    let what = match client.is_host() {
        true => "the super app itself",
        false => "an ordinary client",
    };
    let id = &client.id;
    Refusal::NotPossible(format!("{id} is {what}, no mini-program; {instead}"))
}

/// A refusal that asks whether a program of the same publisher is meant, by its name or an origin.
fn added_before(sibling: &Client, metadata: &ClientMetadata) -> Option<Refusal> {
    let name = metadata.client_name.as_deref().unwrap_or_default();
    let origins = |m: &ClientMetadata| m.mini_program.as_ref().map(|p| p.origins.clone());
    let others = origins(&sibling.metadata).unwrap_or_default();
    let shared = origins(metadata)
        .unwrap_or_default()
        .into_iter()
        .find(|origin| others.contains(origin));
    let same = match shared {
        Some(origin) => format!("is at {origin}"),
        None if Look::of(name).is_like(&Look::of(sibling.name())) => "has this name".to_owned(),
        None => return None,
    };
    let id = &sibling.id;
    Some(Refusal::AddedBefore {
        known: format!(
            "the publisher has a mini-program that {same}: {} ({id})",
            sibling.name()
        ),
        id: id.clone(),
    })
}

impl Administration {
    /// Registers a mini-program, as a draft unless its manifest says otherwise.
    /// A name that could mislead, and a second program of one name or origin, are refused unless they
    /// are allowed.
    ///
    /// # Errors
    /// The store.
    pub async fn add_mini_program(
        &self,
        manifest: &Value,
        allowed: Allowed,
    ) -> Administered<Registered> {
        if let Err(refusal) = self.permitted(Permission::ChangeClients) {
            return Ok(Err(refusal));
        }
        let metadata = match check_manifest(manifest, &self.catalog, self.grants) {
            Ok(checked) => checked.metadata,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let Some(program) = &metadata.mini_program else {
            return Err(Fault::broken("a manifest without a mini-program"));
        };
        let state = program.state.map_or(MiniProgramState::Draft, state_of);
        let named = program.publisher.clone();
        let publisher = match PublisherId::parse(&named) {
            Ok(id) => {
                self.store
                    .read(move |db| store::publishers::find(db, &id))
                    .await?
            }
            Err(_) => None,
        };
        match publisher {
            Some(publisher) => {
                if let Some(refusal) = self.unwelcome(&metadata, &publisher, allowed).await? {
                    return Ok(Err(refusal));
                }
                self.register(metadata, state, Some(publisher), allowed)
                    .await
            }
            None => {
                let problem = format!(
                    "there is no publisher {named:?}: add one with `portico publisher add`"
                );
                Ok(Err(Refusal::invalid("publisher", problem)))
            }
        }
    }

    /// Why a program is not taken without a further word.
    async fn unwelcome(
        &self,
        metadata: &ClientMetadata,
        publisher: &Publisher,
        allowed: Allowed,
    ) -> Result<Option<Refusal>, Fault> {
        let name = metadata.client_name.as_deref().unwrap_or_default();
        let owner = Owner {
            publisher: Some(&publisher.id),
            client: None,
        };
        if let Some(refusal) = self.misleading(name, owner, allowed.lookalike).await? {
            return Ok(Some(refusal));
        }
        if allowed.again {
            return Ok(None);
        }
        let mut filter = ClientFilter {
            publisher: Some(publisher.id.clone()),
            ..ClientFilter::default()
        };
        loop {
            let this = filter.clone();
            let read = move |db: &mut store::Connection| {
                store::clients::list(db, &this, store::pages::MAX_PAGE)
            };
            let siblings = self.store.read(read).await?;
            let mut known = siblings.iter();
            if let Some(refusal) = known.find_map(|sibling| added_before(sibling, metadata)) {
                return Ok(Some(refusal));
            }
            match siblings.last() {
                Some(last) => filter.after = Some(last.id.clone()),
                None => return Ok(None),
            }
        }
    }

    /// One mini-program.
    ///
    /// # Errors
    /// The store.
    pub async fn show_mini_program(&self, id: &str) -> Administered<Client> {
        let shown = self.show_client(id).await?;
        Ok(shown.and_then(|client| match client.mini_program() {
            Some(_) => Ok(client),
            None => {
                let id = &client.id;
                let instead = format!(
                    "`portico client show {id}` shows it, `portico client update` changes it"
                );
                Err(no_mini_program(&client, &instead))
            }
        }))
    }

    /// Suspends a mini-program: it is not available to anybody, and what it holds is dead. Releasing it
    /// again revives nothing.
    ///
    /// # Errors
    /// The store does not answer. What is refused is a value.
    pub async fn suspend(&self, id: &str) -> Administered<ClientId> {
        self.change_state(id, MiniProgramState::Suspended, "client.suspended", cut_off)
            .await
    }

    /// Releases a mini-program for everybody.
    ///
    /// # Errors
    /// The store does not answer. What is refused is a value.
    pub async fn release(&self, id: &str) -> Administered<ClientId> {
        let announce = |tx: &mut store::Transaction<'_>, id: &ClientId| {
            tx.append(Event::ClientChanged {
                client_id: id.clone(),
            });
            Ok(())
        };
        self.change_state(id, MiniProgramState::Released, "client.released", announce)
            .await
    }

    async fn change_state(
        &self,
        id: &str,
        state: MiniProgramState,
        action: &'static str,
        consequence: impl FnOnce(&mut store::Transaction<'_>, &ClientId) -> Result<(), Fault>
        + Send
        + 'static,
    ) -> Administered<ClientId> {
        let Ok(parsed) = ClientId::parse(id) else {
            return Ok(Err(Refusal::not_found("client", id)));
        };
        let now = self.clock.now();
        let audited = self.audited(action).of_client(&parsed);
        self.administer(Permission::ChangeClients, move |tx| {
            let Some(client) = store::clients::lock(tx, &parsed)? else {
                return Ok(Err(Refusal::not_found("client", parsed)));
            };
            if client.mini_program().is_none() {
                let instead = format!(
                    "`portico revoke --client {parsed}` makes its tokens worthless, `portico client \
                     delete {parsed}` removes it"
                );
                return Ok(Err(no_mini_program(&client, &instead)));
            }
            if client.state != state {
                store::clients::set_state(tx, &parsed, state, now)?;
                consequence(tx, &parsed)?;
                let before = client.state.word();
                let detail = json!({ "before": before, "after": state.word() });
                audited.with(detail).insert(tx)?;
            }
            Ok(Ok(parsed))
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer_token_request::BUILT_IN;

    #[test]
    fn misspelt_members_are_named() {
        let catalog = ScopeCatalog::default();
        let mut json = json!({
            "client_name": "Market", "publisher": "pub1", "origins": ["https://market.example"],
            "entry_uri": "https://market.example/open", "redirect_uris": ["https://market.example/cb"],
        });
        for name in ["testrs", "scop_purposes", "portico:hosts"] {
            json[name] = json!(["ada"]);
        }
        let checked = check_manifest(&json, &catalog, BUILT_IN).expect("good");
        let unknown = checked.not_understood.into_iter();
        let mut named: Vec<String> = unknown.map(|member| member.name).collect();
        named.sort_unstable();
        assert_eq!(named, ["portico:hosts", "scop_purposes", "testrs"]);
    }
}
