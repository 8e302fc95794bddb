//! Session events (design, launch and lock §5): who hears what, in which words, and how one comes back.

use domain::open_streams::StreamCounts;
use flow::administer::signing_keys::RotateWhen;
use flow::administer::streams::StreamQuery;
use foundation::clock::Span;
use serde_json::{Value, json};

use crate::world::listener::{Listener, Told};
use crate::world::person::Person;
use crate::world::possession::ProofKey;
use crate::world::program::{Program, Tokens};
use crate::world::{World, in_both_worlds};

const SCOPE: &str = "openid phone.verified profile.basic";

fn host(w: &World) -> Program {
    w.client(json!({
        "client_name": "Nova", "portico:host": true, "scope": "openid profile portico:launch",
        "redirect_uris": ["https://nova.example/callback"],
    }))
}

/// A program whose backend listens for itself.
fn backend(w: &World, name: &str) -> Program {
    w.mini_program_with(
        name,
        &format!("{SCOPE} portico:events"),
        json!({
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        }),
    )
}

fn own_token(program: &Program) -> String {
    let reply = program.client_credentials(&[("scope", "portico:events")]);
    Tokens::of(&reply).access
}

/// Somebody with a host and a program open, and the streams of both, ready.
struct Open {
    person: Person,
    program: Program,
    tokens: Tokens,
    at_host: Listener,
    at_program: Listener,
}

impl Open {
    fn new(w: &World, name: &str) -> Self {
        let (host, program) = (host(w), w.mini_program(&format!("market-{name}"), SCOPE));
        let person = w.person(name);
        let (of_host, tokens) = (person.uses(&host), person.uses(&program));
        Self {
            at_host: w.listens(&of_host.access).once_ready(),
            at_program: w.listens(&tokens.access).once_ready(),
            person,
            program,
            tokens,
        }
    }
}

fn sid(tokens: &Tokens) -> Value {
    tokens.claims()["sid"].clone()
}

fn sub(tokens: &Tokens) -> Value {
    tokens.claims()["sub"].clone()
}

