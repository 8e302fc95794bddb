//! Clients: registered by the operator, shown, listed, moved to other addresses, deleted. A
//! mini-program is registered by [`super::mini_programs`] and is a client here.

use domain::administrator::Permission;
use domain::client::{Client, ClientSecret};
use domain::event::Event;
use domain::mini_program::MiniProgramState;
use domain::publisher::Publisher;
use domain::session::EndReason;
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::{ClientId, CredentialId, PublisherId};
use foundation::secret::{SecretKind, SecretText};
use protocol::client_metadata::{
    ClientMetadata, MetadataError, MiniProgramManifest, parse_manifest, parse_metadata,
};
use protocol::scope_catalog::ScopeCatalog;
use serde_json::{Value, json};
use store::clients::ClientFilter;

use super::pages::{Page, PageQuery};
use super::{Administered, Administration, Refusal};
use crate::answer_token_request::GrantTable;

/// Which clients a list has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientQuery {
    /// Which page.
    pub page: PageQuery,
    /// Mini-programs only.
    pub mini_programs: bool,
    /// Those of this publisher only.
    pub publisher: Option<String>,
}

/// What an operator says where a manifest raises a question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// The publisher has a program of this name or at this origin, and wants another one.
    pub again: bool,
    /// The name could mislead, and is right all the same.
    pub lookalike: bool,
}

/// A registration with the secret that is shown once.
#[derive(Debug)]
pub struct Registered {
    /// The client.
    pub client: Client,
    /// Its secret, if it uses one. Only the digest is stored.
    pub secret: Option<SecretText>,
}

impl Registered {
    /// The client information response of RFC 7591 §3.2.1.
    pub fn response(&self) -> Value {
        let mut response = information(&self.client);
        if let (Some(members), Some(secret)) = (response.as_object_mut(), &self.secret) {
            members.insert("client_secret".into(), json!(secret.expose()));
            // "REQUIRED if "client_secret" is issued. Time at which the client secret will expire
            // … or 0 if it will not expire." (RFC 7591 §3.2.1)
            members.insert("client_secret_expires_at".into(), json!(0));
        }
        response
    }
}

/// What is registered, with the id and the state, without any secret.
pub fn information(client: &Client) -> Value {
    let mut information = client.metadata.to_json();
    if let Some(members) = information.as_object_mut() {
        members.insert("client_id".into(), json!(client.id));
        members.insert(
            "client_id_issued_at".into(),
            json!(client.created_at.seconds()),
        );
        if client.mini_program().is_some() || client.state != MiniProgramState::Released {
            members.insert("state".into(), json!(client.state.word()));
        }
    }
    information
}

