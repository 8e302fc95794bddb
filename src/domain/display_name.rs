//! Names that people trust: whether the name of a program or a publisher could be taken for a mark
//! of ours, for a name in other letters, or for somebody else's.
//!
//! Knows no names of others: whoever asks hands them in. What is refused and who may allow it all the
//! same is `flow::administer`'s. The forms are those of Unicode TR 39: "skeleton" (§4), "resolved
//! script set" (§5.1).

use std::collections::BTreeSet;
use std::fmt;

use foundation::bounded_text::{is_unsafe_to_show, unseen};
use unicode_normalization::UnicodeNormalization as _;
use unicode_security::mixed_script::AugmentedScriptSet;
use unicode_security::skeleton;

/// Signs that look like ours: beside a verified publisher, on a lock, on a seal.
const MARKS: &str = "✓✔✅☑🗸🗹☒✗✘√🔒🔐🔏🛡⛨🏅🎖🪪";

/// Words that are ours to say of others. Compared letter by letter with what a name says, in the look
/// that it has: `Verifіed` with a Cyrillic letter is one of them.
const CLAIMS: &[&str] = &[
    "verified",
    "unverified",
    "official",
    "certified",
    "authentic",
    "подтверждено",
    "подтверждён",
    "проверено",
    "проверенный",
    "официальный",
    "официально",
    "афіцыйны",
    "правераны",
    "праверана",
    "пацверджана",
    "已认证",
    "已验证",
    "官方",
];

/// What about a name could mislead people. Shown to operators, with what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Concern {
    /// A sign that people take for ours.
    Mark(char),
    /// A word that only Portico says of a publisher.
    Claim(String),
    /// Nobody sees it, or sees another blank than it is.
    Invisible(char),
    /// One word in letters of several scripts.
    MixedScripts {
        /// The word.
        word: String,
        /// Its first letter that does not belong to those before it.
        letter: char,
        /// The script of that letter.
        script: String,
        /// The script of those before it.
        before: String,
    },
    /// The name of the super app stands in it: people would believe that it speaks.
    SuperAppIn(String),
    /// It looks like somebody else's name.
    LooksLike {
        /// Whose: `publisher`, `mini-program`, `client`.
        what: &'static str,
        /// The other's name.
        name: String,
        /// The other's id.
        id: String,
    },
}

impl fmt::Display for Concern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mark(sign) => write!(
                f,
                "{sign} ({}) looks like a mark of the super app's own",
                code_point(*sign)
            ),
            Self::Claim(word) => write!(
                f,
                "{word:?} is for the super app to say: people would believe that it did"
            ),
            Self::Invisible(c) => write!(f, "{} cannot be seen", code_point(*c)),
            Self::MixedScripts {
                word,
                letter,
                script,
                before,
            } => write!(
                f,
                "in {word:?} the letter {letter} ({}) is {script} among {before}",
                code_point(*letter)
            ),
            Self::SuperAppIn(name) => write!(
                f,
                "{name:?}, the name of the super app, stands in it, or what looks like that"
            ),
            Self::LooksLike { what, name, id } => {
                write!(f, "it looks like {name:?}, the name of {what} {id}")
            }
        }
    }
}

fn code_point(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

/// What could mislead in a name by itself.
pub fn concerns(name: &str) -> Vec<Concern> {
    let marks = name.chars().filter(|c| MARKS.contains(*c));
    let mut found: Vec<Concern> = marks.map(Concern::Mark).collect();
    found.extend(invisible(name).into_iter().map(Concern::Invisible));
    for word in name.split(|c: char| !is_of_a_word(c)) {
        if let Some(claim) = claim(word) {
            found.push(Concern::Claim(claim));
        }
        found.extend(mixed(word));
    }
    found.extend(unspaced_claim(name).map(Concern::Claim));
    found.dedup();
    found
}

/// Letters, digits, and what stands on or between them.
fn is_of_a_word(c: char) -> bool {
    c.is_alphanumeric() || is_combining(c) || "'’-".contains(c)
}

fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}')
}

