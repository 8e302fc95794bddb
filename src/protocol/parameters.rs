//! The parameters of a request as they came, from a query or a form, in order and within bounds.
//!
//! Owns decoding, bounds and the rule about repeated names. What a parameter means is the business
//! of the request that reads it.

use std::borrow::Cow;
use std::fmt;

use url::form_urlencoded;

use crate::authorization_error::{AuthorizationErrorCode, AuthorizationRefusal};
use crate::oauth_error::{OAuthError, invalid_request};

/// How many pairs a request may have.
const MAX_PAIRS: usize = 100;
/// How many pairs most requests have at most.
const EXPECTED_PAIRS: usize = 8;
/// Bytes of a name.
const MAX_NAME: usize = 100;
/// Bytes of a value: room for a request object or a `claims` parameter.
const MAX_VALUE: usize = 8 * 1024;
/// The one whose length says nothing about the request: a token that is too long to be one is not active
/// (RFC 7662 §2.2), and revoked already (RFC 7009 §2.2).
const TOKEN: &str = "token";
/// Bytes of all of them together.
const MAX_TOTAL: usize = 64 * 1024;
/// How many wishes of a list are looked at.
const MAX_WISHES: usize = 10;
/// Bytes of one of them.
const MAX_WISH: usize = 256;

/// Names and values in the order in which they came. `Debug` shows names only, because values may
/// be passwords, codes and tokens.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Parameters {
    /// All names and values, decoded, one after the other.
    text: String,
    ends: Vec<Ends>,
}

/// Where a name and its value end in the text. The name begins where the pair before ended.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Ends {
    name: usize,
    value: usize,
}

/// Why parameters were refused. The text names no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// More than 100 of them.
    #[error("there are too many parameters")]
    TooMany,
    /// A name of more than 100 bytes.
    #[error("the name of a parameter is too long")]
    NameTooLong,
    /// A value of more than 8 KiB, but for a token.
    #[error("{0} is too long")]
    ValueTooLong(String),
    /// More than 64 KiB in all.
    #[error("the request is too long")]
    TooLong,
    /// A NUL character.
    #[error("{0} contains a character that is not allowed")]
    Nul(String),
    /// Broken percent-encoding, or not UTF-8 after decoding.
    #[error("the parameters are not correctly encoded")]
    Encoding,
    /// A name that came more than once.
    #[error("{0} must not be repeated")]
    Duplicate(String),
}

impl Parameters {
    /// Reads `application/x-www-form-urlencoded` text: a query without its `?`, or a form body.
    ///
    /// # Errors
    /// A bound is passed, or a NUL character is in them; and broken percent-encoding or invalid
    /// UTF-8, which a lenient reader would replace, so that two readers see two different requests.
    pub fn parse_urlencoded(text: &str) -> Result<Self, ParameterError> {
        if text.len() > MAX_TOTAL {
            return Err(ParameterError::TooLong);
        }
        let mut read = Self {
            text: String::with_capacity(text.len()),
            ends: Vec::with_capacity(EXPECTED_PAIRS),
        };
        for piece in text.split('&').filter(|piece| !piece.is_empty()) {
            if read.ends.len() == MAX_PAIRS {
                return Err(ParameterError::TooMany);
            }
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            let decode = |part| decode_form(part).ok_or(ParameterError::Encoding);
            read.push(&decode(name)?, &decode(value)?)?;
        }
        Ok(read)
    }

    fn push(&mut self, name: &str, value: &str) -> Result<(), ParameterError> {
        if name.len() > MAX_NAME {
            return Err(ParameterError::NameTooLong);
        }
        if value.len() > MAX_VALUE && name != TOKEN {
            return Err(ParameterError::ValueTooLong(name.to_owned()));
        }
        let has_nul = |text: &str| memchr::memchr(0, text.as_bytes()).is_some();
        if has_nul(name) || has_nul(value) {
            return Err(ParameterError::Nul(name.replace('\0', "")));
        }
        self.text.push_str(name);
        let name = self.text.len();
        self.text.push_str(value);
        let value = self.text.len();
        self.ends.push(Ends { name, value });
        Ok(())
    }

