//! What HTTP and browsers ask of every address: HEAD beside GET (RFC 9110 §9), requests of pages of
//! other origins (Fetch), windows that were opened by pages of other origins (HTML).

use crate::world::World;
use crate::world::in_both_worlds;
use crate::world::person::Person;
use crate::world::reply::Reply;

/// What anybody may read from anywhere.
const DOCUMENTS: [&str; 4] = [
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/.well-known/portico-configuration",
    "/jwks",
];

/// Pages and what leads to them.
const PAGES: [&str; 11] = [
    "/sign-in",
    "/end-session",
    "/sign-out",
    "/signed-out",
    "/consent?step=x",
    "/interaction?sheet=x",
    "/choose-account?step=x",
    "/account",
    "/account/sessions",
    "/account/password",
    "/account/history",
];

const ACCOUNT_PAGES: [&str; 4] = [
    "/account",
    "/account/sessions",
    "/account/password",
    "/account/history",
];

/// What an answer says about its body, and what else must not differ by method. Tokens in addresses
/// are made anew each time.
fn described(reply: &Reply) -> (u16, Vec<(&str, &str)>) {
    let mut headers: Vec<(&str, &str)> = reply
        .headers
        .iter()
        .map(|(name, value)| match name.as_str() {
            "date" | "set-cookie" => (name.as_str(), ""),
            "location" => (name.as_str(), value.split('?').next().unwrap_or_default()),
            _ => (name.as_str(), value.as_str()),
        })
        .collect();
    headers.sort_unstable();
    (reply.status, headers)
}

/// One request with a browser's cookies as they are, without following.
fn asked(person: &Person, method: &str, path: &str) -> Reply {
    let browser = person.browser.copied();
    browser.send(person.world.http(method, path))
}

fn opener_policy(reply: &Reply) -> Option<&str> {
    reply.header("cross-origin-opener-policy")
}

/// The answer to the question that a browser asks before a page's own request.
fn preflight(w: &World, path: &str, origin: &str) -> Reply {
    let request = w
        .http("OPTIONS", path)
        .header("origin", origin)
        .header("access-control-request-method", "GET")
        .header(
            "access-control-request-headers",
            "authorization,x-client-version",
        );
    w.send(request)
}

in_both_worlds! {
    /// "The HEAD method is identical to GET except that the server MUST NOT send content in the
    /// response" (RFC 9110 §9.3.2).
    fn what_can_be_read_answers_head_with_the_same_headers(w: &World) {
        let (stranger, ada) = (w.person("grace"), w.person("ada"));
        ada.signs_in();
        let others = ["/userinfo", "/healthz", "/readyz", "/metrics", "/static/portico.css", "/static/bridge/portico.js"];
        for path in DOCUMENTS.iter().chain(&PAGES).chain(&others) {
            for person in [&stranger, &ada] {
                let (get, head) = (asked(person, "GET", path), asked(person, "HEAD", path));
                assert_eq!(described(&head), described(&get), "{path}");
                assert_eq!(head.body, "", "{path}");
            }
        }
        let form = asked(&ada, "HEAD", "/token");
        assert_eq!((form.status, form.body.as_str()), (405, ""), "a form is not read");
        assert_eq!(ada.looks_at("/account").path, "/account", "and nothing has ended");
    }

    fn a_page_of_any_origin_may_read_the_documents_with_headers_of_its_own(w: &World) {
        for path in DOCUMENTS.iter().chain(&["/userinfo", "/token", "/revoke"]) {
            for origin in ["https://app.example", "null"] {
                let allowed = preflight(w, path, origin);
                assert_eq!(allowed.status, 204, "{path}");
                assert_eq!(allowed.header("access-control-allow-origin"), Some("*"), "{path}");
                // "*" stands for every name but "Authorization" (Fetch §4.9).
                assert_eq!(allowed.header("access-control-allow-headers"), Some("authorization, content-type, dpop, *"));
                assert_eq!(allowed.header("access-control-allow-methods"), Some("GET, HEAD, POST"));
                assert_eq!(allowed.header("access-control-allow-credentials"), None, "{path}");
                let read = w.send(w.http("GET", path).header("origin", origin));
                assert_eq!(read.header("access-control-allow-origin"), Some("*"), "{path}");
            }
        }
        for path in PAGES.iter().chain(&["/introspect", "/authorize"]) {
            let refused = preflight(w, path, "https://app.example");
            assert_eq!((refused.status, refused.header("access-control-allow-origin")), (405, None), "{path}");
        }
    }

    /// A sign-in in a popup ends with a message to the window that opened it. A policy on any answer
    /// in between, redirects included, would cut that window off.
    fn nothing_on_the_way_of_a_request_takes_the_opener_away(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let ada = w.person("ada");
        let mut replies = vec![asked(&ada, "GET", &market.request().path())];
        let asks = ada.opens(&market);
        let consents = asks.clone().signs_in();
        replies.extend([asks.page, consents.page.clone(), consents.allows().page]);
        let by_form = market.request().with("response_mode", "form_post");
        replies.extend([ada.opens(&market).page, ada.sends(by_form).page]);
        for path in ["/end-session", "/sign-out", "/authorize", "/nowhere"] {
            replies.extend([asked(&ada, "GET", path), ada.looks_at(path)]);
        }
        ada.signs_out();
        replies.push(ada.looks_at("/signed-out"));
        for reply in &replies {
            assert_eq!(opener_policy(reply), None, "{} {}", reply.status, reply.path);
        }
    }

    fn a_page_of_the_account_and_the_window_that_opened_it_are_kept_apart(w: &World) {
        let ada = w.person("ada");
        ada.signs_in();
        for path in ACCOUNT_PAGES {
            let page = ada.looks_at(path);
            assert_eq!((page.status, page.path.as_str()), (200, path));
            assert_eq!(opener_policy(&page), Some("same-origin"), "{path}");
        }
    }
}
