//! How Nova and the mini-programs introduce themselves to Portico: client metadata (RFC 7591 §2)
//! for the host, manifests for the others. The command registers them and keeps the answers.

use serde_json::{Map, Value, json};

use crate::addresses::{NOVA_HOST, origin, program_host};
use crate::facts::{Hears, LIDO, LOGOUT_TOKENS_AT, PROGRAMS, ProgramFacts};
use crate::relying_party::EVENTS;

/// A manifest to register with `portico mini-program add --manifest`.
#[derive(Clone, Debug)]
pub struct DemoManifest {
    /// `market`, `taxi`, `bank` or `lido`: the member of `demo.json`'s `clients`.
    pub slug: &'static str,
    /// The publisher's name, for `portico publisher add --name`; the command puts the id it gets
    /// into the manifest as `publisher`.
    pub publisher: &'static str,
    /// The manifest without `publisher`.
    pub manifest: Value,
}

/// The manifests of all programs.
pub fn manifests(port: u16, one_site: bool) -> Vec<DemoManifest> {
    let all = PROGRAMS.into_iter().chain([&LIDO]);
    all.map(|facts| DemoManifest {
        slug: facts.slug,
        publisher: facts.publisher,
        manifest: manifest(facts, &origin(&program_host(facts.slug, one_site), port)),
    })
    .collect()
}

fn manifest(facts: &ProgramFacts, at: &str) -> Value {
    let purposes: Map<String, Value> = facts
        .scopes
        .iter()
        .map(|s| (s.scope.to_owned(), by_language(s.purposes)))
        .collect();
    let mut manifest = json!({
        "client_name": facts.name,
        "client_uri": format!("{at}/"),
        "icon_uri": format!("{at}/assets/{}.svg", facts.slug),
        "entry_uri": format!("{at}/open"),
        "origins": [at],
        "scope": format!("openid {}", facts.scope_names().join(" ")),
        "scope_purposes": purposes,
        "state": "released",
    });
    let way = match facts.slug == LIDO.slug {
        true => page_only(at),
        false => with_backend(at),
    };
    for more in [way, how_it_hears(facts, at)] {
        if let (Some(members), Value::Object(more)) = (manifest.as_object_mut(), more) {
            members.extend(more);
        }
    }
    manifest
}

fn how_it_hears(facts: &ProgramFacts, at: &str) -> Value {
    match facts.hears {
        Hears::Nothing => json!({}),
        Hears::LogoutTokens => json!({
            "backchannel_logout_uri": format!("{at}{LOGOUT_TOKENS_AT}"),
            "backchannel_logout_session_required": true,
        }),
        Hears::EventStream => json!({
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
            "scope": format!("openid {} {EVENTS}", facts.scope_names().join(" ")),
        }),
    }
}

/// The hosts of the programs that take logout tokens: Portico reaches them on this machine, and nobody else.
pub fn told_hosts(one_site: bool) -> Vec<String> {
    let told = PROGRAMS
        .into_iter()
        .filter(|facts| facts.hears == Hears::LogoutTokens);
    told.map(|facts| program_host(facts.slug, one_site))
        .collect()
}

/// How a program with a backend is launched, or signs people in by redirects.
fn with_backend(at: &str) -> Value {
    json!({
        "redirect_uris": [format!("{at}/callback")],
        "post_logout_redirect_uris": [format!("{at}/signed-out")],
        "token_endpoint_auth_method": "client_secret_basic",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
    })
}

/// How a page without a backend is launched.
fn page_only(at: &str) -> Value {
    json!({
        "redirect_uris": [format!("{at}/open")],
        "token_endpoint_auth_method": "none",
        "launch_types": ["token"],
    })
}

fn by_language(texts: &[(&str, &str)]) -> Value {
    let texts = texts.iter();
    texts
        .map(|(tag, text)| ((*tag).to_owned(), json!(text)))
        .collect::<Map<String, Value>>()
        .into()
}

/// Nova's client metadata, for `portico client add --metadata`: first-party, confidential, and
/// the host that may frame the authorization pages of its mini-programs.
pub fn host_metadata(port: u16) -> Value {
    let at = origin(NOVA_HOST, port);
    json!({
        "client_name": "Nova",
        "client_uri": format!("{at}/"),
        "logo_uri": format!("{at}/assets/nova.svg"),
        "redirect_uris": [format!("{at}/callback")],
        "post_logout_redirect_uris": [format!("{at}/")],
        "token_endpoint_auth_method": "client_secret_basic",
        "grant_types": [
            "authorization_code",
            "refresh_token",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ],
        "response_types": ["code"],
        "scope": "openid profile portico:launch",
        "portico:host": true,
        // The consent sheet speaks to pages of this origin.
        "interaction_return_uri": format!("{at}/"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_that_a_person_is_asked_for_has_a_purpose() {
        for DemoManifest { slug, manifest, .. } in manifests(8080, false) {
            let scope = manifest["scope"].as_str().expect("a string");
            for name in scope.split(' ').filter(|s| !["openid", EVENTS].contains(s)) {
                for language in ["en", "ru"] {
                    let purpose = &manifest["scope_purposes"][name][language];
                    assert!(purpose.is_string(), "{slug} {name} {language}");
                }
            }
        }
    }

    #[test]
    fn every_address_of_a_manifest_is_on_its_origin() {
        for one_site in [false, true] {
            for DemoManifest { manifest, .. } in manifests(9000, one_site) {
                let at = manifest["origins"][0].as_str().expect("a string");
                for uri in ["icon_uri", "entry_uri", "client_uri"] {
                    assert!(
                        manifest[uri]
                            .as_str()
                            .is_some_and(|u| u.starts_with(&format!("{at}/")))
                    );
                }
            }
        }
    }
}
