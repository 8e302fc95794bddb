//! Where no logout token goes.

use flow::administer::deliveries::DeliveryQuery;
use serde_json::json;

use super::{Town, fresh};
use crate::database::Database;
use crate::world::certificate::Certificate;
use crate::world::receiver::Receiver;
use crate::world::{World, on_postgres, on_sqlite};

/// A client of the network's inside is never called, whatever it registered.
#[test]
fn attack_77_no_logout_token_goes_into_the_operators_own_network() {
    let receiver_certificate = Certificate::new();
    let receiver = Receiver::new(&receiver_certificate);
    let authority = receiver_certificate.authority_file();
    let test = |w: &World| {
        let mut programs = Vec::new();
        for uri in [
            receiver.uri(),
            receiver.uri().replace("localhost", "127.0.0.1"),
            "https://10.0.0.1/logout".to_owned(),
            "https://169.254.169.254/latest/meta-data".to_owned(),
            "https://[fd00::1]/logout".to_owned(),
        ] {
            let manifest = json!({ "backchannel_logout_uri": uri });
            programs.push(w.mini_program_with(&fresh("program"), "openid", manifest));
        }
        let ada = w.person("ada");
        for program in &programs {
            ada.uses(program);
        }
        ada.signs_out();
        let all = || w.operator(w.administration().list_deliveries(DeliveryQuery::every()));
        w.soon("each was tried", || {
            all().rows.iter().all(|row| row.attempts > 0)
        });
        for row in all().rows {
            let problem = row.problem.expect("a problem");
            assert!(problem.contains("the address is not allowed"), "{problem}");
        }
        assert_eq!(receiver.heard().len(), 0);
    };
    let new = |database| {
        World::with(database, |config| {
            config.outbound.trusted_ca = Some(authority.clone());
        })
    };
    on_sqlite(new, test);
    on_postgres(new, test);
}

/// TLS is checked: whoever has not the right certificate hears nothing.
#[test]
fn a_receiver_with_a_strangers_certificate_hears_nothing() {
    let town = Town::new(Database::sqlite());
    let stranger = Receiver::new(&Certificate::new());
    let market = town.program("market", &stranger);
    let ada = town.world.person("ada");
    ada.uses(&market);
    ada.signs_out();
    let w = &town.world;
    let all = || w.operator(w.administration().list_deliveries(DeliveryQuery::every()));
    w.soon("it was tried", || {
        all().rows.iter().all(|row| row.attempts > 0)
    });
    assert_eq!(stranger.heard().len(), 0);
}
