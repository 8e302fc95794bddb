//! Which tokens which effect kills, by position.

use domain::event::effect::Reload;
use domain::token_handle::OnBehalfOf;
use foundation::clock::{Instant, Span};
use foundation::entropy::SeededEntropy;

use super::*;

const NOW: Instant = Instant::from_millis(1_795_205_032_000);

/// A token issued at position 10, and the effects that could concern it.
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
            history: foundation::id::HistoryId(7),
            position: Position(10),
            opens_userinfo: true,
        }
    }

    fn judge(&self, ended: &Ended) -> Verdict {
        ended.judge(&self.handle(), self.jti)
    }

    fn session_id(&self) -> SessionId {
        self.person.session_id.expect("set")
    }

    /// What ends something for good: a token of it is dead wherever that stands in the log.
    fn ends(&self) -> Vec<Effect> {
        let family_id = self.person.family_id.expect("set");
        [
            End::Session(self.session_id()),
            End::Family(family_id),
            End::Token(self.jti),
        ]
        .map(Effect::End)
        .to_vec()
    }

    /// What kills those that were issued before it.
    fn not_before(&self) -> Vec<NotBefore> {
        vec![
            NotBefore::Grant(self.person.grant_id),
            NotBefore::User(self.person.user_id),
            NotBefore::Client(self.client_id.clone()),
            self.client_in(self.session_id()),
            NotBefore::All,
            NotBefore::AccessTokens,
        ]
    }

    fn client_in(&self, session_id: SessionId) -> NotBefore {
        NotBefore::ClientInSession {
            session_id,
            client_id: self.client_id.clone(),
        }
    }

    fn narrowed_to(&self, scopes: &str) -> Effect {
        Effect::Narrow {
            grant_id: self.person.grant_id,
            scopes: set(scopes),
        }
    }
}

fn set(text: &str) -> ScopeSet {
    ScopeSet::parse(text).expect("scopes")
}

/// On the boot clock.
const ARRIVED: Span = Span::seconds(100);

fn after<'e>(effects: impl IntoIterator<Item = (i64, &'e Effect)>) -> Ended {
    let ended = Ended::default();
    for (position, effect) in effects {
        ended.apply(effect, Position(position), ARRIVED);
    }
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
    for effect in case.ends() {
        for position in [9, 10, 11] {
            let ended = after([(position, &effect)]);
            assert_eq!(
                case.judge(&ended),
                Verdict::Dead,
                "{effect:?} at {position}"
            );
            assert_eq!(stranger.judge(&ended), ALIVE, "{effect:?}");
        }
    }
}

#[test]
fn a_not_before_mark_kills_what_was_issued_before_it_only() {
    let (case, stranger) = (Case::new(1), Case::new(2));
    for target in case.not_before() {
        let effect = Effect::NotBefore(target.clone());
        for (position, verdict) in [(9, ALIVE), (10, ALIVE), (11, Verdict::Dead)] {
            let ended = after([(position, &effect)]);
            assert_eq!(case.judge(&ended), verdict, "{effect:?} at {position}");
            let bystander = match target {
                NotBefore::All | NotBefore::AccessTokens => verdict,
                _ => ALIVE,
            };
            assert_eq!(
                stranger.judge(&ended),
                bystander,
                "{effect:?} at {position}"
            );
        }
    }
}

#[test]
fn attack_50_a_later_mark_is_never_undone_by_an_earlier_one() {
    let case = Case::new(1);
    for target in case.not_before() {
        let effect = Effect::NotBefore(target);
        let ended = after([(11, &effect), (9, &effect)]);
        assert_eq!(case.judge(&ended), Verdict::Dead, "{effect:?}");
    }
}

