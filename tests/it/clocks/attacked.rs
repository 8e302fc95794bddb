//! What ended stays ended, and nothing works twice, whatever somebody's clock does meanwhile.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::mpsc::channel;

use domain::event::effect::{Effect, End};
use flow::administer::revoke::TokensOf;
use foundation::clock::Span;
use serde_json::json;
use store::faultpoint::{AFTER_COMMIT_BEFORE_ANSWER, READ};

use super::{HOURS, SETTLED, WAIT, answers_nothing, count, time_is_set};
use crate::world::jwt::ASSERTION_TYPE;
use crate::world::program::{Program, Proof};
use crate::world::{World, in_both_worlds, operator};

/// A program that signs assertions.
fn signs_assertions(w: &World) -> Program {
    w.client(json!({
        "token_endpoint_auth_method": "private_key_jwt",
        "grant_types": ["client_credentials"], "redirect_uris": [],
    }))
}

/// One that is good for longer than a node waits whose clock went back.
fn long_assertion(jobs: &Program) -> String {
    let Proof::Assertion(key) = &jobs.proof else {
        panic!("it signs")
    };
    let exp = jobs.world.now().seconds() + 280;
    jobs.assertion(key, json!({ "exp": exp }))
}

fn presents(jobs: &Program, assertion: &str) -> String {
    let anybody = Program {
        proof: Proof::None,
        ..jobs.clone()
    };
    let reply = anybody.token(&[
        ("grant_type", "client_credentials".to_owned()),
        ("client_assertion_type", ASSERTION_TYPE.to_owned()),
        ("client_assertion", assertion.to_owned()),
    ]);
    match reply.status {
        200 => "given".to_owned(),
        _ => reply.error(),
    }
}

/// What jobs do when their time has come.
fn jobs_run(w: &World) {
    let services = w.services();
    w.wait(services.upkeep.sweep()).expect("no fault");
    w.wait(services.upkeep.expire_sessions()).expect("no fault");
    w.wait(services.signing_keys.rotate_by_age())
        .expect("no fault");
}

fn waits_and_goes_on(w: &World) {
    w.passes(WAIT);
    w.soon("it answers again", || w.get("/readyz").status == 200);
}

/// Everything that was logged in the last hour is too old to be read at a start.
fn the_log_is_quiet(w: &World) {
    w.passes(Span::minutes(70));
}

/// What was logged last is stamped as by a clock that is two hours behind.
fn the_last_stamp_is_two_hours_behind(w: &World) {
    w.database().beside().run(
        "UPDATE events SET at = at - 7200000 WHERE position = (SELECT max(position) FROM events)",
    );
}