in_both_worlds! {
    fn a_stream_begins_with_a_head_and_ready(w: &World) {
        let market = w.mini_program("market", SCOPE);
        let tokens = w.person("ada").uses(&market);
        let mut listener = w.listens(&tokens.access);
        assert_eq!(listener.status(), 200);
        for header in [
            "content-type: text/event-stream", "cache-control: no-store", "x-accel-buffering: no",
            "access-control-allow-origin: *", "transfer-encoding: chunked",
        ] {
            assert!(listener.head.contains(&format!("{header}\r\n")), "{header} in {}", listener.head);
        }
        assert!(!listener.head.contains("allow-credentials"));
        let ready = listener.hears();
        assert_eq!(ready.name, "ready");
        assert_eq!(ready.data["at"], w.now().millis());
        let end = w.now() + w.config().lifetimes().session_idle;
        assert_eq!(ready.data["session_expires_at"], end.millis());
        assert!(listener.retry.is_some_and(|ms| (1000..5000).contains(&ms)), "{:?}", listener.retry);
        let id = listener.leaves();
        assert!(id.len() < 120 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        let named = w.get("/.well-known/portico-configuration").json()["session_events_endpoint"].clone();
        assert_eq!(w.own_path(named.as_str().expect("text")), Some("/session-events"));
    }

    fn a_session_that_ends_ends_every_stream_of_it_and_no_other(w: &World) {
        let mut ada = Open::new(w, "ada");
        let mut bob = Open::new(w, "bob");
        let mut elsewhere = {
            let there = ada.person.with_another_browser();
            w.listens(&there.uses(&ada.program).access).once_ready()
        };
        ada.person.signs_out();
        for stream in [&mut ada.at_host, &mut ada.at_program] {
            let told = stream.hears();
            assert_eq!(told.with("reason"), "session_ended logout");
            assert_eq!(told.data["at"], w.now().millis());
            assert_eq!(stream.next(), None, "the end of the stream");
        }
        // Whoever hears it and asks is told the same.
        assert!(!ada.program.finds_active(&ada.tokens.access));
        ada.program.is_suspended();
        assert_eq!(elsewhere.hears().name, "mini_program_suspended", "and nothing before");
        bob.person.signs_out();
        assert_eq!(bob.at_program.hears_the_rest(), ["session_ended"]);
        assert_eq!(bob.at_host.hears_the_rest(), ["mini_program_suspended", "session_ended"]);
    }

    fn every_end_has_its_word(w: &World) {
        type Ending = fn(&Open, &World);
        let endings: &[(&str, &str, &str, Ending)] = &[
            ("operator", "session_ended operator", "session_ended operator", |o, w| {
                let session = o.person.sessions().remove(0);
                w.operator(w.administration().end_session_by_operator(&session));
            }),
            ("expired", "session_expired", "session_expired", |o, w| {
                let session = o.person.sessions().remove(0);
                for _ in 0..2 {
                    w.operator(w.administration().expire_session(&session));
                }
                w.wait(w.services().upkeep.expire_sessions()).expect("it looks");
            }),
            ("disabled", "session_ended user_disabled", "session_ended user_disabled", |o, w| {
                w.operator(w.administration().disable_user(&o.person.username));
            }),
            ("deleted", "session_ended user_disabled", "session_ended user_disabled", |o, w| {
                w.operator(w.administration().delete_user(&o.person.username));
            }),
            ("withdrawn", "session_ended withdrawn", "session_ended withdrawn", |o, _| {
                o.person.removes(&o.program);
            }),
            ("suspended", "mini_program_suspended", "mini_program_suspended", |o, _| {
                o.program.is_suspended();
            }),
            ("revoked", "tokens_revoked", "tokens_revoked", |o, _| {
                o.program.revokes(o.tokens.refresh());
            }),
            ("one-token", "tokens_revoked", "tokens_revoked", |o, _| {
                o.program.revokes(&o.tokens.access);
            }),
            ("reused", "tokens_revoked", "tokens_revoked", |o, _| {
                let visit = o.person.opens(&o.program);
                o.program.redeems(&visit.code());
                o.program.redeems(&visit.code());
                // The family of that visit is another one: this is told, and closes nothing.
                o.program.revokes(o.tokens.refresh());
            }),
        ];
        for (name, host, program, happens) in endings {
            let mut open = Open::new(w, name);
            happens(&open, w);
            let told = open.at_host.hears();
            assert_eq!(told.with("reason"), *host, "{name}");
            let names_program = ["withdrawn", "suspended", "revoked", "one-token", "reused"].contains(name);
            let named = if names_program { json!(open.program.id) } else { Value::Null };
            assert_eq!(told.data.get("client_id").cloned().unwrap_or_default(), named, "{name}");
            assert_eq!(open.at_program.hears().with("reason"), *program, "{name}");
        }
    }

    fn somebody_else_who_signs_in_is_told_as_such(w: &World) {
        let mut ada = Open::new(w, "ada");
        let bob = w.person("bob");
        let asked = ada.program.request().with("prompt", "select_account");
        let mut visit = ada.person.sends(asked).presses("other");
        visit.person.username.clone_from(&bob.username);
        visit.person.password.clone_from(&bob.password);
        visit.signs_in();
        assert_eq!(ada.at_program.hears_the_rest(), ["user_changed"]);
        assert_eq!(ada.at_host.hears_the_rest(), ["user_changed"]);
    }

    fn a_narrowed_grant_is_told_with_what_is_left_and_the_stream_goes_on(w: &World) {
        let mut ada = Open::new(w, "ada");
        ada.person.takes_back(&ada.program, "phone.verified");
        let expected = json!({
            "at": w.now().millis(), "scope": "openid profile.basic", "removed": "phone.verified",
        });
        assert_eq!(ada.at_program.hears(), Told { name: "grant_changed".into(), data: expected.clone() });
        let mut at_host = expected;
        at_host["client_id"] = json!(ada.program.id);
        assert_eq!(ada.at_host.hears().data, at_host);
        ada.person.signs_out();
        assert_eq!(ada.at_program.hears().name, "session_ended");
    }

    fn a_program_that_is_left_hears_it_and_its_host_goes_on(w: &World) {
        let mut ada = Open::new(w, "ada");
        let id_token = ada.tokens.id_token.clone().expect("an id_token");
        let question = ada.person.looks_at(&format!("/end-session?id_token_hint={id_token}"));
        ada.person.browser.presses(&question, "leave", &[]);
        let told = ada.at_host.hears();
        assert_eq!(told.with("reason"), "session_ended left");
        assert_eq!(told.data["client_id"], json!(ada.program.id));
        assert_eq!(ada.at_program.hears_the_rest(), ["session_ended"]);
        ada.person.signs_out();
        assert_eq!(ada.at_host.hears_the_rest(), ["session_ended"]);
    }

    fn a_backend_hears_of_all_its_persons_and_of_nobody_elses(w: &World) {
        let (market, taxi) = (backend(w, "market"), backend(w, "taxi"));
        let (ada, bob) = (w.person("ada"), w.person("bob"));
        let (of_ada, of_bob) = (ada.uses(&market), bob.uses(&market));
        let ada_at_taxi = ada.uses(&taxi);
        let mut at_market = w.listens(&own_token(&market)).once_ready();
        let mut at_taxi = w.listens(&own_token(&taxi)).once_ready();
        bob.takes_back(&market, "phone.verified");
        let told = at_market.hears();
        let expected = json!({
            "at": w.now().millis(), "sub": sub(&of_bob), "sid": sid(&of_bob),
            "scope": "openid profile.basic", "removed": "phone.verified",
        });
        assert_eq!((told.name.as_str(), told.data), ("grant_changed", expected));
        ada.signs_out();
        let ended = |tokens: &Tokens| json!({
            "at": w.now().millis(), "sub": sub(tokens), "sid": sid(tokens), "reason": "logout",
        });
        assert_eq!(at_market.hears().data, ended(&of_ada));
        assert_eq!(at_taxi.hears().data, ended(&ada_at_taxi), "nothing of Bob before");
        w.operator(w.administration().delete_user("bob"));
        // With Bob went what said by which name the program knew him.
        assert_eq!(at_market.hears().name, "reset");
        market.is_suspended();
        assert_eq!(at_market.hears_the_rest().last().map(String::as_str), Some("mini_program_suspended"));
    }

    fn what_opens_no_stream_is_refused(w: &World) {
        let market = backend(w, "market");
        let tokens = w.person("ada").uses(&market);
        let orders = w.client(json!({
            "grant_types": ["client_credentials"], "redirect_uris": [], "response_types": [], "scope": "orders",
        }));
        let without = Tokens::of(&orders.client_credentials(&[])).access;
        let mut none = Listener::begin(w, "");
        assert_eq!(none.status(), 401);
        assert!(none.head.contains("www-authenticate: Bearer"));
        drop(none);
        for (token, status, error) in [
            (tokens.refresh(), 401, "invalid_token"), ("rubbish", 401, "invalid_token"),
            (tokens.id_token.as_deref().expect("one"), 401, "invalid_token"),
            (without.as_str(), 403, "insufficient_scope"),
        ] {
            none = w.listens(token);
            assert_eq!((none.status(), &none.refusal()["error"]), (status, &json!(error)));
        }
        w.passes(Span::minutes(11));
        assert_eq!(w.listens(&tokens.access).status(), 401, "it has expired");
    }

    /// RFC 9449 §7: whoever has the key opens a stream, once with each proof.
    fn a_bound_token_opens_a_stream_with_its_key_only(w: &World) {
        let key = ProofKey::new();
        let app = json!({ "token_endpoint_auth_method": "none", "client_name": "phone app" });
        let token = w.person("ada").uses(&w.client(app).proving(&key)).access;
        assert_eq!(w.listens(&token).status(), 401, "as a bearer token");
        let ath = json!({ "ath": ProofKey::hash_of(&token) });
        let proof = key.proof(w, ("GET", "/session-events"), ath);
        let headers = format!("Authorization: DPoP {token}\r\nDPoP: {proof}\r\n");
        assert_eq!(Listener::begin(w, &headers).once_ready().status(), 200);
        let mut again = Listener::begin(w, &headers);
        assert_eq!((again.status(), &again.refusal()["error"]), (401, &json!("invalid_dpop_proof")));
    }

    fn a_token_whose_session_ended_gets_the_closing_event_and_the_end(w: &World) {
        let (market, nova) = (backend(w, "market"), host(w));
        let ada = w.person("ada");
        let (of_host, of_market) = (ada.uses(&nova), ada.uses(&market));
        ada.removes(&market);
        let mut late = w.listens(&of_market.access);
        assert_eq!(late.status(), 200);
        assert_eq!(late.hears().with("reason"), "session_ended withdrawn");
        assert_eq!(late.next(), None);
        ada.signs_out();
        for (token, reason) in [(&of_host.access, "logout"), (&of_market.access, "withdrawn")] {
            let mut late = w.listens(token);
            assert_eq!(late.hears().with("reason"), format!("session_ended {reason}"), "what ended it first");
            assert_eq!(late.next(), None);
        }
        let own = own_token(&market);
        market.is_suspended();
        let mut late = w.listens(&own);
        assert_eq!(late.hears().with("client_id"), format!("mini_program_suspended {}", market.id));
        assert_eq!(late.next(), None);
    }

    fn a_stream_outlives_its_token_by_nothing_but_what_ends_it(w: &World) {
        let mut ada = Open::new(w, "ada");
        w.passes(Span::minutes(10) + Span::seconds(3));
        for stream in [&mut ada.at_host, &mut ada.at_program] {
            let told = stream.hears();
            assert_eq!(told.name, "token_expired");
            assert_eq!(stream.next(), None);
        }
        let again = Tokens::of(&ada.program.refreshes(ada.tokens.refresh()));
        let back = w.listens_from(&again.access, ada.at_program.last_event_id.as_deref());
        assert_eq!(back.once_ready().status(), 200);
    }

    fn an_operator_sees_who_listens(w: &World) {
        let market = backend(w, "market");
        let own = own_token(&market);
        let mut ada = Open::new(w, "ada");
        let _second = w.listens(&ada.tokens.access).once_ready();
        let _at_backend = w.listens(&own).once_ready();
        let listed = |client: Option<&str>, after: Option<String>, limit| {
            let client = client.map(str::to_owned);
            w.operator(w.administration().list_streams(StreamQuery { client, after, limit }))
        };
        // A change of keys is a heartbeat, too.
        w.operator(w.signing_keys().rotate(RotateWhen::Now));
        w.soon("the node has said so", || listed(None, None, 100).rows.len() == 3);
        let of = |client: &Program| {
            let rows = listed(Some(&client.id), None, 100).rows;
            rows.iter().map(|row| (row.open, row.nodes)).collect::<Vec<_>>()
        };
        let (programs, backends) = (
            StreamCounts { programs: 2, ..StreamCounts::default() },
            StreamCounts { backends: 1, ..StreamCounts::default() },
        );
        assert_eq!((of(&ada.program), of(&market)), (vec![(programs, 1)], vec![(backends, 1)]));
        let first = listed(None, None, 2);
        assert_eq!(first.rows.len(), 2);
        let last = listed(None, first.next, 2);
        assert_eq!((last.rows.len(), last.next), (1, None));
        ada.person.signs_out();
        assert_eq!(ada.at_program.hears_the_rest(), ["session_ended"]);
        w.operator(w.signing_keys().rotate(RotateWhen::Now));
        w.soon("they are gone", || listed(None, None, 100).rows.len() == 1);
        let nobody = StreamQuery { client: Some("nobody".to_owned()), after: None, limit: 1 };
        assert!(w.refuses(w.administration().list_streams(nobody)).contains("nobody"));
    }
}
