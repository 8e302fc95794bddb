//! Who hears what: a host and a program of one person, beside strangers.

use foundation::clock::Instant;
use foundation::digest::TokenDigest;
use foundation::entropy::SeededEntropy;
use foundation::id::{ClientId, FamilyId, GrantId, HistoryId, Mark, SessionId, UserId};

use super::*;
use crate::event::Event;

/// What is told to whoever listens at position 10, in short: `session_ended left`, with a dot behind
/// it where the stream is over.
fn told(watcher: &Watcher, event: &Event, position: i64) -> String {
    let logged = logged(event, position);
    let name = SessionEvent::of(&logged).map_or("", |event| event.name());
    match watcher.hears(&logged) {
        Hearing::Nothing => String::new(),
        Hearing::Told => name.to_owned(),
        Hearing::Closing => format!("{name}."),
    }
}

/// An event as it comes out of the log: the facts are those that `store` writes.
fn logged(event: &Event, position: i64) -> LoggedEvent {
    let mut facts = EventFacts::default();
    match event {
        Event::SessionEnded {
            session_id,
            user_id,
            reason,
        } => {
            facts.session_id = Some(*session_id);
            facts.user_id = Some(*user_id);
            facts.reason = Some(*reason);
        }
        Event::SessionLeft {
            session_id,
            user_id,
            client_id,
        }
        | Event::FamilyEnded {
            session_id,
            user_id,
            client_id,
            ..
        } => {
            facts.session_id = Some(*session_id);
            facts.user_id = Some(*user_id);
            facts.client_id = Some(client_id.clone());
        }
        Event::GrantEnded {
            user_id, client_id, ..
        }
        | Event::GrantChanged {
            user_id, client_id, ..
        } => {
            facts.user_id = Some(*user_id);
            facts.client_id = Some(client_id.clone());
        }
        Event::UserDisabled { user_id } => {
            facts.user_id = Some(*user_id);
            facts.reason = Some(EndReason::UserDisabled);
        }
        Event::UserTokensRevoked { user_id } => facts.user_id = Some(*user_id),
        Event::ClientTokensRevoked { client_id, reason } => {
            facts.client_id = Some(client_id.clone());
            facts.reason = Some(*reason);
        }
        Event::KeysChanged { revoked } => facts.is_key_revoked = revoked.is_some(),
        _ => {}
    }
    LoggedEvent {
        position: Position(position),
        at: Instant::from_seconds(1),
        kind: event.kind().to_owned(),
        effect: Ok(event.effect()),
        mark: Mark(1),
        facts,
    }
}

struct House {
    entropy: SeededEntropy,
}

impl House {
    fn watcher(&self, kind: WatchKind, client: &str, person: Option<OnBehalfOf>) -> Watcher {
        Watcher {
            kind,
            handle: TokenHandle {
                client_id: ClientId::parse(client).expect("an id"),
                on_behalf_of: person,
                number: 1,
                history: HistoryId(7),
                position: Position(10),
                opens_userinfo: true,
            },
            jti: TokenDigest::of(client),
        }
    }

    fn person(&self) -> OnBehalfOf {
        let now = Instant::from_millis(0);
        OnBehalfOf {
            user_id: UserId::new(now, &self.entropy),
            grant_id: GrantId::new(now, &self.entropy),
            session_id: Some(SessionId::new(now, &self.entropy)),
            family_id: Some(FamilyId::new(now, &self.entropy)),
        }
    }
}

/// What happens to a person at a program, in the session of `at`.
fn happenings(at: &OnBehalfOf, program: &Watcher) -> Vec<(&'static str, Event)> {
    let (user_id, session_id) = (at.user_id, at.session_id.expect("set"));
    let client_id = program.handle.client_id.clone();
    let here = program.handle.on_behalf_of.expect("a person");
    vec![
        (
            "signed out",
            Event::SessionEnded {
                session_id,
                user_id,
                reason: EndReason::Logout,
            },
        ),
        (
            "left",
            Event::SessionLeft {
                session_id,
                user_id,
                client_id: client_id.clone(),
            },
        ),
        (
            "withdrawn",
            Event::GrantEnded {
                grant_id: here.grant_id,
                user_id,
                client_id: client_id.clone(),
                reason: EndReason::Withdrawn,
            },
        ),
        (
            "narrowed",
            Event::GrantChanged {
                grant_id: here.grant_id,
                user_id,
                client_id: client_id.clone(),
                scopes: ScopeSet::default(),
                removed: ScopeSet::default(),
            },
        ),
        (
            "reused",
            Event::FamilyEnded {
                family_id: here.family_id.expect("set"),
                user_id,
                session_id,
                client_id: client_id.clone(),
                reason: EndReason::ReuseDetected,
            },
        ),
        ("disabled", Event::UserDisabled { user_id }),
        (
            "suspended",
            Event::ClientTokensRevoked {
                client_id: client_id.clone(),
                reason: EndReason::Suspended,
            },
        ),
        ("registration", Event::ClientChanged { client_id }),
        ("everything", Event::AllTokensRevoked),
        (
            "history",
            Event::HistoryRenewed {
                ends_sessions: true,
            },
        ),
        ("keys", Event::KeysChanged { revoked: None }),
    ]
}

