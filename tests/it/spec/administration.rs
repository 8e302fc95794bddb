//! What an administrator does to others (design §11.10): the acts take who acts, ask what they may in one
//! place, and what they did is noted with their name.

use domain::administrator::{Administrator, Permission};
use domain::audit::ActedBy;
use flow::administer::audit::AuditQuery;
use flow::administer::clients::ClientQuery;
use flow::administer::pages::PageQuery;
use flow::administer::revoke::TokensOf;
use flow::administer::signing_keys::RotateWhen;
use flow::administer::users::UserChange;
use foundation::secret::SecretText;

use crate::world::{World, in_both_worlds};

/// The newest entry of an act.
fn noted(w: &World, action: &str) -> flow::administer::audit::ShownEntry {
    let query = AuditQuery {
        action: Some(action.to_owned()),
        limit: 1,
        ..AuditQuery::default()
    };
    let mut page = w.operator(w.administration().audit(query));
    page.rows.pop().unwrap_or_else(|| panic!("no {action}"))
}

in_both_worlds! {
    fn a_deleted_person_leaves_no_token_alive(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let (ada, bob) = (w.person("ada"), w.person("bob"));
        let (tokens, others) = (ada.uses(&market), bob.uses(&market));
        let code = ada.opens(&market).code();
        w.operator(w.administration().delete_user("Ada"));
        assert!(!market.finds_active(&tokens.access) && !market.finds_active(tokens.refresh()));
        assert_eq!(market.userinfo(&tokens.access).status, 401);
        assert_eq!(market.refreshes(tokens.refresh()).error(), "400 invalid_grant");
        assert_eq!(market.redeems(&code).error(), "400 invalid_grant");
        assert_eq!(ada.looks_at("/account").path, "/sign-in");
        assert!(market.finds_active(&others.access), "nobody else loses anything");
        let entry = noted(w, "user.deleted");
        assert_eq!(entry.detail, serde_json::json!({ "username": "ada", "sessions_ended": 1 }));
        // Whoever takes the name afterwards is somebody else.
        let again = w.person("ada");
        assert_ne!(again.uses(&market).claims()["sub"], tokens.claims()["sub"]);
    }

    fn another_password_ends_what_was_begun_with_the_old_one(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let tokens = ada.uses(&market);
        let password = SecretText::new("analytical engine no. 1");
        w.operator(w.administration().set_user_password("ada", password));
        assert!(!market.finds_active(&tokens.access));
        let page = ada.looks_at("/account");
        let page = ada.types_password(&page, "ada", "analytical engine no. 1");
        assert_eq!(page.path, "/account", "{}", page.words());
        assert_eq!(noted(w, "user.password_set").detail["sessions_ended"], 1);
    }

    fn an_act_names_who_did_it_and_from_where(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        ada.uses(&market);
        market.is_suspended();
        let suspended = noted(w, "client.suspended");
        assert_eq!((suspended.actor.as_str(), suspended.identity.as_deref()), ("operator", Some("grace")));
        assert_eq!(suspended.detail, serde_json::json!({ "before": "released", "after": "suspended" }));
        let started = noted(w, "session.started");
        assert_eq!((started.actor.as_str(), started.identity.as_deref()), ("user", Some("ada")));
        assert_eq!(started.from.address.map(|a| a.to_string()).as_deref(), Some("127.0.0.1"));
    }

    /// People type passwords into the field of the name.
    fn a_failed_sign_in_names_the_account_and_never_what_was_typed(w: &World) {
        let ada = w.person("ada");
        let page = ada.looks_at("/account");
        ada.types_password(&page, "ada", "not the password");
        let failed = noted(w, "sign_in.failed");
        assert_eq!((failed.actor.as_str(), failed.identity), ("stranger", None));
        assert_eq!(failed.user.as_deref(), Some("ada"));
        assert_eq!(failed.detail, serde_json::json!({ "why": "wrong_password" }));
        assert_eq!(failed.from.address.map(|a| a.to_string()).as_deref(), Some("127.0.0.1"));
        w.seconds_pass(1);
        ada.types_password(&page, "my-secret-password-1815", "ada");
        let failed = noted(w, "sign_in.failed");
        assert_eq!((failed.user.as_deref(), &failed.detail["why"]), (None, &"no_such_account".into()));
        assert!(!format!("{failed:?}").contains("1815"));
    }

    fn nobody_does_what_they_may_not(w: &World) {
        let nobody = Administrator::new(ActedBy::SYSTEM, []);
        let services = w.services();
        let acts = services.administration.by(nobody.clone());
        macro_rules! refused {
            ($($permission:ident: $act:expr;)*) => {$(
                let refusal = w.wait($act).expect("no fault").err().expect("refused").to_string();
                let expected = format!("this takes the permission {}", Permission::$permission.word());
                assert_eq!(refusal, expected, stringify!($act));
            )*};
        }
        let page = PageQuery { limit: 1, ..PageQuery::default() };
        let password = || SecretText::new("analytical engine no. 1");
        refused! {
            ReadUsers: acts.list_users(page.clone());
            ReadUsers: acts.show_user("ada");
            ReadUsers: acts.list_sessions("ada");
            ReadUsers: acts.show_session("018f0000-0000-7000-8000-000000000000");
            ChangeUsers: acts.end_session_by_operator("018f0000-0000-7000-8000-000000000000");
            ChangeUsers: acts.expire_session("018f0000-0000-7000-8000-000000000000");
            ChangeUsers: acts.update_user("ada", UserChange::default());
            ChangeUsers: acts.set_user_password("ada", password());
            ChangeUsers: acts.disable_user("ada");
            ChangeUsers: acts.enable_user("ada");
            ChangeUsers: acts.delete_user("ada");
            ReadClients: acts.list_clients(ClientQuery::default());
            ReadClients: acts.show_client("c");
            ReadClients: acts.list_publishers(page.clone());
            ReadClients: acts.show_publisher("p");
            ReadClients: acts.verify_publisher("p", false);
            ChangeClients: acts.add_publisher("Harbour", true);
            ChangeClients: acts.suspend("c");
            ChangeClients: acts.delete_client("c");
            ChangeClients: acts.add_client_secret("c");
            ChangeClients: acts.retire_client_secret("c", None);
            RevokeTokens: acts.revoke_tokens(TokensOf::All);
            ReadAudit: acts.audit(AuditQuery::default());
            ReadKeys: services.signing_keys.by(nobody.clone()).list();
            ChangeKeys: services.signing_keys.by(nobody.clone()).rotate(RotateWhen::Now);
            ChangeKeys: services.signing_keys.by(nobody).revoke("k");
        }
    }
}
