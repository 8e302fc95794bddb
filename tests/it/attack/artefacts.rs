//! Row 63 and design §5: the internal user id is in no output, and two programs of one person share
//! no string of eight or more characters, but what the person agreed to share.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::world::in_both_worlds;
use crate::world::jwt;
use crate::world::person::Person;
use crate::world::program::Program;
use crate::world::reply::Reply;

/// The shortest string that could name somebody.
const LONG: usize = 8;

/// Everything that a program gets to see of one person, by what it is.
fn artefacts(person: &Person, program: &Program) -> BTreeMap<&'static str, String> {
    let visit = person.opens(program).signs_in_if_asked();
    let sheet = visit.page.body.clone();
    let landed = visit.allows();
    let code = landed.code();
    let tokens_reply = program.redeems(&code);
    let tokens = crate::world::program::Tokens::of(&tokens_reply);
    let id_token = tokens.id_token.clone().expect("one");
    let decoded = |token: &str| format!("{} {}", jwt::header(token), jwt::payload(token));
    let hint = program
        .request()
        .with("prompt", "none")
        .with("id_token_hint", id_token.as_str());
    let headers = |reply: &Reply| format!("{:?}", reply.headers);
    let refused = program.request().with("scope", "openid kyc.status").path();
    BTreeMap::from([
        (
            "the way to the program",
            landed.page.location().expect("a redirect").to_owned(),
        ),
        ("the token response", tokens_reply.body.clone()),
        ("its headers", headers(&tokens_reply)),
        ("the access token", decoded(&tokens.access)),
        ("the id_token", decoded(&id_token)),
        ("userinfo", program.userinfo(&tokens.access).body),
        ("introspection", program.introspects(&tokens.access).body),
        (
            "introspection of the refresh token",
            program.introspects(tokens.refresh()).body,
        ),
        (
            "a refreshed answer",
            program.refreshes(tokens.refresh()).body,
        ),
        (
            "a silent answer",
            person
                .sends(hint)
                .page
                .location()
                .expect("a redirect")
                .to_owned(),
        ),
        (
            "an error",
            person
                .browser
                .get(&refused)
                .location()
                .expect("a redirect")
                .to_owned(),
        ),
        ("a wrong code", program.redeems(&code).body),
        (
            "the sheet",
            if sheet.contains("form") {
                sheet
            } else {
                String::new()
            },
        ),
    ])
}

/// The words of a text that could be identifiers: runs of what base64url and UUIDs are made of.
fn words(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    text.split(|c| !is_part(c))
        .filter(|word| word.len() >= LONG)
        .map(str::to_owned)
        .collect()
}

in_both_worlds! {
    fn attack_63_the_internal_id_is_in_no_output(w: &World) {
        let (market, bank) = (
            w.mini_program("market", "openid profile.basic"),
            w.mini_program("bank", "openid profile.basic"),
        );
        let ada = w.person("ada");
        let id = w.wait(w.store().read(|db| store::users::find_by_username(db, "ada")));
        let id = id.unwrap_or_else(|fault| panic!("{}", fault.chain())).expect("there").id;
        let text = id.to_string();
        let bytes = id.as_bytes();
        let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
        let forms = [text, hex, jwt::encoded(bytes)];
        let mut seen: Vec<(&str, String)> = Vec::new();
        for program in [&market, &bank] {
            seen.extend(artefacts(&ada, program));
        }
        for path in ["/account", "/account/sessions", "/account/password", "/account/history", "/sign-out"] {
            seen.push(("a page", ada.looks_at(path).body));
        }
        seen.push(("the cookies", format!("{:?}", ada.browser.jar())));
        for (what, text) in &seen {
            let lower = text.to_lowercase();
            for form in &forms {
                assert!(!lower.contains(&form.to_lowercase()), "{what} has the internal id: {text}");
            }
        }
    }

    fn two_programs_share_no_string_but_what_was_allowed(w: &World) {
        let (market, bank) = (
            w.mini_program("market", "openid profile.basic"),
            w.mini_program("bank", "openid profile.basic"),
        );
        let (ada, stranger) = (w.person("ada"), w.person("stranger"));
        // What every answer of this server says, whoever it is about, names nobody.
        let about_anybody: BTreeSet<String> = [&market, &bank]
            .iter()
            .flat_map(|program| artefacts(&stranger, program).into_values())
            .flat_map(|text| words(&text))
            .collect();
        // What ada agreed to share with both.
        let mut agreed: BTreeSet<String> = words(&ada_profile().to_string());
        agreed.extend(words(w.issuer()));
        let seen = |program| -> BTreeMap<String, &'static str> {
            let artefacts = artefacts(&ada, program);
            artefacts
                .into_iter()
                .flat_map(|(what, text)| words(&text).into_iter().map(move |word| (word, what)))
                .filter(|(word, _)| !about_anybody.contains(word) && !agreed.contains(word))
                .collect()
        };
        let (at_market, at_bank) = (seen(&market), seen(&bank));
        assert!(at_market.len() > 10, "there is something to compare: {at_market:?}");
        let shared: Vec<_> = at_market
            .iter()
            .filter_map(|(word, what)| Some((word, what, at_bank.get(word)?)))
            .collect();
        assert!(shared.is_empty(), "{shared:?}");
    }

    fn one_programs_ids_for_two_people_share_nothing(w: &World) {
        let market = w.mini_program("market", "openid");
        let claims = |person: &Person| person.uses(&market).claims();
        let (ada, bob) = (claims(&w.person("ada")), claims(&w.person("bob")));
        for claim in ["sub", "sid"] {
            let text = |claims: &Value| claims[claim].as_str().expect("text").to_owned();
            assert_ne!(text(&ada), text(&bob));
            assert!(text(&ada).len() >= 22, "{claim} cannot be guessed");
        }
    }

    fn a_resource_servers_names_are_its_own(w: &World) {
        let (orders, stock) = (Program::resource_server(w, "orders"), Program::resource_server(w, "stock"));
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        ada.signs_in();
        let request = market
            .request()
            .and("resource", "https://orders.example/api")
            .and("resource", "https://stock.example/api");
        let tokens = ada.sends(request).tokens();
        let own = tokens.claims()["sub"].clone();
        let mut subs = vec![own, jwt::payload(&tokens.access)["sub"].clone()];
        for server in [&orders, &stock] {
            let said = server.introspects(&tokens.access).json();
            assert_eq!((&said["active"], said.get("jti")), (&json!(true), None));
            subs.push(said["sub"].clone());
        }
        let distinct: BTreeSet<String> = subs.iter().map(Value::to_string).collect();
        assert_eq!(distinct.len(), 4, "{subs:?}");
    }
}

fn ada_profile() -> Value {
    let mut profile = crate::world::person::profile("ada");
    profile["updated_at"] = json!(1_800_000_000);
    profile
}
