//! Mini-programs as the operator keeps them (design §2): drafts, suspension, deletion.

use serde_json::json;

use crate::world::in_both_worlds;

in_both_worlds! {
    fn a_suspended_program_is_closed_at_once_and_reviving_it_revives_nothing(w: &World) {
        let market = w.mini_program("market", "openid");
        let bank = w.mini_program("bank", "openid");
        let ada = w.person("ada");
        let tokens = ada.uses(&market);
        let elsewhere = ada.uses(&bank);
        let code = ada.opens(&market).code();
        let underway = ada.sends(market.request().with("prompt", "login"));
        market.is_suspended();
        assert!(bank.finds_active(&elsewhere.access));
        assert!(!market.finds_active(&tokens.access), "it learns nothing any more");
        assert_eq!(market.userinfo(&tokens.access).status, 401);
        assert_eq!(market.refreshes(tokens.refresh()).error(), "400 unauthorized_client");
        assert_eq!(market.redeems(&code).error(), "400 unauthorized_client");
        for visit in [ada.opens(&market), underway.signs_in()] {
            assert_eq!((visit.page.status, visit.page.delivered()), (403, None));
            assert!(visit.says().contains("market is not available"), "{}", visit.says());
        }
        market.is_released();
        assert!(!market.finds_active(&tokens.access) && !market.finds_active(tokens.refresh()));
        assert_eq!(market.redeems(&code).error(), "400 invalid_grant");
        let new = ada.opens(&market).tokens();
        assert!(market.finds_active(&new.access));
    }

    fn a_suspended_client_gets_nothing_for_itself(w: &World) {
        let jobs = w.client(json!({ "grant_types": ["client_credentials"], "redirect_uris": [] }));
        let token = jobs.client_credentials(&[]).text("access_token");
        jobs.is_suspended();
        assert_eq!(jobs.client_credentials(&[]).error(), "400 unauthorized_client");
        assert!(!jobs.finds_active(&token));
        assert_eq!(jobs.revokes(&token).status, 200, "it can still give back");
    }

    fn a_draft_works_for_its_testers_only(w: &World) {
        let draft = w.mini_program_with("market", "openid", json!({ "state": "draft", "testers": ["ada"] }));
        let (ada, bob) = (w.person("ada"), w.person("bob"));
        let visit = ada.opens(&draft).signs_in();
        assert!(visit.says().contains("Test"), "{}", visit.says());
        let tokens = visit.allows().tokens();
        assert!(draft.finds_active(&tokens.access));
        assert_eq!(bob.opens(&draft).signs_in().error(), "access_denied");
        draft.is_released();
        assert_eq!(bob.opens(&draft).at(), "program");
        assert!(draft.finds_active(&tokens.access), "releasing cuts nothing");
    }

    fn a_deleted_program_leaves_nothing(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let ada = w.person("ada");
        let tokens = ada.uses(&market);
        let flows = w.flows();
        w.operator(flows.delete_client(&market.id));
        assert_eq!(market.introspects(&tokens.access).error(), "401 invalid_client");
        assert_eq!(market.userinfo(&tokens.access).status, 401);
        assert_eq!(market.refreshes(tokens.refresh()).error(), "401 invalid_client");
        assert!(ada.opens(&market).says().contains("We do not know this program"));
        assert!(!ada.looks_at("/account").words().contains("market knows"));
    }

    fn everything_survives_a_restart(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let ada = w.person("ada");
        let (kept, revoked) = (ada.uses(&market), ada.opens(&market).tokens());
        market.revokes(&revoked.access);
        let code = ada.opens(&market).code();
        let used = ada.opens(&market).code();
        assert_eq!(market.redeems(&used).status, 200);
        w.restart();
        assert!(market.finds_active(&kept.access) && !market.finds_active(&revoked.access));
        assert_eq!(market.redeems(&code).status, 200);
        assert_eq!(market.redeems(&used).error(), "400 invalid_grant");
        assert_eq!(ada.opens(&market).at(), "program", "session and consent stand");
        assert_eq!(market.refreshes(kept.refresh()).status, 200);
    }
}
