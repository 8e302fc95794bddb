//! OpenID Connect Back-Channel Logout 1.0: who is told that a session is over, how, and what becomes of
//! it when they do not listen.

use domain::delivery::Delivery;
use flow::administer::deliveries::DeliveryQuery;
use flow::administer::revoke::TokensOf;
use serde_json::{Value, json};

use crate::database::Database;
use crate::world::certificate::Certificate;
use crate::world::program::{Program, Tokens};
use crate::world::receiver::{Manner, Receiver};
use crate::world::{World, jwt};

mod ends;
mod guarded;
mod launched;
mod untaken;

use ends::{ENDS, Hears, Stay, leaves};

/// A world, and receivers that it trusts and may reach.
pub(crate) struct Town {
    pub(crate) world: World,
    certificate: Certificate,
}

impl Town {
    fn new(database: Database) -> Self {
        let certificate = Certificate::new();
        let authority = certificate.authority_file();
        let world = World::with(database, |config| {
            config.outbound.trusted_ca = Some(authority);
            config.outbound.allow = vec!["localhost".to_owned()];
        });
        Self { world, certificate }
    }

    fn receiver(&self) -> Receiver {
        Receiver::new(&self.certificate)
    }

    /// A mini-program that is told.
    fn program(&self, name: &str, receiver: &Receiver) -> Program {
        self.program_with(name, "openid", receiver, json!({}))
    }

    fn program_with(&self, name: &str, scope: &str, at: &Receiver, more: Value) -> Program {
        let mut manifest = json!({
            "backchannel_logout_uri": at.uri(), "backchannel_logout_session_required": true,
        });
        let members = manifest.as_object_mut().expect("an object");
        members.extend(more.as_object().expect("an object").clone());
        self.world.mini_program_with(name, scope, manifest)
    }

    /// Waits until nothing waits, and what was told is written down. A clock that moves before that moves
    /// past the deadline of that write.
    fn is_quiet(&self) {
        let deliveries = self.world.services().deliveries;
        self.world.soon("nothing waits", || {
            let announced = self.world.wait(deliveries.announce());
            let figures = self.world.wait(deliveries.figures());
            announced.is_ok() && figures.is_ok_and(|f| f.waiting == 0)
        });
    }

    /// What waits for a program, or is dead.
    fn waits_for(&self, program: &Program) -> Vec<Delivery> {
        let query = DeliveryQuery {
            client: Some(program.id.clone()),
            ..DeliveryQuery::every()
        };
        let w = &self.world;
        w.operator(w.administration().list_deliveries(query)).rows
    }

    /// Waits until it is written down that what waits for a program was tried so often in vain: a clock that
    /// moves before that moves the next attempt as well.
    fn was_tried(&self, program: &Program, attempts: u32) {
        self.world.soon("it is written down", || {
            let rows = self.waits_for(program);
            rows.iter().map(|row| row.attempts).sum::<u32>() == attempts
        });
    }

    fn dead(&self) -> i64 {
        let deliveries = self.world.services().deliveries;
        self.world.wait(deliveries.figures()).expect("figures").dead
    }
}

fn sid(tokens: &Tokens) -> String {
    tokens.claims()["sid"].as_str().expect("a sid").to_owned()
}

fn sids(tokens: &[&Tokens]) -> Vec<String> {
    let mut sids: Vec<String> = tokens.iter().map(|tokens| sid(tokens)).collect();
    sids.sort();
    sids
}

