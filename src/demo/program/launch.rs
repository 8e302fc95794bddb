//! Opening in a super app: the page that asks its host for a code over the bridge, and the three
//! questions that it asks this backend. What redirects do for a browser alone is in `doors`.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::Program;
use super::doors::reopened;
use super::message::Message;
use crate::relying_party::{CallbackQuery, Redeemed, Trouble};
use crate::site::reply::data;
use crate::site::{Landing, NotSignedIn, is_framed};

/// What a page needs to speak with the super app around it.
#[derive(Clone, Debug)]
pub(crate) struct Bridge {
    pub(crate) uri: String,
    pub(crate) integrity: String,
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    /// Of this page's own session; empty where it has none.
    pub(crate) sid: String,
    pub(crate) nova: String,
}

/// A program that is being opened. Without scripts, or without a host, it goes on by redirects.
#[derive(Template)]
#[template(path = "opening.html")]
struct OpeningPage {
    slug: &'static str,
    name: &'static str,
    bridge: Bridge,
}

#[derive(Deserialize)]
struct BeginForm {
    /// The scope that the person wants to share after all.
    share: Option<String>,
}

/// What the host brought.
#[derive(Deserialize)]
struct FinishForm {
    code: String,
    state: String,
    iss: String,
}

#[derive(Deserialize)]
struct DropForm {
    /// The stay that is over.
    sid: String,
}

#[derive(Deserialize)]
struct FailedQuery {
    error: String,
}

/// Mounts them. A script of another site cannot send JSON without being asked first, and is refused.
pub(super) fn routes(scope: actix_web::Scope) -> actix_web::Scope {
    scope
        .route("/launch/begin", web::post().to(begin))
        .route("/launch/finish", web::post().to(finish))
        .route("/launch/drop", web::post().to(drop_session))
        .route("/launch/failed", web::get().to(failed))
}

async fn begin(
    request: HttpRequest,
    program: web::Data<Program>,
    form: web::Json<BeginForm>,
) -> HttpResponse {
    let share = form.into_inner().share;
    let aside = share.and_then(|scope| program.facts.scope(&scope));
    let aside = aside.map(|scope| scope.scope.to_owned());
    program.site.begin_launch(&request, aside)
}

async fn finish(
    request: HttpRequest,
    program: web::Data<Program>,
    form: web::Json<FinishForm>,
) -> HttpResponse {
    let brought = form.into_inner();
    let response = CallbackQuery::brought(brought.code, brought.state, brought.iss);
    let land = |redeemed: &Redeemed| Landing {
        path: "/".to_owned(),
        notice: redeemed
            .aside
            .as_deref()
            .and_then(|scope| reopened(&program, scope, &redeemed.scopes)),
    };
    let refused = |status, error: &str| data(status, &serde_json::json!({ "error": error }));
    match program.site.finish_launch(&request, response, land).await {
        Ok(answer) => answer,
        Err(NotSignedIn::NotAsked) => refused(StatusCode::BAD_REQUEST, "invalid_request"),
        Err(NotSignedIn::Declined) => refused(StatusCode::FORBIDDEN, "access_denied"),
        Err(NotSignedIn::Trouble(trouble)) => {
            tracing::warn!(program = program.facts.slug, %trouble, "a launch did not end well");
            refused(StatusCode::BAD_GATEWAY, "temporarily_unavailable")
        }
    }
}

async fn drop_session(
    request: HttpRequest,
    program: web::Data<Program>,
    form: web::Json<DropForm>,
) -> HttpResponse {
    program.site.drop_session(&request, &form.sid)
}

/// The page for a launch that came to nothing.
async fn failed(
    request: HttpRequest,
    program: web::Data<Program>,
    query: web::Query<FailedQuery>,
) -> HttpResponse {
    let trouble = match query.into_inner().error.as_str() {
        "access_denied" => {
            let has_session = program.site.has_session(&request);
            return program.message(&request, Message::refused(&program, has_session));
        }
        "invalid_target" => Trouble::Refused("invalid_target".to_owned()),
        _ => Trouble::Unreachable("the host could not launch".to_owned()),
    };
    program.trouble(&request, &trouble)
}

impl Program {
    /// What a page needs for the bridge: in a frame, where Portico is known to have one.
    pub(crate) fn bridge(&self, request: &HttpRequest) -> Option<Bridge> {
        let relying_party = &self.site.relying_party;
        let portico = relying_party.known_configuration()?;
        is_framed(request).then(|| Bridge {
            uri: portico.bridge_uri.to_string(),
            integrity: portico.bridge_integrity,
            issuer: relying_party.issuer().to_owned(),
            client_id: relying_party.client_id().to_owned(),
            sid: self.site.sid(request).unwrap_or_default(),
            nova: self.nova.clone(),
        })
    }

    /// The page that asks the host; nothing where there is no frame around it, or no bridge.
    pub(super) async fn opening(
        &self,
        request: &HttpRequest,
    ) -> Result<Option<HttpResponse>, Trouble> {
        self.site.relying_party.configuration().await?;
        Ok(self.bridge(request).map(|bridge| {
            self.page(&OpeningPage {
                slug: self.facts.slug,
                name: self.facts.name,
                bridge,
            })
        }))
    }
}
