//! The consent sheet: what a person says to what a host asks in a program's name.
//!
//! Whoever has the secret may open it; each time session, person, host and program are looked at anew, and
//! so is what there is to ask. `consent_sheet/settle` writes what becomes of it; that it is asked at all
//! stands in `answer_token_request`.

use std::sync::Arc;

use domain::client::Client;
use domain::consent::{ConsentRefusal, Question};
use domain::consent_sheet::{ConsentSheet, SheetResult};
use domain::grant::Grant;
use domain::interaction::{ConsentStep, consent_step};
use domain::launch::LaunchConsent;
use domain::left_out::left_out_of_question;
use domain::lifetimes::Lifetimes;
use domain::profile::Profile;
use foundation::clock::{Instant, SharedClock, Span};
use foundation::entropy::SharedEntropy;
use foundation::fault::Fault;
use foundation::id::InteractionId;
use foundation::secret::SecretKind;
use keys::key_ring::Keys;
use protocol::scope_catalog::ScopeCatalog;
use serde::{Deserialize, Serialize};
use store::Store;

use crate::browser::{Browser, SignedIn, person_of};
use crate::consent_page::{ConsentAnswer, ConsentView, ShownQuestion};
use crate::find_client::ClientLookup;
use crate::launch_consent::refused_or_put_off;
use crate::memory::Memory;
use crate::pace::Pace;
use crate::parts::Parts;
use crate::step::{self, MadeFor, TokenUse};

mod found;
mod settle;

pub use found::SheetReturn;
use found::{FoundSheet, return_uri};

/// What comes of opening a sheet, or of pressing a button on it.
#[derive(Debug)]
pub enum SheetAnswer {
    /// A page of it.
    Page(Box<ConsentView>),
    /// The next page, at the same address.
    Next,
    /// It has come to an end, which the host is told.
    Returned(SheetReturn),
    /// It leads nowhere; who may frame the page that says so.
    Gone(Vec<String>),
    /// The form is none of this sheet; who may frame the page that says so.
    Forged(Vec<String>),
    /// The person presses too often; and who may frame the page that says so.
    TooMany(Span, Vec<String>),
}

/// What the form's token says: which sheet, and which page of it was shown.
#[derive(Serialize, Deserialize)]
struct ShownSheet {
    interaction: InteractionId,
    #[serde(flatten)]
    question: ShownQuestion,
}

/// What a sheet is decided by, as it is now.
struct SheetStanding {
    program: Arc<Client>,
    person: SignedIn,
    profile: Profile,
    grant: Option<Grant>,
    refusals: Vec<ConsentRefusal>,
}

/// Shows consent sheets and takes their answers.
#[derive(Clone)]
pub struct ConsentSheets {
    store: Store,
    memory: Memory,
    clients: ClientLookup,
    pace: Pace,
    keys: Arc<Keys>,
    catalog: Arc<ScopeCatalog>,
    clock: SharedClock,
    entropy: SharedEntropy,
    lifetimes: Lifetimes,
}

impl ConsentSheets {
    pub(crate) fn new(
        parts: &Parts,
        memory: &Memory,
        (clients, pace): (&ClientLookup, &Pace),
    ) -> Self {
        Self {
            store: parts.store.clone(),
            memory: memory.clone(),
            clients: clients.clone(),
            pace: pace.clone(),
            keys: Arc::clone(&parts.keys),
            catalog: Arc::clone(&parts.policy.catalog),
            clock: Arc::clone(&parts.clock),
            entropy: Arc::clone(&parts.entropy),
            lifetimes: parts.policy.lifetimes,
        }
    }

