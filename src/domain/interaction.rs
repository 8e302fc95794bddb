//! An interaction: one authorization request that needs pages, and the decision what comes next.
//! `decide` is the only place that chooses a page; steps never route to one another.

use std::collections::BTreeMap;

use foundation::clock::{Instant, Span};
use foundation::digest::TokenDigest;
use foundation::id::{InteractionId, SessionId, UserId};
use protocol::authorization_error::{AuthorizationErrorCode, AuthorizationRefusal};
use protocol::authorization_request::AuthorizationRequest;
use protocol::scope::{ScopeName, ScopeSet};
use protocol::scope_catalog::ScopeCatalog;
use serde::{Deserialize, Serialize};

use crate::authentication::OFFERED;
use crate::client::Client;
use crate::consent::{Asking, ConsentRefusal, Decision, Question, ShownPurpose};
use crate::grant::Grant;
use crate::session::Session;
use crate::user::User;

/// One authorization request on its way through pages. Made when the first page is shown, bound to
/// the browser that it is shown to, consumed when the answer is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Interaction {
    /// Its id.
    pub id: InteractionId,
    /// The digest of the cookie of the browser that began it.
    pub browser: TokenDigest,
    /// What was asked for.
    pub request: AuthorizationRequest,
    /// What has happened on its pages.
    pub progress: Progress,
    /// When it began.
    pub created_at: Instant,
    /// When its pages stop working.
    pub expires_at: Instant,
    /// When the answer was sent.
    pub consumed_at: Option<Instant>,
    /// The session whose request it is, among those that are counted.
    pub session: Option<SessionId>,
}

impl Interaction {
    /// Requests of one session that have a row: tabs that somebody has open, and more. The oldest goes.
    pub const OF_SESSION: i64 = 30;
    /// Those of one person, in all of their sessions.
    pub const OF_PERSON: i64 = 100;

    /// How long an answer that comes again is the same press of a button: people press twice, and a
    /// browser that gets no answer sends a form again.
    pub const AGAIN: Span = Span::minutes(1);

    /// Whether its pages still lead somewhere: it waits for an answer, or the answer was sent a moment
    /// ago and what comes may be the same press of a button.
    pub fn is_open(&self, now: Instant) -> bool {
        match (self.consumed_at, &self.progress.end) {
            (None, _) => now < self.expires_at,
            (Some(at), Some(_)) => is_same_press(at, now),
            (Some(_), None) => false,
        }
    }
}

/// Whether what comes now can be the same press of a button as what came at `before`. A moment in the
/// future was written by a clock that has been set since, and is not believed beyond that.
pub fn is_same_press(before: Instant, now: Instant) -> bool {
    before < now + Interaction::AGAIN && now < before + Interaction::AGAIN
}

/// How an interaction ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InteractionEnd {
    /// With a code, which speaks for this user. Who comes again gets another one: the same code twice
    /// would end its family.
    #[serde(rename = "code")]
    Code(UserId),
    /// With a refusal, which stands.
    #[serde(rename = "refused")]
    Refused(AuthorizationRefusal),
}

/// What has happened on the pages of an interaction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The session that the person signed in to on these pages.
    #[serde(default)]
    pub signed_in: Option<SessionId>,
    /// The session that the person chose.
    #[serde(default)]
    pub chosen: Option<SessionId>,
    /// For whom the answers below were given: they count for nobody else.
    #[serde(default)]
    pub decided_by: Option<UserId>,
    /// Whether the sheet was answered.
    #[serde(default)]
    pub sheet_answered: bool,
    /// The answers so far.
    #[serde(default)]
    pub answers: BTreeMap<ScopeName, bool>,
    /// What stood beside the questions that were answered.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub purposes: BTreeMap<ScopeName, ShownPurpose>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<InteractionEnd>,
}

impl Progress {
    /// The same, at its end.
    pub fn ended(self, end: InteractionEnd) -> Self {
        Self {
            end: Some(end),
            ..self
        }
    }

    /// The answers as a decision.
    pub fn decision(&self) -> Decision {
        let of = |yes: bool| {
            self.answers
                .iter()
                .filter(move |(_, v)| **v == yes)
                .map(|(k, _)| k.clone())
        };
        Decision {
            allowed: of(true).collect(),
            refused: of(false).collect(),
            purposes: self.purposes.clone(),
        }
    }
}

