//! `/account/language`: the language that a person wants the pages in.

use actix_web::HttpResponse;
use actix_web::web::{self, ServiceConfig};

use crate::account::way::{answered, back_to, to_sign_in};
use crate::extract::page_form::PageForm;
use crate::method;
use crate::page::error::ErrorKind;
use crate::page::language::{BY_BROWSER, LanguagePage};
use crate::reply::page::PageRules;
use crate::visitor::Visitor;

/// The path of the page.
const PATH: &str = "/account/language";

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    let resource = web::resource(PATH);
    config.service(
        resource
            .route(method::get().to(show))
            .route(web::post().to(choose)),
    );
}

async fn show(visitor: Visitor) -> HttpResponse {
    let owner = match visitor.state.services.account.owner(&visitor.browser).await {
        Ok(Some(owner)) => owner,
        Ok(None) => return to_sign_in(&visitor),
        Err(fault) => return visitor.fault(&fault),
    };
    let page = LanguagePage {
        chrome: visitor.chrome_for(&owner.signed_in.user),
        csrf: owner.form_token,
        chosen: owner.signed_in.user.language,
        back: back_to(owner.host.as_ref()),
    };
    visitor.page(&page, &PageRules::of_account())
}

/// The page that follows says in its own words what was chosen.
async fn choose(visitor: Visitor, form: PageForm) -> HttpResponse {
    let tag = match form.field("language") {
        "" => return visitor.error(ErrorKind::ForgedForm),
        BY_BROWSER => None,
        tag => Some(tag),
    };
    let (account, csrf) = (&visitor.state.services.account, form.field("csrf"));
    let answer = account.choose_language(csrf, tag, &visitor.browser).await;
    answered(&visitor, answer, PATH)
}
