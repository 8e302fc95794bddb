//! Scopes as people read them: what a scope is, and the value that would be shared.
//!
//! Owns names and forms of values for pages. Which values a scope stands for is decided in
//! `domain`; nothing here chooses what is shared.

use domain::kyc::{Kyc, KycStatus};
use foundation::bounded_text::safe_to_show;
use foundation::clock::Instant;
use text::{Arg, Language};

/// What would be shared, as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// One or more lines, ready to read.
    Lines(Vec<String>),
    /// There is nothing yet; the line says what is missing ([`missing`]).
    Missing(String),
    /// The scope stands for no value of the person's (`offline_access`, an operator's own scope).
    None,
}

impl Value {
    /// The lines, or what is missing where there are none.
    pub fn of(language: &Language, scope: &str, lines: Vec<String>) -> Self {
        if lines.is_empty() {
            Self::Missing(missing(language, scope))
        } else {
            Self::Lines(lines)
        }
    }

    /// One line.
    pub fn line(text: impl Into<String>) -> Self {
        Self::Lines(vec![text.into()])
    }
}

/// `scope-phone-verified` for `phone.verified`: the `id` of its checkbox.
pub fn scope_id(scope: &str) -> String {
    format!("scope-{}", dashed(scope))
}

/// A scope as part of an id.
pub(crate) fn dashed(scope: &str) -> String {
    scope.replace('.', "-")
}

/// The key of a sentence about a scope. Operators name scopes as they like; keys hold letters,
/// digits, `-` and `_`.
fn key(prefix: &str, scope: &str) -> String {
    let name: String = scope
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '_' {
                c
            } else {
                '-'
            }
        })
        .collect();
    format!("{prefix}-{name}")
}

/// What a scope is, as a row says it: `Your phone number`. A scope of the operator's own is told by
/// the operator's description, or else by its name.
pub fn label(language: &Language, scope: &str, description: Option<&str>) -> String {
    sentence(language, "scope", scope)
        .or_else(|| description.map(safe_to_show))
        .unwrap_or_else(|| scope.to_owned())
}

/// The same inside a sentence: `your phone number`.
pub fn label_in_sentence(language: &Language, scope: &str, description: Option<&str>) -> String {
    sentence(language, "what", scope).unwrap_or_else(|| label(language, scope, description))
}

/// What is missing where a scope has no value: `You have no phone number yet`.
pub fn missing(language: &Language, scope: &str) -> String {
    sentence(language, "missing-scope", scope).unwrap_or_else(|| language.text("missing-any", &[]))
}

fn sentence(language: &Language, prefix: &str, scope: &str) -> Option<String> {
    let key = key(prefix, scope);
    language.has(&key).then(|| language.text(&key, &[]))
}

/// A phone number with its middle hidden: `+375 ••• 4567`. Whoever looks over a shoulder learns
/// little, and its owner knows it.
pub fn phone(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    if digits.len() < 7 {
        return "•••".to_owned();
    }
    let last = &digits[digits.len() - 4..];
    if number.trim_start().starts_with('+') {
        let code = &digits[..calling_code_length(&digits)];
        format!("+{code} ••• {last}")
    } else {
        format!("••• {last}")
    }
}

/// How many digits the country's calling code has (ITU-T E.164): one for zones 1 and 7, two for
/// those listed, three for all others.
fn calling_code_length(digits: &str) -> usize {
    const TWO: &[&str] = &[
        "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46",
        "47", "48", "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63",
        "64", "65", "66", "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
    ];
    match digits {
        d if d.starts_with(['1', '7']) => 1,
        d if TWO.iter().any(|code| d.starts_with(code)) => 2,
        _ => 3,
    }
}

/// A card: `Visa •••• 4242, until 12/2029`. Of anything longer than four digits the last four are
/// shown, whatever the store holds.
pub fn card(language: &Language, brand: &str, last4: &str, expires: Option<&str>) -> String {
    let digits: Vec<char> = last4.chars().filter(char::is_ascii_digit).collect();
    let last: String = digits[digits.len().saturating_sub(4)..].iter().collect();
    let mut args: Vec<(&str, Arg)> = vec![("brand", brand.into()), ("last4", last.into())];
    match expires {
        None => language.text("value-card", &args),
        Some(expires) => {
            args.push(("expires", expires.into()));
            language.text("value-card-expires", &args)
        }
    }
}

