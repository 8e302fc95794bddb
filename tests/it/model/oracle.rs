//! What should be active, with which scopes: Portico in about a hundred lines, without a database,
//! a network, keys or an hour's memory. Time is in minutes.

use std::collections::{BTreeMap, BTreeSet};

/// What every program asks for: one scope that needs no screen, two that the sheet shows.
pub(super) const SCOPES: [&str; 3] = ["openid", "profile.basic", "phone.verified"];
/// How many people there are, and how many programs.
pub(super) const THREE: usize = 3;
const DAY: i64 = 24 * 60;
/// Access tokens live so long.
const ACCESS: i64 = 10;
/// Unused sessions and refresh tokens live so long; a test's small steps never add up to it.
const IDLE: i64 = 30 * DAY;

pub(super) type Scopes = BTreeSet<&'static str>;
/// A person at a program.
pub(super) type Pair = (usize, usize);

#[derive(Clone, Debug)]
struct Grant {
    number: usize,
    scopes: Scopes,
}

#[derive(Clone, Copy, Debug)]
struct Refusal {
    times: u32,
    reopened_at: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
struct Session {
    ends_at: i64,
    ended: bool,
}

/// One authorization.
#[derive(Clone, Debug)]
pub(super) struct Family {
    pub(super) pair: Pair,
    session: usize,
    grant: usize,
    scopes: Scopes,
    began_at: i64,
    ended: bool,
    /// When its refresh token was rotated, each time.
    pub(super) rotated_at: Vec<i64>,
}

/// An access token: its family, what it was issued for, and when.
#[derive(Clone, Debug)]
struct Token {
    family: usize,
    scopes: Scopes,
    expires_at: i64,
}

/// All that counts.
#[derive(Debug, Default)]
pub(super) struct Oracle {
    pub(super) now: i64,
    sessions: Vec<Session>,
    signed_in: [Option<usize>; THREE],
    grants: BTreeMap<Pair, Grant>,
    grants_ever: usize,
    refusals: BTreeMap<(Pair, &'static str), Refusal>,
    pub(super) families: Vec<Family>,
    tokens: Vec<Token>,
    pub(super) suspended: [bool; THREE],
}

impl Oracle {
    /// The scopes of an active access token; `None` for one that is not.
    pub(super) fn access(&self, token: usize) -> Option<Scopes> {
        let token = &self.tokens[token];
        let left = self.grant_of(token.family)?;
        (self.now < token.expires_at).then(|| &token.scopes & left)
    }

    /// The same for a family's newest refresh token.
    pub(super) fn refresh(&self, family: usize) -> Option<Scopes> {
        let left = self.grant_of(family)?;
        Some(&self.families[family].scopes & left)
    }

    /// What the grant of a family that stands, with all that it rests on, allows now.
    fn grant_of(&self, number: usize) -> Option<&Scopes> {
        let family = &self.families[number];
        let session = self.sessions[family.session];
        let grant = self.grants.get(&family.pair)?;
        let stands = !family.ended
            && !self.suspended[family.pair.1]
            && !session.ended
            && self.now < session.ends_at
            && self.now < family.began_at + IDLE
            && grant.number == family.grant;
        stands.then_some(&grant.scopes)
    }

    pub(super) fn is_signed_in(&self, person: usize) -> bool {
        let session = self.signed_in[person].map(|number| self.sessions[number]);
        session.is_some_and(|s| !s.ended && self.now < s.ends_at)
    }

    /// The rows of the sheet; `again` is `prompt=consent`.
    pub(super) fn question(&self, pair: Pair, again: bool) -> Scopes {
        let asked = |scope: &&'static str| {
            if self.has(pair, scope) {
                return again;
            }
            let Some(refusal) = self.refusals.get(&(pair, *scope)) else {
                return true;
            };
            let lately = refusal.reopened_at.is_some_and(|at| self.now - at < DAY);
            again && refusal.times < 2 && !lately
        };
        SCOPES[1..].iter().copied().filter(asked).collect()
    }

    pub(super) fn has(&self, pair: Pair, scope: &str) -> bool {
        self.grants
            .get(&pair)
            .is_some_and(|g| g.scopes.contains(scope))
    }

    pub(super) fn has_grant(&self, pair: Pair) -> bool {
        self.grants.contains_key(&pair)
    }

    /// A person signs in if need be, answers the question, and the program redeems the code.
    pub(super) fn allow(&mut self, pair: Pair, again: bool, ticked: &Scopes) -> Scopes {
        if !self.is_signed_in(pair.0) {
            self.signed_in[pair.0] = Some(self.sessions.len());
            self.sessions.push(Session {
                ends_at: self.now + IDLE,
                ended: false,
            });
        }
        let question = self.question(pair, again);
        if !self.grants.contains_key(&pair) {
            self.grants_ever += 1;
        }
        let number = self.grants_ever;
        let new = || Grant {
            number,
            scopes: Scopes::from(["openid"]),
        };
        let grant = self.grants.entry(pair).or_insert_with(new);
        for scope in question {
            let before = self.refusals.remove(&(pair, scope));
            if ticked.contains(scope) {
                grant.scopes.insert(scope);
            } else {
                grant.scopes.remove(scope);
                let refusal = Refusal {
                    times: before.map_or(1, |r| r.times + 1),
                    reopened_at: before.map(|_| self.now),
                };
                self.refusals.insert((pair, scope), refusal);
            }
        }
        self.families.push(Family {
            pair,
            session: self.signed_in[pair.0].expect("just signed in"),
            grant: grant.number,
            scopes: grant.scopes.clone(),
            began_at: self.now,
            ended: false,
            rotated_at: Vec::new(),
        });
        self.issue(self.families.len() - 1)
    }

    /// A family's refresh token, or its code, brings a new access token.
    pub(super) fn issue(&mut self, family: usize) -> Scopes {
        let scopes = self.refresh(family).expect("the family stands");
        let token = Token {
            family,
            scopes: scopes.clone(),
            expires_at: self.now + ACCESS,
        };
        self.tokens.push(token);
        scopes
    }

    /// Takes one scope back; that is remembered like a first refusal.
    pub(super) fn narrow(&mut self, pair: Pair, scope: &'static str) {
        let grant = self.grants.get_mut(&pair).expect("there is one");
        grant.scopes.remove(scope);
        let refusal = Refusal {
            times: 1,
            reopened_at: None,
        };
        self.refusals.insert((pair, scope), refusal);
    }

    /// Takes everything back.
    pub(super) fn remove(&mut self, pair: Pair) {
        self.grants.remove(&pair);
    }

    /// A code was used again, or a refresh token that has a successor.
    pub(super) fn end(&mut self, family: usize) {
        self.families[family].ended = true;
    }

    pub(super) fn sign_out(&mut self, person: usize) {
        let session = self.signed_in[person].take().expect("signed in");
        self.sessions[session].ended = true;
    }

    /// What a suspended program holds is dead for good.
    pub(super) fn suspend(&mut self, program: usize) {
        self.suspended[program] = true;
        let of_it = self.families.iter_mut().filter(|f| f.pair.1 == program);
        of_it.for_each(|family| family.ended = true);
    }
}
