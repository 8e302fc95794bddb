//! Sending pages: the headers that every page has, and the page of something that went wrong.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY,
};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError};
use domain::client::Client;
use domain::user::User;
use flow::browser::CookieChanges;
use flow::browser_response::{PageSetting, ShownError, Stale, StalePage};
use foundation::clock::Span;
use foundation::fault::Fault;
use protocol::mismatch::Mismatch;
use text::Language;

use crate::page::chrome::{Chrome, PageTemplate};
use crate::page::error::{ErrorKind, ErrorPage, StaleReason, WayOn};
use crate::page::link::{BackLink, Link};
use crate::page::makers::notes;
use crate::reply::cookies;
use crate::reply::fault_log::log_fault;
use crate::reply::language::wishes;
use crate::state::WebState;
use crate::visitor::Visitor;

/// What a page may load, who may frame it, and where its forms may lead.
#[derive(Default)]
pub(crate) struct PageRules {
    /// Origins of pictures.
    pub(crate) images: Vec<String>,
    /// Origins that may frame it; nobody when empty.
    pub(crate) frame_origins: Vec<String>,
    /// Whether its form leads to a client in the end. Chromium applies `form-action` to every
    /// redirect after a post, also to those of the client: on to an app's own scheme, to another
    /// loopback port. Nobody can list those beforehand, so such a page carries no `form-action`:
    /// whoever presses Allow arrives.
    pub(crate) leads_out: bool,
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
            ..Self::leading_out(setting.redirect_uri.is_some())
        }
    }

    /// The rules of a page whose form may lead to a client in the end.
    pub(crate) fn leading_out(leads_out: bool) -> Self {
        Self {
            leads_out,
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
        let own = std::iter::once("'self'");
        let images: Vec<&str> = own.chain(self.images.iter().map(String::as_str)).collect();
        let ancestors = match self.frame_origins.as_slice() {
            [] => "'none'".to_owned(),
            origins => origins.join(" "),
        };
        let script = if self.script {
            "script-src 'self'; "
        } else {
            ""
        };
        let form_action = if self.leads_out {
            ""
        } else {
            "form-action 'self'; "
        };
        format!(
            "default-src 'none'; style-src 'self'; {script}img-src {}; {form_action}\
             frame-ancestors {ancestors}; base-uri 'none'",
            images.join(" "),
        )
    }
}

fn origin_of(address: &str) -> Option<String> {
    let url = url::Url::parse(address).ok()?;
    let web = matches!(url.scheme(), "http" | "https");
    web.then(|| url.origin().ascii_serialization())
}

/// Renders a page; `set_cookies` adds its cookies.
fn send(
    status: StatusCode,
    page: &impl PageTemplate,
    rules: &PageRules,
    set_cookies: impl FnOnce(&mut HttpResponseBuilder),
) -> HttpResponse {
    let html = match page.render() {
        Ok(html) => html,
        Err(error) => {
            log_fault(&Fault::broken_by("a page", error));
            return HttpResponse::InternalServerError().finish();
        }
    };
    let mut response = HttpResponse::build(status);
    set_cookies(&mut response);
    headers(&mut response, &page.chrome().language, rules).body(html)
}

fn headers<'a>(
    response: &'a mut HttpResponseBuilder,
    language: &Language,
    rules: &PageRules,
) -> &'a mut HttpResponseBuilder {
    if rules.apart {
        response.insert_header(("Cross-Origin-Opener-Policy", "same-origin"));
    }
    response
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((CONTENT_LANGUAGE, language.tag()))
        // "To inform user agent recipients that this response was subject to content negotiation"
        // (RFC 9110 §12.5.5). No cache keeps it.
        .insert_header((VARY, "Accept-Language, Cookie"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, rules.csp()))
}

impl Visitor {
    /// Language and brand of a page.
    pub(crate) fn chrome(&self, language: Language) -> Chrome {
        chrome(&self.state, language)
    }

    /// Those of a page of a person's own.
    pub(crate) fn chrome_for(&self, person: &User) -> Chrome {
        self.chrome(self.browser.language(&[], Some(person)))
    }

    /// Sends a page that changes nothing else.
    pub(crate) fn page(&self, page: &impl PageTemplate, rules: &PageRules) -> HttpResponse {
        self.send(StatusCode::OK, page, rules, &CookieChanges::default())
    }

