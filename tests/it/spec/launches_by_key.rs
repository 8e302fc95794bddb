//! Launches by a host without a secret, which proves a key (RFC 9449), and for pages that have one.

use serde_json::{Value, json};

use crate::world::host::{self, Launcher};
use crate::world::possession::ProofKey;
use crate::world::program::{Program, Tokens};
use crate::world::{World, in_both_worlds, jwt};

/// Nova as an app without a secret, that proves this key.
fn app(w: &World, key: &ProofKey) -> Program {
    let public = json!({ "token_endpoint_auth_method": "none", "dpop_bound_access_tokens": true });
    host::host_with(w, public).proving(key)
}

fn bound_to(token: &str) -> Value {
    jwt::payload(token)["cnf"].clone()
}

in_both_worlds! {
    fn a_host_without_a_secret_launches_with_the_key_that_its_token_is_bound_to(w: &World) {
        let market = host::program(w, "market", "openid profile.basic");
        let nova = Launcher::of(&app(w, &ProofKey::new()), &w.person("ada"));
        let reply = nova.token(&market, &[]);
        assert_eq!(reply.text("token_type"), "Bearer", "the host's key binds what is the host's");
        let token = reply.text("access_token");
        assert_eq!(bound_to(&token), Value::Null);
        assert!(market.finds_active(&token));
        let redeemed = market.redeems(&nova.hands_over(&market));
        assert_eq!(redeemed.text("token_type"), "Bearer");
        assert_eq!(nova.refreshed().token(&market, &[]).status, 200);
    }

    fn a_stolen_token_of_a_host_launches_nothing(w: &World) {
        let (key, thief) = (ProofKey::new(), ProofKey::new());
        let market = host::program(w, "market", "openid");
        let nova = Launcher::of(&app(w, &key), &w.person("ada"));
        let by_thief = Launcher { host: nova.host.proving(&thief), ..nova.clone() };
        let refused = by_thief.token(&market, &[]);
        assert_eq!(refused.error(), "400 invalid_request");
        assert_eq!(refused.text("subject_token_state"), "not_accepted");
        let unproved = Launcher { host: Program { key: None, ..nova.host.clone() }, ..nova.clone() };
        assert_eq!(unproved.token(&market, &[]).error(), "400 invalid_dpop_proof");
        assert_eq!(nova.token(&market, &[]).status, 200, "the owner was never in the way");
        // A host with a secret may prove a key, too, and then has to.
        let ada = w.person("bob");
        let proving = Launcher::of(&host::host(w).proving(&key), &ada);
        assert_eq!(proving.token(&market, &[]).status, 200);
        let unproved = Launcher { host: Program { key: None, ..proving.host.clone() }, ..proving };
        assert_eq!(unproved.token(&market, &[]).error(), "400 invalid_dpop_proof");
    }

    /// Registered before hosts had to prove: its tokens are whose who has them.
    fn a_public_hosts_bearer_token_launches_nothing(w: &World) {
        let key = ProofKey::new();
        let market = host::program(w, "market", "openid");
        let confidential = Launcher::of(&host::host(w), &w.person("ada"));
        let public = Launcher { host: app(w, &key), ..confidential.clone() };
        let anothers = public.token(&market, &[]);
        assert_eq!(anothers.text("subject_token_state"), "not_accepted", "it is another client's");
        let id = confidential.host.id.clone();
        let mut metadata = confidential.host.registration();
        metadata["token_endpoint_auth_method"] = json!("none");
        metadata["dpop_bound_access_tokens"] = json!(true);
        let plan = w.operator(w.administration().plan_client_update(&id, &metadata));
        w.operator(w.administration().update_client(plan));
        let now_public = Program { proof: crate::world::program::Proof::None, ..confidential.host.proving(&key) };
        let held = Launcher { host: now_public, ..confidential };
        assert_eq!(held.token(&market, &[]).error(), "400 unauthorized_client");
    }

    fn a_page_with_a_key_gets_what_is_bound_to_it(w: &World) {
        let page = ProofKey::new();
        let market = host::program(w, "market", "openid profile.basic");
        let nova = Launcher::of(&app(w, &ProofKey::new()), &w.person("ada"));
        let jkt = page.thumbprint();
        let reply = nova.token(&market, &[("dpop_jkt", &jkt)]);
        assert_eq!(reply.text("token_type"), "DPoP");
        let token = reply.text("access_token");
        assert_eq!(bound_to(&token), json!({ "jkt": jkt }));
        assert_eq!(market.introspects(&token).json()["cnf"], json!({ "jkt": jkt }));
        assert_eq!(market.userinfo(&token).error(), "401 invalid_token");
        assert_eq!(market.proving(&page).userinfo(&token).status, 200);
        let code = nova.code(&market, &[("dpop_jkt", &jkt)]).text("access_token");
        assert_eq!(market.redeems(&code).error(), "400 invalid_dpop_proof");
        assert_eq!(market.proving(&ProofKey::new()).redeems(&code).error(), "400 invalid_grant");
        let tokens = Tokens::of(&market.proving(&page).redeems(&code));
        assert_eq!(bound_to(&tokens.access), json!({ "jkt": jkt }));
        assert_eq!(nova.token(&market, &[("dpop_jkt", "x")]).error(), "400 invalid_request");
    }

    fn a_program_that_always_proves_takes_no_token_without_a_key(w: &World) {
        let both = json!({ "launch_types": ["code", "token"], "dpop_bound_access_tokens": true });
        let market = w.mini_program_with("market", "openid", both);
        let nova = Launcher::of(&host::host(w), &w.person("ada"));
        assert_eq!(nova.token(&market, &[]).error(), "400 invalid_request");
        let (page, backend) = (ProofKey::new(), ProofKey::new());
        let bound = nova.token(&market, &[("dpop_jkt", &page.thumbprint())]);
        assert_eq!(bound.text("token_type"), "DPoP");
        let code = nova.hands_over(&market);
        assert_eq!(market.redeems(&code).error(), "400 invalid_dpop_proof");
        assert_eq!(market.proving(&backend).redeems(&code).text("token_type"), "DPoP");
    }

    /// A proof that lies around from before launches nothing.
    fn a_launch_needs_a_fresh_nonce(w: &World) {
        let key = ProofKey::new();
        let market = host::program(w, "market", "openid");
        let nova = Launcher::of(&app(w, &key), &w.person("ada"));
        w.seconds_pass(301);
        let form = [
            ("grant_type", host::EXCHANGE.to_owned()),
            ("subject_token", nova.tokens.access.clone()),
            ("subject_token_type", host::ACCESS_TOKEN.to_owned()),
            ("requested_token_type", host::ACCESS_TOKEN.to_owned()),
            ("audience", market.id.clone()),
        ];
        let send = || {
            let proof = key.proof(w, ("POST", "/token"), json!({}));
            let reply = w.send(nova.host.post("/token", &form).header("dpop", proof));
            key.notes(&reply);
            reply
        };
        assert_eq!(send().error(), "400 use_dpop_nonce");
        assert_eq!(send().status, 200);
    }
}
