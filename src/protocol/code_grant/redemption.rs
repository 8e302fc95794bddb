//! May this code be redeemed by this client? (RFC 6749 §4.1.3, RFC 7636 §4.6)

use std::borrow::Cow;

use foundation::id::ClientId;
use oxide_auth::code_grant::accesstoken::{AccessToken, Authorization, Input, Output, Request};
use oxide_auth::code_grant::extensions::Pkce;
use oxide_auth::primitives::grant::Extensions;

use url::form_urlencoded;

use super::{GrantRefusal, NOWHERE, broken, saved_grant};
use crate::mismatch::{Mismatch, Mistake};
use crate::oauth_error::{OAuthError, invalid_grant};
use crate::pkce::{self, CodeChallenge, CodeVerifier};
use crate::scope::ScopeSet;

/// What was kept with the code.
#[derive(Clone, Copy, Debug)]
pub struct SavedAuthorization<'a> {
    /// To whom it was issued.
    pub client_id: &'a ClientId,
    /// Where it was sent, and whether `redirect_uri` was in the authorization request; `None` for a code
    /// that no redirect carried.
    pub sent_to: Option<(&'a str, bool)>,
    /// The challenge, if there was one.
    pub code_challenge: Option<&'a CodeChallenge>,
    /// What was granted.
    pub scope: &'a ScopeSet,
}

impl<'a> SavedAuthorization<'a> {
    /// Where it was sent, or nowhere.
    fn redirect_uri(&self) -> &'a str {
        self.sent_to.map_or(NOWHERE, |(uri, _)| uri)
    }
}

/// What came with the code.
#[derive(Clone, Copy, Debug)]
pub struct PresentedCode<'a> {
    /// The authenticated client.
    pub client_id: &'a ClientId,
    /// The `redirect_uri` parameter.
    pub redirect_uri: Option<&'a str>,
    /// The `code_verifier` parameter.
    pub code_verifier: Option<&'a CodeVerifier>,
}

/// Judges a redemption. That the code exists, is fresh and unused is decided elsewhere, and so is
/// the fate of the code after a refusal.
///
/// # Errors
/// The code belongs to another client, or `invalid_grant`; which rule was broken is in its cause.
pub fn judge_redemption(
    saved: &SavedAuthorization<'_>,
    presented: &PresentedCode<'_>,
) -> Result<(), GrantRefusal> {
    let mut extensions = Extensions::new();
    if let Some(challenge) = saved.code_challenge {
        let stored = challenge
            .as_extension()
            .ok_or_else(|| broken("a stored code_challenge"))?;
        extensions.set(&Pkce::required(), stored);
    }
    let grant = saved_grant(
        saved.client_id.as_str(),
        &to_the_letter(saved.redirect_uri()),
        saved.scope,
        extensions,
    )?;
    let request = RedemptionRequest {
        client_id: presented.client_id,
        redirect_uri: redirect_uri_of(saved, presented).map(to_the_letter),
    };
    let mut machine = AccessToken::new(&request);
    let mut input = Input::None;
    loop {
        input = match machine.advance(input) {
            // The client is authenticated already, and the code is found.
            Output::Authenticate { .. } => Input::Authenticated,
            Output::Recover { .. } => Input::Recovered(Some(Box::new(grant.clone()))),
            Output::Extend { extensions } => {
                let stored = extensions.remove(&Pkce::required());
                if !pkce::verify(stored, presented.code_verifier) {
                    return Err(wrong_verifier(saved, presented).into());
                }
                Input::Extended {
                    access_extensions: Extensions::new(),
                }
            }
            Output::Issue { .. } => return Ok(()),
            Output::Ok(_) => return Err(broken("the machine issued by itself").into()),
            Output::Err(_) => return Err(why(saved, presented)),
        };
    }
}

/// The presented redirect URI, or the saved one where none is needed: "ensure that the "redirect_uri"
/// parameter is present if the "redirect_uri" parameter was included in the initial authorization
/// request as described in Section 4.1.1, and if included ensure that their values are identical"
/// (RFC 6749 §4.1.3)
fn redirect_uri_of<'a>(
    saved: &SavedAuthorization<'a>,
    presented: &PresentedCode<'a>,
) -> Option<&'a str> {
    match saved.sent_to {
        Some((_, true)) => presented.redirect_uri,
        Some((uri, false)) => presented.redirect_uri.or(Some(uri)),
        None => Some(NOWHERE),
    }
}

