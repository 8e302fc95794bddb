//! A person with a password, a profile and a browser.

use flow::administer::users::NewUser;
use foundation::secret::SecretText;
use serde_json::{Value, json};

use super::World;
use super::browser::Browser;
use super::program::{Program, Tokens};
use super::reply::Reply;
use super::request::Request;
use super::visit::Visit;

/// A person in front of a browser.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) world: World,
    pub(crate) username: String,
    pub(crate) password: String,
    pub(crate) browser: Browser,
}

/// The profile of a person: everything that a program may ask for, told apart by the name.
pub(crate) fn profile(username: &str) -> Value {
    json!({
        "name": format!("{username} of Harbour Street"), "given_name": username,
        "family_name": "Harbour", "nickname": format!("{username}-nick"),
        "picture": format!("https://pictures.example/{username}.png"), "birthdate": "1990-05-01",
        "locale": "en", "zoneinfo": "Europe/Vilnius",
        "email": format!("{username}@example.com"), "email_verified": true,
        "phone_number": phone(username), "phone_number_verified": true,
        "address": { "formatted": "1 Harbour Street\nOld Town", "country": "LT" },
        "addresses": [{ "label": "Home", "street_address": "1 Harbour Street", "country": "LT" }],
        "payment_methods": [{ "ref": format!("pm_{username}"), "brand": "Visa", "last4": "4242" }],
        "kyc": { "level": "full", "status": "verified", "verified_at": "2026-03-14T09:30:00Z" },
    })
}

/// A number that no two short names share.
fn phone(username: &str) -> String {
    let sum = username
        .bytes()
        .fold(7_u32, |sum, b| (sum * 31 + u32::from(b)) % 9_999_999);
    format!("+37529{sum:07}")
}

impl Person {
    pub(super) fn new(world: &World, username: &str) -> Self {
        Self::with_profile(world, username, profile(username))
    }

    /// Somebody with a profile of their own.
    pub(crate) fn with_profile(world: &World, username: &str, profile: Value) -> Self {
        let password = format!("open sesame {username} 27");
        let new = NewUser {
            username: username.to_owned(),
            password: SecretText::new(password.as_str()),
            email: None,
            phone: None,
            name: None,
            verified: false,
            profile: Some(profile),
        };
        world.operator(world.administration().add_user(new));
        Self {
            world: world.clone(),
            username: username.to_owned(),
            password,
            browser: Browser::new(world),
        }
    }

    /// The same person with another browser.
    pub(crate) fn with_another_browser(&self) -> Self {
        Self {
            browser: Browser::new(&self.world),
            ..self.clone()
        }
    }

    /// The same person and browser, after its languages were set.
    pub(crate) fn speaking(&self, languages: &str) -> Self {
        Self {
            browser: self.browser.speaking(languages),
            ..self.clone()
        }
    }

    /// Chooses a language on the account pages, or leaves it to the `browser`.
    pub(crate) fn chooses_language(&self, tag: &str) -> Reply {
        let page = self.looks_at("/account/language");
        self.browser.presses(&page, &format!("language-{tag}"), &[])
    }

    /// The same person and browser, sent to another node.
    pub(crate) fn at(&self, node: &World) -> Self {
        Self {
            world: node.clone(),
            browser: self.browser.at(node),
            ..self.clone()
        }
    }

    /// The same person in this browser.
    pub(crate) fn with_browser(&self, browser: Browser) -> Self {
        Self {
            browser,
            ..self.clone()
        }
    }

    /// Signs in to the account pages.
    pub(crate) fn signs_in(&self) -> &Self {
        let page = self.browser.get("/sign-in");
        let reply = self.types_password(&page, &self.username, &self.password);
        assert_eq!(reply.path, "/account", "{}", reply.words());
        self
    }

    /// Types a name and a password into a sign-in page.
    pub(crate) fn types_password(&self, page: &Reply, name: &str, password: &str) -> Reply {
        let typed = [("username", name), ("password", password)];
        self.browser.presses(page, "sign-in", &typed)
    }

    /// Signs out everywhere, from the account pages.
    pub(crate) fn signs_out(&self) {
        let page = self.browser.get("/sign-out");
        let reply = self.browser.presses(&page, "logout", &[]);
        assert_eq!(reply.status, 200, "{}", reply.words());
    }

    /// Opens a program: its usual request.
    pub(crate) fn opens(&self, program: &Program) -> Visit {
        self.sends(program.request())
    }

    /// Sends a request to the authorization endpoint.
    pub(crate) fn sends(&self, request: Request) -> Visit {
        Visit::begin(self, request)
    }

    /// Opens a program and does whatever it takes, allowing everything, until it has its tokens.
    pub(crate) fn uses(&self, program: &Program) -> Tokens {
        self.opens(program).signs_in_if_asked().allows().tokens()
    }

    /// A page of theirs.
    pub(crate) fn looks_at(&self, path: &str) -> Reply {
        self.browser.get(path)
    }

    /// Takes everything back from a program, on the account page.
    pub(crate) fn removes(&self, program: &Program) -> Reply {
        let page = self.looks_at("/account");
        let button = format!("revoke-{}", program.id);
        self.browser.presses(&page, &button, &[])
    }

    /// Takes one scope back from a program, on the account page.
    pub(crate) fn takes_back(&self, program: &Program, scope: &str) -> Reply {
        let page = self.looks_at("/account");
        let button = format!("take-back-{}-{}", program.id, dashed(scope));
        self.browser.presses(&page, &button, &[])
    }

    /// Opens a refusal again, on the account page.
    pub(crate) fn reopens(&self, program: &Program, scope: &str) -> Reply {
        let page = self.looks_at("/account");
        let button = format!("reopen-{}-{}", program.id, dashed(scope));
        self.browser.presses(&page, &button, &[])
    }

    /// The ids of the live sessions, as the operator sees them.
    pub(crate) fn sessions(&self) -> Vec<String> {
        let sessions = self
            .world
            .operator(self.world.administration().list_sessions(&self.username));
        sessions.iter().map(|s| s.id.to_string()).collect()
    }

    /// Asks a program silently; gives what it was delivered.
    pub(crate) fn asked_silently(&self, program: &Program) -> super::reply::Delivered {
        let visit = self.sends(program.request().with("prompt", "none"));
        visit.delivered()
    }
}

/// A scope as it stands in an element's id.
fn dashed(scope: &str) -> String {
    scope.replace('.', "-")
}
