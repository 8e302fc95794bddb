//! Consent: which scopes a person is asked about, and what a decision changes.
//! *When* a page is shown is [`crate::interaction`]'s; this module knows no pages.

use std::collections::BTreeMap;

use foundation::clock::{Instant, Span};
use foundation::id::{ClientId, GrantId, ReceiptId, UserId};
use protocol::authorization_request::AuthorizationRequest;
use protocol::scope::{self, ScopeName, ScopeSet};
use protocol::scope_catalog::{ScopeCatalog, Silent};
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::grant::{Grant, GrantedScopes, PurposeVersion};

/// A remembered refusal of one scope for one purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentRefusal {
    /// Which scope.
    pub scope: ScopeName,
    /// For which purpose.
    pub purpose: PurposeVersion,
    /// When it was last refused.
    pub refused_at: Instant,
    /// How often it was refused.
    pub times: i32,
    /// When a program last had it asked again by `prompt=consent`.
    pub reopened_at: Option<Instant>,
}

impl ConsentRefusal {
    /// Whether it still stands: for a year, for this purpose.
    pub fn stands(&self, purpose: &PurposeVersion, memory: Span, now: Instant) -> bool {
        &self.purpose == purpose && now < self.refused_at + memory
    }

    /// Whether a program may have it asked again: "`prompt=consent` reopens it at most once a day,
    /// and after two refusals never".
    pub fn may_be_reopened(&self, now: Instant) -> bool {
        self.times < 2
            && self
                .reopened_at
                .is_none_or(|at| now.since(at) >= Span::days(1))
    }
}

/// What is asked, in the order in which it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// The rows of the sheet.
    pub sheet: Vec<ScopeName>,
    /// Each on a page of its own.
    pub sensitive: Vec<ScopeName>,
    /// Refused scopes that this question reopens because the program asked.
    pub reopened: Vec<ScopeName>,
    /// Whether the sheet is shown even without rows ("Continue as …").
    pub greet: bool,
}

impl Question {
    /// Whether nobody needs to be asked.
    pub fn is_empty(&self) -> bool {
        self.sheet.is_empty() && self.sensitive.is_empty() && !self.greet
    }
}

/// What a question depends on.
pub struct Asking<'a> {
    /// The scopes of the request.
    pub requested: &'a ScopeSet,
    /// Who asks.
    pub client: &'a Client,
    /// What was allowed before.
    pub grant: Option<&'a GrantedScopes>,
    /// What was refused before.
    pub refusals: &'a [ConsentRefusal],
    /// Whether the program wants to have it asked again (`prompt=consent`).
    pub again: bool,
    /// Whether a host launches the program. It opens the program itself, so that there is no doubt
    /// about who asks, and what was allowed once is not asked again.
    pub launched: bool,
    /// The scopes there are.
    pub catalog: &'a ScopeCatalog,
    /// How long refusals are remembered.
    pub memory: Span,
    /// Now.
    pub now: Instant,
}

impl Asking<'_> {
    /// Which of the requested scopes the person is asked about.
    pub fn question(&self) -> Question {
        let mut question = Question::default();
        if self.client.is_host() {
            return question;
        }
        for name in self.catalog.in_order(self.askable().iter()) {
            match self.standing(name) {
                ScopeStatus::Settled => {}
                ScopeStatus::Reopened => {
                    question.reopened.push(name.clone());
                    self.add(&mut question, name);
                }
                ScopeStatus::Open => self.add(&mut question, name),
            }
        }
        question.greet = self.must_greet();
        question
    }

    /// The requested scopes that this client may have at all, without those that need no screen.
    fn askable(&self) -> ScopeSet {
        let usable = usable_scope(self.client, self.requested);
        usable
            .iter()
            .filter(|name| !is_silent_for(self.client, name, self.catalog))
            .cloned()
            .collect()
    }

    /// A sheet without rows still greets: a person meets a draft or an ordinary client once.
    fn must_greet(&self) -> bool {
        use crate::mini_program::MiniProgramState::Released;
        let known = self.grant.is_some();
        match self.client.mini_program() {
            Some(_) if self.client.state == Released => false,
            Some(_) => !known,
            None => self.again || !known || !self.client.may_be_remembered(),
        }
    }

    fn add(&self, question: &mut Question, name: &ScopeName) {
        if self.catalog.is_sensitive(name) {
            question.sensitive.push(name.clone());
        } else {
            question.sheet.push(name.clone());
        }
    }

    fn standing(&self, name: &ScopeName) -> ScopeStatus {
        let purpose = self.client.purpose_version(name);
        let granted = self.grant.is_some_and(|g| g.covers(name, &purpose));
        if granted {
            let ask = !self.launched && (self.again || !self.client.may_be_remembered());
            return if ask {
                ScopeStatus::Open
            } else {
                ScopeStatus::Settled
            };
        }
        let refused = self
            .refusals
            .iter()
            .find(|r| &r.scope == name && r.stands(&purpose, self.memory, self.now));
        match refused {
            Some(refusal) if self.again && refusal.may_be_reopened(self.now) => {
                ScopeStatus::Reopened
            }
            Some(_) => ScopeStatus::Settled,
            None => ScopeStatus::Open,
        }
    }
}

enum ScopeStatus {
    Settled,
    Open,
    Reopened,
}