in_both_worlds! {
    fn an_assertion_works_once_whatever_the_clock_does(w: &World) {
        let jobs = signs_assertions(w);
        for is_settled in [true, false] {
            w.restart();
            if is_settled {
                w.passes(SETTLED);
            }
            let assertion = long_assertion(&jobs);
            assert_eq!(presents(&jobs, &assertion), "given");
            time_is_set(w, Span::hours(2));
            jobs_run(w);
            time_is_set(w, Span::hours(-2));
            waits_and_goes_on(w);
            jobs_run(w);
            assert_eq!(presents(&jobs, &assertion), "400 invalid_client");
            assert_eq!(presents(&jobs, &long_assertion(&jobs)), "given", "another one does");
        }
    }

    fn an_assertion_works_once_where_a_start_knows_of_no_step(w: &World) {
        let jobs = signs_assertions(w);
        w.passes(SETTLED);
        let assertion = long_assertion(&jobs);
        assert_eq!(presents(&jobs, &assertion), "given");
        w.restart_after(|| w.time_is_set_ahead(Span::hours(2)));
        jobs_run(w);
        w.restart_after(|| w.time_is_set_ahead(Span::hours(-2)));
        jobs_run(w);
        assert_eq!(presents(&jobs, &assertion), "503 temporarily_unavailable");
        waits_and_goes_on(w);
        jobs_run(w);
        assert_eq!(presents(&jobs, &assertion), "400 invalid_client");
    }

    fn a_token_of_a_time_that_was_ahead_does_not_outlive_its_time(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        w.passes(SETTLED);
        let before = ada.uses(&market);
        time_is_set(w, Span::hours(2));
        assert!(!market.finds_active(&before.access), "it has run out by this clock");
        let ahead = ada.uses(&market);
        assert!(market.finds_active(&ahead.access));
        time_is_set(w, Span::hours(-2));
        answers_nothing(w);
        waits_and_goes_on(w);
        for tokens in [&before, &ahead] {
            assert!(!market.finds_active(&tokens.access));
        }
        // Nor where the clock is caught up with: it is ten minutes and what it was ahead.
        time_is_set(w, Span::seconds(90));
        let ahead = ada.uses(&market);
        time_is_set(w, Span::seconds(-90));
        w.seconds_pass(90);
        w.soon("it answers again", || w.get("/readyz").status == 200);
        assert!(market.finds_active(&ahead.access));
        w.seconds_pass(600);
        assert!(!market.finds_active(&ahead.access));
    }

    fn what_ran_out_stays_so_when_the_clock_goes_back(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        w.passes(SETTLED);
        let tokens = ada.uses(&market);
        let code = ada.opens(&market).code();
        w.passes(SETTLED);
        assert!(!market.finds_active(&tokens.access));
        time_is_set(w, Span::hours(-2));
        answers_nothing(w);
        waits_and_goes_on(w);
        assert!(!market.finds_active(&tokens.access));
        assert_eq!(market.redeems(&code).error(), "400 invalid_grant");
    }

    fn what_a_clock_two_hours_behind_revoked_is_never_forgotten(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let bob = w.person("bob");
        the_log_is_quiet(w);
        let (tokens, others) = (ada.uses(&market), bob.uses(&market));
        let command = w.command(Span::hours(-2));
        let revokes = command.administration.by(operator());
        w.operator(revokes.revoke_tokens(TokensOf::User("ada".to_owned())));
        // PostgreSQL's own clock was behind for a moment.
        if !w.database().is_sqlite() {
            the_last_stamp_is_two_hours_behind(w);
        }
        w.soon("it is dead", || !market.finds_active(&tokens.access));
        market.revokes(&others.access);
        w.restart();
        assert_eq!(w.get("/readyz").status, 200, "the last stamp is a right one");
        for _ in 0..3 {
            assert!(!market.finds_active(&tokens.access) && !market.finds_active(&others.access));
            w.seconds_pass(180);
        }
        assert!(market.finds_active(&w.person("eve").uses(&market).access));
    }

    fn nothing_is_forgotten_soon_after_a_plain_start(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        for _ in 0..3 {
            market.revokes(&ada.uses(&market).access);
        }
        let ends = || count(w, |logged| matches!(logged.effect, Ok(Effect::End(End::Token(_) | End::Family(_)))));
        let ended = ends();
        assert!(ended >= 3, "{ended}");
        // Old enough for everything to be removed or retired.
        w.restart_after(|| w.clock_runs_ahead(Span::days(100).as_seconds()));
        for _ in 0..3 {
            jobs_run(w);
            assert_eq!(ends(), ended, "nothing is removed");
            let keys = w.operator(w.signing_keys().list());
            assert!(keys.iter().all(|key| key.state.word() != "retiring"), "none retires");
            w.seconds_pass(199);
        }
        w.passes(SETTLED);
        jobs_run(w);
        assert!(ends() <= 1, "then it is, but for the last of all");
    }

    /// Whoever asks while a node starts is answered when it knows what time it is, and not before.
    fn nobody_is_answered_before_a_start_knows_the_time(w: &World) {
        let market = w.mini_program("market", "openid");
        market.revokes(&w.person("ada").uses(&market).access);
        let address = w.issuer().trim_start_matches("http://").to_owned();
        let (asks, answers) = channel();
        w.restart_after(|| {
            w.time_is_set_ahead(Span::minutes(-30));
            w.once_at(READ, move || {
                let mut stream = TcpStream::connect(&address).expect("it listens");
                let request = format!("GET /jwks HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
                stream.write_all(request.as_bytes()).expect("it is asked");
                asks.send(stream).expect("the test waits");
            });
        });
        let mut answer = String::new();
        let mut stream = answers.recv().expect("it was read when it started");
        stream.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    }

    fn a_refresh_token_that_ends_while_it_is_asked_about_is_not_active(w: &World) {
        let market = w.mini_program("market", "openid");
        let tokens = w.person("ada").uses(&market);
        assert!(market.finds_active(tokens.refresh()));
        // Who has just started looks for the person's name there after it has looked at the token.
        w.restart();
        let (node, (happens, happened)) = (w.clone(), channel());
        w.once_at(AFTER_COMMIT_BEFORE_ANSWER, move || {
            node.database().beside().run("UPDATE token_families SET ended_at = 1, end_reason = 'withdrawn'");
            node.clock_runs_ahead(2);
            happens.send(()).expect("the test waits");
        });
        assert!(happened.try_recv().is_err(), "not before it is asked about");
        assert!(!market.finds_active(tokens.refresh()));
        assert!(happened.try_recv().is_ok());
    }
}

/// The same on a node that runs for long, by its own memory.
#[test]
fn a_running_node_keeps_what_a_wrong_clock_revoked() {
    let world = World::new(crate::database::Database::sqlite());
    let w = &world;
    let market = w.mini_program("market", "openid");
    for (turn, hours) in HOURS.into_iter().enumerate() {
        let name = format!("ada-{turn}");
        let tokens = w.person(&name).uses(&market);
        let command = w.command(Span::hours(hours));
        let revokes = command.administration.by(operator());
        w.operator(revokes.revoke_tokens(TokensOf::User(name)));
        w.soon("it is dead", || !market.finds_active(&tokens.access));
        for _ in 0..9 {
            w.seconds_pass(61);
            assert!(!market.finds_active(&tokens.access), "{hours} hours");
        }
    }
}
