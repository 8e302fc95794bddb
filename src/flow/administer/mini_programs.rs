//! Mini-programs: their manifests, their states, their secrets.

use domain::client::Client;
use domain::event::Event;
use domain::mini_program::MiniProgramState;
use foundation::fault::Fault;
use foundation::id::{ClientId, CredentialId, PublisherId};
use protocol::client_metadata::{
    ClientMetadata, MiniProgramStateName, UnknownMember, parse_manifest,
};
use protocol::scope_catalog::ScopeCatalog;
use serde_json::{Value, json};

use super::clients::{Registered, cut_off, read_registration};
use super::{Administered, Administration, Refusal};

/// A manifest to begin with, for a program at this origin. JSON has no comments; members that begin
/// with `//` are ignored like all that are not understood (RFC 7591 §2).
pub fn new_manifest(origin: &str) -> Result<String, Refusal> {
    let origin = origin.trim_end_matches('/');
    let scopes = ScopeCatalog::default().for_mini_programs().join(", ");
    let manifest = TEMPLATE
        .replace("https://mini.example", origin)
        .replace("SCOPES", &scopes);
    let json: Value = serde_json::from_str(&manifest).map_err(|e| Refusal::invalid("origin", e))?;
    match parse_manifest(&json) {
        Ok(_) => Ok(manifest),
        Err(error) => Err(Refusal::invalid("origin", error)),
    }
}

const TEMPLATE: &str = include_str!("manifest_template.json");

/// What stands in the template where a publisher's id belongs.
const NO_PUBLISHER: &str = "PUBLISHER_ID";

/// A manifest that can be registered.
#[derive(Debug)]
pub struct CheckedManifest {
    /// What it says.
    pub metadata: ClientMetadata,
    /// Members that mean nothing here: misspelt ones, most likely.
    pub not_understood: Vec<UnknownMember>,
}

/// Checks a manifest without registering it; the publisher is not looked up.
pub fn check_manifest(
    manifest: &Value,
    catalog: &ScopeCatalog,
) -> Result<CheckedManifest, Refusal> {
    let metadata = read_registration(parse_manifest(manifest), catalog)?;
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

impl Administration {
    /// Registers a mini-program, as a draft unless its manifest says otherwise.
    pub async fn add_mini_program(&self, manifest: &Value) -> Administered<Registered> {
        let metadata = match check_manifest(manifest, &self.catalog) {
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
            Some(publisher) => self.register(metadata, state, Some(publisher)).await,
            None => {
                let problem = format!(
                    "there is no publisher {named:?}: add one with `portico publisher add`"
                );
                Ok(Err(Refusal::invalid("publisher", problem)))
            }
        }
    }

    /// Suspends a mini-program, or any client: it is not available to anybody, and what it holds
    /// is dead. Releasing it again revives nothing.
    pub async fn suspend(&self, id: &str) -> Administered<ClientId> {
        self.change_state(id, MiniProgramState::Suspended, "client.suspended", cut_off)
            .await
    }

    /// Releases a mini-program for everybody.
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
        self.administer(move |tx| {
            let Some(client) = store::clients::find(tx, &parsed)? else {
                return Ok(Err(Refusal::not_found("client", parsed)));
            };
            if client.state != state {
                store::clients::set_state(tx, &parsed, state, now)?;
                consequence(tx, &parsed)?;
                audited.insert(tx)?;
            }
            Ok(Ok(parsed))
        })
        .await
    }

    /// Adds a secret to a client's; the old ones go on working until they are retired.
    pub async fn add_client_secret(&self, id: &str) -> Administered<(CredentialId, Registered)> {
        let Ok(parsed) = ClientId::parse(id) else {
            return Ok(Err(Refusal::not_found("client", id)));
        };
        let now = self.clock.now();
        let (text, stored) = self.new_secret(now);
        let audited = self
            .audited("client.secret_added")
            .of_client(&parsed)
            .with(json!({ "secret": stored.id }));
        self.administer(move |tx| {
            let Some(client) = store::clients::find(tx, &parsed)? else {
                return Ok(Err(Refusal::not_found("client", parsed)));
            };
            if let Err(refusal) = may_have_another(&client) {
                return Ok(Err(refusal));
            }
            store::client_secrets::insert(tx, &parsed, &stored)?;
            tx.append(Event::ClientChanged { client_id: parsed });
            audited.insert(tx)?;
            Ok(Ok((
                stored.id,
                Registered {
                    client,
                    secret: Some(text),
                },
            )))
        })
        .await
    }

    /// Retires a secret, or without a name all but the newest: whoever presents one is refused. The
    /// last one cannot go.
    pub async fn retire_client_secret(
        &self,
        id: &str,
        secret: Option<&str>,
    ) -> Administered<ClientId> {
        let Ok(parsed) = ClientId::parse(id) else {
            return Ok(Err(Refusal::not_found("client", id)));
        };
        let named = match secret.map(str::parse::<CredentialId>).transpose() {
            Ok(named) => named,
            Err(_) => {
                return Ok(Err(Refusal::not_found(
                    "secret",
                    secret.unwrap_or_default(),
                )));
            }
        };
        let now = self.clock.now();
        let audited = self
            .audited("client.secret_retired")
            .of_client(&parsed)
            .with(json!({ "secret": named }));
        self.administer(move |tx| {
            let Some(client) = store::clients::find(tx, &parsed)? else {
                return Ok(Err(Refusal::not_found("client", parsed)));
            };
            let retired = match to_retire(&client, named) {
                Ok(retired) => retired,
                Err(refusal) => return Ok(Err(refusal)),
            };
            for secret in retired {
                store::client_secrets::retire(tx, &parsed, secret, now)?;
            }
            tx.append(Event::ClientChanged {
                client_id: parsed.clone(),
            });
            audited.insert(tx)?;
            Ok(Ok(parsed))
        })
        .await
    }
}