/// An address on one line: `Home: 5 Lake Road, Minsk`.
pub fn address(language: &Language, label: Option<&str>, formatted: &str) -> String {
    let lines: Vec<&str> = formatted
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty())
        .collect();
    let line = lines.join(", ");
    match label {
        None => safe_to_show(&line),
        Some(label) => language.text(
            "value-address",
            &[("label", label.into()), ("address", line.into())],
        ),
    }
}

/// The result of an identity check: `Verified since 12 October 2026 (level: full)`.
pub fn kyc(language: &Language, kyc: &Kyc) -> String {
    let since = kyc.verified_at.as_deref().and_then(Instant::parse_rfc3339);
    let mut args: Vec<(&str, Arg)> = vec![("level", kyc.level.as_str().into())];
    let key = match (kyc.status, since) {
        (KycStatus::Verified, Some(at)) => {
            args.push(("date", language.date(at).into()));
            "value-kyc-verified-since"
        }
        (KycStatus::Verified, None) => "value-kyc-verified",
        (KycStatus::Pending, _) => "value-kyc-pending",
        (KycStatus::Rejected, _) => "value-kyc-rejected",
        (KycStatus::Expired, _) => "value-kyc-expired",
        (KycStatus::None, _) => "value-kyc-none",
    };
    language.text(key, &args)
}

/// A claim with its name before it: `Time zone: Europe/Vilnius`.
pub fn claim(language: &Language, name: &str, value: &str) -> String {
    let key = key("claim", name);
    if language.has(&key) {
        language.text(&key, &[("value", value.into())])
    } else {
        safe_to_show(value)
    }
}

#[cfg(test)]
mod tests {
    use text::Languages;

    use super::*;

    fn english() -> Language {
        Languages::built_in().fallback()
    }

    #[test]
    fn a_phone_number_shows_its_country_and_its_end() {
        let shown = [
            "+375 29 123-45-67",
            "+14155550123",
            "+442071234567",
            "80291234567",
            "911",
            "+1",
        ]
        .map(phone);
        let wanted = [
            "+375 ••• 4567",
            "+1 ••• 0123",
            "+44 ••• 4567",
            "••• 4567",
            "•••",
            "•••",
        ];
        assert_eq!(shown, wanted);
    }

    #[test]
    fn a_card_shows_four_digits_whatever_it_is_given() {
        assert_eq!(card(&english(), "Visa", "4242", None), "Visa •••• 4242");
        assert_eq!(
            card(&english(), "Visa", "4111111111111111", Some("12/2029")),
            "Visa •••• 1111, until 12/2029"
        );
        assert_eq!(card(&english(), "Visa", "", None), "Visa •••• ");
    }

    #[test]
    fn an_address_and_a_check_are_one_line_each() {
        assert_eq!(
            address(&english(), Some("Home"), "5 Lake Road\nMinsk\n"),
            "Home: 5 Lake Road, Minsk"
        );
        assert_eq!(address(&english(), None, "5 Lake Road"), "5 Lake Road");
        let check = |status, verified_at: Option<&str>| {
            let verified_at = verified_at.map(str::to_owned);
            let level = "full".to_owned();
            kyc(
                &english(),
                &Kyc {
                    level,
                    status,
                    verified_at,
                },
            )
        };
        assert_eq!(
            check(KycStatus::Verified, Some("2026-10-12T08:00:00Z")),
            "Verified since 12 October 2026 (level: full)"
        );
        assert_eq!(check(KycStatus::Verified, None), "Verified (level: full)");
        assert_eq!(
            check(KycStatus::Pending, None),
            "Being checked (level: full)"
        );
    }

    #[test]
    fn a_claim_says_what_it_is() {
        assert_eq!(
            claim(&english(), "zoneinfo", "Europe/Vilnius"),
            "Time zone: Europe/Vilnius"
        );
        assert_eq!(claim(&english(), "shoe_size", "38"), "38");
    }

    #[test]
    fn every_scope_has_words() {
        assert_eq!(
            label(&english(), "phone.verified", None),
            "Your phone number"
        );
        assert_eq!(
            label(&english(), "portico:launch", None),
            "Open mini-programs for you"
        );
        assert_eq!(
            label(&english(), "orders.read", Some("Your orders")),
            "Your orders"
        );
        assert_eq!(label(&english(), "orders.read", None), "orders.read");
        assert_eq!(
            label_in_sentence(&english(), "kyc.status", None),
            "the result of your identity check"
        );
        assert_eq!(
            missing(&english(), "phone.verified"),
            "You have no verified phone number yet"
        );
        assert_eq!(missing(&english(), "orders.read"), "Nothing to share yet");
        assert_eq!(scope_id("phone.verified"), "scope-phone-verified");
    }
}