#[test]
fn a_host_hears_of_its_session_and_a_program_of_itself_in_it() {
    let house = House {
        entropy: SeededEntropy::new(1),
    };
    let (ada, grant) = (house.person(), house.person());
    let at_market = OnBehalfOf {
        grant_id: grant.grant_id,
        family_id: grant.family_id,
        ..ada
    };
    let host = house.watcher(WatchKind::Host, "nova", Some(ada));
    let market = house.watcher(WatchKind::Program, "market", Some(at_market));
    let told: Vec<_> = happenings(&ada, &market)
        .iter()
        .map(|(what, event)| (*what, told(&host, event, 11), told(&market, event, 11)))
        .collect();
    let expected = [
        ("signed out", "session_ended.", "session_ended."),
        ("left", "session_ended", "session_ended."),
        ("withdrawn", "session_ended", "session_ended."),
        ("narrowed", "grant_changed", "grant_changed"),
        ("reused", "tokens_revoked", "tokens_revoked."),
        ("disabled", "session_ended.", "session_ended."),
        (
            "suspended",
            "mini_program_suspended",
            "mini_program_suspended.",
        ),
        ("registration", "", ""),
        ("everything", "tokens_revoked.", "tokens_revoked."),
        ("history", "token_expired.", "token_expired."),
        ("keys", "", ""),
    ];
    let expected = expected.map(|(what, host, market)| (what, host.to_owned(), market.to_owned()));
    assert_eq!(told, expected);
}

#[test]
fn nobody_hears_of_another_person_session_or_program() {
    let house = House {
        entropy: SeededEntropy::new(2),
    };
    let (ada, bob) = (house.person(), house.person());
    let market = house.watcher(WatchKind::Program, "market", Some(ada));
    let of_bob = [
        house.watcher(WatchKind::Host, "nova", Some(bob)),
        house.watcher(WatchKind::Program, "market", Some(bob)),
        house.watcher(WatchKind::Program, "taxi", Some(bob)),
        house.watcher(WatchKind::Backend, "market", None),
    ];
    let private = [
        "signed out",
        "left",
        "withdrawn",
        "narrowed",
        "reused",
        "disabled",
    ];
    for (what, event) in happenings(&ada, &market) {
        for watcher in of_bob.iter().filter(|_| private.contains(&what)) {
            assert_eq!(told(watcher, &event, 11), "", "{what}: {watcher:?}");
        }
    }
    let elsewhere = OnBehalfOf {
        session_id: bob.session_id,
        family_id: bob.family_id,
        ..ada
    };
    let elsewhere = house.watcher(WatchKind::Program, "market", Some(elsewhere));
    for (what, event) in happenings(&ada, &market) {
        let here_only = ["signed out", "left", "reused"].contains(&what);
        assert!(
            !here_only || told(&elsewhere, &event, 11).is_empty(),
            "{what}"
        );
    }
}

#[test]
fn what_happened_before_a_token_was_given_out_does_not_end_its_stream() {
    let house = House {
        entropy: SeededEntropy::new(3),
    };
    let ada = house.person();
    let market = house.watcher(WatchKind::Program, "market", Some(ada));
    let left = &happenings(&ada, &market)[1].1;
    assert_eq!(told(&market, left, 10), "");
    assert_eq!(told(&market, left, 11), "session_ended.");
    assert_eq!(market.missed_after(Position(3)), Position(10));
    let host = house.watcher(WatchKind::Host, "nova", Some(ada));
    assert_eq!(host.missed_after(Position(3)), Position(3));
}

#[test]
fn a_revoked_key_closes_every_stream() {
    let house = House {
        entropy: SeededEntropy::new(4),
    };
    let revoked = Event::KeysChanged {
        revoked: foundation::id::KeyId::parse("k1").ok(),
    };
    for watcher in [
        house.watcher(WatchKind::Host, "nova", Some(house.person())),
        house.watcher(WatchKind::Backend, "market", None),
    ] {
        assert_eq!(told(&watcher, &revoked, 11), "token_expired.");
    }
}

#[test]
fn every_reason_has_a_word_that_is_told() {
    let name = |reason| match SessionEvent::of_session_end(reason) {
        SessionEvent::SessionEnded(end) => end.word(),
        other => other.name(),
    };
    let told = [
        (EndReason::Logout, "logout"),
        (EndReason::Expired, "session_expired"),
        (EndReason::Operator, "operator"),
        (EndReason::CredentialChanged, "credential_changed"),
        (EndReason::ReuseDetected, "reuse_detected"),
        (EndReason::Replaced, "replaced"),
        (EndReason::UserChanged, "user_changed"),
        (EndReason::UserDisabled, "user_disabled"),
    ];
    for (reason, word) in told {
        assert_eq!(name(Some(reason)), word);
    }
    assert_eq!(name(None), "operator", "a reason from a newer version");
}
