//! `/consent`: the sheet, the pages of sensitive scopes, and their forms.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Query, ServiceConfig};
use flow::browser_response::PageOr;
use flow::consent_page::{ConsentAnswer, ConsentRow, ConsentView};
use foundation::fault::Fault;
use protocol::scope_catalog::ScopeCatalog;
use text::Language;

use crate::extract::page_form::PageForm;
use crate::extract::step_query::StepQuery;
use crate::face::{face, icon};
use crate::method;
use crate::page::chrome::PageTemplate;
use crate::page::consent::{ConsentPage, ScopeLine};
use crate::page::error::ErrorKind;
use crate::page::makers::notes;
use crate::page::sensitive_scope::SensitiveScopePage;
use crate::page::share::{self, Value};
use crate::reply::page::PageRules;
use crate::shown;
use crate::visitor::Visitor;

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    let resource = web::resource("/consent");
    config.service(
        resource
            .route(method::get().to(show))
            .route(web::post().to(answer)),
    );
}

async fn show(visitor: Visitor, query: Query<StepQuery>) -> HttpResponse {
    match visitor
        .state
        .services
        .consent
        .page(&query.step, &visitor.browser)
        .await
    {
        Ok(PageOr::Page(view)) => page_of(&visitor, *view, None),
        Ok(PageOr::Response(response)) => visitor.response(Ok(response)).await,
        Err(fault) => visitor.fault(&fault),
    }
}

async fn answer(visitor: Visitor, form: PageForm) -> HttpResponse {
    // A form without one of our buttons decides nothing.
    let Some(answer) = answer_of(&form) else {
        return visitor.error(ErrorKind::ForgedForm);
    };
    let step = form.field("step");
    let services = &visitor.state.services;
    let response = services
        .consent
        .decide(step, answer, &visitor.browser)
        .await;
    visitor.response(response).await
}

/// What was pressed on a page of consent; `None` if it was none of its buttons.
pub(crate) fn answer_of(form: &PageForm) -> Option<ConsentAnswer> {
    let ticked = form.0.many("scope").into_iter().map(str::to_owned);
    match form.field("decision") {
        "allow" => Some(ConsentAnswer::Allow(ticked.collect())),
        "withhold" => Some(ConsentAnswer::Withhold),
        "deny" => Some(ConsentAnswer::Deny),
        "other" => Some(ConsentAnswer::AsOther),
        _ => None,
    }
}

/// A page of consent; on the sheet of a host that has this secret, without cookies.
pub(crate) fn page_of(visitor: &Visitor, view: ConsentView, sheet: Option<&str>) -> HttpResponse {
    let rules = PageRules::of(&view.setting).with_image(icon(&view.client));
    match view.sensitive {
        false => sent(visitor, &consent(visitor, view, sheet), &rules, sheet),
        true => match sensitive(visitor, view, sheet) {
            Some(page) => sent(visitor, &page, &rules, sheet),
            None => visitor.fault(&Fault::broken(
                "the page of a sensitive scope without its row",
            )),
        },
    }
}

fn sent(
    visitor: &Visitor,
    page: &impl PageTemplate,
    rules: &PageRules,
    sheet: Option<&str>,
) -> HttpResponse {
    match sheet {
        Some(_) => visitor.page_without_cookies(StatusCode::OK, page, rules),
        None => visitor.page(page, rules),
    }
}

fn consent(visitor: &Visitor, view: ConsentView, sheet: Option<&str>) -> ConsentPage {
    let mut chrome = visitor.chrome(view.setting.language);
    chrome.for_makers = notes(&chrome.language, &view.for_makers);
    let catalog = &visitor.state.settings.scopes;
    let rows = view.rows.into_iter();
    ConsentPage {
        step: view.step,
        sheet: sheet.map(str::to_owned),
        person: view.person,
        continue_as: view.client.mini_program().is_none(),
        program: face(&view.client),
        rows: rows
            .map(|row| scope_row(&chrome.language, catalog, row))
            .collect(),
        chrome,
    }
}

fn scope_row(language: &Language, catalog: &ScopeCatalog, row: ConsentRow) -> ScopeLine {
    ScopeLine {
        label: share::label(language, catalog, &row.scope),
        value: value(language, catalog, &row),
        purpose: row.purpose,
        refusable: row.refusable,
        scope: row.scope.to_string(),
    }
}

/// What would be shared.
fn value(language: &Language, catalog: &ScopeCatalog, row: &ConsentRow) -> Value {
    let lines = shown::lines(language, &row.values);
    Value::of(language, catalog, &row.scope, lines)
}

fn sensitive(
    visitor: &Visitor,
    mut view: ConsentView,
    sheet: Option<&str>,
) -> Option<SensitiveScopePage> {
    let row = view.rows.pop()?;
    let mut chrome = visitor.chrome(view.setting.language);
    chrome.for_makers = notes(&chrome.language, &view.for_makers);
    let catalog = &visitor.state.settings.scopes;
    Some(SensitiveScopePage {
        step: view.step,
        sheet: sheet.map(str::to_owned),
        person: view.person,
        program: face(&view.client),
        what: share::label_in_sentence(&chrome.language, catalog, &row.scope),
        value: value(&chrome.language, catalog, &row),
        purpose: row.purpose,
        chrome,
    })
}
