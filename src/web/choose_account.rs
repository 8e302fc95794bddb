//! `/choose-account`: the page and its form, for `prompt=select_account`.

use actix_web::HttpResponse;
use actix_web::web::{self, Query, ServiceConfig};
use flow::choose_account::ChooserView;
use flow::decide_consent::PageOr;

use crate::extract::browser::Visitor;
use crate::extract::page_form::PageForm;
use crate::face::{face, icon};
use crate::method;
use crate::page::choose_account::ChooseAccountPage;
use crate::reply::page::PageRules;
use crate::sign_in::StepQuery;

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    let resource = web::resource("/choose-account");
    config.service(
        resource
            .route(method::get().to(show))
            .route(web::post().to(answer)),
    );
}

async fn show(visitor: Visitor, query: Query<StepQuery>) -> HttpResponse {
    match visitor
        .state
        .flows
        .chooser_page(&query.step, &visitor.browser)
        .await
    {
        Ok(PageOr::Page(view)) => page(&visitor, *view),
        Ok(PageOr::Response(response)) => visitor.response(Ok(response)).await,
        Err(fault) => visitor.fault(&fault),
    }
}

async fn answer(visitor: Visitor, form: PageForm) -> HttpResponse {
    let (flows, step) = (&visitor.state.flows, form.field("step"));
    let response = match form.field("decision") {
        "continue" => flows.choose_account(step, true, &visitor.browser).await,
        "other" => flows.choose_account(step, false, &visitor.browser).await,
        _ => flows.cancel_choice(step, &visitor.browser).await,
    };
    visitor.response(response).await
}

fn page(visitor: &Visitor, view: ChooserView) -> HttpResponse {
    let user = &view.signed_in.user;
    let rules = PageRules::of(&view.setting).with_image(icon(&view.client));
    let page = ChooseAccountPage {
        chrome: visitor.chrome(&view.setting.ui_locales, user.language.as_deref()),
        step: view.step,
        program: Some(face(&view.client)),
        person: view.person.clone(),
        hint: (view.person != user.username).then(|| user.username.clone()),
        can_cancel: true,
    };
    visitor.page(&page, &rules)
}
