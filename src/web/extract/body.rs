//! The body of a posted form: of the one type that we read, bounded in bytes and in time.
//!
//! What comes in one piece is not copied. What the fields mean is the business of who asked.

use std::task::Poll;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::rt::time::timeout;
use actix_web::web::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use protocol::oauth_error::{OAuthError, invalid_request};
use protocol::parameters::{ParameterError, Parameters};

/// The most bytes of a form.
pub(crate) const MAX_BODY: usize = 64 * 1024;
/// How long a form may take to arrive: whoever sends a byte now and then holds nothing for long.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why a form cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BodyProblem {
    /// Of another type, or of none.
    NotAForm,
    /// More than 64 KiB.
    TooLong,
    /// It did not arrive in time.
    Late,
    /// It ended early, or is not UTF-8.
    Broken,
    /// A parameter breaks a rule.
    Parameters(ParameterError),
}

impl From<BodyProblem> for OAuthError {
    fn from(problem: BodyProblem) -> Self {
        match problem {
            BodyProblem::NotAForm => {
                invalid_request("the body must be application/x-www-form-urlencoded")
            }
            BodyProblem::TooLong => invalid_request("the body is too long"),
            BodyProblem::Late => invalid_request("the body did not arrive in time"),
            BodyProblem::Broken => invalid_request("the body is broken"),
            BodyProblem::Parameters(error) => error.into(),
        }
    }
}

/// Reads the form of a request.
pub(crate) async fn form(
    request: &HttpRequest,
    payload: Payload,
) -> Result<Parameters, BodyProblem> {
    if !is_form(request) {
        return Err(BodyProblem::NotAForm);
    }
    let announced = request.headers().get(CONTENT_LENGTH);
    let announced = announced.and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > MAX_BODY) {
        return Err(BodyProblem::TooLong);
    }
    let body = in_time(whole(payload)).await?;
    let text = std::str::from_utf8(&body).map_err(|_| BodyProblem::Broken)?;
    Parameters::parse_urlencoded(text).map_err(BodyProblem::Parameters)
}

/// Whether the body is a form. Parameters of the type, such as `charset`, change nothing: a form is
/// UTF-8 (RFC 6749 Appendix B).
pub(crate) fn is_form(request: &HttpRequest) -> bool {
    let content_type = request.headers().get(CONTENT_TYPE);
    content_type.and_then(|v| v.to_str().ok()).is_some_and(|v| {
        let essence = v.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
    })
}

/// Waits for what a client sends, as long as is patient. Most bodies come with their head, and are
/// there when asked for a second time; only for the others a timer is set.
async fn in_time(
    body: impl Future<Output = Result<Bytes, BodyProblem>>,
) -> Result<Bytes, BodyProblem> {
    let mut body = std::pin::pin!(body);
    let mut asked = false;
    let soon = std::future::poll_fn(|context| match body.as_mut().poll(context) {
        Poll::Ready(body) => Poll::Ready(Some(body)),
        Poll::Pending if asked => Poll::Ready(None),
        Poll::Pending => {
            asked = true;
            context.waker().wake_by_ref();
            Poll::Pending
        }
    });
    match soon.await {
        Some(body) => body,
        None => timeout(TIMEOUT, body)
            .await
            .unwrap_or(Err(BodyProblem::Late)),
    }
}

async fn whole(mut payload: Payload) -> Result<Bytes, BodyProblem> {
    let first = next(&mut payload).await?.unwrap_or_default();
    let mut longer = match next(&mut payload).await? {
        None if first.len() <= MAX_BODY => return Ok(first),
        None => return Err(BodyProblem::TooLong),
        Some(second) => {
            let mut both = BytesMut::from(first);
            both.extend_from_slice(&second);
            both
        }
    };
    while let Some(piece) = next(&mut payload).await? {
        if longer.len() + piece.len() > MAX_BODY {
            return Err(BodyProblem::TooLong);
        }
        longer.extend_from_slice(&piece);
    }
    match longer.len() > MAX_BODY {
        true => Err(BodyProblem::TooLong),
        false => Ok(longer.freeze()),
    }
}

