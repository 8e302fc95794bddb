//! What kills an access token, and what a token family rests on, asked of the tables.

use domain::event::Event;
use domain::mini_program::MiniProgramState;
use domain::session::EndReason;
use domain::token_handle::TokenHandle;
use foundation::clock::Span;
use foundation::id::{HistoryId, Position};
use store::liveness::{Liveness, of_handle};
use store::{Store, Transaction};

use super::database::Database;
use super::fixture::{self, Household, NOW, digest, read, scopes, write};

fn append(store: &Store, event: Event) -> Position {
    let written = store.write_blocking(move |tx| {
        tx.append(event);
        Ok(())
    });
    written
        .expect("it is written")
        .position
        .expect("it has a position")
}

fn judge(store: &Store, handle: &TokenHandle) -> Liveness {
    read(store, |db| of_handle(db, handle, digest()))
}

fn alive(names: &str) -> Liveness {
    Liveness::Alive {
        grant_scope: Some(scopes(names)),
    }
}

fn stands(store: &Store, home: &Household) -> bool {
    read(store, |db| {
        store::token_families::standing(db, &home.family, NOW)
    })
    .is_some()
}

/// An event that kills what was given to a household before.
type Mark = fn(&Household) -> Event;

/// What can be done to a household that ends its tokens, each by the rows alone.
type Deed = fn(&mut Transaction<'_>, &Household) -> Result<bool, foundation::fault::Fault>;

const ENDS: [(&str, Deed); 5] = [
    ("session", |tx, h| {
        store::sessions::end(tx, h.session.id, NOW, EndReason::Logout)
    }),
    ("grant", |tx, h| store::grants::end(tx, h.grant.id, NOW)),
    ("user", |tx, h| {
        store::users::set_disabled(tx, h.user.id, Some(NOW))
    }),
    ("client", |tx, h| {
        store::clients::set_state(tx, &h.client.id, MiniProgramState::Suspended, NOW)
    }),
    ("deleted client", |tx, h| {
        store::clients::delete(tx, &h.client.id)
    }),
];

on_both_databases! {
    fn a_token_stands_with_what_its_grant_allows_now(database: &Database) {
        let store = database.open();
        let home = Household::new(&store);
        let handle = home.handle(Position(0));
        assert_eq!(judge(&store, &handle), alive("openid profile"));
        let id = home.grant.id;
        write(&store, move |tx| {
            store::grants::set_scopes(tx, id, &fixture::granted("openid"), NOW)
        });
        assert_eq!(judge(&store, &handle), alive("openid"));
        let of_another_history = TokenHandle {
            history: HistoryId(7),
            ..handle.clone()
        };
        assert_eq!(judge(&store, &of_another_history), Liveness::Dead);
        let nobodys = TokenHandle {
            on_behalf_of: None,
            ..handle
        };
        assert_eq!(
            judge(&store, &nobodys),
            Liveness::Alive { grant_scope: None }
        );
    }

    fn whatever_it_rests_on_takes_it_along(database: &Database) {
        let store = database.open();
        for (what, deed) in ENDS {
            let (home, bystander) = (Household::new(&store), Household::new(&store));
            let (handle, other) = (home.handle(Position(0)), bystander.handle(Position(0)));
            assert_eq!(judge(&store, &handle), alive("openid profile"));
            assert!(stands(&store, &home));
            let id = (home.family.clone(), home.handle(Position(0)));
            assert!(write(&store, move |tx| deed(tx, &home)), "{what}");
            assert_eq!(judge(&store, &id.1), Liveness::Dead, "{what}");
            let standing = read(&store, |db| store::token_families::standing(db, &id.0, NOW));
            assert_eq!(standing, None, "{what}");
            assert_eq!(judge(&store, &other), alive("openid profile"), "{what}");
            assert!(stands(&store, &bystander), "{what}");
        }
    }

    fn the_end_of_its_family_kills_a_token(database: &Database) {
        let store = database.open();
        let home = Household::new(&store);
        let (id, reason) = (home.family.id, EndReason::ReuseDetected);
        assert!(write(&store, move |tx| store::token_families::end(
            tx, id, NOW, reason
        )));
        assert_eq!(judge(&store, &home.handle(Position(0))), Liveness::Dead);
    }

    fn only_an_offline_family_outlives_its_session(database: &Database) {
        let store = database.open();
        let (offline, bound) = (Household::offline(&store), Household::new(&store));
        let id = offline.session.id;
        write(&store, move |tx| {
            store::sessions::end(tx, id, NOW, EndReason::Logout)
        });
        assert!(stands(&store, &offline));
        assert_eq!(
            judge(&store, &offline.handle(Position(0))),
            alive("openid profile")
        );
        let late = bound.session.expires_at;
        let stands = |at| {
            read(&store, |db| {
                store::token_families::standing(db, &bound.family, at)
            })
            .is_some()
        };
        assert!(stands(late - Span::millis(1)));
        assert!(!stands(late));
    }

    fn a_not_before_mark_kills_what_was_given_out_before_it_only(database: &Database) {
        let store = database.open();
        let marks: [(&str, Mark); 5] = [
            ("user", |h| Event::UserTokensRevoked { user_id: h.user.id }),
            ("disabled user", |h| Event::UserDisabled {
                user_id: h.user.id,
            }),
            ("client", |h| Event::ClientTokensRevoked {
                client_id: h.client.id.clone(),
                reason: EndReason::Operator,
            }),
            ("grant", |h| Event::GrantEnded {
                grant_id: h.grant.id,
                user_id: h.user.id,
                client_id: h.client.id.clone(),
                reason: EndReason::Withdrawn,
            }),
            ("all", |_| Event::AllTokensRevoked),
        ];
        for (what, mark) in marks {
            let (home, bystander) = (Household::offline(&store), Household::new(&store));
            let before = append(
                &store,
                Event::ClientChanged {
                    client_id: home.client.id.clone(),
                },
            );
            let position = append(&store, mark(&home));
            assert_eq!(
                judge(&store, &home.handle(before)),
                Liveness::Dead,
                "{what}"
            );
            assert_eq!(
                judge(&store, &home.handle(position)),
                alive("openid profile"),
                "{what}"
            );
            assert!(!stands(&store, &home), "a family that began before: {what}");
            let everybody = what == "all";
            assert_eq!(stands(&store, &bystander), !everybody, "{what}");
            let theirs = judge(&store, &bystander.handle(before));
            assert_eq!(theirs == Liveness::Dead, everybody, "{what}");
            // What is authorized afterwards stands.
            let later = fixture::family(&home.grant, &home.session, true);
            let family = later.clone();
            write(&store, move |tx| {
                let begins = store::events::end(tx)?;
                store::token_families::insert(tx, &family, begins)
            });
            let standing = read(&store, |db| {
                store::token_families::standing(db, &later, NOW)
            });
            assert!(standing.is_some(), "{what}");
        }
    }

    /// Re-releasing a suspended mini-program never revives old tokens.
    fn what_was_given_to_a_suspended_program_does_not_come_back(database: &Database) {
        let store = database.open();
        let home = Household::offline(&store);
        let client = home.client.id.clone();
        let suspended = store.write_blocking(move |tx| {
            store::clients::set_state(tx, &client, MiniProgramState::Suspended, NOW)?;
            tx.append(Event::ClientTokensRevoked {
                client_id: client,
                reason: EndReason::Suspended,
            });
            Ok(())
        });
        assert!(suspended.is_ok());
        let client = home.client.id.clone();
        write(&store, move |tx| {
            store::clients::set_state(tx, &client, MiniProgramState::Released, NOW)
        });
        assert_eq!(judge(&store, &home.handle(Position(0))), Liveness::Dead);
        assert!(!stands(&store, &home));
    }

    fn leaving_one_client_kills_what_this_session_gave_it(database: &Database) {
        let store = database.open();
        let (home, offline) = (Household::new(&store), Household::offline(&store));
        for home in [&home, &offline] {
            append(
                &store,
                Event::SessionLeft {
                    session_id: home.session.id,
                    user_id: home.user.id,
                    client_id: home.client.id.clone(),
                },
            );
        }
        assert_eq!(judge(&store, &home.handle(Position(0))), Liveness::Dead);
        assert_eq!(
            judge(&store, &home.handle(Position(9))),
            alive("openid profile")
        );
        assert_eq!(
            judge(&store, &offline.handle(Position(0))),
            alive("openid profile")
        );
        assert!(!stands(&store, &home), "the families die by that event alone");
        assert!(stands(&store, &offline));
        let (session, client) = (home.session.id, home.client.id.clone());
        let ended = write(&store, move |tx| {
            let reason = EndReason::Logout;
            store::token_families::end_of_session_and_client(tx, session, &client, NOW, reason)
        });
        assert_eq!(ended, 1);
    }

    fn a_revoked_token_is_dead_whatever_its_position(database: &Database) {
        let store = database.open();
        let home = Household::new(&store);
        let jti = digest();
        append(
            &store,
            Event::TokenRevoked {
                token: jti,
                client_id: home.client.id.clone(),
                user_id: Some(home.user.id),
                session_id: Some(home.session.id),
            },
        );
        let handle = home.handle(Position(100));
        let verdict = read(&store, |db| of_handle(db, &handle, jti));
        assert_eq!(verdict, Liveness::Dead);
        assert_eq!(judge(&store, &handle), alive("openid profile"));
    }

    /// The rows that it rests on say nothing: the log alone does, and that is enough.
    fn what_the_log_ends_is_dead_for_all_who_ask_the_tables(database: &Database) {
        let store = database.open();
        let home = || Household::new(&store);
        let handle = |home: &Household| home.handle(Position(1000));
        let (by_session, by_family) = (home(), home());
        append(&store, Event::SessionEnded {
            session_id: by_session.session.id,
            user_id: by_session.user.id,
            reason: EndReason::Logout,
        });
        append(&store, Event::FamilyEnded {
            family_id: by_family.family.id,
            user_id: by_family.user.id,
            session_id: by_family.session.id,
            client_id: by_family.client.id.clone(),
            reason: EndReason::Revoked,
        });
        for home in [&by_session, &by_family] {
            assert_eq!(judge(&store, &handle(home)), Liveness::Dead);
            assert!(!stands(&store, home));
        }
        let bystander = home();
        assert_eq!(judge(&store, &handle(&bystander)), alive("openid profile"));
        assert!(stands(&store, &bystander));
    }

    /// Access tokens die; the families that gave them stand and give new ones.
    fn a_mark_for_access_tokens_spares_families(database: &Database) {
        let store = database.open();
        let home = Household::new(&store);
        database.beside().run(
            "INSERT INTO events (at, kind, detail, effect, target, effect_version)
             VALUES (0, 'clock_set_back', '{}', 'not_before', 'access_tokens', 1)",
        );
        assert_eq!(judge(&store, &home.handle(Position(0))), Liveness::Dead);
        let end = read(&store, store::events::end);
        assert_eq!(judge(&store, &home.handle(end)), alive("openid profile"));
        assert!(stands(&store, &home));
    }

    fn nothing_is_judged_while_the_log_needs_a_newer_program(database: &Database) {
        let store = database.open();
        let home = Household::new(&store);
        let mut beside = database.beside();
        beside.run(
            "INSERT INTO events (at, kind, detail, effect, target, effect_version)
             VALUES (0, 'moon_landed', '{}', 'end', 'moon', 2)",
        );
        let handle = home.handle(Position(1000));
        let judged = store.read_blocking(|db| of_handle(db, &handle, digest()));
        assert!(judged.expect_err("it does not guess").is_unavailable());
        let judged = store
            .read_blocking(|db| store::token_families::standing(db, &home.family, NOW));
        assert!(judged.expect_err("it does not guess").is_unavailable());
        beside.run("DELETE FROM events WHERE kind = 'moon_landed'");
        assert_eq!(judge(&store, &handle), alive("openid profile"));
    }
}
