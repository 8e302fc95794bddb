//! Dates and times in plain words: `12 October 2026`, `14:32`.
//!
//! Owns their form. All are in UTC, and the sentences around times of day say so: a page without
//! scripts does not know where its reader is.

use foundation::clock::Instant;

use crate::language::{Arg, Language};
use crate::markup::{Markup, escape};

impl Language {
    /// `12 October 2026`.
    pub fn date(&self, at: Instant) -> String {
        let parts = DateParts::of(at);
        let month = self.text(&format!("month-{}", parts.month), &[]);
        self.text(
            "date",
            &[
                ("day", parts.day.trim_start_matches('0').into()),
                ("month", month.into()),
                ("year", parts.year.into()),
            ],
        )
    }

    /// `14:32`.
    pub fn time(&self, at: Instant) -> String {
        let parts = DateParts::of(at);
        self.text(
            "time",
            &[("hour", parts.hour.into()), ("minute", parts.minute.into())],
        )
    }

    /// `12 October 2026, 14:32 UTC`.
    pub fn date_time(&self, at: Instant) -> String {
        self.text(
            "date-time",
            &[
                ("date", self.date(at).into()),
                ("time", self.time(at).into()),
            ],
        )
    }

    /// [`Language::date`] in a `<time>`.
    pub fn date_html(&self, at: Instant) -> Markup {
        in_time_element(at, &self.date(at))
    }

    /// [`Language::time`] in a `<time>`.
    pub fn time_html(&self, at: Instant) -> Markup {
        in_time_element(at, &self.time(at))
    }

    /// [`Language::date_time`] in a `<time>`.
    pub fn date_time_html(&self, at: Instant) -> Markup {
        in_time_element(at, &self.date_time(at))
    }

    /// `1 second`, `8 seconds`, `2 minutes`: a wait, rounded up, in the larger unit from two
    /// minutes on.
    pub fn wait(&self, seconds: u32) -> String {
        if seconds < 120 {
            self.text("seconds", &[("count", Arg::Number(seconds.max(1).into()))])
        } else {
            self.text(
                "minutes",
                &[("count", Arg::Number(seconds.div_ceil(60).into()))],
            )
        }
    }
}

fn in_time_element(at: Instant, text: &str) -> Markup {
    let machine = at.rfc3339();
    Markup::escaped(format!(
        r#"<time datetime="{}">{}</time>"#,
        escape(&machine),
        escape(text)
    ))
}

/// The parts of `2026-10-12T14:32:00Z`.
struct DateParts {
    year: String,
    month: String,
    day: String,
    hour: String,
    minute: String,
}

impl DateParts {
    fn of(at: Instant) -> Self {
        let text = at.rfc3339();
        let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or("?").to_owned();
        Self {
            year: part(0..4),
            month: part(5..7),
            day: part(8..10),
            hour: part(11..13),
            minute: part(14..16),
        }
    }
}

#[cfg(test)]
mod tests {
    use foundation::clock::Instant;

    use crate::Languages;

    #[test]
    fn dates_and_times_are_plain() {
        let english = Languages::built_in().fallback();
        let at = Instant::parse_rfc3339("2026-10-02T04:32:59Z").expect("a date");
        assert_eq!(english.date(at), "2 October 2026");
        assert_eq!(english.time(at), "04:32");
        assert_eq!(english.date_time(at), "2 October 2026, 04:32 UTC");
        assert_eq!(
            english.time_html(at).as_str(),
            r#"<time datetime="2026-10-02T04:32:59Z">04:32</time>"#
        );
    }

    #[test]
    fn a_wait_is_told_in_the_unit_that_fits() {
        let english = Languages::built_in().fallback();
        let told = [0, 1, 8, 119, 120, 121].map(|seconds| english.wait(seconds));
        assert_eq!(
            told,
            [
                "1 second",
                "1 second",
                "8 seconds",
                "119 seconds",
                "2 minutes",
                "3 minutes"
            ]
        );
    }
}