macro_rules! in_both_towns {
    ($($(#[doc = $doc:expr])* fn $name:ident($town:ident: &Town) $body:block)*) => {$(
        $(#[doc = $doc])*
        fn $name($town: &Town) $body

        mod $name {
            use super::*;

            #[test]
            fn sqlite() {
                super::$name(&Town::new(Database::sqlite()));
            }

            #[test]
            fn postgres() {
                if let Some(database) = Database::postgres() {
                    super::$name(&Town::new(database));
                }
            }
        }
    )*};
}
use in_both_towns;

in_both_towns! {
    fn a_logout_token_is_what_the_specification_says(town: &Town) {
        let (w, receiver) = (&town.world, town.receiver());
        for algorithm in ["RS256", "ES256"] {
            let more = json!({ "id_token_signed_response_alg": algorithm });
            let name = algorithm.to_ascii_lowercase();
            let market = town.program_with(&name, "openid", &receiver, more);
            let ada = w.person(&format!("ada-{name}"));
            let tokens = ada.uses(&market);
            let before = receiver.heard().len();
            ada.signs_out();
            let heard = receiver.hears(before + 1).pop().expect("one");
            assert!(heard.head.starts_with("POST /logout HTTP/1.1\r\n"), "{}", heard.head);
            let form = "content-type: application/x-www-form-urlencoded";
            assert!(heard.head.to_ascii_lowercase().contains(form), "{}", heard.head);
            let token = heard.token();
            let header = jwt::header(&token);
            assert_eq!((&header["typ"], &header["alg"]), (&json!("logout+jwt"), &json!(algorithm)));
            let claims = jwt::verified(&token, &w.get("/jwks").json());
            let mut names: Vec<&String> = claims.as_object().expect("claims").keys().collect();
            names.sort();
            assert_eq!(names, ["aud", "events", "exp", "iat", "iss", "jti", "sid", "sub"]);
            assert_eq!(claims["iss"], w.issuer());
            assert_eq!(claims["aud"], market.id);
            assert_eq!(claims["sub"], tokens.claims()["sub"]);
            assert_eq!(claims["sid"], sid(&tokens));
            let logout = json!({ "http://schemas.openid.net/event/backchannel-logout": {} });
            assert_eq!(claims["events"], logout);
            let (iat, exp) = (claims["iat"].as_i64(), claims["exp"].as_i64());
            assert_eq!(iat, Some(w.now().seconds()));
            assert_eq!(exp, Some(w.now().seconds() + 120));
            assert!(!w.get("/jwks").body.is_empty());
        }
        town.is_quiet();
        assert_eq!(receiver.heard().len(), 2);
    }

    fn discovery_says_so(town: &Town) {
        let document = town.world.get("/.well-known/openid-configuration").json();
        assert_eq!(document["backchannel_logout_supported"], true);
        assert_eq!(document["backchannel_logout_session_supported"], true);
    }

    fn every_end_is_told_to_those_who_lose_something_and_to_nobody_else(town: &Town) {
        for end in ENDS {
            let w = &town.world;
            let (here, there) = (town.receiver(), town.receiver());
            let more = json!({ "portico:rotate_refresh_tokens": true });
            let scope = "openid profile.basic";
            let market = town.program_with(&fresh("market"), scope, &here, more);
            let taxi = town.program(&fresh("taxi"), &there);
            // Nobody is told who did not say where.
            let quiet = w.mini_program(&fresh("quiet"), "openid");
            let (ada, bob) = (w.person(&fresh("ada")), w.person(&fresh("bob")));
            let at_market = ada.uses(&market);
            let at_taxi = ada.uses(&taxi);
            let bobs = bob.uses(&market);
            ada.uses(&quiet);
            (end.happens)(&Stay { w, ada: &ada, market: &market, tokens: &at_market });
            let mut told = Vec::new();
            if end.tells.contains(&Hears::Market) {
                told.push(&at_market);
            }
            if end.tells.contains(&Hears::Bob) {
                told.push(&bobs);
            }
            assert_eq!(here.hears_of(told.len()), sids(&told), "{}", end.name);
            let of_taxi = usize::from(end.tells.contains(&Hears::Taxi));
            assert_eq!(there.hears_of(of_taxi), sids(&[&at_taxi][..of_taxi]), "{}", end.name);
            town.is_quiet();
            // An announcement is gone through a second time.
            w.seconds_pass(3);
            town.is_quiet();
            assert_eq!(here.heard().len(), told.len(), "{}", end.name);
            assert_eq!(there.heard().len(), of_taxi, "{}", end.name);
        }
    }

    fn the_expiry_of_a_session_is_told_at_its_second_and_after_a_restart(town: &Town) {
        let (w, receiver) = (&town.world, town.receiver());
        let market = town.program("market", &receiver);
        let tokens = w.person("ada").uses(&market);
        w.restart_after(|| w.clock_runs_ahead(31 * 24 * 60 * 60));
        assert_eq!(receiver.hears_of(1), [sid(&tokens)]);
        town.is_quiet();
        assert_eq!(receiver.heard().len(), 1);
    }

    /// A logout token that comes late must end no later stay.
    fn who_comes_back_has_another_sid(town: &Town) {
        let (w, receiver) = (&town.world, town.receiver());
        let market = town.program("market", &receiver);
        let ada = w.person("ada");
        receiver.will(Manner::Says(503));
        let first = ada.uses(&market);
        leaves(&ada, &market, &first);
        let second = ada.uses(&market);
        assert_ne!(sid(&first), sid(&second));
        ada.removes(&market);
        let third = ada.opens(&market).allows().tokens();
        assert_ne!(sid(&third), sid(&second));
        assert_ne!(sid(&third), sid(&first));
        town.was_tried(&market, 1);
        receiver.will(Manner::Says(200));
        w.seconds_pass(60);
        town.is_quiet();
        let late: Vec<Value> = receiver.heard().iter().map(|h| h.claims()["sid"].clone()).collect();
        assert!(late.contains(&json!(sid(&first))) && late.contains(&json!(sid(&second))));
        assert!(!late.contains(&json!(sid(&third))), "{late:?}");
        let before = receiver.heard().len();
        ada.signs_out();
        assert_eq!(receiver.hears(before + 1)[before].claims()["sid"], sid(&third));
    }

    fn what_goes_on_without_the_session_is_told_when_it_ends(town: &Town) {
        let (w, receiver) = (&town.world, town.receiver());
        let more = json!({ "background_access": true });
        let drone = town.program_with("drone", "openid offline_access", &receiver, more);
        let ada = w.person("ada");
        let tokens = ada.uses(&drone);
        ada.signs_out();
        assert_eq!(receiver.hears_of(1), [sid(&tokens)]);
        assert_eq!(sid(&Tokens::of(&drone.refreshes(tokens.refresh()))), sid(&tokens));
        ada.signs_in();
        ada.removes(&drone);
        receiver.hears(2);
        town.is_quiet();
        assert_eq!(receiver.heard().len(), 2);
        assert_eq!(receiver.hears_of(2), [sid(&tokens), sid(&tokens)]);
    }

    fn a_client_that_has_moved_is_told_where_it_is_now_and_one_that_is_silent_is_not(town: &Town) {
        let (w, old, new) = (&town.world, town.receiver(), town.receiver());
        let market = town.program("market", &old);
        let silent = town.program("silent", &old);
        let ada = w.person("ada");
        let tokens = ada.uses(&market);
        ada.uses(&silent);
        old.will(Manner::Says(503));
        ada.signs_out();
        old.hears(2);
        town.was_tried(&market, 1);
        town.was_tried(&silent, 1);
        for (program, uri) in [(&market, Some(new.uri())), (&silent, None)] {
            let mut manifest = program.registration();
            let members = manifest.as_object_mut().expect("an object");
            members.remove("backchannel_logout_session_required");
            match uri {
                Some(uri) => members.insert("backchannel_logout_uri".into(), json!(uri)),
                None => members.remove("backchannel_logout_uri"),
            };
            let by = w.administration();
            let plan = w.operator(by.plan_mini_program_update(&program.id, &manifest, true));
            w.operator(by.update_client(plan));
        }
        w.seconds_pass(60);
        assert_eq!(new.hears_of(1), [sid(&tokens)]);
        town.is_quiet();
        assert_eq!(town.dead(), 0);
    }

    /// Nobody moves the clock: what is told waits for no second to pass.
    fn it_is_told_within_a_moment(town: &Town) {
        let (w, receiver) = (&town.world, town.receiver());
        let market = town.program("market", &receiver);
        let ada = w.person("ada");
        ada.uses(&market);
        let session = ada.sessions().remove(0);
        w.operator(w.administration().end_session_by_operator(&session));
        receiver.hears(1);
    }

    fn a_fault_takes_back_what_was_to_be_told_with_the_event(town: &Town) {
        let (w, receiver) = (&town.world, town.receiver());
        let market = town.program("market", &receiver);
        let ada = w.person("ada");
        let tokens = ada.uses(&market);
        let session = ada.sessions().remove(0);
        for point in [store::faultpoint::APPEND, store::faultpoint::BEFORE_COMMIT] {
            w.store_fails(point);
            assert!(w.wait(w.administration().end_session_by_operator(&session)).is_err());
            w.store_works();
        }
        let figures = w.wait(w.services().deliveries.figures()).expect("figures");
        assert_eq!((figures.waiting, receiver.heard().len()), (0, 0));
        w.operator(w.administration().end_session_by_operator(&session));
        assert_eq!(receiver.hears_of(1), [sid(&tokens)]);
        town.is_quiet();
        assert_eq!(receiver.heard().len(), 1);
    }

    fn a_crowd_is_told_page_by_page(town: &Town) {
        let (w, receiver) = (&town.world, town.receiver());
        let market = town.program("market", &receiver);
        let taxi = town.program("taxi", &receiver);
        let mut told = Vec::new();
        for _ in 0..12 {
            let ada = w.person(&fresh("ada"));
            told.push(sid(&ada.uses(&market)));
            told.push(sid(&ada.uses(&taxi)));
        }
        told.sort();
        w.operator(w.administration().revoke_tokens(TokensOf::All));
        assert_eq!(receiver.hears_of(24), told);
        town.is_quiet();
        w.seconds_pass(3);
        town.is_quiet();
        assert_eq!(receiver.heard().len(), 24);
    }
}

fn fresh(name: &str) -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    format!("{name}{}", NUMBER.fetch_add(1, Ordering::SeqCst))
}

fn dead_ones() -> DeliveryQuery {
    DeliveryQuery {
        dead: true,
        ..DeliveryQuery::every()
    }
}
