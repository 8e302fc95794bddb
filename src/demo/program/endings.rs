//! How a program's backend hears that a stay has ended, besides asking: by a logout token at an address of
//! its own, or, where nobody can reach it, by following the event stream of its client. Either ends the
//! program's own sessions of that stay.

use std::time::Duration;

use actix_web::http::header;
use actix_web::{Error, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Program;
use crate::relying_party::{EndedStay, EventStream, Trouble};
use crate::scenes::Notice;

/// What nobody says how long to wait for.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

#[derive(Deserialize)]
pub(crate) struct LogoutForm {
    logout_token: String,
}

/// Takes a logout token (OpenID Connect Back-Channel Logout 1.0 §2.5, §2.8).
pub(crate) async fn take_logout_token(
    program: web::Data<Program>,
    form: Result<web::Form<LogoutForm>, Error>,
) -> HttpResponse {
    let Ok(form) = form else {
        return invalid("logout_token is missing");
    };
    let site = &program.site;
    let now = site.clock.now();
    match site
        .relying_party
        .verify_logout_token(&form.logout_token, now)
        .await
    {
        Ok(stay) => {
            site.sessions.end_stay(&stay, now);
            if let Some(sid) = &stay.sid {
                let notice = Notice::LogoutToken(&form.logout_token);
                site.relying_party.transport().heard(sid, notice);
            }
            no_store(&mut HttpResponse::Ok()).finish()
        }
        // Whoever sent it tries again.
        Err(Trouble::Unreachable(_)) => no_store(&mut HttpResponse::ServiceUnavailable()).finish(),
        Err(trouble) => {
            tracing::warn!(program = program.facts.slug, %trouble, "a logout token was refused");
            invalid("it is no logout token for this client")
        }
    }
}

/// "If the logout request was invalid or the logout failed, the RP MUST respond with HTTP 400 Bad Request."
/// (§2.8)
fn invalid(description: &str) -> HttpResponse {
    no_store(&mut HttpResponse::BadRequest())
        .json(json!({ "error": "invalid_request", "error_description": description }))
}

/// "The RP's response SHOULD include the Cache-Control HTTP response header field with a no-store value"
/// (§2.8)
fn no_store(answer: &mut actix_web::HttpResponseBuilder) -> &mut actix_web::HttpResponseBuilder {
    answer.insert_header((header::CACHE_CONTROL, "no-store"))
}

/// Follows the event stream of this program's client for as long as this process lives.
pub(crate) async fn follow(program: web::Data<Program>) {
    let mut heard = Heard::default();
    loop {
        if let Err(trouble) = program.listen(&mut heard).await {
            tracing::debug!(program = program.facts.slug, %trouble, "nothing can be heard");
        }
        tokio::time::sleep(heard.pause.unwrap_or(PAUSE).min(LONGEST_PAUSE)).await;
    }
}

/// Where a stream goes on after it broke off.
#[derive(Default)]
struct Heard {
    position: Option<String>,
    pause: Option<Duration>,
}

impl Program {
    /// Listens until the stream ends. What was missed is told by the next one.
    async fn listen(&self, heard: &mut Heard) -> Result<(), Trouble> {
        let relying_party = &self.site.relying_party;
        let token = relying_party.token_for_events().await?;
        let last = heard.position.as_deref();
        let answer = relying_party.listen(&token, last).await?;
        if !answer.status().is_success() {
            let status = answer.status();
            return Err(Trouble::Unreachable(format!(
                "the stream answered {status}"
            )));
        }
        let mut events = EventStream::of(answer);
        while let Some(event) = events.next().await {
            self.hears(&event.name, &event.data);
            heard.position = event.id.or(heard.position.take());
            heard.pause = event.retry.map(Duration::from_millis).or(heard.pause);
        }
        Ok(())
    }

    /// What an event of the stream means here. Everything else is asked of Portico with each request.
    fn hears(&self, name: &str, data: &Value) {
        let text = |member: &str| data[member].as_str().map(str::to_owned);
        let now = self.site.clock.now();
        if let Some(sid) = data["sid"].as_str() {
            let transport = self.site.relying_party.transport();
            transport.heard(sid, Notice::Event { name, data });
        }
        match name {
            "session_ended" | "session_expired" | "user_changed" => {
                let stay = EndedStay {
                    subject: text("sub"),
                    sid: text("sid"),
                };
                self.site.sessions.end_stay(&stay, now);
            }
            "mini_program_suspended" => self.site.sessions.end_all(),
            _ => {}
        }
    }
}
