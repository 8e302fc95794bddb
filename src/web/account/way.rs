//! The ways that the account pages share: to the sign-in page, back to the page, back to the super app.

use actix_web::HttpResponse;
use domain::client::Client;
use flow::account::AccountAnswer;
use flow::browser::CookieChanges;
use foundation::fault::Fault;

use crate::page::error::ErrorKind;
use crate::page::link::{BackLink, Link};
use crate::reply::page::whole_seconds;
use crate::visitor::Visitor;

/// Sends somebody who is not signed in to the sign-in page that leads back here.
pub(super) fn to_sign_in(visitor: &Visitor) -> HttpResponse {
    visitor.see_other("/sign-in", &CookieChanges::default())
}

/// Sends what came of a form, or back to the page when it is done.
pub(super) fn answered(
    visitor: &Visitor,
    answer: Result<AccountAnswer, Fault>,
    back: &str,
) -> HttpResponse {
    match answer {
        Ok(AccountAnswer::Done | AccountAnswer::NothingThere) => {
            visitor.see_other(back, &CookieChanges::default())
        }
        Ok(AccountAnswer::SignedOut) => to_sign_in(visitor),
        Ok(AccountAnswer::Forged) => visitor.error(ErrorKind::ForgedForm),
        Ok(AccountAnswer::Wait(span)) => visitor.error(ErrorKind::TooManyRequests {
            seconds: whole_seconds(span),
        }),
        Err(fault) => visitor.fault(&fault),
    }
}

/// The way back to the super app.
pub(super) fn back_to(host: Option<&Client>) -> Option<BackLink> {
    let host = host?;
    Some(BackLink {
        name: host.name().to_owned(),
        to: Link::parse(host.metadata.client_uri.as_deref()?)?,
    })
}
