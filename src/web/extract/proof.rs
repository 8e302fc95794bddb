//! A proof of possession (RFC 9449 §4.1): the one `DPoP` header, as it is. What it is worth is found by
//! `flow::verify_proof`. Without the header nothing is read and nothing is made.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::HeaderName;
use actix_web::{FromRequest, HttpRequest};
use flow::protected_call::PresentedProof;
use foundation::secret::SecretText;
use protocol::oauth_error::{OAuthError, invalid_dpop_proof};

use crate::reply::oauth_json::OAuthRefusal;

/// The header.
pub(crate) static DPOP: HeaderName = HeaderName::from_static("dpop");

/// The proof of a request, if it has one.
#[derive(Debug)]
pub(crate) struct Proof(pub(crate) Option<Box<PresentedProof>>);

impl Proof {
    /// Reads it.
    ///
    /// # Errors
    /// `invalid_dpop_proof`: "There is not more than one DPoP HTTP request header field." (RFC 9449 §4.3)
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, OAuthError> {
        let mut headers = request.headers().get_all(&DPOP);
        let Some(only) = headers.next() else {
            return Ok(Self(None));
        };
        if headers.next().is_some() {
            return Err(invalid_dpop_proof("there are two DPoP headers"));
        }
        let Ok(jwt) = only.to_str() else {
            return Err(invalid_dpop_proof("the DPoP header is not ASCII"));
        };
        Ok(Self(Some(Box::new(PresentedProof {
            jwt: SecretText::new(jwt),
            method: request.method().as_str().to_owned(),
        }))))
    }
}

impl FromRequest for Proof {
    type Error = OAuthRefusal;
    type Future = Ready<Result<Self, OAuthRefusal>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request).map_err(OAuthRefusal::from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn read(request: TestRequest) -> Result<Option<(String, String)>, String> {
        let proof = Proof::of(&request.to_http_request()).map_err(|error| error.to_string())?;
        Ok(proof
            .0
            .map(|proof| (proof.jwt.expose().to_owned(), proof.method)))
    }

    #[test]
    fn there_is_one_header_or_none() {
        assert_eq!(read(TestRequest::post()), Ok(None));
        let one = || TestRequest::put().append_header(("DPoP", "a.b.c"));
        let found = Some(("a.b.c".to_owned(), "PUT".to_owned()));
        assert_eq!(read(one()), Ok(found));
        let two = read(one().append_header(("dpop", "a.b.c")));
        assert_eq!(
            two,
            Err("invalid_dpop_proof: there are two DPoP headers".to_owned())
        );
        let other = read(TestRequest::post().append_header(("dpop", "a.b.é")));
        assert_eq!(
            other,
            Err("invalid_dpop_proof: the DPoP header is not ASCII".to_owned())
        );
    }
}
