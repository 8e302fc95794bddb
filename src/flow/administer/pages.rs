//! A page of a list: what is looked for, what was found, and what comes after.

/// Which page of which list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageQuery {
    /// Only what contains this, whatever its capitals.
    pub search: Option<String>,
    /// Only what comes after this one.
    pub after: Option<String>,
    /// At most so many.
    pub limit: i64,
}

impl PageQuery {
    /// How many rows a page has; what a caller asks for is kept within bounds.
    pub(crate) fn rows(&self) -> i64 {
        self.limit.clamp(1, store::pages::MAX_PAGE)
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// What the next page comes after; `None` on the last.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Of one row more than a page has: only then is there another page.
    pub(crate) fn of(mut rows: Vec<T>, limit: i64, key: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(key);
        Self { rows, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_that_is_followed_says_so() {
        let page = |rows: Vec<i32>| Page::of(rows, 2, ToString::to_string);
        assert_eq!(page(vec![1, 2, 3]).next.as_deref(), Some("2"));
        assert_eq!(page(vec![1, 2, 3]).rows, [1, 2]);
        assert_eq!(page(vec![1, 2]).next, None);
        assert_eq!(page(vec![]).next, None);
    }
}
