//! Documents that change seldom: ready bytes with an entity tag, for anybody.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use domain::signing_key::JWKS_MAX_AGE;
use foundation::base64url;
use foundation::digest::sha256;
use serde_json::Value;

/// A JSON document. It may be kept for as long as the JWKS: a next key does not sign before.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    body: Bytes,
    etag: String,
    keep: Keep,
}

/// Who may keep it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keep {
    /// Anybody, for as long as the JWKS.
    Anybody,
    /// Nobody without asking again.
    Nobody,
    /// Whoever asked, who asks again whether it is still so.
    Asker,
}

impl Document {
    /// A document with a tag of its own content.
    pub(crate) fn new(value: &Value) -> Self {
        let body = Bytes::from(value.to_string());
        let etag = format!("\"{}\"", base64url::encode(&sha256(&body)[..12]));
        Self {
            body,
            etag,
            keep: Keep::Anybody,
        }
    }

    /// Ready bytes whose tag is known.
    pub(crate) fn tagged(body: Bytes, etag: &str) -> Self {
        let etag = etag.to_owned();
        Self {
            body,
            etag,
            keep: Keep::Anybody,
        }
    }

    /// The same for whoever asked alone.
    pub(crate) fn private(self) -> Self {
        Self {
            keep: Keep::Asker,
            ..self
        }
    }

    /// The same; where this node may be behind, nobody keeps it.
    pub(crate) fn kept_if(self, may_be_kept: bool) -> Self {
        let keep = match may_be_kept {
            true => Keep::Anybody,
            false => Keep::Nobody,
        };
        Self { keep, ..self }
    }

    /// Sends it, or 304 to who has it.
    pub(crate) fn send(&self, request: &HttpRequest) -> HttpResponse {
        let known = is_known(request, &self.etag);
        // "no-cache": it "MUST NOT be used to satisfy any other request without forwarding it for
        // validation and receiving a successful response" (RFC 9111 §5.2.2.4).
        let keep = match self.keep {
            Keep::Anybody => format!("public, max-age={}", JWKS_MAX_AGE.as_seconds()),
            Keep::Nobody => "no-cache".to_owned(),
            Keep::Asker => "private, no-cache".to_owned(),
        };
        let mut response = match known {
            true => HttpResponse::NotModified(),
            false => HttpResponse::Ok(),
        };
        response
            .insert_header((ETAG, self.etag.as_str()))
            .insert_header((CACHE_CONTROL, keep));
        match known {
            true => response.finish(),
            false => response
                .insert_header((CONTENT_TYPE, "application/json"))
                .body(self.body.clone()),
        }
    }
}

/// Whether the caller has what this tag names. "A recipient MUST use the weak comparison function
/// when comparing entity tags for If-None-Match" (RFC 9110 §13.1.2).
pub(crate) fn is_known(request: &HttpRequest, etag: &str) -> bool {
    let headers = request.headers().get_all(IF_NONE_MATCH);
    let tags = headers
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','));
    tags.map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;
    use serde_json::json;

    #[test]
    fn who_has_it_is_told_so() {
        let document = Document::new(&json!({ "keys": [] }));
        let other = Document::new(&json!({ "keys": [1] }));
        assert_ne!(document.etag, other.etag);
        let status = |known: &str| {
            let request = TestRequest::get().insert_header((IF_NONE_MATCH, known));
            let response = document.send(&request.to_http_request());
            assert!(response.headers().contains_key(ETAG));
            response.status().as_u16()
        };
        let own = document.etag.clone();
        for known in [
            &own,
            &format!("W/{own}"),
            &format!("\"x\", {own}"),
            &"*".to_owned(),
        ] {
            assert_eq!(status(known), 304, "{known}");
        }
        for unknown in [&other.etag, own.trim_matches('"'), ""] {
            assert_eq!(status(unknown), 200, "{unknown}");
        }
        let cache = |document: &Document| {
            let response = document.send(&TestRequest::get().to_http_request());
            let header = response.headers().get(CACHE_CONTROL);
            header.and_then(|h| h.to_str().ok()).map(str::to_owned)
        };
        assert_eq!(cache(&document).as_deref(), Some("public, max-age=300"));
        let behind = document.clone().kept_if(false);
        assert_eq!(cache(&behind).as_deref(), Some("no-cache"));
        let first = document.send(&TestRequest::get().to_http_request());
        assert_eq!(first.status().as_u16(), 200);
    }
}
