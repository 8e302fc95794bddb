//! `/mini-programs`, `/mini-programs/ID` and `/leave`: what hosts ask with their own access token.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{self, Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use domain::client::Client;
use flow::answer::Answer;
use flow::answer_host::MAX_PROGRAMS;
use flow::protected_call::{ProtectedEndpoint, TokenScheme};
use foundation::fault::Fault;
use foundation::id::ClientId;
use protocol::oauth_error::{OAuthError, invalid_request};
use protocol::parameters::Parameters;
use serde_json::{Map, Value, json};

use crate::extract::access_token::AccessToken;
use crate::guard::cors;
use crate::method;
use crate::reply::document::Document;
use crate::reply::oauth_json;
use crate::state::WebState;

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(cors::open("/mini-programs").route(method::get().to(programs)))
        .service(cors::open("/mini-programs/{id}").route(method::get().to(program)))
        .service(cors::open("/leave").route(web::post().to(leave)));
}

/// Which page of the list: after which program (the `next` of the page before), and how many at most.
fn page(query: &str) -> Result<(Option<ClientId>, usize), OAuthError> {
    let wrong = |name| invalid_request(format!("{name} cannot be read"));
    let parameters = Parameters::parse_urlencoded(query)?;
    let after = parameters.one("after")?.map(ClientId::parse).transpose();
    let limit = parameters.one("limit")?.map(str::parse).transpose();
    Ok((
        after.map_err(|_| wrong("after"))?,
        limit.map_err(|_| wrong("limit"))?.unwrap_or(MAX_PROGRAMS),
    ))
}

async fn programs(state: Data<WebState>, request: HttpRequest, token: AccessToken) -> HttpResponse {
    let call = token.to(ProtectedEndpoint::MiniPrograms);
    let scheme = call.credential.scheme;
    let (after, limit) = match page(request.query_string()) {
        Ok(page) => page,
        Err(error) => return oauth_json::token_refused(&error, scheme),
    };
    let endpoints = &state.services.host_endpoints;
    sent(
        &request,
        scheme,
        endpoints.programs(&call, after, limit).await,
        |page| {
            let programs: Vec<Value> = page.programs.iter().map(shown).collect();
            let mut list = json!({ "mini_programs": programs });
            if let Some(next) = page.next {
                list["next"] = json!(next);
            }
            Some(list)
        },
    )
}

async fn program(
    state: Data<WebState>,
    request: HttpRequest,
    token: AccessToken,
    id: Path<String>,
) -> HttpResponse {
    let call = token.to(ProtectedEndpoint::MiniProgram(id.clone()));
    let endpoints = &state.services.host_endpoints;
    let answer = endpoints.program(&call, &id).await;
    sent(&request, call.credential.scheme, answer, |found| {
        found.map(|program| shown(&program))
    })
}

async fn leave(state: Data<WebState>, token: AccessToken) -> HttpResponse {
    let call = token.to(ProtectedEndpoint::Leave);
    match state.services.host_endpoints.leave(&call).await {
        Ok(Answer::Given(())) => HttpResponse::NoContent()
            .insert_header((CACHE_CONTROL, "no-store"))
            .finish(),
        Ok(Answer::Refused(error)) => oauth_json::token_refused(&error, call.credential.scheme),
        Err(fault) => oauth_json::failed(&fault),
    }
}

/// Sends a document to the host that asked, or 304 to one that has it.
fn sent<T>(
    request: &HttpRequest,
    scheme: TokenScheme,
    answer: Result<Answer<T>, Fault>,
    document: impl FnOnce(T) -> Option<Value>,
) -> HttpResponse {
    match answer {
        Ok(Answer::Given(value)) => match document(value) {
            Some(document) => Document::new(&document).private().send(request),
            None => HttpResponse::NotFound()
                .insert_header((CACHE_CONTROL, "no-store"))
                .json(json!({
                    "error": "not_found",
                    "error_description": "there is no such program for this person",
                })),
        },
        Ok(Answer::Refused(error)) => oauth_json::token_refused(&error, scheme),
        Err(fault) => oauth_json::failed(&fault),
    }
}

/// A program as a host shows it on its home screen.
fn shown(program: &Client) -> Value {
    let mut members = Map::new();
    let mut say = |name: &str, value: Value| members.insert(name.to_owned(), value);
    say("client_id", json!(program.id));
    say("client_name", json!(program.name()));
    say("scope", json!(program.allowed_scope().to_string()));
    say("state", json!(program.state.word()));
    if let Some(manifest) = program.mini_program() {
        if let Some(icon) = &manifest.icon_uri {
            say("icon_uri", json!(icon));
        }
        say("entry_uri", json!(manifest.entry_uri));
        say("origins", json!(manifest.origins));
        let types = program.launch_types(manifest).iter();
        say("launch_types", types.map(|kind| kind.as_str()).collect());
    }
    if let Some(publisher) = &program.publisher {
        let verified = publisher.verified_at.is_some();
        say(
            "publisher",
            json!({ "name": publisher.name, "verified": verified }),
        );
    }
    Value::Object(members)
}
