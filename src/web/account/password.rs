//! `/account/password`: changing it.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use flow::account::OwnerView;
use flow::account::change_password::PasswordAnswer;
use flow::passwords::PASSWORD_MAX;
use foundation::secret::SecretText;

use crate::account::way::{back_to, to_sign_in};
use crate::extract::page_form::PageForm;
use crate::method;
use crate::page::error::ErrorKind;
use crate::page::password::{PasswordOutcome, PasswordPage};
use crate::reply::page::PageRules;
use crate::reply::page::whole_seconds;
use crate::sign_in::too_many_from_there;
use crate::visitor::Visitor;

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    let resource = web::resource("/account/password");
    config.service(
        resource
            .route(method::get().to(show))
            .route(web::post().to(change)),
    );
}

async fn show(visitor: Visitor) -> HttpResponse {
    page(&visitor, None).await
}

async fn change(request: HttpRequest, visitor: Visitor, form: PageForm) -> HttpResponse {
    // Each try costs as much as one to sign in, so an address has both from one store.
    if let Some(wait) = too_many_from_there(&visitor, &request) {
        return visitor.error(ErrorKind::TooManyRequests {
            seconds: whole_seconds(wait),
        });
    }
    let current = SecretText::new(form.field("current_password"));
    let new = SecretText::new(form.field("new_password"));
    let answer = visitor
        .state
        .services
        .account
        .change_password(form.field("csrf"), current, new, &visitor.browser)
        .await;
    let outcome = match answer {
        Ok(PasswordAnswer::Changed(owner)) => {
            return page_of(&visitor, *owner, Some(PasswordOutcome::Changed));
        }
        Ok(PasswordAnswer::WrongCurrent) => PasswordOutcome::WrongCurrent,
        Ok(PasswordAnswer::Wait(span)) => PasswordOutcome::TooManyTries {
            seconds: whole_seconds(span),
        },
        Ok(PasswordAnswer::TooShort) => PasswordOutcome::TooShort,
        Ok(PasswordAnswer::TooLong) => PasswordOutcome::TooLong {
            most: u32::try_from(PASSWORD_MAX).unwrap_or(u32::MAX),
        },
        Ok(PasswordAnswer::NotText) => PasswordOutcome::NotText,
        Ok(PasswordAnswer::TooCommon) => PasswordOutcome::TooCommon,
        Ok(PasswordAnswer::Same) => PasswordOutcome::Same,
        Ok(PasswordAnswer::SignedOut) => return to_sign_in(&visitor),
        Ok(PasswordAnswer::Forged) => return visitor.error(ErrorKind::ForgedForm),
        Err(fault) => return visitor.fault(&fault),
    };
    page(&visitor, Some(outcome)).await
}

async fn page(visitor: &Visitor, outcome: Option<PasswordOutcome>) -> HttpResponse {
    let owner = match visitor.state.services.account.owner(&visitor.browser).await {
        Ok(Some(owner)) => owner,
        Ok(None) => return to_sign_in(visitor),
        Err(fault) => return visitor.fault(&fault),
    };
    page_of(visitor, owner, outcome)
}

fn page_of(visitor: &Visitor, owner: OwnerView, outcome: Option<PasswordOutcome>) -> HttpResponse {
    let user = owner.signed_in.user;
    let page = PasswordPage {
        chrome: visitor.chrome_for(&user),
        csrf: owner.form_token,
        username: user.username,
        outcome,
        back: back_to(owner.host.as_ref()),
    };
    visitor.page(&page, &PageRules::of_account())
}
