//! Sending pages: the headers that every page has, and the page of something that went wrong.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError};
use askama::Template;
use flow::authorize::{PageSetting, ShownError};
use flow::browser::CookieChanges;
use foundation::fault::Fault;

use crate::error::log_fault;
use crate::extract::browser::Visitor;
use crate::page::chrome::Chrome;
use crate::page::error::{ErrorKind, ErrorPage};
use crate::reply::cookies;
use crate::state::WebState;

/// The hosts of this machine, as CSP sources.
const LOOPBACK: [&str; 3] = [
    "http://localhost:*",
    "http://*.localhost:*",
    "http://127.0.0.1:*",
];

/// What a page may load, who may frame it, and where its forms may lead.
#[derive(Default)]
pub(crate) struct PageRules {
    /// Origins of pictures.
    pub(crate) images: Vec<String>,
    /// Origins that may frame it; nobody when empty.
    pub(crate) frame_origins: Vec<String>,
    /// Where its forms may lead besides to us.
    pub(crate) form_targets: Vec<String>,
    /// Whether it runs our script that submits it.
    pub(crate) script: bool,
    /// Whether it and the window that opened it are kept apart.
    pub(crate) apart: bool,
}

impl PageRules {
    /// The rules of a page on the way of an authorization request.
    pub(crate) fn of(setting: &PageSetting) -> Self {
        Self {
            frame_origins: setting.frame_origins.clone(),
            ..Self::leading_to(setting.redirect_uri.as_deref())
        }
    }

    /// The rules of a page whose form leads to an address of a client in the end, if to any.
    pub(crate) fn leading_to(address: Option<&str>) -> Self {
        Self {
            form_targets: address.map(form_targets).unwrap_or_default(),
            ..Self::default()
        }
    }

    /// The rules of a page of the account.
    pub(crate) fn of_account() -> Self {
        Self {
            apart: true,
            ..Self::default()
        }
    }

    /// The same, with a picture.
    pub(crate) fn with_image(mut self, address: Option<&str>) -> Self {
        if let Some(origin) = address.and_then(origin_of)
            && !self.images.contains(&origin)
        {
            self.images.push(origin);
        }
        self
    }

    fn csp(&self) -> String {
        let list = |own: &str, more: &[String]| {
            let sources = std::iter::once(own).chain(more.iter().map(String::as_str));
            sources.collect::<Vec<_>>().join(" ")
        };
        let ancestors = match self.frame_origins.as_slice() {
            [] => "'none'".to_owned(),
            origins => origins.join(" "),
        };
        let script = if self.script {
            "script-src 'self'; "
        } else {
            ""
        };
        format!(
            "default-src 'none'; style-src 'self'; {script}img-src {}; form-action {}; \
             frame-ancestors {ancestors}; base-uri 'none'",
            list("'self'", &self.images),
            list("'self'", &self.form_targets),
        )
    }
}

/// The CSP sources for a form that leads to an address of a client. Chromium applies `form-action` to
/// every redirect after a post, and an app may send the person on to another origin of its own.
fn form_targets(address: &str) -> Vec<String> {
    let mut targets = vec![form_target(address), "https:".to_owned()];
    if address.starts_with("http:") {
        // http is for loopback hosts only (`protocol::web_uri`): an app in development.
        targets.extend(LOOPBACK.map(str::to_owned));
    }
    targets
}

/// The CSP source for one address: its origin, or the scheme of a native app.
fn form_target(address: &str) -> String {
    let scheme = || format!("{}:", address.split(':').next().unwrap_or_default());
    // A source cannot name an IPv6 address (CSP3 §2.3.1, `host-char`), so `[::1]` needs its scheme.
    let origin = origin_of(address).filter(|origin| !origin.contains('['));
    origin.unwrap_or_else(scheme)
}

fn origin_of(address: &str) -> Option<String> {
    let url = url::Url::parse(address).ok()?;
    let web = matches!(url.scheme(), "http" | "https");
    web.then(|| url.origin().ascii_serialization())
}

