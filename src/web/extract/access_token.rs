//! An access token: in the header (RFC 6750 §2.1, RFC 9449 §7.1), or in the body of a posted form
//! (RFC 6750 §2.2); never in the query, never twice. What it opens is found by `flow::answer_userinfo`.

use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::{FromRequest, HttpRequest};
use flow::protected_call::{PresentedAccessToken, ProtectedEndpoint, TokenCall, TokenScheme};
use foundation::secret::SecretText;
use futures_util::future::LocalBoxFuture;
use protocol::oauth_error::{OAuthError, invalid_request};
use protocol::parameters::Parameters;

use crate::extract::body;
use crate::extract::oauth_form::{address, authorization};
use crate::extract::proof::Proof;
use crate::reply::oauth_json::TokenRefusal;

/// The name of the token in a form, and where it must not be.
const ACCESS_TOKEN: &str = "access_token";

/// The presented token, the form that it came with, and the proof of the key that it is bound to.
#[derive(Debug)]
pub(crate) struct AccessToken {
    presented: PresentedAccessToken,
    parameters: Parameters,
    address: Option<IpAddr>,
    proof: Proof,
}

impl AccessToken {
    /// What reaches an endpoint with it.
    pub(crate) fn to(self, endpoint: ProtectedEndpoint) -> TokenCall {
        TokenCall {
            endpoint,
            credential: self.presented,
            parameters: self.parameters,
            address: self.address,
            proof: self.proof.0,
        }
    }
}

impl FromRequest for AccessToken {
    type Error = TokenRefusal;
    type Future = LocalBoxFuture<'static, Result<Self, TokenRefusal>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let (token, parameters) = read(&request, payload).await?;
            let presented = token.ok_or(TokenRefusal::Missing)?;
            let proof = Proof::of(&request).map_err(|error| match presented.scheme {
                TokenScheme::DPoP => TokenRefusal::Refused(error, TokenScheme::DPoP),
                TokenScheme::Bearer => TokenRefusal::from(error),
            })?;
            Ok(Self {
                presented,
                parameters,
                address: address(&request),
                proof,
            })
        })
    }
}

async fn read(
    request: &HttpRequest,
    payload: Payload,
) -> Result<(Option<PresentedAccessToken>, Parameters), OAuthError> {
    // "Because of the security weaknesses associated with the URI method … it SHOULD NOT be used"
    // (RFC 6750 §2.3); OAuth 2.1 has taken it out. Refused rather than overlooked: whoever sends
    // it there should learn that it stands in logs now.
    if has_token(request.query_string())? {
        return Err(invalid_request("a token must not be in the query"));
    }
    let header = in_header(request)?;
    // "The HTTP request method is one for which the request-body has defined semantics. In
    // particular, this means that the "GET" method MUST NOT be used." (RFC 6750 §2.2)
    let posted = request.method() == Method::POST && body::is_form(request);
    let parameters = match posted {
        true => body::form(request, payload).await?,
        false => Parameters::default(),
    };
    let in_body = parameters.one(ACCESS_TOKEN)?;
    let in_body = in_body.map(|token| PresentedAccessToken {
        token: SecretText::new(token),
        scheme: TokenScheme::Bearer,
    });
    // "Clients MUST NOT use more than one method to transmit the token in each request"
    // (RFC 6750 §2)
    match (header, in_body) {
        (Some(_), Some(_)) => Err(invalid_request("the token is sent twice")),
        (header, in_body) => Ok((header.or(in_body), parameters)),
    }
}

fn has_token(query: &str) -> Result<bool, OAuthError> {
    let parameters = Parameters::parse_urlencoded(query)?;
    Ok(parameters.iter().any(|(name, _)| name == ACCESS_TOKEN))
}

