//! Nova's pages: the welcome, the home screen, the frame around a mini-program, and messages.
//! Beside the phone, on a desk, lies a note with the tour.

use actix_web::http::StatusCode;
use askama::Template;
use url::Url;

use super::home_screen::Tile;
use crate::people::{DemoPerson, people};
use crate::relying_party::Trouble;
use crate::site::Visitor;
use crate::tour::STEPS;

/// The note beside the phone.
pub(crate) struct Note {
    people: Vec<DemoPerson>,
    steps: &'static [&'static str],
}

impl Note {
    fn new() -> Self {
        Self {
            people: people(),
            steps: &STEPS,
        }
    }
}

/// Nobody is signed in.
#[derive(Template)]
#[template(path = "nova/welcome.html")]
pub(crate) struct WelcomePage {
    note: Note,
    /// Somebody was, until a moment ago.
    ended: bool,
}

impl WelcomePage {
    /// For a stranger, or for somebody whose session has ended.
    pub(crate) fn new(ended: bool) -> Self {
        Self {
            note: Note::new(),
            ended,
        }
    }
}

/// The home screen.
#[derive(Template)]
#[template(path = "nova/home.html")]
pub(crate) struct HomePage {
    note: Note,
    /// Nothing where the person does not share their name with Nova.
    person: Option<String>,
    initials: String,
    programs: Vec<Tile>,
    account: Option<Url>,
    form_token: String,
    /// The person, as Nova knows them: tells one from another.
    subject: String,
    /// Where the scripts of the bridge are.
    portico: String,
}

impl HomePage {
    /// For a visitor, with the address of Portico's account page if there is one.
    pub(crate) fn new(
        visitor: &Visitor,
        account: Option<Url>,
        programs: Vec<Tile>,
        portico: &str,
    ) -> Self {
        Self {
            note: Note::new(),
            initials: initials(visitor.shared.name.as_deref().unwrap_or("Nova")),
            person: visitor.shared.name.clone(),
            programs,
            account,
            form_token: visitor.form_token().to_owned(),
            subject: visitor.subject.clone(),
            portico: portico.to_owned(),
        }
    }
}

/// Said once in the window that a locked page opened to sign in.
#[derive(Template)]
#[template(path = "nova/signed_in.html")]
pub(crate) struct SignedInPage {
    note: Note,
}

impl SignedInPage {
    /// The page.
    pub(crate) fn new() -> Self {
        Self { note: Note::new() }
    }
}

/// The first letters of the first and the last name.
fn initials(name: &str) -> String {
    let mut words = name
        .split_whitespace()
        .filter_map(|word| word.chars().next());
    let first = words.next();
    first
        .into_iter()
        .chain(words.next_back())
        .flat_map(char::to_uppercase)
        .collect()
}

/// A mini-program in its frame.
#[derive(Template)]
#[template(path = "nova/open.html")]
pub(crate) struct OpenPage {
    note: Note,
    program: Tile,
    /// Where the program begins.
    entry_uri: String,
    /// Where this page's frame begins: there, or there with a wish.
    frame_uri: String,
}

impl OpenPage {
    /// The page around a program.
    pub(crate) fn new(program: &Tile, entry_uri: String, frame_uri: String) -> Self {
        Self {
            note: Note::new(),
            program: program.clone(),
            entry_uri,
            frame_uri,
        }
    }
}

/// One message.
#[derive(Template)]
#[template(path = "nova/message.html")]
pub(crate) struct NovaMessagePage {
    pub(crate) status: StatusCode,
    note: Note,
    id: &'static str,
    title: &'static str,
    text: &'static str,
    action: &'static str,
    href: &'static str,
}

impl NovaMessagePage {
    fn new(status: StatusCode, id: &'static str, title: &'static str, text: &'static str) -> Self {
        Self {
            status,
            note: Note::new(),
            id,
            title,
            text,
            action: "Home",
            href: "/",
        }
    }

    fn action(self, action: &'static str, href: &'static str) -> Self {
        Self {
            action,
            href,
            ..self
        }
    }

