//! Scopes as people read them: what a scope is, and the value that would be shared.
//!
//! Owns names and forms of values for pages. Which values a scope stands for is in the table of
//! scopes; nothing here chooses what is shared.

use domain::kyc::{Kyc, KycStatus};
use foundation::bounded_text::safe_to_show;
use foundation::clock::Instant;
use protocol::scope::ScopeName;
use protocol::scope_catalog::ScopeCatalog;
use text::{Arg, Language};

/// What would be shared, as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// One or more lines, ready to read.
    Lines(Vec<String>),
    /// There is nothing yet; the line says what is missing.
    Missing(String),
    /// The scope stands for no value of the person's (`offline_access`, an operator's own scope).
    None,
}

impl Value {
    /// The lines, or what is missing where there are none though the scope is about some:
    /// `You have no phone number yet`.
    pub fn of(
        language: &Language,
        catalog: &ScopeCatalog,
        scope: &ScopeName,
        lines: Vec<String>,
    ) -> Self {
        match catalog.row(scope.as_str()) {
            _ if !lines.is_empty() => Self::Lines(lines),
            Some(row) if !row.shown.is_empty() => {
                Self::Missing(language.text(&format!("missing-scope-{}", row.words()), &[]))
            }
            Some(_) | None => Self::None,
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

/// What a scope is, as a row says it: `Your phone number`. A scope of the operator's own is told by
/// the operator's description. Its name is for programs: people never read it.
pub fn label(language: &Language, catalog: &ScopeCatalog, scope: &ScopeName) -> String {
    let (row, own) = (catalog.row(scope.as_str()), catalog.operator.get(scope));
    match (row, own) {
        (Some(row), _) => language.text(&format!("scope-{}", row.words()), &[]),
        (None, Some(own)) => match language.choose(&own.description) {
            Some(description) => safe_to_show(description),
            None => language.text("scope-undescribed", &[]),
        },
        // It was there when somebody allowed it.
        (None, None) => language.text("scope-undescribed", &[]),
    }
}

/// The same inside a sentence, on a page of its own: `your phone number`.
pub fn label_in_sentence(language: &Language, catalog: &ScopeCatalog, scope: &ScopeName) -> String {
    match catalog.row(scope.as_str()) {
        Some(row) => language.text(&format!("what-{}", row.words()), &[]),
        None => label(language, catalog, scope),
    }
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
    language.text(&format!("claim-{name}"), &[("value", value.into())])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use protocol::scope_catalog::{BUILT_IN, Form, OperatorScope};
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
    }

    fn scope(name: &str) -> ScopeName {
        ScopeName::parse(name).expect("a scope")
    }

    /// With two scopes of the operator's, one of them in English and German.
    fn catalog() -> ScopeCatalog {
        let described = |texts: &[(&str, &str)]| OperatorScope {
            description: texts
                .iter()
                .map(|(tag, text)| ((*tag).to_owned(), (*text).to_owned()))
                .collect(),
            sensitive: false,
        };
        let orders = described(&[("de", "Deine Bestellungen"), ("en", "Your orders")]);
        ScopeCatalog {
            operator: BTreeMap::from([
                (scope("orders.read"), orders),
                // Its name looks like the words of another one.
                (
                    scope("phone-verified"),
                    described(&[("en", "\u{202E}Your line")]),
                ),
            ]),
            ..ScopeCatalog::default()
        }
    }

    #[test]
    fn every_scope_has_its_words_in_every_language() {
        let languages = Languages::built_in();
        for tag in languages.tags() {
            let language = languages.negotiate(std::slice::from_ref(&tag), None, None);
            for row in BUILT_IN.iter().filter(|row| row.is_about_a_person()) {
                let words = row.words();
                let asked_apart = row.sensitive.then(|| format!("what-{words}"));
                let may_be_missing = !row.shown.is_empty();
                let missing = may_be_missing.then(|| format!("missing-scope-{words}"));
                let named = row.shown.iter().filter(|(_, form)| *form == Form::Named);
                let claims = named.map(|(claim, _)| format!("claim-{claim}"));
                let keys = [Some(format!("scope-{words}")), asked_apart, missing];
                for key in keys.into_iter().flatten().chain(claims) {
                    assert!(language.has(&key), "{tag}: {key} for {}", row.name);
                }
            }
        }
    }

    #[test]
    fn a_scope_is_told_in_words_and_never_by_its_name() {
        let (english, catalog) = (english(), catalog());
        let told = |name: &str| label(&english, &catalog, &scope(name));
        assert_eq!(told("phone.verified"), "Your phone number");
        assert_eq!(told("portico:launch"), "Open mini-programs for you");
        assert_eq!(told("orders.read"), "Your orders");
        assert_eq!(told("phone-verified"), "Your line");
        let gone = told("loyalty:points");
        assert!(!gone.contains("loyalty") && !gone.contains('⟪'), "{gone}");
        let sentence = label_in_sentence(&english, &catalog, &scope("kyc.status"));
        assert_eq!(sentence, "the result of your identity check");
        assert_eq!(scope_id("phone.verified"), "scope-phone-verified");
    }

    #[test]
    fn what_is_missing_is_said_where_there_could_be_something() {
        let (english, catalog) = (english(), catalog());
        let nothing = |name: &str| Value::of(&english, &catalog, &scope(name), Vec::new());
        let missing = "You have no verified phone number yet".to_owned();
        assert_eq!(nothing("phone.verified"), Value::Missing(missing));
        for name in ["offline_access", "unionid", "orders.read", "loyalty:points"] {
            assert_eq!(nothing(name), Value::None, "{name}");
        }
    }
}
