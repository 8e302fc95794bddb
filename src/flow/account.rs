//! What a person sees on the account pages: programs and what they know, decisions, sessions.
//! What they do there is in `account/*`.

use std::sync::Arc;

use domain::client::Client;
use domain::consent::{Receipt, Refusal};
use domain::grant::Grant;
use domain::lifetimes::Lifetimes;
use domain::profile::Profile;
use domain::session::Session;
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::ClientId;
use protocol::scope::ScopeName;

use crate::Flows;
use crate::browser::{Browser, SignedIn};
use crate::shared_data::{self, ShownValue};
use crate::step;

mod change_grant;
mod change_password;
mod end_sessions;

pub use change_password::{PASSWORD_MAX, PASSWORD_MIN, PasswordAnswer};

/// The overview.
#[derive(Debug)]
pub struct Overview {
    /// Whose page it is.
    pub signed_in: SignedIn,
    /// Their profile.
    pub profile: Profile,
    /// The programs, the one used last first.
    pub programs: Vec<ProgramView>,
    /// The token that every form carries.
    pub form_token: String,
}

/// One program on the overview.
#[derive(Debug)]
pub struct ProgramView {
    /// The client.
    pub client: Arc<Client>,
    /// What it knows, with the values that it would get now.
    pub shared: Vec<SharedScope>,
    /// What was refused and can be opened again.
    pub refused: Vec<ScopeName>,
    /// Since when.
    pub since: Instant,
    /// When it was last used, to the minute.
    pub last_used: Instant,
    /// Scopes refused lately, with the moment when the last token that still shows them to whoever
    /// does not ask us has expired.
    pub fading: Vec<(ScopeName, Instant)>,
}

/// A scope that a program has.
#[derive(Debug)]
pub struct SharedScope {
    /// Which.
    pub scope: ScopeName,
    /// What it shows now.
    pub values: Vec<ShownValue>,
    /// Since when.
    pub since: Instant,
}

/// The sessions page.
#[derive(Debug)]
pub struct SessionsView {
    /// Whose page it is.
    pub signed_in: SignedIn,
    /// The live sessions, the newest first.
    pub sessions: Vec<Session>,
    /// The token that every form carries.
    pub form_token: String,
}

/// The history page.
#[derive(Debug)]
pub struct HistoryView {
    /// Whose page it is.
    pub signed_in: SignedIn,
    /// The decisions, the newest first.
    pub receipts: Vec<Receipt>,
    /// The token that every form carries.
    pub form_token: String,
}

/// What came of something that a person did on the account pages.
#[derive(Debug, PartialEq, Eq)]
pub enum AccountAnswer {
    /// It is done.
    Done,
    /// Nobody is signed in any more.
    SignedOut,
    /// The form was made for another session, or forged.
    Forged,
    /// There was nothing to do.
    NothingThere,
}

/// How many decisions the history shows.
const HISTORY: i64 = 200;

impl Flows {
    /// The overview; `None` when nobody is signed in.
    pub async fn account_overview(&self, browser: &Browser) -> Result<Option<Overview>, Fault> {
        let Some(signed_in) = self.signed_in(browser).await? else {
            return Ok(None);
        };
        let user_id = signed_in.user.id;
        let (profile, grants, refusals, clients) = self
            .store()
            .read(move |db| {
                let grants = store::grants::live_of_user(db, user_id)?;
                let ids: Vec<ClientId> = grants.iter().map(|g| g.client_id.clone()).collect();
                Ok((
                    store::profiles::find(db, user_id)?.unwrap_or_default(),
                    grants,
                    store::refusals::of_user(db, user_id)?,
                    store::clients::find_many(db, &ids)?,
                ))
            })
            .await?;
        let now = self.now();
        let mut programs: Vec<ProgramView> = grants
            .into_iter()
            .filter_map(|grant| {
                let client = clients.iter().find(|c| c.id == grant.client_id)?.clone();
                Some(program_view(
                    grant,
                    client,
                    &profile,
                    &refusals,
                    &self.policy().lifetimes,
                    now,
                ))
            })
            .collect();
        programs.sort_by(|a, b| {
            b.last_used
                .cmp(&a.last_used)
                .then(a.client.name().cmp(b.client.name()))
        });
        let form_token = step::form_token(&self.keys(), signed_in.session.id);
        Ok(Some(Overview {
            signed_in,
            profile,
            programs,
            form_token,
        }))
    }

