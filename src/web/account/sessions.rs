//! `/account/sessions`: where the person is signed in.

use actix_web::HttpResponse;
use actix_web::web::{self, Query, ServiceConfig};
use flow::account::SessionsView;
use foundation::id::SessionId;
use serde::Deserialize;

use crate::account::way::{answered, back_to, to_sign_in};
use crate::extract::page_form::PageForm;
use crate::method;
use crate::page::device;
use crate::page::error::ErrorKind;
use crate::page::sessions::{SessionLine, SessionsPage};
use crate::reply::page::PageRules;
use crate::visitor::Visitor;

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    let resource = web::resource("/account/sessions");
    config.service(
        resource
            .route(method::get().to(show))
            .route(web::post().to(end)),
    );
}

#[derive(Deserialize)]
struct SessionsDone {
    done: Option<String>,
}

async fn show(visitor: Visitor, done: Query<SessionsDone>) -> HttpResponse {
    match visitor
        .state
        .services
        .account
        .sessions(&visitor.browser)
        .await
    {
        Ok(Some(view)) => page(&visitor, view, done.done.as_deref()),
        Ok(None) => to_sign_in(&visitor),
        Err(fault) => visitor.fault(&fault),
    }
}

async fn end(visitor: Visitor, form: PageForm) -> HttpResponse {
    let (services, csrf) = (&visitor.state.services, form.field("csrf"));
    if form.field("end_others") == "yes" {
        let answer = services
            .account
            .end_other_sessions(csrf, &visitor.browser)
            .await;
        return answered(&visitor, answer, "/account/sessions?done=others");
    }
    match form.field("end").parse::<SessionId>() {
        Ok(id) => {
            let answer = services
                .account
                .end_listed_session(csrf, id, &visitor.browser)
                .await;
            answered(&visitor, answer, "/account/sessions")
        }
        Err(_) => visitor.error(ErrorKind::ForgedForm),
    }
}

fn page(visitor: &Visitor, view: SessionsView, done: Option<&str>) -> HttpResponse {
    let chrome = visitor.chrome_for(&view.signed_in.user);
    let row = |session: &domain::session::Session| SessionLine {
        id: session.id.to_string(),
        device: device::describe(&chrome.language, Some(&session.user_agent)),
        started: session.created_at,
        last_seen: session.last_seen_at.max(session.created_at),
        here: session.id == view.signed_in.session.id,
    };
    let sessions = view.sessions.iter().map(row).collect();
    // Anybody can write such a link: the notice says only what is so now.
    let others_ended = done == Some("others") && view.sessions.len() == 1;
    visitor.page(
        &SessionsPage {
            chrome,
            csrf: view.form_token,
            sessions,
            others_ended,
            back: back_to(view.host.as_ref()),
        },
        &PageRules::of_account(),
    )
}