/// The token of an `Authorization` header. A scheme of others is none of ours: no token was presented.
fn in_header(request: &HttpRequest) -> Result<Option<PresentedAccessToken>, OAuthError> {
    let header = authorization(request)?.and_then(|text| text.split_once(' '));
    Ok(header.and_then(|(named, token)| {
        let mut schemes = TokenScheme::ALL.into_iter();
        let scheme = schemes.find(|scheme| named.eq_ignore_ascii_case(scheme.name()))?;
        Some(PresentedAccessToken {
            token: SecretText::new(token.trim()),
            scheme,
        })
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::ResponseError as _;
    use actix_web::test::TestRequest;

    const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

    async fn extract(request: TestRequest) -> Result<String, (u16, String)> {
        let (request, mut payload) = request.to_http_parts();
        match AccessToken::from_request(&request, &mut payload).await {
            Ok(found) => Ok(found.presented.token.expose().to_owned()),
            Err(refusal) => Err((
                refusal.error_response().status().as_u16(),
                refusal.to_string(),
            )),
        }
    }

    fn with_header(request: TestRequest, value: &str) -> TestRequest {
        request.append_header(("authorization", value))
    }

    #[actix_web::test]
    async fn a_token_comes_in_the_header_or_in_a_posted_form() {
        for value in ["Bearer t", "bearer t", "BEARER  t", "DPoP t", "dpop  t"] {
            assert_eq!(
                extract(with_header(TestRequest::get(), value))
                    .await
                    .as_deref(),
                Ok("t")
            );
            let post = TestRequest::post().insert_header(FORM).set_payload("x=1");
            assert_eq!(extract(with_header(post, value)).await.as_deref(), Ok("t"));
        }
        let posted = TestRequest::post()
            .insert_header(FORM)
            .set_payload("access_token=t");
        assert_eq!(extract(posted).await.as_deref(), Ok("t"));
    }

    #[actix_web::test]
    async fn a_token_in_a_form_is_a_bearers_whatever_comes_along() {
        let posted = TestRequest::post()
            .insert_header(FORM)
            .insert_header(("dpop", "a.b.c"))
            .set_payload("access_token=t");
        let (request, mut payload) = posted.to_http_parts();
        let found = AccessToken::from_request(&request, &mut payload).await;
        let call = found.expect("a token").to(ProtectedEndpoint::Userinfo);
        assert_eq!(call.credential.scheme, TokenScheme::Bearer);
        assert_eq!(
            call.proof.map(|proof| proof.method).as_deref(),
            Some("POST")
        );
    }

    #[actix_web::test]
    async fn without_a_token_there_is_a_challenge_and_no_error() {
        let get_with_body = TestRequest::get()
            .insert_header(FORM)
            .set_payload("access_token=t");
        let json = TestRequest::post().set_payload(r#"{"access_token":"t"}"#);
        for request in [
            TestRequest::get(),
            with_header(TestRequest::get(), "Basic bWFya2V0OnM="),
            with_header(TestRequest::get(), "Bearer"),
            get_with_body,
            json,
        ] {
            assert_eq!(extract(request).await, Err((401, "no token".to_owned())));
        }
    }

    #[actix_web::test]
    async fn a_token_in_the_query_is_refused_with_and_without_another() {
        let refused = (
            400,
            "invalid_request: a token must not be in the query".to_owned(),
        );
        for uri in ["/userinfo?access_token=t", "/userinfo?a=1&access%5Ftoken=t"] {
            let alone = TestRequest::get().uri(uri);
            assert_eq!(extract(alone).await, Err(refused.clone()), "{uri}");
            let beside = with_header(TestRequest::get().uri(uri), "Bearer t");
            assert_eq!(extract(beside).await, Err(refused.clone()), "{uri}");
        }
    }

    #[actix_web::test]
    async fn two_tokens_are_refused() {
        let twice = (400, "invalid_request: the token is sent twice".to_owned());
        let posted = TestRequest::post()
            .insert_header(FORM)
            .set_payload("access_token=t");
        assert_eq!(extract(with_header(posted, "Bearer t")).await, Err(twice));
        let headers = with_header(with_header(TestRequest::get(), "Bearer t"), "Bearer u");
        let two = (
            400,
            "invalid_request: there are two Authorization headers".to_owned(),
        );
        assert_eq!(extract(headers).await, Err(two));
        let repeated = TestRequest::post()
            .insert_header(FORM)
            .set_payload("access_token=t&access_token=t");
        let repeats = (
            400,
            "invalid_request: access_token must not be repeated".to_owned(),
        );
        assert_eq!(extract(repeated).await, Err(repeats));
    }
}