    /// Sends a page, of which the browser remembers the language.
    pub(crate) fn send(
        &self,
        status: StatusCode,
        page: &impl PageTemplate,
        rules: &PageRules,
        changes: &CookieChanges,
    ) -> HttpResponse {
        let remember = self.browser.wishes.to_remember(&page.chrome().language);
        send(status, page, rules, |response| {
            cookies::set(response, &self.state, changes);
            if let Some(remember) = &remember {
                cookies::set_language(response, &self.state, remember);
            }
        })
    }

    /// Sends a page to a browser that may keep no cookies for us.
    pub(crate) fn page_without_cookies(
        &self,
        status: StatusCode,
        page: &impl PageTemplate,
        rules: &PageRules,
    ) -> HttpResponse {
        send(status, page, rules, |_| {})
    }

    /// Sends the page of an error, in the language of the page before it.
    pub(crate) fn error(&self, kind: ErrorKind) -> HttpResponse {
        let changes = CookieChanges::default();
        let language = self.language_before();
        self.error_in(language, &PageRules::default(), kind, None, None, &changes)
    }

    /// The same, which these origins may frame.
    pub(crate) fn error_framed(&self, kind: ErrorKind, frame_origins: Vec<String>) -> HttpResponse {
        let rules = PageRules {
            frame_origins,
            ..PageRules::default()
        };
        let (language, changes) = (self.language_before(), CookieChanges::default());
        self.error_in(language, &rules, kind, None, None, &changes)
    }

    /// Sends the page of an error that no page of ours may have come before.
    pub(crate) async fn error_at_once(&self, kind: ErrorKind) -> HttpResponse {
        let language = self.language().await;
        let changes = CookieChanges::default();
        self.error_in(language, &PageRules::default(), kind, None, None, &changes)
    }

    fn error_in(
        &self,
        language: Language,
        rules: &PageRules,
        kind: ErrorKind,
        for_makers: Option<&Mismatch>,
        way_on: Option<WayOn>,
        changes: &CookieChanges,
    ) -> HttpResponse {
        let mut chrome = self.chrome(language);
        chrome.for_makers = notes(&chrome.language, for_makers);
        let page = ErrorPage {
            chrome,
            kind,
            error_id: None,
            way_on,
        };
        send_error(&self.state, &page, rules, changes)
    }

    /// Sends what a flow found wrong where nothing may be redirected. Hosts may frame it, as they
    /// frame the pages that come before it: a person in front of a frame must be able to read that
    /// their program is not available. It can decide nothing.
    pub(crate) async fn shown(&self, error: ShownError, changes: &CookieChanges) -> HttpResponse {
        let origins = self.state.services.clients.host_origins().await;
        let rules = PageRules {
            frame_origins: origins.unwrap_or_else(|fault| {
                log_fault(&fault);
                Vec::new()
            }),
            ..PageRules::default()
        };
        use protocol::redirect_uri::RedirectProblem;
        let for_makers = match &error {
            ShownError::Redirect { for_makers, .. } => for_makers.clone(),
            _ => None,
        };
        let kind = match error {
            ShownError::BadRequest(detail) => ErrorKind::BadRequest {
                program: None,
                detail,
            },
            ShownError::UnknownClient => ErrorKind::UnknownClient,
            ShownError::Redirect {
                name,
                problem: RedirectProblem::NotRegistered,
                ..
            } => ErrorKind::UnregisteredRedirectUri { program: name },
            ShownError::Redirect {
                name,
                problem: RedirectProblem::Missing,
                ..
            } => ErrorKind::BadRequest {
                program: Some(name),
                detail: "redirect_uri is missing".to_owned(),
            },
            ShownError::NotAvailable { name } => ErrorKind::NotAvailable { program: name },
            ShownError::Stale(page) => return self.stale(&rules, page, changes).await,
            ShownError::TooMany(wait) => ErrorKind::TooManyRequests {
                seconds: whole_seconds(wait),
            },
        };
        let language = self.language().await;
        self.error_in(language, &rules, kind, for_makers.as_ref(), None, changes)
    }

