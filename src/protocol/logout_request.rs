//! The logout request (OpenID Connect RP-Initiated Logout §2).
//!
//! Nothing in it is proof of anything: whose session ends is decided by the browser's cookie, and
//! whether there is a redirect by who is named and what is registered. So only what cannot be read in
//! one way is refused here; what is wrong in another way is judged with the rest of the request.

use crate::oauth_error::{OAuthError, invalid_request};
use crate::parameters::Parameters;

/// Bytes of `state`, as in authorization requests.
const MAX_STATE: usize = 4096;

/// A well-formed logout request. All of it is optional.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndSessionRequest {
    /// An id_token of the session's person; not verified here.
    pub id_token_hint: Option<String>,
    /// Whom the client means.
    pub logout_hint: Option<String>,
    /// Which client says that it asks; perhaps nobody's id.
    pub client_id: Option<String>,
    /// Where to go afterwards.
    pub post_logout_redirect_uri: Option<String>,
    /// Comes back exactly.
    pub state: Option<String>,
    /// In order of preference.
    pub ui_locales: Vec<String>,
}

impl EndSessionRequest {
    /// Reads a query or a form.
    ///
    /// # Errors
    /// `invalid_request` for a repeated parameter or a `state` that is too long. The caller is a
    /// browser: show it as a page.
    pub fn parse(parameters: &Parameters) -> Result<Self, OAuthError> {
        parameters.refuse_duplicates(&[])?;
        let text = |name| Ok::<_, OAuthError>(parameters.one(name)?.map(str::to_owned));
        let state = text("state")?;
        if state.as_ref().is_some_and(|state| state.len() > MAX_STATE) {
            return Err(invalid_request("state is too long"));
        }
        Ok(Self {
            id_token_hint: text("id_token_hint")?,
            logout_hint: text("logout_hint")?,
            client_id: text("client_id")?,
            post_logout_redirect_uri: text("post_logout_redirect_uri")?,
            state,
            ui_locales: parameters.wishes("ui_locales"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<EndSessionRequest, OAuthError> {
        EndSessionRequest::parse(&Parameters::parse_urlencoded(text).expect("well-formed"))
    }

    #[test]
    fn nothing_is_required() {
        assert_eq!(read(""), Ok(EndSessionRequest::default()));
        let request = read("id_token_hint=a.b.c&state=%22x&ui_locales=lt+en&unknown=1");
        let request = request.expect("well-formed");
        assert_eq!(request.state.as_deref(), Some("\"x"));
        assert_eq!(request.ui_locales, ["lt", "en"]);
    }

    #[test]
    fn what_is_ambiguous_is_refused() {
        for text in ["state=1&state=2", &format!("state={}", "x".repeat(4097))] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read("client_id=%3Cb%3E&id_token_hint=x").is_ok());
    }
}
