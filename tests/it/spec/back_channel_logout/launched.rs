//! Programs that a host launched are told as well, under the `sid` that the exchange named.

use serde_json::json;

use super::{Town, in_both_towns};
use crate::database::Database;
use crate::world::host::{self, Launcher};
use crate::world::program::Program;

fn sid(nova: &Launcher, program: &Program) -> String {
    let launched = nova.token(program, &[]);
    assert_eq!(launched.status, 200, "{}", launched.body);
    let sid = launched.json()["sid"].as_str().map(str::to_owned);
    sid.expect("a sid")
}

in_both_towns! {
    fn a_launched_program_is_told_when_it_is_left_and_when_its_host_signs_out(town: &Town) {
        let (w, receiver, elsewhere) = (&town.world, town.receiver(), town.receiver());
        let launched = || json!({ "launch_types": ["code", "token"] });
        let market = town.program_with("market", "openid", &receiver, launched());
        let taxi = town.program_with("taxi", "openid", &elsewhere, launched());
        let nova = Launcher::of(&host::host(w), &w.person("ada"));
        let (first, at_taxi) = (sid(&nova, &market), sid(&nova, &taxi));
        assert_ne!(first, at_taxi, "each client has its own");
        assert_eq!(nova.calls("POST", "/leave", &[("client_id", &market.id)]).status, 204);
        assert_eq!(receiver.hears_of(1), [first.as_str()]);
        let second = sid(&nova, &market);
        assert_ne!(second, first);
        assert_eq!(nova.host.revokes(nova.tokens.refresh()).status, 200);
        receiver.hears(2);
        assert_eq!(receiver.heard()[1].claims()["sid"], second.as_str());
        assert_eq!(elsewhere.hears_of(1), [at_taxi]);
        town.is_quiet();
        assert_eq!((receiver.heard().len(), elsewhere.heard().len()), (2, 1));
    }
}
