//! What happens once happens once, however many ask at the same moment.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::thread;

use domain::one_time_credential::OneTimeKind;
use domain::refresh_retry::Superseded;
use domain::session::EndReason;
use foundation::clock::Span;
use foundation::fault::Fault;
use foundation::id::Subject;
use store::{Store, Transaction};

use super::database::Database;
use super::fixture::{self, Household, NOW, digest, read, write};

const THREADS: usize = 64;

/// Runs a write on many threads at once and counts those that got `true`.
fn winners(
    store: &Store,
    f: impl Fn(&mut Transaction<'_>) -> Result<bool, Fault> + Clone + Send + Sync + 'static,
) -> usize {
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        let racers: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    write(store, f.clone())
                })
            })
            .collect();
        let answers = racers
            .into_iter()
            .map(|racer| racer.join().expect("it answers"));
        answers.filter(|won| *won).count()
    })
}

on_both_databases! {
    fn a_code_is_redeemed_once(database: &Database) {
        let store = database.open();
        let home = Household::new(&store);
        let (code, kind) = (home.code, OneTimeKind::AuthorizationCode);
        assert_eq!(
            winners(&store, move |tx| store::one_time_credentials::use_up(tx, kind, code, NOW)),
            1
        );
        let found = read(&store, |db| store::one_time_credentials::find_with_family(db, kind, code));
        let (credential, _) = found.expect("it is there");
        assert_eq!(credential.used_at, Some(NOW));
    }

    fn a_session_a_grant_and_a_family_end_once(database: &Database) {
        let store = database.open();
        let home = Household::new(&store);
        let (session, grant, family) = (home.session.id, home.grant.id, home.family.id);
        let reason = EndReason::Revoked;
        assert_eq!(
            winners(&store, move |tx| store::token_families::end(
                tx, family, NOW, reason
            )),
            1
        );
        assert_eq!(
            winners(&store, move |tx| store::grants::end(tx, grant, NOW)),
            1
        );
        assert_eq!(
            winners(&store, move |tx| store::sessions::end(
                tx, session, NOW, reason
            )),
            1
        );
    }

    fn a_refresh_token_has_one_successor(database: &Database) {
        let store = database.open();
        let home = Household::new(&store);
        let token = fixture::refresh_token(&home.family);
        let old = token.digest;
        write(&store, move |tx| store::refresh_tokens::insert(tx, &token));
        let won = winners(&store, move |tx| {
            let superseded = Superseded {
                at: NOW,
                request: digest(),
                sealed_answer: Some(vec![1, 2, 3]),
                successor: digest(),
            };
            store::refresh_tokens::supersede(tx, old, &superseded)
        });
        assert_eq!(won, 1);
        assert!(read(&store, |db| store::refresh_tokens::is_used(db, old)));
    }

    fn a_pair_has_one_live_grant(database: &Database) {
        let store = database.open();
        let (user, client) = (fixture::user(), fixture::client());
        write(&store, {
            let (user, client) = (user.clone(), client.clone());
            move |tx| {
                store::users::insert(tx, &user)?;
                store::clients::insert(tx, &client)
            }
        });
        let insert = {
            let (user, client) = (user.clone(), client.clone());
            move |tx: &mut Transaction<'_>| {
                let won = store::grants::insert(tx, &fixture::grant(&user, &client))?;
                // The one who lost can go on in the same transaction.
                let live = store::grants::live(tx, user.id, &client.id)?;
                assert!(live.is_some(), "the live grant is seen by everybody");
                Ok(won)
            }
        };
        assert_eq!(winners(&store, insert.clone()), 1);
        let live =
            read(&store, |db| store::grants::live(db, user.id, &client.id)).expect("it is there");
        write(&store, move |tx| store::grants::end(tx, live.id, NOW));
        assert_eq!(
            winners(&store, insert),
            1,
            "an ended grant is history, and makes room"
        );
    }

    fn a_subject_is_given_once_and_everybody_gets_the_same(database: &Database) {
        let store = database.open();
        let user = fixture::user();
        let id = user.id;
        write(&store, move |tx| store::users::insert(tx, &user));
        let start = Barrier::new(THREADS);
        let given: BTreeSet<Subject> = thread::scope(|scope| {
            let racers: Vec<_> = (0..THREADS)
                .map(|_| {
                    scope.spawn(|| {
                        let mine = Subject::random(&fixture::entropy());
                        start.wait();
                        write(&store, move |tx| {
                            store::subjects::put(tx, id, "client a", &mine)
                        })
                    })
                })
                .collect();
            racers
                .into_iter()
                .map(|racer| racer.join().expect("it answers"))
                .collect()
        });
        assert_eq!(given.len(), 1);
        let subject = given.first().expect("one");
        let found = read(&store, |db| {
            store::subjects::find_user(db, "client a", subject)
        });
        assert_eq!(found, Some(id));
    }

    fn parallel_guesses_get_no_more_tries_than_one_after_another(database: &Database) {
        let store = database.open();
        let key = digest();
        let taken = winners(&store, move |tx| {
            Ok(store::sign_in_throttles::take(tx, key, NOW)?.is_none())
        });
        assert_eq!(taken, 6, "five are free, and one starts the wait");
        let throttle =
            read(&store, |db| store::sign_in_throttles::find(db, key)).expect("it is there");
        assert_eq!(
            (throttle.failures, throttle.wait(NOW)),
            (6, Some(Span::seconds(1)))
        );
    }

    fn an_assertion_is_used_once(database: &Database) {
        let store = database.open();
        let jti = digest();
        assert_eq!(
            winners(&store, move |tx| store::used_jti::insert(tx, jti, NOW)),
            1
        );
    }

    fn the_master_key_is_settled_once(database: &Database) {
        let store = database.open();
        let set = |tx: &mut Transaction<'_>| {
            let mine = digest();
            store::installation::lock(tx)?;
            store::installation::set_master_key_fingerprint(tx, mine.as_bytes())
        };
        assert_eq!(winners(&store, set), 1);
    }
}
