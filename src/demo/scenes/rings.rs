//! The rings of exchanges, one for each visitor of Nova and one for everybody, and whose an exchange is.
//!
//! Nova's visitor is known by the `sid` of their stay at Nova. A program knows another `sid` for the same
//! person; the launch, in which Portico tells Nova that one, ties the two together. Tokens are remembered by
//! digest.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::Arc;

use foundation::digest::TokenDigest;
use serde_json::Value;

use super::asked::{Asked, Purpose};
use super::{Exchange, Party, masked};

/// How many exchanges a ring holds.
pub(super) const MAX_EXCHANGES: usize = 150;
/// How many visitors have one; past it the first is forgotten.
pub(super) const MAX_VISITORS: usize = 100;
/// How many exchanges are a moment.
const A_MOMENT: usize = 20;
/// How many tokens, and how many stays at programs, are known.
const MAX_KNOWN: usize = 5_000;

/// A person's stay at a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Stay {
    client_id: String,
    sid: String,
}

/// Whose an exchange is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// It tells nothing of anybody.
    Everybodys,
    /// Of the visitor with this `sid` at Nova.
    OfVisitor(String),
}

/// The rings, and what is needed to fill them.
#[derive(Default)]
pub(super) struct Rings {
    count: u64,
    names: HashMap<String, &'static str>,
    everybodys: VecDeque<Arc<Exchange>>,
    of_visitors: Bounded<String, VecDeque<Arc<Exchange>>, MAX_VISITORS>,
    /// Whose stay a token or code belongs to.
    tokens: Bounded<TokenDigest, Stay, MAX_KNOWN>,
    /// Nova's `sid` for a stay at a program.
    visitors: Bounded<Stay, String, MAX_KNOWN>,
}

impl Rings {
    pub(super) fn introduce(&mut self, client_id: &str, name: &'static str) {
        self.names.insert(client_id.to_owned(), name);
    }

    /// What people call a client.
    pub(super) fn name_of(&self, client_id: &str) -> Option<&'static str> {
        self.names.get(client_id).copied()
    }

    /// Whose an exchange is, if that is known; learns from it whose the tokens in its answer are.
    pub(super) fn whose(&mut self, party: &Party, asked: &Asked, body: &Value) -> Option<Whose> {
        if let Purpose::Discovery | Purpose::Configuration | Purpose::Keys = asked.purpose {
            return Some(Whose::Everybodys);
        }
        let presented = asked.credentials().map(TokenDigest::of);
        let known = presented
            .filter_map(|digest| self.tokens.get(&digest))
            .next();
        let stay = match known {
            // A token tells of its own client only.
            Some(stay) if stay.client_id == party.client_id => stay.clone(),
            Some(_) => return None,
            None => Stay {
                client_id: party.client_id.clone(),
                sid: masked::sid_of(body["id_token"].as_str()?)?,
            },
        };
        let whose = self.visitor(party, &stay)?;
        match (asked.parameter("audience"), body["sid"].as_str()) {
            // What comes of a launch is the program's.
            (Some(program), Some(sid)) => {
                let launched = Stay {
                    client_id: program.to_owned(),
                    sid: sid.to_owned(),
                };
                self.visitors.insert(launched.clone(), whose.clone());
                self.learn(body, &launched);
            }
            _ => self.learn(body, &stay),
        }
        Some(Whose::OfVisitor(whose))
    }

    /// Whose an event is that came for a stay at a client.
    pub(super) fn of_stay(&self, party: &Party, sid: &str) -> Option<Whose> {
        let stay = Stay {
            client_id: party.client_id.clone(),
            sid: sid.to_owned(),
        };
        self.visitor(party, &stay).map(Whose::OfVisitor)
    }

    fn visitor(&self, party: &Party, stay: &Stay) -> Option<String> {
        match party.is_host {
            true => Some(stay.sid.clone()),
            false => self.visitors.get(stay).cloned(),
        }
    }

    fn learn(&mut self, body: &Value, stay: &Stay) {
        for name in ["access_token", "refresh_token"] {
            if let Some(token) = body[name].as_str() {
                self.tokens.insert(TokenDigest::of(token), stay.clone());
            }
        }
    }

    /// Keeps an exchange under the next number; what was heard a moment ago on another stream, once.
    pub(super) fn keep(&mut self, whose: Whose, mut exchange: Exchange) {
        let ring = match whose {
            Whose::Everybodys => &mut self.everybodys,
            Whose::OfVisitor(sid) => self.of_visitors.or_default(sid),
        };
        let is_same = |kept: &Arc<Exchange>| {
            kept.heard.is_some() && kept.heard == exchange.heard && kept.what == exchange.what
        };
        if ring.iter().rev().take(A_MOMENT).any(is_same) {
            return;
        }
        self.count += 1;
        exchange.number = self.count;
        if ring.len() == MAX_EXCHANGES {
            ring.pop_front();
        }
        ring.push_back(Arc::new(exchange));
    }

    /// What a visitor may see of what came after a number, in order.
    pub(super) fn after(&self, sid: &str, number: u64) -> Vec<Arc<Exchange>> {
        let own = self.of_visitors.get(sid).into_iter().flatten();
        let mut found: Vec<_> = own
            .chain(&self.everybodys)
            .filter(|exchange| exchange.number > number)
            .cloned()
            .collect();
        found.sort_unstable_by_key(|exchange| exchange.number);
        found
    }
}

/// A map that forgets its first key when it is full.
struct Bounded<K, V, const MAX: usize> {
    map: HashMap<K, V>,
    order: VecDeque<K>,
}

impl<K, V, const MAX: usize> Default for Bounded<K, V, MAX> {
    fn default() -> Self {
        Self {
            map: HashMap::new(),
            order: VecDeque::new(),
        }
    }
}

impl<K: Clone + Eq + Hash, V, const MAX: usize> Bounded<K, V, MAX> {
    fn get<Q: ?Sized + Eq + Hash>(&self, key: &Q) -> Option<&V>
    where
        K: std::borrow::Borrow<Q>,
    {
        self.map.get(key)
    }

    fn insert(&mut self, key: K, value: V) {
        self.make_room_for(&key);
        self.map.insert(key, value);
    }

    fn or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        self.make_room_for(&key);
        self.map.entry(key).or_default()
    }

    fn make_room_for(&mut self, key: &K) {
        if self.map.contains_key(key) {
            return;
        }
        if self.order.len() == MAX
            && let Some(first) = self.order.pop_front()
        {
            self.map.remove(&first);
        }
        self.order.push_back(key.clone());
    }
}
