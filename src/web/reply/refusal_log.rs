//! What the log says when a client's request is refused.
//!
//! A client that cannot prove who it is gets a line that its developer asks the operator for:
//! answers do not say what was wrong. Anybody can be refused as often as they like, so the lines of
//! a second are counted. No line has a secret, a token or anything else from the request but a
//! well-formed `client_id`.

use std::sync::{Mutex, PoisonError};

use foundation::clock::{Clock as _, Span, SystemClock};
use foundation::id::ClientId;
use protocol::oauth_error::{ErrorCode, OAuthError};
use tracing::Level;

/// The target of lines about clients that did not authenticate, so that a filter can name them:
/// `info,client_authentication=off`.
const TARGET: &str = "client_authentication";
/// The most of them in a second.
const MAX_LINES: u32 = 10;

/// The pace of this process's log.
static PACE: Pace = Pace::new();

/// Logs a refusal.
pub(crate) fn log(error: &OAuthError) {
    // How fast a log grows is a matter of the machine's time, not of the time that answers go by.
    log_at(&PACE, SystemClock.uptime(), error);
}

fn log_at(pace: &Pace, now: Span, error: &OAuthError) {
    let is_told =
        error.code() == ErrorCode::InvalidClient && tracing::enabled!(target: TARGET, Level::INFO);
    match is_told.then(|| pace.admits(now)).flatten() {
        Some(left_out) => tracing::info!(
            target: TARGET,
            client_id = error.client_id().map(ClientId::as_str),
            cause = error.cause().unwrap_or(error.description()),
            left_out,
            "a client did not authenticate"
        ),
        None => tracing::debug!(
            error = error.code().as_str(),
            cause = error.cause(),
            "refused"
        ),
    }
}

/// Counts the lines of a second.
struct Pace(Mutex<Counted>);

struct Counted {
    second: i64,
    lines: u32,
    left_out: u64,
}

impl Pace {
    const fn new() -> Self {
        Self(Mutex::new(Counted {
            second: i64::MIN,
            lines: 0,
            left_out: 0,
        }))
    }

    /// Whether one more line may be written, and if so, how many were left out since the last.
    fn admits(&self, now: Span) -> Option<u64> {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.second != now.as_seconds() {
            counted.second = now.as_seconds();
            counted.lines = 0;
        }
        if counted.lines == MAX_LINES {
            counted.left_out += 1;
            return None;
        }
        counted.lines += 1;
        Some(std::mem::take(&mut counted.left_out))
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::sync::Arc;

    use protocol::oauth_error::{invalid_client, invalid_grant};
    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    use super::*;

    /// Keeps the lines of level info.
    struct Kept(Arc<Mutex<Vec<String>>>);

    impl Subscriber for Kept {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            *metadata.level() <= Level::INFO
        }
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, event: &Event<'_>) {
            let mut line = Line(event.metadata().target().to_owned());
            event.record(&mut line);
            self.0.lock().expect("no panic").push(line.0);
        }
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    struct Line(String);

    impl Visit for Line {
        fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
            write!(self.0, " {field}={value:?}").expect("a string grows");
        }
    }

    fn lines(act: impl FnOnce()) -> Vec<String> {
        let lines = Arc::new(Mutex::new(Vec::new()));
        tracing::subscriber::with_default(Kept(Arc::clone(&lines)), act);
        lines.lock().expect("no panic").clone()
    }

    fn failure() -> OAuthError {
        invalid_client("client authentication failed").because("the secret is wrong")
    }

    #[test]
    fn who_did_not_authenticate_and_why_is_told() {
        let (pace, now) = (Pace::new(), Span::seconds(7));
        let market = ClientId::parse("market").expect("an id");
        let told = lines(|| {
            log_at(&pace, now, &failure().about(&market));
            log_at(&pace, now, &invalid_client("the scheme must be Basic"));
            log_at(&pace, now, &invalid_grant("the code is not valid"));
        });
        insta::assert_snapshot!(told.join("\n"), @r#"
        client_authentication message=a client did not authenticate client_id="market" cause="the secret is wrong" left_out=0
        client_authentication message=a client did not authenticate cause="the scheme must be Basic" left_out=0
        "#);
    }

    #[test]
    fn a_flood_is_ten_lines_a_second_and_a_number() {
        let pace = Pace::new();
        let at = |millis: i64| {
            let flood = || (0..1000).for_each(|_| log_at(&pace, Span::millis(millis), &failure()));
            lines(flood)
        };
        assert_eq!(at(1000).len(), 10);
        assert_eq!(at(1999).len(), 0);
        let next = at(2000);
        assert_eq!(next.len(), 10);
        assert!(next[0].ends_with("left_out=1990"), "{}", next[0]);
        assert!(next[1].ends_with("left_out=0"), "{}", next[1]);
    }
}
