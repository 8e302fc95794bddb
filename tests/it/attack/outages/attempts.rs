//! What people and programs try while the store fails: each with the points at which that must be
//! a failure, the status of its yes, and how it is seen afterwards whether it was done.

use serde_json::json;
use store::faultpoint::{AFTER_COMMIT_BEFORE_ANSWER, ALL, BEFORE_COMMIT, BEGIN, READ, WRITE};

use crate::world::World;
use crate::world::host::{self, Launcher};
use crate::world::person::Person;
use crate::world::program::{Program, Tokens};
use crate::world::reply::Reply;
use crate::world::web_view::{self, FIRST_LOAD, WebView};

/// Nobody has to read or write for it.
const NONE: &[&str] = &[];
/// It only reads.
const READS: &[&str] = &[READ];
/// It writes, and says so in no log; what it has to know is in memory.
const WRITES: &[&str] = &[BEGIN, BEFORE_COMMIT, AFTER_COMMIT_BEFORE_ANSWER];
/// It reads before it writes.
const READS_AND_WRITES: &[&str] = &[READ, BEGIN, BEFORE_COMMIT, AFTER_COMMIT_BEFORE_ANSWER];
/// It writes, and everybody must hear of it; what it has to know is in memory.
const CUTS: &[&str] = &WRITE;
/// It reads, and writes something that everybody must hear of.
const ENDS: &[&str] = &ALL;

/// One try, prepared while the store works.
pub(super) struct Attempt {
    pub(super) what: &'static str,
    /// The points that it passes.
    fails_at: &'static [&'static str],
    /// The status of its yes.
    pub(super) yes: u16,
    pub(super) act: Act,
    pub(super) check: Check,
}

type Act = Box<dyn Fn() -> Reply>;
/// Looks whether it was done, or nothing of it, and that it can be done or used from there on.
type Check = Box<dyn Fn(Outcome, &str)>;

/// How a try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The answer was a yes.
    Said,
    /// The store failed after a commit: what was committed is done, and the answer does not know.
    Unsaid,
    /// The store failed before: nothing is done.
    Nothing,
}

impl Outcome {
    /// Whether something is done, of what takes one commit.
    fn is_done(self) -> bool {
        self != Self::Nothing
    }
}

impl Attempt {
    /// How it must end with a store that fails at this point.
    pub(super) fn outcome(&self, point: &str) -> Outcome {
        match self.fails_at.contains(&point) {
            false => Outcome::Said,
            true if point == AFTER_COMMIT_BEFORE_ANSWER => Outcome::Unsaid,
            true => Outcome::Nothing,
        }
    }
}

fn attempt(
    what: &'static str,
    fails_at: &'static [&'static str],
    yes: u16,
    act: impl Fn() -> Reply + 'static,
    check: impl Fn(Outcome, &str) + 'static,
) -> Attempt {
    Attempt {
        what,
        fails_at,
        yes,
        act: Box::new(act),
        check: Box::new(check),
    }
}

/// The programs of all tries, and somebody of their own for each.
struct Scene<'w> {
    world: &'w World,
    point: &'static str,
    market: Program,
    app: Program,
    jobs: Program,
}

impl Scene<'_> {
    /// Somebody new, who is signed in.
    fn somebody(&self, named: &str) -> Person {
        let name = format!("{named}.{}", self.point);
        let profile = json!({ "name": "Somebody", "nickname": "some" });
        let person = Person::with_profile(self.world, &name, profile);
        person.signs_in();
        person
    }

    /// Somebody new, and what the market holds of them.
    fn customer(&self, named: &str) -> (Person, Tokens) {
        let person = self.somebody(named);
        let tokens = person.uses(&self.market);
        (person, tokens)
    }
}

/// One of each kind.
pub(super) fn all(world: &World, point: &'static str) -> Vec<Attempt> {
    let scene = Scene {
        world,
        point,
        market: world.mini_program("market", "openid profile.basic"),
        app: world.client(json!({ "token_endpoint_auth_method": "none" })),
        jobs: world.client(json!({
            "token_endpoint_auth_method": "private_key_jwt",
            "grant_types": ["client_credentials"], "redirect_uris": [],
        })),
    };
    let parts = [
        by_backends(&scene),
        by_questions(&scene),
        by_decisions(&scene),
        by_people(&scene),
        by_web_views(&scene),
    ];
    parts.into_iter().flatten().collect()
}