/// What of a name nobody sees, and the blanks that are not a space.
fn invisible(name: &str) -> Vec<char> {
    let is_strange = |c: &char| c.is_whitespace() && *c != ' ' && *c != '\u{3000}';
    let mut found = unseen(name);
    let blanks = name.chars().filter(is_strange);
    found.extend(blanks.filter(|c| !is_unsafe_to_show(*c)));
    found
}

/// A word that is ours to say, if this is one in any look; `ver1fied` is, too.
fn claim(word: &str) -> Option<String> {
    let look = Look::of(word).in_strokes();
    let mut claims = CLAIMS.iter().filter(|claim| !is_ideographic(claim));
    let said = claims.any(|claim| look.is_like(&Look::of(claim).in_strokes()));
    said.then(|| word.to_owned())
}

/// The name of the super app in another name, as words of it or as the whole; `P0rt1co Pay`, too.
pub fn super_app_in(name: &str, super_app: &str) -> Option<Concern> {
    let brand = Look::of(super_app).in_strokes();
    let words: Vec<&str> = name
        .split(|c: char| !is_of_a_word(c))
        .filter(|word| !word.is_empty())
        .collect();
    let is_brand = |words: &[&str]| Look::of(&words.concat()).in_strokes().is_like(&brand);
    let found = (1..=words.len()).any(|number| words.windows(number).any(is_brand));
    found.then(|| Concern::SuperAppIn(super_app.to_owned()))
}

/// Languages without blanks between words: the claim anywhere.
fn unspaced_claim(name: &str) -> Option<String> {
    let mut claims = CLAIMS.iter().filter(|claim| is_ideographic(claim));
    claims
        .find(|claim| name.contains(**claim))
        .map(|c| (*c).to_owned())
}

fn is_ideographic(text: &str) -> bool {
    text.chars().all(|c| ('\u{4E00}'..='\u{9FFF}').contains(&c))
}

/// The first letter of a word that is of no script of those before it. Latin letters stand beside
/// Chinese, Japanese and Korean ones everywhere ("Highly Restrictive", TR 39 §5.2).
fn mixed(word: &str) -> Option<Concern> {
    let latin = AugmentedScriptSet::for_char('a');
    let rest: String = word
        .chars()
        .filter(|c| AugmentedScriptSet::for_char(*c) != latin)
        .collect();
    let others = AugmentedScriptSet::for_str(&rest);
    if !others.is_all() && (others.hanb || others.jpan || others.kore) {
        return None;
    }
    let mut scripts = AugmentedScriptSet::default();
    for letter in word.chars() {
        let of_letter = AugmentedScriptSet::for_char(letter);
        let mut both = scripts;
        both.intersect_with(of_letter);
        if both.is_empty() {
            return Some(Concern::MixedScripts {
                word: word.to_owned(),
                letter,
                script: of_letter.to_string(),
                before: scripts.to_string(),
            });
        }
        scripts = both;
    }
    None
}

/// What a name looks like. Two names that share a form look alike: without blanks and signs, without
/// the difference of capitals, and with every letter replaced by the plainest that looks like it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look(BTreeSet<String>);

impl Look {
    /// The look of a name. A capital can look like another letter than its small form does (`PaypaI`
    /// with a capital i), so both readings count.
    pub fn of(name: &str) -> Self {
        let small = name.to_lowercase();
        let forms = [plain(&small), plain(&plain_letters(name).to_lowercase())];
        Self(forms.into_iter().filter(|form| !form.is_empty()).collect())
    }

    /// The look in which `i` is `l`, for names that nobody else may come near.
    fn in_strokes(self) -> Self {
        let forms = self.0.into_iter();
        Self(forms.map(|form| form.replace('i', "l")).collect())
    }

    /// Whether one could be taken for the other.
    pub fn is_like(&self, other: &Self) -> bool {
        !self.0.is_disjoint(&other.0)
    }
}

