//! A WebView or frame for the pages of one program, and what a host hands in there.

use super::World;
use super::browser::{Browser, form_body};
use super::host::Launcher;
use super::jwt;
use super::program::Program;
use super::reply::{Delivered, Reply};
use super::request::VERIFIER;

/// The type of a web ticket.
pub(crate) const WEB_TICKET: &str = "urn:portico:params:oauth:token-type:web-ticket";

/// What a browser says of the first load of a WebView.
pub(crate) const FIRST_LOAD: &[(&str, &str)] =
    &[("sec-fetch-site", "none"), ("sec-fetch-dest", "document")];
/// What it says where a page of the host fills a frame.
pub(crate) const IN_FRAME: &[(&str, &str)] = &[
    ("sec-fetch-site", "cross-site"),
    ("sec-fetch-dest", "iframe"),
    ("origin", "https://nova.example"),
];

/// A program that is launched with tickets, and knows nothing but redirects.
pub(crate) fn program(w: &World, name: &str, scope: &str) -> Program {
    let ticket = serde_json::json!({ "launch_types": ["ticket"] });
    w.mini_program_with(name, scope, ticket)
}

impl Launcher {
    /// Asks for a ticket, with the challenge that the host made.
    pub(crate) fn ticket(&self, program: &Program, more: &[(&str, &str)]) -> Reply {
        let challenge = jwt::s256(VERIFIER);
        let asked = [
            ("requested_token_type", WEB_TICKET),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        self.exchanges(program, &[&asked, more].concat())
    }

    /// Opens a program in a WebView, by a ticket that must be given and taken.
    pub(crate) fn opens_in(&self, view: &WebView, program: &Program) -> Reply {
        let ticket = self.ticket(program, &[]).text("access_token");
        let reply = view.hands_in(&ticket, FIRST_LOAD);
        assert_eq!(reply.status, 303, "{reply:?}");
        reply
    }
}

/// A WebView or frame. A clone shares its jar.
#[derive(Clone)]
pub(crate) struct WebView {
    world: World,
    pub(crate) browser: Browser,
}

impl WebView {
    /// One with an empty jar.
    pub(crate) fn new(world: &World) -> Self {
        Self::with(world, Browser::new(world))
    }

    /// One with the jar of a browser.
    pub(crate) fn with(world: &World, browser: Browser) -> Self {
        let world = world.clone();
        Self { world, browser }
    }

    /// The same, sent to another node.
    pub(crate) fn at(&self, node: &World) -> Self {
        Self::with(node, self.browser.at(node))
    }

    /// Hands a ticket in, under these headers.
    pub(crate) fn hands_in(&self, ticket: &str, headers: &[(&str, &str)]) -> Reply {
        self.hands_in_with(&[("ticket", ticket), ("code_verifier", VERIFIER)], headers)
    }

    /// The same with any form.
    pub(crate) fn hands_in_with(&self, form: &[(&str, &str)], headers: &[(&str, &str)]) -> Reply {
        let field = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let fields: Vec<_> = form.iter().map(field).collect();
        let mut request = form_body(self.world.http("POST", "/web-ticket"), &fields);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.browser.send(request)
    }

    /// The program asks silently who is here; gives what it is told.
    pub(crate) fn asks_silently(&self, program: &Program) -> Delivered {
        let path = program.request().with("prompt", "none").path();
        let reply = self.browser.get(&path);
        reply
            .delivered()
            .unwrap_or_else(|| panic!("nothing left: {reply:?}"))
    }

    /// The names of the cookies that tickets gave.
    pub(crate) fn web_cookies(&self) -> Vec<String> {
        let jar = self.browser.jar();
        let names = jar.keys().filter(|name| name.contains("portico_web_"));
        names.cloned().collect()
    }
}
