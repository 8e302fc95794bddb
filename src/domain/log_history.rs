//! Which log this is: whether a log that is read now continues the one that was read before, or went
//! back, because a failover lost its tail or a copy was put back.
//!
//! A position is (history, number, mark). The history is drawn when a log begins anew, the mark is
//! drawn for each row. Numbers jump ahead after a crash, so that a number beyond the end alone would
//! miss the ordinary failover.

use foundation::id::{HistoryId, Mark, Position};

/// How far somebody has read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogCursor {
    /// Of which log.
    pub history: HistoryId,
    /// The last event that was read; zero before the first.
    pub number: Position,
    /// What was drawn for that event.
    pub mark: Mark,
}

/// What somebody who follows the log knows of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// How far they have read.
    pub read: LogCursor,
    /// The histories that others followed.
    pub over: Vec<HistoryId>,
}

/// What becomes of sessions and families when the log went back. Access tokens are dead anyhow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnLoss {
    /// They are dead as well: one that was ended in the lost time must not stand.
    #[default]
    Everything,
    /// They stand, for whoever accepts that the last moment of a replica is lost.
    Tokens,
}

/// Why a history begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenewalCause {
    /// The log went back.
    Lost(Loss),
    /// Another issuer took the installation over.
    Adopted,
    /// A copy was put back by a command.
    Restored,
}

impl RenewalCause {
    /// The word for the log and the audit.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Lost(loss) => loss.word(),
            Self::Adopted => "adopted",
            Self::Restored => "restored",
        }
    }
}

/// A log as one statement of its primary shows it, to somebody who has read up to a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogView {
    /// Its history.
    pub history: History,
    /// Its last event; zero if there is none.
    pub end: Position,
    /// What was drawn for that one.
    pub end_mark: Mark,
    /// What was drawn for the event with the number of who asks; none if there is no such row.
    pub mark: Option<Mark>,
    /// Events up to here may have been removed because of their age.
    pub purged_to: Position,
}

/// A history of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct History {
    /// What was drawn for it.
    pub id: HistoryId,
    /// The how manieth it is in this database, from 1.
    pub number: i32,
}

impl History {
    /// Whether it belongs to an access token: its own, or that of a token from before there was a
    /// history, which counts as the first.
    pub fn is_of(self, handle: HistoryId) -> bool {
        handle == self.id || (handle == HistoryId::BEFORE && self.number == 1)
    }
}

/// How a log stands to what was read of it before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuity {
    /// It is the same and goes on.
    Continues,
    /// It is another history: somebody has renewed it.
    Renewed,
    /// It is the same history, and what was read is not in it any more.
    WentBack(Loss),
}

/// What proves that a log went back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// What was read lies beyond its end.
    BeyondTheEnd,
    /// The row that was read is missing, and no purge explains it.
    RowIsMissing,
    /// Another row is in its place.
    AnotherMark,
    /// Its history is one that another is known to have followed.
    HistoryIsOver,
    /// A token of this history was given out beyond its end.
    TokenBeyondTheEnd,
}

impl Loss {
    /// The word for the log and the audit.
    pub const fn word(self) -> &'static str {
        match self {
            Self::BeyondTheEnd => "beyond_the_end",
            Self::RowIsMissing => "row_is_missing",
            Self::AnotherMark => "another_mark",
            Self::HistoryIsOver => "history_is_over",
            Self::TokenBeyondTheEnd => "token_beyond_the_end",
        }
    }
}

impl LogView {
    /// The cursor of who has read all of it.
    pub const fn at_end(&self) -> LogCursor {
        LogCursor {
            history: self.history.id,
            number: self.end,
            mark: self.end_mark,
        }
    }

    /// The cursor of who has read up to the number that the view was made for.
    pub fn at(&self, number: Position) -> LogCursor {
        LogCursor {
            history: self.history.id,
            number,
            mark: self.mark.unwrap_or_default(),
        }
    }

    /// How it stands to who has followed it so far; the view was made for the number that they have
    /// read up to.
    pub fn continues(&self, followed: &Followed) -> Continuity {
        let read = &followed.read;
        if read.history != self.history.id {
            return match followed.over.contains(&self.history.id) {
                true => Continuity::WentBack(Loss::HistoryIsOver),
                false => Continuity::Renewed,
            };
        }
        // Nothing was read yet, so nothing of it can be missing.
        if read.number == Position::BEFORE_THE_FIRST {
            return Continuity::Continues;
        }
        match self.mark {
            _ if read.number > self.end => Continuity::WentBack(Loss::BeyondTheEnd),
            Some(mark) if mark == read.mark => Continuity::Continues,
            Some(_) => Continuity::WentBack(Loss::AnotherMark),
            None if read.number > self.purged_to => Continuity::WentBack(Loss::RowIsMissing),
            None => Continuity::Continues,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: LogCursor = LogCursor {
        history: HistoryId(7),
        number: Position(20),
        mark: Mark(99),
    };

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

    /// How a log stands to who has read this much of it.
    fn to(read: LogCursor, view: LogView) -> Continuity {
        let over = vec![HistoryId(6)];
        view.continues(&Followed { read, over })
    }

    #[test]
    fn a_log_that_went_on_continues_whatever_gaps_it_has() {
        for end in [READ.number, VIEW.end, Position(1000)] {
            assert_eq!(to(READ, LogView { end, ..VIEW }), Continuity::Continues);
        }
    }

    #[test]
    fn three_things_prove_that_it_went_back() {
        let shorter = LogView {
            end: Position(19),
            mark: None,
            ..VIEW
        };
        // The ordinary failover: numbers jumped ahead, and the row is not there.
        let jumped = LogView { mark: None, ..VIEW };
        let other = LogView {
            mark: Some(Mark(98)),
            ..VIEW
        };
        for (loss, view) in [
            (Loss::BeyondTheEnd, shorter),
            (Loss::RowIsMissing, jumped),
            (Loss::AnotherMark, other),
        ] {
            assert_eq!(to(READ, view), Continuity::WentBack(loss));
        }
    }

    #[test]
    fn a_history_that_another_followed_does_not_come_back() {
        let history = History {
            id: HistoryId(6),
            number: 1,
        };
        let before = LogView { history, ..VIEW };
        let lost = Continuity::WentBack(Loss::HistoryIsOver);
        assert_eq!(to(READ, before), lost);
    }

    #[test]
    fn what_a_purge_or_another_history_explains_proves_nothing() {
        let purged = LogView {
            mark: None,
            purged_to: READ.number,
            ..VIEW
        };
        assert_eq!(to(READ, purged), Continuity::Continues);
        let nothing = LogCursor {
            number: Position::BEFORE_THE_FIRST,
            mark: Mark(0),
            ..READ
        };
        let view = LogView { mark: None, ..VIEW };
        assert_eq!(to(nothing, view), Continuity::Continues);
        let elsewhere = LogCursor {
            history: HistoryId(8),
            ..READ
        };
        assert_eq!(to(elsewhere, view), Continuity::Renewed);
    }

    #[test]
    fn tokens_from_before_there_was_a_history_are_of_the_first() {
        let id = HistoryId(7);
        let (first, second) = (History { id, number: 1 }, History { id, number: 2 });
        assert!(first.is_of(id) && second.is_of(id));
        assert!(first.is_of(HistoryId::BEFORE) && !second.is_of(HistoryId::BEFORE));
        assert!(!first.is_of(HistoryId(8)));
    }
}
