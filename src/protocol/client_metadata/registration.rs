//! Reading an ordinary client's metadata: defaults of RFC 7591 §2, then consistency.

use serde_json::Value;

use super::reader::{Reader, shown};
use super::{
    AccessTokenFormat, ApplicationType, ClientMetadata, MetadataError, ResponseType,
    SecurityProfile, SignatureAlgorithm, SubjectType, TokenEndpointAuthMethod, consistency,
};
use crate::grant_type::{self, GrantType};
use crate::redirect_uri::RedirectUri;
use crate::scope::ScopeSet;
use crate::scope_catalog::{AskedBy, BUILT_IN};

/// Redirect URIs of one kind.
const MAX_REDIRECT_URIS: usize = 50;

/// Members that give power over other clients or over everyone's tokens.
const OPERATOR_MEMBERS: &[&str] = &["portico:host", "portico:resource", "interaction_return_uri"];

/// Reads the metadata of an ordinary client.
///
/// "The authorization server MUST ignore any client metadata sent by the client that it does not
/// understand" (RFC 7591 §2); a member that is understood must be right.
///
/// # Errors
/// The first member that is wrong, or two that contradict each other.
pub fn parse_metadata(json: &Value) -> Result<ClientMetadata, MetadataError> {
    let metadata = read(Reader::of(json)?)?;
    consistency::check(&metadata)?;
    Ok(metadata)
}

/// Refuses what a client may not give itself when it registers over the network: being a host,
/// being a resource server, and the scope that goes with it. Only the operator's commands may.
///
/// # Errors
/// The first such member.
pub fn refuse_operator_members(json: &Value) -> Result<(), MetadataError> {
    let refused = |field| MetadataError::new(field, "can only be given by the operator");
    if let Some(name) = OPERATOR_MEMBERS
        .iter()
        .find(|name| json.get(**name).is_some())
    {
        return Err(refused(*name));
    }
    let mut for_hosts = BUILT_IN.iter().filter(|row| row.asked_by == AskedBy::Hosts);
    match json
        .get("scope")
        .and_then(Value::as_str)
        .map(ScopeSet::parse)
    {
        Some(Ok(scope)) if for_hosts.any(|row| scope.contains(row.name)) => Err(refused("scope")),
        _ => Ok(()),
    }
}

/// Reads all members that ordinary clients and mini-programs share, each by itself.
pub(super) fn read(reader: Reader<'_>) -> Result<ClientMetadata, MetadataError> {
    let application_type = match reader.string("application_type")? {
        None | Some("web") => ApplicationType::Web,
        Some("native") => ApplicationType::Native,
        Some(_) => {
            return Err(MetadataError::new(
                "application_type",
                "must be web or native",
            ));
        }
    };
    let uris = |name| redirect_uris(reader, name, application_type);
    let algorithm = |name| reader.named(name, SignatureAlgorithm::parse);
    let (grant_types, response_types) = grants(reader)?;
    Ok(ClientMetadata {
        redirect_uris: uris("redirect_uris")?,
        post_logout_redirect_uris: uris("post_logout_redirect_uris")?,
        client_name: reader.text::<100>("client_name")?,
        logo_uri: reader.page("logo_uri")?,
        client_uri: reader.page("client_uri")?,
        policy_uri: reader.page("policy_uri")?,
        tos_uri: reader.page("tos_uri")?,
        contacts: contacts(reader)?,
        grant_types,
        response_types,
        // "If unspecified or omitted, the default is "client_secret_basic"" (RFC 7591 §2)
        token_endpoint_auth_method: reader
            .named("token_endpoint_auth_method", TokenEndpointAuthMethod::parse)?
            .unwrap_or(TokenEndpointAuthMethod::ClientSecretBasic),
        token_endpoint_auth_signing_alg: algorithm("token_endpoint_auth_signing_alg")?,
        scope: reader.scope()?,
        jwks: reader.member("jwks")?.cloned(),
        jwks_uri: reader.page("jwks_uri")?,
        id_token_signed_response_alg: algorithm("id_token_signed_response_alg")?
            .unwrap_or(SignatureAlgorithm::RS256),
        access_token_format: reader
            .named("access_token_format", AccessTokenFormat::parse)?
            .unwrap_or_default(),
        access_token_signed_response_alg: algorithm("access_token_signed_response_alg")?
            .unwrap_or(SignatureAlgorithm::ES256),
        default_max_age: reader.seconds("default_max_age")?,
        require_auth_time: reader.flag("require_auth_time")?,
        subject_type: reader
            .named("subject_type", SubjectType::parse)?
            .unwrap_or(SubjectType::Pairwise),
        sector_identifier_uri: reader.page("sector_identifier_uri")?,
        application_type,
        initiate_login_uri: reader.page("initiate_login_uri")?,
        backchannel_logout_uri: reader.page("backchannel_logout_uri")?,
        backchannel_logout_session_required: reader.flag("backchannel_logout_session_required")?,
        dpop_bound_access_tokens: reader.flag("dpop_bound_access_tokens")?,
        profile: reader
            .named("portico:profile", SecurityProfile::parse)?
            .unwrap_or(SecurityProfile::Standard),
        host: reader.flag("portico:host")?,
        interaction_return_uri: return_uri(reader, application_type)?,
        origins: reader.origins("origins")?,
        rotate_refresh_tokens: reader.boolean("portico:rotate_refresh_tokens")?,
        resource: reader.string("portico:resource")?.map(str::to_owned),
        mini_program: None,
    })
}

