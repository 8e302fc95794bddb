//! Consent sheets, and what was put off on them.

use domain::consent::ConsentRefusal;
use domain::consent_sheet::{ConsentSheet, SheetRequest, SheetResult};
use domain::grant::PurposeVersion;
use domain::interaction::Progress;
use foundation::clock::Span;
use foundation::id::InteractionId;
use protocol::scope::ScopeName;
use protocol::token_exchange::InteractionMode;

use super::super::database::Database;
use super::super::fixture::{Household, NOW, digest, entropy, read, scopes, write};

on_both_databases! {
    fn consent_sheets(database: &Database) {
        let store = database.open();
        let home = Household::new(&store);
        let sheet = |seed: i64| ConsentSheet {
            id: InteractionId::new(NOW, &entropy()),
            digest: digest(),
            session: home.session.id,
            host: home.client.id.clone(),
            program: home.client.id.clone(),
            request: SheetRequest {
                scope: scopes("openid phone.verified"),
                again: true,
                ui_locales: vec!["ru".to_owned()],
                mode: InteractionMode::WebMessage,
            },
            progress: Progress::default(),
            created_at: NOW + Span::millis(seed),
            opened_at: None,
            expires_at: NOW + ConsentSheet::TO_OPEN,
            ended: None,
        };
        let first = sheet(0);
        let (id, digest, row) = (first.id, first.digest, first.clone());
        write(&store, move |tx| store::consent_sheets::insert(tx, &row));
        let found = || read(&store, |db| store::consent_sheets::find(db, digest));
        assert_eq!(found(), Some(first.clone()));

        let until = NOW + ConsentSheet::OPEN;
        for now in [NOW, NOW + Span::minutes(1)] {
            let until = now + ConsentSheet::OPEN;
            write(&store, move |tx| store::consent_sheets::open(tx, id, now, until));
        }
        let opened = found().expect("a row");
        assert_eq!((opened.opened_at, opened.expires_at), (Some(NOW), until), "the first time counts");

        let answered = Progress {
            sheet_answered: true,
            ..Progress::default()
        };
        let save = |after: &Progress, before: &Progress| {
            let (after, before) = (after.clone(), before.clone());
            write(&store, move |tx| store::consent_sheets::save_progress(tx, id, &after, &before))
        };
        assert!(save(&answered, &first.progress) && !save(&answered, &first.progress), "once");
        let end = |result| write(&store, move |tx| store::consent_sheets::end(tx, id, result, NOW));
        assert!(end(SheetResult::Partial) && !end(SheetResult::Later), "once");
        assert!(!save(&first.progress, &answered), "nothing changes any more");
        let ended = found().expect("a row");
        assert_eq!((ended.progress, ended.ended), (answered, Some((NOW, SheetResult::Partial))));

        for number in 1..=ConsentSheet::OF_SESSION {
            let row = sheet(number);
            write(&store, move |tx| store::consent_sheets::insert(tx, &row));
        }
        assert_eq!(found(), None, "the oldest went");
        let sweep = |at| write(&store, move |tx| store::consent_sheets::sweep(tx, at));
        assert_eq!(sweep(first.expires_at), 0);
        assert_eq!(sweep(first.expires_at + Span::millis(1)), 30);
    }

    fn postponements(database: &Database) {
        let store = database.open();
        let home = Household::new(&store);
        let (session, client) = (home.session.id, home.client.id.clone());
        let of = || read(&store, |db| store::postponements::of(db, session, &client));
        let put = |purpose: &str, at| {
            let put_off = ConsentRefusal {
                scope: ScopeName::parse("phone.verified").expect("a scope"),
                purpose: PurposeVersion(purpose.to_owned()),
                refused_at: at,
                times: 0,
                reopened_at: None,
            };
            let (client, row) = (client.clone(), put_off.clone());
            write(&store, move |tx| store::postponements::put(tx, session, &client, &row));
            put_off
        };
        put("old words", NOW);
        let newer = put("new words", NOW + Span::seconds(1));
        assert_eq!(of(), [newer], "one for each scope");
        let decided = client.clone();
        write(&store, move |tx| store::postponements::remove(tx, session, &decided));
        assert_eq!(of(), []);
    }
}
