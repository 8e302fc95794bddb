//! May this client act for itself, and with which scope? (RFC 6749 §4.4)

use std::borrow::Cow;
use std::sync::LazyLock;

use foundation::id::ClientId;
use oxide_auth::code_grant::client_credentials::{ClientCredentials, Input, Output, Request};
use oxide_auth::primitives::grant::Extensions;
use oxide_auth::primitives::registrar::{BoundClient, ExactUrl, PreGrant, RegisteredUrl};
use oxide_auth::primitives::scope::Scope;

use super::{NOWHERE, broken, from_machine, refusal, to_machine};
use crate::oauth_error::{OAuthError, invalid_scope};
use crate::scope::ScopeSet;
use crate::scope_catalog::ScopeCatalog;

/// Where no redirect leads, as the machine wants it; read once.
static NOWHERE_URL: LazyLock<Option<RegisteredUrl>> = LazyLock::new(|| {
    let nowhere = ExactUrl::new(NOWHERE.to_owned()).ok();
    nowhere.map(RegisteredUrl::Exact)
});

/// Judges a request of an authenticated, confidential client, and says which scopes its token has.
/// Scopes about a person are left out of what it may have: here there is no person.
///
/// # Errors
/// `invalid_scope` for a scope that it may not have.
pub fn judge_client_credentials(
    client: &ClientId,
    requested: Option<&ScopeSet>,
    allowed: &ScopeSet,
    catalog: &ScopeCatalog,
) -> Result<ScopeSet, OAuthError> {
    let own = allowed
        .iter()
        .filter(|name| !catalog.is_about_a_person(name))
        .cloned()
        .collect();
    let nowhere = NOWHERE_URL.as_ref().ok_or_else(|| broken(NOWHERE))?;
    let request = OwnRequest {
        client,
        scope: requested,
    };
    let mut machine = ClientCredentials::new(&request);
    let mut input = Input::None;
    loop {
        input = match machine.advance(input) {
            // The client is authenticated already.
            Output::Authenticate { .. } => Input::Authenticated,
            Output::Binding { client_id } => Input::Bound {
                bound_client: BoundClient {
                    client_id: Cow::Owned(client_id.to_owned()),
                    redirect_uri: Cow::Borrowed(nowhere),
                },
            },
            Output::Extend => Input::Extended {
                extensions: Extensions::new(),
            },
            Output::Negotiate {
                bound_client,
                scope,
            } => Input::Negotiated {
                pre_grant: PreGrant {
                    client_id: bound_client.client_id.clone().into_owned(),
                    redirect_uri: nowhere.clone(),
                    scope: negotiate(scope, to_machine(&own)?)?,
                },
            },
            Output::Ok { pre_grant, .. } => return from_machine(&pre_grant.scope),
            Output::Err(mut error) => {
                return Err(refusal(error.description(), "the request is not valid"));
            }
        };
    }
}

/// What it asks for, or all that it may have for itself.
fn negotiate(requested: Option<Scope>, own: Scope) -> Result<Scope, OAuthError> {
    match requested {
        None => Ok(own),
        Some(requested) if own.priviledged_to(&requested) => Ok(requested),
        Some(_) => Err(invalid_scope(
            "scope is more than this client may have for itself",
        )),
    }
}

/// The request as the machine reads it.
struct OwnRequest<'a> {
    client: &'a ClientId,
    scope: Option<&'a ScopeSet>,
}

impl Request for OwnRequest<'_> {
    fn valid(&self) -> bool {
        true
    }

    fn authorization(&self) -> Option<(Cow<'_, str>, Cow<'_, [u8]>)> {
        Some((Cow::Borrowed(self.client.as_str()), Cow::Borrowed(&[])))
    }

    fn scope(&self) -> Option<Cow<'_, str>> {
        self.scope.map(|scope| Cow::Owned(scope.to_string()))
    }

    fn grant_type(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed("client_credentials"))
    }

    fn extension(&self, _key: &str) -> Option<Cow<'_, str>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(requested: Option<&str>, allowed: &str) -> Result<String, &'static str> {
        let set = |text| ScopeSet::parse(text).expect("scopes");
        let client = ClientId::parse("market").expect("an id");
        let requested = requested.map(set);
        let catalog = ScopeCatalog::default();
        judge_client_credentials(&client, requested.as_ref(), &set(allowed), &catalog)
            .map(|scope| scope.to_string())
            .map_err(|error| error.code().as_str())
    }

    #[test]
    fn a_client_gets_what_it_may_have_for_itself() {
        let allowed = "orders.read orders.write openid phone.verified offline_access";
        assert_eq!(judge(None, allowed), Ok("orders.read orders.write".into()));
        assert_eq!(
            judge(Some("orders.read"), allowed),
            Ok("orders.read".into())
        );
        assert_eq!(judge(None, "openid"), Ok(String::new()));
    }

    #[test]
    fn attack_31_it_cannot_have_more_or_anything_about_a_person() {
        for asked in [
            "admin",
            "orders admin",
            "openid",
            "offline_access",
            "kyc.status",
        ] {
            let judged = judge(Some(asked), "orders openid offline_access kyc.status");
            assert_eq!(judged, Err("invalid_scope"), "{asked}");
        }
    }
}
