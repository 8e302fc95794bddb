//! Consent (design §7): what is asked, when, what is remembered, and the receipt of each decision.

use serde_json::json;

use crate::world::in_both_worlds;

const PURPOSE: &str = "To bring your order to you.";

in_both_worlds! {
    fn openid_alone_needs_no_screen_for_a_released_program(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        assert_eq!(ada.opens(&market).signs_in().at(), "program");
        let draft = w.mini_program_with("draft", "openid", json!({ "state": "draft", "testers": ["ada"] }));
        assert_eq!(ada.opens(&draft).at(), "/consent", "a draft introduces itself");
        let shop = w.client(json!({ "scope": "openid" }));
        let visit = ada.opens(&shop);
        assert!(visit.says().contains("Continue as ada of Harbour Street"), "{}", visit.says());
        assert_eq!(visit.allows().at(), "program");
        assert_eq!(ada.opens(&shop).at(), "program", "once");
    }

    fn the_sheet_shows_who_asks_what_why_and_the_value(w: &World) {
        let purposes = json!({ "scope_purposes": { "phone.verified": { "en": PURPOSE } } });
        let market = w.mini_program_with("market", "openid profile.basic phone.verified", purposes);
        let ada = w.person("ada");
        let visit = ada.opens(&market).signs_in();
        let says = visit.says();
        for part in [
            "Share with market?",
            "by Harbour Goods",
            "Publisher not verified",
            "ada of Harbour Street",
            "market says: “ To bring your order to you. ”",
            "You can change this in Settings.",
            "Allow",
            "Not now",
        ] {
            assert!(says.contains(part), "{part}: {says}");
        }
        w.operator(w.administration().verify_publisher(&w.publisher(), false));
        assert!(ada.opens(&market).says().contains("Verified publisher"));
    }

    fn an_id_that_is_made_when_it_is_shared_is_not_missing(w: &World) {
        let market = w.mini_program("market", "openid unionid");
        let visit = w.person("ada").opens(&market).signs_in();
        let says = visit.says();
        assert!(says.contains("An id shared by all programs of this publisher"), "{says}");
        assert!(!says.contains("Nothing to share yet"), "{says}");
    }

    fn not_now_ends_the_request_and_is_not_remembered(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let ada = w.person("ada");
        let visit = ada.opens(&market).signs_in().denies();
        assert_eq!(visit.error(), "access_denied");
        assert_eq!(ada.opens(&market).at(), "/consent");
        assert_eq!(ada.looks_at("/account").words().matches("market").count(), 0);
    }

    fn an_answer_is_remembered_with_what_was_left_out(w: &World) {
        let market = w.mini_program("market", "openid profile.basic phone.verified");
        let ada = w.person("ada");
        let tokens = ada.opens(&market).signs_in().allows_only(&["profile.basic"]).tokens();
        assert_eq!(tokens.scope, "openid profile.basic");
        let again = ada.opens(&market);
        assert_eq!(again.at(), "program", "nobody is asked twice");
        assert_eq!(again.tokens().scope, "openid profile.basic");
        w.seconds_pass(364 * 86_400);
        let later = ada.opens(&market).signs_in();
        assert_eq!(later.at(), "program");
        w.seconds_pass(2 * 86_400);
        let a_year_later = ada.opens(&market).signs_in_if_asked();
        assert_eq!(a_year_later.asks_for(), ["phone.verified"]);
    }

    fn a_sensitive_scope_has_a_page_of_its_own(w: &World) {
        let bank = w.mini_program("bank", "openid profile.basic kyc.status payment_methods");
        let ada = w.person("ada");
        let visit = ada.opens(&bank).signs_in();
        assert_eq!(visit.asks_for(), ["profile.basic"]);
        let visit = visit.presses("allow");
        assert!(visit.says().contains("Share the result of your identity check with bank?"), "{}", visit.says());
        assert!(visit.asks_for().is_empty(), "nothing is ticked beforehand");
        let visit = visit.withholds();
        assert!(visit.says().contains("your payment methods"), "{}", visit.says());
        let tokens = visit.presses("allow").tokens();
        assert_eq!(tokens.scope, "openid payment_methods profile.basic");
        let userinfo = bank.userinfo(&tokens.access).json();
        assert_eq!(userinfo["payment_methods"][0]["last4"], "4242");
        assert_eq!(userinfo.get("kyc"), None);
        assert_eq!(ada.opens(&bank).at(), "program", "both answers are remembered");
    }

    fn a_sensitive_page_can_end_the_whole_request(w: &World) {
        let bank = w.mini_program("bank", "openid profile.basic kyc.status");
        let ada = w.person("ada");
        let visit = ada.opens(&bank).signs_in().presses("allow").denies();
        assert_eq!(visit.error(), "access_denied");
        assert_eq!(ada.opens(&bank).asks_for(), ["profile.basic"], "nothing was recorded");
    }

    fn a_new_scope_asks_for_that_alone(w: &World) {
        let market = w.mini_program("market", "openid profile.basic phone.verified email.verified");
        let ada = w.person("ada");
        ada.uses(&market.asking("openid profile.basic"));
        let visit = ada.opens(&market);
        assert_eq!(visit.asks_for(), ["phone.verified", "email.verified"]);
        let tokens = visit.allows().tokens();
        assert_eq!(tokens.scope, "email.verified openid phone.verified profile.basic");
    }

    fn prompt_consent_reopens_a_refusal_once_a_day_and_after_two_never(w: &World) {
        let market = w.mini_program("market", "openid phone.verified");
        let ada = w.person("ada");
        ada.opens(&market).signs_in().allows_only(&[]);
        let asked = || ada.sends(market.request().with("prompt", "consent"));
        let visit = asked();
        assert_eq!(visit.asks_for(), ["phone.verified"]);
        visit.allows_only(&[]);
        assert_eq!(asked().at(), "program", "refused twice");
        w.seconds_pass(3 * 86_400);
        assert_eq!(asked().signs_in_if_asked().at(), "program", "never again");
        ada.reopens(&market, "phone.verified");
        let reopened = ada.opens(&market);
        assert_eq!(reopened.asks_for(), ["phone.verified"], "but the person may");
        assert_eq!(reopened.allows().tokens().scope, "openid phone.verified");
    }

    fn not_now_refuses_nothing_and_is_not_asked_again_on_the_same_day(w: &World) {
        let bank = w.mini_program("bank", "openid phone.verified kyc.status");
        let ada = w.person("ada");
        ada.opens(&bank).signs_in().allows_only(&[]).withholds();
        let asked = || ada.sends(bank.request().with("prompt", "consent")).signs_in_if_asked();
        assert_eq!(asked().denies().error(), "access_denied");
        assert_eq!(asked().at(), "program", "at most once a day, whatever the answer");
        w.seconds_pass(86_400);
        let tomorrow = asked();
        assert_eq!(tomorrow.asks_for(), ["phone.verified"], "it was no refusal");
        assert_eq!(tomorrow.allows().tokens().scope, "kyc.status openid phone.verified");
    }

    fn every_decision_leaves_a_receipt(w: &World) {
        let market = w.mini_program("market", "openid profile.basic phone.verified");
        let ada = w.person("ada");
        ada.opens(&market).signs_in().allows_only(&["profile.basic"]);
        w.seconds_pass(60);
        ada.takes_back(&market, "profile.basic");
        w.seconds_pass(60);
        ada.reopens(&market, "profile.basic");
        w.seconds_pass(60);
        ada.removes(&market);
        let history = ada.looks_at("/account/history").words();
        let order = [
            "You removed the access of market",
            "You let market ask again",
            "You stopped sharing with market",
            "You shared with market",
        ];
        let places: Vec<_> = order.iter().map(|part| history.find(part)).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{history}");
    }

    /// The form carries what was shown: more than that cannot be allowed with it.
    fn a_form_cannot_allow_what_was_not_asked(w: &World) {
        let market = w.mini_program("market", "openid profile.basic phone.verified");
        let ada = w.person("ada");
        ada.signs_in();
        let visit = ada.opens(&market.asking("openid profile.basic"));
        let (form, mut fields) = crate::world::browser::filled(&visit.page, "allow");
        fields.push(("scope".into(), "phone.verified".into()));
        let reply = ada.browser.post(&form.action, &fields);
        let code = reply.delivered().expect("it goes on").get("code").to_owned();
        assert_eq!(market.redeems(&code).text("scope"), "openid profile.basic");
        assert_eq!(ada.opens(&market).asks_for(), ["phone.verified"]);
    }

    fn a_host_is_part_of_the_house(w: &World) {
        let host = w.client(json!({ "portico:host": true, "client_name": "Nova" }));
        let ada = w.person("ada");
        assert_eq!(ada.opens(&host).signs_in().at(), "program");
    }

    /// "remembered consent serves only confidential clients and public clients with a registered
    /// https redirect (RFC 8252 §8.6)".
    fn an_app_that_anybody_can_imitate_asks_each_time(w: &World) {
        let app = w.client(json!({
            "token_endpoint_auth_method": "none", "application_type": "native",
            "redirect_uris": ["http://127.0.0.1/callback"],
        }));
        let ada = w.person("ada");
        ada.signs_in();
        let asked = || ada.sends(app.request().with("redirect_uri", "http://127.0.0.1:51004/callback"));
        let tokens = asked().allows().tokens();
        assert_eq!(tokens.scope, "openid profile");
        assert_eq!(asked().at(), "/consent");
    }
}
