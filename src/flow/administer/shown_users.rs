//! People as operators see them: in a list, and one of them whole.

use domain::administrator::Permission;
use domain::grant::Grant;
use domain::identity::Identity;
use domain::profile::Profile;
use domain::typed_text::as_seen;
use domain::user::{User, Username};
use foundation::id::ClientId;
use store::users::UserFilter;

use super::pages::{Page, PageQuery};
use super::{Administered, Administration, Refusal};

/// A person as operators see them.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownUser {
    /// The account.
    pub user: User,
    /// What they sign in with.
    pub identities: Vec<Identity>,
    /// What is known about them.
    pub profile: Profile,
    /// Where they are signed in: how many places.
    pub sessions: usize,
    /// What they allowed, to whom.
    pub programs: Vec<AllowedProgram>,
}

/// A program that a person allowed something.
#[derive(Clone, Debug, PartialEq)]
pub struct AllowedProgram {
    /// What it is called.
    pub name: String,
    /// What it was allowed.
    pub grant: Grant,
}

impl Administration {
    /// A page of people, by username.
    ///
    /// # Errors
    /// The store.
    pub async fn list_users(&self, query: PageQuery) -> Administered<Page<User>> {
        self.look(Permission::ReadUsers, move |db| {
            let limit = query.rows();
            let filter = UserFilter {
                search: query.search.as_deref().map(as_seen),
                after: query.after.map(|name| Username::stored(&name)),
            };
            let rows = store::users::list(db, &filter, limit + 1)?;
            Ok(Ok(Page::of(rows, limit, |user| user.username.clone())))
        })
        .await
    }

    /// One person, whole.
    ///
    /// # Errors
    /// The store.
    pub async fn show_user(&self, username: &str) -> Administered<ShownUser> {
        let (now, username) = (self.clock.now(), Username::stored(username));
        self.look(Permission::ReadUsers, move |db| {
            let Some(user) = store::users::find_by_username(db, &username)? else {
                return Ok(Err(Refusal::not_found("user", username)));
            };
            let grants = store::grants::live_of_user(db, user.id)?;
            let ids: Vec<ClientId> = grants.iter().map(|g| g.client_id.clone()).collect();
            let clients = store::clients::find_many(db, &ids)?;
            let name_of = |grant: &Grant| {
                let client = clients.iter().find(|c| c.id == grant.client_id);
                client.map_or_else(|| grant.client_id.to_string(), |c| c.name().to_owned())
            };
            let programs = grants
                .into_iter()
                .map(|grant| AllowedProgram {
                    name: name_of(&grant),
                    grant,
                })
                .collect();
            Ok(Ok(ShownUser {
                identities: store::identities::of_user(db, user.id)?,
                profile: store::profiles::find(db, user.id)?.unwrap_or_default(),
                sessions: store::sessions::live_of_user(db, user.id, now)?.len(),
                programs,
                user,
            }))
        })
        .await
    }
}
