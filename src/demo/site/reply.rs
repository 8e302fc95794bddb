//! Answers of a site: pages with their headers, and redirects.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header;
use askama::Template;

/// The headers that every page of a site has.
#[derive(Clone, Debug)]
pub(crate) struct PagePolicy {
    content_security_policy: String,
}

/// What a site's pages may frame, submit to and be framed by. Each is a list of origins.
pub(crate) struct Neighbours<'a> {
    /// Shown in frames on the page. Browsers check the addresses a frame is redirected to as well.
    pub(crate) frames: Vec<&'a str>,
    /// Reached by forms besides the site itself. Browsers check redirects after a form as well.
    pub(crate) forms: Vec<&'a str>,
    /// Whose scripts run on the page besides the site's own, and whom they may ask.
    pub(crate) scripts: Vec<&'a str>,
    /// Whose pictures are on the page besides the site's own.
    pub(crate) pictures: Vec<&'a str>,
    /// May show the page in a frame.
    pub(crate) framed_by: Vec<&'a str>,
}

impl PagePolicy {
    /// The policy of a site with these neighbours.
    pub(crate) fn new(neighbours: &Neighbours<'_>) -> Self {
        let sources = |list: &[&str]| {
            if list.is_empty() {
                "'none'".to_owned()
            } else {
                list.join(" ")
            }
        };
        let and_own = |list: &[&str]| [&["'self'"], list].concat().join(" ");
        let (scripts, pictures) = (and_own(&neighbours.scripts), and_own(&neighbours.pictures));
        Self {
            content_security_policy: format!(
                "default-src 'none'; style-src 'self'; img-src {pictures}; base-uri 'none'; \
                 script-src {scripts}; connect-src {scripts}; form-action {}; frame-src {}; frame-ancestors {}",
                and_own(&neighbours.forms),
                sources(&neighbours.frames),
                sources(&neighbours.framed_by),
            ),
        }
    }

    /// A page. One that cannot be rendered is a plain 500: its template is wrong, not the request.
    pub(crate) fn page(&self, status: StatusCode, page: &impl Template) -> HttpResponse {
        let mut answer = HttpResponse::build(status);
        answer
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .insert_header((
                header::CONTENT_SECURITY_POLICY,
                self.content_security_policy.as_str(),
            ))
            .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            // Addresses carry codes and states; no other site is to see them.
            .insert_header((header::REFERRER_POLICY, "same-origin"));
        match page.render() {
            Ok(html) => answer.content_type("text/html; charset=utf-8").body(html),
            Err(error) => {
                tracing::error!(%error, "a page of the demonstration could not be rendered");
                HttpResponse::InternalServerError().body("This page is broken. That is our fault.")
            }
        }
    }
}

/// An answer to a script of the site's own pages.
pub(crate) fn data(status: StatusCode, data: &impl serde::Serialize) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(data)
}

/// A redirect after which the browser GETs `to`.
pub(crate) fn see_other(to: &str) -> HttpResponse {
    redirect(StatusCode::SEE_OTHER, to)
}

/// The redirect of an entry address to the authorization endpoint (RFC 6749 §1.7 allows any form;
/// 302 is what it shows).
pub(crate) fn found(to: &str) -> HttpResponse {
    redirect(StatusCode::FOUND, to)
}

fn redirect(status: StatusCode, to: &str) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::REFERRER_POLICY, "same-origin"))
        .insert_header((header::LOCATION, to))
        .finish()
}
