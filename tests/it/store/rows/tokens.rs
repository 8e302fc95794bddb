//! Grants, refusals, receipts, interactions, token families, refresh tokens, used assertions.

use std::slice;

use domain::consent::{ConsentRefusal, Receipt};
use domain::grant::{Grant, PurposeVersion};
use domain::interaction::{Interaction, InteractionEnd, Progress};
use domain::refresh_retry::{RefreshToken, Superseded};
use domain::session::EndReason;
use domain::token_family::TokenFamily;
use foundation::clock::Span;
use foundation::id::{ClientId, FamilyId, InteractionId, SessionId, UserId};
use protocol::authorization_error::{AuthorizationErrorCode, AuthorizationRefusal};
use protocol::authorization_request::AuthorizationRequest;
use protocol::dpop::KeyThumbprint;
use protocol::scope::ScopeName;
use serde_json::json;

use super::super::database::Database;
use super::super::fixture::{self, Household, NOW, digest, entropy, read, write};

fn request(client: &ClientId) -> AuthorizationRequest {
    let text = json!({
        "client_id": client, "redirect_uri": "https://shop.example/cb", "redirect_uri_given": true,
        "response_mode": "query", "scope": "openid", "state": "s\u{0}\u{1F600}", "nonce": null,
        "code_challenge": null, "prompt": serde_json::to_value(
            protocol::prompt::Prompts::default()).expect("prompts"),
        "max_age": 0, "login_hint": null, "id_token_hint": null, "acr_values": [],
        "claims": serde_json::to_value(protocol::claim::ClaimsRequest::default()).expect("claims"),
        "ui_locales": ["be"], "resource": [], "display": null,
    });
    serde_json::from_value(text).expect("a request")
}

