//! The consent pages: what to show, and recording the answers.
//! `domain::interaction` decides *whether* to ask; `authorize` goes on afterwards.

use std::sync::Arc;

use domain::consent::Question;
use domain::interaction::{ConsentStep, Next};
use domain::left_out::left_out_of_question;
use foundation::clock::SharedClock;
use foundation::fault::Fault;
use foundation::id::{ClientId, InteractionId};
use protocol::authorization_error::{AuthorizationErrorCode, AuthorizationRefusal};
use protocol::scope_catalog::ScopeCatalog;
use serde::{Deserialize, Serialize};
use store::Store;

use crate::authorize::Authorization;
use crate::browser::{Browser, SignedIn};
use crate::browser_response::{BrowserResponse, PageOr, PageSetting};
use crate::consent_page::{ConsentAnswer, ConsentView, ShownQuestion};
use crate::pace::Pace;
use crate::parts::Parts;
use crate::pending_authorization::find::PageToken;
use crate::pending_authorization::{KnownPerson, PendingAuthorization, PendingAuthorizations};
use crate::sessions::Sessions;
use crate::step::{FlowStep, TokenUse};

/// What the form's token says: which request, and which page of it was shown to whom.
#[derive(Serialize, Deserialize)]
struct ShownPage {
    interaction: InteractionId,
    client: ClientId,
    #[serde(flatten)]
    question: ShownQuestion,
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
        let Some(interaction) = &pending.interaction else {
            return Err(Fault::broken("a consent page without an interaction"));
        };
        let (client, language) = (&pending.client, &setting.language);
        let question = ShownQuestion::of(client, signed_in.session.id, &page, language);
        let (sensitive, rows) = (
            question.is_sensitive(),
            question.rows(client, &profile, &self.catalog, language),
        );
        let shown = ShownPage {
            interaction: interaction.id,
            client: client.id.clone(),
            question,
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
        let Some(signed_in) = signed_in.filter(|s| s.session.id == shown.question.session) else {
            return self.authorization.proceed(pending, browser).await;
        };
        if answer == ConsentAnswer::AsOther {
            return self.authorization.as_other(pending, browser).await;
        }
        if let Some(wait) = self.pace.form(&signed_in) {
            return Ok(BrowserResponse::too_many(wait));
        }
        let Some(answers) = shown.question.answers(&answer, &self.catalog) else {
            return self.not_now(pending, browser).await;
        };
        // A program that says something else by now is shown again, as it is.
        let Some(purposes) = shown.question.purposes(&pending.client) else {
            return self.authorization.proceed(pending, browser).await;
        };
        let noted = self.pending.note(pending, browser, |before| {
            let question = &shown.question;
            question.progress_after(before, &answers, &purposes, signed_in.user.id)
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
