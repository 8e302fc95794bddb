//! What families begin with, how long they and their sessions stay, and who took part in a session.

use domain::one_time_credential::{OneTimeCredential, OneTimeKind};
use domain::participant::Participant;
use domain::session::EndReason;
use foundation::clock::Span;
use store::participants::Noted;
use store::token_families::KnownParticipant;

use super::super::database::Database;
use super::super::fixture::{self, Household, NOW, read, write};

on_both_databases! {
    fn one_time_credentials(database: &Database) {
        let store = database.open();
        let home = Household::new(&store);
        let (digest, kind) = (home.code, OneTimeKind::AuthorizationCode);
        let find = |digest| {
            read(&store, |db| store::one_time_credentials::find_with_family(db, kind, digest))
        };
        let code = fixture::code(&home.family, digest);
        assert_eq!(find(digest), Some((code, home.family.clone())));
        assert_eq!(find(fixture::digest()), None);

        let use_up = |now| {
            write(&store, move |tx| store::one_time_credentials::use_up(tx, kind, digest, now))
        };
        assert!(!use_up(code.expires_at), "one that has run out");
        assert!(use_up(NOW) && !use_up(NOW), "once");
        let used = OneTimeCredential { used_at: Some(NOW), ..code };
        assert_eq!(find(digest), Some((used, home.family.clone())), "it is known when it comes again");
    }

    fn families_go_when_they_are_over_or_when_nobody_began_to_use_them(database: &Database) {
        let store = database.open();
        let (used, unused) = (Household::new(&store), Household::new(&store));
        let (kind, code, token) = (
            OneTimeKind::AuthorizationCode,
            used.code,
            fixture::refresh_token(&used.family),
        );
        let digest_of_token = token.digest;
        write(&store, move |tx| {
            store::refresh_tokens::insert(tx, &token)?;
            store::one_time_credentials::use_up(tx, kind, code, NOW)
        });
        let purge = |before| write(&store, move |tx| store::token_families::purge(tx, before));
        let run_out = fixture::code(&unused.family, unused.code).expires_at;
        let purge_unused =
            |before| write(&store, move |tx| store::token_families::purge_unused(tx, before));
        assert_eq!(purge(run_out + Span::days(1)), 0);
        assert_eq!((purge_unused(run_out), purge_unused(run_out + Span::millis(1))), (0, 1));
        let known = |code| {
            read(&store, |db| store::one_time_credentials::find_with_family(db, kind, code)).is_some()
        };
        assert!(known(used.code) && !known(unused.code));
        let over = used.family.expires_at;
        assert_eq!((purge(over), purge(over + Span::millis(1))), (0, 1));
        assert!(!known(used.code), "its code goes with it");
        let gone = read(&store, |db| store::refresh_tokens::find(db, digest_of_token));
        assert_eq!(gone, None, "and so do its refresh tokens");
    }

    fn participants(database: &Database) {
        let store = database.open();
        let (home, other) = (Household::new(&store), Household::offline(&store));
        let first = fixture::participant(&home.session, &home.client);
        let second = Participant {
            client_id: other.client.id.clone(),
            sid: "another".to_owned(),
            first_at: NOW + Span::millis(1),
            ..first.clone()
        };
        let note = |participant: Participant| {
            write(&store, move |tx| store::participants::note(tx, &participant, "another stay"))
        };
        let noted = |sid: &str, is_first| Noted { sid: sid.to_owned(), is_first };
        assert_eq!(note(first.clone()), noted(&first.sid, true));
        assert_eq!(note(second.clone()), noted(&second.sid, true));
        let later = NOW + Span::minutes(5);
        let again = Participant {
            sid: "as a newer secret would have it".to_owned(),
            first_at: later,
            last_at: later,
            ..first.clone()
        };
        assert_eq!(note(again), noted(&first.sid, false), "it keeps the one that it was told");
        let (session, client) = (home.session.id, other.client.id.clone());
        write(&store, move |tx| store::participants::touch(tx, session, &client, later));
        let all = || read(&store, |db| store::participants::of_session(db, session));
        let seen = |participant: Participant| Participant { last_at: later, ..participant };
        assert_eq!(all(), [seen(first.clone()), seen(second.clone())]);

        // Who was left and comes again has another name, and is not known in between.
        let (there, gone) = (second.client_id.clone(), NOW + Span::minutes(6));
        let is_there = || {
            let client = there.clone();
            read(&store, |db| store::participants::takes_part(db, session, &client))
        };
        assert!(is_there());
        let leave = format!(
            "UPDATE participants SET over_at = {} WHERE client_id = '{there}'",
            gone.millis()
        );
        database.beside().run(&leave);
        assert!(!is_there());
        assert_eq!(all()[1].over_at, Some(gone));
        let (begins, goes_on) = (noted("another stay", true), noted("another stay", false));
        assert_eq!((note(second.clone()), note(second.clone())), (begins, goes_on));
        database
            .beside()
            .run("UPDATE participants SET sid = 'another' WHERE sid = 'another stay'");

        // What the families say of it.
        let standing = |home: &Household| {
            read(&store, |db| store::token_families::standing(db, &home.family, NOW))
                .expect("it stands")
                .participant
        };
        let known = KnownParticipant { sid: first.sid.clone(), last_at: later };
        assert_eq!(standing(&home), Some(known));
        assert_eq!(standing(&other), None, "of its own session it is none");

        // What a migration made has no `sid` until a server starts.
        let unnamed = || read(&store, |db| store::participants::without_sid(db, 10));
        assert_eq!(unnamed(), []);
        database.beside().run("UPDATE participants SET sid = NULL WHERE sid = 'another'");
        let client = other.client.id.clone();
        assert_eq!(unnamed(), [(session, client.clone())]);
        for sid in ["as it was derived", "as a newer secret would have it"] {
            let client = client.clone();
            write(&store, move |tx| store::participants::set_sid(tx, session, &client, sid));
        }
        assert_eq!(note(second.clone()), noted("as it was derived", false), "set once");

        // They go with the session.
        write(&store, move |tx| store::sessions::end(tx, session, NOW, EndReason::Logout));
        let purge = |before| write(&store, move |tx| store::sessions::purge(tx, before));
        assert_eq!(purge(NOW), 0);
        assert_eq!(all().len(), 2, "listed for as long as the session is");
        assert_eq!(purge(NOW + Span::millis(1)), 1);
        assert_eq!(all(), []);
    }
}