on_both_databases! {
    fn grants(database: &Database) {
        let store = database.open();
        let home = Household::new(&store);
        let (id, later) = (home.grant.id, NOW + Span::days(1));
        assert_eq!(
            read(&store, |db| store::grants::find(db, id)),
            Some(home.grant.clone())
        );
        let live = || {
            read(&store, |db| {
                store::grants::live(db, home.user.id, &home.client.id)
            })
        };
        assert_eq!(live(), Some(home.grant.clone()));
        write(&store, move |tx| {
            store::grants::set_scopes(tx, id, &fixture::granted("openid email"), later)?;
            store::grants::touch_many(tx, &[id], NOW + Span::hours(1))?;
            store::grants::touch(tx, id, later)?;
            store::grants::touch_many(tx, &[id], NOW)?;
            store::grants::touch(tx, id, NOW)
        });
        let changed = Grant {
            scopes: fixture::granted("openid email"),
            updated_at: later,
            last_used_at: later,
            ..home.grant.clone()
        };
        assert_eq!(live(), Some(changed.clone()));
        assert_eq!(
            read(&store, |db| store::grants::live_of_user(db, home.user.id)),
            [changed]
        );
        assert!(write(&store, move |tx| store::grants::end(tx, id, later)));
        assert_eq!(live(), None);
        let late = write(&store, move |tx| {
            store::grants::set_scopes(tx, id, &fixture::granted("openid"), later)
        });
        assert!(!late, "an ended grant does not change");
        let ended = read(&store, |db| store::grants::find(db, id)).expect("it stays as history");
        assert_eq!(ended.ended_at, Some(later));
    }

    fn refusals(database: &Database) {
        let store = database.open();
        let home = Household::new(&store);
        let (user, client) = (home.user.id, home.client.id.clone());
        let email = ScopeName::parse("email").expect("a scope");
        let first = ConsentRefusal {
            scope: email.clone(),
            purpose: PurposeVersion("p1".into()),
            refused_at: NOW,
            times: 1,
            reopened_at: Some(NOW),
        };
        let second = ConsentRefusal {
            times: 2,
            reopened_at: None,
            ..first.clone()
        };
        for refusal in [&first, &second] {
            let (client, refusal) = (client.clone(), refusal.clone());
            write(&store, move |tx| {
                store::refusals::put(tx, user, &client, &refusal)
            });
        }
        assert_eq!(
            read(&store, |db| store::refusals::of(db, user, &client)),
            slice::from_ref(&second)
        );
        let of_user = read(&store, |db| store::refusals::of_user(db, user));
        assert_eq!(of_user, [(client.clone(), second)]);
        let remove = {
            let client = client.clone();
            move |tx: &mut store::Transaction<'_>| {
                store::refusals::remove(tx, user, &client, &email)
            }
        };
        assert!(write(&store, remove.clone()) && !write(&store, remove));
        assert_eq!(
            read(&store, |db| store::refusals::of(db, user, &client)),
            []
        );
    }

    fn receipts(database: &Database) {
        let store = database.open();
        let home = Household::new(&store);
        let old = fixture::receipt(&home);
        let new = Receipt {
            grant_id: None,
            decided_at: NOW + Span::days(1),
            ..fixture::receipt(&home)
        };
        for receipt in [&old, &new] {
            let receipt = receipt.clone();
            write(&store, move |tx| store::receipts::insert(tx, &receipt));
        }
        let of_user = |limit| {
            read(&store, |db| {
                store::receipts::of_user(db, home.user.id, limit)
            })
        };
        assert_eq!(of_user(10), [new.clone(), old]);
        assert_eq!(of_user(1), [new]);
    }

    fn interactions(database: &Database) {
        let store = database.open();
        let interaction = Interaction {
            id: InteractionId::new(NOW, &entropy()),
            browser: digest(),
            request: request(&ClientId::random(&entropy())),
            progress: Progress::default(),
            created_at: NOW,
            expires_at: NOW + Span::minutes(30),
            consumed_at: None,
            session: None,
        };
        let (id, row) = (interaction.id, interaction.clone());
        let first = write(&store, move |tx| {
            store::interactions::insert_unless_there(tx, &row)
        });
        assert!(first);
        assert_eq!(
            read(&store, |db| store::interactions::find(db, id)),
            Some(interaction.clone())
        );

        // Two submissions of one form, both made from the same state.
        let session = SessionId::new(NOW, &entropy());
        let mine = Progress {
            chosen: Some(session),
            ..Progress::default()
        };
        let theirs = Progress {
            sheet_answered: true,
            ..Progress::default()
        };
        let save = |after: &Progress, before: &Progress| {
            let (after, before) = (after.clone(), before.clone());
            write(&store, move |tx| {
                store::interactions::save_progress(tx, id, &after, &before)
            })
        };
        assert!(save(&mine, &interaction.progress));
        assert!(
            !save(&theirs, &interaction.progress),
            "one of them was first"
        );
        assert!(save(&theirs, &mine), "who reads again may go on");

        let user = UserId::new(NOW, &entropy());
        let end = theirs.clone().ended(InteractionEnd::Code(user));
        let consume = |now| {
            let end = end.clone();
            write(&store, move |tx| {
                store::interactions::consume(tx, id, &end, now)
            })
        };
        assert!(!consume(interaction.expires_at), "too late");
        assert!(consume(NOW) && !consume(NOW), "once");
        assert!(!save(&mine, &end), "nothing changes any more");
        let ended = || read(&store, |db| store::interactions::find(db, id)).expect("a row");
        assert_eq!((ended().consumed_at, ended().progress), (Some(NOW), end.clone()));
        let refusal = AuthorizationRefusal::new(AuthorizationErrorCode::AccessDenied, "not now");
        let refused = theirs.clone().ended(InteractionEnd::Refused(refusal));
        let after_all = refused.clone();
        write(&store, move |tx| {
            store::interactions::end_after_all(tx, id, &after_all)
        });
        assert_eq!(ended().progress, refused);
        let sweep = |at| write(&store, move |tx| store::interactions::sweep(tx, at));
        assert_eq!(sweep(interaction.expires_at), 0);
        assert_eq!(sweep(interaction.expires_at + Span::millis(1)), 1);
    }

    fn token_families(database: &Database) {
        let store = database.open();
        let home = Household::new(&store);
        let id = home.family.id;
        let find = || read(&store, |db| store::token_families::find(db, id));
        assert_eq!(find(), Some(home.family.clone()));
        let end = move |tx: &mut store::Transaction<'_>| {
            store::token_families::end(tx, id, NOW, EndReason::ReuseDetected)
        };
        let later = NOW + Span::days(400);
        write(&store, move |tx| store::token_families::extend(tx, id, later));
        assert!(write(&store, end) && !write(&store, end));
        write(&store, move |tx| store::token_families::extend(tx, id, NOW));
        let ended = TokenFamily {
            expires_at: later,
            ended: Some((NOW, EndReason::ReuseDetected)),
            ..home.family.clone()
        };
        assert_eq!(find(), Some(ended), "what has ended stays as it is");
    }

    fn refresh_tokens(database: &Database) {
        let store = database.open();
        let home = Household::new(&store);
        let first = fixture::refresh_token(&home.family);
        let second = RefreshToken {
            digest: digest(),
            number: 2,
            proof_key: Some(KeyThumbprint::new([9; 32])),
            ..first.clone()
        };
        write(&store, {
            let rows = [first.clone(), second.clone()];
            move |tx| {
                rows.iter()
                    .try_for_each(|row| store::refresh_tokens::insert(tx, row))
            }
        });
        let find = |digest| read(&store, |db| store::refresh_tokens::find(db, digest));
        assert_eq!(find(first.digest), Some(first.clone()));
        assert_eq!(find(second.digest), Some(second.clone()));
        let superseded = Superseded {
            at: NOW,
            request: digest(),
            sealed_answer: Some(vec![7; 100]),
            successor: second.digest,
        };
        let (old, row) = (first.digest, superseded.clone());
        assert!(write(&store, move |tx| store::refresh_tokens::supersede(
            tx, old, &row
        )));
        let rotated = RefreshToken {
            superseded: Some(superseded.clone()),
            ..first.clone()
        };
        assert_eq!(find(old), Some(rotated));
        let used = |digest| read(&store, |db| store::refresh_tokens::is_used(db, digest));
        assert!(used(first.digest) && !used(second.digest) && !used(digest()));

        let (later, new) = (NOW + Span::days(40), second.digest);
        write(&store, move |tx| {
            store::refresh_tokens::touch(tx, new, later)?;
            store::refresh_tokens::touch(tx, old, later)
        });
        assert_eq!(find(new).map(|t| t.expires_at), Some(later));
        assert_eq!(
            find(old).map(|t| t.expires_at),
            Some(first.expires_at),
            "it is not in use any more"
        );

        let forget = |at| {
            write(&store, move |tx| {
                store::refresh_tokens::forget_answers(tx, at)
            })
        };
        assert_eq!(
            (forget(NOW), forget(NOW + Span::millis(1)), forget(later)),
            (0, 1, 0)
        );
        let forgotten = Superseded {
            sealed_answer: None,
            ..superseded
        };
        assert_eq!(find(old).and_then(|t| t.superseded), Some(forgotten));
    }

    fn used_assertions_are_forgotten_when_they_have_run_out(database: &Database) {
        let store = database.open();
        let (jti, expires_at) = (digest(), NOW + Span::minutes(5));
        let used =
            move |tx: &mut store::Transaction<'_>| store::used_jti::insert(tx, jti, expires_at);
        assert!(write(&store, used) && !write(&store, used));
        assert_eq!(
            write(&store, move |tx| store::used_jti::purge(tx, expires_at)),
            0
        );
        let later = expires_at + Span::millis(1);
        assert_eq!(
            write(&store, move |tx| store::used_jti::purge(tx, later)),
            1
        );
        assert!(write(&store, used));
    }

    fn nobody_hangs_on_nothing(database: &Database) {
        let store = database.open();
        let home = Household::new(&store);
        let orphan = RefreshToken {
            family_id: FamilyId::new(NOW, &entropy()),
            ..fixture::refresh_token(&home.family)
        };
        let fault = store.write_blocking(move |tx| store::refresh_tokens::insert(tx, &orphan));
        assert!(!fault.expect_err("it has no family").is_unavailable());
    }
}
