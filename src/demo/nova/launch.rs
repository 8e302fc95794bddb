//! What Nova's page asks its backend: who is there, and a code or a token for a program that asked over
//! the bridge. The page holds no token of Nova's; the form token in each question is of the visitor's own page.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Nova;
use crate::relying_party::{LaunchKind, LaunchRefusal, LaunchWish, Launched, NotLaunched};
use crate::site::NoVisitor;
use crate::site::reply::data;

/// A program's call, as the host's page passes it on.
#[derive(Deserialize)]
pub(super) struct LaunchForm {
    form_token: String,
    #[serde(flatten)]
    kind: AskedKind,
    scope: Option<String>,
    /// The person tapped for it: what they put off is asked again.
    #[serde(default)]
    again: bool,
    locale: String,
}

/// The program's method: `login`, or `token`.
#[derive(Deserialize)]
#[serde(tag = "launch_type", rename_all = "lowercase")]
enum AskedKind {
    Code {
        nonce: String,
        code_challenge: String,
    },
    Token {
        dpop_jkt: Option<String>,
    },
}

impl AskedKind {
    fn kind(&self) -> LaunchKind<'_> {
        match self {
            Self::Code {
                nonce,
                code_challenge,
            } => LaunchKind::Code {
                nonce,
                code_challenge,
            },
            Self::Token { dpop_jkt } => LaunchKind::Token {
                dpop_jkt: dpop_jkt.as_deref(),
            },
        }
    }
}

/// Who is there, for a page that was there before.
#[derive(Serialize)]
struct Present<'a> {
    account: &'a str,
    form_token: &'a str,
}

/// Launches a program. Whether there is such a one for this person Portico says.
pub(super) async fn launch(
    request: HttpRequest,
    nova: web::Data<Nova>,
    client_id: web::Path<String>,
    form: web::Json<LaunchForm>,
) -> HttpResponse {
    let wish = LaunchWish {
        audience: &client_id,
        scope: form.scope.as_deref(),
        kind: form.kind.kind(),
        again: form.again,
        locale: &form.locale,
    };
    match nova.site.launch(&request, &form.form_token, &wish).await {
        Ok(launched) => data(StatusCode::OK, &nova.given(&form.kind, &launched)),
        Err(NotLaunched::Ended) => data(
            StatusCode::UNAUTHORIZED,
            &json!({ "error": "login_required" }),
        ),
        Err(NotLaunched::Refused(refusal)) => refused(&refusal),
        Err(NotLaunched::Trouble(trouble)) => {
            tracing::warn!(%trouble, "Nova could not launch a program");
            data(
                StatusCode::BAD_GATEWAY,
                &LaunchRefusal::of("temporarily_unavailable"),
            )
        }
    }
}

impl Nova {
    /// What the program's method answers with, and the stay that it is in.
    fn given(&self, kind: &AskedKind, launched: &Launched) -> serde_json::Value {
        let Launched {
            access_token,
            token_type,
            expires_in,
            scope,
            sid,
        } = launched;
        match kind {
            AskedKind::Code { .. } => {
                let iss = self.site.relying_party.issuer();
                json!({ "code": access_token, "iss": iss, "scope": scope, "sid": sid })
            }
            AskedKind::Token { .. } => json!({
                "access_token": access_token, "token_type": token_type, "expires_in": expires_in,
                "scope": scope, "sid": sid,
            }),
        }
    }
}

fn refused(refusal: &LaunchRefusal) -> HttpResponse {
    data(StatusCode::BAD_REQUEST, refusal)
}

/// Who is signed in with this browser, confirmed by Portico now.
pub(super) async fn present(request: HttpRequest, nova: web::Data<Nova>) -> HttpResponse {
    match nova.site.visitor(&request).await {
        Ok(visitor) => data(
            StatusCode::OK,
            &Present {
                account: &visitor.subject,
                form_token: visitor.form_token(),
            },
        ),
        Err(NoVisitor::Stranger | NoVisitor::Ended) => data(
            StatusCode::UNAUTHORIZED,
            &LaunchRefusal::of("login_required"),
        ),
        Err(NoVisitor::Trouble(trouble)) => {
            tracing::warn!(%trouble, "Nova could not say who is there");
            data(
                StatusCode::BAD_GATEWAY,
                &LaunchRefusal::of("temporarily_unavailable"),
            )
        }
    }
}
