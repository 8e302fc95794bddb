//! What a person sees on the account pages: programs and what they know, decisions, sessions.
//! What they do there is in `account/*`.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::client::Client;
use domain::consent::{ConsentRefusal, Receipt};
use domain::grant::Grant;
use domain::lifetimes::Lifetimes;
use domain::profile::Profile;
use domain::session::Session;
use foundation::clock::{Instant, SharedClock, Span};
use foundation::entropy::SharedEntropy;
use foundation::fault::Fault;
use foundation::id::{ClientId, UserId};
use keys::key_ring::Keys;
use protocol::scope::ScopeName;
use protocol::scope_catalog::ScopeCatalog;
use store::Store;

use crate::browser::{Browser, SignedIn};
use crate::find_client::ClientLookup;
use crate::memory::Memory;
use crate::pace::Pace;
use crate::parts::Parts;
use crate::passwords::Passwords;
use crate::sessions::Sessions;
use crate::shared_data::{self, ShownValue};
use crate::step;
use crate::throttle::SignInThrottle;

mod change_grant;
pub mod change_password;
mod choose_language;
mod end_sessions;
mod fading;

pub use fading::RemovedProgram;

/// The overview.
#[derive(Debug)]
pub struct Overview {
    /// Whose page it is.
    pub signed_in: SignedIn,
    /// Their profile.
    pub profile: Profile,
    /// The programs, the one used last first.
    pub programs: Vec<ProgramView>,
    /// Programs that lost all access a moment ago.
    pub removed: Vec<RemovedProgram>,
    /// The super app that they use.
    pub host: Option<Client>,
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
    /// The live sessions: this one, then the one seen last.
    pub sessions: Vec<Session>,
    /// The super app that they use.
    pub host: Option<Client>,
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
    /// The clients that they are about, as they are now.
    pub clients: Vec<Client>,
    /// The super app that they use.
    pub host: Option<Client>,
}

/// What every page of a person's own shows.
#[derive(Debug)]
pub struct OwnerView {
    /// Whose page it is.
    pub signed_in: SignedIn,
    /// The super app that they use.
    pub host: Option<Client>,
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
    /// There were too many: the next one is looked at after this span.
    Wait(Span),
}

/// How many decisions the history shows.
const HISTORY: i64 = 200;

/// Shows a person what programs know, and does what they decide.
#[derive(Clone)]
pub struct Account {
    sessions: Sessions,
    clients: ClientLookup,
    passwords: Passwords,
    throttle: SignInThrottle,
    pace: Pace,
    store: Store,
    memory: Memory,
    keys: Arc<Keys>,
    clock: SharedClock,
    entropy: SharedEntropy,
    lifetimes: Lifetimes,
    catalog: Arc<ScopeCatalog>,
}

impl Account {
    pub(crate) fn new(
        parts: &Parts,
        memory: &Memory,
        (clients, sessions): (&ClientLookup, &Sessions),
        (passwords, throttle, pace): (&Passwords, &SignInThrottle, &Pace),
    ) -> Self {
        Self {
            sessions: sessions.clone(),
            clients: clients.clone(),
            passwords: passwords.clone(),
            throttle: throttle.clone(),
            pace: pace.clone(),
            store: parts.store.clone(),
            memory: memory.clone(),
            keys: Arc::clone(&parts.keys),
            clock: Arc::clone(&parts.clock),
            entropy: Arc::clone(&parts.entropy),
            lifetimes: parts.policy.lifetimes,
            catalog: Arc::clone(&parts.policy.catalog),
        }
    }