/// What a WebView does with a web ticket.
fn by_web_views(scene: &Scene<'_>) -> Vec<Attempt> {
    let world = scene.world;
    let somebody = scene.somebody("hands.in");
    let nova = Launcher::of(&host::host(world), &somebody);
    let shop = web_view::program(world, "shop", "openid");
    let ticket = nova.ticket(&shop, &[]).text("access_token");
    let (view, again) = (WebView::new(world), ticket.clone());
    let handed_in = view.clone();
    vec![attempt(
        "hand a web ticket in",
        READS_AND_WRITES,
        303,
        move || view.hands_in(&ticket, FIRST_LOAD),
        move |outcome, what| {
            // A cookie that was not said opens nothing, for there is none; a ticket that was not taken is good.
            let said = handed_in.asks_silently(&shop).get("error").is_empty();
            assert_eq!(said, outcome == Outcome::Said, "{what}");
            let expected = if outcome.is_done() { 400 } else { 303 };
            let again = WebView::new(&shop.world).hands_in(&again, FIRST_LOAD);
            assert_eq!(again.status, expected, "{what}");
        },
    )]
}

/// What programs do with codes and tokens.
fn by_backends(scene: &Scene<'_>) -> Vec<Attempt> {
    let mut attempts = Vec::new();
    let (market, app, jobs) = (&scene.market, &scene.app, &scene.jobs);

    let code = scene.customer("redeems").0.opens(market).code();
    let (program, redeemed) = (market.clone(), code.clone());
    let again = market.clone();
    attempts.push(attempt(
        "redeem a code",
        WRITES,
        200,
        move || program.redeems(&redeemed),
        move |outcome, what| {
            let expected = if outcome.is_done() { 400 } else { 200 };
            assert_eq!(again.redeems(&code).status, expected, "{what}");
        },
    ));

    let held = scene.somebody("rotates").uses(app);
    let (program, old) = (app.clone(), held.refresh().to_owned());
    let again = app.clone();
    attempts.push(attempt(
        "rotate",
        READS_AND_WRITES,
        200,
        move || program.refreshes(&old),
        move |_, what| {
            // Whether it was done or not, an honest retry gets tokens, and one family goes on.
            let next = Tokens::of(&again.refreshes(held.refresh()));
            assert!(again.refreshes(next.refresh()).status == 200, "{what}");
            let reused = again.refreshes(held.refresh());
            assert_eq!(reused.error(), "400 invalid_grant", "{what}");
        },
    ));

    for (what, name, whole) in [
        ("revoke an access token", "revokes", false),
        ("revoke a refresh token", "ends", true),
    ] {
        let (_, held) = scene.customer(name);
        let token = if whole { held.refresh() } else { &held.access }.to_owned();
        let (program, again) = (market.clone(), market.clone());
        attempts.push(attempt(
            what,
            CUTS,
            200,
            move || program.revokes(&token),
            move |outcome, what| {
                let done = outcome.is_done();
                assert_eq!(again.finds_active(&held.access), !done, "{what}");
                assert_eq!(
                    again.finds_active(held.refresh()),
                    !(done && whole),
                    "{what}"
                );
            },
        ));
    }

    let assertion = match &jobs.proof {
        crate::world::program::Proof::Assertion(key) => jobs.assertion(key, json!({})),
        _ => panic!("it signs assertions"),
    };
    let (program, again) = (jobs.clone(), assertion.clone());
    let asserts = move |assertion: &str| {
        let world = &program.world;
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", crate::world::jwt::ASSERTION_TYPE),
            ("client_assertion", assertion),
        ];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let request = world.http("POST", "/token");
        world.send(crate::world::browser::form_body(request, &fields))
    };
    // From now on its registration is in memory.
    assert_eq!(jobs.client_credentials(&[]).status, 200);
    let first = asserts.clone();
    attempts.push(attempt(
        "use an assertion",
        WRITES,
        200,
        move || first(&assertion),
        move |outcome, what| {
            let expected = if outcome.is_done() { 400 } else { 200 };
            assert_eq!(asserts(&again).status, expected, "{what}");
        },
    ));
    attempts
}

/// What is only asked.
fn by_questions(scene: &Scene<'_>) -> Vec<Attempt> {
    let (person, held) = scene.customer("asks");
    let market = &scene.market;
    let mut attempts = Vec::new();
    let mut asked = |what, fails_at, act: Act| {
        attempts.push(attempt(what, fails_at, 200, act, |_, _| {}));
    };
    let (program, token) = (market.clone(), held.access.clone());
    asked(
        "introspect an access token, which memory knows",
        NONE,
        Box::new(move || program.introspects(&token)),
    );
    let (program, token) = (market.clone(), held.refresh().to_owned());
    asked(
        "introspect a refresh token",
        READS,
        Box::new(move || program.introspects(&token)),
    );
    let (program, token) = (market.clone(), held.refresh().to_owned());
    asked(
        "refresh",
        READS,
        Box::new(move || program.refreshes(&token)),
    );
    let (program, token) = (market.clone(), held.access.clone());
    asked(
        "userinfo",
        READS,
        Box::new(move || program.userinfo(&token)),
    );
    for path in ["/account", "/account/sessions", "/account/history"] {
        let person = person.clone();
        asked(path, READS, Box::new(move || person.looks_at(path)));
    }
    attempts
}

