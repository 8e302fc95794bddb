//! The consent pages: what to show, and recording the answers.
//! `domain::interaction` decides *whether* to ask; `authorize` goes on afterwards.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::client::Client;
use domain::consent::{Question, ShownPurpose};
use domain::grant::PurposeVersion;
use domain::interaction::{ConsentStep, Next, Progress};
use domain::left_out::left_out_of_question;
use domain::profile::Profile;
use foundation::clock::SharedClock;
use foundation::fault::Fault;
use foundation::id::{ClientId, InteractionId, SessionId};
use protocol::authorization_error::{AuthorizationErrorCode, AuthorizationRefusal};
use protocol::mismatch::Mismatch;
use protocol::scope::ScopeName;
use protocol::scope_catalog::ScopeCatalog;
use serde::{Deserialize, Serialize};
use store::Store;
use text::{Language, Languages};

use crate::authorize::Authorization;
use crate::browser::{Browser, SignedIn};
use crate::browser_response::{BrowserResponse, PageOr, PageSetting};
use crate::pace::Pace;
use crate::parts::Parts;
use crate::pending_authorization::find::PageToken;
use crate::pending_authorization::{KnownPerson, PendingAuthorization, PendingAuthorizations};
use crate::sessions::Sessions;
use crate::shared_data::{self, ShownValue};
use crate::step::{FlowStep, TokenUse};

/// What a consent page shows.
#[derive(Debug)]
pub struct ConsentView {
    /// Who asks.
    pub client: Arc<Client>,
    /// Who is asked.
    pub signed_in: SignedIn,
    /// What that person is called.
    pub person: String,
    /// Whether this is the page of one sensitive scope.
    pub sensitive: bool,
    /// The rows, in order; one on a sensitive page.
    pub rows: Vec<ConsentRow>,
    /// The token of the form: it names the rows, so what is answered is what was shown.
    pub step: String,
    /// How it is framed and worded.
    pub setting: PageSetting,
    /// What the makers of a draft should know: what will be missing however the question is answered.
    pub for_makers: Vec<Mismatch>,
}

/// A row of the sheet.
#[derive(Debug)]
pub struct ConsentRow {
    /// The scope.
    pub scope: ScopeName,
    /// What would be shared now; empty when the person has no such thing.
    pub values: Vec<ShownValue>,
    /// The publisher's words for why.
    pub purpose: Option<String>,
    /// Whether it has a checkbox.
    pub refusable: bool,
}

/// What a person pressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsentAnswer {
    /// Allow, with these boxes ticked.
    Allow(Vec<String>),
    /// Don't share (a sensitive scope).
    Withhold,
    /// Not now.
    Deny,
    /// "Not you?": somebody else is in front of the browser.
    AsOther,
}

/// What the form's token says: which request, which page of it, to whom it was shown, and what it said.
#[derive(Serialize, Deserialize)]
struct ShownPage {
    interaction: InteractionId,
    client: ClientId,
    session: SessionId,
    sensitive: bool,
    language: String,
    scopes: Vec<(ScopeName, PurposeVersion)>,
}

impl ShownPage {
    /// The purposes that stood on the page; `None` if the program has others by now, which nobody read.
    fn purposes(&self, client: &Client) -> Option<BTreeMap<ScopeName, ShownPurpose>> {
        let language = Languages::built_in().named(&self.language)?;
        let shown = |(name, version): &(ScopeName, PurposeVersion)| {
            let purpose = ShownPurpose {
                version: version.clone(),
                text: purpose(client, name, &language).map(str::to_owned),
            };
            (*version == client.purpose_version(name)).then(|| (name.clone(), purpose))
        };
        self.scopes.iter().map(shown).collect()
    }
}

/// The publisher's words for why it wants a scope, on a page in this language.
fn purpose<'a>(client: &'a Client, scope: &ScopeName, language: &Language) -> Option<&'a str> {
    language.choose(client.purposes(scope)?)
}

impl PageToken for ShownPage {
    fn client_id(&self) -> Option<&ClientId> {
        Some(&self.client)
    }
}

/// Asks for consent, and goes on with the answer.
#[derive(Clone)]
pub struct Consent {
    authorization: Authorization,
    pending: PendingAuthorizations,
    sessions: Sessions,
    pace: Pace,
    store: Store,
    catalog: Arc<ScopeCatalog>,
    clock: SharedClock,
}

