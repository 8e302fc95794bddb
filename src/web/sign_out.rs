//! `/sign-out` and `/signed-out`: the question, its form, and the page afterwards.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Query, ServiceConfig};
use flow::browser::CookieChanges;
use flow::browser_response::{ShownError, Stale, StalePage};
use flow::end_session::{SignOutAnswer, SignOutOutcome, SignOutRouted, SignOutView, SignedOut};
use foundation::fault::Fault;
use text::Language;

use crate::extract::page_form::PageForm;
use crate::extract::step_query::StepQuery;
use crate::method;
use crate::page::error::ErrorKind;
use crate::page::link::{BackLink, Link};
use crate::page::makers::notes;
use crate::page::{sign_out, signed_out};
use crate::reply::browser_response::address;
use crate::reply::page::PageRules;
use crate::visitor::Visitor;

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    let question = web::resource("/sign-out");
    config
        .service(
            question
                .route(method::get().to(show))
                .route(web::post().to(answer)),
        )
        .service(web::resource("/signed-out").route(method::get().to(done)));
}

async fn show(visitor: Visitor, query: Query<StepQuery>) -> HttpResponse {
    let services = &visitor.state.services;
    if query.step.is_empty() {
        return response(&visitor, services.sign_out.ask(&visitor.browser).await).await;
    }
    match services.sign_out.page(&query.step, &visitor.browser).await {
        Ok(Ok(view)) => page(&visitor, view),
        Ok(Err(elsewhere)) => response(&visitor, Ok(elsewhere)).await,
        Err(fault) => visitor.fault(&fault),
    }
}

async fn answer(visitor: Visitor, form: PageForm) -> HttpResponse {
    let answer = match form.field("decision") {
        "logout" => SignOutAnswer::Logout,
        "leave" => SignOutAnswer::Leave,
        "stay" => SignOutAnswer::Stay,
        _ => return visitor.error(ErrorKind::ForgedForm),
    };
    let sign_out = &visitor.state.services.sign_out;
    let done = sign_out.answer(form.field("step"), answer, &visitor.browser);
    response(&visitor, done.await).await
}

/// The page for somebody who comes back to it later: nobody is signed in, or somebody is again.
async fn done(visitor: Visitor) -> HttpResponse {
    match visitor
        .state
        .services
        .sessions
        .signed_in(&visitor.browser)
        .await
    {
        Ok(Some(_)) => visitor.see_other("/account", &CookieChanges::default()),
        Ok(None) => {
            let nobody = SignedOut::NobodyWas { back: None };
            let language = visitor.browser.language(&[], None);
            signed_out_page(&visitor, nobody, language, &CookieChanges::default())
        }
        Err(fault) => visitor.fault(&fault),
    }
}

/// Sends where signing out leads.
pub(crate) async fn response(
    visitor: &Visitor,
    response: Result<SignOutRouted, Fault>,
) -> HttpResponse {
    let SignOutRouted { outcome, cookies } = match response {
        Ok(response) => response,
        Err(fault) => return visitor.fault(&fault),
    };
    match outcome {
        SignOutOutcome::Ask(step) => visitor.see_other(&address(&step), &cookies),
        SignOutOutcome::Return(uri) => visitor.see_other(&uri, &cookies),
        SignOutOutcome::SignedOut(what, language) => {
            signed_out_page(visitor, what, language, &cookies)
        }
        SignOutOutcome::Stay => visitor.see_other("/account", &cookies),
        SignOutOutcome::Refused(detail) => visitor.error(ErrorKind::BadRequest {
            program: None,
            detail,
        }),
        SignOutOutcome::Unreadable => {
            let page = StalePage {
                why: Stale::Unreadable,
                client: None,
            };
            visitor.shown(ShownError::Stale(page), &cookies).await
        }
    }
}

fn page(visitor: &Visitor, view: SignOutView) -> HttpResponse {
    let rules = PageRules::leading_out(view.back.is_some());
    let mut chrome = visitor.chrome(view.language);
    chrome.for_makers = notes(&chrome.language, &view.for_makers);
    let page = sign_out::SignOutPage {
        chrome,
        step: view.step,
        person: view.person.clone(),
        program: view
            .client
            .as_ref()
            .filter(|c| !c.is_host())
            .map(|c| c.name().to_owned()),
    };
    visitor.page(&page, &rules)
}

fn signed_out_page(
    visitor: &Visitor,
    what: SignedOut,
    language: Language,
    cookies: &CookieChanges,
) -> HttpResponse {
    let (outcome, back) = match what {
        SignedOut::Everywhere => (signed_out::ShownSignOut::Everywhere, None),
        SignedOut::Left { name } => (signed_out::ShownSignOut::Left { program: name }, None),
        SignedOut::NobodyWas { back } => (signed_out::ShownSignOut::Nobody, back),
    };
    let back = back.and_then(|(name, uri)| {
        Some(BackLink {
            to: Link::parse(&uri)?,
            name,
        })
    });
    let page = signed_out::SignedOutPage {
        chrome: visitor.chrome(language),
        outcome,
        back,
    };
    visitor.send(StatusCode::OK, &page, &PageRules::default(), cookies)
}
