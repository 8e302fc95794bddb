//! `/sign-in`: the page and its form.

use actix_web::http::StatusCode;
use actix_web::web::{self, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use domain::client::Client;
use domain::user::Username;
use flow::browser::{CookieChanges, SignedIn};
use flow::browser_response::{BrowserResponse, PageOr};
use flow::sign_in::{SignInAnswer, SignInView};
use flow::step::{FlowStep, PageStep};
use foundation::clock::Span;
use foundation::secret::SecretText;

use crate::extract::page_form::PageForm;
use crate::extract::step_query::StepQuery;
use crate::face::{face, icon};
use crate::method;
use crate::page::error::ErrorKind;
use crate::page::sign_in::{SignInPage, SignInProblem};
use crate::reply::browser_response::address;
use crate::reply::page::{PageRules, whole_seconds};
use crate::visitor::Visitor;

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(
        web::resource("/sign-in")
            .route(method::get().to(show))
            .route(web::post().to(answer)),
    );
}

async fn show(visitor: Visitor, query: Query<StepQuery>) -> HttpResponse {
    let services = &visitor.state.services;
    if query.step.is_empty() {
        let response = services.sign_in.to_account(&visitor.browser).await;
        return visitor.response(response).await;
    }
    let as_other = query.other.is_some();
    let opened = services
        .sign_in
        .page(&query.step, as_other, &visitor.browser);
    match opened.await {
        Ok(PageOr::Page(view)) => page(&visitor, *view, Tried::none(as_other)),
        Ok(PageOr::Response(response)) => visitor.response(Ok(response)).await,
        Err(fault) => visitor.fault(&fault),
    }
}

/// What the page says about the last try.
struct Tried {
    typed: Option<String>,
    problem: Option<SignInProblem>,
    as_other: bool,
}

impl Tried {
    fn none(as_other: bool) -> Self {
        Self {
            typed: None,
            problem: None,
            as_other,
        }
    }
}

async fn answer(request: HttpRequest, visitor: Visitor, form: PageForm) -> HttpResponse {
    let services = &visitor.state.services;
    let step = form.field("step");
    match form.field("decision") {
        "cancel" => {
            let response = services.sign_in.cancel(step, &visitor.browser).await;
            return visitor.response(response).await;
        }
        "other" => {
            let to = PageStep {
                flow_step: FlowStep::SignIn,
                token: step.to_owned(),
                as_other: true,
            };
            return visitor.see_other(&address(&to), &CookieChanges::default());
        }
        _ => {}
    }
    if let Some(wait) = too_many_from_there(&visitor, &request) {
        return visitor.error(ErrorKind::TooManyRequests {
            seconds: whole_seconds(wait),
        });
    }
    let typed = form.field("username").to_owned();
    let password = SecretText::new(form.field("password"));
    match services
        .sign_in
        .attempt(step, &typed, password, &visitor.browser)
        .await
    {
        Ok(SignInAnswer::SignedIn(response)) => visitor.response(Ok(response)).await,
        Ok(SignInAnswer::NoMatch) => again(&visitor, step, typed, SignInProblem::NoMatch).await,
        Ok(SignInAnswer::Wait(span)) => {
            let seconds = whole_seconds(span);
            again(
                &visitor,
                step,
                typed,
                SignInProblem::TooManyTries { seconds },
            )
            .await
        }
        Ok(SignInAnswer::Stale(page)) => {
            let response = BrowserResponse::stale(page);
            visitor.response(Ok(response)).await
        }
        Err(fault) => visitor.fault(&fault),
    }
}

/// How long the address behind a request has to wait, if it tried too often.
pub(crate) fn too_many_from_there(visitor: &Visitor, request: &HttpRequest) -> Option<Span> {
    let settings = &visitor.state.settings;
    let limits = settings.address_limits.as_ref()?;
    let address = settings.callers.of(request)?;
    let wait = limits.take(address).err();
    if wait.is_some() {
        metrics::counter!("portico_throttled_total", "counted_under" => "address").increment(1);
    }
    wait
}

/// The same page once more, with what went wrong; what was typed as a name stays.
async fn again(
    visitor: &Visitor,
    step: &str,
    typed: String,
    problem: SignInProblem,
) -> HttpResponse {
    let services = &visitor.state.services;
    match services.sign_in.page(step, true, &visitor.browser).await {
        Ok(PageOr::Page(view)) => {
            let name = Username::stored(&typed);
            let same = view.again.as_ref().is_some_and(|s| s.user.username == name);
            page(
                visitor,
                *view,
                Tried {
                    typed: Some(typed),
                    problem: Some(problem),
                    as_other: !same,
                },
            )
        }
        Ok(PageOr::Response(response)) => visitor.response(Ok(response)).await,
        Err(fault) => visitor.fault(&fault),
    }
}

fn page(visitor: &Visitor, view: SignInView, tried: Tried) -> HttpResponse {
    let again = view.again.filter(|_| !tried.as_other);
    let rules = PageRules::of(&view.setting).with_image(view.client.as_deref().and_then(icon));
    let hint = view.login_hint.unwrap_or_default();
    let chrome = visitor.chrome(view.setting.language);
    // The super app whose name stands on top of every page is not introduced a second time.
    let is_at_home = |client: &Client| client.is_host() && client.name() == chrome.brand;
    let username = match (&tried.typed, &again) {
        (_, Some(SignedIn { user, .. })) => user.username.clone(),
        (Some(typed), None) => typed.clone(),
        (None, None) => hint,
    };
    let page = SignInPage {
        step: view.step,
        can_cancel: view.client.is_some(),
        program: view.client.as_deref().filter(|c| !is_at_home(c)).map(face),
        username,
        again: again.and(view.person),
        problem: tried.problem,
        chrome,
    };
    // A wrong password is not a malformed request: the page itself says what happened.
    let status = match tried.problem {
        Some(SignInProblem::TooManyTries { .. }) => StatusCode::TOO_MANY_REQUESTS,
        Some(SignInProblem::NoMatch) | None => StatusCode::OK,
    };
    visitor.send(status, &page, &rules, &CookieChanges::default())
}
