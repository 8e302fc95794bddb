//! The audit table, read by the operator. People appear by username: the internal id stays inside.

use std::collections::BTreeMap;

use domain::administrator::Permission;
use domain::audit::CameFrom;
use domain::user::Username;
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::{AuditId, ClientId, UserId};
use serde_json::{Value, json};
use store::audit::{AuditFilter, AuditRecord};

use super::pages::Page;
use super::user_changes::{DELETED, USERNAME};
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
    /// Whether that person was deleted since; somebody else may have the name by now.
    pub user_deleted: bool,
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
            put("user_deleted", self.user_deleted.then(|| json!(true)));
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
                Some(name) => match person(db, &Username::stored(name))? {
                    Some(id) => Some(id),
                    None => return Ok(Err(Refusal::not_found("user", name))),
                },
            };
            let limit = query.limit.clamp(1, MAX_PAGE);
            let filter = AuditFilter {
                user,
                client,
                since: query.since,
                operator: query.operator,
                action: query.action,
                detail: None,
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

/// Whom a name stands for: the person who has it, else the last one who had it.
fn person(db: &mut store::Connection, username: &str) -> Result<Option<UserId>, Fault> {
    if let Some(user) = store::users::find_by_username(db, username)? {
        return Ok(Some(user.id));
    }
    let filter = AuditFilter {
        action: Some(DELETED.to_owned()),
        detail: Some(json!(username).to_string()),
        limit: MAX_PAGE,
        ..AuditFilter::default()
    };
    let deleted = store::audit::list(db, &filter)?;
    let theirs = |entry: &&AuditRecord| name_in(entry).as_deref() == Some(username);
    Ok(deleted.iter().find(theirs).and_then(|entry| entry.user_id))
}

/// The name that the entry of a deletion keeps.
fn name_in(entry: &AuditRecord) -> Option<String> {
    entry.detail[USERNAME].as_str().map(str::to_owned)
}

/// What somebody is called, or was until they were deleted.
#[derive(Clone, Default)]
struct PersonName {
    name: Option<String>,
    deleted: bool,
}

/// Names that were looked up.
type Names = BTreeMap<UserId, PersonName>;

/// Who is not there any more is named by the entry of their deletion.
fn name_of(db: &mut store::Connection, names: &mut Names, id: UserId) -> Result<PersonName, Fault> {
    if let Some(known) = names.get(&id) {
        return Ok(known.clone());
    }
    let found = match store::users::find(db, id)? {
        Some(user) => PersonName {
            name: Some(user.username),
            deleted: false,
        },
        None => {
            let filter = AuditFilter {
                user: Some(id),
                action: Some(DELETED.to_owned()),
                limit: 1,
                ..AuditFilter::default()
            };
            let deletion = store::audit::list(db, &filter)?;
            PersonName {
                name: deletion.first().and_then(name_in),
                deleted: true,
            }
        }
    };
    names.insert(id, found.clone());
    Ok(found)
}

fn shown(
    db: &mut store::Connection,
    names: &mut Names,
    record: AuditRecord,
) -> Result<ShownEntry, Fault> {
    let user = match record.user_id {
        Some(id) => name_of(db, names, id)?,
        None => PersonName::default(),
    };
    let acting_user = match (record.actor.as_str(), &record.actor_identity) {
        ("user", Some(id)) => id.parse::<UserId>().ok(),
        _ => None,
    };
    // An entry of before there was an identity is about the person who acted.
    let identity = match acting_user {
        Some(id) => name_of(db, names, id)?.name,
        None if record.actor == "user" => user.name.clone(),
        None => record.actor_identity,
    };
    Ok(ShownEntry {
        at: record.at,
        actor: record.actor,
        identity,
        from: record.came_from,
        action: record.action,
        user: user.name,
        user_deleted: user.deleted,
        client: record.client_id,
        detail: record.detail,
    })
}
