//! Which tokens which event kills, by position.

use domain::session::EndReason;
use domain::token_handle::OnBehalfOf;
use foundation::clock::{Instant, Span};
use foundation::entropy::SeededEntropy;

use super::*;

const NOW: Instant = Instant::from_millis(1_795_205_032_000);

/// A token issued at position 10, and the events that could concern it.
struct Case {
    person: OnBehalfOf,
    client_id: ClientId,
    jti: TokenDigest,
}

impl Case {
    fn new(seed: u64) -> Self {
        let entropy = SeededEntropy::new(seed);
        Self {
            person: OnBehalfOf {
                user_id: UserId::new(NOW, &entropy),
                grant_id: GrantId::new(NOW, &entropy),
                session_id: Some(SessionId::new(NOW, &entropy)),
                family_id: Some(FamilyId::new(NOW, &entropy)),
            },
            client_id: ClientId::random(&entropy),
            jti: TokenDigest::of(&seed.to_string()),
        }
    }

    fn handle(&self) -> TokenHandle {
        TokenHandle {
            client_id: self.client_id.clone(),
            on_behalf_of: Some(self.person),
            number: 1,
            position: Position(10),
            opens_userinfo: true,
        }
    }

    fn judge(&self, ended: &Ended) -> Verdict {
        ended.judge(&self.handle(), self.jti)
    }

    /// Events that end something for good: a token of it is dead wherever they stand in the log.
    fn ends(&self) -> Vec<Event> {
        let OnBehalfOf {
            user_id,
            session_id,
            family_id,
            ..
        } = self.person;
        let (client_id, reason) = (self.client_id.clone(), EndReason::Logout);
        vec![
            Event::SessionEnded {
                session_id: session_id.expect("set"),
                user_id,
                reason,
            },
            Event::FamilyEnded {
                family_id: family_id.expect("set"),
                user_id,
                client_id: client_id.clone(),
                reason,
            },
            Event::TokenRevoked {
                token: self.jti,
                client_id,
            },
        ]
    }

    /// Events that cut off what was issued before them.
    fn cuts(&self) -> Vec<Event> {
        let OnBehalfOf {
            user_id, grant_id, ..
        } = self.person;
        let (client_id, reason) = (self.client_id.clone(), EndReason::Withdrawn);
        vec![
            Event::GrantEnded {
                grant_id,
                user_id,
                client_id: client_id.clone(),
                reason,
            },
            Event::UserDisabled { user_id },
            Event::UserCut { user_id },
            Event::ClientCut { client_id },
            Event::AllCut,
        ]
    }

    fn changed(&self, scopes: &str) -> Event {
        Event::GrantChanged {
            grant_id: self.person.grant_id,
            user_id: self.person.user_id,
            client_id: self.client_id.clone(),
            scopes: set(scopes),
        }
    }
}

fn set(text: &str) -> ScopeSet {
    ScopeSet::parse(text).expect("scopes")
}

fn at(position: i64, event: Event) -> LoggedEvent {
    LoggedEvent {
        position: Position(position),
        at: NOW,
        event,
    }
}

/// On the boot clock.
const ARRIVED: Span = Span::seconds(100);

fn after(events: &[LoggedEvent]) -> Ended {
    let ended = Ended::default();
    events.iter().for_each(|event| ended.apply(event, ARRIVED));
    ended
}

const ALIVE: Verdict = Verdict::Alive { narrowed_to: None };

fn narrowed(scopes: &str) -> Verdict {
    Verdict::Alive {
        narrowed_to: Some(Arc::new(set(scopes))),
    }
}

#[test]
fn what_ended_kills_wherever_it_stands_in_the_log() {
    let (case, stranger) = (Case::new(1), Case::new(2));
    for event in case.ends() {
        for position in [9, 10, 11] {
            let ended = after(&[at(position, event.clone())]);
            assert_eq!(case.judge(&ended), Verdict::Dead, "{event:?} at {position}");
            assert_eq!(stranger.judge(&ended), ALIVE, "{event:?}");
        }
    }
}

#[test]
fn a_cut_kills_what_was_issued_before_it_only() {
    let (case, stranger) = (Case::new(1), Case::new(2));
    for event in case.cuts() {
        for (position, verdict) in [(9, ALIVE), (10, ALIVE), (11, Verdict::Dead)] {
            let ended = after(&[at(position, event.clone())]);
            assert_eq!(case.judge(&ended), verdict, "{event:?} at {position}");
            let bystander = if event == Event::AllCut {
                verdict
            } else {
                ALIVE
            };
            assert_eq!(stranger.judge(&ended), bystander, "{event:?} at {position}");
        }
    }
}

#[test]
fn attack_50_a_later_cut_is_never_undone_by_an_earlier_one() {
    let case = Case::new(1);
    for event in case.cuts() {
        let ended = after(&[at(11, event.clone()), at(9, event.clone())]);
        assert_eq!(case.judge(&ended), Verdict::Dead, "{event:?}");
    }
}

