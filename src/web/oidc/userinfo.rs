//! `/userinfo`: the UserInfo endpoint (OpenID Connect Core §5.3), GET and POST.

use actix_web::HttpResponse;
use actix_web::web::{self, Data, ServiceConfig};
use flow::answer::Answer;
use flow::protected_call::ProtectedEndpoint;

use crate::extract::access_token::AccessToken;
use crate::guard::cors;
use crate::method;
use crate::reply::oauth_json;
use crate::state::WebState;

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    let resource = cors::open("/userinfo");
    config.service(
        resource
            .route(method::get().to(answer))
            .route(web::post().to(answer)),
    );
}

async fn answer(state: Data<WebState>, token: AccessToken) -> HttpResponse {
    let call = token.to(ProtectedEndpoint::Userinfo);
    match state.services.userinfo.answer(&call).await {
        Ok(Answer::Given(claims)) => oauth_json::ok(&claims),
        Ok(Answer::Refused(error)) => oauth_json::token_refused(&error, call.credential.scheme),
        Err(fault) => oauth_json::failed(&fault),
    }
}