/// Renders a page with its cookies.
pub(crate) fn send(
    state: &WebState,
    status: StatusCode,
    page: &impl Template,
    rules: &PageRules,
    changes: &CookieChanges,
) -> HttpResponse {
    let html = match page.render() {
        Ok(html) => html,
        Err(error) => {
            log_fault(&Fault::broken_by("a page", error));
            return HttpResponse::InternalServerError().finish();
        }
    };
    let mut response = HttpResponse::build(status);
    cookies::set(&mut response, state, changes);
    headers(&mut response, rules).body(html)
}

fn headers<'a>(
    response: &'a mut HttpResponseBuilder,
    rules: &PageRules,
) -> &'a mut HttpResponseBuilder {
    if rules.apart {
        response.insert_header(("Cross-Origin-Opener-Policy", "same-origin"));
    }
    response
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, rules.csp()))
}

impl Visitor {
    /// Language and brand of a page, by what the request prefers, the person chose, the browser
    /// says.
    pub(crate) fn chrome(&self, ui_locales: &[String], person: Option<&str>) -> Chrome {
        let language = text::negotiate(ui_locales, person, self.accept_language.as_deref());
        chrome(&self.state, language)
    }

    /// Sends a page that changes no cookies.
    pub(crate) fn page(&self, page: &impl Template, rules: &PageRules) -> HttpResponse {
        send(
            &self.state,
            StatusCode::OK,
            page,
            rules,
            &CookieChanges::default(),
        )
    }

    /// Sends the page of an error.
    pub(crate) fn error(&self, kind: ErrorKind) -> HttpResponse {
        self.error_with(kind, &CookieChanges::default())
    }

    /// Sends the page of an error, with cookies.
    pub(crate) fn error_with(&self, kind: ErrorKind, changes: &CookieChanges) -> HttpResponse {
        self.error_in(&PageRules::default(), kind, changes)
    }

    fn error_in(
        &self,
        rules: &PageRules,
        kind: ErrorKind,
        changes: &CookieChanges,
    ) -> HttpResponse {
        let page = ErrorPage {
            chrome: chrome(
                &self.state,
                text::negotiate(&[], None, self.accept_language.as_deref()),
            ),
            kind,
            error_id: None,
            back: None,
        };
        send_error(&self.state, &page, rules, changes)
    }

    /// Sends the page of a step that is too old, or another session's.
    pub(crate) async fn step_expired(&self) -> HttpResponse {
        self.shown(ShownError::StepExpired, &CookieChanges::default())
            .await
    }

    /// Sends what a flow found wrong where nothing may be redirected. Hosts may frame it, as they
    /// frame the pages that come before it: a person in front of a frame must be able to read that
    /// their program is not available. It can decide nothing.
    pub(crate) async fn shown(&self, error: ShownError, changes: &CookieChanges) -> HttpResponse {
        let origins = self.state.flows.host_origins().await;
        let rules = PageRules {
            frame_origins: origins.unwrap_or_else(|fault| {
                log_fault(&fault);
                Vec::new()
            }),
            ..PageRules::default()
        };
        use domain::client::RedirectProblem;
        let kind = match error {
            ShownError::BadRequest(detail) => ErrorKind::BadRequest {
                program: None,
                detail,
            },
            ShownError::UnknownClient => ErrorKind::UnknownClient,
            ShownError::Redirect {
                name,
                problem: RedirectProblem::NotRegistered,
            } => ErrorKind::UnregisteredRedirectUri { program: name },
            ShownError::Redirect {
                name,
                problem: RedirectProblem::Missing,
            } => ErrorKind::BadRequest {
                program: Some(name),
                detail: "redirect_uri is missing".to_owned(),
            },
            ShownError::NotAvailable { name } => ErrorKind::NotAvailable { program: name },
            ShownError::StepExpired => ErrorKind::StepExpired { program: None },
        };
        self.error_in(&rules, kind, changes)
    }

    /// Sends the page of a fault and logs it once.
    pub(crate) fn fault(&self, fault: &Fault) -> HttpResponse {
        fault_page(&self.state, self.accept_language.as_deref(), fault)
    }
}

