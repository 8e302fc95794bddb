//! Sending where an authorization request goes next: to the client, to a page of ours, or nowhere.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use flow::browser::CookieChanges;
use flow::browser_response::{AuthorizeResponse, BrowserResponse};
use flow::step::{FlowStep, PageStep};
use foundation::fault::Fault;
use protocol::parameters::Parameters;
use protocol::response_mode::{AuthorizationResponse, ResponseMode};

use crate::page::form_post::FormPostPage;
use crate::page::link::Link;
use crate::reply::cookies;
use crate::reply::page::PageRules;
use crate::visitor::Visitor;

/// The most bytes of a posted request that are turned into an address.
const MAX_ADDRESS: usize = 6_000;

/// The path of a page.
pub(crate) const fn path(flow_step: FlowStep) -> &'static str {
    match flow_step {
        FlowStep::SignIn => "/sign-in",
        FlowStep::ChooseAccount => "/choose-account",
        FlowStep::Consent => "/consent",
        FlowStep::SignOut => "/sign-out",
    }
}

/// The address of a page with its token.
pub(crate) fn address(step: &PageStep) -> String {
    let query = [("step", step.token.as_str()), ("other", "1")];
    let taken = if step.as_other {
        &query[..]
    } else {
        &query[..1]
    };
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(taken)
        .finish();
    format!("{}?{query}", path(step.flow_step))
}

impl Visitor {
    /// Sends an answer of the authorization endpoint or of one of its pages.
    pub(crate) async fn response(&self, response: Result<BrowserResponse, Fault>) -> HttpResponse {
        let BrowserResponse { next, cookies } = match response {
            Ok(response) => response,
            Err(fault) => return self.fault(&fault),
        };
        match next {
            AuthorizeResponse::Respond {
                response,
                frame_origins,
            } => self.respond(&response, frame_origins, &cookies).await,
            AuthorizeResponse::Page(step) => self.see_other(&address(&step), &cookies),
            AuthorizeResponse::Account => self.see_other("/account", &cookies),
            AuthorizeResponse::Shown(error) => self.shown(error, &cookies).await,
        }
    }

    /// A form posted from a program's site does not bring our `Lax` cookies along, so a browser
    /// that seems to have no session is sent around once: the GET that follows brings them. `None`
    /// when there is a session, or too much to put into an address.
    pub(crate) fn around_for_cookies(&self, path: &str, form: &Parameters) -> Option<HttpResponse> {
        let query = form.to_urlencoded();
        let around = self.browser.session.is_none() && query.len() <= MAX_ADDRESS;
        around.then(|| self.see_other(&format!("{path}?{query}"), &CookieChanges::default()))
    }

    /// "303 See Other": the browser goes on with GET, and no form is sent twice (RFC 9700 §4.12:
    /// 307 would repeat the credentials to the client).
    pub(crate) fn see_other(&self, location: &str, changes: &CookieChanges) -> HttpResponse {
        let mut response = HttpResponse::SeeOther();
        cookies::set(&mut response, &self.state, changes);
        response
            .insert_header((LOCATION, location))
            .insert_header((CACHE_CONTROL, "no-store"))
            .finish()
    }

    async fn respond(
        &self,
        response: &AuthorizationResponse,
        frame_origins: Vec<String>,
        changes: &CookieChanges,
    ) -> HttpResponse {
        match response.mode {
            ResponseMode::Query => self.see_other(&response.location(), changes),
            ResponseMode::FormPost => self.form_post(response, frame_origins, changes).await,
        }
    }

    /// Inside the super app the consent page stands in a frame, and this page takes its place.
    async fn form_post(
        &self,
        response: &AuthorizationResponse,
        frame_origins: Vec<String>,
        changes: &CookieChanges,
    ) -> HttpResponse {
        let Some(redirect_uri) = Link::parse(&response.redirect_uri) else {
            return self.fault(&Fault::broken("a registered redirect URI that is no link"));
        };
        let page = FormPostPage {
            chrome: self.chrome(self.language().await),
            redirect_uri,
            parameters: response.parameters.clone(),
        };
        let rules = PageRules {
            script: true,
            frame_origins,
            ..PageRules::leading_out(true)
        };
        self.send(StatusCode::OK, &page, &rules, changes)
    }
}
