//! A person on the way of one authorization request: from page to page, until the program gets its
//! answer.

use super::person::Person;
use super::program::{Program, Tokens};
use super::reply::{Delivered, Reply};
use super::request::Request;

/// The most pages of a request.
const MAX_PAGES: usize = 12;

/// Where a request has got to.
#[derive(Clone)]
pub(crate) struct Visit {
    pub(crate) person: Person,
    pub(crate) request: Request,
    /// The page that is shown, or the redirect that leads away.
    pub(crate) page: Reply,
}

impl Visit {
    pub(super) fn begin(person: &Person, request: Request) -> Self {
        let browser = &person.browser;
        let page = match request.posted {
            true => browser.post("/authorize", &request.parameters),
            false => browser.get(&request.path()),
        };
        Self {
            person: person.clone(),
            request,
            page,
        }
    }

    /// The program that asks.
    pub(crate) fn program(&self) -> &Program {
        &self.request.program
    }

    /// The path of the page that is shown; `program` when the answer has left.
    pub(crate) fn at(&self) -> &str {
        match self.page.delivered() {
            Some(_) => "program",
            None => &self.page.path,
        }
    }

    /// What the page says.
    pub(crate) fn says(&self) -> String {
        self.page.words()
    }

    /// Presses a button, by its id.
    pub(crate) fn presses(mut self, button: &str) -> Self {
        self.page = self.person.browser.presses(&self.page, button, &[]);
        self
    }

    /// Signs in on the sign-in page.
    pub(crate) fn signs_in(mut self) -> Self {
        assert_eq!(self.at(), "/sign-in", "{}", self.says());
        let Person {
            username, password, ..
        } = &self.person;
        self.page = self.person.types_password(&self.page, username, password);
        self
    }

    /// The same, if the sign-in page is shown.
    pub(crate) fn signs_in_if_asked(self) -> Self {
        match self.at() {
            "/sign-in" => self.signs_in(),
            _ => self,
        }
    }

    /// Allows everything, on as many pages as there are.
    pub(crate) fn allows(mut self) -> Self {
        for _ in 0..MAX_PAGES {
            if self.at() != "/consent" {
                return self;
            }
            self = self.presses("allow");
        }
        panic!("the consent pages never end: {}", self.says());
    }

    /// Allows on one page, with these boxes ticked and no others.
    pub(crate) fn allows_only(mut self, scopes: &[&str]) -> Self {
        let (form, fields) = super::browser::filled(&self.page, "allow");
        let ticked =
            |(name, value): &(String, String)| name != "scope" || scopes.contains(&value.as_str());
        let fields: Vec<_> = fields.into_iter().filter(ticked).collect();
        self.page = self.person.browser.post(&form.action, &fields);
        self
    }

    /// The scopes of the page that have a checkbox, or of a sensitive page its one.
    pub(crate) fn asks_for(&self) -> Vec<String> {
        assert_eq!(self.at(), "/consent", "{}", self.says());
        let forms = super::html::forms(&self.page.body);
        let inputs = forms.into_iter().flat_map(|form| form.inputs);
        inputs
            .filter(|input| input.name == "scope")
            .map(|input| input.value)
            .collect()
    }

    /// Not now.
    pub(crate) fn denies(self) -> Self {
        self.presses("deny")
    }

    /// Don't share (a sensitive scope).
    pub(crate) fn withholds(self) -> Self {
        self.presses("withhold")
    }

    /// What the program got.
    pub(crate) fn delivered(&self) -> Delivered {
        let delivered = self.page.delivered();
        let delivered = delivered.unwrap_or_else(|| {
            panic!(
                "nothing left: {} {}: {}",
                self.page.status,
                self.page.path,
                self.says()
            )
        });
        // "iss" and "state" are in every response, errors too (RFC 9207 §2, RFC 6749 §4.1.2).
        assert_eq!(delivered.get("iss"), self.person.world.issuer());
        assert_eq!(delivered.get("state"), self.request.get("state"));
        delivered
    }

    /// The code that the program got.
    pub(crate) fn code(&self) -> String {
        let delivered = self.delivered();
        let code = delivered.get("code");
        assert!(!code.is_empty(), "{delivered:?}");
        code.to_owned()
    }

    /// The error that the program got.
    pub(crate) fn error(&self) -> String {
        let delivered = self.delivered();
        assert_eq!(delivered.get("code"), "", "{delivered:?}");
        delivered.get("error").to_owned()
    }

    /// What the program gets for its code.
    pub(crate) fn tokens(&self) -> Tokens {
        let redirect_uri = self.request.get("redirect_uri");
        let mut form = vec![("grant_type", "authorization_code".to_owned())];
        form.push(("code", self.code()));
        if !redirect_uri.is_empty() {
            form.push(("redirect_uri", redirect_uri.to_owned()));
        }
        if !self.request.get("code_challenge").is_empty() {
            form.push(("code_verifier", super::request::VERIFIER.to_owned()));
        }
        Tokens::of(&self.program().token(&form))
    }
}