fn plain_letters(text: &str) -> String {
    // Letters in circles and the like are no confusables to Unicode, but they are the same letters
    // (Normalization Form KC).
    let text: String = text.nfkc().collect();
    skeleton(&text).collect()
}

fn plain(text: &str) -> String {
    let letters = plain_letters(text);
    letters.chars().filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(name: &str) -> Vec<String> {
        concerns(name).iter().map(Concern::to_string).collect()
    }

    #[test]
    fn names_as_people_have_them_are_good() {
        for name in [
            "Market",
            "Corner Shop & Söhne",
            "Яндекс Такси",
            "Кафе Pizza Hut",
            "日本マーケット",
            "微信Pay",
            "한국 Mobile앱",
            "ქართული ბანკი",
            "L'Étoile – 24/7",
            "🍕 Pizza ❤\u{FE0F}",
            "Very fine tea",
        ] {
            assert_eq!(said(name), [""; 0], "{name}");
        }
    }

    #[test]
    fn marks_and_words_of_ours_are_named() {
        assert_eq!(
            said("✓ Verified publisher"),
            [
                "✓ (U+2713) looks like a mark of the super app's own",
                "\"Verified\" is for the super app to say: people would believe that it did",
            ]
        );
        for name in [
            "Official Shop",
            "VERIFIED",
            "ver1fied",
            "Проверено",
            "市场官方",
            "🔒 Bank",
            "Bank ✔\u{FE0F}",
        ] {
            assert!(!said(name).is_empty(), "{name}");
        }
    }

    #[test]
    fn a_letter_of_another_script_is_named() {
        assert_eq!(
            said("Mаrket"),
            ["in \"Mаrket\" the letter а (U+0430) is Cyrillic among Latin"]
        );
        assert_eq!(said("Verifіed").len(), 2, "a claim in other letters");
    }

    #[test]
    fn what_cannot_be_seen_is_named() {
        for name in [
            "Mar\u{AD}ket",
            "\u{3164}",
            "Mar\u{2003}ket",
            "Mar\u{FE0F}ket",
        ] {
            assert!(
                said(name)
                    .iter()
                    .any(|text| text.ends_with("cannot be seen")),
                "{name:?}"
            );
        }
    }

    #[test]
    fn names_that_look_alike_are_told() {
        for (one, other) in [
            ("Market", "market"),
            ("MINI", "mini"),
            ("Market", "Маrkеt"),
            ("Paypal", "PaypaI"),
            ("Paypal", "Paypa1"),
            ("Coco", "Сосо"),
            ("Corner Shop", "Corner-Shop"),
            ("Corner Shop", "CornerShop."),
            ("Zoom", "Z00m"),
            ("Modern", "Modem"),
            ("Market", "Ⓜarket"),
            ("Market", "Ｍａｒｋｅｔ"),
        ] {
            assert!(Look::of(one).is_like(&Look::of(other)), "{one} {other}");
        }
        for (one, other) in [("Market", "Markets"), ("Bank", "Bang"), ("Mail", "Mall")] {
            assert!(!Look::of(one).is_like(&Look::of(other)), "{one} {other}");
        }
        let (signs, stars) = (Look::of("!!!"), Look::of("***"));
        assert!(!signs.is_like(&stars), "signs alone have no look");
    }

    #[test]
    fn the_super_app_in_a_name_is_told() {
        for name in [
            "Super Nova",
            "SUPERNOVA",
            "Suреr Nоvа",
            "Super-Nova Pay",
            "Help of Super.Nova",
            "Super N0va",
        ] {
            assert!(super_app_in(name, "Super Nova").is_some(), "{name}");
        }
        for name in ["Nova", "Super", "Super Novak", "Market", "!!!"] {
            assert_eq!(super_app_in(name, "Super Nova"), None, "{name}");
        }
        assert!(super_app_in("P0rt1co Support", "Portico").is_some());
        assert_eq!(super_app_in("Market", "***"), None);
    }
}