/// What of the requested scopes the client may have at all. What it did not register is left out
/// (known scopes are refused before; unknown ones "SHOULD be ignored", OIDC Core §3.1.2.1), and
/// `offline_access` "is left out silently" where the registration does not allow it.
pub fn usable_scope(client: &Client, requested: &ScopeSet) -> ScopeSet {
    let allowed = client.allowed_scope();
    let usable = |name: &ScopeName| match name.as_str() {
        scope::OFFLINE_ACCESS => client.may_stay_offline(),
        other => allowed.contains(other),
    };
    requested
        .iter()
        .filter(|name| usable(name))
        .cloned()
        .collect()
}

/// What a person is asked for: the requested scopes, and for ordinary clients the scopes that
/// contain the claims asked for by name (OIDC Core §5.5). What such a claim brings is the claim
/// alone; the token's scope does not grow.
pub fn asked_scope(
    client: &Client,
    request: &AuthorizationRequest,
    catalog: &ScopeCatalog,
) -> ScopeSet {
    let mut asked = request.scope.clone();
    if client.mini_program().is_some() {
        return asked;
    }
    let allowed = client.allowed_scope();
    let named = request
        .claims
        .userinfo
        .keys()
        .chain(request.claims.id_token.keys());
    for claim in named {
        let contains = |name: &&ScopeName| catalog.claims_of(name).contains(&claim.as_str());
        if !asked.iter().any(|name| contains(&name))
            && let Some(name) = allowed.iter().find(contains)
        {
            asked.insert(name.clone());
        }
    }
    asked
}

/// The publisher's words for why it wants a scope, as a page showed them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownPurpose {
    /// Which version of them.
    pub version: PurposeVersion,
    /// The text in the page's language or the publisher's default; none where there is none.
    pub text: Option<String>,
}

/// A person's answer to a question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// What they said yes to.
    pub allowed: ScopeSet,
    /// What they left unticked or did not share.
    pub refused: ScopeSet,
    /// What stood beside each question.
    pub purposes: BTreeMap<ScopeName, ShownPurpose>,
}

impl Decision {
    /// Whether nothing was decided.
    pub fn is_empty(&self) -> bool {
        self.allowed.is_empty() && self.refused.is_empty()
    }

    /// For which purpose a scope was decided: the one that was shown, also where the program has
    /// another one by now. What no page showed has the purpose of now.
    pub fn purpose(&self, client: &Client, name: &ScopeName) -> PurposeVersion {
        let shown = self.purposes.get(name).map(|shown| shown.version.clone());
        shown.unwrap_or_else(|| client.purpose_version(name))
    }

    /// What the grant allows after the decision; the silent scopes of the request are allowed with
    /// it.
    pub fn apply(
        &self,
        before: Option<&Grant>,
        client: &Client,
        silent: &ScopeSet,
        now: Instant,
    ) -> GrantedScopes {
        let mut scopes = before.map(|g| g.scopes.clone()).unwrap_or_default();
        scopes.take_back(&self.refused);
        let missing = silent.difference(&scopes.names());
        for name in self.allowed.iter().cloned().chain(missing) {
            let purpose = self.purpose(client, &name);
            if !scopes.covers(&name, &purpose) {
                scopes.allow(name, purpose, now);
            }
        }
        scopes
    }
}

/// The requested scopes that are given without a question: all of them to the super app's own
/// client.
pub fn silent_scope(client: &Client, requested: &ScopeSet, catalog: &ScopeCatalog) -> ScopeSet {
    usable_scope(client, requested)
        .iter()
        .filter(|name| is_silent_for(client, name, catalog))
        .cloned()
        .collect()
}

pub(crate) fn is_silent_for(client: &Client, name: &ScopeName, catalog: &ScopeCatalog) -> bool {
    match catalog.silent(name) {
        _ if client.is_host() => true,
        Silent::Never => false,
        Silent::Always => true,
        Silent::VerifiedPublisher => client
            .publisher
            .as_ref()
            .is_some_and(|publisher| publisher.verified_at.is_some()),
    }
}

/// The proof of one decision: who decided what about whose data, for which purpose, when, and what
/// they saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// Its id.
    pub id: ReceiptId,
    /// Who decided.
    pub user_id: UserId,
    /// About which client.
    pub client_id: ClientId,
    /// The grant that came of it; none when nothing was allowed.
    pub grant_id: Option<GrantId>,
    /// When.
    pub decided_at: Instant,
    /// What was shown and decided.
    pub content: ReceiptContent,
}

/// What a receipt records. The recipient's name, the purposes and the categories are kept as they
/// were shown, because they can change later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReceiptContent {
    /// The client's name as shown.
    pub client_name: String,
    /// The publisher's name as shown, and whether it was verified.
    pub publisher: Option<(String, bool)>,
    /// What was allowed.
    pub allowed: ScopeSet,
    /// What was refused.
    pub refused: ScopeSet,
    /// The purposes as shown.
    pub purposes: BTreeMap<ScopeName, String>,
    /// What kind of decision it was.
    pub kind: DecisionKind,
}

/// What kind of decision a receipt is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionKind {
    /// The consent pages were answered.
    Consented,
    /// One scope was taken back on the account page.
    TakenBack,
    /// Everything was taken back on the account page.
    Removed,
    /// A refusal was opened again on the account page.
    Reopened,
}
