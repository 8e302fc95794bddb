//! The audit table, read by the operator. People appear by username: the internal id stays inside.

use std::collections::BTreeMap;

use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::{ClientId, UserId};
use serde_json::{Value, json};
use store::audit::{AuditFilter, AuditRecord};

use super::{Administered, Administration, Refusal};

/// Which entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// About this person, by username.
    pub user: Option<String>,
    /// About this client.
    pub client: Option<String>,
    /// Not older than this.
    pub since: Option<Instant>,
    /// At most so many, the newest.
    pub limit: i64,
}

/// An entry as operators read it.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownEntry {
    /// When.
    pub at: Instant,
    /// Who: `user`, `client`, `operator`, `system`.
    pub actor: String,
    /// What, as `noun.verb`.
    pub action: String,
    /// The username of whom it concerned.
    pub user: Option<String>,
    /// The client it concerned.
    pub client: Option<ClientId>,
    /// More.
    pub detail: Value,
}

impl ShownEntry {
    /// As JSON, absent members left out.
    pub fn to_json(&self) -> Value {
        let mut entry =
            json!({ "at": self.at.rfc3339(), "actor": self.actor, "action": self.action });
        if let Some(members) = entry.as_object_mut() {
            let mut put = |name: &str, value: Option<Value>| {
                if let Some(value) = value {
                    members.insert(name.to_owned(), value);
                }
            };
            put("user", self.user.as_ref().map(|u| json!(u)));
            put("client", self.client.as_ref().map(|c| json!(c)));
            put(
                "detail",
                (!self.detail.is_null()).then(|| self.detail.clone()),
            );
        }
        entry
    }
}

impl Administration {
    /// The newest entries, the newest first.
    pub async fn audit(&self, query: AuditQuery) -> Administered<Vec<ShownEntry>> {
        let client = match query.client.as_deref().map(ClientId::parse).transpose() {
            Ok(client) => client,
            Err(_) => {
                return Ok(Err(Refusal::not_found(
                    "client",
                    query.client.unwrap_or_default(),
                )));
            }
        };
        self.store
            .read(move |db| {
                let user = match &query.user {
                    None => None,
                    Some(name) => {
                        match store::users::find_by_username(db, &name.to_ascii_lowercase())? {
                            Some(user) => Some(user.id),
                            None => return Ok(Err(Refusal::not_found("user", name))),
                        }
                    }
                };
                let filter = AuditFilter {
                    user,
                    client,
                    since: query.since,
                    limit: query.limit,
                };
                let records = store::audit::list(db, &filter)?;
                let mut names = BTreeMap::new();
                records
                    .into_iter()
                    .map(|record| shown(db, &mut names, record))
                    .collect::<Result<_, _>>()
                    .map(Ok)
            })
            .await
    }
}

fn shown(
    db: &mut store::Connection,
    names: &mut BTreeMap<UserId, Option<String>>,
    record: AuditRecord,
) -> Result<ShownEntry, Fault> {
    let user = match record.user_id {
        None => None,
        Some(id) => match names.get(&id) {
            Some(name) => name.clone(),
            None => {
                let name = store::users::find(db, id)?.map(|user| user.username);
                names.insert(id, name.clone());
                name
            }
        },
    };
    Ok(ShownEntry {
        at: record.at,
        actor: record.actor,
        action: record.action,
        user,
        client: record.client_id,
        detail: record.detail,
    })
}
