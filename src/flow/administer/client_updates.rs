//! A registration put in the place of another: first a plan that says what changes and what people will
//! be asked again, then the change, if nothing else came in between.

use domain::administrator::Permission;
use domain::client::Client;
use domain::event::Event;
use domain::registration_change::RegistrationChange;
use foundation::fault::Fault;
use foundation::id::ClientId;
use foundation::secret::SecretText;
use protocol::client_metadata::{ClientMetadata, parse_metadata};
use serde_json::{Value, json};

use super::clients::read_registration;
use super::mini_programs::check_manifest;
use super::names::Owner;
use super::{Administered, Administration, Refusal};

/// What an update would do.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedUpdate {
    /// The client as it is.
    pub before: Client,
    /// The client as it will be.
    pub after: Client,
    /// What lies between.
    pub change: RegistrationChange,
    /// How many people have allowed it something.
    pub people: i64,
    /// Whether its name was allowed although it could mislead.
    lookalike: bool,
}

/// A client that was updated.
#[derive(Debug)]
pub struct Updated {
    /// As it is now.
    pub client: Client,
    /// Its secret, if it uses one from now on and had none. Only the digest is stored.
    pub secret: Option<SecretText>,
}

/// Members that say who somebody is: what they were stays out of the audit.
const PERSONAL: [&str; 2] = ["contacts", "testers"];

impl Administration {
    /// What it would do to give an ordinary client or a host this metadata.
    ///
    /// # Errors
    /// The store.
    pub async fn plan_client_update(
        &self,
        id: &str,
        metadata: &Value,
    ) -> Administered<PlannedUpdate> {
        let metadata = match read_registration(parse_metadata(metadata), &self.catalog, self.grants)
        {
            Ok(metadata) => metadata,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let before = match self.show_client(id).await? {
            Ok(client) => client,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if before.mini_program().is_some() {
            let problem =
                format!("{id} is a mini-program: update it with `portico mini-program update`");
            return Ok(Err(Refusal::NotPossible(problem)));
        }
        self.planned(before, metadata, false).await
    }

    /// What it would do to give a mini-program this manifest. Its state stays, whatever the manifest
    /// says; a new name that could mislead is refused unless it is allowed.
    ///
    /// # Errors
    /// The store.
    pub async fn plan_mini_program_update(
        &self,
        id: &str,
        manifest: &Value,
        lookalike: bool,
    ) -> Administered<PlannedUpdate> {
        let metadata = match check_manifest(manifest, &self.catalog, self.grants) {
            Ok(checked) => checked.metadata,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let before = match self.show_mini_program(id).await? {
            Ok(client) => client,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let publisher = before.publisher.as_ref().map(|p| p.id.as_str());
        if metadata.mini_program.as_ref().map(|m| m.publisher.as_str()) != publisher {
            let problem = "people are known to its publisher by an id of their own: a mini-program \
                           stays with its publisher";
            return Ok(Err(Refusal::invalid("publisher", problem)));
        }
        if metadata.client_name != before.metadata.client_name {
            let owner = Owner {
                publisher: before.publisher.as_ref().map(|p| &p.id),
                client: Some(&before.id),
            };
            let name = metadata.client_name.as_deref().unwrap_or_default();
            if let Some(refusal) = self.misleading(name, owner, lookalike).await? {
                return Ok(Err(refusal));
            }
        }
        self.planned(before, metadata, lookalike).await
    }

    async fn planned(
        &self,
        before: Client,
        metadata: ClientMetadata,
        lookalike: bool,
    ) -> Administered<PlannedUpdate> {
        let after = Client {
            metadata,
            updated_at: self.clock.now(),
            ..before.clone()
        };
        if after.sector() != before.sector() {
            let problem = "people would have another id there: register it as a new client";
            return Ok(Err(Refusal::NotPossible(problem.into())));
        }
        let id = before.id.clone();
        let counted = self.look(Permission::ReadClients, move |db| {
            store::grants::count_live_of_client(db, &id).map(Ok)
        });
        Ok(counted.await?.map(|people| PlannedUpdate {
            change: RegistrationChange::between(&before, &after, &self.catalog),
            before,
            after,
            people,
            lookalike,
        }))
    }

    /// Does what was planned. A client that was changed in between stays as it is.
    ///
    /// # Errors
    /// The store.
    pub async fn update_client(&self, plan: PlannedUpdate) -> Administered<Updated> {
        let now = self.clock.now();
        let needs_secret = plan.after.metadata.token_endpoint_auth_method.uses_secret()
            && plan.before.secrets.is_empty();
        let secret = needs_secret.then(|| self.new_secret(now));
        let audited = self
            .audited("client.updated")
            .of_client(&plan.before.id)
            .with(detail(&plan));
        self.administer(Permission::ChangeClients, move |tx| {
            let id = &plan.before.id;
            let Some(current) = store::clients::lock(tx, id)? else {
                return Ok(Err(Refusal::not_found("client", id)));
            };
            if current != plan.before {
                let problem = "it was changed a moment ago: look at what would change again";
                return Ok(Err(Refusal::NotPossible(problem.into())));
            }
            store::clients::update_metadata(tx, id, &plan.after.metadata, now)?;
            if let Some((_, stored)) = &secret {
                store::client_secrets::insert(tx, id, stored)?;
            }
            tx.append(Event::ClientChanged {
                client_id: id.clone(),
            });
            audited.insert(tx)?;
            Ok(Ok(Updated {
                client: find_again(tx, id)?,
                secret: secret.map(|(text, _)| text),
            }))
        })
        .await
    }
}

fn find_again(tx: &mut store::Transaction<'_>, id: &ClientId) -> Result<Client, Fault> {
    store::clients::find(tx, id)?.ok_or_else(|| Fault::broken("a client that was just written"))
}

/// What exactly changes, for the audit.
fn detail(plan: &PlannedUpdate) -> Value {
    let changes: Vec<Value> = plan
        .change
        .members
        .iter()
        .map(
            |changed| match PERSONAL.contains(&changed.member.as_str()) {
                true => json!({ "member": changed.member }),
                false => json!({
                    "member": changed.member, "before": changed.before, "after": changed.after,
                }),
            },
        )
        .collect();
    json!({ "changes": changes, "lookalike_allowed": plan.lookalike })
}