impl Consent {
    pub(crate) fn new(
        parts: &Parts,
        authorization: &Authorization,
        pending: &PendingAuthorizations,
        (sessions, pace): (&Sessions, &Pace),
    ) -> Self {
        Self {
            authorization: authorization.clone(),
            pending: pending.clone(),
            sessions: sessions.clone(),
            pace: pace.clone(),
            store: parts.store.clone(),
            catalog: Arc::clone(&parts.policy.catalog),
            clock: Arc::clone(&parts.clock),
        }
    }

    /// The consent page that a step token opens. If the question was answered meanwhile (another
    /// tab, the account page), the request goes on instead.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn page(&self, token: &str, browser: &Browser) -> Result<PageOr<ConsentView>, Fault> {
        let pending = match self.pending.find(FlowStep::Consent, token, browser).await? {
            Ok(pending) => pending,
            Err(stale) => return Ok(PageOr::Response(BrowserResponse::stale(stale))),
        };
        let known = match self.pending.known(&pending, browser).await? {
            Ok(known) => known,
            Err(refusal) => {
                return self
                    .authorization
                    .refuse(pending, refusal)
                    .await
                    .map(PageOr::Response);
            }
        };
        let asked = self.what_to_ask(&pending, &known);
        let (Some((page, question)), Some(signed_in)) = (asked, known.signed_in) else {
            return self
                .authorization
                .proceed(pending, browser)
                .await
                .map(PageOr::Response);
        };
        let for_makers = match pending.client.is_for_testers() {
            true => left_out_of_question(
                &pending.client,
                &pending.request.scope,
                known.grant.as_ref(),
                &question,
                &self.catalog,
            ),
            false => Vec::new(),
        };
        let person = Some(&signed_in.user);
        let setting = self.authorization.page_setting(&pending, person, browser);
        let setting = setting.await?;
        let view = self
            .consent_view(&pending, signed_in, page, setting)
            .await?;
        Ok(PageOr::Page(Box::new(ConsentView { for_makers, ..view })))
    }

    fn what_to_ask(
        &self,
        pending: &PendingAuthorization,
        known: &KnownPerson,
    ) -> Option<(ConsentStep, Question)> {
        match self.pending.what_comes_next(pending, known)? {
            Next::Consent { page, question } => Some((page, question)),
            Next::SignIn(_) | Next::ChooseAccount | Next::Issue | Next::Refuse(_) => None,
        }
    }

    async fn consent_view(
        &self,
        pending: &PendingAuthorization,
        signed_in: SignedIn,
        page: ConsentStep,
        setting: PageSetting,
    ) -> Result<ConsentView, Fault> {
        let user_id = signed_in.user.id;
        let profile = self
            .store
            .read(move |db| store::profiles::find(db, user_id))
            .await?
            .unwrap_or_default();
        let (sensitive, scopes) = match page {
            ConsentStep::Sheet(scopes) => (false, scopes),
            ConsentStep::Sensitive(scope) => (true, vec![scope]),
        };
        let Some(interaction) = &pending.interaction else {
            return Err(Fault::broken("a consent page without an interaction"));
        };
        let rows = scopes
            .iter()
            .map(|scope| self.row(&pending.client, scope, &profile, &setting.language))
            .collect();
        let version = |scope: ScopeName| {
            let version = pending.client.purpose_version(&scope);
            (scope, version)
        };
        let shown = ShownPage {
            interaction: interaction.id,
            client: pending.client.id.clone(),
            session: signed_in.session.id,
            sensitive,
            language: setting.language.tag().to_owned(),
            scopes: scopes.into_iter().map(version).collect(),
        };
        let form = TokenUse::ConsentForm;
        let step = self.pending.page_token(form, interaction.browser, &shown)?;
        Ok(ConsentView {
            setting,
            person: profile
                .name
                .unwrap_or_else(|| signed_in.user.username.clone()),
            client: Arc::clone(&pending.client),
            signed_in,
            sensitive,
            rows,
            step,
            for_makers: Vec::new(),
        })
    }

    fn row(
        &self,
        client: &Client,
        scope: &ScopeName,
        profile: &Profile,
        language: &Language,
    ) -> ConsentRow {
        let catalog = &self.catalog;
        ConsentRow {
            values: shared_data::values_shown(catalog, profile, scope),
            purpose: purpose(client, scope, language).map(str::to_owned),
            refusable: catalog.may_be_refused(scope),
            scope: scope.clone(),
        }
    }

    /// Records what a person pressed on a consent page, and goes on.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn decide(
        &self,
        token: &str,
        answer: ConsentAnswer,
        browser: &Browser,
    ) -> Result<BrowserResponse, Fault> {
        let opened = self.pending.opened(TokenUse::ConsentForm, token, browser);
        let shown: ShownPage = match opened.await? {
            Ok(shown) => shown,
            Err(stale) => return Ok(BrowserResponse::stale(stale)),
        };
        let found = self
            .pending
            .interaction(shown.interaction, &shown.client, browser);
        let pending = match found.await? {
            Ok(pending) => pending,
            Err(stale) => return Ok(BrowserResponse::stale(stale)),
        };
        // What was shown to somebody else is answered by nobody; whoever is here is asked themselves.
        let signed_in = self.sessions.signed_in(browser).await?;
        let Some(signed_in) = signed_in.filter(|s| s.session.id == shown.session) else {
            return self.authorization.proceed(pending, browser).await;
        };
        if answer == ConsentAnswer::AsOther {
            return self.authorization.as_other(pending, browser).await;
        }
        if let Some(wait) = self.pace.form(&signed_in) {
            return Ok(BrowserResponse::too_many(wait));
        }
        let Some(answers) = answers(&shown, &answer, &self.catalog) else {
            return self.not_now(pending, browser).await;
        };
        // A program that says something else by now is shown again, as it is.
        let Some(purposes) = shown.purposes(&pending.client) else {
            return self.authorization.proceed(pending, browser).await;
        };
        let noted = self.pending.note(pending, browser, |before| {
            progress_after(before, &shown, &answers, &purposes, &signed_in)
        });
        match noted.await? {
            Ok(pending) => self.authorization.proceed(pending, browser).await,
            Err(stale) => Ok(BrowserResponse::stale(stale)),
        }
    }

    /// Ends the request. "Not now" refuses nothing for good, but the question was put: what the
    /// program had asked again is not asked again today.
    async fn not_now(
        &self,
        pending: PendingAuthorization,
        browser: &Browser,
    ) -> Result<BrowserResponse, Fault> {
        let known = match self.pending.known(&pending, browser).await? {
            Ok(known) => known,
            Err(refusal) => return self.authorization.refuse(pending, refusal).await,
        };
        let asked = self.what_to_ask(&pending, &known);
        let reopened = asked.map_or_else(Vec::new, |(_, question)| question.reopened);
        if let Some(signed_in) = known.signed_in.filter(|_| !reopened.is_empty()) {
            let (user, client, now) = (
                signed_in.user.id,
                pending.client.id.clone(),
                self.clock.now(),
            );
            self.store
                .write(move |tx| store::refusals::mark_reopened(tx, user, &client, &reopened, now))
                .await?;
        }
        let refusal = AuthorizationRefusal::new(
            AuthorizationErrorCode::AccessDenied,
            "the person chose not now",
        );
        self.authorization.refuse(pending, refusal).await
    }
}