/// The machine compares what two URLs mean, and identical is stricter. So each stands quoted in the
/// query of one that leads nowhere: these mean the same when those are the same to the letter.
fn to_the_letter(uri: &str) -> String {
    let quoted: String = form_urlencoded::byte_serialize(uri.as_bytes()).collect();
    format!("{NOWHERE}?{quoted}")
}

/// Why the machine refused, which it does not say: it has one answer for a code of another client and for
/// another redirect URI. Nothing is decided here.
fn why(saved: &SavedAuthorization<'_>, presented: &PresentedCode<'_>) -> GrantRefusal {
    if presented.client_id != saved.client_id {
        return GrantRefusal::IssuedToAnother;
    }
    let Some(uri) = presented.redirect_uri else {
        return not_valid("redirect_uri is missing").into();
    };
    let mistake = Mistake::RedirectUriOfAnotherRequest;
    let mismatch = Mismatch::new(mistake, uri, [saved.redirect_uri()]);
    not_valid(mistake.words()).for_makers(mismatch).into()
}

/// One description for all: an attacker learns nothing about whose code it is.
const NOT_VALID: &str = "the code is not valid, or not for this request";

fn not_valid(cause: &str) -> OAuthError {
    invalid_grant(NOT_VALID).because(cause)
}

/// The log is told both challenges: that of the request, which travelled openly, and the one that the
/// verifier belongs to. The verifier itself is a secret.
fn wrong_verifier(saved: &SavedAuthorization<'_>, presented: &PresentedCode<'_>) -> OAuthError {
    let Some(verifier) = presented.code_verifier else {
        return not_valid("code_verifier is missing");
    };
    if saved.code_challenge.is_none() {
        return not_valid("code_verifier was sent but there was no code_challenge");
    }
    let mistake = Mistake::VerifierOfAnotherChallenge;
    let of_verifier = CodeChallenge::of(verifier);
    let expected = saved.code_challenge.map(CodeChallenge::as_str);
    let mismatch = Mismatch::new(mistake, of_verifier.as_str(), expected);
    not_valid(mistake.words()).for_makers(mismatch)
}

/// The request as the machine reads it.
struct RedemptionRequest<'a> {
    client_id: &'a ClientId,
    redirect_uri: Option<String>,
}

