//! The acts played on a real server, or on two, beside the oracle; after each one they must agree.

use std::collections::BTreeSet;

use foundation::clock::Span;
use proptest::sample::Index;
use serde_json::json;

use super::acts::{Act, LONG};
use super::oracle::{Oracle, Pair, SCOPES, Scopes, THREE};
use crate::database::Database;
use crate::world::World;
use crate::world::person::Person;
use crate::world::program::{Program, Tokens};
use crate::world::reply::Reply;

/// So many of the newest tokens are introspected after each act.
const TOKENS: usize = 14;
/// Refusals are remembered for a year, and no test is longer.
const LONGEST: i64 = 300 * 24 * 60;
/// The program whose refresh tokens rotate.
const ROTATES: usize = 2;

/// What the program of a family holds.
struct Held {
    code: String,
    /// Its refresh tokens, the newest last.
    refresh: Vec<String>,
    /// The answer to the first refresh, for an honest retry.
    first_answer: String,
}

/// Servers, actors, what they hold, and the oracle.
pub(super) struct Stage {
    nodes: Vec<World>,
    people: Vec<Person>,
    programs: Vec<Program>,
    held: Vec<Held>,
    access: Vec<(Pair, String)>,
    oracle: Oracle,
}

fn set(text: &str) -> BTreeSet<&str> {
    text.split(' ').filter(|s| !s.is_empty()).collect()
}

impl Stage {
    pub(super) fn new(database: Database, nodes: usize) -> Self {
        let world = World::new(database);
        let program = |number: usize| {
            let more = json!({ "portico:rotate_refresh_tokens": number == ROTATES });
            world.mini_program_with(&format!("program-{number}"), &SCOPES.join(" "), more)
        };
        Self {
            people: ["ada", "bob", "cyd"]
                .map(|name| world.person(name))
                .to_vec(),
            programs: (0..THREE).map(program).collect(),
            nodes: std::iter::once(world.clone())
                .chain((1..nodes).map(|_| world.another_node()))
                .collect(),
            held: Vec::new(),
            access: Vec::new(),
            oracle: Oracle::default(),
        }
    }

    /// Plays one act at a node, and compares.
    pub(super) fn play(&mut self, act: &Act, other_node: bool) {
        let node = self.nodes[usize::from(other_node) % self.nodes.len()].clone();
        self.act(act, &node);
        if self.nodes.len() > 1 {
            self.nodes.iter().for_each(knows_all);
        }
        self.compare();
    }

    fn act(&mut self, act: &Act, node: &World) {
        match *act {
            Act::Allow {
                pair,
                again,
                ticked,
            } => self.allow(node, pair, again, ticked),
            Act::Narrow { pair, scope } => {
                let scope = SCOPES[scope];
                if self.oracle.is_signed_in(pair.0) && self.oracle.has(pair, scope) {
                    let reply = self.people[pair.0]
                        .at(node)
                        .takes_back(&self.programs[pair.1], scope);
                    assert_eq!(reply.status, 200, "{}", reply.words());
                    self.oracle.narrow(pair, scope);
                }
            }
            Act::Remove { pair } => {
                if self.oracle.is_signed_in(pair.0) && self.oracle.has_grant(pair) {
                    let reply = self.people[pair.0].at(node).removes(&self.programs[pair.1]);
                    assert_eq!(reply.status, 200, "{}", reply.words());
                    self.oracle.remove(pair);
                }
            }
            Act::Refresh { family } => self.refresh(node, family),
            Act::ReplayCode { family } => self.replay_code(node, family),
            Act::ReplayRefresh { family } => self.replay_refresh(node, family),
            Act::SignOut { person } => {
                if self.oracle.is_signed_in(person) {
                    self.people[person].at(node).signs_out();
                    self.oracle.sign_out(person);
                }
            }
            Act::Suspend { program, suspend } => {
                let at = self.programs[program].at(node);
                if suspend {
                    at.is_suspended();
                    self.oracle.suspend(program);
                } else {
                    at.is_released();
                    self.oracle.suspended[program] = false;
                }
            }
            Act::Expire { minutes } => {
                let then = self.oracle.now + minutes;
                if minutes < LONG || then < LONGEST {
                    self.oracle.now = then;
                    node.passes(Span::minutes(minutes));
                }
            }
            Act::Restart => node.restart(),
        }
    }

    fn allow(&mut self, node: &World, pair: Pair, again: bool, ticked: [bool; 2]) {
        let program = self.programs[pair.1].at(node);
        let request = match again {
            true => program.request().with("prompt", "consent"),
            false => program.request(),
        };
        let visit = self.people[pair.0].at(node).sends(request);
        if self.oracle.suspended[pair.1] {
            assert!(
                visit.page.delivered().is_none(),
                "a suspended program gets nothing"
            );
            return;
        }
        let asked = visit.at() == "/sign-in";
        assert_eq!(asked, !self.oracle.is_signed_in(pair.0), "{}", visit.says());
        let mut visit = visit.signs_in_if_asked();
        let question = self.oracle.question(pair, again);
        let ticks = SCOPES[1..].iter().zip(ticked).filter(|(_, ticked)| *ticked);
        let ticks: Scopes = ticks.map(|(scope, _)| *scope).collect();
        if !question.is_empty() {
            let rows: BTreeSet<String> = visit.asks_for().into_iter().collect();
            assert_eq!(rows, question.iter().map(ToString::to_string).collect());
            let ticks: Vec<&str> = ticks.iter().copied().collect();
            visit = visit.allows_only(&ticks);
        }
        let code = visit.code();
        let tokens = visit.tokens();
        let scopes = self.oracle.allow(pair, again, &ticks);
        assert_eq!(set(&tokens.scope), scopes);
        self.access.push((pair, tokens.access.clone()));
        self.held.push(Held {
            code,
            refresh: vec![tokens.refresh().to_owned()],
            first_answer: String::new(),
        });
    }

