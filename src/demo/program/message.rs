//! Pages of a mini-program that say one thing: locked, refused, unreachable and the like.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use super::Program;
use super::launch::Bridge;
use crate::facts::ProgramFacts;
use crate::relying_party::Trouble;

/// One message.
pub(crate) struct Message {
    pub(crate) status: StatusCode,
    /// The `id` of the page's `main`.
    id: &'static str,
    title: String,
    text: String,
    actions: Vec<Action>,
}

/// A link below the message; the first is the one that helps most.
struct Action {
    label: String,
    href: String,
    /// Whether it leaves the frame.
    top: bool,
}

#[derive(Template)]
#[template(path = "message.html")]
pub(crate) struct MessagePage {
    slug: &'static str,
    name: &'static str,
    framed: bool,
    bridge: Option<Bridge>,
    message: Message,
}

impl Message {
    fn new(
        status: StatusCode,
        id: &'static str,
        title: impl Into<String>,
        text: impl Into<String>,
    ) -> Self {
        Self {
            status,
            id,
            title: title.into(),
            text: text.into(),
            actions: Vec::new(),
        }
    }

    fn action(mut self, label: impl Into<String>, href: impl Into<String>, top: bool) -> Self {
        self.actions.push(Action {
            label: label.into(),
            href: href.into(),
            top,
        });
        self
    }

    /// The session ended at Portico.
    pub(super) fn locked(program: &Program) -> Self {
        let name = program.facts.name;
        Self::new(
            StatusCode::UNAUTHORIZED,
            "locked",
            "Your session ended",
            format!("Open {name} again from Nova."),
        )
        .reopen(program)
    }

    /// The person chose not to share anything.
    pub(super) fn refused(program: &Program, has_session: bool) -> Self {
        let name = program.facts.name;
        let text = if has_session {
            "You chose “Not now”. Nothing changed."
        } else {
            "You chose “Not now”. Nothing was shared."
        };
        let message = Self::new(StatusCode::FORBIDDEN, "refused", "That's fine", text);
        if has_session {
            message.action(format!("Back to {name}"), "/", false)
        } else {
            message.reopen(program)
        }
    }

    /// The person left this program, and perhaps the others too: Portico does not say which.
    pub(super) fn signed_out(program: &Program) -> Self {
        let name = program.facts.name;
        let text = format!("You are signed out of {name}.");
        Self::new(
            StatusCode::OK,
            "signed-out",
            format!("You left {name}"),
            text,
        )
        .reopen(program)
    }

    /// A response that this browser did not ask for, or asked for long ago.
    pub(super) fn not_asked(program: &Program) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "not-asked",
            "This step is out of date",
            "The answer does not belong to a request of this browser. Nothing happened.",
        )
        .reopen(program)
    }

    pub(super) fn unreadable() -> Self {
        let text = "The form could not be read. Go back and try again.";
        Self::new(
            StatusCode::BAD_REQUEST,
            "unreadable",
            "That did not work",
            text,
        )
        .action("Back", "/", false)
    }

    pub(super) fn stale_form() -> Self {
        let text = "The form was out of date and nothing was changed. Please try again.";
        Self::new(
            StatusCode::FORBIDDEN,
            "stale-form",
            "That did not work",
            text,
        )
        .action("Back", "/", false)
    }

    pub(super) fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not-found",
            "Nothing here",
            "There is no page at this address.",
        )
        .action("Back", "/", false)
    }

    fn trouble(program: &Program, trouble: &Trouble) -> Self {
        let name = program.facts.name;
        match trouble {
            Trouble::Unreachable(_) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "unreachable",
                "Portico does not answer",
                format!("{name} cannot check who you are right now, so it shows nothing. Try again in a moment."),
            )
            .action("Try again", "/", false),
            // The error code is for the log.
            Trouble::Refused(_) => Self::new(
                StatusCode::BAD_GATEWAY,
                "not-available",
                format!("{name} is not available"),
                format!("Portico does not let {name} sign you in at the moment."),
            )
            .action("Back to Nova", format!("{}/", program.nova), true),
            Trouble::Untrustworthy(_) => Self::new(
                StatusCode::BAD_GATEWAY,
                "untrustworthy",
                "Something is not right",
                format!("{name} got an answer that it does not trust, and stopped."),
            )
            .reopen(program),
        }
    }

    fn reopen(self, program: &Program) -> Self {
        let facts = program.facts;
        self.action(
            format!("Open {} from Nova", facts.name),
            format!("{}/open/{}", program.nova, facts.slug),
            true,
        )
    }

    /// The message on a program's page.
    pub(super) fn on(
        self,
        facts: &'static ProgramFacts,
        framed: bool,
        bridge: Option<Bridge>,
    ) -> MessagePage {
        MessagePage {
            slug: facts.slug,
            name: facts.name,
            framed,
            bridge,
            message: self,
        }
    }
}

