//! Secrets of clients and mini-programs: added beside the old ones, which work until they are retired.

use domain::administrator::Permission;
use domain::client::Client;
use domain::event::Event;
use foundation::id::{ClientId, CredentialId};
use serde_json::json;

use super::clients::Registered;
use super::{Administered, Administration, Refusal};

impl Administration {
    /// Adds a secret to a client's; the old ones go on working until they are retired.
    ///
    /// # Errors
    /// The store does not answer. What is refused is a value.
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
        self.administer(Permission::ChangeClients, move |tx| {
            let Some(client) = store::clients::lock(tx, &parsed)? else {
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
    ///
    /// # Errors
    /// The store does not answer. What is refused is a value.
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
        let audited = self.audited("client.secret_retired").of_client(&parsed);
        self.administer(Permission::ChangeClients, move |tx| {
            let Some(client) = store::clients::lock(tx, &parsed)? else {
                return Ok(Err(Refusal::not_found("client", parsed)));
            };
            let retired = match to_retire(&client, named) {
                Ok(retired) => retired,
                Err(refusal) => return Ok(Err(refusal)),
            };
            for secret in &retired {
                store::client_secrets::retire(tx, &parsed, *secret, now)?;
            }
            tx.append(Event::ClientChanged {
                client_id: parsed.clone(),
            });
            audited.with(json!({ "secrets": retired })).insert(tx)?;
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