    /// The value of a parameter that may come once.
    ///
    /// # Errors
    /// [`ParameterError::Duplicate`] if it came more than once, empty or not.
    pub fn one(&self, name: &str) -> Result<Option<&str>, ParameterError> {
        let mut values = self.all(name);
        let first = values.next();
        // "Request and response parameters MUST NOT be included more than once" (RFC 6749 §3.1)
        if values.next().is_some() {
            return Err(ParameterError::Duplicate(name.to_owned()));
        }
        // "Parameters sent without a value MUST be treated as if they were omitted from the
        // request" (RFC 6749 §3.1)
        Ok(first.filter(|value| !value.is_empty()))
    }

    /// All non-empty values of a parameter that may be repeated: `resource`, `audience`, and the
    /// fields of our own forms.
    pub fn many(&self, name: &str) -> Vec<&str> {
        self.all(name).filter(|value| !value.is_empty()).collect()
    }

    /// A list of wishes in order of preference, such as `ui_locales`. Nothing about it is ever an error:
    /// what is too much is left out, and so is everything of a list that came twice.
    pub fn wishes(&self, name: &str) -> Vec<String> {
        let text = self.one(name).ok().flatten();
        text.unwrap_or_default()
            .split(' ')
            .filter(|wish| !wish.is_empty() && wish.len() <= MAX_WISH)
            .take(MAX_WISHES)
            .map(str::to_owned)
            .collect()
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.iter()
            .filter(move |(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// Refuses any repeated name, unknown ones too, besides those in `except`.
    ///
    /// # Errors
    /// [`ParameterError::Duplicate`] with the first repeated name.
    pub fn refuse_duplicates(&self, except: &[&str]) -> Result<(), ParameterError> {
        let mut seen = std::collections::HashSet::new();
        for (name, _) in self.iter() {
            if !seen.insert(name) && !except.contains(&name) {
                return Err(ParameterError::Duplicate(name.to_owned()));
            }
        }
        Ok(())
    }

    /// The pairs, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let begins = std::iter::once(0).chain(self.ends.iter().map(|ends| ends.value));
        begins.zip(&self.ends).map(|(begin, ends)| {
            (
                &self.text[begin..ends.name],
                &self.text[ends.name..ends.value],
            )
        })
    }

    /// The same pairs as `application/x-www-form-urlencoded` text.
    pub fn to_urlencoded(&self) -> String {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(self.iter())
            .finish()
    }
}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Parameters")?;
        f.debug_list()
            .entries(self.iter().map(|(name, _)| name))
            .finish()
    }
}

impl From<ParameterError> for OAuthError {
    fn from(error: ParameterError) -> Self {
        invalid_request(error.to_string())
    }
}

impl From<ParameterError> for AuthorizationRefusal {
    fn from(error: ParameterError) -> Self {
        AuthorizationRefusal::new(AuthorizationErrorCode::InvalidRequest, error.to_string())
    }
}

