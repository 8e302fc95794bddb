//! A request to Portico as it is sent: what it asks, and the credentials in it, by which one knows whose
//! it is. It lives as long as the request does and is never kept.

use http::header::AUTHORIZATION;
use openidconnect::HttpRequest;
use url::form_urlencoded;

/// What a path of Portico is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Discovery,
    Configuration,
    Keys,
    Token,
    Introspection,
    Userinfo,
    SessionEvents,
    Programs,
    Other,
}

/// A request.
pub(crate) struct Asked {
    method: String,
    path: String,
    pub(super) purpose: Purpose,
    /// The parameters of its form.
    pub(super) form: Vec<(String, String)>,
    /// The scheme of its `Authorization`.
    pub(super) scheme: Option<String>,
    /// The access token there.
    bearer: Option<String>,
}

/// Parameters that are tokens or codes.
const CREDENTIALS: [&str; 4] = ["code", "refresh_token", "token", "subject_token"];

impl Asked {
    /// What a request says.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let authorization = request.headers().get(AUTHORIZATION);
        let authorization = authorization.and_then(|value| value.to_str().ok());
        let (scheme, credential) = match authorization.and_then(|text| text.split_once(' ')) {
            Some((scheme, credential)) => (Some(scheme.to_owned()), Some(credential)),
            None => (None, None),
        };
        let is_token = scheme
            .as_deref()
            .is_some_and(|s| !s.eq_ignore_ascii_case("basic"));
        let path = request.uri().path().to_owned();
        Self {
            method: request.method().to_string(),
            purpose: purpose(&path),
            path,
            form: form_urlencoded::parse(request.body())
                .into_owned()
                .collect(),
            bearer: credential.filter(|_| is_token).map(str::to_owned),
            scheme,
        }
    }

    /// Method and endpoint; a query is left out.
    pub(super) fn what(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// A parameter of the form.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.form.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The last word of `grant_type`.
    pub(super) fn grant(&self) -> &str {
        let grant = self.parameter("grant_type").unwrap_or_default();
        grant.rsplit(':').next().unwrap_or_default()
    }

    /// The tokens and codes that it presents.
    pub(super) fn credentials(&self) -> impl Iterator<Item = &str> {
        CREDENTIALS
            .iter()
            .filter_map(|name| self.parameter(name))
            .chain(self.bearer.as_deref())
    }
}

fn purpose(path: &str) -> Purpose {
    let has = |end| path.ends_with(end);
    match () {
        () if has("/.well-known/openid-configuration") => Purpose::Discovery,
        () if has("/.well-known/portico-configuration") => Purpose::Configuration,
        () if has("/jwks") => Purpose::Keys,
        () if has("/token") => Purpose::Token,
        () if has("/introspect") => Purpose::Introspection,
        () if has("/userinfo") => Purpose::Userinfo,
        () if has("/session-events") => Purpose::SessionEvents,
        () if has("/mini-programs") => Purpose::Programs,
        () => Purpose::Other,
    }
}
