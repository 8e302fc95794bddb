//! Rows 51 and 100: if the store fails, the answer is a 503, never a yes.

use crate::world::in_both_worlds;
use crate::world::program::Tokens;
use crate::world::reply::Reply;

fn is_unavailable(reply: &Reply) -> bool {
    let clear = match reply.status {
        503 if reply.body.starts_with('{') => reply.text("error") == "temporarily_unavailable",
        503 => reply
            .words()
            .contains("Something broke on our side. Nothing was shared."),
        _ => false,
    };
    clear && reply.location().is_none()
}

in_both_worlds! {
    fn attack_51_100_while_the_store_fails_nothing_is_given_and_nothing_is_said_to_be_done(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let app = w.client(serde_json::json!({ "token_endpoint_auth_method": "none" }));
        let ada = w.person("ada");
        let tokens = ada.uses(&market);
        let rotating = ada.uses(&app);
        let code = ada.opens(&market).code();
        let sheet = ada.sends(market.request().with("prompt", "consent"));
        let bob = w.person("bob");
        let sign_in = bob.browser.get("/sign-in");
        let question = ada.looks_at("/sign-out");
        w.store_fails(true);
        let replies = [
            ("redeem", market.redeems(&code)),
            ("rotate", app.refreshes(rotating.refresh())),
            ("revoke an access token", market.revokes(&tokens.access)),
            ("revoke a refresh token", market.revokes(tokens.refresh())),
            ("authorize", ada.opens(&market).page),
            ("allow", sheet.clone().presses("allow").page),
            ("deny", sheet.clone().presses("deny").page),
            ("sign in", bob.types_password(&sign_in, "bob", &bob.password)),
            ("guess", bob.types_password(&sign_in, "bob", "wrong")),
            ("sign out", ada.browser.presses(&question, "logout", &[])),
            ("remove", ada.removes(&market)),
            ("take back", ada.takes_back(&market, "profile.basic")),
        ];
        for (what, reply) in &replies {
            assert!(is_unavailable(reply), "{what}: {} {}", reply.status, reply.body);
        }
        assert!(bob.sessions().is_empty());
        w.store_fails(false);
        // Nothing of it was half done.
        assert!(market.finds_active(&tokens.access) && market.finds_active(tokens.refresh()));
        assert_eq!(market.scope_now(&tokens.access), "openid profile.basic");
        assert_eq!(ada.looks_at("/account").path, "/account");
        assert_eq!(market.redeems(&code).status, 200, "the code was not used up");
        assert_eq!(app.refreshes(rotating.refresh()).status, 200, "neither was the refresh token");
        assert_eq!(sheet.presses("allow").at(), "program");
        assert_eq!(market.revokes(&tokens.access).status, 200);
        assert!(!market.finds_active(&tokens.access));
    }

    /// A node that cannot confirm what it knows asks the database; gone is gone.
    fn attack_100_without_a_database_nothing_is_active(w: &World) {
        if w.database().is_sqlite() {
            // A file that is open stays readable; its writes are above.
            return;
        }
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let tokens = ada.uses(&market);
        let name = w.database().url.rsplit('/').next().expect("a name").to_owned();
        let mut administration = w.database().administration();
        administration.run(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
        administration.run(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"));
        w.clock_runs_ahead(2);
        let replies = [
            market.introspects(&tokens.access),
            market.introspects(tokens.refresh()),
            market.userinfo(&tokens.access),
            market.refreshes(tokens.refresh()),
            ada.looks_at("/account"),
            ada.opens(&market).page,
        ];
        for reply in &replies {
            assert!(is_unavailable(reply), "{} {} {}", reply.path, reply.status, reply.body);
        }
        let ready = w.get("/readyz");
        assert_eq!((ready.status, w.get("/healthz").status), (503, 200));
        administration.run(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"));
        w.soon("it is ready again", || w.get("/readyz").status == 200);
        assert!(market.finds_active(&tokens.access));
        assert!(!Tokens::of(&market.refreshes(tokens.refresh())).access.is_empty());
    }
}
