//! Values of a profile as people read them: from what a flow found to the lines of a page.
//! What is shared is decided in `flow::shared_data`; nothing here chooses.

use flow::shared_data::ShownValue;
use foundation::bounded_text::safe_to_show;
use text::Language;

use crate::page::share;

/// A line for each value; blank ones are left out.
pub(crate) fn lines(language: &Language, values: &[ShownValue]) -> Vec<String> {
    let lines = values.iter().map(|value| line(language, value));
    lines.filter(|line| !line.trim().is_empty()).collect()
}

fn line(language: &Language, value: &ShownValue) -> String {
    match value {
        ShownValue::Text(text) => safe_to_show(text),
        ShownValue::Claim(name, value) => share::claim(language, name, value),
        ShownValue::Phone(number) => share::phone(number),
        ShownValue::Address { label, line } => share::address(language, label.as_deref(), line),
        ShownValue::Card(card) => {
            share::card(language, &card.brand, &card.last4, card.expires.as_deref())
        }
        ShownValue::Kyc(kyc) => share::kyc(language, kyc),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: ShownValue) -> Vec<String> {
        lines(&text::Languages::built_in().fallback(), &[value])
    }

    #[test]
    fn a_value_cannot_rewrite_the_sheet() {
        assert_eq!(
            shown(ShownValue::Text("Ada \u{202E}knaB".into())),
            ["Ada knaB"]
        );
        assert_eq!(
            shown(ShownValue::Claim("nickname", "Ada \u{202E}knaB".into())),
            ["Nickname: Ada knaB"]
        );
        let line = "5 Lake Road \u{202E}knaB".to_owned();
        assert_eq!(
            shown(ShownValue::Address {
                label: Some("Ho\u{202E}me".into()),
                line
            }),
            ["Home: 5 Lake Road knaB"]
        );
    }

    #[test]
    fn what_cannot_be_seen_is_no_line() {
        assert_eq!(shown(ShownValue::Text("\u{200B} ".into())), [""; 0]);
    }
}
