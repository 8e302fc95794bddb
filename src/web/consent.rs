//! `/consent`: the sheet, the pages of sensitive scopes, and their forms.

use actix_web::HttpResponse;
use actix_web::web::{self, Query, ServiceConfig};
use flow::browser_response::PageOr;
use flow::decide_consent::{ConsentAnswer, ConsentRow, ConsentView};
use foundation::fault::Fault;
use protocol::scope_catalog::ScopeCatalog;
use text::Language;

use crate::extract::page_form::PageForm;
use crate::extract::step_query::StepQuery;
use crate::face::{face, icon};
use crate::method;
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
        Ok(PageOr::Page(view)) if view.sensitive => sensitive(&visitor, *view),
        Ok(PageOr::Page(view)) => sheet(&visitor, *view),
        Ok(PageOr::Response(response)) => visitor.response(Ok(response)).await,
        Err(fault) => visitor.fault(&fault),
    }
}

async fn answer(visitor: Visitor, form: PageForm) -> HttpResponse {
    let answer = match form.field("decision") {
        "allow" => {
            let ticked = form
                .0
                .many("scope")
                .into_iter()
                .map(str::to_owned)
                .collect();
            ConsentAnswer::Allow(ticked)
        }
        "withhold" => ConsentAnswer::Withhold,
        "deny" => ConsentAnswer::Deny,
        "other" => ConsentAnswer::AsOther,
        // A form without one of our buttons decides nothing.
        _ => return visitor.error(ErrorKind::ForgedForm),
    };
    let step = form.field("step");
    let services = &visitor.state.services;
    let response = services
        .consent
        .decide(step, answer, &visitor.browser)
        .await;
    visitor.response(response).await
}

fn sheet(visitor: &Visitor, view: ConsentView) -> HttpResponse {
    let rules = PageRules::of(&view.setting).with_image(icon(&view.client));
    let mut chrome = visitor.chrome(view.setting.language);
    chrome.for_makers = notes(&chrome.language, &view.for_makers);
    let catalog = &visitor.state.settings.scopes;
    let rows = view
        .rows
        .into_iter()
        .map(|row| scope_row(&chrome.language, catalog, row))
        .collect();
    let page = ConsentPage {
        step: view.step,
        person: view.person,
        continue_as: view.client.mini_program().is_none(),
        program: face(&view.client),
        rows,
        chrome,
    };
    visitor.page(&page, &rules)
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

fn sensitive(visitor: &Visitor, mut view: ConsentView) -> HttpResponse {
    let rules = PageRules::of(&view.setting).with_image(icon(&view.client));
    let mut chrome = visitor.chrome(view.setting.language);
    chrome.for_makers = notes(&chrome.language, &view.for_makers);
    let Some(row) = view.rows.pop() else {
        return visitor.fault(&Fault::broken(
            "the page of a sensitive scope without its row",
        ));
    };
    let catalog = &visitor.state.settings.scopes;
    let page = SensitiveScopePage {
        step: view.step,
        person: view.person,
        program: face(&view.client),
        what: share::label_in_sentence(&chrome.language, catalog, &row.scope),
        value: value(&chrome.language, catalog, &row),
        purpose: row.purpose,
        chrome,
    };
    visitor.page(&page, &rules)
}