impl Request for RedemptionRequest<'_> {
    fn valid(&self) -> bool {
        true
    }

    /// The code is looked up by its digest before; the machine only hands it back.
    fn code(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed("found"))
    }

    fn authorization(&self) -> Authorization<'_> {
        Authorization::Username(Cow::Borrowed(self.client_id.as_str()))
    }

    fn client_id(&self) -> Option<Cow<'_, str>> {
        None
    }

    fn redirect_uri(&self) -> Option<Cow<'_, str>> {
        self.redirect_uri.as_deref().map(Cow::Borrowed)
    }

    fn grant_type(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed("authorization_code"))
    }

    fn extension(&self, _key: &str) -> Option<Cow<'_, str>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const URI: &str = "https://market.example/cb";

    /// A redemption that succeeds, to be changed in one place.
    struct Case {
        client: &'static str,
        sent: bool,
        saved_uri: &'static str,
        given: bool,
        uri: Option<&'static str>,
        challenge: Option<&'static str>,
        verifier: Option<String>,
    }

    fn good() -> Case {
        Case {
            client: "market",
            sent: true,
            saved_uri: URI,
            given: true,
            uri: Some(URI),
            challenge: Some(CHALLENGE),
            verifier: Some(VERIFIER.to_owned()),
        }
    }

    fn judge(case: Case) -> Result<(), String> {
        let id = |text| ClientId::parse(text).expect("an id");
        let method = case.challenge.map(|_| "S256");
        let challenge = CodeChallenge::parse(case.challenge, method).expect("well-formed");
        let verifier = case
            .verifier
            .map(|text| CodeVerifier::parse(&text).expect("well-formed"));
        let (issued_to, client) = (id("market"), id(case.client));
        let scope = ScopeSet::parse("openid").expect("a scope");
        let saved = SavedAuthorization {
            client_id: &issued_to,
            sent_to: case.sent.then_some((case.saved_uri, case.given)),
            code_challenge: challenge.as_ref(),
            scope: &scope,
        };
        let presented = PresentedCode {
            client_id: &client,
            redirect_uri: case.uri,
            code_verifier: verifier.as_ref(),
        };
        judge_redemption(&saved, &presented).map_err(|refusal| match refusal {
            GrantRefusal::IssuedToAnother => "it was issued to another client".to_owned(),
            GrantRefusal::Unfit(error) => {
                assert_eq!(error.code().as_str(), "invalid_grant");
                error.cause().unwrap_or_default().to_owned()
            }
        })
    }

    #[test]
    fn the_right_client_with_the_right_verifier_redeems_its_code() {
        assert_eq!(judge(good()), Ok(()));
        assert_eq!(
            judge(Case {
                challenge: None,
                verifier: None,
                ..good()
            }),
            Ok(())
        );
        let native = "com.example.app:/cb";
        assert_eq!(
            judge(Case {
                saved_uri: native,
                uri: Some(native),
                ..good()
            }),
            Ok(())
        );
    }

    #[test]
    fn attack_18_another_client_cannot_redeem_it() {
        assert_eq!(
            judge(Case {
                client: "taxi",
                ..good()
            }),
            Err("it was issued to another client".into())
        );
    }

    #[test]
    fn attack_15_a_missing_verifier_is_refused() {
        assert!(
            judge(Case {
                verifier: None,
                ..good()
            })
            .is_err()
        );
    }

    #[test]
    fn attack_16_a_verifier_without_a_challenge_is_refused() {
        assert!(
            judge(Case {
                challenge: None,
                ..good()
            })
            .is_err()
        );
    }

    #[test]
    fn a_wrong_verifier_is_refused_and_so_is_the_challenge_itself() {
        for wrong in [
            "a".repeat(43),
            CHALLENGE.to_owned(),
            VERIFIER.to_lowercase(),
        ] {
            assert!(
                judge(Case {
                    verifier: Some(wrong.clone()),
                    ..good()
                })
                .is_err(),
                "{wrong}"
            );
        }
    }

    #[test]
    fn the_redirect_uri_is_identical_or_was_never_given() {
        for uri in [
            "https://market.example/cb/",
            "https://market.example:443/cb",
            "https://Market.example/cb",
            "https://market.example/x/../cb",
            "https://market.example/cb ",
            "x",
            "",
        ] {
            assert!(
                judge(Case {
                    uri: Some(uri),
                    ..good()
                })
                .is_err(),
                "{uri}"
            );
            assert!(
                judge(Case {
                    uri: Some(uri),
                    given: false,
                    ..good()
                })
                .is_err(),
                "{uri}"
            );
        }
        assert!(
            judge(Case {
                uri: None,
                ..good()
            })
            .is_err()
        );
        assert_eq!(
            judge(Case {
                uri: None,
                given: false,
                ..good()
            }),
            Ok(())
        );
        assert_eq!(
            judge(Case {
                given: false,
                ..good()
            }),
            Ok(())
        );
    }

    #[test]
    fn a_code_that_no_redirect_carried_asks_for_no_redirect_uri() {
        let handed_over = |uri| Case {
            sent: false,
            uri,
            ..good()
        };
        for uri in [None, Some(URI), Some("https://evil.example/"), Some("")] {
            assert_eq!(judge(handed_over(uri)), Ok(()), "{uri:?}");
        }
        let of_another = Case {
            client: "taxi",
            ..handed_over(None)
        };
        let refused = "it was issued to another client".to_owned();
        assert_eq!(judge(of_another), Err(refused));
        let without = Case {
            verifier: None,
            ..handed_over(Some(URI))
        };
        assert_eq!(judge(without), Err("code_verifier is missing".to_owned()));
    }
}
