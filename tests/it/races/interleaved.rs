//! Every act that touches what another one changes, stopped at each of its statements while the other
//! is done, as far as it gets, on another node: nothing is left to chance, and nothing is cut off.
//!
//! *Finished*: the first goes on. *Blocked* (`pg_blocking_pids`): the first goes on, and the second
//! where it waits. Whatever happens, both answers and what everybody finds afterwards are those of one
//! order of the two. On SQLite, where the one that writes is alone, an act is stopped between its calls
//! of the store.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use foundation::database_url::DatabaseUrl;
use serde_json::{Value, json};

use super::scene::act::Act;
use super::scene::{Done, Scene};
use super::stops::{Place, Stop};
use crate::database::Database;
use crate::world::World;

static NUMBER: AtomicUsize = AtomicUsize::new(0);
const LOOK: Duration = Duration::from_millis(1);
/// More statements than an act has.
const MAX_STATEMENTS: usize = 60;
/// A machine that is so busy that an act comes too late is asked again so often.
const TRIES: usize = 4;

/// Two nodes, of which the first can be stopped. On SQLite they are one.
struct Nodes {
    first: World,
    second: World,
    stop: Arc<Stop>,
    /// A connection of somebody who only looks.
    looks: Option<Mutex<PgConnection>>,
    /// What programs register besides the usual.
    program: Value,
    scenes: AtomicUsize,
}

/// How two acts meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meeting {
    /// The other one is done before.
    After,
    /// The other one is done at the stop after so many statements, or after it all where there are fewer.
    At(usize),
}

/// What a meeting came to: what each was answered, and what everybody finds afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Outcome {
    act: String,
    other: String,
    state: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

impl Nodes {
    fn on_postgres(program: Value) -> Option<Self> {
        let database = Database::postgres()?;
        let name = format!("stops{}x", NUMBER.fetch_add(1, Ordering::SeqCst));
        let stop = Stop::of(&name, Place::BeforeStatements);
        let looks = PgConnection::establish(&database.url).expect("it answers");
        let url = format!("{}?application_name={name}", database.url);
        let first = World::with(database, |config| {
            config.database.url = DatabaseUrl::parse(&url).expect("a URL");
            config.server.rate_limits = false;
        });
        Some(Self {
            second: first.another_node_with(|config| config.server.rate_limits = false),
            first,
            stop,
            looks: Some(Mutex::new(looks)),
            program,
            scenes: AtomicUsize::new(0),
        })
    }

    fn on_sqlite(program: Value) -> Self {
        let database = Database::sqlite();
        let path = database.url.trim_start_matches("sqlite://").to_owned();
        let stop = Stop::of(&path, Place::AfterReads);
        let first = World::with(database, |config| config.server.rate_limits = false);
        Self {
            second: first.clone(),
            first,
            stop,
            looks: None,
            program,
            scenes: AtomicUsize::new(0),
        }
    }

    fn scene(&self) -> Scene {
        let number = self.scenes.fetch_add(1, Ordering::Relaxed);
        Scene::new(&self.first, number, &self.program)
    }

    /// What anybody did is known to both.
    fn settles(&self) {
        let store = self.first.store();
        let end = store.read_blocking(store::events::end).expect("the log");
        for node in [&self.first, &self.second] {
            if node.position() < end {
                std::thread::sleep(LOOK);
            }
            if node.position() < end {
                node.soon("it has read the log", || node.position() >= end);
            }
        }
    }

    /// Two acts meet. Gives whether the first was stopped, too.
    fn met(&self, act: Act, other: Act, meeting: Meeting) -> (Outcome, bool) {
        let mut late = None;
        for _ in 0..TRIES {
            let (outcome, reached) = self.meet(act, other, meeting);
            if !outcome.is_late() {
                return (outcome, reached);
            }
            late = Some(outcome);
        }
        panic!("{act:?} and {other:?} always come too late: {meeting:?} {late:#?}");
    }

