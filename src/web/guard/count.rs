//! How many requests there were, and how long they took: per route and class of status.
//!
//! Routes are counted by their pattern, so that an address that somebody made up does not become a
//! series. Finding the pattern costs more than counting, so each worker remembers the handles of
//! the paths that it has seen.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Instant;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;

/// Paths that are remembered: about twice as many as there are routes.
const REMEMBERED: usize = 64;
/// The route of an address that does not exist.
const OTHER: &str = "other";

/// When an answer was begun.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// Begins now.
    pub(crate) fn start() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "how long an answer takes is measured, and decides nothing"
        )]
        let now = Instant::now();
        Self(now)
    }
}

/// What one worker has counted on so far.
#[derive(Default)]
pub(crate) struct RequestCounters(RefCell<HashMap<String, Rc<Route>>>);

/// The handles of one route.
pub(crate) struct Route {
    by_class: [metrics::Counter; 4],
    seconds: metrics::Histogram,
}

impl RequestCounters {
    /// The route of a path that was seen before.
    pub(crate) fn known(&self, path: &str) -> Option<Rc<Route>> {
        self.0.borrow().get(path).cloned()
    }

    /// The route of a request that was answered; its path is remembered if it is a real one.
    pub(crate) fn learn(&self, request: &HttpRequest) -> Rc<Route> {
        let Some(pattern) = request.match_pattern() else {
            return Rc::new(Route::new(OTHER.to_owned()));
        };
        let route = Rc::new(Route::new(pattern));
        let mut seen = self.0.borrow_mut();
        if seen.len() < REMEMBERED {
            seen.insert(request.path().to_owned(), Rc::clone(&route));
        }
        route
    }
}

impl Route {
    fn new(pattern: String) -> Self {
        let counter = |class: &'static str| {
            let route = pattern.clone();
            metrics::counter!("portico_http_requests_total", "route" => route, "status" => class)
        };
        Self {
            by_class: ["2xx", "3xx", "4xx", "5xx"].map(counter),
            seconds: metrics::histogram!("portico_http_request_seconds", "route" => pattern),
        }
    }

    /// Counts an answer.
    pub(crate) fn count(&self, status: StatusCode, began: &Stopwatch) {
        self.by_class[class(status)].increment(1);
        self.seconds.record(began.0.elapsed());
    }
}

/// Counts an answer that a panic took away.
pub(crate) fn panicked(route: Option<&Route>, began: &Stopwatch) {
    metrics::counter!("portico_panics_total").increment(1);
    if let Some(route) = route {
        route.count(StatusCode::INTERNAL_SERVER_ERROR, began);
    }
}

/// The place of a status among the classes; what is neither given, sent on nor refused is a fault.
fn class(status: StatusCode) -> usize {
    match status.as_u16() {
        ..300 => 0,
        300..400 => 1,
        400..500 => 2,
        500.. => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, HttpResponse, web};

    async fn seen_after(paths: Vec<String>) -> usize {
        let site = App::new()
            .service(web::resource("/token").to(HttpResponse::Ok))
            .service(web::resource("/static/{name:.*}").to(HttpResponse::Ok));
        let (site, counters) = (init_service(site).await, RequestCounters::default());
        for path in paths {
            let response = call_service(&site, TestRequest::with_uri(&path).to_request()).await;
            counters.learn(response.request());
        }
        counters.0.borrow().len()
    }

    #[actix_web::test]
    async fn an_address_that_somebody_made_up_is_not_remembered() {
        assert_eq!(
            seen_after(vec!["/token".into(), "/nowhere".into()]).await,
            1
        );
        let many = (0..1000).map(|n| format!("/static/{n}")).collect();
        assert_eq!(seen_after(many).await, REMEMBERED);
    }

    #[test]
    fn every_status_has_a_class() {
        let of = |status: u16| class(StatusCode::from_u16(status).expect("a status"));
        let classes = [100, 200, 299, 303, 304, 400, 499, 500, 503, 999].map(of);
        assert_eq!(classes, [0, 0, 0, 1, 1, 2, 2, 3, 3, 3]);
    }
}
