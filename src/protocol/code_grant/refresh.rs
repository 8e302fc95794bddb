//! May this client refresh, and with which scope? (RFC 6749 §6)

use std::borrow::Cow;

use foundation::id::ClientId;
use oxide_auth::code_grant::error::AccessTokenErrorType;
use oxide_auth::code_grant::refresh::{Input, Output, Refresh, Request};
use oxide_auth::primitives::grant::Extensions;

use super::{GrantRefusal, NOWHERE, broken, from_machine, refusal, saved_grant};
use crate::scope::ScopeSet;

/// Judges a refresh by an authenticated client of a token that belongs to `family_client`, and says
/// which scopes the new access token may have. What is left of them in the grant as it is now is
/// decided elsewhere.
///
/// # Errors
/// The token belongs to another client, or `invalid_scope` for more than was granted.
pub fn judge_refresh(
    client: &ClientId,
    family_client: &ClientId,
    requested: Option<&ScopeSet>,
    granted: &ScopeSet,
) -> Result<ScopeSet, GrantRefusal> {
    let grant = saved_grant(family_client.as_str(), NOWHERE, granted, Extensions::new())?;
    let request = RefreshRequest { client };
    let scope = || requested.map(|scope| Cow::Owned(scope.to_string()));
    let mut machine = Refresh::new(&request);
    let mut input = Input::None;
    loop {
        input = match machine.advance(input) {
            // The client is authenticated already, and the token is found.
            Output::Unauthenticated { .. } => Input::Authenticated { scope: scope() },
            Output::RecoverRefresh { .. } => Input::Recovered {
                scope: scope(),
                grant: Some(Box::new(grant.clone())),
            },
            Output::Refresh { grant, .. } => return Ok(from_machine(&grant.scope)?),
            Output::Ok(_) => return Err(broken("the machine issued by itself").into()),
            Output::Err(mut error) => {
                let refused = error.description().map(|error| error.kind());
                return Err(match refused {
                    // The token is found and fresh, so there is one reason left.
                    Some(AccessTokenErrorType::InvalidGrant) => GrantRefusal::IssuedToAnother,
                    _ => {
                        let description = "scope is more than what was granted";
                        refusal(error.description(), description).into()
                    }
                });
            }
        };
    }
}

/// The request as the machine reads it.
struct RefreshRequest<'a> {
    client: &'a ClientId,
}

impl Request for RefreshRequest<'_> {
    fn valid(&self) -> bool {
        true
    }

    /// The token is looked up by its digest before; the machine only hands it back.
    fn refresh_token(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed("found"))
    }

    /// Given with the answers to the machine's questions.
    fn scope(&self) -> Option<Cow<'_, str>> {
        None
    }

    fn grant_type(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed("refresh_token"))
    }

    fn authorization(&self) -> Option<(Cow<'_, str>, Cow<'_, [u8]>)> {
        Some((Cow::Borrowed(self.client.as_str()), Cow::Borrowed(&[])))
    }

    fn extension(&self, _key: &str) -> Option<Cow<'_, str>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(client: &str, requested: Option<&str>) -> Result<String, &'static str> {
        let id = |text| ClientId::parse(text).expect("an id");
        let set = |text| ScopeSet::parse(text).expect("scopes");
        let requested = requested.map(set);
        judge_refresh(
            &id(client),
            &id("market"),
            requested.as_ref(),
            &set("openid profile.basic"),
        )
        .map(|scope| scope.to_string())
        .map_err(|refusal| match refusal {
            GrantRefusal::IssuedToAnother => "another's",
            GrantRefusal::Unfit(error) => error.code().as_str(),
        })
    }

    #[test]
    fn a_refresh_may_ask_for_less_but_never_for_more() {
        // "if omitted is treated as equal to the scope originally granted" (RFC 6749 §6)
        assert_eq!(judge("market", None), Ok("openid profile.basic".into()));
        assert_eq!(judge("market", Some("openid")), Ok("openid".into()));
        assert_eq!(
            judge("market", Some("openid kyc.status")),
            Err("invalid_scope")
        );
    }

    #[test]
    fn attack_39_another_clients_refresh_token_is_refused() {
        assert_eq!(judge("taxi", None), Err("another's"));
        assert_eq!(judge("taxi", Some("openid kyc.status")), Err("another's"));
    }
}