    fn meet(&self, act: Act, other: Act, meeting: Meeting) -> (Outcome, bool) {
        let scene = self.scene();
        let (one, another) = (scene.ready(act), scene.ready(other));
        self.settles();
        let (of_act, of_other, reached) = match meeting {
            Meeting::After => {
                let of_other = another.is_done_at(&self.second);
                self.settles();
                (one.is_done_at(&self.first), of_other, false)
            }
            Meeting::At(statements) => {
                self.stop.after(statements);
                std::thread::scope(|scope| {
                    let one = scope.spawn(|| one.is_done_at(&self.first));
                    while !self.stop.is_reached() && !one.is_finished() {
                        std::thread::sleep(LOOK);
                    }
                    let reached = self.stop.is_reached();
                    if !reached {
                        self.stop.goes_on();
                        self.settles();
                    }
                    let another = scope.spawn(|| another.is_done_at(&self.second));
                    while reached && !another.is_finished() && !self.somebody_is_blocked() {
                        std::thread::sleep(LOOK);
                    }
                    self.stop.goes_on();
                    let done = |thread: std::thread::ScopedJoinHandle<'_, Done>| {
                        thread.join().expect("it answers")
                    };
                    (done(one), done(another), reached)
                })
            }
        };
        self.settles();
        let outcome = Outcome {
            act: scene.answer(&of_act),
            other: scene.answer(&of_other),
            state: scene.state(&[&of_act, &of_other]),
        };
        (outcome, reached)
    }

    fn somebody_is_blocked(&self) -> bool {
        let Some(looks) = &self.looks else {
            return false;
        };
        let mut looks = looks.lock().unwrap_or_else(PoisonError::into_inner);
        let blocked: Count = diesel::sql_query(
            "SELECT count(*) AS count FROM pg_stat_activity
             WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0",
        )
        .get_result(&mut *looks)
        .expect("it answers");
        blocked.count > 0
    }

    /// One act with another, at every stop. Gives how many there were.
    fn all_meetings(&self, act: Act, other: Act) -> usize {
        let mut found = Vec::new();
        let before = loop {
            let statements = self.stop.first() + found.len();
            assert!(statements < MAX_STATEMENTS, "{act:?} never ends");
            match self.met(act, other, Meeting::At(statements)) {
                (outcome, true) => found.push((statements, outcome)),
                (outcome, false) => break outcome,
            }
        };
        if found.is_empty() {
            return 0;
        }
        let (after, _) = self.met(act, other, Meeting::After);
        for (statements, outcome) in &found {
            assert!(
                *outcome == before || *outcome == after,
                "{other:?} at statement {statements} of {act:?}: {outcome:#?}\n\
                 {act:?} first: {before:#?}\n{other:?} first: {after:#?}"
            );
        }
        found.len()
    }
}

impl Outcome {
    /// Somebody was not answered in time. What always is so is no accident.
    fn is_late(&self) -> bool {
        [&self.act, &self.other]
            .iter()
            .any(|said| said.starts_with("503"))
    }
}

/// Each of these with all that it meets.
fn each(nodes: &Nodes, acts: &[Act]) {
    for &act in acts {
        let others = Act::ALL.into_iter().filter(|other| act.meets(*other));
        let stops: usize = others.map(|other| nodes.all_meetings(act, other)).sum();
        println!("{act:?} was stopped {stops} times");
    }
}

/// Makes a test for each database.
macro_rules! interleavings {
    ($($name:ident($program:expr): $acts:expr;)*) => {$(
        mod $name {
            use super::*;

            #[test]
            fn sqlite() {
                each(&Nodes::on_sqlite($program), &$acts);
            }

            #[test]
            fn postgres() {
                if let Some(nodes) = Nodes::on_postgres($program) {
                    each(&nodes, &$acts);
                }
            }
        }
    )*};
}

interleavings! {
    of_taking_back(json!({})): [Act::TakesBackName, Act::TakesBackPhone, Act::Removes];
    of_opening_and_allowing(json!({})): [Act::Opens, Act::AllowsMore];
    of_launches(json!({})): [Act::IsLaunched, Act::AllowsInHost, Act::IsLeft];
    of_passwords_and_sign_ins(json!({})):
        [Act::ChangesPassword, Act::PasswordIsSet, Act::SignsInElsewhere];
    of_ends_of_sessions(json!({})):
        [Act::EndsOthers, Act::EndsElsewhere, Act::ElsewhereEndsThis, Act::SignsOut];
    of_ends_of_accounts(json!({})): [Act::IsSwitchedOff, Act::IsDeleted];
    of_tokens(json!({})):
        [Act::Redeems, Act::Refreshes, Act::RevokesRefresh, Act::RevokesAccess];
    of_rotating_tokens(json!({ "portico:rotate_refresh_tokens": true })): [Act::Refreshes];
    of_registrations(json!({})): [
        Act::IsSuspended, Act::IsRenamed, Act::FirstSecretIsRetired, Act::SecondSecretIsRetired
    ];
}
