//! Addresses that do not exist, or whose query cannot be read.

use actix_web::error::QueryPayloadError;
use actix_web::http::header::{ACCEPT, CACHE_CONTROL};
use actix_web::{FromRequest as _, HttpRequest, HttpResponse, ResponseError as _};
use serde_json::json;

use crate::page::error::ErrorKind;
use crate::reply::page::PageError;
use crate::visitor::Visitor;

/// Answers an address that does not exist: with a page to a browser, with JSON to a program.
pub(crate) async fn no_such_address(request: HttpRequest) -> HttpResponse {
    if !wants_page(&request) {
        return HttpResponse::NotFound()
            .insert_header((CACHE_CONTROL, "no-store"))
            .json(json!({
                "error": "not_found",
                "error_description": "there is nothing at this address",
            }));
    }
    match Visitor::extract(&request).await {
        Ok(visitor) => visitor.error_at_once(ErrorKind::NotFound).await,
        Err(error) => error.error_response(),
    }
}

/// What is answered where the query of a page's address cannot be read: the page of an error, as for
/// everything else that is wrong with an address.
pub(crate) fn unreadable_query(_: QueryPayloadError, request: &HttpRequest) -> actix_web::Error {
    PageError::bad_request(request, "the query of the address cannot be read").into()
}

/// Browsers name `text/html` wherever they would show what comes.
fn wants_page(request: &HttpRequest) -> bool {
    let accept = request.headers().get_all(ACCEPT);
    accept
        .filter_map(|v| v.to_str().ok())
        .any(|v| v.contains("text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn a_browser_gets_a_page_and_a_program_gets_json() {
        let wants = |accept: &str| {
            let request = TestRequest::get().insert_header((ACCEPT, accept));
            wants_page(&request.to_http_request())
        };
        assert!(wants(
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
        ));
        for program in ["*/*", "application/json", "", "text/plain"] {
            assert!(!wants(program), "{program}");
        }
        assert!(!wants_page(&TestRequest::get().to_http_request()));
    }
}