fn chrome(state: &WebState, language: text::Language) -> Chrome {
    Chrome {
        language,
        brand: state.flows.policy().brand.clone(),
        brand_stylesheet: None,
    }
}

fn error_page(
    state: &WebState,
    accept_language: Option<&str>,
    kind: ErrorKind,
    error_id: Option<String>,
    changes: &CookieChanges,
) -> HttpResponse {
    let chrome = chrome(state, text::negotiate(&[], None, accept_language));
    let page = ErrorPage {
        chrome,
        kind,
        error_id,
        back: None,
    };
    send_error(state, &page, &PageRules::default(), changes)
}

fn send_error(
    state: &WebState,
    page: &ErrorPage,
    rules: &PageRules,
    changes: &CookieChanges,
) -> HttpResponse {
    let status = StatusCode::from_u16(page.kind.status()).unwrap_or(StatusCode::BAD_REQUEST);
    send(state, status, page, rules, changes)
}

fn fault_page(state: &WebState, accept_language: Option<&str>, fault: &Fault) -> HttpResponse {
    let id = log_fault(fault);
    error_page(
        state,
        accept_language,
        ErrorKind::Broken,
        Some(id),
        &CookieChanges::default(),
    )
}

/// The page of an address that does not exist.
pub(crate) fn not_found(state: &WebState, request: &HttpRequest) -> HttpResponse {
    let wish = request
        .headers()
        .get("accept-language")
        .and_then(|v| v.to_str().ok());
    error_page(
        state,
        wish,
        ErrorKind::NotFound,
        None,
        &CookieChanges::default(),
    )
}

/// A page request that cannot be read.
pub(crate) struct PageError {
    state: Option<Data<WebState>>,
    kind: ErrorKind,
}

impl PageError {
    /// The server was put together wrongly.
    pub(crate) fn misconfigured() -> Self {
        Self {
            state: None,
            kind: ErrorKind::Broken,
        }
    }

    /// Two cookies of one name.
    pub(crate) fn two_cookies(state: &Data<WebState>) -> Self {
        Self::bad_request(state, "the request carries two cookies of the same name")
    }

    /// Anything else that is wrong with a request for a page.
    pub(crate) fn bad_request(state: &Data<WebState>, detail: impl Into<String>) -> Self {
        let kind = ErrorKind::BadRequest {
            program: None,
            detail: detail.into(),
        };
        Self {
            state: Some(state.clone()),
            kind,
        }
    }
}

impl fmt::Debug for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PageError({:?})", self.kind)
    }
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request for a page cannot be read")
    }
}

impl ResponseError for PageError {
    fn error_response(&self) -> HttpResponse {
        match &self.state {
            Some(state) => error_page(
                state,
                None,
                self.kind.clone(),
                None,
                &CookieChanges::default(),
            ),
            None => HttpResponse::InternalServerError().finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form_action(address: Option<&str>) -> String {
        let csp = PageRules::leading_to(address).csp();
        let mut directives = csp.split("; ");
        let found = directives.find_map(|d| d.strip_prefix("form-action "));
        found.expect("the directive").to_owned()
    }

    #[test]
    fn a_form_leads_to_the_client_and_to_where_its_app_may_send_the_person_on() {
        const LOCAL: &str = "https: http://localhost:* http://*.localhost:* http://127.0.0.1:*";
        for (address, sources) in [
            (
                "https://market.example/cb?x=1",
                "https://market.example https:".into(),
            ),
            ("com.example.app:/cb", "com.example.app: https:".into()),
            (
                "http://localhost:3000/cb",
                format!("http://localhost:3000 {LOCAL}"),
            ),
            (
                "http://market.localhost/cb",
                format!("http://market.localhost {LOCAL}"),
            ),
            (
                "http://127.0.0.1:3000/cb",
                format!("http://127.0.0.1:3000 {LOCAL}"),
            ),
            ("http://[::1]:3000/cb", format!("http: {LOCAL}")),
        ] {
            assert_eq!(
                form_action(Some(address)),
                format!("'self' {sources}"),
                "{address}"
            );
        }
        assert_eq!(form_action(None), "'self'");
    }
}
