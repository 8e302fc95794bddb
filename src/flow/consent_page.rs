//! A page of consent, whoever asks and wherever it stands: what it shows, and what a person's answer to it
//! says. Which page comes next and what becomes of the answer is for those who show it.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::client::Client;
use domain::consent::ShownPurpose;
use domain::grant::PurposeVersion;
use domain::interaction::{ConsentStep, Progress};
use domain::profile::Profile;
use foundation::id::{SessionId, UserId};
use protocol::mismatch::Mismatch;
use protocol::scope::ScopeName;
use protocol::scope_catalog::ScopeCatalog;
use serde::{Deserialize, Serialize};
use text::{Language, Languages};

use crate::browser::SignedIn;
use crate::browser_response::PageSetting;
use crate::shared_data::{self, ShownValue};

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

/// What stood on a page, as its form's token says it: for whom, and with which words.
#[derive(Serialize, Deserialize)]
pub(crate) struct ShownQuestion {
    pub(crate) session: SessionId,
    sensitive: bool,
    language: String,
    scopes: Vec<(ScopeName, PurposeVersion)>,
}

impl ShownQuestion {
    /// What a page shows in a session.
    pub(crate) fn of(
        client: &Client,
        session: SessionId,
        page: &ConsentStep,
        language: &Language,
    ) -> Self {
        let version = |scope: &ScopeName| (scope.clone(), client.purpose_version(scope));
        let (sensitive, scopes) = match page {
            ConsentStep::Sheet(scopes) => (false, scopes.iter().map(version).collect()),
            ConsentStep::Sensitive(scope) => (true, vec![version(scope)]),
        };
        Self {
            session,
            sensitive,
            language: language.tag().to_owned(),
            scopes,
        }
    }

    /// Whether it was the page of one sensitive scope.
    pub(crate) fn is_sensitive(&self) -> bool {
        self.sensitive
    }

    /// Its rows.
    pub(crate) fn rows(
        &self,
        client: &Client,
        profile: &Profile,
        catalog: &ScopeCatalog,
        language: &Language,
    ) -> Vec<ConsentRow> {
        let row = |(scope, _): &(ScopeName, PurposeVersion)| ConsentRow {
            values: shared_data::values_shown(catalog, profile, scope),
            purpose: purpose(client, scope, language).map(str::to_owned),
            refusable: catalog.may_be_refused(scope),
            scope: scope.clone(),
        };
        self.scopes.iter().map(row).collect()
    }

    /// The purposes that stood on the page; `None` if the program has others by now, which nobody read.
    pub(crate) fn purposes(&self, client: &Client) -> Option<BTreeMap<ScopeName, ShownPurpose>> {
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

    /// What was answered, scope by scope; `None` for "not now". Only scopes that were shown count: a
    /// forged or stale form cannot allow anything else.
    pub(crate) fn answers(
        &self,
        answer: &ConsentAnswer,
        catalog: &ScopeCatalog,
    ) -> Option<BTreeMap<ScopeName, bool>> {
        let allows = |scope: &ScopeName| match (answer, self.sensitive) {
            (ConsentAnswer::Deny | ConsentAnswer::AsOther, _) => None,
            (ConsentAnswer::Withhold, _) => Some(false),
            (ConsentAnswer::Allow(_), true) => Some(true),
            (ConsentAnswer::Allow(ticked), false) => {
                let is_ticked = ticked.iter().any(|t| t == scope.as_str());
                Some(is_ticked || !catalog.may_be_refused(scope))
            }
        };
        let scopes = self.scopes.iter();
        let each = scopes.map(|(scope, _)| Some((scope.clone(), allows(scope)?)));
        let all: Option<BTreeMap<_, _>> = each.collect();
        all.filter(|_| *answer != ConsentAnswer::Deny)
    }

    /// The progress after an answer. What somebody else answered before counts no more.
    pub(crate) fn progress_after(
        &self,
        before: &Progress,
        answers: &BTreeMap<ScopeName, bool>,
        purposes: &BTreeMap<ScopeName, ShownPurpose>,
        who: UserId,
    ) -> Progress {
        let mut progress = match before.decided_by == Some(who) {
            true => before.clone(),
            false => Progress {
                answers: BTreeMap::new(),
                purposes: BTreeMap::new(),
                sheet_answered: false,
                ..before.clone()
            },
        };
        progress.decided_by = Some(who);
        progress.sheet_answered |= !self.sensitive;
        let answers = answers.iter();
        progress
            .answers
            .extend(answers.map(|(scope, allowed)| (scope.clone(), *allowed)));
        progress.purposes.extend(purposes.clone());
        progress
    }
}

/// The publisher's words for why it wants a scope, on a page in this language.
fn purpose<'a>(client: &'a Client, scope: &ScopeName, language: &Language) -> Option<&'a str> {
    language.choose(client.purposes(scope)?)
}
