//! Who took part in a session: whoever must hear that it ended can be named, for as long as it stands
//! and thirty days more.

use std::collections::BTreeMap;

use foundation::clock::Span;
use serde_json::json;

use crate::world::program::{Program, Tokens};
use crate::world::{World, in_both_worlds};

/// The programs of a session with their `sid`, as the operator sees them.
fn sids(w: &World, session: &str) -> BTreeMap<String, String> {
    let (_, programs) = w.operator(w.administration().show_session(session));
    programs
        .into_iter()
        .map(|p| (p.client_id.to_string(), p.sid))
        .collect()
}

fn sid(program: &Program, tokens: &Tokens) -> (String, String) {
    let sid = tokens.claims()["sid"].as_str().expect("a sid").to_owned();
    (program.id.clone(), sid)
}

fn sweeps(w: &World) {
    let services = w.services();
    w.wait(services.upkeep.expire_sessions())
        .expect("sessions end");
    w.wait(services.upkeep.sweep()).expect("it is swept");
}

in_both_worlds! {
    fn the_end_of_a_session_lists_all_who_got_tokens_in_it(w: &World) {
        let market = w.mini_program("market", "openid");
        let drone = w.mini_program_with("drone", "openid offline_access", json!({ "background_access": true }));
        let plain = w.client(json!({ "grant_types": ["authorization_code"], "scope": "openid" }));
        let taxi = w.mini_program("taxi", "openid");
        let ada = w.person("ada");
        ada.signs_in();
        let session = ada.sessions().remove(0);
        assert_eq!(sids(w, &session), BTreeMap::new());
        let offline = ada.uses(&drone);
        let told: BTreeMap<_, _> =
            [sid(&market, &ada.uses(&market)), sid(&drone, &offline), sid(&plain, &ada.uses(&plain))].into();
        // A code that nobody redeems gave nobody anything.
        ada.opens(&taxi).code();
        assert_eq!(sids(w, &session), told);
        ada.signs_out();
        // The families are purged, and what may go on without the session goes on.
        w.passes(Span::days(29));
        sweeps(w);
        let refreshed = Tokens::of(&drone.refreshes(offline.refresh()));
        assert_eq!(sid(&drone, &refreshed), sid(&drone, &offline));
        assert_eq!(sids(w, &session), told);
        w.passes(Span::days(2));
        sweeps(w);
        let gone = w.wait(w.administration().show_session(&session)).expect("it answers");
        assert_eq!(gone.expect_err("it is over").to_string(), format!("there is no session {session:?}"));
        // With the session its name is forgotten; the program goes on.
        let later = Tokens::of(&drone.refreshes(offline.refresh()));
        assert_eq!(later.claims().get("sid"), None);
    }

    fn a_program_has_one_sid_in_a_session_and_another_in_the_next(w: &World) {
        let (market, taxi) = (w.mini_program("market", "openid"), w.mini_program("taxi", "openid"));
        let ada = w.person("ada");
        let (first, second) = (ada.uses(&market), ada.uses(&market));
        assert_eq!(sid(&market, &first), sid(&market, &second));
        let session = ada.sessions().remove(0);
        let of_taxi = sid(&taxi, &ada.uses(&taxi));
        assert_ne!(of_taxi.1, sid(&market, &first).1);
        let elsewhere = ada.with_another_browser().uses(&market);
        assert_ne!(sid(&market, &first), sid(&market, &elsewhere));
        assert_eq!(sids(w, &session).len(), 2);
    }

    fn first_and_last_time_are_kept_to_the_minute(w: &World) {
        let market = w.mini_program("market", "openid");
        let app = w.client(json!({ "token_endpoint_auth_method": "none", "client_name": "phone app" }));
        let ada = w.person("ada");
        let begun = w.now();
        let (at_market, at_app) = (ada.uses(&market), ada.uses(&app));
        let session = ada.sessions().remove(0);
        let times = || {
            let (_, programs) = w.operator(w.administration().show_session(&session));
            programs.into_iter().map(|p| (p.first_at, p.last_at)).collect::<Vec<_>>()
        };
        assert_eq!(times(), [(begun, begun); 2]);
        w.seconds_pass(59);
        Tokens::of(&market.refreshes(at_market.refresh()));
        assert_eq!(times(), [(begun, begun); 2]);
        w.seconds_pass(1);
        Tokens::of(&market.refreshes(at_market.refresh()));
        Tokens::of(&app.refreshes(at_app.refresh()));
        assert_eq!(times(), [(begun, w.now()); 2]);
    }
}
