//! `/web-ticket`: where a WebView or a frame of a host hands in a web ticket, and goes on in the program.

use actix_web::http::header::{CACHE_CONTROL, HeaderName, LOCATION, ORIGIN, SET_COOKIE};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use flow::web_ticket::{OpenedProgram, PresentedTicket, TicketAnswer};
use protocol::fetch_metadata::Navigation;

use crate::extract::page_form::PageForm;
use crate::page::error::ErrorKind;
use crate::reply::cookies;
use crate::visitor::Visitor;

static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
static SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(web::resource("/web-ticket").route(web::post().to(hand_in)));
}

async fn hand_in(visitor: Visitor, request: HttpRequest, form: PageForm) -> HttpResponse {
    let presented = PresentedTicket {
        ticket: form.field("ticket"),
        code_verifier: form.field("code_verifier"),
        navigation: navigation(&request),
    };
    let tickets = &visitor.state.services.web_tickets;
    match Box::pin(tickets.hand_in(presented, &visitor.browser)).await {
        Ok(TicketAnswer::Opened(opened)) => open(&visitor, &opened),
        Ok(TicketAnswer::Refused(origins)) => visitor.error_framed(ErrorKind::WebTicket, origins),
        Ok(TicketAnswer::SomebodyElse(origins)) => {
            visitor.error_framed(ErrorKind::SomebodyElse, origins)
        }
        Err(fault) => visitor.fault(&fault),
    }
}

/// How the browser says that it opens the document.
fn navigation(request: &HttpRequest) -> Option<Navigation> {
    let site = once(request, &SEC_FETCH_SITE);
    let dest = once(request, &SEC_FETCH_DEST);
    Navigation::read(site, dest, once(request, &ORIGIN))
}

/// A header that is there once: of two nobody knows which one the browser wrote.
fn once<'a>(request: &'a HttpRequest, name: &HeaderName) -> Option<&'a str> {
    let mut values = request.headers().get_all(name);
    let first = values.next()?.to_str().ok();
    first.filter(|_| values.next().is_none())
}

/// "303 See Other": the browser goes on with GET, and takes nothing of the form along.
fn open(visitor: &Visitor, opened: &OpenedProgram) -> HttpResponse {
    let mut response = HttpResponse::SeeOther();
    let state = &visitor.state;
    let value = opened.cookie.expose();
    let given = cookies::of_web_session(state, &opened.program, Some(value), opened.place);
    response.append_header((SET_COOKIE, given));
    for program in &opened.gone {
        let taken = cookies::of_web_session(state, program, None, opened.place);
        response.append_header((SET_COOKIE, taken));
    }
    response
        .insert_header((LOCATION, opened.entry_uri.as_str()))
        .insert_header((CACHE_CONTROL, "no-store"))
        .finish()
}
