//! What is asked: requests as bytes, made before anything is measured, and the scripts that send
//! them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use foundation::entropy::{Entropy as _, SeededEntropy};

use crate::Outcome;
use crate::load::{Connection, Script};
use crate::population::{self, Population, SCOPES};

/// The example of RFC 7636, Appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Sends requests from a list, around and around. All connections of all rounds go on where the
/// last one was, so that a list that is long enough is never repeated.
#[derive(Clone)]
pub(crate) struct Around {
    requests: Rc<[Vec<u8>]>,
    next: Rc<Cell<usize>>,
    expected: &'static str,
}

impl Around {
    /// `expected` is what the body of a good answer contains.
    pub(crate) fn new(requests: Vec<Vec<u8>>, expected: &'static str) -> Self {
        Self {
            requests: requests.into(),
            next: Rc::default(),
            expected,
        }
    }

    pub(crate) fn scripts(&self, connections: usize) -> Vec<Self> {
        vec![self.clone(); connections]
    }
}

impl Script for Around {
    async fn step(&mut self, connection: &mut Connection) -> Outcome<bool> {
        let next = self.next.replace(self.next.get() + 1);
        let request = &self.requests[next % self.requests.len()];
        let answer = connection.exchange(request).await?;
        if answer.status != 200 || !answer.text()?.contains(self.expected) {
            return Err(format!("{}: {}", answer.status, answer.text()?).into());
        }
        Ok(true)
    }
}

/// Sends each request of a list once, whichever connection is free.
#[derive(Clone)]
pub(crate) struct Once {
    requests: Rc<[Vec<u8>]>,
    next: Rc<Cell<usize>>,
    expected: &'static str,
}

impl Once {
    pub(crate) fn scripts(
        requests: Vec<Vec<u8>>,
        expected: &'static str,
        connections: usize,
    ) -> Vec<Self> {
        let one = Self {
            requests: requests.into(),
            next: Rc::default(),
            expected,
        };
        vec![one; connections]
    }
}

impl Script for Once {
    async fn step(&mut self, connection: &mut Connection) -> Outcome<bool> {
        let Some(request) = self.requests.get(self.next.replace(self.next.get() + 1)) else {
            return Ok(false);
        };
        let answer = connection.exchange(request).await?;
        if answer.status != 200 || !answer.text()?.contains(self.expected) {
            return Err(format!("{}: {}", answer.status, answer.text()?).into());
        }
        Ok(true)
    }
}

/// A script that ends after so many units, whichever connection did them.
#[derive(Clone)]
pub(crate) struct Counted<S> {
    script: S,
    left: Rc<Cell<usize>>,
}

impl<S: Script + Clone> Counted<S> {
    pub(crate) fn scripts(script: &S, units: usize, connections: usize) -> Vec<Self> {
        let one = Self {
            script: script.clone(),
            left: Rc::new(Cell::new(units)),
        };
        vec![one; connections]
    }
}

impl<S: Script> Script for Counted<S> {
    async fn step(&mut self, connection: &mut Connection) -> Outcome<bool> {
        let Some(left) = self.left.get().checked_sub(1) else {
            return Ok(false);
        };
        self.left.set(left);
        self.script.step(connection).await
    }
}

/// Which programs are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// The n-th is asked for 1/n as often as the first.
    Zipf,
    /// Each as often as every other.
    Uniform,
}

/// An access token and the number of the program that got it.
pub(crate) type Issued = (String, u64);

/// One visit of a person to a program: the parts of its two requests.
pub(crate) struct Visit {
    program: u64,
    authorize: Vec<u8>,
    token_head: String,
    token_rest: String,
}

impl Visit {
    /// A person's, by their number, to a program, by its number.
    pub(crate) fn new(person: u64, program_number: u64, scopes: &str) -> Self {
        let (person, program) = (
            population::person(person),
            population::program(program_number),
        );
        let redirect_uri = encoded(&program.redirect_uri);
        let authorize = format!(
            "GET /authorize?response_type=code&client_id={}&redirect_uri={redirect_uri}&scope={}\
             &state=af0ifjsldkj&nonce=n-0S6_WzA2Mj&code_challenge={CHALLENGE}\
             &code_challenge_method=S256 HTTP/1.1\r\nHost: localhost\r\n\
             Cookie: portico_session={}\r\n\r\n",
            program.client_id,
            encoded(scopes),
            person.cookie.expose(),
        );
        Self {
            program: program_number,
            authorize: authorize.into_bytes(),
            token_head: post_head("/token", &credential(program_number)),
            token_rest: format!("&redirect_uri={redirect_uri}&code_verifier={VERIFIER}"),
        }
    }

    /// Makes it; gives the answer with the tokens.
    pub(crate) async fn make<'c>(&self, connection: &'c mut Connection) -> Outcome<&'c str> {
        let answer = connection.exchange(&self.authorize).await?;
        let code = answer
            .header("location")
            .and_then(|to| to.split_once("code="))
            .map(|(_, rest)| rest.split('&').next().unwrap_or(rest));
        let Some(code) = code else {
            return Err(format!("no code: {} {}", answer.status, answer.text()?).into());
        };
        let body = format!(
            "grant_type=authorization_code&code={code}{}",
            self.token_rest
        );
        let request = format!("{}{}\r\n\r\n{body}", self.token_head, body.len());
        let answer = connection.exchange(request.as_bytes()).await?;
        let text = answer.text()?;
        let complete = text.contains("\"refresh_token\":") && text.contains("\"id_token\":");
        match answer.status == 200 && complete {
            true => Ok(text),
            false => Err(format!("no tokens: {} {text}", answer.status).into()),
        }
    }
}

