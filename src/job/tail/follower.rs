//! One that follows the log, for as long as it is its turn.
//!
//! Memory is written inside the fence, and nothing of the database is waited for there: who waits for
//! too long is given up, and another takes its place.

use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, PoisonError};

use domain::event::effect::{Effect, NotBefore, Reload};
use domain::event::{LoggedEvent, TooNew};
use domain::lifetimes::Lifetimes;
use domain::log_history::{Continuity, Followed};
use foundation::clock::{Clock as _, Span};
use foundation::fault::Fault;
use foundation::id::HistoryId;
use live::fence::{Inside, WriterTurn};
use live::node_time::CatchingUp;
use store::LogReader;

use super::{FORGET, PAGE, PAUSE, POLL, Shared, WITNESS};

/// Follows the log on a thread of its own.
pub(super) struct Follower {
    shared: Arc<Shared>,
    turn: WriterTurn,
    /// Rung when the database has answered.
    answered: SyncSender<()>,
    followed: Followed,
    /// When the witness was last written, on the boot clock.
    witnessed_at: Span,
    /// Whether memory was emptied and is not whole again.
    incomplete: bool,
    reader: Option<LogReader>,
    /// Whether the last look failed; logged when it changes.
    is_unreadable: bool,
    /// Whether a newer program wrote what this one cannot obey; logged when it changes.
    is_too_old: bool,
    /// When memory was last freed of what ended too long ago to matter, on the boot clock.
    forgot_at: Span,
}

impl Follower {
    /// Takes over from whoever followed before. It begins by loading what ended lately.
    pub(super) fn new(shared: &Arc<Shared>, answered: SyncSender<()>) -> Self {
        let live = &shared.parts.live;
        let now = live.time.uptime();
        Self {
            turn: live.fence.take_over(),
            followed: shared.followed(),
            shared: Arc::clone(shared),
            answered,
            witnessed_at: now,
            incomplete: true,
            reader: None,
            is_unreadable: false,
            is_too_old: false,
            forgot_at: now,
        }
    }

    /// Where it rings. Closed when nobody can ring there any more.
    pub(super) fn answers(&self) -> SyncSender<()> {
        self.answered.clone()
    }

    /// Follows until it is told to stop, or given up.
    pub(super) fn run(mut self) {
        while !self.shared.stop.load(Ordering::Acquire) && self.is_its_turn() {
            self.forget();
            match self.look() {
                Ok(()) => {
                    if let Some(reader) = &mut self.reader {
                        reader.wait(POLL);
                    }
                }
                Err(fault) => {
                    if !self.is_unreadable {
                        tracing::error!(
                            fault = fault.chain(),
                            "the log cannot be read; the database is asked instead"
                        );
                        self.is_unreadable = true;
                    }
                    self.reader = None;
                    self.says_that_it_was_answered();
                    std::thread::sleep(PAUSE);
                }
            }
        }
        if self.is_its_turn() {
            self.witness();
        }
    }

    fn is_its_turn(&self) -> bool {
        self.enter().is_some()
    }