/// Why a person must sign in. The page and the tests speak the same reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInReason {
    /// There is no session.
    NoSession,
    /// `prompt=login`.
    Prompted,
    /// `max_age` has passed.
    MaxAge,
    /// They signed in another way than the one that must be.
    EssentialAcr,
    /// The request is for someone else.
    AnotherUserExpected,
}

/// For whom a request is: `id_token_hint` names them, or the value that `claims` wants `sub` to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// For whoever is in front of the browser.
    Anybody,
    /// For this user and no other.
    Only(UserId),
    /// For somebody whom the client does not know: nobody is them.
    Unknown,
}

impl Expected {
    /// Whether a user may answer the request.
    pub fn admits(self, user: UserId) -> bool {
        match self {
            Self::Anybody => true,
            Self::Only(expected) => expected == user,
            Self::Unknown => false,
        }
    }
}

/// A page of consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsentStep {
    /// The sheet with its rows.
    Sheet(Vec<ScopeName>),
    /// One sensitive scope.
    Sensitive(ScopeName),
}

/// What comes next for an authorization request.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// The person must sign in.
    SignIn(SignInReason),
    /// The person must choose an account.
    ChooseAccount,
    /// The person must be asked.
    Consent {
        /// The page to show now.
        page: ConsentStep,
        /// The whole question that it is a part of.
        question: Question,
    },
    /// Everything is there.
    Issue,
    /// The request ends without a code.
    Refuse(AuthorizationRefusal),
}

/// All that a decision depends on.
pub struct InteractionContext<'a> {
    /// The request.
    pub request: &'a AuthorizationRequest,
    /// Who asks.
    pub client: &'a Client,
    /// The live session of this browser and its user.
    pub session: Option<(&'a Session, &'a User)>,
    /// For whom it is.
    pub expected: Expected,
    /// The live grant of this user for this client.
    pub grant: Option<&'a Grant>,
    /// What this user refused this client.
    pub refusals: &'a [ConsentRefusal],
    /// What has happened on the pages.
    pub progress: &'a Progress,
    /// The scopes there are.
    pub catalog: &'a ScopeCatalog,
    /// How long refusals are remembered.
    pub refusal_memory: Span,
    /// Now.
    pub now: Instant,
}

/// Decides what comes next; `None` if the request has had its answer and whoever comes now is not who
/// got it. No answer is kept: what was answered a moment ago is decided again. A refusal stands, and only
/// whom the code spoke for can have another.
pub fn decide_again(standing: &InteractionContext<'_>) -> Option<Next> {
    match &standing.progress.end {
        None => Some(decide(standing)),
        Some(InteractionEnd::Refused(refusal)) => Some(Next::Refuse(refusal.clone())),
        Some(InteractionEnd::Code(whose)) => {
            let is_theirs = standing.session.is_some_and(|(_, user)| user.id == *whose);
            Some(decide(standing)).filter(|next| is_theirs && *next == Next::Issue)
        }
    }
}

/// Decides what comes next for a request that waits.
pub fn decide(standing: &InteractionContext<'_>) -> Next {
    let silent = standing.request.prompt.none;
    let Some((session, user)) = standing.session else {
        return page_or(
            silent,
            Next::SignIn(SignInReason::NoSession),
            AuthorizationErrorCode::LoginRequired,
        );
    };
    if !standing.expected.admits(user.id) && signed_in_here(standing, session) {
        return refuse(
            AuthorizationErrorCode::LoginRequired,
            "somebody else signed in than the one whom the request names",
        );
    }
    if let Some(reason) = must_sign_in_again(standing, session) {
        return page_or(
            silent,
            Next::SignIn(reason),
            AuthorizationErrorCode::LoginRequired,
        );
    }
    if standing.request.prompt.select_account && !has_chosen(standing, session) {
        return Next::ChooseAccount;
    }
    if !standing.client.serves(&user.username) {
        return refuse(
            AuthorizationErrorCode::AccessDenied,
            "this program is not available to this person",
        );
    }
    if !meets_essential_acr(standing.request, session.authentication.acr()) {
        return refuse(
            AuthorizationErrorCode::UnmetAuthenticationRequirements,
            "the essential acr is not supported",
        );
    }
    match next_consent_page(standing, user.id) {
        Some((page, question)) => page_or(
            silent,
            Next::Consent { page, question },
            AuthorizationErrorCode::ConsentRequired,
        ),
        None => Next::Issue,
    }
}

