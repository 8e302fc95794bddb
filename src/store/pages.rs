//! Pages of lists: how a search is written, and what follows a row.

/// The most rows of one page.
pub const MAX_PAGE: i64 = 1000;

/// What lists compare: the same text whatever its capitals.
pub(crate) fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

/// The pattern of everything that contains a text, with [`ESCAPE`] before what would match more.
pub(crate) fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in folded(text).chars() {
        if c == ESCAPE || c == '%' || c == '_' {
            pattern.push(ESCAPE);
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// The escape character of those patterns.
pub(crate) const ESCAPE: char = '\\';

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_matches_itself_only() {
        assert_eq!(containing(" 100%_Ä\\ "), "%100\\%\\_ä\\\\%");
    }
}