    fn enter(&self) -> Option<Inside<'_>> {
        self.shared.parts.live.fence.enter(self.turn)
    }

    /// Nobody need wait for this one: it is not stuck.
    fn says_that_it_was_answered(&self) {
        // One that is not heard yet is as good.
        let _ = self.answered.try_send(());
    }

    /// Reads all that is new, applies it in order, and confirms.
    pub(super) fn look(&mut self) -> Result<(), Fault> {
        if self.incomplete {
            self.rebuild()?;
        }
        if self.incomplete {
            return Ok(());
        }
        loop {
            let reader = match &mut self.reader {
                Some(reader) => reader,
                empty => empty.insert(self.shared.parts.store.tail()?),
            };
            let page = reader.poll(&self.followed.read, PAGE)?;
            self.says_that_it_was_answered();
            if page.view.continues(&self.followed) != Continuity::Continues {
                return self.rebuild();
            }
            let step = match self.enter() {
                Some(_inside) => self.shared.parts.live.time.look(&page.time),
                None => return Ok(()),
            };
            if let Some(step) = step {
                let milliseconds = step.by.as_millis();
                tracing::error!(
                    milliseconds,
                    "the clock made a step; nothing ends because of time for ten minutes"
                );
                return self.rebuild();
            }
            let more = page.events.len() as i64 >= PAGE;
            for logged in &page.events {
                if let Err(too_new) = self.apply(logged)? {
                    self.cannot_obey(too_new);
                    return Ok(());
                }
            }
            self.followed.read = page.read;
            if !page.events.is_empty() {
                self.shared.progress.ring();
            }
            if more {
                continue;
            }
            // What it says may have changed since it began.
            if !self.confirm(page.time.before) {
                return Ok(());
            }
            if std::mem::take(&mut self.is_unreadable) | std::mem::take(&mut self.is_too_old) {
                tracing::info!("the log is followed again");
            }
            return self.catch_up();
        }
    }

    /// Forgets everything and loads what ended lately: at the start, after a step of the clock, and
    /// after a failover or a restore to an older log. Until it is done, this node does not trust its
    /// memory.
    fn rebuild(&mut self) -> Result<(), Fault> {
        let parts = &self.shared.parts;
        let live = &parts.live;
        let Some(inside) = self.enter() else {
            return Ok(());
        };
        live.clear();
        drop(inside);
        self.incomplete = true;
        // Read again whoever renewed it: this node, or another that was quicker.
        parts.log_history.renew_if_it_went_back(&self.followed)?;
        self.says_that_it_was_answered();
        let (began, now) = (live.time.uptime(), live.time.now());
        let store = &parts.store;
        // However long ago it was written: what it does may still hold.
        if let Some(too_new) = store.read_blocking(store::events::too_new)? {
            self.cannot_obey(too_new);
            return Ok(());
        }
        let window = store
            .read_blocking(move |db| store::events::window(db, now, Lifetimes::ENDED_MEMORY))?;
        self.says_that_it_was_answered();
        parts.keys.refresh_blocking()?;
        self.says_that_it_was_answered();
        let Some(inside) = self.enter() else {
            return Ok(());
        };
        for logged in &window.events {
            if let Err(too_new) = live.apply(logged, began) {
                drop(inside);
                self.cannot_obey(too_new);
                return Ok(());
            }
        }
        live.ended.knows_all_after(window.after);
        self.shared.progress.keys_are_seen(window.view.end);
        let before = window.over.iter().copied();
        let unnamed = (window.view.history.number > 1).then_some(HistoryId::BEFORE);
        live.history.set(window.view.history, before.chain(unnamed));
        if let Some(stamp) = window.last_stamp {
            live.time.must_follow(stamp);
        }
        drop(inside);
        let events = window.events.len();
        self.followed = Followed {
            read: window.view.at_end(),
            over: window.over,
        };
        if !self.confirm(began) {
            return Ok(());
        }
        self.incomplete = false;
        let time = &self.shared.parts.live.time;
        if time.is_behind() {
            tracing::error!(%now, "the clock is behind what was written last; no answers until it has caught up, for two minutes at most");
        }
        tracing::info!(position = %self.followed.read.number, events, "what ended lately is known");
        Ok(())
    }

    /// A node whose clock went back waits, and goes on when the clock has caught up; or, after two
    /// minutes, when every access token that was given out by the later time is cut off.
    fn catch_up(&self) -> Result<(), Fault> {
        let parts = &self.shared.parts;
        match parts.live.time.catches_up() {
            CatchingUp::Not | CatchingUp::Waiting => {}
            CatchingUp::Done => tracing::info!("the clock has caught up"),
            CatchingUp::Over => {
                tracing::error!("the clock has not caught up; all access tokens are cut off");
                // It comes back by the log, as to everybody, and then this node goes on.
                parts.upkeep.clock_was_set_back(self.followed.read.number)?;
            }
        }
        Ok(())
    }

    /// A newer program wrote what this one cannot obey: it does not guess, it confirms nothing, and
    /// looks again until a newer one takes its place.
    fn cannot_obey(&mut self, too_new: TooNew) {
        if !std::mem::replace(&mut self.is_too_old, true) {
            tracing::error!(cause = %too_new, "this program is too old for the log; not ready");
        }
    }

    /// What arrived 62 minutes ago, on the boot clock, decides nothing any more: no token of before is
    /// alive by then.
    fn forget(&mut self) {
        let live = &self.shared.parts.live;
        let now = live.time.uptime();
        if now >= self.forgot_at + FORGET {
            live.ended.forget_before(now - Lifetimes::ENDED_MEMORY);
            self.forgot_at = now;
        }
    }

    /// Tells everybody that memory is right up to what was followed; `false` if this one was given up.
    fn confirm(&mut self, began: Span) -> bool {
        let live = &self.shared.parts.live;
        let Some(inside) = self.enter() else {
            return false;
        };
        self.shared.has_followed(&self.followed);
        live.freshness.confirm(self.followed.read, began);
        live.watches.confirmed(self.followed.read);
        drop(inside);
        let now = live.time.uptime();
        if self.shared.is_unwitnessed() || now >= self.witnessed_at + WITNESS {
            self.witness();
            self.witnessed_at = now;
        }
        true
    }

    fn witness(&self) {
        let witness = self.shared.witness.lock();
        let mut witness = witness.unwrap_or_else(PoisonError::into_inner);
        witness.write(&self.followed);
    }

    /// Obeys an event: in this node's memory, and what is kept beside it.
    fn apply(&self, logged: &LoggedEvent) -> Result<Result<(), TooNew>, Fault> {
        let parts = &self.shared.parts;
        let are_keys_new = logged.effect == Ok(Effect::Reload(Reload::Keys));
        if are_keys_new {
            parts.keys.refresh_blocking()?;
        }
        let Some(_inside) = self.enter() else {
            return Ok(Ok(()));
        };
        let live = &parts.live;
        if let Err(too_new) = live.apply(logged, live.time.uptime()) {
            return Ok(Err(too_new));
        }
        // No access token of the later time is left.
        if logged.effect == Ok(Effect::NotBefore(NotBefore::AccessTokens)) {
            live.time.go_on();
        }
        if are_keys_new {
            // A key may have been revoked: what it signed is looked at again.
            live.verified_tokens.clear();
            self.shared.progress.keys_are_seen(logged.position);
            self.shared.progress.keys_changed.notify_one();
        }
        live.watches.happened(logged, self.followed.read.history);
        Ok(Ok(()))
    }
}
