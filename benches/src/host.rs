//! The super app itself, as people use it: it signs them in, launches programs for them by token exchange, and
//! signs them out.

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use crate::Outcome;
use crate::child::Server;
use crate::load::{Connection, Load, Script};
use crate::population;
use crate::requests::{Visit, credential, encoded, member, post};

/// The longest that signing everybody in, or launching everything, may take.
const LONGEST: Duration = Duration::from_secs(120);
/// Connections that do it.
const CONNECTIONS: usize = 16;
/// The type of what is given and of what is got (RFC 8693 §3).
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// A host, by the number of its client.
#[derive(Clone, Copy)]
pub(crate) struct Host(pub(crate) u64);

/// A person who is signed in at the host: its tokens.
#[derive(Clone)]
pub(crate) struct Stay {
    pub(crate) person: u64,
    pub(crate) access: String,
    refresh: String,
}

/// A launch token, and whom and which program it is for.
#[derive(Clone)]
pub(crate) struct Launched {
    pub(crate) person: u64,
    pub(crate) program: u64,
    pub(crate) token: String,
}

impl Host {
    pub(crate) const SCOPES: &str = "openid portico:launch";
    /// RFC 8693 §2.1.
    pub(crate) const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

    /// Signs people in, many at once; gives them in order.
    pub(crate) fn stays(
        self,
        load: &Load,
        server: &Server,
        people: Range<u64>,
    ) -> Outcome<Vec<Stay>> {
        let script = SignIns {
            host: self,
            next: Rc::new(Cell::new(people.start)),
            end: people.end,
            stays: Rc::default(),
        };
        load.drive(server.address, vec![script.clone(); CONNECTIONS], LONGEST)?;
        let mut stays = script.stays.take();
        stays.sort_unstable_by_key(|stay| stay.person);
        match stays.len() as u64 == people.end - people.start {
            true => Ok(stays),
            false => Err("signing people in takes too long".into()),
        }
    }

    /// Launches programs, many at once.
    pub(crate) fn launched(
        self,
        load: &Load,
        server: &Server,
        wanted: &[(&Stay, u64)],
    ) -> Outcome<Vec<Launched>> {
        let asked = wanted.iter().map(|(stay, program)| Asked {
            person: stay.person,
            program: *program,
            request: self.launch(stay, *program),
        });
        let script = Launches {
            asked: asked.collect(),
            next: Rc::default(),
            launched: Rc::default(),
        };
        load.drive(server.address, vec![script.clone(); CONNECTIONS], LONGEST)?;
        let launched = script.launched.take();
        match launched.len() == wanted.len() {
            true => Ok(launched),
            false => Err("launching programs takes too long".into()),
        }
    }

    /// Asks for a launch token with what the person allowed.
    pub(crate) fn launch(self, stay: &Stay, program: u64) -> Vec<u8> {
        let body = format!(
            "grant_type={}&subject_token={}&subject_token_type={type_}&audience={}\
             &requested_token_type={type_}",
            encoded(Self::TOKEN_EXCHANGE),
            stay.access,
            population::program(program).client_id,
            type_ = encoded(ACCESS_TOKEN),
        );
        post("/token", &credential(self.0), &body)
    }

    /// Signs a person out: their session is over.
    pub(crate) fn sign_out(self, stay: &Stay) -> Vec<u8> {
        let body = format!("token={}", stay.refresh);
        post("/revoke", &credential(self.0), &body)
    }
}

#[derive(Clone)]
struct SignIns {
    host: Host,
    next: Rc<Cell<u64>>,
    end: u64,
    stays: Rc<RefCell<Vec<Stay>>>,
}

impl Script for SignIns {
    async fn step(&mut self, connection: &mut Connection) -> Outcome<bool> {
        let person = self.next.get();
        if person >= self.end {
            return Ok(false);
        }
        self.next.set(person + 1);
        let visit = Visit::new(person, self.host.0, Host::SCOPES);
        let text = visit.make(connection).await?;
        let token = |name| {
            let token = member(text, name).map(str::to_owned);
            token.ok_or_else(|| format!("no {name}: {text}"))
        };
        self.stays.borrow_mut().push(Stay {
            person,
            access: token("access_token")?,
            refresh: token("refresh_token")?,
        });
        Ok(true)
    }
}

struct Asked {
    person: u64,
    program: u64,
    request: Vec<u8>,
}

#[derive(Clone)]
struct Launches {
    asked: Rc<[Asked]>,
    next: Rc<Cell<usize>>,
    launched: Rc<RefCell<Vec<Launched>>>,
}

impl Script for Launches {
    async fn step(&mut self, connection: &mut Connection) -> Outcome<bool> {
        let Some(asked) = self.asked.get(self.next.replace(self.next.get() + 1)) else {
            return Ok(false);
        };
        let answer = connection.exchange(&asked.request).await?;
        let text = answer.text()?;
        let token = member(text, "access_token").filter(|_| answer.status == 200);
        self.launched.borrow_mut().push(Launched {
            person: asked.person,
            program: asked.program,
            token: token
                .ok_or_else(|| format!("{}: {text}", answer.status))?
                .to_owned(),
        });
        Ok(true)
    }
}
