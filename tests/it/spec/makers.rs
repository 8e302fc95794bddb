//! What the makers of a program read on the pages of its draft: the value that does not fit, and those
//! that would. Everybody else reads the usual page.

use serde_json::json;

use crate::world::in_both_worlds;

const HEAD: &str = "For the makers of this program";

in_both_worlds! {
    fn a_draft_says_which_redirect_uris_it_registered(w: &World) {
        let draft = json!({ "state": "draft", "testers": ["ada"] });
        let market = w.mini_program_with("market", "openid", draft);
        let ada = w.person("ada");
        let sent = || market.request().with("redirect_uri", "https://market.example/<script>calback");
        let visit = ada.sends(sent());
        assert_eq!(visit.page.status, 400);
        for part in [HEAD, "https://market.example/<script>calback", "https://market.example/callback"] {
            assert!(visit.says().contains(part), "{part}: {}", visit.says());
        }
        assert!(!visit.page.body.contains("<script>calback"), "{}", visit.page.body);
        market.is_released();
        let visit = ada.sends(sent());
        assert_eq!(visit.page.status, 400);
        assert!(!visit.says().contains(HEAD), "{}", visit.says());
        assert!(!visit.page.body.contains("market.example/callback"), "{}", visit.page.body);
    }

    fn a_draft_says_which_scopes_are_left_out(w: &World) {
        let draft = json!({ "state": "draft", "testers": ["ada"] });
        let scope = "openid profile.basic phone.verified email.verified";
        let market = w.mini_program_with("market", scope, draft);
        let ada = w.person("ada");
        let first = market.request().with("scope", "openid profile.basic phone.verified");
        let visit = ada.sends(first).signs_in();
        assert!(!visit.says().contains(HEAD), "nothing is left out yet: {}", visit.says());
        let tokens = visit.allows_only(&["profile.basic"]).tokens();
        assert_eq!(tokens.scope, "openid profile.basic");
        let visit = ada.opens(&market);
        assert_eq!(visit.asks_for(), ["email.verified"]);
        for part in [HEAD, "phone.verified"] {
            assert!(visit.says().contains(part), "{part}: {}", visit.says());
        }
    }

    fn a_draft_says_which_addresses_after_signing_out_it_registered(w: &World) {
        let draft = json!({
            "state": "draft", "testers": ["ada"],
            "post_logout_redirect_uris": ["https://market.example/bye"],
        });
        let market = w.mini_program_with("market", "openid", draft);
        let ada = w.person("ada");
        ada.uses(&market);
        let wrong = "https://market.example/good-bye";
        let asked = || {
            ada.browser.get(&format!("/end-session?client_id={}&post_logout_redirect_uri={wrong}", market.id))
        };
        let page = asked();
        for part in [HEAD, wrong, "https://market.example/bye"] {
            assert!(page.words().contains(part), "{part}: {}", page.words());
        }
        assert!(!page.words().contains("Leave market only"), "it counts as nobody's");
        market.is_released();
        let page = asked();
        assert!(!page.words().contains(HEAD), "{}", page.words());
    }
}