/// Whole code flows: authorize → code → token, by people who are signed in and were asked before.
#[derive(Clone)]
pub(crate) struct CodeFlow {
    visits: Rc<[Visit]>,
    next: Rc<Cell<usize>>,
    issued: Rc<RefCell<Vec<Issued>>>,
    wanted: usize,
}

impl CodeFlow {
    /// Visits to programs.
    pub(crate) fn new(population: Population, access: Access, count: usize, wanted: usize) -> Self {
        let visits = draw(population, access, count);
        Self {
            visits: visits
                .into_iter()
                .map(|grant| {
                    let (person, program) = population.parties(grant);
                    Visit::new(person, program, SCOPES)
                })
                .collect(),
            next: Rc::default(),
            issued: Rc::default(),
            wanted,
        }
    }

    pub(crate) fn scripts(&self, connections: usize) -> Vec<Self> {
        vec![self.clone(); connections]
    }

    /// The access tokens that were kept, as many as were wanted.
    pub(crate) fn issued(&self) -> Vec<Issued> {
        self.issued.borrow().clone()
    }
}

impl Script for CodeFlow {
    async fn step(&mut self, connection: &mut Connection) -> Outcome<bool> {
        let next = self.next.replace(self.next.get() + 1);
        let visit = &self.visits[next % self.visits.len()];
        let text = visit.make(connection).await?;
        if self.issued.borrow().len() < self.wanted
            && let Some(token) = member(text, "access_token")
        {
            self.issued
                .borrow_mut()
                .push((token.to_owned(), visit.program));
        }
        Ok(true)
    }
}

/// Introspection of each token by the program that it was issued to.
pub(crate) fn introspections(issued: &[Issued]) -> Vec<Vec<u8>> {
    let ask = |(token, program): &Issued| {
        post(
            "/introspect",
            &credential(*program),
            &format!("token={token}"),
        )
    };
    issued.iter().map(ask).collect()
}

/// Client credentials requests of as many programs.
pub(crate) fn client_credentials(
    population: Population,
    access: Access,
    count: usize,
) -> Vec<Vec<u8>> {
    let body = "grant_type=client_credentials";
    let programs = draw(population, access, count).into_iter();
    programs
        .map(|grant| population.parties(grant).1)
        .map(|program| post("/token", &credential(program), body))
        .collect()
}

/// One request by each program, so that a server has seen them all.
pub(crate) fn greetings(programs: impl Iterator<Item = u64>) -> Vec<Vec<u8>> {
    programs
        .map(|program| post("/introspect", &credential(program), "token=none"))
        .collect()
}

/// A form, posted by a client that authenticates with its secret (RFC 6749 §2.3.1).
pub(crate) fn post(path: &str, basic: &str, body: &str) -> Vec<u8> {
    format!("{}{}\r\n\r\n{body}", post_head(path, basic), body.len()).into_bytes()
}

/// `id:secret` as the `Authorization` header has it.
pub(crate) fn basic(id: &str, secret: &str) -> String {
    STANDARD.encode(format!("{id}:{secret}"))
}

/// The text of a member of a flat JSON object; the load reads no more of it than this.
pub(crate) fn member<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = json.split_once(&format!("\"{name}\":\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

fn post_head(path: &str, basic: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {basic}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: "
    )
}

/// What a program authenticates with.
pub(crate) fn credential(program: u64) -> String {
    let program = population::program(program);
    basic(program.client_id.as_str(), program.secret.expose())
}

/// As it stands in a query or a form.
pub(crate) fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Numbers of grants: their programs are drawn as they are asked for, the person of a program evenly among
/// those who allowed it.
fn draw(population: Population, access: Access, count: usize) -> Vec<u64> {
    let mut sum = 0.0;
    let ranks = 1..=u32::try_from(population.programs).unwrap_or(u32::MAX);
    let ladder: Vec<f64> = ranks
        .map(|rank| {
            sum += match access {
                Access::Zipf => 1.0 / f64::from(rank),
                Access::Uniform => 1.0,
            };
            sum
        })
        .collect();
    let entropy = SeededEntropy::new(7);
    let random = || {
        let mut bytes = [0; 8];
        entropy.fill(&mut bytes);
        u64::from_be_bytes(bytes)
    };
    let people_of_a_program = population.grants() / population.programs;
    let one = |_| {
        let at = f64::from(u32::try_from(random() >> 32).unwrap_or(0)) / f64::from(u32::MAX) * sum;
        let rank = ladder.partition_point(|step| *step < at) as u64;
        // Neighbours in the ladder are not neighbours in the database.
        let program = (rank * 7_919) % population.programs;
        program + (random() % people_of_a_program) * population.programs
    };
    (0..count).map(one).collect()
}