fn to_retire(client: &Client, named: Option<CredentialId>) -> Result<Vec<CredentialId>, Refusal> {
    let mut secrets: Vec<_> = client
        .secrets
        .iter()
        .map(|s| (s.created_at, s.id))
        .collect();
    secrets.sort_unstable();
    let retired: Vec<CredentialId> = match named {
        Some(named) => secrets
            .iter()
            .map(|(_, id)| *id)
            .filter(|id| *id == named)
            .collect(),
        None => secrets.iter().rev().skip(1).map(|(_, id)| *id).collect(),
    };
    match (retired.is_empty(), named) {
        (true, Some(named)) => Err(Refusal::not_found("secret", named)),
        (true, None) => Err(Refusal::NotPossible(
            "there is no older secret to retire: add a new one first".into(),
        )),
        (false, _) if retired.len() == secrets.len() => Err(Refusal::NotPossible(
            "it is the only secret: add another first, or suspend the client".into(),
        )),
        (false, _) => Ok(retired),
    }
}

/// The most live secrets of one client: each is compared with what is presented.
const MAX_SECRETS: usize = 5;

fn may_have_another(client: &Client) -> Result<(), Refusal> {
    let problem = if !client.metadata.token_endpoint_auth_method.uses_secret() {
        "this client does not use a secret: see its token_endpoint_auth_method"
    } else if client.secrets.len() >= MAX_SECRETS {
        "this client has five secrets: retire one first"
    } else {
        return Ok(());
    };
    Err(Refusal::NotPossible(problem.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_manifest_is_good_once_it_has_a_publisher() {
        let catalog = ScopeCatalog::default();
        for origin in [
            "https://market.example",
            "https://market.example/",
            "http://market.localhost:8080",
        ] {
            let text = new_manifest(origin).expect("good");
            let mut json: Value = serde_json::from_str(&text).expect("JSON");
            let refusal = check_manifest(&json, &catalog).expect_err("nobody filled it in");
            assert!(
                refusal.to_string().starts_with("publisher: PUBLISHER_ID"),
                "{refusal}"
            );
            json["publisher"] = json!("pub1");
            let checked = check_manifest(&json, &catalog).expect("good");
            assert!(checked.not_understood.is_empty(), "its comments are none");
            let program = checked.metadata.mini_program.expect("a mini-program");
            assert_eq!(program.origins, [origin.trim_end_matches('/')]);
            assert_eq!(program.state, Some(MiniProgramStateName::Draft));
        }
    }

    #[test]
    fn misspelt_members_are_named() {
        let catalog = ScopeCatalog::default();
        let text = new_manifest("https://market.example").expect("good");
        let mut json: Value = serde_json::from_str(&text).expect("JSON");
        json["publisher"] = json!("pub1");
        for name in ["testrs", "scop_purposes", "portico:hosts"] {
            json[name] = json!(["ada"]);
        }
        let checked = check_manifest(&json, &catalog).expect("good");
        let unknown = checked.not_understood.into_iter();
        let mut named: Vec<String> = unknown.map(|member| member.name).collect();
        named.sort_unstable();
        assert_eq!(named, ["portico:hosts", "scop_purposes", "testrs"]);
    }

    #[test]
    fn an_origin_that_cannot_be_used_is_refused() {
        for origin in [
            "market.example",
            "http://market.example",
            "https://market.example/shop",
            "\"",
            "",
        ] {
            assert!(new_manifest(origin).is_err(), "{origin:?}");
        }
    }
}
