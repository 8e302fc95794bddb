//! What becomes of a consent sheet: what was decided on it is recorded like every decision about consent, or
//! it is put off for this session. Whoever is first ends it; who presses at the same moment is told the same.

use std::sync::Arc;

use domain::client::Client;
use domain::consent::{ConsentRefusal, Decision, silent_scope, usable_scope};
use domain::consent_sheet::{ConsentSheet, SheetResult};
use domain::grant::Grant;
use domain::interaction::Progress;
use domain::launch::postponed;
use foundation::clock::Instant;
use foundation::digest::TokenDigest;
use foundation::fault::Fault;

use super::found::FoundSheet;
use super::{ConsentSheets, SheetAnswer, SheetStanding, returned};
use crate::browser::{Browser, touch};
use crate::launch_consent::refused_or_put_off;
use crate::record_decision::{DecisionIds, NewDecision};
use crate::settle_grant::DecidedGrant;

/// What came of writing the end of a sheet.
enum SheetEnd {
    /// It ended so, now or a moment ago.
    With(SheetResult),
    /// It ended longer ago, or is not there any more.
    Over,
}

impl ConsentSheets {
    /// Stores what was answered on a page; `false` if something else was in the same moment.
    pub(super) async fn note(
        &self,
        sheet: &mut ConsentSheet,
        after: Progress,
    ) -> Result<bool, Fault> {
        if sheet.progress == after {
            return Ok(true);
        }
        let (id, before, stored) = (sheet.id, sheet.progress.clone(), after.clone());
        let saved = self
            .store
            .write(move |tx| store::consent_sheets::save_progress(tx, id, &stored, &before));
        sheet.progress = after;
        Ok(saved.await?.value)
    }

    /// Ends a sheet on which everything is answered.
    pub(super) async fn settle(
        &self,
        found: FoundSheet,
        standing: SheetStanding,
        browser: &Browser,
    ) -> Result<SheetAnswer, Fault> {
        let now = self.clock.now();
        let ids = DecisionIds::new(now, self.entropy.as_ref());
        let (digest, lifetimes) = (found.sheet.digest, self.lifetimes);
        let scope = &found.sheet.request.scope;
        let silent = silent_scope(&standing.program, scope, &self.catalog);
        let asked = usable_scope(&standing.program, scope).difference(&silent);
        let written = self.store.write(move |tx| {
            if !standing.person.still_acts(tx, now)? {
                return Ok(SheetEnd::With(SheetResult::Ended));
            }
            // Nobody else acts for this person until this has ended.
            let sheet = match still_open(tx, digest, now)? {
                Ok(sheet) => sheet,
                Err(end) => return Ok(end),
            };
            let (person, program) = (&standing.person, &standing.program);
            let is_answered = sheet.progress.decided_by == Some(person.user.id);
            let grant = match is_answered {
                true => {
                    let decision = decision_of(&sheet.progress, program);
                    let refusals =
                        refused_or_put_off(tx, (person.user.id, sheet.session), &program.id)?;
                    let decided = NewDecision {
                        who: person,
                        client: program,
                        decision: &decision,
                        refusals: &refusals,
                    };
                    let allow =
                        |before: Option<&Grant>| decision.apply(before, program, &silent, now);
                    let change = DecidedGrant::find(tx, program, person.user.id, allow)?;
                    store::postponements::remove(tx, sheet.session, &program.id)?;
                    Some(decided.write(tx, change, &ids, now)?)
                }
                false => store::grants::live(tx, person.user.id, &program.id)?,
            };
            let allowed = grant.map(|grant| grant.scopes.names()).unwrap_or_default();
            let result = match !is_answered && was_put_off(&standing.refusals) {
                true => SheetResult::Later,
                false => SheetResult::of_decision(&asked, &allowed),
            };
            touch(tx, &standing.person.session, &lifetimes, now)?;
            store::consent_sheets::end(tx, sheet.id, result, now)?;
            Ok(SheetEnd::With(result))
        });
        let written = written.await?;
        self.memory.settled(written.position).await;
        Ok(answered(&found, written.value, browser))
    }

    /// "Not now" refuses nothing for good. It is not asked again in this session unless the host says that
    /// the person wants it, and what the program had asked again is not asked again today.
    pub(super) async fn put_off(
        &self,
        found: FoundSheet,
        standing: SheetStanding,
        browser: &Browser,
    ) -> Result<SheetAnswer, Fault> {
        let now = self.clock.now();
        let question = self.question(&found.sheet, &standing, now);
        let later = postponed(&question, &standing.program, now);
        let (digest, program) = (found.sheet.digest, Arc::clone(&standing.program));
        let written = self.store.write(move |tx| {
            if !standing.person.still_acts(tx, now)? {
                return Ok(SheetEnd::With(SheetResult::Ended));
            }
            let sheet = match still_open(tx, digest, now)? {
                Ok(sheet) => sheet,
                Err(end) => return Ok(end),
            };
            for put_off in &later {
                store::postponements::put(tx, sheet.session, &program.id, put_off)?;
            }
            let (user, reopened) = (standing.person.user.id, &question.reopened);
            store::refusals::mark_reopened(tx, user, &program.id, reopened, now)?;
            store::consent_sheets::end(tx, sheet.id, SheetResult::Later, now)?;
            Ok(SheetEnd::With(SheetResult::Later))
        });
        Ok(answered(&found, written.await?.value, browser))
    }
}

fn answered(found: &FoundSheet, end: SheetEnd, browser: &Browser) -> SheetAnswer {
    match end {
        SheetEnd::With(result) => returned(found, result, browser),
        SheetEnd::Over => SheetAnswer::Gone(found.frame_origins()),
    }
}

/// The sheet as it is in this transaction, or how it ended.
fn still_open(
    tx: &mut store::Transaction<'_>,
    digest: TokenDigest,
    now: Instant,
) -> Result<Result<ConsentSheet, SheetEnd>, Fault> {
    Ok(match store::consent_sheets::find(tx, digest)? {
        None => Err(SheetEnd::Over),
        Some(sheet) if sheet.has_run_out(now) => Err(SheetEnd::With(SheetResult::Expired)),
        Some(sheet) if sheet.ended.is_none() => Ok(sheet),
        Some(sheet) => Err(sheet.just_ended(now).map_or(SheetEnd::Over, SheetEnd::With)),
    })
}

/// What was decided on the sheet. What left the manifest since the page was shown is not decided.
fn decision_of(progress: &Progress, program: &Client) -> Decision {
    let mut decision = progress.decision();
    decision.allowed = usable_scope(program, &decision.allowed);
    decision.refused = usable_scope(program, &decision.refused);
    decision
}

/// Whether something was put off in this session, which nobody has refused yet.
fn was_put_off(refusals: &[ConsentRefusal]) -> bool {
    refusals.iter().any(|refusal| refusal.times == 0)
}