async fn next(payload: &mut Payload) -> Result<Option<Bytes>, BodyProblem> {
    let piece = payload.next().await.transpose();
    piece.map_err(|_| BodyProblem::Broken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::error::PayloadError;
    use actix_web::test::TestRequest;
    use futures_util::{Stream, stream};

    const FORM: &str = "application/x-www-form-urlencoded";

    /// Reads a body that comes in these pieces.
    async fn read(
        content_type: &str,
        pieces: Vec<Result<&'static [u8], PayloadError>>,
    ) -> Result<Parameters, BodyProblem> {
        let request = TestRequest::post()
            .insert_header((CONTENT_TYPE, content_type))
            .to_http_request();
        let pieces = pieces.into_iter().map(|p| p.map(Bytes::from_static));
        form(&request, streamed(stream::iter(pieces))).await
    }

    fn streamed(pieces: impl Stream<Item = Result<Bytes, PayloadError>> + 'static) -> Payload {
        let boxed: std::pin::Pin<Box<dyn Stream<Item = _>>> = Box::pin(pieces);
        Payload::from(boxed)
    }

    #[actix_web::test]
    async fn a_form_is_read_in_one_piece_or_in_many() {
        for pieces in [
            vec![Ok(&b"a=1&b=2"[..])],
            vec![Ok(b"a="), Ok(b"1"), Ok(b"&b=2")],
            vec![Ok(b""), Ok(b"a=1&b=2")],
        ] {
            let form = read("Application/X-WWW-Form-Urlencoded; charset=UTF-8", pieces).await;
            let form = form.expect("a form");
            assert_eq!(
                (form.one("a"), form.one("b")),
                (Ok(Some("1")), Ok(Some("2")))
            );
        }
        let empty = read(FORM, vec![]).await.expect("an empty form");
        assert_eq!(empty.iter().count(), 0);
    }

    #[actix_web::test]
    async fn another_type_is_refused() {
        for other in ["", "application/json", "multipart/form-data", "text/plain"] {
            assert_eq!(
                read(other, vec![Ok(b"a=1")]).await,
                Err(BodyProblem::NotAForm),
                "{other}"
            );
        }
        let longer = "application/x-www-form-urlencoded-too";
        assert_eq!(
            read(longer, vec![Ok(b"a=1")]).await,
            Err(BodyProblem::NotAForm)
        );
    }

    #[actix_web::test]
    async fn attack_96_a_long_body_is_refused_however_it_comes() {
        static LONG: [u8; MAX_BODY + 1] = [b'&'; MAX_BODY + 1];
        let (most, half) = (&LONG[..MAX_BODY], &LONG[..MAX_BODY / 2]);
        assert!(read(FORM, vec![Ok(most)]).await.is_ok());
        assert!(read(FORM, vec![Ok(half), Ok(half)]).await.is_ok());
        for pieces in [
            vec![Ok(&LONG[..])],
            vec![Ok(most), Ok(b"&")],
            vec![Ok(half), Ok(half), Ok(b"&")],
        ] {
            assert_eq!(read(FORM, pieces).await, Err(BodyProblem::TooLong));
        }
    }

    #[actix_web::test]
    async fn an_announced_length_is_refused_before_the_body_is_read() {
        let request = TestRequest::post()
            .insert_header((CONTENT_TYPE, FORM))
            .insert_header((CONTENT_LENGTH, MAX_BODY + 1))
            .to_http_request();
        let never = streamed(stream::pending());
        assert_eq!(form(&request, never).await, Err(BodyProblem::TooLong));
    }

    #[actix_web::test]
    async fn what_is_broken_is_refused() {
        let incomplete = Err(PayloadError::Incomplete(None));
        assert_eq!(
            read(FORM, vec![Ok(b"a="), incomplete]).await,
            Err(BodyProblem::Broken)
        );
        assert_eq!(
            read(FORM, vec![Ok(b"a=\xff")]).await,
            Err(BodyProblem::Broken)
        );
        let encoding = BodyProblem::Parameters(ParameterError::Encoding);
        assert_eq!(read(FORM, vec![Ok(b"a=%ff")]).await, Err(encoding));
    }
}
