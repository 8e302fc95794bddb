//! `/interaction`: the consent sheet of a host, which it shows as its own. No cookie is needed or set: the
//! secret in the address says whose it is.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Query, ServiceConfig};
use flow::consent_sheet::{SheetAnswer, SheetReturn};
use foundation::fault::Fault;
use serde::Deserialize;

use crate::consent::{answer_of, page_of};
use crate::extract::page_form::PageForm;
use crate::method;
use crate::page::error::{ErrorKind, StaleReason};
use crate::page::link::Link;
use crate::page::web_message::WebMessagePage;
use crate::reply::page::{PageRules, whole_seconds};
use crate::visitor::Visitor;

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    let resource = web::resource("/interaction");
    config.service(
        resource
            .route(method::get().to(show))
            .route(web::post().to(answer)),
    );
}

/// The query of the page.
#[derive(Deserialize)]
struct SheetQuery {
    /// The secret.
    #[serde(default)]
    sheet: String,
}

async fn show(visitor: Visitor, query: Query<SheetQuery>) -> HttpResponse {
    let sheets = &visitor.state.services.consent_sheets;
    let answer = Box::pin(sheets.page(&query.sheet, &visitor.browser));
    send(&visitor, &query.sheet, answer.await)
}

async fn answer(visitor: Visitor, form: PageForm) -> HttpResponse {
    // A form without one of our buttons decides nothing.
    let Some(answer) = answer_of(&form) else {
        return visitor.error(ErrorKind::ForgedForm);
    };
    let (secret, step) = (form.field("sheet"), form.field("step"));
    let sheets = &visitor.state.services.consent_sheets;
    let answer = Box::pin(sheets.decide(secret, step, answer, &visitor.browser));
    send(&visitor, secret, answer.await)
}

fn send(visitor: &Visitor, secret: &str, answer: Result<SheetAnswer, Fault>) -> HttpResponse {
    match answer {
        Ok(SheetAnswer::Page(view)) => page_of(visitor, *view, Some(secret)),
        Ok(SheetAnswer::Next) => visitor.see_other(&address(secret), &Default::default()),
        Ok(SheetAnswer::Returned(back)) => returned(visitor, &back),
        Ok(SheetAnswer::Gone(origins)) => {
            let kind = ErrorKind::Stale {
                why: StaleReason::Sheet,
                program: None,
            };
            visitor.error_framed(kind, origins)
        }
        Ok(SheetAnswer::Forged(origins)) => visitor.error_framed(ErrorKind::ForgedForm, origins),
        Ok(SheetAnswer::TooMany(wait, origins)) => {
            let seconds = whole_seconds(wait);
            visitor.error_framed(ErrorKind::TooManyRequests { seconds }, origins)
        }
        Err(fault) => visitor.fault(&fault),
    }
}

/// The address of a sheet whose secret was right.
fn address(secret: &str) -> String {
    format!("/interaction?sheet={secret}")
}

/// Tells the host what came of it: by sending the browser to it, or from inside its frame.
fn returned(visitor: &Visitor, back: &SheetReturn) -> HttpResponse {
    let Some(target_origin) = &back.target_origin else {
        return visitor.see_other(&back.return_uri, &Default::default());
    };
    let Some(return_uri) = Link::parse(&back.return_uri) else {
        return visitor.fault(&Fault::broken(
            "a registered return address that is no link",
        ));
    };
    let page = WebMessagePage {
        chrome: visitor.chrome(back.setting.language.clone()),
        interaction: back.interaction.to_string(),
        result: back.result.word(),
        target_origin: target_origin.clone(),
        return_uri,
    };
    let rules = PageRules {
        script: true,
        ..PageRules::of(&back.setting)
    };
    visitor.page_without_cookies(StatusCode::OK, &page, &rules)
}