    /// The overview; `None` when nobody is signed in.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn overview(&self, browser: &Browser) -> Result<Option<Overview>, Fault> {
        let Some(signed_in) = self.sessions.signed_in(browser).await? else {
            return Ok(None);
        };
        let user_id = signed_in.user.id;
        let (known, clients) = self
            .store
            .read(move |db| {
                let grants = store::grants::live_of_user(db, user_id)?;
                let ids: Vec<ClientId> = grants.iter().map(|g| g.client_id.clone()).collect();
                let known = AccountData {
                    profile: store::profiles::find(db, user_id)?.unwrap_or_default(),
                    refusals: store::refusals::of_user(db, user_id)?,
                    receipts: store::receipts::of_user(db, user_id, HISTORY)?,
                    grants,
                };
                Ok((known, store::clients::find_many(db, &ids)?))
            })
            .await?;
        let now = self.clock.now();
        let mut programs: Vec<ProgramView> = known
            .grants
            .iter()
            .filter_map(|grant| {
                let client = clients.iter().find(|c| c.id == grant.client_id)?.clone();
                Some(program_view(grant, client, &known, self, now))
            })
            .collect();
        programs.sort_by(|a, b| {
            b.last_used
                .cmp(&a.last_used)
                .then(a.client.name().cmp(b.client.name()))
        });
        let form_token = step::form_token(&self.keys.current(), signed_in.session.id);
        Ok(Some(Overview {
            signed_in,
            host: clients.into_iter().find(Client::is_home),
            removed: fading::removed(&known.receipts, self.lifetimes.access, now),
            profile: known.profile,
            programs,
            form_token,
        }))
    }

    /// The sessions page; `None` when nobody is signed in.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn sessions(&self, browser: &Browser) -> Result<Option<SessionsView>, Fault> {
        let Some(signed_in) = self.sessions.signed_in(browser).await? else {
            return Ok(None);
        };
        let (user_id, now) = (signed_in.user.id, self.clock.now());
        let (mut sessions, host) = self
            .store
            .read(move |db| {
                let sessions = store::sessions::live_of_user(db, user_id, now)?;
                Ok((sessions, host_of(db, user_id)?))
            })
            .await?;
        let here = signed_in.session.id;
        sessions.sort_by_key(|s| (s.id != here, std::cmp::Reverse(s.last_seen_at)));
        let form_token = step::form_token(&self.keys.current(), signed_in.session.id);
        Ok(Some(SessionsView {
            signed_in,
            sessions,
            host,
            form_token,
        }))
    }

    /// The history page; `None` when nobody is signed in.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn history(&self, browser: &Browser) -> Result<Option<HistoryView>, Fault> {
        let Some(signed_in) = self.sessions.signed_in(browser).await? else {
            return Ok(None);
        };
        let user_id = signed_in.user.id;
        let (receipts, clients, host) = self
            .store
            .read(move |db| {
                let receipts = store::receipts::of_user(db, user_id, HISTORY)?;
                let ids: BTreeSet<_> = receipts.iter().map(|r| r.client_id.clone()).collect();
                let clients = store::clients::find_many(db, &Vec::from_iter(ids))?;
                Ok((receipts, clients, host_of(db, user_id)?))
            })
            .await?;
        Ok(Some(HistoryView {
            signed_in,
            receipts,
            clients,
            host,
        }))
    }

    /// What pages without more show; `None` when nobody is signed in.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn owner(&self, browser: &Browser) -> Result<Option<OwnerView>, Fault> {
        match self.sessions.signed_in(browser).await? {
            Some(signed_in) => self.owner_view(signed_in).await.map(Some),
            None => Ok(None),
        }
    }

    async fn owner_view(&self, signed_in: SignedIn) -> Result<OwnerView, Fault> {
        let user_id = signed_in.user.id;
        let host = self.store.read(move |db| host_of(db, user_id)).await?;
        let form_token = step::form_token(&self.keys.current(), signed_in.session.id);
        Ok(OwnerView {
            signed_in,
            host,
            form_token,
        })
    }

    /// Who sent a form of the account pages.
    pub(crate) async fn form_sender(
        &self,
        form_token: &str,
        browser: &Browser,
    ) -> Result<Result<SignedIn, AccountAnswer>, Fault> {
        let Some(signed_in) = self.sessions.signed_in(browser).await? else {
            return Ok(Err(AccountAnswer::SignedOut));
        };
        if !step::is_form_token(&self.keys.current(), signed_in.session.id, form_token) {
            return Ok(Err(AccountAnswer::Forged));
        }
        if let Some(wait) = self.pace.form(&signed_in) {
            return Ok(Err(AccountAnswer::Wait(wait)));
        }
        Ok(Ok(signed_in))
    }
}

/// The super app that a person uses.
fn host_of(db: &mut store::Connection, user: UserId) -> Result<Option<Client>, Fault> {
    let grants = store::grants::live_of_user(db, user)?;
    let ids: Vec<ClientId> = grants.into_iter().map(|grant| grant.client_id).collect();
    let clients = store::clients::find_many(db, &ids)?;
    Ok(clients.into_iter().find(Client::is_home))
}

/// What the store knows about a person and their programs.
struct AccountData {
    profile: Profile,
    grants: Vec<Grant>,
    refusals: Vec<(ClientId, ConsentRefusal)>,
    receipts: Vec<Receipt>,
}

fn program_view(
    grant: &Grant,
    client: Client,
    known: &AccountData,
    account: &Account,
    now: Instant,
) -> ProgramView {
    let (lifetimes, catalog) = (&account.lifetimes, &account.catalog);
    let standing = known.refusals.iter().filter(|(id, refusal)| {
        *id == client.id
            && refusal.stands(
                &client.purpose_version(&refusal.scope),
                lifetimes.refusal,
                now,
            )
    });
    let refusals: Vec<&ConsentRefusal> = standing.map(|(_, refusal)| refusal).collect();
    let fading = refusals.iter().filter_map(|refusal| {
        let (receipts, access) = (&known.receipts, lifetimes.access);
        let gone_by = fading::gone_by(receipts, &client.id, refusal, access, now)?;
        Some((refusal.scope.clone(), gone_by))
    });
    let refused = catalog.in_order(refusals.iter().map(|refusal| &refusal.scope));
    ProgramView {
        shared: shared_scopes(grant, known, catalog),
        fading: fading.collect(),
        refused: refused.into_iter().cloned().collect(),
        since: grant.created_at,
        last_used: grant.last_used_at,
        client: Arc::new(client),
    }
}

fn shared_scopes(grant: &Grant, known: &AccountData, catalog: &ScopeCatalog) -> Vec<SharedScope> {
    let granted = &grant.scopes.0;
    let names = catalog.in_order(granted.keys().filter(|scope| catalog.may_be_refused(scope)));
    let shared = names.into_iter().filter_map(|scope| {
        Some(SharedScope {
            scope: scope.clone(),
            values: shared_data::values_shown(catalog, &known.profile, scope),
            since: granted.get(scope)?.since,
        })
    });
    shared.collect()
}
