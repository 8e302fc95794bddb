//! The form of a client's request with its credential: `application/x-www-form-urlencoded`, bounded,
//! in the body only. Who the client really is, is found by `flow::authenticate_client`.

use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use flow::protected_call::{ClientCall, ProtectedEndpoint};
use futures_util::future::LocalBoxFuture;
use protocol::client_credential::{self, PresentedCredential};
use protocol::oauth_error::{OAuthError, invalid_request};
use protocol::parameters::Parameters;

use crate::extract::body;
use crate::reply::oauth_json::OAuthRefusal;
use crate::state::WebState;

/// Parameters and credential of a request by a client.
#[derive(Debug)]
pub(crate) struct OAuthForm {
    /// Who the client says it is.
    pub(crate) credential: PresentedCredential,
    /// The form.
    pub(crate) parameters: Parameters,
    /// From where it comes.
    address: Option<IpAddr>,
}

impl OAuthForm {
    /// What reaches an endpoint with it.
    pub(crate) fn to(self, endpoint: ProtectedEndpoint) -> ClientCall {
        ClientCall {
            endpoint,
            credential: self.credential,
            parameters: self.parameters,
            address: self.address,
            proof: None,
        }
    }
}

impl FromRequest for OAuthForm {
    type Error = OAuthRefusal;
    type Future = LocalBoxFuture<'static, Result<Self, OAuthRefusal>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move { read(&request, payload).await.map_err(OAuthRefusal::from) })
    }
}

async fn read(request: &HttpRequest, payload: Payload) -> Result<OAuthForm, OAuthError> {
    // "The parameters can only be transmitted in the request-body and MUST NOT be included in the
    // request URI" (RFC 6749 §2.3.1)
    if !request.query_string().is_empty() {
        return Err(invalid_request("parameters belong into the body"));
    }
    let authorization = authorization(request)?;
    let parameters = body::form(request, payload).await?;
    let credential = client_credential::present(authorization, &parameters)?;
    Ok(OAuthForm {
        credential,
        parameters,
        address: address(request),
    })
}

/// The address that a call comes from.
pub(crate) fn address(request: &HttpRequest) -> Option<IpAddr> {
    let state = request.app_data::<Data<WebState>>()?;
    state.settings.callers.of(request)
}

/// The `Authorization` header; two are refused, because another reader might take the other one.
pub(crate) fn authorization(request: &HttpRequest) -> Result<Option<&str>, OAuthError> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    match (headers.next(), headers.next()) {
        (None, _) => Ok(None),
        (Some(only), None) => match only.to_str() {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(invalid_request("the Authorization header is not ASCII")),
        },
        (Some(_), Some(_)) => Err(invalid_request("there are two Authorization headers")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::ResponseError as _;
    use actix_web::http::header::CONTENT_TYPE;
    use actix_web::test::TestRequest;

    const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
    /// `market:s`
    const BASIC: (&str, &str) = ("authorization", "Basic bWFya2V0OnM=");

    async fn extract(request: TestRequest) -> Result<OAuthForm, (u16, String)> {
        let (request, mut payload) = request.to_http_parts();
        let form = OAuthForm::from_request(&request, &mut payload).await;
        form.map_err(|refusal| {
            (
                refusal.error_response().status().as_u16(),
                refusal.to_string(),
            )
        })
    }

    fn post(uri: &str, body: &'static str) -> TestRequest {
        TestRequest::post()
            .uri(uri)
            .insert_header(FORM)
            .set_payload(body)
    }

    #[actix_web::test]
    async fn a_credential_comes_from_the_header_or_the_form() {
        let basic = extract(post("/token", "grant_type=x").append_header(BASIC)).await;
        let basic = basic.expect("Basic");
        assert!(matches!(
            basic.credential,
            PresentedCredential::SecretBasic { .. }
        ));
        assert_eq!(basic.parameters.one("grant_type"), Ok(Some("x")));
        let posted = extract(post("/token", "client_id=market&client_secret=s")).await;
        let posted = posted.expect("in the form").credential;
        assert!(matches!(posted, PresentedCredential::SecretPost { .. }));
    }

    #[actix_web::test]
    async fn attack_21_nothing_is_taken_from_the_query() {
        let refused = (
            400,
            "invalid_request: parameters belong into the body".to_owned(),
        );
        for uri in ["/token?client_secret=s", "/token?x"] {
            let request = post(uri, "client_id=market").append_header(BASIC);
            assert_eq!(extract(request).await.err(), Some(refused.clone()), "{uri}");
        }
        // An empty query holds nothing.
        assert!(extract(post("/token?", "client_id=market")).await.is_ok());
    }

    #[actix_web::test]
    async fn attack_27_two_headers_are_refused_even_if_they_are_equal() {
        let two = post("/token", "").append_header(BASIC).append_header(BASIC);
        let (status, text) = extract(two).await.expect_err("two");
        assert_eq!(
            (status, &*text),
            (400, "invalid_request: there are two Authorization headers")
        );
    }

    #[actix_web::test]
    async fn another_type_is_a_bad_request() {
        let json = TestRequest::post()
            .insert_header((CONTENT_TYPE, "application/json"))
            .set_payload(r#"{"grant_type":"client_credentials"}"#);
        for request in [json, TestRequest::post().set_payload("grant_type=x")] {
            let (status, text) = extract(request).await.expect_err("no form");
            let said = "invalid_request: the body must be application/x-www-form-urlencoded";
            assert_eq!((status, &*text), (400, said));
        }
    }
}