/// Decodes one form-encoded name or value (RFC 6749 Appendix B); `None` for broken
/// percent-encoding and for what is not UTF-8.
pub(crate) fn decode_form(text: &str) -> Option<Cow<'_, str>> {
    // Most parts have nothing to decode, and a token is long.
    let Some(first) = memchr::memchr2(b'+', b'%', text.as_bytes()) else {
        return Some(Cow::Borrowed(text));
    };
    let (plain, rest) = text.as_bytes().split_at(first);
    let mut decoded = Vec::with_capacity(text.len());
    decoded.extend_from_slice(plain);
    let mut bytes = rest.iter().copied();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => hex(bytes.next()?)? << 4 | hex(bytes.next()?)?,
            other => other,
        });
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Parameters {
        Parameters::parse_urlencoded(text).expect("well-formed")
    }

    #[test]
    fn a_form_is_decoded_in_order() {
        let parameters = parsed("state=a%20b+c&&scope=&x");
        let pairs: Vec<_> = parameters.iter().collect();
        assert_eq!(pairs, [("state", "a b c"), ("scope", ""), ("x", "")]);
        assert_eq!(parameters.to_urlencoded(), "state=a+b+c&scope=&x=");
    }

    #[test]
    fn a_parameter_without_a_value_was_not_sent() {
        assert_eq!(parsed("scope=&state=1").one("scope"), Ok(None));
        assert_eq!(parsed("state=1").one("state"), Ok(Some("1")));
    }

    #[test]
    fn a_repeated_parameter_is_refused_even_if_empty_equal_or_unknown() {
        for text in ["a=1&a=2", "a=1&a=1", "a=&a=1", "a&a"] {
            let duplicate = ParameterError::Duplicate("a".into());
            assert_eq!(parsed(text).one("a"), Err(duplicate.clone()), "{text}");
            assert_eq!(
                parsed(text).refuse_duplicates(&["resource"]),
                Err(duplicate),
                "{text}"
            );
        }
        let parameters = parsed("resource=x&resource=y&resource=");
        assert_eq!(parameters.refuse_duplicates(&["resource"]), Ok(()));
        assert_eq!(parameters.many("resource"), ["x", "y"]);
    }

    #[test]
    fn wishes_are_read_in_their_order_and_are_never_wrong() {
        let read = |text: &str| parsed(text).wishes("ui_locales");
        assert_eq!(read("ui_locales=ru+en&a=b"), ["ru", "en"]);
        let nonsense = read("ui_locales=xx-nonsense++%F0%9F%98%80");
        assert_eq!(nonsense, ["xx-nonsense", "😀"]);
        for none in ["a=b", "ui_locales=", "ui_locales=ru&ui_locales=en"] {
            assert_eq!(read(none), [""; 0], "{none}");
        }
        let many = format!("ui_locales={}", "ru+".repeat(100));
        assert_eq!(read(&many).len(), MAX_WISHES);
        let long = format!("ui_locales={}+en", "r".repeat(MAX_WISH + 1));
        assert_eq!(read(&long), ["en"]);
    }

    #[test]
    fn what_two_readers_could_read_differently_is_refused() {
        for text in ["a=%", "a=%4", "a=%zz", "a=%ff", "%c0%80=1", "a=%+1"] {
            assert_eq!(
                Parameters::parse_urlencoded(text),
                Err(ParameterError::Encoding),
                "{text}"
            );
        }
        assert_eq!(
            Parameters::parse_urlencoded("a=%00"),
            Err(ParameterError::Nul("a".into()))
        );
    }

    #[test]
    fn every_bound_holds_at_its_edge() {
        assert!(Parameters::parse_urlencoded(&"a=1&".repeat(100)).is_ok());
        let refused = |text: String| Parameters::parse_urlencoded(&text).expect_err("too much");
        assert_eq!(refused("a=1&".repeat(101)), ParameterError::TooMany);
        assert!(Parameters::parse_urlencoded(&format!("a={}", "x".repeat(8192))).is_ok());
        let long = ParameterError::ValueTooLong("a".into());
        assert_eq!(refused(format!("a={}", "x".repeat(8193))), long);
        let token = format!("token={}", "x".repeat(60_000));
        assert!(Parameters::parse_urlencoded(&token).is_ok());
        assert_eq!(
            refused(format!("{}=1", "x".repeat(101))),
            ParameterError::NameTooLong
        );
        assert_eq!(refused("x".repeat(1 << 20)), ParameterError::TooLong);
    }

    #[test]
    fn a_value_is_never_printed() {
        let text = format!("{:?}", parsed("username=ada&password=secret"));
        assert_eq!(text, r#"Parameters["username", "password"]"#);
    }
}