#[test]
fn a_token_without_a_person_hangs_on_its_client_alone() {
    let case = Case::new(1);
    let handle = TokenHandle {
        on_behalf_of: None,
        ..case.handle()
    };
    let marks = case.not_before().into_iter().map(Effect::NotBefore);
    for effect in case.ends().into_iter().chain(marks) {
        let ended = after([(11, &effect)]);
        let concerns = matches!(
            effect,
            Effect::End(End::Token(_))
                | Effect::NotBefore(
                    NotBefore::Client(_) | NotBefore::All | NotBefore::AccessTokens
                )
        );
        let expected = if concerns { Verdict::Dead } else { ALIVE };
        assert_eq!(ended.judge(&handle, case.jti), expected, "{effect:?}");
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
    let session_ended = Effect::End(End::Session(case.session_id()));
    let ended = after([(11, &session_ended)]);
    assert_eq!(ended.judge(&handle, case.jti), ALIVE);
    for target in case.not_before() {
        let left = matches!(target, NotBefore::ClientInSession { .. });
        let effect = Effect::NotBefore(target);
        let ended = after([(11, &effect)]);
        let expected = if left { ALIVE } else { Verdict::Dead };
        assert_eq!(ended.judge(&handle, case.jti), expected, "{effect:?}");
    }
}

#[test]
fn leaving_one_client_in_a_session_concerns_that_client_there_only() {
    let (case, other) = (Case::new(1), Case::new(2));
    let here = case.session_id();
    for (left, verdict) in [
        (case.client_in(here), Verdict::Dead),
        (other.client_in(here), ALIVE),
        (case.client_in(other.session_id()), ALIVE),
    ] {
        let effect = Effect::NotBefore(left);
        assert_eq!(case.judge(&after([(11, &effect)])), verdict, "{effect:?}");
    }
}

#[test]
fn a_changed_grant_narrows_older_tokens_and_the_latest_change_wins() {
    let (case, stranger) = (Case::new(1), Case::new(2));
    let (less, more) = (case.narrowed_to("a"), case.narrowed_to("a b"));
    let ended = after([(10, &less)]);
    assert_eq!(case.judge(&ended), ALIVE, "it knew of the change");
    let ended = after([(11, &more), (12, &less)]);
    assert_eq!(case.judge(&ended), narrowed("a"));
    assert_eq!(stranger.judge(&ended), ALIVE);
    let ended = after([(12, &less), (11, &more)]);
    assert_eq!(
        case.judge(&ended),
        narrowed("a"),
        "whatever order they come in"
    );
    let ended = after([(9, &less), (12, &more)]);
    assert_eq!(case.judge(&ended), narrowed("a b"));
    let mut newer = case.handle();
    newer.position = Position(12);
    assert_eq!(ended.judge(&newer, case.jti), ALIVE);
}

#[test]
fn what_says_nothing_about_tokens_changes_nothing() {
    let case = Case::new(1);
    for reload in [
        Reload::Client(case.client_id.clone()),
        Reload::Keys,
        Reload::Profile(case.person.user_id),
    ] {
        let ended = after([(11, &Effect::Reload(reload))]);
        assert_eq!(case.judge(&ended), ALIVE);
        assert!(ended.is_empty());
    }
}

#[test]
fn an_entry_is_kept_for_its_time_and_forgotten_after_it() {
    let case = Case::new(1);
    let marks = case.not_before().into_iter().map(Effect::NotBefore);
    let effects = case.ends().into_iter().chain(marks);
    for effect in effects.chain([case.narrowed_to("a")]) {
        let ended = after([(11, &effect)]);
        ended.forget_before(ARRIVED);
        assert_eq!(ended.len(), 1, "{effect:?}");
        // Said again a second later: kept a second longer.
        ended.apply(&effect, Position(12), ARRIVED + Span::seconds(1));
        ended.forget_before(ARRIVED + Span::seconds(1));
        assert_eq!(ended.len(), 1, "{effect:?}");
        ended.forget_before(ARRIVED + Span::millis(1001));
        assert!(ended.is_empty(), "{effect:?}");
        assert_eq!(case.judge(&ended), Verdict::Unknown, "it is from before");
        let mut newer = case.handle();
        newer.position = Position(12);
        assert_eq!(ended.judge(&newer, case.jti), ALIVE);
    }
    let ended = after([(11, &Effect::NotBefore(NotBefore::All))]);
    ended.clear();
    assert!(ended.is_empty());
}

#[test]
fn memory_speaks_for_no_token_from_before_what_it_knows() {
    let case = Case::new(1);
    let ended = Ended::default();
    for (after, verdict) in [(9, ALIVE), (10, ALIVE), (11, Verdict::Unknown)] {
        ended.knows_all_after(Position(after));
        assert_eq!(case.judge(&ended), verdict, "after {after}");
    }
    ended.apply(&case.ends()[0], Position(12), ARRIVED);
    assert_eq!(case.judge(&ended), Verdict::Dead, "dead is dead");
    ended.clear();
    assert_eq!(case.judge(&ended), Verdict::Unknown, "it was emptied");
    ended.knows_all_after(Position(10));
    assert_eq!(case.judge(&ended), ALIVE);
}
