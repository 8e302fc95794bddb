//! Samples of signing out, of errors, and of the page that posts a response.

use protocol::mismatch::Mistake;

use super::super::error::{ErrorKind, ErrorPage, StaleReason, WayOn};
use super::super::form_post::FormPostPage;
use super::super::link::{BackLink, Link};
use super::super::sign_out::SignOutPage;
use super::super::signed_out::{ShownSignOut, SignedOutPage};
use super::super::web_message::WebMessagePage;
use super::{HOSTILE, STEP, Samples, chrome, chrome_for_makers};

fn back_to(name: &str) -> Option<BackLink> {
    Some(BackLink {
        name: name.to_owned(),
        to: Link::parse("https://market.example/bye?a=1&b=2")?,
    })
}

fn way_on(name: &str, is_home: bool) -> Option<WayOn> {
    let link = back_to(name)?;
    Some(WayOn { link, is_home })
}

impl Samples for SignOutPage {
    const NAME: &'static str = "sign-out";

    fn samples() -> Vec<(&'static str, Self)> {
        let page = |person: &str, program: Option<&str>| Self {
            chrome: chrome(),
            step: STEP.to_owned(),
            person: person.to_owned(),
            program: program.map(str::to_owned),
        };
        vec![
            ("plain", page("Ada Lovelace", None)),
            ("asked", page("Ada Lovelace", Some("Market"))),
            ("hostile", page(HOSTILE, Some(HOSTILE))),
            (
                "for-makers",
                Self {
                    chrome: chrome_for_makers(
                        Mistake::PostLogoutRedirectUriNotRegistered,
                        "https://market.example/bye",
                    ),
                    ..page("Ada Lovelace", None)
                },
            ),
        ]
    }
}

impl Samples for SignedOutPage {
    const NAME: &'static str = "signed-out";

    fn samples() -> Vec<(&'static str, Self)> {
        let page = |outcome, back| Self {
            chrome: chrome(),
            outcome,
            back,
        };
        let left = |program: &str| ShownSignOut::Left {
            program: program.to_owned(),
        };
        vec![
            ("everywhere", page(ShownSignOut::Everywhere, None)),
            (
                "everywhere-back",
                page(ShownSignOut::Everywhere, back_to("Market")),
            ),
            ("left", page(left("Market"), None)),
            ("left-back", page(left("Market"), back_to("Market"))),
            ("nobody", page(ShownSignOut::Nobody, None)),
            ("hostile", page(left(HOSTILE), back_to(HOSTILE))),
        ]
    }
}

impl Samples for ErrorPage {
    const NAME: &'static str = "error";

    fn samples() -> Vec<(&'static str, Self)> {
        let market = || "Market".to_owned();
        let page = |kind| Self {
            chrome: chrome(),
            kind,
            error_id: Some("7Q2M-K9XA".to_owned()),
            way_on: None,
        };
        let stale = |why| ErrorKind::Stale {
            why,
            program: Some(market()),
        };
        let detail = "invalid_request: response_type is missing".to_owned();
        let hostile = Self {
            error_id: Some(HOSTILE.to_owned()),
            way_on: way_on(HOSTILE, false),
            ..page(ErrorKind::BadRequest {
                program: Some(HOSTILE.to_owned()),
                detail: HOSTILE.to_owned(),
            })
        };
        vec![
            (
                "unregistered-redirect-uri",
                page(ErrorKind::UnregisteredRedirectUri { program: market() }),
            ),
            (
                "unregistered-redirect-uri-draft",
                Self {
                    chrome: chrome_for_makers(
                        Mistake::RedirectUriNotRegistered,
                        "https://market.example/calback",
                    ),
                    ..page(ErrorKind::UnregisteredRedirectUri { program: market() })
                },
            ),
            (
                "unregistered-redirect-uri-hostile",
                Self {
                    chrome: chrome_for_makers(Mistake::RedirectUriNotRegistered, HOSTILE),
                    ..page(ErrorKind::UnregisteredRedirectUri {
                        program: HOSTILE.to_owned(),
                    })
                },
            ),
            ("unknown-client", page(ErrorKind::UnknownClient)),
            (
                "not-available",
                Self {
                    way_on: way_on("Nova", true),
                    ..page(ErrorKind::NotAvailable { program: market() })
                },
            ),
            (
                "testers-only",
                page(ErrorKind::TestersOnly { program: market() }),
            ),
            (
                "stale-over",
                Self {
                    way_on: way_on("Market", false),
                    ..page(stale(StaleReason::Over))
                },
            ),
            ("stale-too-old", page(stale(StaleReason::TooOld))),
            (
                "stale-sheet",
                page(ErrorKind::Stale {
                    why: StaleReason::Sheet,
                    program: None,
                }),
            ),
            ("stale-elsewhere", page(stale(StaleReason::Elsewhere))),
            ("stale-no-cookie", page(stale(StaleReason::NoCookie))),
            (
                "stale-unreadable",
                Self {
                    way_on: way_on("Nova", true),
                    ..page(ErrorKind::Stale {
                        why: StaleReason::Unreadable,
                        program: None,
                    })
                },
            ),
            ("web-ticket", page(ErrorKind::WebTicket)),
            ("somebody-else", page(ErrorKind::SomebodyElse)),
            (
                "too-many-requests",
                page(ErrorKind::TooManyRequests { seconds: 8 }),
            ),
            ("broken", page(ErrorKind::Broken)),
            (
                "not-found",
                Self {
                    error_id: None,
                    ..page(ErrorKind::NotFound)
                },
            ),
            ("forged-form", page(ErrorKind::ForgedForm)),
            (
                "bad-request",
                page(ErrorKind::BadRequest {
                    program: Some(market()),
                    detail: detail.clone(),
                }),
            ),
            (
                "bad-request-unknown",
                page(ErrorKind::BadRequest {
                    program: None,
                    detail,
                }),
            ),
            ("hostile", hostile),
        ]
    }
}

impl Samples for FormPostPage {
    const NAME: &'static str = "form-post";

    fn samples() -> Vec<(&'static str, Self)> {
        let page = |state: &str| {
            let redirect_uri = Link::parse("https://market.example/back?from=portico");
            let pairs = [
                ("code", "abc.DEF_123"),
                ("state", state),
                ("iss", "https://portico.example"),
            ];
            Self {
                chrome: chrome(),
                redirect_uri: redirect_uri.expect("a redirect URI"),
                parameters: pairs
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .to_vec(),
            }
        };
        let hostile_state = HOSTILE.replace('\u{202E}', "");
        vec![("code", page("xyz")), ("hostile", page(&hostile_state))]
    }
}

impl Samples for WebMessagePage {
    const NAME: &'static str = "web-message";

    fn samples() -> Vec<(&'static str, Self)> {
        let back = "https://nova.example/back?interaction=0190&result=allowed";
        let page = Self {
            chrome: chrome(),
            interaction: "0190".to_owned(),
            result: "allowed",
            target_origin: "https://nova.example".to_owned(),
            return_uri: Link::parse(back).expect("a link"),
        };
        vec![("allowed", page)]
    }
}
