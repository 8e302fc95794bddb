//! The cookie that holds a site's own session, in the form that the site's place needs.

use actix_web::HttpRequest;
use foundation::secret::SecretText;

/// The name; every site has a host of its own, so one name serves them all.
const NAME: &str = "session";
/// Longer values are none of ours.
const LONGEST: usize = 64;

/// Where a site's pages appear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CookieKind {
    /// At the top, or in a frame of its own site: first-party.
    FirstParty,
    /// In a frame of another site. Browsers keep such a cookie apart for each site at the top
    /// (CHIPS), and only when it is `Secure`, which `http://*.localhost` may set as well.
    Partitioned,
}

impl CookieKind {
    /// The `Set-Cookie` value. Written by hand: actix-web's cookie has no `Partitioned`.
    pub(crate) fn set_cookie(self, value: &SecretText) -> String {
        self.with(value.expose())
    }

    /// The `Set-Cookie` value that makes the browser forget it.
    pub(crate) fn no_cookie(self) -> String {
        format!("{}; Max-Age=0", self.with(""))
    }

    fn with(self, value: &str) -> String {
        let attributes = match self {
            Self::FirstParty => "SameSite=Lax",
            Self::Partitioned => "Secure; SameSite=None; Partitioned",
        };
        format!("{NAME}={value}; Path=/; HttpOnly; {attributes}")
    }
}

/// The presented cookie, if it can be one of ours.
pub(crate) fn presented(request: &HttpRequest) -> Option<String> {
    request
        .cookie(NAME)
        .map(|c| c.value().to_owned())
        .filter(|value| value.len() <= LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_framed_program_keeps_its_cookie_partitioned() {
        let value = SecretText::new("abc");
        assert_eq!(
            CookieKind::Partitioned.set_cookie(&value),
            "session=abc; Path=/; HttpOnly; Secure; SameSite=None; Partitioned"
        );
        assert_eq!(
            CookieKind::FirstParty.set_cookie(&value),
            "session=abc; Path=/; HttpOnly; SameSite=Lax"
        );
    }
}