    /// Nothing lives at this address.
    pub(crate) fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not-found",
            "Nothing here",
            "There is no page at this address.",
        )
    }

    /// A response that this browser did not ask for, or asked for long ago.
    pub(crate) fn not_asked() -> Self {
        let text = "The answer does not belong to a request of this browser. Nothing happened.";
        Self::new(
            StatusCode::BAD_REQUEST,
            "not-asked",
            "This step is out of date",
            text,
        )
        .action("Sign in again", "/sign-in")
    }

    /// The person did not want to sign in.
    pub(crate) fn declined() -> Self {
        let text = "You did not sign in, so there is nothing to show yet.";
        Self::new(StatusCode::FORBIDDEN, "refused", "That's fine", text)
    }

    /// A form that is not from this visitor's own page.
    pub(crate) fn stale_form() -> Self {
        let text = "The form was out of date and nothing was changed. Please try again.";
        Self::new(
            StatusCode::FORBIDDEN,
            "stale-form",
            "That did not work",
            text,
        )
    }

    /// Portico did not help.
    pub(crate) fn trouble(trouble: &Trouble) -> Self {
        match trouble {
            Trouble::Unreachable(_) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "unreachable",
                "Portico does not answer",
                "Nova cannot check who you are right now, so it shows nothing. Try again in a moment.",
            )
            .action("Try again", "/"),
            Trouble::Refused(_) => Self::new(
                StatusCode::BAD_GATEWAY,
                "not-available",
                "Nova is not available",
                "Portico does not let Nova sign you in.",
            ),
            Trouble::Untrustworthy(_) => Self::new(
                StatusCode::BAD_GATEWAY,
                "untrustworthy",
                "Something is not right",
                "Nova got an answer that it does not trust, and stopped.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nova::home_screen::samples::listed;

    fn account() -> Option<Url> {
        Some(Url::parse("http://portico.test/account").expect("a url"))
    }

    fn tiles() -> Vec<Tile> {
        let mut suspended = listed("Taxi", "taxi.test");
        suspended.state = "suspended".to_owned();
        let mut draft = listed("Éclair & co", "eclair.test");
        (draft.state, draft.icon_uri) = ("draft".to_owned(), None);
        Tile::all(vec![listed("Market", "market.test"), suspended, draft])
    }

    #[test]
    fn the_home_screen_has_what_portico_lists_and_the_account() {
        let page = HomePage {
            note: Note::new(),
            initials: "AL".to_owned(),
            person: Some("Ada <b>Lindqvist".to_owned()),
            programs: tiles(),
            account: account(),
            form_token: "token-1".to_owned(),
            subject: "ada-at-nova".to_owned(),
            portico: "http://portico.test".to_owned(),
        };
        let html = page.render().expect("renders");
        assert!(html.contains("id=\"open-market\" href=\"/open/market\""));
        assert!(html.contains("src=\"http://market.test:8080/icon.svg\""));
        assert!(
            !html.contains("/open/taxi") && html.contains("<small>not available</small>"),
            "{html}"
        );
        assert!(
            html.contains("É</span></span> Éclair &#38; co <small>draft</small>"),
            "{html}"
        );
        assert!(html.contains("href=\"http://portico.test/account\""));
        assert!(html.contains("Ada &#60;b&#62;Lindqvist"));
        assert!(html.contains("value=\"token-1\""));
    }

    #[test]
    fn the_welcome_says_when_a_session_has_ended() {
        let html = |ended| WelcomePage::new(ended).render().expect("renders");
        assert!(html(false).contains("id=\"sign-in\""));
        assert!(html(true).contains("You are signed out"));
        assert!(!html(false).contains("You are signed out"));
    }

    #[test]
    fn a_program_opens_in_a_named_frame_and_in_a_full_page() {
        let entry = "http://market.localhost:8080/open";
        let page = OpenPage::new(
            &tiles()[0],
            entry.to_owned(),
            format!("{entry}?share=phone.verified"),
        );
        let html = page.render().expect("renders");
        assert!(html.contains(&format!("src=\"{entry}?share=phone.verified\"")));
        assert!(html.contains(&format!("href=\"{entry}\" target=\"program\"")));
        assert!(html.contains(&format!("href=\"{entry}\" target=\"_blank\"")));
    }

    #[test]
    fn every_message_has_a_way_on() {
        let messages = [
            NovaMessagePage::not_found(),
            NovaMessagePage::not_asked(),
            NovaMessagePage::declined(),
            NovaMessagePage::stale_form(),
            NovaMessagePage::trouble(&Trouble::Unreachable(String::new())),
            NovaMessagePage::trouble(&Trouble::Refused(String::new())),
            NovaMessagePage::trouble(&Trouble::Untrustworthy(String::new())),
        ];
        for message in messages {
            let html = message.render().expect("renders");
            assert!(
                html.contains(&format!("id=\"{}\"", message.id)) && html.contains("class=\"button")
            );
        }
    }

    #[test]
    fn initials_are_those_of_the_first_and_last_name() {
        assert_eq!(initials("Ada Maria Lindqvist"), "AL");
        assert_eq!(initials("ada"), "A");
        assert_eq!(initials(" "), "");
    }
}
