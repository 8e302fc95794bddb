//! Time as a parameter: instants in milliseconds, durations, and the clock that tells them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde::{Deserialize, Serialize};

/// A moment, in milliseconds since 1970-01-01T00:00:00Z. Stored as an integer on both databases,
/// because their text and timestamp forms compare differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instant(i64);

/// A length of time in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Span(i64);

impl Instant {
    /// From milliseconds since 1970.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From whole seconds since 1970 (RFC 7519 NumericDate).
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds since 1970.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, rounded down (RFC 7519 NumericDate).
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The span from `earlier` to `self`; negative when `earlier` is later.
    pub const fn since(self, earlier: Instant) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// The start of the minute: how exactly *last used* is kept.
    pub const fn floor_to_minute(self) -> Instant {
        Instant(self.0 - self.0.rem_euclid(60_000))
    }

    /// `2026-11-20T20:03:52Z` (RFC 3339), whole seconds.
    pub fn rfc3339(self) -> String {
        time::OffsetDateTime::from_unix_timestamp(self.seconds())
            .ok()
            .and_then(|t| {
                t.format(&time::format_description::well_known::Rfc3339)
                    .ok()
            })
            .unwrap_or_default()
    }

    /// Reads RFC 3339 text, or a plain date (`2026-11-20`) as its first moment in UTC.
    pub fn parse_rfc3339(text: &str) -> Option<Instant> {
        let whole = if text.len() == 10 {
            format!("{text}T00:00:00Z")
        } else {
            text.to_owned()
        };
        time::OffsetDateTime::parse(&whole, &time::format_description::well_known::Rfc3339)
            .ok()
            .map(|t| Instant::from_seconds(t.unix_timestamp()))
    }
}

impl std::ops::Add<Span> for Instant {
    type Output = Instant;
    fn add(self, span: Span) -> Instant {
        Instant(self.0.saturating_add(span.0))
    }
}

impl std::ops::Sub<Span> for Instant {
    type Output = Instant;
    fn sub(self, span: Span) -> Instant {
        Instant(self.0.saturating_sub(span.0))
    }
}

impl Span {
    /// From milliseconds.
    pub const fn millis(millis: i64) -> Self {
        Self(millis)
    }
    /// From seconds.
    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }
    /// From minutes.
    pub const fn minutes(minutes: i64) -> Self {
        Self::seconds(minutes.saturating_mul(60))
    }
    /// From hours.
    pub const fn hours(hours: i64) -> Self {
        Self::minutes(hours.saturating_mul(60))
    }
    /// From days of 24 hours.
    pub const fn days(days: i64) -> Self {
        Self::hours(days.saturating_mul(24))
    }
    /// In milliseconds.
    pub const fn as_millis(self) -> i64 {
        self.0
    }
    /// In whole seconds, rounded down.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }
    /// For the standard library; a negative span is zero.
    pub fn as_std(self) -> std::time::Duration {
        std::time::Duration::from_millis(u64::try_from(self.0).unwrap_or(0))
    }
}

impl std::ops::Add for Span {
    type Output = Span;
    fn add(self, span: Span) -> Span {
        Span(self.0.saturating_add(span.0))
    }
}

impl std::ops::Sub for Span {
    type Output = Span;
    fn sub(self, span: Span) -> Span {
        Span(self.0.saturating_sub(span.0))
    }
}

/// Tells the time. The system's outside tests; a [`ManualClock`] inside.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Instant;

    /// Milliseconds since the machine started, suspend included: for "how old is what I know",
    /// which must not move when the wall clock is set.
    fn uptime(&self) -> Span;
}

/// A clock that can be handed around.
pub type SharedClock = Arc<dyn Clock>;

/// A look at another clock, between two looks at our uptime: however long it took to be told the
/// time, it was told between the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Our uptime before.
    pub before: Span,
    /// What the other clock said.
    pub time: Instant,
    /// Our uptime after.
    pub after: Span,
}