    /// The sessions page; `None` when nobody is signed in.
    pub async fn account_sessions(&self, browser: &Browser) -> Result<Option<SessionsView>, Fault> {
        let Some(signed_in) = self.signed_in(browser).await? else {
            return Ok(None);
        };
        let (user_id, now) = (signed_in.user.id, self.now());
        let mut sessions = self
            .store()
            .read(move |db| store::sessions::live_of_user(db, user_id, now))
            .await?;
        sessions.sort_by_key(|s| std::cmp::Reverse(s.last_seen_at));
        let form_token = step::form_token(&self.keys(), signed_in.session.id);
        Ok(Some(SessionsView {
            signed_in,
            sessions,
            form_token,
        }))
    }

    /// The history page; `None` when nobody is signed in.
    pub async fn account_history(&self, browser: &Browser) -> Result<Option<HistoryView>, Fault> {
        let Some(signed_in) = self.signed_in(browser).await? else {
            return Ok(None);
        };
        let user_id = signed_in.user.id;
        let receipts = self
            .store()
            .read(move |db| store::receipts::of_user(db, user_id, HISTORY))
            .await?;
        let form_token = step::form_token(&self.keys(), signed_in.session.id);
        Ok(Some(HistoryView {
            signed_in,
            receipts,
            form_token,
        }))
    }

    /// Who is signed in, with the token for the forms of a page; for pages without more.
    pub async fn account_owner(
        &self,
        browser: &Browser,
    ) -> Result<Option<(SignedIn, String)>, Fault> {
        let Some(signed_in) = self.signed_in(browser).await? else {
            return Ok(None);
        };
        let form_token = step::form_token(&self.keys(), signed_in.session.id);
        Ok(Some((signed_in, form_token)))
    }

    /// Who sent a form of the account pages.
    pub(crate) async fn form_sender(
        &self,
        form_token: &str,
        browser: &Browser,
    ) -> Result<Result<SignedIn, AccountAnswer>, Fault> {
        let Some(signed_in) = self.signed_in(browser).await? else {
            return Ok(Err(AccountAnswer::SignedOut));
        };
        if !step::is_form_token(&self.keys(), signed_in.session.id, form_token) {
            return Ok(Err(AccountAnswer::Forged));
        }
        Ok(Ok(signed_in))
    }
}

fn program_view(
    grant: Grant,
    client: Client,
    profile: &Profile,
    refusals: &[(ClientId, Refusal)],
    lifetimes: &Lifetimes,
    now: Instant,
) -> ProgramView {
    let shared = grant
        .scopes
        .0
        .iter()
        .filter(|(scope, _)| domain::consent::may_be_refused(scope));
    let refused = refusals.iter().filter(|(id, r)| {
        *id == client.id && r.stands(&client.purpose_version(&r.scope), lifetimes.refusal, now)
    });
    let refused: Vec<&Refusal> = refused.map(|(_, refusal)| refusal).collect();
    let fading = refused
        .iter()
        .map(|r| (r.scope.clone(), r.refused_at + lifetimes.access))
        .filter(|(_, gone_by)| *gone_by > now && grant.updated_at > grant.created_at)
        .collect();
    ProgramView {
        shared: shared
            .map(|(scope, granted)| SharedScope {
                scope: scope.clone(),
                values: shared_data::values_shown(profile, scope),
                since: granted.since,
            })
            .collect(),
        refused: refused.iter().map(|r| r.scope.clone()).collect(),
        since: grant.created_at,
        last_used: grant.last_used_at,
        fading,
        client: Arc::new(client),
    }
}
