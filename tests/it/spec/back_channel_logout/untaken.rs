//! What becomes of a logout token that its receiver does not take, or that its sender cannot send any more.

use domain::delivery::MAX_REFUSALS;
use flow::administer::deliveries::Retried;
use foundation::clock::Span;
use serde_json::Value;

use super::{Town, dead_ones, fresh, in_both_towns, sid, sids};
use crate::database::Database;
use crate::world::receiver::Manner;

in_both_towns! {
    fn whoever_refuses_is_asked_again_and_then_given_up(town: &Town) {
        let (w, receiver) = (&town.world, town.receiver());
        let market = town.program("market", &receiver);
        let (ada, bob) = (w.person("ada"), w.person("bob"));
        let (of_ada, of_bob) = (ada.uses(&market), bob.uses(&market));
        receiver.will(Manner::Says(400));
        ada.signs_out();
        for times in 1..=MAX_REFUSALS {
            receiver.hears(times as usize);
            town.was_tried(&market, times);
            w.seconds_pass(600);
        }
        w.soon("it is given up", || town.dead() == 1);
        let jtis: Vec<Value> = receiver.heard().iter().map(|h| h.claims()["jti"].clone()).collect();
        assert!(jtis.iter().enumerate().all(|(i, jti)| !jtis[..i].contains(jti)), "signed anew");
        // What nobody could take does not stand before the others.
        receiver.will(Manner::Says(204));
        bob.signs_out();
        let heard = receiver.hears(MAX_REFUSALS as usize + 1);
        assert_eq!(heard.last().expect("one").claims()["sid"], sid(&of_bob));
        town.is_quiet();
        // The operator sees it, and tries again.
        let dead = w.operator(w.administration().list_deliveries(dead_ones()));
        assert_eq!(dead.rows.len(), 1);
        assert_eq!(dead.rows[0].sid, sid(&of_ada));
        assert_eq!(dead.rows[0].problem.as_deref(), Some("the answer has status 400"));
        let again = w.operator(w.administration().retry_deliveries(Retried::One(dead.rows[0].id)));
        assert_eq!(again, 1);
        let heard = receiver.hears(MAX_REFUSALS as usize + 2);
        assert_eq!(heard.last().expect("one").claims()["sid"], sid(&of_ada));
        town.is_quiet();
        assert_eq!(town.dead(), 0);
    }

    fn whoever_is_not_there_for_a_day_is_given_up_and_slows_nobody(town: &Town) {
        let (w, alive) = (&town.world, town.receiver());
        let market = town.program("market", &alive);
        let ada = w.person("ada");
        let ada_at_market = ada.uses(&market);
        for (name, manner) in [
            ("hangs", Manner::Hangs),
            ("rubbish", Manner::Rubbish),
            ("broken", Manner::Says(500)),
            ("lost", Manner::Says(404)),
        ] {
            let dead = town.receiver();
            dead.will(manner);
            let program = town.program(name, &dead);
            let bob = w.person(&fresh("bob"));
            let (at_dead, at_market) = (bob.uses(&program), bob.uses(&market));
            bob.signs_out();
            assert!(alive.heard().len() <= 4);
            dead.hears(1);
            // The other is told at once, although the one has not answered yet.
            w.soon("the other hears of it", || {
                alive.heard().iter().any(|h| h.claims()["sid"] == sid(&at_market))
            });
            town.was_tried(&program, 1);
            w.passes(Span::hours(23));
            assert_eq!(dead.hears(2)[1].claims()["sid"], sid(&at_dead));
            town.was_tried(&program, 2);
            w.passes(Span::hours(2));
            w.soon("it is given up", || town.dead() == 1);
            let count = dead.heard().len();
            w.operator(w.administration().retry_deliveries(Retried::All));
            dead.hears(count + 1);
            town.was_tried(&program, 1);
            dead.will(Manner::Says(200));
            w.seconds_pass(600);
            town.is_quiet();
            assert_eq!(town.dead(), 0);
        }
        ada.signs_out();
        w.soon("she is heard of", || alive.heard().iter().any(|h| h.claims()["sid"] == sid(&ada_at_market)));
    }

    fn an_answer_without_end_is_not_read_and_one_that_leads_away_is_not_followed(town: &Town) {
        let (w, receiver, inside) = (&town.world, town.receiver(), town.receiver());
        let market = town.program("market", &receiver);
        let ada = w.person("ada");
        for status in [301, 302, 307, 308] {
            receiver.will(Manner::Leads(status, inside.uri()));
            let before = receiver.heard().len();
            ada.uses(&market);
            ada.signs_out();
            receiver.hears(before + 1);
            town.was_tried(&market, 1);
            receiver.will(Manner::Endless);
            w.seconds_pass(600);
            receiver.hears(before + 2);
            // The status was 200: that counts, not what comes behind it.
            town.is_quiet();
        }
        assert_eq!(inside.heard().len(), 0);
    }

    /// `kill -9` leaves a claim behind, which is over by itself.
    fn what_a_killed_node_had_claimed_is_told_by_another(town: &Town) {
        let (w, receiver) = (&town.world, town.receiver());
        let (market, taxi) = (town.program("market", &receiver), town.program("taxi", &receiver));
        let ada = w.person("ada");
        let (at_market, at_taxi) = (ada.uses(&market), ada.uses(&taxi));
        let killed = w.database().literal(&[0; 16]);
        let until = (w.now() + Span::seconds(15)).millis();
        w.database().beside().run(&format!(
            "INSERT INTO destinations (client_id, due_at, claimed_by, failures)
             VALUES ('{}', {until}, {killed}, 0)",
            market.id
        ));
        ada.signs_out();
        assert_eq!(receiver.hears_of(1), [sid(&at_taxi)], "nobody waits for it but its own");
        w.soon("that is written down", || town.waits_for(&taxi).is_empty());
        w.seconds_pass(14);
        assert_eq!(receiver.heard().len(), 1, "it is another's still");
        w.seconds_pass(2);
        receiver.hears(2);
        assert_eq!(receiver.hears_of(2), sids(&[&at_market, &at_taxi]));
        town.is_quiet();
    }
}
