//! The addresses that every mini-program has: its entry, the return from Portico, the page after
//! leaving, its static files, and the page for everything else.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::Program;
use super::launch;
use super::message::Message;
use crate::assets;
use crate::relying_party::{Ask, Redeemed};
use crate::site::{Landing, NotSignedIn};

/// Mounts them.
pub(crate) fn doors(scope: actix_web::Scope) -> actix_web::Scope {
    launch::routes(scope)
        .route("/open", web::get().to(open))
        .route("/callback", web::get().to(callback))
        .route("/signed-out", web::get().to(signed_out))
        .route("/assets/{file}", web::get().to(assets::serve))
        .default_service(web::to(nothing))
}

#[derive(Deserialize)]
struct DoorQuery {
    /// The scope that the person wants to share after all.
    share: Option<String>,
    /// There is no host, or no script that could ask it.
    by: Option<String>,
}

/// The entry address: always asks Portico anew, so that what is shared is up to date. With
/// remembered consent the person sees nothing of it. In a frame the host asks, over the bridge.
async fn open(request: HttpRequest, program: web::Data<Program>) -> HttpResponse {
    let Ok(query) = web::Query::<DoorQuery>::from_query(request.query_string()) else {
        return program.not_found(&request);
    };
    if query.by.is_none() && query.share.is_none() {
        match program.opening(&request).await {
            Ok(Some(page)) => return page,
            Ok(None) => {}
            Err(trouble) => return program.trouble(&request, &trouble),
        }
    }
    let ask = match &query.share {
        None => Ask::default(),
        Some(share) => match program.facts.scope(share) {
            Some(scope) => Ask {
                consent_again: true,
                aside: Some(scope.scope.to_owned()),
            },
            None => return program.not_found(&request),
        },
    };
    match program.site.begin(&request, ask).await {
        Ok(answer) => answer,
        Err(trouble) => program.trouble(&request, &trouble),
    }
}

async fn callback(request: HttpRequest, program: web::Data<Program>) -> HttpResponse {
    let land = |redeemed: &Redeemed| Landing {
        path: "/".to_owned(),
        notice: redeemed
            .aside
            .as_deref()
            .and_then(|scope| reopened(&program, scope, &redeemed.scopes)),
    };
    match program.site.finish(&request, land).await {
        Ok(answer) => answer,
        Err(NotSignedIn::NotAsked) => program.message(&request, Message::not_asked(&program)),
        Err(NotSignedIn::Declined) => {
            let has_session = program.site.has_session(&request);
            program.message(&request, Message::refused(&program, has_session))
        }
        Err(NotSignedIn::Trouble(trouble)) => program.trouble(&request, &trouble),
    }
}

/// What to say after "Share now": Portico asks again once a day only, so it may well be that the
/// person was not asked.
pub(super) fn reopened(program: &Program, scope: &str, granted: &[String]) -> Option<String> {
    let (name, scope) = (program.facts.name, program.facts.scope(scope)?);
    Some(if granted.iter().any(|s| s == scope.scope) {
        format!("Thank you. You share your {} with {name} now.", scope.noun)
    } else {
        format!(
            "Your {} stays with you. You can change that in Settings at any time.",
            scope.noun
        )
    })
}

async fn signed_out(request: HttpRequest, program: web::Data<Program>) -> HttpResponse {
    program.message(&request, Message::signed_out(&program))
}

async fn nothing(request: HttpRequest, program: web::Data<Program>) -> HttpResponse {
    program.not_found(&request)
}