/// Which grants, and the response types that go with them.
fn grants(reader: Reader<'_>) -> Result<(Vec<GrantType>, Vec<ResponseType>), MetadataError> {
    // "If omitted, the default behavior is that the client will use only the "authorization_code"
    // Grant Type." and "If omitted, the default is that the client will use only the "code"
    // response type." (RFC 7591 §2)
    let grant_types = reader
        .named_list("grant_types", GrantType::parse)?
        .unwrap_or_else(|| vec![GrantType::authorization_code()]);
    let is_code = |grant: &GrantType| grant.as_str() == grant_type::AUTHORIZATION_CODE;
    let has_code = grant_types.iter().any(is_code);
    let response_types = reader
        .named_list("response_types", ResponseType::parse)?
        .unwrap_or_else(|| {
            if has_code {
                vec![ResponseType::Code]
            } else {
                Vec::new()
            }
        });
    Ok((grant_types, response_types))
}

fn redirect_uris(
    reader: Reader<'_>,
    name: &str,
    application_type: ApplicationType,
) -> Result<Vec<RedirectUri>, MetadataError> {
    let texts = reader
        .strings(name, MAX_REDIRECT_URIS)
        .map_err(|error| MetadataError::redirect_uri(error.field, error.description))?;
    let mut uris = Vec::new();
    for (index, text) in texts.unwrap_or_default().into_iter().enumerate() {
        let uri = RedirectUri::parse_for_registration(text, application_type).map_err(|error| {
            MetadataError::redirect_uri(format!("{name}[{index}]"), error.to_string())
        })?;
        if !uris.contains(&uri) {
            uris.push(uri);
        }
    }
    Ok(uris)
}

/// Browsers are sent there with a result, so it is what a redirect URI may be.
fn return_uri(
    reader: Reader<'_>,
    application_type: ApplicationType,
) -> Result<Option<String>, MetadataError> {
    const NAME: &str = "interaction_return_uri";
    let Some(text) = reader.string(NAME)? else {
        return Ok(None);
    };
    let uri = RedirectUri::parse_for_registration(text, application_type)
        .map_err(|error| MetadataError::new(NAME, error.to_string()))?;
    Ok(Some(uri.as_str().to_owned()))
}

