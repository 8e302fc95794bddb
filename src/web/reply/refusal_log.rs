//! What the log says when a client's request is refused.
//!
//! A client that cannot prove who it is, or that sent a value which does not fit, gets a line that its
//! developer asks the operator for: answers do not say what was wrong. Anybody can be refused as often
//! as they like, so the lines of a second are counted. No line has a secret, a token or anything else
//! from the request but a well-formed `client_id` and the value that does not fit.

use flow::client_mistakes;
use foundation::id::ClientId;
use foundation::log_pace::LogPace;
use protocol::oauth_error::{ErrorCode, OAuthError};
use tracing::Level;

/// The target of lines about clients that did not authenticate, so that a filter can name them:
/// `info,client_authentication=off`.
const AUTHENTICATION: &str = "client_authentication";
/// The most of them in a second.
const MAX_LINES: u32 = 10;

/// The pace of this process's log.
static PACE: LogPace = LogPace::new(MAX_LINES);

/// Logs a refusal.
pub(crate) fn log(error: &OAuthError) {
    log_at(&PACE, error);
}

fn log_at(pace: &LogPace, error: &OAuthError) {
    if let Some(mismatch) = error.mismatch() {
        return client_mistakes::log(error.client_id(), mismatch);
    }
    let is_told = error.code() == ErrorCode::InvalidClient
        && tracing::enabled!(target: AUTHENTICATION, Level::INFO);
    match is_told.then(|| pace.admits()).flatten() {
        Some(left_out) => tracing::info!(
            target: AUTHENTICATION,
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

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::sync::{Arc, Mutex};

    use protocol::mismatch::{Mismatch, Mistake};
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
        let pace = LogPace::new(MAX_LINES);
        let market = ClientId::parse("market").expect("an id");
        let told = lines(|| {
            log_at(&pace, &failure().about(&market));
            log_at(&pace, &invalid_client("the scheme must be Basic"));
            log_at(&pace, &invalid_grant("the code is not valid"));
        });
        insta::assert_snapshot!(told.join("\n"), @r#"
        client_authentication message=a client did not authenticate client_id="market" cause="the secret is wrong" left_out=0
        client_authentication message=a client did not authenticate cause="the scheme must be Basic" left_out=0
        "#);
    }

    #[test]
    fn what_does_not_fit_is_told_with_what_would() {
        let pace = LogPace::new(MAX_LINES);
        let market = ClientId::parse("market").expect("an id");
        let mismatch = Mismatch::new(
            Mistake::RedirectUriNotRegistered,
            "https://a.example/\"\n",
            ["https://a.example/"],
        );
        let told = lines(|| {
            let error = invalid_grant("the code is not valid").for_makers(mismatch.clone());
            log_at(&pace, &error.about(&market));
            client_mistakes::log(None, &mismatch);
        });
        insta::assert_snapshot!(told.join("\n"), @r#"
        client_mistake message=a client sent what does not fit client_id="market" cause="redirect_uri is not registered" received="https://a.example/\"" registered=["https://a.example/"] left_out=0
        client_mistake message=a client sent what does not fit cause="redirect_uri is not registered" received="https://a.example/\"" registered=["https://a.example/"] left_out=0
        "#);
    }

    #[test]
    fn a_flood_is_ten_lines_a_second() {
        let pace = LogPace::new(MAX_LINES);
        let flood = || (0..1000).for_each(|_| log_at(&pace, &failure()));
        let told = lines(flood).len();
        // The machine may be slow enough for the flood to reach into another second.
        assert!((10..1000).contains(&told), "{told}");
    }
}