/// "If prompt=none … the Authorization Server MUST return an error" instead of a page (OIDC Core
/// §3.1.2.1).
fn page_or(silent: bool, page: Next, code: AuthorizationErrorCode) -> Next {
    if silent {
        refuse(code, "the request needs a page, and prompt is none")
    } else {
        page
    }
}

fn refuse(code: AuthorizationErrorCode, description: &str) -> Next {
    Next::Refuse(AuthorizationRefusal::new(code, description))
}

/// Whether somebody signed in on the pages of this very request.
fn signed_in_here(standing: &InteractionContext<'_>, session: &Session) -> bool {
    standing.progress.signed_in == Some(session.id)
}

/// Whoever is named must be the one who signs in: "If the End-User identified by the ID Token is
/// already logged in or is logged in as a result of the request …, then the Authorization Server
/// returns a positive response; otherwise, it MUST return an error, such as login_required" (OIDC
/// Core §3.1.2.1).
fn must_sign_in_again(
    standing: &InteractionContext<'_>,
    session: &Session,
) -> Option<SignInReason> {
    let here = signed_in_here(standing, session);
    if !standing.expected.admits(session.user_id) {
        return Some(SignInReason::AnotherUserExpected);
    }
    if standing.request.prompt.login && !here {
        return Some(SignInReason::Prompted);
    }
    let meets = |acr: &str| meets_essential_acr(standing.request, acr);
    if !meets(session.authentication.acr()) && OFFERED.iter().any(|acr| meets(acr)) && !here {
        return Some(SignInReason::EssentialAcr);
    }
    // "the OP MUST attempt to actively re-authenticate the End-User" when the elapsed time is
    // greater than max_age (OIDC Core §3.1.2.1). A sign-in on these very pages is fresh enough,
    // or max_age=0 could never be met.
    let max_age = standing
        .request
        .max_age
        .or(standing.client.metadata.default_max_age)?;
    let age = standing.now.since(session.authentication.at());
    (age > Span::seconds(i64::from(max_age)) && !here).then_some(SignInReason::MaxAge)
}

fn has_chosen(standing: &InteractionContext<'_>, session: &Session) -> bool {
    standing.progress.chosen == Some(session.id) || signed_in_here(standing, session)
}

/// Whether an acr is one that must be: one asked for as an essential claim is met or refused (OIDC Core
/// §5.5.1.1); `acr_values` is a wish only.
fn meets_essential_acr(request: &AuthorizationRequest, acr: &str) -> bool {
    let Some(need) = request.claims.id_token.get("acr") else {
        return true;
    };
    let mut wanted = need.value.iter().chain(&need.values).peekable();
    !need.essential || wanted.peek().is_none() || wanted.any(|v| v.as_str() == Some(acr))
}

fn next_consent_page(
    standing: &InteractionContext<'_>,
    user: UserId,
) -> Option<(ConsentStep, Question)> {
    let question = Asking {
        requested: &crate::consent::asked_scope(
            standing.client,
            standing.request,
            standing.catalog,
        ),
        client: standing.client,
        grant: standing.grant.map(|grant| &grant.scopes),
        refusals: standing.refusals,
        again: standing.request.prompt.consent,
        launched: false,
        catalog: standing.catalog,
        memory: standing.refusal_memory,
        now: standing.now,
    }
    .question();
    let empty = Progress::default();
    let mine = standing.progress.decided_by == Some(user);
    let progress = if mine { standing.progress } else { &empty };
    consent_step(&question, progress).map(|step| (step, question))
}

/// The page of a question that comes next, after what was answered on those before it; `None` when
/// everything is.
pub fn consent_step(question: &Question, progress: &Progress) -> Option<ConsentStep> {
    let sheet_open =
        !question.sheet.is_empty() || (question.greet && question.sensitive.is_empty());
    if sheet_open && !progress.sheet_answered {
        return Some(ConsentStep::Sheet(question.sheet.clone()));
    }
    let mut sensitive = question.sensitive.iter();
    let open = sensitive.find(|name| !progress.answers.contains_key(*name))?;
    Some(ConsentStep::Sensitive(open.clone()))
}

/// What the answer carries in the end: the requested scopes that the grant allows.
pub fn resulting_scope(client: &Client, requested: &ScopeSet, grant: &ScopeSet) -> ScopeSet {
    crate::consent::usable_scope(client, requested).intersection(grant)
}