    /// Sends the page of a page that leads nowhere any more: why, and a way on into the program, or into
    /// the super app.
    async fn stale(
        &self,
        rules: &PageRules,
        page: StalePage,
        changes: &CookieChanges,
    ) -> HttpResponse {
        let why = match page.why {
            Stale::Over => StaleReason::Over,
            Stale::TooOld => StaleReason::TooOld,
            Stale::Elsewhere => StaleReason::Elsewhere,
            Stale::NoCookie => StaleReason::NoCookie,
            Stale::Unreadable => StaleReason::Unreadable,
        };
        let into = |client: &Client| {
            Some(BackLink {
                name: client.name().to_owned(),
                to: Link::parse(&client.entry(&self.state.settings.issuer)?)?,
            })
        };
        let way_on = match page.client.as_deref().and_then(into) {
            Some(link) => Some((link, false)),
            None => match self.state.services.clients.home().await {
                Ok(home) => home.as_ref().and_then(into).map(|link| (link, true)),
                Err(fault) => {
                    log_fault(&fault);
                    None
                }
            },
        };
        let way_on = way_on.map(|(link, is_home)| WayOn { link, is_home });
        let program = page.client.map(|client| client.name().to_owned());
        let (language, kind) = (self.language().await, ErrorKind::Stale { why, program });
        self.error_in(language, rules, kind, None, way_on, changes)
    }

    /// Sends the page of a fault and logs it once.
    pub(crate) fn fault(&self, fault: &Fault) -> HttpResponse {
        let page = ErrorPage {
            chrome: self.chrome(self.language_before()),
            kind: ErrorKind::Broken,
            error_id: Some(log_fault(fault)),
            way_on: None,
        };
        let (rules, changes) = (PageRules::default(), CookieChanges::default());
        send_error(&self.state, &page, &rules, &changes)
    }
}

fn chrome(state: &WebState, language: Language) -> Chrome {
    Chrome {
        language,
        brand: state.settings.brand.to_string(),
        brand_stylesheet: None,
        for_makers: Vec::new(),
    }
}

fn send_error(
    state: &WebState,
    page: &ErrorPage,
    rules: &PageRules,
    changes: &CookieChanges,
) -> HttpResponse {
    let status = StatusCode::from_u16(page.kind.status()).unwrap_or(StatusCode::BAD_REQUEST);
    send(status, page, rules, |response| {
        cookies::set(response, state, changes);
    })
}

/// A page request that cannot be read. Empty where the server was put together wrongly.
#[derive(Debug, Default)]
pub(crate) struct PageError(Option<Box<Unreadable>>);

/// What cannot be read, and how to say so.
struct Unreadable {
    state: Data<WebState>,
    language: Language,
    detail: String,
}

impl PageError {
    /// The server was put together wrongly.
    pub(crate) fn misconfigured() -> Self {
        Self::default()
    }

    /// Two cookies of one name.
    pub(crate) fn two_cookies(request: &HttpRequest) -> Self {
        Self::bad_request(request, "the request carries two cookies of the same name")
    }

    /// Anything else that is wrong with a request for a page.
    pub(crate) fn bad_request(request: &HttpRequest, detail: impl Into<String>) -> Self {
        let state = request.app_data::<Data<WebState>>();
        Self(state.map(|state| {
            Box::new(Unreadable {
                state: state.clone(),
                language: wishes(request, state).as_before(None),
                detail: detail.into(),
            })
        }))
    }
}

impl fmt::Debug for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unreadable({})", self.detail)
    }
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request for a page cannot be read")
    }
}

impl ResponseError for PageError {
    fn error_response(&self) -> HttpResponse {
        let Some(unreadable) = &self.0 else {
            return HttpResponse::InternalServerError().finish();
        };
        let page = ErrorPage {
            chrome: chrome(&unreadable.state, unreadable.language.clone()),
            kind: ErrorKind::BadRequest {
                program: None,
                detail: unreadable.detail.clone(),
            },
            error_id: None,
            way_on: None,
        };
        let (rules, changes) = (PageRules::default(), CookieChanges::default());
        send_error(&unreadable.state, &page, &rules, &changes)
    }
}

/// A wait as people count it: whole seconds, rounded up.
pub(crate) fn whole_seconds(wait: Span) -> u32 {
    u32::try_from((wait.as_millis() + 999) / 1000).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_that_stays_with_us_says_where_its_form_may_lead() {
        let csp = |rules: PageRules| rules.csp();
        assert!(csp(PageRules::default()).contains("; form-action 'self'; "));
        assert!(csp(PageRules::of_account()).contains("; form-action 'self'; "));
        let out = csp(PageRules::leading_out(true));
        assert!(!out.contains("form-action"), "{out}");
        assert!(
            out.contains("default-src 'none'") && out.contains("base-uri 'none'"),
            "{out}"
        );
    }
}