/// What was answered, scope by scope; `None` for "not now". Only scopes that were shown count: a forged
/// or stale form cannot allow anything else.
fn answers(
    shown: &ShownPage,
    answer: &ConsentAnswer,
    catalog: &ScopeCatalog,
) -> Option<BTreeMap<ScopeName, bool>> {
    let allows = |scope: &ScopeName| match (answer, shown.sensitive) {
        (ConsentAnswer::Deny | ConsentAnswer::AsOther, _) => None,
        (ConsentAnswer::Withhold, _) => Some(false),
        (ConsentAnswer::Allow(_), true) => Some(true),
        (ConsentAnswer::Allow(ticked), false) => {
            let is_ticked = ticked.iter().any(|t| t == scope.as_str());
            Some(is_ticked || !catalog.may_be_refused(scope))
        }
    };
    let scopes = shown.scopes.iter();
    let each = scopes.map(|(scope, _)| Some((scope.clone(), allows(scope)?)));
    let all: Option<BTreeMap<_, _>> = each.collect();
    all.filter(|_| *answer != ConsentAnswer::Deny)
}

/// The progress after an answer. What somebody else answered before counts no more.
fn progress_after(
    before: &Progress,
    shown: &ShownPage,
    answers: &BTreeMap<ScopeName, bool>,
    purposes: &BTreeMap<ScopeName, ShownPurpose>,
    who: &SignedIn,
) -> Progress {
    let mut progress = match before.decided_by == Some(who.user.id) {
        true => before.clone(),
        false => Progress {
            answers: BTreeMap::new(),
            purposes: BTreeMap::new(),
            sheet_answered: false,
            ..before.clone()
        },
    };
    progress.decided_by = Some(who.user.id);
    progress.sheet_answered |= !shown.sensitive;
    let answers = answers.iter();
    progress
        .answers
        .extend(answers.map(|(scope, allowed)| (scope.clone(), *allowed)));
    progress.purposes.extend(purposes.clone());
    progress
}