impl Administration {
    /// Registers an ordinary client, or a host.
    ///
    /// # Errors
    /// The store does not answer. What is refused is a value.
    pub async fn add_client(&self, metadata: &Value) -> Administered<Registered> {
        if metadata.get("entry_uri").is_some() || metadata.get("publisher").is_some() {
            let problem =
                "this is the manifest of a mini-program: add it with `portico mini-program add`";
            return Ok(Err(Refusal::NotPossible(problem.into())));
        }
        match read_registration(parse_metadata(metadata), &self.catalog, self.grants) {
            Ok(metadata) => {
                let allowed = Allowed::default();
                self.register(metadata, MiniProgramState::Released, None, allowed)
                    .await
            }
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Stores a registration. With a publisher it is a mini-program's.
    pub(crate) async fn register(
        &self,
        metadata: ClientMetadata,
        state: MiniProgramState,
        publisher: Option<Publisher>,
        allowed: Allowed,
    ) -> Administered<Registered> {
        let now = self.clock.now();
        let uses_secret = metadata.token_endpoint_auth_method.uses_secret();
        let secret = uses_secret.then(|| self.new_secret(now));
        let client = Client {
            id: ClientId::random(self.entropy.as_ref()),
            metadata,
            state,
            publisher,
            secrets: secret.iter().map(|(_, stored)| stored.clone()).collect(),
            created_at: now,
            updated_at: now,
        };
        let audited = self
            .audited("client.added")
            .of_client(&client.id)
            .with(json!({
                "state": state.word(), "name": client.name(),
                "publisher": client.publisher.as_ref().map(|p| &p.id),
                "lookalike_allowed": allowed.lookalike, "again": allowed.again,
            }));
        self.administer(Permission::ChangeClients, move |tx| {
            store::clients::insert(tx, &client)?;
            audited.insert(tx)?;
            Ok(Ok(Registered {
                client,
                secret: secret.map(|(text, _)| text),
            }))
        })
        .await
    }

    pub(crate) fn new_secret(&self, now: Instant) -> (SecretText, ClientSecret) {
        let (text, digest) = SecretKind::ClientSecret.issue(self.entropy.as_ref());
        (
            text,
            ClientSecret {
                id: CredentialId::new(now, self.entropy.as_ref()),
                digest,
                created_at: now,
            },
        )
    }

    /// One client.
    ///
    /// # Errors
    /// The store.
    pub async fn show_client(&self, id: &str) -> Administered<Client> {
        let Ok(parsed) = ClientId::parse(id) else {
            return Ok(Err(Refusal::not_found("client", id)));
        };
        self.look(Permission::ReadClients, move |db| {
            let found = store::clients::find(db, &parsed)?;
            Ok(found.ok_or_else(|| Refusal::not_found("client", parsed)))
        })
        .await
    }

    /// A page of clients, by name.
    ///
    /// # Errors
    /// The store.
    pub async fn list_clients(&self, query: ClientQuery) -> Administered<Page<Client>> {
        let after = query.page.after.as_deref().map(ClientId::parse).transpose();
        let Ok(after) = after else {
            let named = query.page.after.unwrap_or_default();
            return Ok(Err(Refusal::not_found("client", named)));
        };
        let publisher = query.publisher.as_deref().map(PublisherId::parse);
        let Ok(publisher) = publisher.transpose() else {
            let named = query.publisher.unwrap_or_default();
            return Ok(Err(Refusal::not_found("publisher", named)));
        };
        self.look(Permission::ReadClients, move |db| {
            if let Some(after) = &after
                && store::clients::find(db, after)?.is_none()
            {
                return Ok(Err(Refusal::not_found("client", after)));
            }
            if let Some(publisher) = &publisher
                && store::publishers::find(db, publisher)?.is_none()
            {
                return Ok(Err(Refusal::not_found("publisher", publisher)));
            }
            let limit = query.page.rows();
            let filter = ClientFilter {
                search: query.page.search,
                mini_programs: query.mini_programs,
                publisher,
                after,
            };
            let rows = store::clients::list(db, &filter, limit + 1)?;
            Ok(Ok(Page::of(rows, limit, |client| client.id.to_string())))
        })
        .await
    }

    /// Moves a client to other addresses: `registration` is its metadata or manifest there, whole.
    /// It keeps its id, its secrets and what people allowed it; so nothing but addresses may differ,
    /// and people must keep their identifiers. A request that is pending ends where it began.
    ///
    /// # Errors
    /// The store does not answer. What is refused is a value.
    pub async fn move_client(&self, id: &str, registration: &Value) -> Administered<Client> {
        let Ok(parsed) = ClientId::parse(id) else {
            return Ok(Err(Refusal::not_found("client", id)));
        };
        let read = match registration.get("entry_uri") {
            Some(_) => parse_manifest(registration),
            None => parse_metadata(registration),
        };
        let there = match read_registration(read, &self.catalog, self.grants) {
            Ok(metadata) => metadata,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let now = self.clock.now();
        let audited = self.audited("client.moved").of_client(&parsed);
        self.administer(Permission::ChangeClients, move |tx| {
            let Some(client) = store::clients::lock(tx, &parsed)? else {
                return Ok(Err(Refusal::not_found("client", parsed)));
            };
            if client.metadata == there {
                return Ok(Ok(client));
            }
            let moved = match moved(&client, there, now) {
                Ok(moved) => moved,
                Err(refusal) => return Ok(Err(refusal)),
            };
            store::clients::update_metadata(tx, &parsed, &moved.metadata, now)?;
            tx.append(Event::ClientChanged { client_id: parsed });
            audited.insert(tx)?;
            Ok(Ok(moved))
        })
        .await
    }

    /// Deletes a client with everything that hangs on it. Its tokens are dead at once.
    ///
    /// # Errors
    /// The store does not answer. What is refused is a value.
    pub async fn delete_client(&self, id: &str) -> Administered<ClientId> {
        let Ok(parsed) = ClientId::parse(id) else {
            return Ok(Err(Refusal::not_found("client", id)));
        };
        let audited = self.audited("client.deleted").of_client(&parsed);
        self.administer(Permission::ChangeClients, move |tx| {
            let Some(client) = store::clients::lock(tx, &parsed)? else {
                return Ok(Err(Refusal::not_found("client", parsed)));
            };
            cut_off(tx, &parsed)?;
            store::clients::delete(tx, &parsed)?;
            let publisher = client.publisher.as_ref().map(|p| &p.id);
            let detail = json!({ "name": client.name(), "publisher": publisher });
            audited.with(detail).insert(tx)?;
            Ok(Ok(parsed))
        })
        .await
    }
}

/// A registration that says nothing wrong, asking for scopes and grants that there are and that are
/// for it.
pub(super) fn read_registration(
    parsed: Result<ClientMetadata, MetadataError>,
    catalog: &ScopeCatalog,
    grants: GrantTable,
) -> Result<ClientMetadata, Refusal> {
    let checked = parsed.and_then(|metadata| catalog.check(&metadata).map(|()| metadata));
    let metadata = checked.map_err(|error| Refusal::invalid(error.field, error.description))?;
    match grants.problem_of(&metadata) {
        Some(problem) => Err(Refusal::invalid("grant_types", problem)),
        None => Ok(metadata),
    }
}

/// Everything that was given out to a client is dead, by one event: families and access tokens know
/// the position of the log that they began at, and cuts stay in the log.
pub(super) fn cut_off(tx: &mut store::Transaction<'_>, client_id: &ClientId) -> Result<(), Fault> {
    if store::clients::find(tx, client_id)?.is_none() {
        return Ok(());
    }
    tx.append(Event::ClientTokensRevoked {
        client_id: client_id.clone(),
        reason: EndReason::Suspended,
    });
    tx.append(Event::ClientChanged {
        client_id: client_id.clone(),
    });
    Ok(())
}

/// The client at its new addresses, if nothing else about it changes.
fn moved(client: &Client, there: ClientMetadata, now: Instant) -> Result<Client, Refusal> {
    let refused = |problem: &str| Err(Refusal::NotPossible(problem.into()));
    if at_addresses_of(&client.metadata, &there) != there {
        return refused("a client that moves changes its addresses and nothing else");
    }
    let moved = Client {
        metadata: there,
        updated_at: now,
        ..client.clone()
    };
    if moved.sector() != client.sector() {
        return refused("people would have another id there: register it as a new client");
    }
    Ok(moved)
}

/// A registration with the addresses of another. Where its keys and its sector are read is no
/// address of its own: both say who it is.
fn at_addresses_of(here: &ClientMetadata, there: &ClientMetadata) -> ClientMetadata {
    let program = |(here, there): (&MiniProgramManifest, &MiniProgramManifest)| {
        let there = there.clone();
        MiniProgramManifest {
            icon_uri: there.icon_uri,
            entry_uri: there.entry_uri,
            origins: there.origins,
            ..here.clone()
        }
    };
    let programs = here.mini_program.as_ref().zip(there.mini_program.as_ref());
    let mini_program = programs.map(program).or_else(|| here.mini_program.clone());
    let there = there.clone();
    ClientMetadata {
        redirect_uris: there.redirect_uris,
        post_logout_redirect_uris: there.post_logout_redirect_uris,
        logo_uri: there.logo_uri,
        client_uri: there.client_uri,
        policy_uri: there.policy_uri,
        tos_uri: there.tos_uri,
        initiate_login_uri: there.initiate_login_uri,
        backchannel_logout_uri: there.backchannel_logout_uri,
        interaction_return_uri: there.interaction_return_uri,
        mini_program,
        ..here.clone()
    }
}