    fn refresh(&mut self, node: &World, family: Index) {
        let Some(family) = self.some(family, |_| true) else {
            return;
        };
        let pair = self.oracle.families[family].pair;
        let newest = self.held[family].refresh.last().expect("the first").clone();
        let reply = self.programs[pair.1].at(node).refreshes(&newest);
        if self.oracle.refresh(family).is_none() {
            return refused(&reply);
        }
        let tokens = Tokens::of(&reply);
        assert_eq!(set(&tokens.scope), self.oracle.issue(family));
        self.access.push((pair, tokens.access.clone()));
        if pair.1 == ROTATES {
            let held = &mut self.held[family];
            assert!(
                !held.refresh.contains(&tokens.refresh().to_owned()),
                "it rotates"
            );
            if held.refresh.len() == 1 {
                held.first_answer.clone_from(&reply.body);
            }
            held.refresh.push(tokens.refresh().to_owned());
            self.oracle.families[family]
                .rotated_at
                .push(self.oracle.now);
        }
    }

    fn replay_code(&mut self, node: &World, family: Index) {
        if let Some(family) = self.some(family, |_| true) {
            let program = self.oracle.families[family].pair.1;
            refused(
                &self.programs[program]
                    .at(node)
                    .redeems(&self.held[family].code),
            );
            self.oracle.end(family);
        }
    }

    fn replay_refresh(&mut self, node: &World, family: Index) {
        let Some(family) = self.some(family, |f| !f.rotated_at.is_empty()) else {
            return;
        };
        let reply = self.programs[ROTATES]
            .at(node)
            .refreshes(&self.held[family].refresh[0]);
        // An honest retry: soon, and the successor was never used.
        let honest = self.oracle.families[family].rotated_at == [self.oracle.now];
        match self.oracle.refresh(family).is_some() {
            true if honest => assert_eq!(reply.body, self.held[family].first_answer),
            stands => {
                refused(&reply);
                if stands {
                    self.oracle.end(family);
                }
            }
        }
    }

    fn some(&self, index: Index, which: impl Fn(&super::oracle::Family) -> bool) -> Option<usize> {
        let families = self.oracle.families.iter().enumerate();
        let fit: Vec<usize> = families.filter(|(_, f)| which(f)).map(|(n, _)| n).collect();
        (!fit.is_empty()).then(|| *index.get(&fit))
    }

    /// Every node says what the oracle says.
    fn compare(&self) {
        for (number, node) in self.nodes.iter().enumerate() {
            let newest = |all: usize| all.saturating_sub(TOKENS)..all;
            for token in newest(self.access.len()) {
                let (pair, text) = &self.access[token];
                let found = self.introspected(node, pair.1, text);
                assert_eq!(
                    found,
                    owned(self.oracle.access(token)),
                    "access token {token} at node {number}"
                );
            }
            for family in newest(self.held.len()) {
                let program = self.oracle.families[family].pair.1;
                let (newest, older) = self.held[family].refresh.split_last().expect("the first");
                let found = self.introspected(node, program, newest);
                assert_eq!(
                    found,
                    owned(self.oracle.refresh(family)),
                    "refresh token of {family} at node {number}"
                );
                for token in older {
                    assert_eq!(self.introspected(node, program, token), None, "superseded");
                }
            }
        }
    }

    fn introspected(&self, node: &World, program: usize, token: &str) -> Option<BTreeSet<String>> {
        let reply = self.programs[program].at(node).introspects(token);
        assert_eq!(reply.status, 200, "{}", reply.body);
        let answer = reply.json();
        let active = answer["active"].as_bool().expect("RFC 7662 §2.2");
        let scope = answer["scope"].as_str().unwrap_or_default();
        active.then(|| set(scope).into_iter().map(str::to_owned).collect())
    }
}

fn owned(scopes: Option<Scopes>) -> Option<BTreeSet<String>> {
    Some(scopes?.iter().map(ToString::to_string).collect())
}

fn refused(reply: &Reply) {
    assert!((400..500).contains(&reply.status), "{reply:?}");
}

/// Waits until a node's memory has the whole log. How soon it has is another test's.
fn knows_all(node: &World) {
    let end = node.wait(node.store().read(store::events::end));
    let end = end.unwrap_or_else(|fault| panic!("{}", fault.chain()));
    node.soon("a node knows the whole log", || node.position() >= end);
}
