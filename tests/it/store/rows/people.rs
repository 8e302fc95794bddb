//! Users, identities, profiles, subjects, throttles, sessions.

use domain::authentication::Authentication;
use domain::identity::{Identity, IdentityKind, readings};
use domain::profile::{Address, Profile};
use domain::session::EndReason;
use domain::user::User;
use foundation::clock::Span;
use foundation::id::{Subject, UserId};
use store::Store;
use store::users::UserFilter;

use super::super::database::Database;
use super::super::fixture::{self, NOW, digest, entropy, read, write};

fn added(store: &Store) -> User {
    let user = fixture::user();
    let row = user.clone();
    assert!(write(store, move |tx| store::users::insert(tx, &row)));
    user
}

on_both_databases! {
    fn users(database: &Database) {
        let store = database.open();
        let user = added(&store);
        let id = user.id;
        let taken = User {
            id: UserId::new(NOW, &entropy()),
            ..user.clone()
        };
        assert!(
            !write(&store, move |tx| store::users::insert(tx, &taken)),
            "the name is taken"
        );
        assert_eq!(
            read(&store, |db| store::users::find(db, id)),
            Some(user.clone())
        );
        let name = user.username.clone();
        assert_eq!(
            read(&store, |db| store::users::find_by_username(db, &name)),
            Some(user.clone())
        );
        assert_eq!(
            read(&store, |db| store::users::find_by_username(db, "nobody")),
            None
        );

        let off =
            move |tx: &mut store::Transaction<'_>| store::users::set_disabled(tx, id, Some(NOW));
        assert!(
            write(&store, off) && !write(&store, off),
            "switched off once"
        );
        assert!(write(&store, move |tx| store::users::set_disabled(
            tx, id, None
        )));
        assert!(write(&store, move |tx| store::users::set_password(
            tx,
            id,
            "$argon2id$new"
        )));
        assert!(write(&store, move |tx| store::users::set_language(
            tx,
            id,
            Some("be")
        )));
        let changed = User {
            password_hash: Some("$argon2id$new".into()),
            language: Some("be".into()),
            ..user
        };
        assert_eq!(read(&store, |db| store::users::list(db, &UserFilter::default(), 10)), [changed]);
    }

    fn users_are_listed_and_found_by_what_they_sign_in_with(database: &Database) {
        let store = database.open();
        for (name, email) in [("bert", "b@x.example"), ("ada", "ada@example.org"), ("adam", "x@y.example")] {
            let user = User { username: name.to_owned(), ..fixture::user() };
            let identities = [(IdentityKind::Username, name), (IdentityKind::Email, email)];
            write(&store, move |tx| {
                store::users::insert(tx, &user)?;
                for (kind, value) in identities {
                    let identity = Identity { kind, value: value.to_owned(), verified_at: None };
                    store::identities::insert(tx, user.id, &identity)?;
                }
                Ok(())
            });
        }
        let list = |search: Option<&str>, after: Option<&str>, limit| {
            let filter = UserFilter {
                search: search.map(str::to_owned),
                after: after.map(str::to_owned),
            };
            let found = read(&store, |db| store::users::list(db, &filter, limit));
            found.into_iter().map(|user| user.username).collect::<Vec<_>>()
        };
        assert_eq!(list(None, None, 2), ["ada", "adam"]);
        assert_eq!(list(None, Some("adam"), 2), ["bert"]);
        assert_eq!(list(Some("EXAMPLE.ORG"), None, 10), ["ada"]);
        assert_eq!(list(Some("ada"), None, 10), ["ada", "adam"]);
        assert_eq!(list(Some("%"), None, 10), [""; 0]);

        let ada = read(&store, |db| store::users::find_by_username(db, "ada")).expect("there").id;
        assert_eq!(write(&store, move |tx| store::identities::remove(tx, ada, IdentityKind::Email)), 1);
        assert_eq!(list(Some("example.org"), None, 10), [""; 0]);
        assert!(write(&store, move |tx| store::users::delete(tx, ada)));
        assert!(!write(&store, move |tx| store::users::delete(tx, ada)), "once");
        assert_eq!(list(None, None, 10), ["adam", "bert"]);
    }

    fn identities(database: &Database) {
        let store = database.open();
        let (ada, ben) = (added(&store), added(&store));
        let email = |value: &str, verified_at| Identity {
            kind: IdentityKind::Email,
            value: value.to_owned(),
            verified_at,
        };
        let hers = email("ada@example.org", Some(NOW));
        let insert = |user: UserId, identity: &Identity| {
            let identity = identity.clone();
            write(&store, move |tx| {
                store::identities::insert(tx, user, &identity)
            })
        };
        assert!(insert(ada.id, &hers));
        assert!(!insert(ben.id, &hers), "it is taken");
        assert!(insert(ben.id, &email("ben@example.org", None)));
        assert_eq!(
            read(&store, |db| store::identities::of_user(db, ada.id)),
            [hers]
        );
        let find = |typed: &str| {
            let found = read(&store, |db| {
                store::identities::find_user(db, &readings(typed))
            });
            found.map(|user| user.id)
        };
        assert_eq!(find(" Ada@Example.org"), Some(ada.id));
        assert_eq!(find("carl@example.org"), None);
        let both = [
            (IdentityKind::Phone, "+1".into()),
            (IdentityKind::Email, "ben@example.org".into()),
        ];
        let found = read(&store, |db| store::identities::find_user(db, &both));
        assert_eq!(
            found.map(|user| user.id),
            Some(ben.id),
            "the first that exists"
        );
    }

    fn profiles(database: &Database) {
        let store = database.open();
        let id = added(&store).id;
        assert_eq!(read(&store, |db| store::profiles::find(db, id)), None);
        let profile = Profile {
            name: Some("Ada Lovelace".into()),
            addresses: vec![Address {
                label: Some("Home".into()),
                ..Address::default()
            }],
            ..Profile::default()
        };
        for (name, now) in [("Ada Lovelace", NOW), ("Ада", NOW + Span::days(1))] {
            let put = Profile {
                name: Some(name.into()),
                ..profile.clone()
            };
            let expected = Profile {
                changed_at: Some(now),
                ..put.clone()
            };
            write(&store, move |tx| store::profiles::put(tx, id, &put, now));
            assert_eq!(
                read(&store, |db| store::profiles::find(db, id)),
                Some(expected)
            );
        }
    }

    fn subjects_belong_to_one_user_of_a_sector(database: &Database) {
        let store = database.open();
        let (ada, ben) = (added(&store).id, added(&store).id);
        let subject = Subject::random(&entropy());
        let put = |user: UserId, sector: &'static str| {
            let subject = subject.clone();
            store.write_blocking(move |tx| store::subjects::put(tx, user, sector, &subject))
        };
        assert_eq!(put(ada, "client a").expect("it is given").value, subject);
        assert!(put(ben, "client a").is_err(), "it is somebody else's");
        assert_eq!(put(ben, "client b").expect("another sector").value, subject);
        assert_eq!(
            read(&store, |db| store::subjects::find(db, ben, "client a")),
            None
        );
        let found = read(&store, |db| {
            store::subjects::find_user(db, "client b", &subject)
        });
        assert_eq!(found, Some(ben));
    }

    fn of_a_users_subjects_in_a_sector_one_is_current_and_all_lead_to_them(database: &Database) {
        let store = database.open();
        let (ada, sector) = (added(&store).id, "client a");
        let (old, new) = (Subject::random(&entropy()), Subject::random(&entropy()));
        let put = |subject: Subject| {
            write(&store, move |tx| store::subjects::put(tx, ada, sector, &subject))
        };
        assert_eq!(put(old.clone()), old);
        assert_eq!(put(new.clone()), old, "the current one stays");
        database.beside().run("UPDATE subjects SET retired_at = 1");
        assert_eq!(read(&store, |db| store::subjects::find(db, ada, sector)), None);
        assert_eq!(put(new.clone()), new);
        for subject in [old, new] {
            let found = read(&store, |db| store::subjects::find_user(db, sector, &subject));
            assert_eq!(found, Some(ada));
        }
    }

    fn throttles_and_known_browsers(database: &Database) {
        let store = database.open();
        let (user, key, browser) = (added(&store).id, digest(), digest());
        let take = |now| write(&store, move |tx| store::sign_in_throttles::take(tx, key, now));
        let waits: Vec<_> = (0..7).map(|_| take(NOW).map(Span::as_seconds)).collect();
        assert_eq!(waits, [None, None, None, None, None, None, Some(1)]);
        let in_a_second = NOW + Span::seconds(1);
        assert_eq!((take(in_a_second), take(in_a_second)), (None, Some(Span::seconds(2))));
        let hour_ago = NOW - Span::hours(1);
        let set_back: Vec<_> = (0..2).map(|_| take(hour_ago).map(Span::as_seconds)).collect();
        assert_eq!(set_back, [None, Some(4)], "a clock that was set back locks nobody out");
        write(&store, move |tx| store::sign_in_throttles::clear(tx, key));
        assert_eq!(
            read(&store, |db| store::sign_in_throttles::find(db, key)),
            None
        );
        assert_eq!(take(NOW), None);
        assert_eq!(
            write(&store, move |tx| store::sign_in_throttles::purge(tx, NOW)),
            0
        );
        let later = NOW + Span::millis(1);
        assert_eq!(
            write(&store, move |tx| store::sign_in_throttles::purge(tx, later)),
            1
        );

        let knows = |user| read(&store, |db| store::known_browsers::knows(db, browser, user));
        assert!(!knows(user));
        for now in [NOW, later] {
            write(&store, move |tx| {
                store::known_browsers::insert(tx, browser, user, now)
            });
        }
        assert!(knows(user) && !knows(UserId::new(NOW, &entropy())));
        assert_eq!(
            write(&store, move |tx| store::known_browsers::purge(tx, later)),
            0,
            "seen again"
        );
    }

    fn sessions(database: &Database) {
        let store = database.open();
        let user = added(&store);
        let (session, cookie) = (fixture::session(&user), digest());
        let (id, row) = (session.id, session.clone());
        write(&store, move |tx| store::sessions::insert(tx, &row, cookie));
        let by_cookie = |cookie| read(&store, |db| store::sessions::find_by_cookie(db, cookie));
        assert_eq!(by_cookie(cookie), Some((session.clone(), user.clone())));
        assert_eq!(by_cookie(digest()), None);

        let (later, end) = (NOW + Span::minutes(1), NOW + Span::days(31));
        write(&store, move |tx| store::sessions::touch(tx, id, later, end));
        write(&store, move |tx| store::sessions::touch(tx, id, NOW, NOW));
        let touched = domain::session::Session {
            last_seen_at: later,
            expires_at: end,
            ..session
        };
        assert_eq!(
            read(&store, |db| store::sessions::find(db, id)),
            Some(touched),
            "time goes forward"
        );

        let new = digest();
        assert!(write(&store, move |tx| store::sessions::reauthenticated(
            tx, id, new, &Authentication::by_password(later), end
        )));
        assert_eq!(by_cookie(cookie), None, "the old cookie opens nothing");
        let by_password = Authentication::by_password(later);
        assert_eq!(by_cookie(new).map(|(s, _)| s.authentication), Some(by_password.clone()));

        assert_eq!(read(&store, store::sessions::next_expiry), Some(end));
        let expiring = |at| read(&store, |db| store::sessions::expiring(db, at, 10)).len();
        assert_eq!((expiring(end - Span::millis(1)), expiring(end)), (0, 1));
        let live = |at| read(&store, |db| store::sessions::live_of_user(db, user.id, at)).len();
        assert_eq!((live(end - Span::millis(1)), live(end)), (1, 0));

        assert!(write(&store, move |tx| store::sessions::end(
            tx,
            id,
            later,
            EndReason::Operator
        )));
        let ended = read(&store, |db| store::sessions::find(db, id)).expect("it stays as history");
        assert_eq!(ended.ended, Some((later, EndReason::Operator)));
        assert_eq!(
            (
                live(NOW),
                expiring(end),
                read(&store, store::sessions::next_expiry)
            ),
            (0, 0, None)
        );
        let again = move |tx: &mut store::Transaction<'_>| {
            store::sessions::reauthenticated(tx, id, digest(), &by_password, end)
        };
        assert!(!write(&store, again), "what has ended never comes back");
    }

    fn a_row_that_cannot_be_read_says_where_it_is(database: &Database) {
        let store = database.open();
        let user = added(&store);
        let session = fixture::session(&user);
        let (id, cookie) = (session.id, digest());
        write(&store, move |tx| {
            store::sessions::insert(tx, &session, cookie)
        });
        database
            .beside()
            .run("UPDATE sessions SET ended_at = 1, end_reason = 'whim'");
        let fault = store
            .read_blocking(|db| store::sessions::find(db, id))
            .expect_err("it is broken");
        let hex: String = id
            .as_bytes()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let expected = format!("table sessions, row {hex}, column end_reason is broken");
        assert_eq!(fault.to_string(), expected);
        assert!(!fault.is_unavailable());
    }
}
