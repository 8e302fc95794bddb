//! Three nodes tell clients that sessions are over, and the one that is telling them is killed in the midst
//! of it: the others tell what it had claimed, and nothing is lost.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use flow::administer::clients::Allowed;
use foundation::clock::{Clock as _, Span, SystemClock};
use foundation::entropy::SystemEntropy;
use portico::app::App;
use serde_json::json;

use super::chaos::cluster;
use super::server::{Place, Server};
use super::{CALLBACK, operator, register, runtime};
use crate::database::{Beside, Database};
use crate::world::certificate::Certificate;
use crate::world::receiver::Receiver;

const CLIENTS: usize = 8;
const TOLD_EACH: usize = 400;
/// So many are heard before the kill.
const BEFORE: usize = 200;
/// A claim is over after fifteen seconds.
const IN_TIME: Span = Span::seconds(60);
const LOOK: Duration = Duration::from_millis(2);

/// Registers clients that are told at an address; gives their ids.
fn register_told(place: &Place, uri: &str) -> Vec<String> {
    let app = App::open(
        &place.config(),
        Arc::new(SystemClock),
        Arc::new(SystemEntropy),
    );
    let app = app.expect("it opens");
    let administration = app.services().administration.by(operator());
    runtime().block_on(async {
        let publisher = administration.add_publisher("Bells & Sons", true).await;
        let publisher = publisher.expect("no fault").expect("new").id;
        let mut ids = Vec::new();
        for number in 0..CLIENTS {
            let manifest = json!({
                "client_name": format!("Bell {number}"), "publisher": publisher.as_str(),
                "state": "released", "entry_uri": "https://programs.example/open",
                "origins": ["https://programs.example"], "redirect_uris": [CALLBACK],
                "scope": "openid", "token_endpoint_auth_method": "client_secret_post",
                "backchannel_logout_uri": uri,
            });
            let all_at_one_origin = Allowed {
                again: true,
                ..Allowed::default()
            };
            let added = administration
                .add_mini_program(&manifest, all_at_one_origin)
                .await;
            ids.push(
                added
                    .expect("no fault")
                    .expect("good")
                    .client
                    .id
                    .to_string(),
            );
        }
        ids
    })
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    holder: String,
    #[diesel(sql_type = BigInt)]
    waiting: i64,
}

/// Which node tells somebody at this moment, and how many wait.
fn state(beside: &mut Beside) -> Found {
    let Beside::Postgres(conn) = beside else {
        panic!("nodes share a PostgreSQL");
    };
    let sql = "SELECT coalesce((SELECT encode(claimed_by, 'hex') FROM destinations
                                WHERE claimed_by IS NOT NULL LIMIT 1), '') AS holder,
                      (SELECT count(*) FROM deliveries) AS waiting";
    diesel::sql_query(sql).get_result(conn).expect("it answers")
}

/// Looks again and again until it is so.
fn soon(what: &str, mut so: impl FnMut() -> bool) {
    let begun = SystemClock.uptime();
    while !so() {
        let late = SystemClock.uptime() - IN_TIME;
        assert!(late < begun, "it did not come true that {what}");
        std::thread::sleep(LOOK);
    }
}

#[test]
fn what_a_node_was_telling_when_it_was_killed_is_told_by_the_others() {
    let Some(database) = Database::postgres() else {
        return;
    };
    let mut beside = database.beside();
    let certificate = Certificate::new();
    let receiver = Receiver::new(&certificate);
    let authority = certificate.authority_file();
    let mut first = cluster::place(database);
    first.sets("PORTICO_TRUSTED_CA", &authority.display().to_string());
    first.sets("PORTICO_OUTBOUND_ALLOW", "localhost");
    register(&first);
    let clients = register_told(&first, &receiver.uri());
    let mut places = [first.beside(), first.beside(), first];
    let mut nodes: Vec<(&Place, Server)> = Vec::new();
    for place in &mut places {
        // Each says there who it is.
        place.logs("info");
        nodes.push((place, place.start()));
    }
    let mut expected = BTreeSet::new();
    for (number, client) in clients.iter().enumerate() {
        expected.extend((1..=TOLD_EACH).map(|stay| format!("{number}-{stay}")));
        beside.run(&format!(
            "INSERT INTO deliveries (client_id, user_id, sid, created_at, due_at)
             SELECT '{client}', (SELECT id FROM users LIMIT 1), '{number}-' || stay, {}, 0
             FROM generate_series(1, {TOLD_EACH}) stay",
            SystemClock.now().millis()
        ));
    }
    soon("they are being told", || receiver.heard().len() >= BEFORE);
    let mut holder = String::new();
    soon("a node has a client for itself", || {
        holder = state(&mut beside).holder;
        !holder.is_empty()
    });
    let is_holder = |place: &Place| place.said().replace('-', "").contains(&holder);
    let killed = nodes.iter().position(|(place, _)| is_holder(place));
    let (_, server) = nodes.swap_remove(killed.expect("one of them"));
    server.kill();
    let then = receiver.heard().len();
    assert!(then < expected.len(), "it was killed in the midst of it");
    let mut heard = BTreeSet::new();
    soon("everybody was told everything", || {
        heard.extend(receiver.heard().iter().map(|one| {
            let sid = one.claims()["sid"].as_str().map(str::to_owned);
            sid.expect("a sid")
        }));
        heard.len() >= expected.len()
    });
    assert_eq!(heard, expected);
    soon("nothing waits", || state(&mut beside).waiting == 0);
    let again = receiver.heard().len() - expected.len();
    eprintln!("killed after {then}, told twice: {again}");
}
