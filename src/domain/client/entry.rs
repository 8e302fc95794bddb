//! The way into a program for somebody who has lost theirs: a page that leads nowhere any more says so,
//! and has a link by which the program begins anew.

use protocol::response_mode::with_query;

use super::Client;

impl Client {
    /// Whether it is a super app that said where it is, and is not suspended.
    pub fn is_home(&self) -> bool {
        self.is_host() && !self.is_suspended() && self.metadata.client_uri.is_some()
    }

    /// Where the program is opened: what it registered for that.
    ///
    /// A client that others may ask to begin a sign-in (OpenID Connect Core §4) is told who asks: "iss
    /// REQUIRED. Issuer Identifier for the Issuer that the RP is to send the Authentication Request to".
    pub fn entry(&self, issuer: &str) -> Option<String> {
        if let Some(manifest) = self.mini_program() {
            return Some(manifest.entry_uri.clone());
        }
        let iss = || ("iss".to_owned(), issuer.to_owned());
        let begins_anew = self.metadata.initiate_login_uri.as_deref();
        begins_anew
            .map(|uri| with_query(uri, &[iss()]))
            .or_else(|| self.metadata.client_uri.clone())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::client;

    const ISSUER: &str = "https://id.example";

    #[test]
    fn a_program_is_opened_where_it_said() {
        let entry = |more: serde_json::Value| {
            let mut metadata = json!({ "redirect_uris": ["https://shop.example/cb"] });
            metadata
                .as_object_mut()
                .expect("an object")
                .extend(more.as_object().expect("an object").clone());
            client(&metadata).entry(ISSUER)
        };
        let home = "https://shop.example/";
        assert_eq!(entry(json!({})), None);
        assert_eq!(entry(json!({ "client_uri": home })).as_deref(), Some(home));
        let begins =
            json!({ "client_uri": home, "initiate_login_uri": "https://shop.example/in?by=us" });
        assert_eq!(
            entry(begins).as_deref(),
            Some("https://shop.example/in?by=us&iss=https%3A%2F%2Fid.example")
        );
    }
}
