//! A mini-program: what Market, Taxi and Bank have in common. Opening it, coming back from
//! Portico, letting a visitor in, and the pages for when that does not work.
//!
//! What a program does for its visitors is in its own module.

pub(crate) mod chrome;
mod doors;
mod endings;
pub(crate) mod launch;
pub(crate) mod message;

use std::collections::BTreeSet;

use actix_web::error::InternalError;
use actix_web::http::{Method, StatusCode, header};
use actix_web::{Error, HttpRequest, HttpResponse, web};

use crate::facts::ProgramFacts;
use crate::keep::Keep;
use crate::site::reply::found;
use crate::site::{NoVisitor, Site, Visitor, is_framed};
pub(crate) use doors::doors;
pub(crate) use endings::{follow, take_logout_token};
use message::Message;

/// One mini-program.
pub(crate) struct Program {
    pub(crate) facts: &'static ProgramFacts,
    pub(crate) site: Site,
    /// The origin of the super app.
    pub(crate) nova: String,
    /// The scopes that each person shared at some time, to tell "no longer" from "not".
    once_shared: Keep<BTreeSet<&'static str>>,
}

/// A form of a program's pages: each carries its visitor's form token.
pub(crate) trait ProgramForm {
    /// The hidden field.
    fn form_token(&self) -> &str;
}

impl Program {
    /// A program with its website.
    pub(crate) fn new(facts: &'static ProgramFacts, site: Site, nova: String) -> Self {
        Self {
            facts,
            site,
            nova,
            once_shared: Keep::new(),
        }
    }

    /// Lets a visitor in. The error is the page or redirect that the others get.
    pub(crate) async fn visit(&self, request: &HttpRequest) -> Result<Visitor, Error> {
        match self.site.visitor(request).await {
            Ok(visitor) => {
                self.once_shared.with(&visitor.subject, |once| {
                    let now = self.facts.scope_names();
                    once.extend(now.into_iter().filter(|scope| visitor.shared.allows(scope)));
                });
                Ok(visitor)
            }
            Err(NoVisitor::Stranger) if request.method() == Method::GET => {
                Err(turned_away(found("/open")))
            }
            Err(NoVisitor::Stranger | NoVisitor::Ended) => Err(turned_away(self.locked(request))),
            Err(NoVisitor::Trouble(trouble)) => Err(turned_away(self.trouble(request, &trouble))),
        }
    }

    /// Lets a visitor in together with a form that came from one of this visitor's pages.
    pub(crate) async fn visit_with<F: ProgramForm>(
        &self,
        request: &HttpRequest,
        form: Result<web::Form<F>, Error>,
    ) -> Result<(Visitor, F), Error> {
        let visitor = self.visit(request).await?;
        let turn_away = |message| turned_away(self.message(request, message));
        let form = form
            .map_err(|_| turn_away(Message::unreadable()))?
            .into_inner();
        if visitor.sent(form.form_token()) {
            Ok((visitor, form))
        } else {
            Err(turn_away(Message::stale_form()))
        }
    }

    /// Whether this person shared a scope at some time.
    pub(crate) fn once_shared(&self, visitor: &Visitor, scope: &str) -> bool {
        self.once_shared
            .with(&visitor.subject, |once| once.contains(scope))
    }

    fn locked(&self, request: &HttpRequest) -> HttpResponse {
        let mut answer = self.message(request, Message::locked(self));
        // "The server generating a 401 response MUST send a WWW-Authenticate header field"
        // (RFC 9110 §15.5.2)
        let challenge = header::HeaderValue::from_static("Bearer");
        answer
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, challenge);
        answer
    }

    /// A page with one message, framed or in full as the request asks.
    pub(crate) fn message(&self, request: &HttpRequest, message: Message) -> HttpResponse {
        let status = message.status;
        self.site.policy.page(
            status,
            &message.on(self.facts, is_framed(request), self.bridge(request)),
        )
    }

    /// Nothing lives at this address.
    pub(crate) fn not_found(&self, request: &HttpRequest) -> HttpResponse {
        self.message(request, Message::not_found())
    }

    /// The page of a template of this program.
    pub(crate) fn page(&self, page: &impl askama::Template) -> HttpResponse {
        self.site.policy.page(StatusCode::OK, page)
    }
}

/// An answer that ends a request early, in the form that `?` can carry.
fn turned_away(answer: HttpResponse) -> Error {
    InternalError::from_response("turned away", answer).into()
}
