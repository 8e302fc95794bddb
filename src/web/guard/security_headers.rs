//! The headers that every response has. A page brings a content security policy of its own
//! (`reply::page`); what is no page loads nothing and is framed by nobody.
//!
//! `Cross-Origin-Opener-Policy` is not among them: any value of it, on any answer between the
//! request and the redirect, takes the program's own window away from a sign-in in a popup. Pages of
//! the account, which nobody needs to open in one, have it.

use actix_web::http::header::{
    CONTENT_SECURITY_POLICY, CROSS_ORIGIN_RESOURCE_POLICY, HeaderMap, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};

/// The policy of what is no page.
const NO_PAGE: &str = "default-src 'none'; frame-ancestors 'none'";
/// A year, for this host alone: what stands below it may be somebody else's.
const HSTS: &str = "max-age=31536000";
/// No other site may load a response as a picture or script of its own, but for what is made for that
/// and says so itself. Readers that ask with CORS are not concerned by this (Fetch, "cross-origin
/// resource policy check").
const RESOURCE: &str = "same-origin";

/// Adds them. `https` says whether the issuer is.
pub(crate) fn add(headers: &mut HeaderMap, https: bool) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Addresses of pages hold step tokens, and answers hold codes.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if !headers.contains_key(CROSS_ORIGIN_RESOURCE_POLICY) {
        headers.insert(
            CROSS_ORIGIN_RESOURCE_POLICY,
            HeaderValue::from_static(RESOURCE),
        );
    }
    if https {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HSTS));
    }
    if !headers.contains_key(CONTENT_SECURITY_POLICY) {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(NO_PAGE));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_keeps_its_own_policy() {
        let mut headers = HeaderMap::new();
        let own = HeaderValue::from_static("default-src 'self'");
        headers.insert(CONTENT_SECURITY_POLICY, own.clone());
        add(&mut headers, false);
        assert_eq!(headers.get(CONTENT_SECURITY_POLICY), Some(&own));
    }

    #[test]
    fn only_an_https_issuer_asks_for_https() {
        for https in [true, false] {
            let mut headers = HeaderMap::new();
            add(&mut headers, https);
            assert_eq!(headers.contains_key(STRICT_TRANSPORT_SECURITY), https);
            let policy = headers.get(CONTENT_SECURITY_POLICY).expect("a policy");
            assert_eq!(policy, NO_PAGE);
        }
    }
}