/// What people decide about programs.
fn by_decisions(scene: &Scene<'_>) -> Vec<Attempt> {
    let mut attempts = Vec::new();
    let market = &scene.market;

    let (person, _) = scene.customer("opens");
    let (program, again) = (market.clone(), (person.clone(), market.clone()));
    attempts.push(attempt(
        "open what was allowed",
        READS_AND_WRITES,
        303,
        move || person.opens(&program).page,
        move |_, _| assert!(!again.0.opens(&again.1).code().is_empty()),
    ));

    for (button, name) in [("allow", "allows"), ("deny", "denies")] {
        let person = scene.somebody(name);
        let sheet = person.opens(market);
        let (again, program) = (sheet.clone(), market.clone());
        attempts.push(attempt(
            button,
            READS_AND_WRITES,
            303,
            move || sheet.clone().presses(button).page,
            move |outcome, what| {
                let said = outcome == Outcome::Said;
                let knows = person.asked_silently(&program);
                let allowed = said && button == "allow";
                assert_eq!(knows.get("code").is_empty(), !allowed, "{what}");
                let pressed = again.clone().presses(button);
                // Whoever heard nothing presses again, and arrives; so does whoever presses twice.
                assert_eq!(pressed.at(), "program", "{what}: {}", pressed.says());
                match button {
                    "allow" => assert!(!pressed.code().is_empty(), "{what}"),
                    _ => assert_eq!(pressed.error(), "access_denied", "{what}"),
                }
            },
        ));
    }

    let (person, held) = scene.customer("removes");
    let page = person.looks_at("/account");
    let (button, program) = (format!("revoke-{}", market.id), market.clone());
    attempts.push(attempt(
        "remove",
        ENDS,
        200,
        move || person.browser.presses(&page, &button, &[]),
        move |outcome, what| {
            let done = outcome.is_done();
            assert_eq!(program.finds_active(&held.access), !done, "{what}");
            let refreshed = program.refreshes(held.refresh()).status;
            assert_eq!(refreshed, if done { 400 } else { 200 }, "{what}");
        },
    ));

    let (person, held) = scene.customer("takes-back");
    let page = person.looks_at("/account");
    let button = format!("take-back-{}-profile-basic", market.id);
    let program = market.clone();
    attempts.push(attempt(
        "take back",
        ENDS,
        200,
        move || person.browser.presses(&page, &button, &[]),
        move |outcome, what| {
            let left = if outcome.is_done() {
                "openid"
            } else {
                "openid profile.basic"
            };
            assert_eq!(program.scope_now(&held.access), left, "{what}");
        },
    ));
    attempts
}

/// What people do with their sessions.
fn by_people(scene: &Scene<'_>) -> Vec<Attempt> {
    let mut attempts = Vec::new();
    for (what, name, right) in [("sign in", "signs-in", true), ("guess", "guesses", false)] {
        let person = scene.somebody(name).with_another_browser();
        let page = person.browser.get("/sign-in");
        let (typing, again) = (person.clone(), person);
        attempts.push(attempt(
            what,
            READS_AND_WRITES,
            200,
            move || {
                let password = if right { &typing.password } else { "wrong" };
                typing.types_password(&page, &typing.username, password)
            },
            move |outcome, what| {
                // More than one commit: unsaid, there may be a session whose cookie nobody got.
                let new = again.sessions().len() - 1;
                let expected = match (right, outcome) {
                    (true, Outcome::Said) => 1..=1,
                    (true, Outcome::Unsaid) => 0..=1,
                    _ => 0..=0,
                };
                assert!(expected.contains(&new), "{what}: {new}");
                again.with_another_browser().signs_in();
            },
        ));
    }

    let (person, held) = scene.customer("signs-out");
    let question = person.looks_at("/sign-out");
    let (leaving, program) = (person.clone(), scene.market.clone());
    attempts.push(attempt(
        "sign out",
        ENDS,
        200,
        move || leaving.browser.presses(&question, "logout", &[]),
        move |outcome, what| {
            let done = outcome.is_done();
            assert_eq!(person.sessions().is_empty(), done, "{what}");
            assert_eq!(program.finds_active(&held.access), !done, "{what}");
            assert_eq!(program.finds_active(held.refresh()), !done, "{what}");
        },
    ));
    attempts
}