    /// The page that a secret opens.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn page(&self, secret: &str, browser: &Browser) -> Result<SheetAnswer, Fault> {
        let Some(found) = self.find(secret).await? else {
            return self.gone().await;
        };
        if found.sheet.ended.is_some() {
            return Ok(SheetAnswer::Gone(found.frame_origins()));
        }
        let standing = match self.standing(&found, browser).await? {
            Ok(standing) => standing,
            Err(result) => return Ok(returned(&found, result, browser)),
        };
        let (id, now) = (found.sheet.id, self.clock.now());
        if found.sheet.opened_at.is_none() {
            let until = now + ConsentSheet::OPEN;
            let opened = self
                .store
                .write(move |tx| store::consent_sheets::open(tx, id, now, until));
            opened.await?;
        }
        let question = self.question(&found.sheet, &standing, now);
        match consent_step(&question, &found.sheet.progress) {
            Some(page) => self.view(&found, standing, (page, question), browser),
            // It was decided meanwhile, in another window.
            None => self.settle(found, standing, browser).await,
        }
    }

    /// Takes what a person pressed on a page of a sheet.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn decide(
        &self,
        secret: &str,
        token: &str,
        answer: ConsentAnswer,
        browser: &Browser,
    ) -> Result<SheetAnswer, Fault> {
        let Some(mut found) = self.find(secret).await? else {
            return self.gone().await;
        };
        let Some(shown) = self.shown(&found.sheet, token) else {
            return Ok(SheetAnswer::Forged(found.frame_origins()));
        };
        if answer == ConsentAnswer::AsOther {
            return Ok(SheetAnswer::Forged(found.frame_origins()));
        }
        if found.sheet.ended.is_some() {
            return self.pressed_again(&found, &shown, &answer, browser).await;
        }
        let standing = match self.standing(&found, browser).await? {
            Ok(standing) => standing,
            Err(result) => return Ok(returned(&found, result, browser)),
        };
        if let Some(wait) = self.pace.form(&standing.person) {
            return Ok(SheetAnswer::TooMany(wait, found.frame_origins()));
        }
        let Some(answers) = shown.question.answers(&answer, &self.catalog) else {
            return self.put_off(found, standing, browser).await;
        };
        // A program that says something else by now is shown again, as it is.
        let Some(purposes) = shown.question.purposes(&standing.program) else {
            return Ok(SheetAnswer::Next);
        };
        let (before, who) = (&found.sheet.progress, standing.person.user.id);
        let after = shown
            .question
            .progress_after(before, &answers, &purposes, who);
        if !self.note(&mut found.sheet, after).await? {
            // Somebody pressed at the same moment; what comes now is looked at as it stands then.
            return self.again(secret, &shown, &answer, browser).await;
        }
        self.next(found, standing, browser).await
    }

    /// What a press comes to that was not the first one of its moment.
    async fn again(
        &self,
        secret: &str,
        shown: &ShownSheet,
        answer: &ConsentAnswer,
        browser: &Browser,
    ) -> Result<SheetAnswer, Fault> {
        match self.find(secret).await? {
            Some(found) if found.sheet.ended.is_some() => {
                self.pressed_again(&found, shown, answer, browser).await
            }
            Some(found) => match self.standing(&found, browser).await? {
                Ok(standing) => self.next(found, standing, browser).await,
                Err(result) => Ok(returned(&found, result, browser)),
            },
            None => self.gone().await,
        }
    }

    /// What comes after an answer: the page that is not answered yet, or the end. A sheet that is about to
    /// be ended by the other press ends here: the browser may take no answer but this one.
    async fn next(
        &self,
        found: FoundSheet,
        standing: SheetStanding,
        browser: &Browser,
    ) -> Result<SheetAnswer, Fault> {
        let question = self.question(&found.sheet, &standing, self.clock.now());
        match consent_step(&question, &found.sheet.progress) {
            Some(_) => Ok(SheetAnswer::Next),
            None => self.settle(found, standing, browser).await,
        }
    }

    /// A button that was pressed twice says the same twice. "Not now" stands; nothing else is changed by
    /// a sheet that has ended.
    async fn pressed_again(
        &self,
        found: &FoundSheet,
        shown: &ShownSheet,
        answer: &ConsentAnswer,
        browser: &Browser,
    ) -> Result<SheetAnswer, Fault> {
        let gone = || SheetAnswer::Gone(found.frame_origins());
        let Some(ended) = found.sheet.just_ended(self.clock.now()) else {
            return Ok(gone());
        };
        let Ok(standing) = self.standing(found, browser).await? else {
            return Ok(returned(found, SheetResult::Ended, browser));
        };
        let answers = shown.question.answers(answer, &self.catalog);
        let said = answers.zip(shown.question.purposes(&standing.program));
        let before = &found.sheet.progress;
        let says_the_same = said.is_some_and(|(answers, purposes)| {
            let who = standing.person.user.id;
            let question = &shown.question;
            question.progress_after(before, &answers, &purposes, who) == *before
        });
        Ok(match ended {
            SheetResult::Later => returned(found, ended, browser),
            _ if says_the_same => returned(found, ended, browser),
            _ => gone(),
        })
    }

    /// The sheet of a secret, if its host is there to hear of it.
    async fn find(&self, secret: &str) -> Result<Option<FoundSheet>, Fault> {
        let Some(digest) = SecretKind::ConsentSheet.digest_of(secret) else {
            return Ok(None);
        };
        let read = self
            .store
            .read(move |db| store::consent_sheets::find(db, digest));
        let Some(sheet) = read.await? else {
            return Ok(None);
        };
        let host = self.clients.find(&sheet.host).await?;
        let host = host.filter(|host| {
            host.is_host() && !host.is_suspended() && return_uri(host, &sheet).is_some()
        });
        Ok(host.map(|host| FoundSheet { sheet, host }))
    }

    /// What the sheet is decided by now, or why nobody decides it any more.
    async fn standing(
        &self,
        found: &FoundSheet,
        browser: &Browser,
    ) -> Result<Result<SheetStanding, SheetResult>, Fault> {
        let (sheet, now) = (&found.sheet, self.clock.now());
        if sheet.has_run_out(now) {
            return Ok(Err(SheetResult::Expired));
        }
        let Some(program) = self.clients.find(&sheet.program).await? else {
            return Ok(Err(SheetResult::Ended));
        };
        let (session, client, address) = (sheet.session, sheet.program.clone(), browser.address);
        let read = self.store.read(move |db| {
            let Some(person) = person_of(db, session, address, now)? else {
                return Ok(None);
            };
            let whose = (person.user.id, session);
            Ok(Some((
                store::profiles::find(db, whose.0)?.unwrap_or_default(),
                store::grants::live(db, whose.0, &client)?,
                refused_or_put_off(db, whose, &client)?,
                person,
            )))
        });
        let Some((profile, grant, refusals, person)) = read.await? else {
            return Ok(Err(SheetResult::Ended));
        };
        let is_there = program.mini_program().is_some()
            && !program.is_suspended()
            && program.serves(&person.user.username);
        Ok(match is_there {
            true => Ok(SheetStanding {
                program,
                person,
                profile,
                grant,
                refusals,
            }),
            false => Err(SheetResult::Ended),
        })
    }

    /// What there is to ask. What the program took out of its manifest since is not asked any more.
    fn question(&self, sheet: &ConsentSheet, standing: &SheetStanding, now: Instant) -> Question {
        LaunchConsent {
            program: &standing.program,
            grant: standing.grant.as_ref().map(|grant| &grant.scopes),
            refusals: &standing.refusals,
            again: sheet.request.again,
            catalog: &self.catalog,
            memory: self.lifetimes.refusal,
            now,
        }
        .question(&sheet.request.scope)
    }

    fn view(
        &self,
        found: &FoundSheet,
        standing: SheetStanding,
        (page, question): (ConsentStep, Question),
        browser: &Browser,
    ) -> Result<SheetAnswer, Fault> {
        let (sheet, program) = (&found.sheet, &standing.program);
        let setting = found.setting(browser, Some(&standing.person));
        let language = &setting.language;
        let shown = ShownQuestion::of(program, sheet.session, &page, language);
        let for_makers = match program.is_for_testers() {
            true => left_out_of_question(
                program,
                &sheet.request.scope,
                standing.grant.as_ref(),
                &question,
                &self.catalog,
            ),
            false => Vec::new(),
        };
        let rows = shown.rows(program, &standing.profile, &self.catalog, language);
        let sensitive = shown.is_sensitive();
        let shown = ShownSheet {
            interaction: sheet.id,
            question: shown,
        };
        let (keys, made_for) = (self.keys.current(), MadeFor::Session(sheet.session));
        let entropy = self.entropy.as_ref();
        let step = step::seal(&keys, entropy, TokenUse::SheetForm, made_for, &shown)?;
        let username = &standing.person.user.username;
        Ok(SheetAnswer::Page(Box::new(ConsentView {
            person: standing.profile.name.unwrap_or_else(|| username.clone()),
            client: standing.program,
            signed_in: standing.person,
            sensitive,
            rows,
            step,
            setting,
            for_makers,
        })))
    }

    /// What a form says was shown, if it is a form of this sheet.
    fn shown(&self, sheet: &ConsentSheet, token: &str) -> Option<ShownSheet> {
        let opened = step::open::<ShownSheet>(&self.keys.current(), TokenUse::SheetForm, token)?;
        let shown = opened.counts_for(Some(MadeFor::Session(sheet.session)));
        shown.ok().filter(|shown| shown.interaction == sheet.id)
    }

    async fn gone(&self) -> Result<SheetAnswer, Fault> {
        Ok(SheetAnswer::Gone(self.clients.host_origins().await?))
    }
}

fn returned(found: &FoundSheet, result: SheetResult, browser: &Browser) -> SheetAnswer {
    SheetAnswer::Returned(found.returned(result, browser))
}