#[test]
fn a_token_without_a_person_hangs_on_its_client_alone() {
    let case = Case::new(1);
    let handle = TokenHandle {
        on_behalf_of: None,
        ..case.handle()
    };
    for event in case.ends().into_iter().chain(case.cuts()) {
        let ended = after(&[at(11, event.clone())]);
        let concerns = matches!(
            event,
            Event::TokenRevoked { .. } | Event::ClientCut { .. } | Event::AllCut
        );
        let expected = if concerns { Verdict::Dead } else { ALIVE };
        assert_eq!(ended.judge(&handle, case.jti), expected, "{event:?}");
    }
}

#[test]
fn an_offline_token_outlives_its_session_but_not_its_grant() {
    let case = Case::new(1);
    let mut handle = case.handle();
    handle.on_behalf_of = Some(OnBehalfOf {
        session_id: None,
        ..case.person
    });
    let [session_ended, ..] = &case.ends()[..] else {
        unreachable!()
    };
    assert_eq!(
        after(&[at(11, session_ended.clone())]).judge(&handle, case.jti),
        ALIVE
    );
    for event in case.cuts() {
        let ended = after(&[at(11, event.clone())]);
        let left = matches!(event, Event::SessionLeft { .. });
        let expected = if left { ALIVE } else { Verdict::Dead };
        assert_eq!(ended.judge(&handle, case.jti), expected, "{event:?}");
    }
}

#[test]
fn leaving_one_client_in_a_session_concerns_that_client_there_only() {
    let case = Case::new(1);
    let user_id = case.person.user_id;
    let session_id = case.person.session_id.expect("set");
    let leave = |session_id, client_id| {
        after(&[at(
            11,
            Event::SessionLeft {
                session_id,
                user_id,
                client_id,
            },
        )])
    };
    let other = Case::new(2);
    assert_eq!(
        case.judge(&leave(session_id, case.client_id.clone())),
        Verdict::Dead
    );
    assert_eq!(
        case.judge(&leave(session_id, other.client_id.clone())),
        ALIVE
    );
    let elsewhere = other.person.session_id.expect("set");
    assert_eq!(case.judge(&leave(elsewhere, case.client_id.clone())), ALIVE);
}

#[test]
fn a_changed_grant_narrows_older_tokens_and_the_latest_change_wins() {
    let (case, stranger) = (Case::new(1), Case::new(2));
    let ended = after(&[at(10, case.changed("a"))]);
    assert_eq!(case.judge(&ended), ALIVE, "it knew of the change");
    let ended = after(&[at(11, case.changed("a b")), at(12, case.changed("a"))]);
    assert_eq!(case.judge(&ended), narrowed("a"));
    assert_eq!(stranger.judge(&ended), ALIVE);
    let ended = after(&[at(12, case.changed("a")), at(11, case.changed("a b"))]);
    assert_eq!(
        case.judge(&ended),
        narrowed("a"),
        "whatever order they come in"
    );
    let ended = after(&[at(9, case.changed("a")), at(12, case.changed("a b"))]);
    assert_eq!(case.judge(&ended), narrowed("a b"));
    let mut newer = case.handle();
    newer.position = Position(12);
    assert_eq!(ended.judge(&newer, case.jti), ALIVE);
}

#[test]
fn what_says_nothing_about_tokens_changes_nothing() {
    let case = Case::new(1);
    let client_id = case.client_id.clone();
    let ended = after(&[
        at(11, Event::ClientChanged { client_id }),
        at(12, Event::KeysChanged { revoked: None }),
        at(
            13,
            Event::ProfileChanged {
                user_id: case.person.user_id,
            },
        ),
    ]);
    assert_eq!(case.judge(&ended), ALIVE);
    assert!(ended.is_empty());
}

#[test]
fn an_entry_is_kept_for_its_time_and_forgotten_after_it() {
    let case = Case::new(1);
    let mut events = [case.ends(), case.cuts()].concat();
    events.push(case.changed("a"));
    for event in events {
        let ended = after(&[at(11, event.clone())]);
        ended.forget_before(ARRIVED);
        assert_eq!(ended.len(), 1, "{event:?}");
        // Said again a second later: kept a second longer, whatever it is stamped with.
        let said_again = LoggedEvent {
            at: NOW - Span::hours(2),
            ..at(12, event.clone())
        };
        ended.apply(&said_again, ARRIVED + Span::seconds(1));
        ended.forget_before(ARRIVED + Span::seconds(1));
        assert_eq!(ended.len(), 1, "{event:?}");
        ended.forget_before(ARRIVED + Span::millis(1001));
        assert!(ended.is_empty(), "{event:?}");
        assert_eq!(case.judge(&ended), ALIVE);
    }
    let ended = after(&[at(11, Event::AllCut)]);
    ended.clear();
    assert!(ended.is_empty());
}
