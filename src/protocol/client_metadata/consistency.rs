//! What members of client metadata must not say together, once each of them is right by itself.

use super::{
    ClientMetadata, MetadataError, ResponseType, SecurityProfile, SignatureAlgorithm, SubjectType,
    TokenEndpointAuthMethod, key_set,
};
use crate::redirect_uri::RedirectUri;
use crate::{grant_type, resource};

/// What members say together.
pub(super) fn check(metadata: &ClientMetadata) -> Result<(), MetadataError> {
    check_grants(metadata)?;
    check_authentication(metadata)?;
    check_signatures(metadata)?;
    check_sector(metadata)?;
    let wrong = |field, description: &str| Err(MetadataError::new(field, description));
    if metadata.subject_type == SubjectType::Public {
        return wrong(
            "subject_type",
            "must be pairwise: nobody gets an id that others have too",
        );
    }
    if metadata.backchannel_logout_session_required && metadata.backchannel_logout_uri.is_none() {
        return wrong(
            "backchannel_logout_session_required",
            "needs a backchannel_logout_uri",
        );
    }
    if metadata.interaction_return_uri.is_some() && !metadata.host {
        return wrong("interaction_return_uri", "is for hosts (portico:host) only");
    }
    check_public_host(metadata)?;
    if !metadata.origins.is_empty() && !metadata.host {
        return wrong(
            "origins",
            "is for hosts (portico:host) and mini-programs only",
        );
    }
    check_resource(metadata)
}

/// A host holds what opens every program, and a public one proves nothing by a secret: what it holds is
/// bound to its key, and its codes come where only its own app is (RFC 8252 §7.2), or to the machine that
/// it is developed on.
fn check_public_host(metadata: &ClientMetadata) -> Result<(), MetadataError> {
    if !metadata.host || metadata.is_confidential() {
        return Ok(());
    }
    if !metadata.dpop_bound_access_tokens {
        return Err(MetadataError::new(
            "dpop_bound_access_tokens",
            "must be true for a host (portico:host) without a secret",
        ));
    }
    let anybodys = |uri: &RedirectUri| uri.origin().is_none();
    if metadata.redirect_uris.iter().any(anybodys) {
        return Err(MetadataError::redirect_uri(
            "redirect_uris",
            "must be claimed https addresses for a host (portico:host) without a secret: any app can \
             have its scheme",
        ));
    }
    Ok(())
}

/// "The values of the registered redirect_uris MUST be included in the elements of the array" that
/// `sector_identifier_uri` points to (OpenID Connect Core §8.1). Nobody fetches it here, so it may only
/// say what the redirect URIs prove themselves: or any client could have the ids of another's people.
fn check_sector(metadata: &ClientMetadata) -> Result<(), MetadataError> {
    if metadata.sector_identifier_uri.is_some() && !metadata.has_own_sector_uri() {
        return Err(MetadataError::new(
            "sector_identifier_uri",
            "must use https and have the host that every redirect URI has: it is not fetched",
        ));
    }
    Ok(())
}

/// Asking about tokens needs a proof of who asks (RFC 7662 §2.1).
fn check_resource(metadata: &ClientMetadata) -> Result<(), MetadataError> {
    let Some(resource) = &metadata.resource else {
        return Ok(());
    };
    let wrong = |description: String| Err(MetadataError::new("portico:resource", description));
    match resource::check_resource(resource) {
        Err(error) => wrong(error.to_string()),
        Ok(()) if !metadata.is_confidential() => wrong("is for confidential clients only".into()),
        Ok(()) => Ok(()),
    }
}

fn check_grants(metadata: &ClientMetadata) -> Result<(), MetadataError> {
    let wrong = |field, description: &str| Err(MetadataError::new(field, description));
    let has_code = metadata.may_use(grant_type::AUTHORIZATION_CODE);
    if metadata.grant_types.is_empty() {
        return wrong("grant_types", "must not be empty");
    }
    if has_code && metadata.redirect_uris.is_empty() {
        let description = "must have at least one entry for the authorization_code grant";
        return Err(MetadataError::redirect_uri("redirect_uris", description));
    }
    // RFC 7591 §2.1: the two lists go together.
    if has_code != metadata.response_types.contains(&ResponseType::Code) {
        return wrong(
            "response_types",
            "must have code exactly if grant_types has authorization_code",
        );
    }
    if metadata.may_use(grant_type::REFRESH_TOKEN) && !has_code {
        return wrong("grant_types", "refresh_token needs authorization_code");
    }
    Ok(())
}

fn check_authentication(metadata: &ClientMetadata) -> Result<(), MetadataError> {
    let wrong = |field, description: &str| Err(MetadataError::new(field, description));
    let method = metadata.token_endpoint_auth_method;
    // "The "jwks_uri" and "jwks" parameters MUST NOT both be present in the same request or
    // response." (RFC 7591 §2)
    if metadata.jwks.is_some() && metadata.jwks_uri.is_some() {
        return wrong("jwks", "must not stand beside jwks_uri");
    }
    if let Some(jwks) = &metadata.jwks {
        key_set::check(jwks)?;
    }
    let has_keys = metadata.jwks.is_some() || metadata.jwks_uri.is_some();
    if method == TokenEndpointAuthMethod::PrivateKeyJwt && !has_keys {
        return wrong(
            "token_endpoint_auth_method",
            "private_key_jwt needs jwks or jwks_uri",
        );
    }
    // "Refresh tokens for public clients MUST be sender-constrained or use refresh token rotation"
    // (RFC 9700 §2.2.2)
    if metadata.rotate_refresh_tokens == Some(false) && !metadata.is_confidential() {
        return wrong(
            "portico:rotate_refresh_tokens",
            "must not be false for a public client",
        );
    }
    if metadata.profile == SecurityProfile::OidcCompat && !metadata.is_confidential() {
        return wrong(
            "portico:profile",
            "oidc_compat is for confidential clients only",
        );
    }
    Ok(())
}

fn check_signatures(metadata: &ClientMetadata) -> Result<(), MetadataError> {
    for (field, algorithm) in [
        (
            "id_token_signed_response_alg",
            metadata.id_token_signed_response_alg,
        ),
        (
            "access_token_signed_response_alg",
            metadata.access_token_signed_response_alg,
        ),
    ] {
        if !SignatureAlgorithm::OURS.contains(&algorithm) {
            let description = format!("{} is not supported", algorithm.as_str());
            return Err(MetadataError::new(field, description));
        }
    }
    Ok(())
}