/// The system's clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place where the wall clock is read"
        )]
        let now = std::time::SystemTime::now();
        let since = now
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        let now = Instant(i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
        #[cfg(debug_assertions)]
        let now = now + wrong_by();
        now
    }

    fn uptime(&self) -> Span {
        boot_time()
    }
}

/// By how much a test wants the wall clock of this process to be wrong: so many seconds as the file
/// says that `PORTICO_TEST_CLOCK` names. No release has this.
#[cfg(debug_assertions)]
fn wrong_by() -> Span {
    use std::path::PathBuf;
    use std::sync::OnceLock;
    static FILE: OnceLock<Option<PathBuf>> = OnceLock::new();
    let file = FILE.get_or_init(|| std::env::var_os("PORTICO_TEST_CLOCK").map(PathBuf::from));
    let said = file
        .as_ref()
        .and_then(|file| std::fs::read_to_string(file).ok());
    Span::seconds(said.and_then(|text| text.trim().parse().ok()).unwrap_or(0))
}

/// `CLOCK_BOOTTIME`, which counts while the machine is suspended. Where there is none, the
/// monotonic clock.
fn boot_time() -> Span {
    #[cfg(target_os = "linux")]
    {
        let t = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        Span(
            t.tv_sec
                .saturating_mul(1000)
                .saturating_add(t.tv_nsec / 1_000_000),
        )
    }
    #[cfg(not(target_os = "linux"))]
    {
        use std::sync::OnceLock;
        static START: OnceLock<std::time::Instant> = OnceLock::new();
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place where this clock is read"
        )]
        let now = std::time::Instant::now();
        Span(
            i64::try_from(now.duration_since(*START.get_or_init(|| now)).as_millis())
                .unwrap_or(i64::MAX),
        )
    }
}

/// A clock that a test moves by hand; both of its faces move together. Several can share the flow of
/// time and differ in what they say.
#[derive(Debug)]
pub struct ManualClock {
    elapsed: Arc<AtomicI64>,
    /// What the wall clock says beyond what has elapsed.
    wall: AtomicI64,
    /// How long the machine had been up in the beginning.
    up: i64,
}

impl ManualClock {
    /// Starts at a moment.
    pub fn at(now: Instant) -> Self {
        Self {
            elapsed: Arc::default(),
            wall: AtomicI64::new(now.0),
            up: 0,
        }
    }

    /// The clock of another machine: time passes for both at once, its wall clock is so far ahead of
    /// this one, and it has been up for so long.
    pub fn of_another_machine(&self, ahead: Span, up: Span) -> Self {
        Self {
            elapsed: Arc::clone(&self.elapsed),
            wall: AtomicI64::new(self.wall.load(Ordering::SeqCst) + ahead.0),
            up: up.0,
        }
    }

    /// Time passes.
    pub fn advance(&self, span: Span) {
        self.elapsed.fetch_add(span.0, Ordering::SeqCst);
    }

    /// Somebody sets the wall clock; no time passes.
    pub fn set_ahead(&self, span: Span) {
        self.wall.fetch_add(span.0, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        Instant(self.wall.load(Ordering::SeqCst) + self.elapsed.load(Ordering::SeqCst))
    }

    fn uptime(&self) -> Span {
        Span(self.up + self.elapsed.load(Ordering::SeqCst))
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_reads_its_own_text() {
        let t = Instant::from_millis(1_795_205_032_999);
        assert_eq!(t.rfc3339(), "2026-11-20T20:03:52Z");
        assert_eq!(
            Instant::parse_rfc3339(&t.rfc3339()),
            Some(Instant::from_seconds(t.seconds()))
        );
        assert_eq!(
            Instant::parse_rfc3339("2026-11-20")
                .map(|t| t.rfc3339())
                .as_deref(),
            Some("2026-11-20T00:00:00Z")
        );
        assert_eq!(Instant::parse_rfc3339("yesterday"), None);
    }

    #[test]
    fn seconds_round_down_before_1970_too() {
        assert_eq!(Instant::from_millis(-1).seconds(), -1);
    }
}