fn contacts(reader: Reader<'_>) -> Result<Vec<String>, MetadataError> {
    let contacts = reader.strings("contacts", 10)?.unwrap_or_default();
    contacts
        .into_iter()
        .map(|contact| shown::<320>("contacts", contact))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth_error::ErrorCode;
    use serde_json::json;

    fn with(changes: Value) -> Result<ClientMetadata, MetadataError> {
        let mut metadata = json!({ "redirect_uris": ["https://shop.example/cb"] });
        let members = metadata.as_object_mut().expect("an object");
        members.extend(changes.as_object().expect("an object").clone());
        parse_metadata(&metadata)
    }

    fn jwk() -> Value {
        json!({ "kty": "EC", "crv": "P-256", "x": "x", "y": "y" })
    }

    #[test]
    fn the_defaults_are_those_of_rfc_7591() {
        let client = with(json!({})).expect("enough");
        assert_eq!(
            client.token_endpoint_auth_method.as_str(),
            "client_secret_basic"
        );
        assert_eq!(client.grant_types, [GrantType::authorization_code()]);
        assert_eq!(client.response_types, [ResponseType::Code]);
        assert_eq!(
            client.id_token_signed_response_alg,
            SignatureAlgorithm::RS256
        );
        assert_eq!(
            client.access_token_signed_response_alg,
            SignatureAlgorithm::ES256
        );
        assert_eq!(
            client.allowed_scope().to_string(),
            "address email openid phone profile"
        );
        assert!(client.is_confidential() && client.mini_program.is_none());
    }

    #[test]
    fn seconds_that_do_not_fit_are_as_many_as_fit() {
        let client = with(json!({ "default_max_age": 4_294_967_296_u64 })).expect("a number");
        assert_eq!(client.default_max_age, Some(u32::MAX));
    }

    #[test]
    fn what_is_registered_reads_back_as_the_same() {
        let client = with(json!({
            "client_name": "Shop", "contacts": ["a@shop.example"], "scope": "openid profile",
            "logo_uri": "https://shop.example/logo.png", "grant_types": ["authorization_code",
            "refresh_token", "client_credentials"], "jwks": { "keys": [jwk()] },
            "token_endpoint_auth_method": "private_key_jwt", "default_max_age": 60,
            "token_endpoint_auth_signing_alg": "EdDSA", "require_auth_time": true,
            "post_logout_redirect_uris": ["https://shop.example/bye"], "unknown": {},
            "backchannel_logout_uri": "https://shop.example/bc", "portico:profile": "oidc_compat",
            "backchannel_logout_session_required": true, "portico:host": true,
            "interaction_return_uri": "https://shop.example/back", "id_token_signed_response_alg":
            "PS256", "access_token_format": "opaque", "portico:rotate_refresh_tokens": false, "portico:resource": "https://orders.example/api",
            "application_type": "native", "initiate_login_uri": "https://shop.example/login",
            "dpop_bound_access_tokens": true,
        }))
        .expect("consistent");
        let json = client.to_json();
        assert_eq!(parse_metadata(&json), Ok(client.clone()));
        assert_eq!(json.get("unknown"), None);
        let stored = serde_json::to_string(&client).expect("JSON");
        assert_eq!(
            serde_json::from_str::<ClientMetadata>(&stored).ok(),
            Some(client)
        );
    }

    #[test]
    fn attack_12_nulls_holes_and_wrong_types_are_refused_by_name() {
        for (field, value) in [
            ("client_name", json!(null)),
            ("client_name", json!(7)),
            ("client_name", json!("")),
            ("client_name", json!("\u{202E}knaB")),
            ("client_name", json!("x".repeat(101))),
            ("contacts", json!("a@shop.example")),
            ("contacts", json!(["a@shop.example", null])),
            ("grant_types", json!(["a grant"])),
            ("grant_types", json!([])),
            ("response_types", json!(["token"])),
            ("token_endpoint_auth_method", json!("client_secret_jwt")),
            ("logo_uri", json!("http://shop.example/logo.png")),
            ("initiate_login_uri", json!("http://shop.example/login")),
            ("id_token_signed_response_alg", json!("none")),
            ("id_token_signed_response_alg", json!("EdDSA")),
            ("id_token_signed_response_alg", json!("Ed25519")),
            ("default_max_age", json!(-1)),
            ("default_max_age", json!(0.5)),
            ("default_max_age", json!("60")),
            ("require_auth_time", json!("true")),
            ("dpop_bound_access_tokens", json!("true")),
            ("subject_type", json!("public")),
            ("scope", json!("a\"b")),
            ("scope", json!(["openid"])),
            ("portico:profile", json!("fapi2")),
            ("portico:resource", json!("orders")),
            ("application_type", json!("desktop")),
        ] {
            let error = with(json!({ field: value })).expect_err("refused");
            assert_eq!(
                (error.field.as_str(), error.code),
                (field, ErrorCode::InvalidClientMetadata)
            );
        }
        assert!(parse_metadata(&json!([])).is_err());
    }

    #[test]
    fn a_bad_redirect_uri_has_its_own_code() {
        for uris in [
            json!(["https://shop.example/cb#x"]),
            json!(["/cb"]),
            json!([]),
            json!([null]),
        ] {
            let error = with(json!({ "redirect_uris": uris })).expect_err("refused");
            assert_eq!(error.code, ErrorCode::InvalidRedirectUri, "{error}");
        }
        let error = with(json!({ "redirect_uris": ["https://a.example", "http://a.example"] }));
        assert_eq!(error.expect_err("refused").field, "redirect_uris[1]");
    }

    #[test]
    fn members_must_not_contradict_each_other() {
        for metadata in [
            json!({ "grant_types": ["client_credentials"], "response_types": ["code"] }),
            json!({ "response_types": [] }),
            json!({ "grant_types": ["refresh_token"] }),
            json!({ "token_endpoint_auth_method": "private_key_jwt" }),
            json!({ "token_endpoint_auth_method": "none", "portico:profile": "oidc_compat" }),
            json!({ "jwks": { "keys": [jwk()] }, "jwks_uri": "https://shop.example/jwks" }),
            json!({ "backchannel_logout_session_required": true }),
            json!({ "interaction_return_uri": "https://shop.example/back" }),
            json!({ "portico:resource": "api://a", "token_endpoint_auth_method": "none" }),
            json!({ "portico:rotate_refresh_tokens": false, "token_endpoint_auth_method": "none" }),
        ] {
            assert!(with(metadata.clone()).is_err(), "{metadata}");
        }
        let machine = parse_metadata(&json!({ "grant_types": ["client_credentials"] }));
        assert!(machine.is_ok_and(|client| client.response_types.is_empty()));
    }

    #[test]
    fn a_host_hears_of_sheets_where_a_redirect_uri_may_be() {
        let host = |kind: &str, uri: &str| {
            let host = json!({ "portico:host": true, "application_type": kind, "interaction_return_uri": uri });
            with(host).map(|_| ()).map_err(|error| error.field)
        };
        assert_eq!(host("web", "https://nova.example/back?a=1"), Ok(()));
        assert_eq!(host("native", "com.example.nova:/back"), Ok(()));
        for uri in [
            "com.example.nova:/back",
            "http://nova.example/back",
            "https://nova.example/back#x",
            "https://*.nova.example/back",
            "javascript:alert(1)",
            "/back",
        ] {
            assert_eq!(
                host("web", uri),
                Err("interaction_return_uri".to_owned()),
                "{uri}"
            );
        }
    }

    #[test]
    fn a_host_without_a_secret_proves_its_key_and_is_reached_by_no_other_app() {
        let host = |uri: &str, bound: bool| {
            let registered = with(json!({
                "portico:host": true, "token_endpoint_auth_method": "none", "redirect_uris": [uri],
                "application_type": "native", "dpop_bound_access_tokens": bound,
            }));
            registered.map(|_| ()).map_err(|error| error.field)
        };
        for uri in [
            "https://nova.example/cb",
            "http://127.0.0.1/cb",
            "http://localhost/cb",
        ] {
            assert_eq!(host(uri, true), Ok(()), "{uri}");
            assert_eq!(
                host(uri, false),
                Err("dpop_bound_access_tokens".to_owned()),
                "{uri}"
            );
        }
        assert_eq!(
            host("com.example.nova:/cb", true),
            Err("redirect_uris".to_owned())
        );
    }

    #[test]
    fn a_sector_is_vouched_for_by_the_redirect_uris_alone() {
        let sector = |uri: &str, redirect_uris: Value| {
            with(
                json!({ "sector_identifier_uri": uri, "redirect_uris": redirect_uris,
                "grant_types": ["authorization_code", "client_credentials"] }),
            )
        };
        let own = json!(["https://shop.example/cb", "https://shop.example:8443/other"]);
        assert!(sector("https://shop.example/sector.json", own.clone()).is_ok());
        let with_another = json!(["https://shop.example/cb", "https://evil.example/cb"]);
        let with_anybodys = json!(["https://shop.example/cb", "http://localhost/cb"]);
        for (uri, redirect_uris) in [
            ("https://rp.example/never-fetched.json", own.clone()),
            ("https://shop.example.evil.example/sector.json", own),
            ("https://shop.example/sector.json", with_another),
            ("https://shop.example/sector.json", with_anybodys),
            ("https://localhost/s.json", json!(["https://localhost/cb"])),
            ("http://localhost/s.json", json!(["http://localhost/cb"])),
        ] {
            let error = sector(uri, redirect_uris).expect_err("refused");
            assert_eq!(error.field, "sector_identifier_uri");
            assert_eq!(error.code, ErrorCode::InvalidClientMetadata);
        }
        let nobodys = parse_metadata(&json!({ "grant_types": ["client_credentials"],
            "sector_identifier_uri": "https://rp.example/never-fetched.json" }));
        assert!(nobodys.is_err_and(|error| error.field == "sector_identifier_uri"));
    }

    #[test]
    fn a_key_set_holds_public_keys_and_needs_no_kid() {
        let jwks = |key: Value| with(json!({ "jwks": { "keys": [key] } }));
        assert!(jwks(jwk()).is_ok());
        let mut private = jwk();
        private["d"] = json!("secret");
        assert!(jwks(private).is_err());
        assert!(jwks(json!({ "kty": "oct", "k": "x" })).is_err());
        assert!(jwks(json!(null)).is_err());
        assert!(with(json!({ "jwks": [] })).is_err());
        assert!(with(json!({ "jwks": { "keys": [] } })).is_err());
    }

    #[test]
    fn attack_30_a_client_cannot_make_itself_a_host() {
        for json in [
            json!({ "portico:host": true }),
            json!({ "portico:resource": "api://a" }),
            json!({ "scope": "openid portico:launch" }),
        ] {
            assert!(refuse_operator_members(&json).is_err(), "{json}");
        }
        assert!(refuse_operator_members(&json!({ "scope": "openid" })).is_ok());
    }
}
