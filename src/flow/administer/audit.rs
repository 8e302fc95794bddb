//! The audit table, read by the operator. People appear by username: the internal id stays inside.

use std::collections::BTreeMap;

use domain::administrator::Permission;
use domain::audit::CameFrom;
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::{AuditId, ClientId, UserId};
use serde_json::{Value, json};
use store::audit::{AuditFilter, AuditRecord};

use super::pages::Page;
use super::{Administered, Administration, Refusal};

/// The most entries of one page.
const MAX_PAGE: i64 = 10_000;

/// Which entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// About this person, by username.
    pub user: Option<String>,
    /// About this client.
    pub client: Option<String>,
    /// By this operator.
    pub operator: Option<String>,
    /// This act.
    pub action: Option<String>,
    /// Not older than this.
    pub since: Option<Instant>,
    /// Older than this entry.
    pub after: Option<String>,
    /// At most so many, the newest.
    pub limit: i64,
}

/// An entry as operators read it.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownEntry {
    /// When.
    pub at: Instant,
    /// Who, by kind: `user`, `stranger`, `client`, `operator`, `system`.
    pub actor: String,
    /// Which of that kind: a username, a `client_id`, an operator's name.
    pub identity: Option<String>,
    /// From where.
    pub from: CameFrom,
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
            put("identity", self.identity.as_ref().map(|i| json!(i)));
            put(
                "from",
                (self.from != CameFrom::INSIDE).then(|| json!(self.from)),
            );
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
    ///
    /// # Errors
    /// The store.
    pub async fn audit(&self, query: AuditQuery) -> Administered<Page<ShownEntry>> {
        let client = match query.client.as_deref().map(ClientId::parse).transpose() {
            Ok(client) => client,
            Err(_) => return Ok(Err(not_found("client", query.client))),
        };
        let before = match query
            .after
            .as_deref()
            .map(str::parse::<AuditId>)
            .transpose()
        {
            Ok(before) => before,
            Err(_) => return Ok(Err(not_found("entry", query.after))),
        };
        self.look(Permission::ReadAudit, move |db| {
            let user = match &query.user {
                None => None,
                Some(name) => {
                    match store::users::find_by_username(db, &name.to_ascii_lowercase())? {
                        Some(user) => Some(user.id),
                        None => return Ok(Err(Refusal::not_found("user", name))),
                    }
                }
            };
            let limit = query.limit.clamp(1, MAX_PAGE);
            let filter = AuditFilter {
                user,
                client,
                since: query.since,
                operator: query.operator,
                action: query.action,
                before,
                limit: limit + 1,
            };
            let page = Page::of(store::audit::list(db, &filter)?, limit, |record| {
                record.id.to_string()
            });
            let mut names = BTreeMap::new();
            let rows = page.rows.into_iter();
            let rows: Result<_, Fault> = rows.map(|record| shown(db, &mut names, record)).collect();
            Ok(Ok(Page {
                rows: rows?,
                next: page.next,
            }))
        })
        .await
    }
}

fn not_found(what: &'static str, named: Option<String>) -> Refusal {
    Refusal::not_found(what, named.unwrap_or_default())
}

/// Usernames that were looked up; `None` for people who are not there any more.
type Names = BTreeMap<UserId, Option<String>>;

/// People who are not there any more have no name.
fn username(
    db: &mut store::Connection,
    names: &mut Names,
    id: UserId,
) -> Result<Option<String>, Fault> {
    if let Some(name) = names.get(&id) {
        return Ok(name.clone());
    }
    let name = store::users::find(db, id)?.map(|user| user.username);
    names.insert(id, name.clone());
    Ok(name)
}

fn shown(
    db: &mut store::Connection,
    names: &mut Names,
    record: AuditRecord,
) -> Result<ShownEntry, Fault> {
    let user = match record.user_id {
        Some(id) => username(db, names, id)?,
        None => None,
    };
    let acting_user = match (record.actor.as_str(), &record.actor_identity) {
        ("user", Some(id)) => id.parse::<UserId>().ok(),
        _ => None,
    };
    // An entry of before there was an identity is about the person who acted.
    let identity = match acting_user {
        Some(id) => username(db, names, id)?,
        None if record.actor == "user" => user.clone(),
        None => record.actor_identity,
    };
    Ok(ShownEntry {
        at: record.at,
        actor: record.actor,
        identity,
        from: record.came_from,
        action: record.action,
        user,
        client: record.client_id,
        detail: record.detail,
    })
}
