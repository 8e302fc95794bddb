//! What web tickets open.

use domain::one_time_credential::{OneTimeCredential, OneTimeKind, OneTimeParent};
use domain::web_session::WebSession;
use foundation::clock::Span;
use foundation::id::WebSessionId;
use protocol::pkce::CodeChallenge;

use super::super::database::Database;
use super::super::fixture::{self, Household, NOW, digest, entropy, read, write};

on_both_databases! {
    fn web_sessions(database: &Database) {
        let store = database.open();
        let home = Household::new(&store);
        let participant = fixture::participant(&home.session, &home.client);
        let sid = participant.sid.clone();
        write(&store, move |tx| store::participants::note(tx, &participant, "another"));
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned();
        let web_session = |millis: i64, sid: &str| WebSession {
            id: WebSessionId::new(NOW, &entropy()),
            session: home.session.id,
            host: home.client.id.clone(),
            program: home.client.id.clone(),
            sid: sid.to_owned(),
            code_challenge: CodeChallenge::try_from(challenge.clone()).expect("a challenge"),
            created_at: NOW + Span::millis(millis),
            opened_at: None,
        };
        let first = web_session(0, &sid);
        let (id, row) = (first.id, first.clone());
        let ticket = OneTimeCredential {
            digest: digest(),
            kind: OneTimeKind::WebTicket,
            parent: OneTimeParent::WebSession(id),
            expires_at: NOW + Span::seconds(60),
            used_at: None,
        };
        write(&store, move |tx| {
            store::web_sessions::insert(tx, &row)?;
            store::one_time_credentials::insert(tx, &ticket)
        });
        let by_ticket = || read(&store, |db| store::one_time_credentials::find_web_ticket(db, ticket.digest));
        assert_eq!(by_ticket(), Some((ticket, first.clone())));
        let use_up = || {
            let (kind, digest) = (ticket.kind, ticket.digest);
            write(&store, move |tx| store::one_time_credentials::use_up(tx, kind, digest, NOW))
        };
        assert!(use_up() && !use_up(), "once");

        let cookie = digest();
        let found = |cookie| read(&store, |db| store::web_sessions::find_by_cookie(db, cookie));
        assert_eq!(found(cookie), None);
        let open = |cookie| write(&store, move |tx| store::web_sessions::open(tx, id, cookie, NOW));
        assert!(open(cookie) && !open(digest()), "once");
        let opened = WebSession { opened_at: Some(NOW), ..first };
        assert_eq!(found(cookie), Some(opened));

        // One of another stay of the program opens nothing.
        let (late, of_late) = (web_session(1, "an earlier stay"), digest());
        let late_id = late.id;
        write(&store, move |tx| {
            store::web_sessions::insert(tx, &late)?;
            store::web_sessions::open(tx, late_id, of_late, NOW)
        });
        assert_eq!(found(of_late), None);

        // Those that nobody opened go after a while.
        let unopened = web_session(2, &sid);
        let made_at = unopened.created_at;
        write(&store, move |tx| store::web_sessions::insert(tx, &unopened));
        let sweep = |before| write(&store, move |tx| store::web_sessions::sweep(tx, before));
        assert_eq!((sweep(made_at), sweep(made_at + Span::millis(1))), (0, 1));
        assert!(found(cookie).is_some());

        for number in 3..3 + WebSession::OF_PROGRAM {
            let row = web_session(number, &sid);
            write(&store, move |tx| store::web_sessions::insert(tx, &row));
        }
        assert_eq!((found(cookie), by_ticket()), (None, None), "the oldest went, and its ticket with it");
        let last = web_session(100, &sid);
        let (last_id, of_last) = (last.id, digest());
        write(&store, move |tx| {
            store::web_sessions::insert(tx, &last)?;
            store::web_sessions::open(tx, last_id, of_last, NOW)
        });
        assert!(found(of_last).is_some());
        write(&store, move |tx| store::web_sessions::remove(tx, last_id));
        assert_eq!(found(of_last), None);
    }
}
