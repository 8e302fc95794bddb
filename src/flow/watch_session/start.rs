//! Where a stream begins: what its reader missed, as far as the log still has it.

use domain::event::LoggedEvent;
use domain::log_history::{LogCursor, LogView};
use domain::session_watch::{SessionEvent, WatchKind, Watcher};
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::Position;
use live::session_watches::WatchedPerson;
use store::events::MissedBy;

use super::backend::{self, Concerned, ConcernedPerson};

/// How many events are looked through for somebody who comes back.
const MOST: i64 = 1000;
/// And over how much of the log.
const SPAN: i64 = 100_000;

/// How far a reader was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// They have heard nothing, and missed nothing.
    Nothing,
    /// Everything up to here.
    UpTo(LogCursor),
    /// Something that nobody can read.
    Unreadable,
}

/// What a stream begins with.
#[derive(Debug)]
pub(super) struct StreamStart {
    /// What happened up to here was said, or is in the judgement of the token; what comes later is heard.
    pub(super) end: LogCursor,
    pub(super) missed: Missed,
    pub(super) session_expires_at: Option<Instant>,
}

/// An event that was missed, and to which person of a backend it happened.
#[derive(Debug)]
pub(super) struct MissedEvent {
    pub(super) logged: LoggedEvent,
    pub(super) person: Option<WatchedPerson>,
}

/// What was missed.
#[derive(Debug)]
pub(super) enum Missed {
    /// Nothing: they have not listened before.
    Nothing,
    /// These, in order.
    Events(Vec<MissedEvent>),
    /// These, by a backend; whom each concerns.
    OfPersons(Vec<(LoggedEvent, Vec<ConcernedPerson>)>),
    /// Nobody can say.
    Lost,
}

impl StreamStart {
    /// Reads it in one go. `known` is how far this node was before the token was judged: who missed nothing
    /// that can be told begins there, though the log may be further by now.
    pub(super) fn read(
        db: &mut store::Connection,
        watcher: &Watcher,
        heard: Heard,
        known: LogCursor,
    ) -> Result<Self, Fault> {
        let number = match heard {
            Heard::UpTo(cursor) => cursor.number,
            Heard::Nothing | Heard::Unreadable => Position::BEFORE_THE_FIRST,
        };
        let view = store::histories::look(db, number)?;
        let person = watcher.handle.on_behalf_of;
        let session = match person.and_then(|person| person.session_id) {
            Some(id) => store::sessions::find(db, id)?,
            None => None,
        };
        let missed = match heard {
            Heard::UpTo(cursor) => missed(db, watcher, cursor, &view)?,
            Heard::Nothing => Missed::Nothing,
            Heard::Unreadable => Missed::Lost,
        };
        let end = match &missed {
            Missed::Events(_) | Missed::OfPersons(_) => view.at_end(),
            Missed::Nothing | Missed::Lost => known,
        };
        Ok(Self {
            end,
            missed,
            session_expires_at: session.map(|session| session.expires_at),
        })
    }
}

fn missed(
    db: &mut store::Connection,
    watcher: &Watcher,
    cursor: LogCursor,
    view: &LogView,
) -> Result<Missed, Fault> {
    let after = watcher.missed_after(cursor.number);
    if !goes_on(view, cursor) || view.end.0 - after.0 > SPAN {
        return Ok(Missed::Lost);
    }
    let by = match &watcher.handle.on_behalf_of {
        Some(person) => MissedBy::User(person.user_id),
        None => MissedBy::Client(watcher.handle.client_id.clone()),
    };
    let events = store::events::missed(db, (after, view.end), &by, MOST)?;
    if events.len() as i64 >= MOST {
        return Ok(Missed::Lost);
    }
    let told = events.into_iter().filter(|e| SessionEvent::of(e).is_some());
    if watcher.kind != WatchKind::Backend {
        let alone = |logged| MissedEvent {
            logged,
            person: None,
        };
        return Ok(Missed::Events(told.map(alone).collect()));
    }
    let client = std::slice::from_ref(&watcher.handle.client_id);
    let mut of_persons = Vec::new();
    for logged in told {
        match backend::concerned(db, &logged, client)? {
            Concerned::By(concerns) => of_persons.push((logged, concerns)),
            Concerned::Lost => return Ok(Missed::Lost),
        }
    }
    Ok(Missed::OfPersons(of_persons))
}

/// Whether the log is the one that was heard, and has everything since. Unlike somebody who follows the
/// log, who comes back must find the row itself: what a purge took with it was not told.
fn goes_on(view: &LogView, cursor: LogCursor) -> bool {
    let is_there = match cursor.number {
        Position::BEFORE_THE_FIRST => view.purged_to == Position::BEFORE_THE_FIRST,
        number => number <= view.end && view.mark == Some(cursor.mark),
    };
    view.history.id == cursor.history && is_there
}

#[cfg(test)]
mod tests {
    use domain::log_history::History;
    use foundation::id::{HistoryId, Mark};

    use super::*;

    const VIEW: LogView = LogView {
        history: History {
            id: HistoryId(7),
            number: 1,
        },
        end: Position(25),
        end_mark: Mark(1),
        mark: Some(Mark(99)),
        purged_to: Position(3),
    };

    #[test]
    fn only_a_log_that_has_everything_since_goes_on() {
        let heard = LogCursor {
            history: HistoryId(7),
            number: Position(20),
            mark: Mark(99),
        };
        assert!(goes_on(&VIEW, heard));
        let strange = LogCursor {
            history: HistoryId(8),
            ..heard
        };
        let ahead = LogCursor {
            number: Position(26),
            ..heard
        };
        let beginning = LogCursor {
            number: Position::BEFORE_THE_FIRST,
            ..heard
        };
        for cursor in [strange, ahead, beginning] {
            assert!(!goes_on(&VIEW, cursor), "{cursor:?}");
        }
        let purged = LogView { mark: None, ..VIEW };
        let other = LogView {
            mark: Some(Mark(98)),
            ..VIEW
        };
        assert!(!goes_on(&purged, heard) && !goes_on(&other, heard));
        let whole = LogView {
            purged_to: Position::BEFORE_THE_FIRST,
            ..VIEW
        };
        assert!(goes_on(&whole, beginning));
    }
}