impl Program {
    /// The page for trouble with Portico; the log gets the details.
    pub(super) fn trouble(&self, request: &HttpRequest, trouble: &Trouble) -> HttpResponse {
        tracing::warn!(program = self.facts.slug, %trouble, "a visitor could not be served");
        self.message(request, Message::trouble(self, trouble))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::chrome::samples::program;

    /// Every message that a program can show.
    fn samples(program: &Program) -> Vec<Message> {
        let troubles = [
            Trouble::Unreachable("refused".to_owned()),
            Trouble::Refused("unauthorized_client".to_owned()),
            Trouble::Untrustworthy("its issuer".to_owned()),
        ];
        let mut all = vec![
            Message::locked(program),
            Message::refused(program, false),
            Message::refused(program, true),
            Message::signed_out(program),
            Message::not_asked(program),
            Message::unreadable(),
            Message::stale_form(),
            Message::not_found(),
        ];
        all.extend(troubles.iter().map(|t| Message::trouble(program, t)));
        all
    }

    #[test]
    fn every_message_has_a_title_and_a_way_on() {
        let program = program(&crate::facts::MARKET);
        for framed in [true, false] {
            for message in samples(&program) {
                let (id, title) = (message.id, message.title.clone());
                let html = message.on(program.facts, framed, None).render().expect(id);
                assert!(html.contains(&format!("id=\"{id}\"")), "{id}");
                assert!(
                    html.contains(
                        &askama::filters::escape(&title, askama::filters::Html)
                            .expect("escapes")
                            .to_string()
                    ),
                    "{id}"
                );
                assert!(html.contains("class=\"button"), "{id}");
            }
        }
    }

    #[test]
    fn the_locked_page_leads_out_of_the_frame_back_to_nova() {
        let program = program(&crate::facts::MARKET);
        let message = Message::locked(&program);
        assert_eq!(message.status, StatusCode::UNAUTHORIZED);
        let html = message
            .on(program.facts, true, None)
            .render()
            .expect("renders");
        assert!(html.contains("Your session ended"));
        assert!(html.contains("Open Market again from Nova"));
        assert!(
            html.contains(r#"href="http://app.superapp.localhost:8080/open/market" target="_top""#),
            "{html}"
        );
    }

    #[test]
    fn a_program_that_is_not_available_leads_back_to_nova_and_tells_no_code() {
        let program = program(&crate::facts::BANK);
        let refused = Trouble::Refused("unauthorized_client".to_owned());
        let message = Message::trouble(&program, &refused);
        let html = message
            .on(program.facts, false, None)
            .render()
            .expect("renders");
        assert!(!html.contains("unauthorized_client"), "{html}");
        assert!(
            html.contains(r#"href="http://app.superapp.localhost:8080/" target="_top""#),
            "{html}"
        );
    }

    #[test]
    fn not_now_says_only_what_is_so() {
        let program = program(&crate::facts::MARKET);
        let said = |has_session| Message::refused(&program, has_session).text;
        assert!(said(false).contains("Nothing was shared."));
        assert!(
            said(true).contains("Nothing changed."),
            "something is shared already"
        );
    }
}
