//! `/choose-account`: the page and its form, for `prompt=select_account`.

use actix_web::HttpResponse;
use actix_web::web::{self, Query, ServiceConfig};
use flow::browser_response::PageOr;
use flow::choose_account::ChooserView;

use crate::extract::page_form::PageForm;
use crate::extract::step_query::StepQuery;
use crate::face::{face, icon};
use crate::method;
use crate::page::choose_account::ChooseAccountPage;
use crate::reply::page::PageRules;
use crate::visitor::Visitor;

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
        .services
        .account_choice
        .page(&query.step, &visitor.browser)
        .await
    {
        Ok(PageOr::Page(view)) => page(&visitor, *view),
        Ok(PageOr::Response(response)) => visitor.response(Ok(response)).await,
        Err(fault) => visitor.fault(&fault),
    }
}

async fn answer(visitor: Visitor, form: PageForm) -> HttpResponse {
    let (services, step) = (&visitor.state.services, form.field("step"));
    let response = match form.field("decision") {
        "continue" => {
            services
                .account_choice
                .choose(step, true, &visitor.browser)
                .await
        }
        "other" => {
            services
                .account_choice
                .choose(step, false, &visitor.browser)
                .await
        }
        _ => services.account_choice.cancel(step, &visitor.browser).await,
    };
    visitor.response(response).await
}

fn page(visitor: &Visitor, view: ChooserView) -> HttpResponse {
    let user = &view.signed_in.user;
    let rules = PageRules::of(&view.setting).with_image(icon(&view.client));
    let page = ChooseAccountPage {
        chrome: visitor.chrome(view.setting.language),
        step: view.step,
        program: Some(face(&view.client)),
        person: view.person.clone(),
        hint: (view.person != user.username).then(|| user.username.clone()),
        can_cancel: true,
    };
    visitor.page(&page, &rules)
}
