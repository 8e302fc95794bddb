//! Where one request ends in what a connection reads, and the next begins: as much of RFC 9112 as tells
//! a head from a body.
//!
//! What a request is, and what is wrong with it, actix-http says. Here nothing is refused but a head
//! without end. Where the two could read differently, this one lets the request end earlier: then what
//! follows waits for the answer, while taken for a body it would be handed out at once.

/// The longest part of a line that is looked at: longer than the names and values that matter.
const LINE: usize = 64;

/// Follows what is read, request after request.
pub(super) struct Framing {
    part: Part,
    max_head: usize,
}

/// A head that has more bytes than it may.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct HeadTooLong;

/// In which part of a request the next byte lies.
enum Part {
    Head(Head),
    /// So many bytes of a body are left.
    Length(u64),
    Chunked(Chunked),
    /// In none: the request is whole.
    Over,
}

/// A head, as far as it was read.
#[derive(Default)]
struct Head {
    bytes: usize,
    line: Line,
    /// Whether the request line was seen; empty lines may stand before it (RFC 9112 §2.2).
    has_begun: bool,
    length: Option<u64>,
    is_chunked: bool,
    /// Whether its framing is what actix-http refuses.
    is_odd: bool,
}

/// The beginning of a line, and how long it is.
struct Line {
    kept: [u8; LINE],
    length: usize,
}

/// A chunked body (RFC 9112 §7.1), as far as it was read.
enum Chunked {
    /// The digits of a size.
    Size(u64),
    /// What stands after them, up to the end of the line.
    Extension(u64),
    Data(u64),
    AfterData,
    /// The lines after the last chunk.
    Trailer {
        is_empty: bool,
    },
    Over,
}

impl Framing {
    /// Before the first request; its head and those of the others may have so many bytes.
    pub(super) fn new(max_head: usize) -> Self {
        let part = Part::Head(Head::default());
        Self { part, max_head }
    }

    /// The next byte is the first of another request.
    pub(super) fn begin(&mut self) {
        self.part = Part::Head(Head::default());
    }

    /// Whether a request was read to its end.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.part, Part::Over)
    }

    /// Whether the head of a request is still being read.
    pub(super) fn is_in_head(&self) -> bool {
        matches!(self.part, Part::Head(_))
    }

    /// How many of these bytes belong to the request that is being read.
    ///
    /// # Errors
    /// Its head is too long.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<usize, HeadTooLong> {
        let mut taken = 0;
        while taken < bytes.len() {
            let rest = &bytes[taken..];
            let (more, next) = match &mut self.part {
                Part::Head(head) => head.take(rest, self.max_head)?,
                Part::Length(left) => {
                    let more = usize::try_from(*left).map_or(rest.len(), |n| n.min(rest.len()));
                    *left -= more as u64;
                    (more, (*left == 0).then_some(Part::Over))
                }
                Part::Chunked(chunked) => chunked.take(rest),
                Part::Over => break,
            };
            taken += more;
            if let Some(next) = next {
                self.part = next;
            }
        }
        Ok(taken)
    }
}

impl Head {
    /// Takes bytes up to the end of a line; gives what comes after the last.
    fn take(&mut self, bytes: &[u8], max: usize) -> Result<(usize, Option<Part>), HeadTooLong> {
        let end = memchr::memchr(b'\n', bytes);
        let taken = end.map_or(bytes.len(), |at| at + 1);
        self.bytes += taken;
        if self.bytes > max {
            return Err(HeadTooLong);
        }
        let Some(end) = end else {
            self.line.push(bytes);
            return Ok((taken, None));
        };
        self.line.push(&bytes[..end]);
        let line = std::mem::take(&mut self.line);
        match line.text() {
            b"" if self.has_begun => return Ok((taken, Some(self.body()))),
            b"" => {}
            text if self.has_begun => self.field(text),
            _ => self.has_begun = true,
        }
        Ok((taken, None))
    }

    fn field(&mut self, line: &[u8]) {
        let Some(colon) = memchr::memchr(b':', line) else {
            return;
        };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"content-length") {
            let length = std::str::from_utf8(value).ok().and_then(|v| v.parse().ok());
            self.is_odd |= self.length.is_some() || length.is_none();
            self.length = length;
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.is_chunked = value.eq_ignore_ascii_case(b"chunked");
        }
    }

    fn body(&self) -> Part {
        match (self.length, self.is_chunked) {
            _ if self.is_odd => Part::Over,
            (None, true) => Part::Chunked(Chunked::Size(0)),
            (Some(length @ 1..), false) => Part::Length(length),
            _ => Part::Over,
        }
    }
}

impl Default for Line {
    fn default() -> Self {
        Self {
            kept: [0; LINE],
            length: 0,
        }
    }
}

impl Line {
    fn push(&mut self, bytes: &[u8]) {
        if let Some(room) = self.kept.get_mut(self.length..) {
            let kept = bytes.len().min(room.len());
            room[..kept].copy_from_slice(&bytes[..kept]);
        }
        self.length = self.length.saturating_add(bytes.len());
    }

    /// Without what ends it. Of a long line the beginning, which then says nothing that matters.
    fn text(&self) -> &[u8] {
        let text = &self.kept[..self.length.min(LINE)];
        text.strip_suffix(b"\r").unwrap_or(text)
    }
}

impl Chunked {
    fn take(&mut self, bytes: &[u8]) -> (usize, Option<Part>) {
        let mut taken = 0;
        while let Some(&byte) = bytes.get(taken) {
            if let Self::Data(left) = self {
                let rest = bytes.len() - taken;
                let more = usize::try_from(*left).map_or(rest, |n| n.min(rest));
                *left -= more as u64;
                taken += more;
                if *left == 0 {
                    *self = Self::AfterData;
                }
                continue;
            }
            taken += 1;
            *self = self.after(byte);
            if matches!(self, Self::Over) {
                return (taken, Some(Part::Over));
            }
        }
        (taken, None)
    }

    /// What comes after a byte that is no data; what is no chunk ends the body.
    fn after(&self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Size(size), _) if byte.is_ascii_hexdigit() => {
                let digit = char::from(byte).to_digit(16).map_or(0, u64::from);
                let size = size.checked_mul(16).map(|size| size | digit);
                size.map_or(Self::Over, Self::Size)
            }
            (Self::Size(size), b'\r' | b';' | b' ' | b'\t') => Self::Extension(*size),
            (Self::Extension(0), b'\n') => Self::Trailer { is_empty: true },
            (Self::Extension(size), b'\n') => Self::Data(*size),
            (Self::Extension(size), _) => Self::Extension(*size),
            (Self::AfterData, b'\r') => Self::AfterData,
            (Self::AfterData, b'\n') => Self::Size(0),
            (Self::Trailer { is_empty: true }, b'\n') => Self::Over,
            (Self::Trailer { .. }, b'\n') => Self::Trailer { is_empty: true },
            (Self::Trailer { is_empty }, b'\r') => Self::Trailer {
                is_empty: *is_empty,
            },
            (Self::Trailer { .. }, _) => Self::Trailer { is_empty: false },
            (Self::Size(_) | Self::AfterData | Self::Data(_) | Self::Over, _) => Self::Over,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: usize = 16 * 1024;

    /// Where the first request of a text ends, however it is cut into pieces.
    fn ends_at(text: &str) -> Option<usize> {
        let read = |piece: usize| {
            let mut framing = Framing::new(MAX);
            let mut taken = 0;
            for piece in text.as_bytes().chunks(piece) {
                let more = framing.take(piece).expect("a short head");
                taken += more;
                if more < piece.len() {
                    break;
                }
            }
            framing.is_over().then_some(taken)
        };
        let whole = read(text.len());
        for piece in [1, 2, 3, 7] {
            assert_eq!(read(piece), whole, "{text:?} in pieces of {piece}");
        }
        whole
    }

    #[test]
    fn a_request_ends_where_its_body_does() {
        let next = "GET /next HTTP/1.1\r\n\r\n";
        for request in [
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\nHost: a\n\n",
            "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
            "POST / HTTP/1.1\r\ncontent-LENGTH:5 \r\n\r\na\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n4\r\n\r\n\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nA;x=y\r\n0123456789\r\n000\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nTrailer: x\r\n\r\n",
        ] {
            assert_eq!(ends_at(request), Some(request.len()), "{request:?}");
            assert_eq!(
                ends_at(&format!("{request}{next}")),
                Some(request.len()),
                "{request:?}"
            );
            let short = &request[..request.len() - 1];
            assert_eq!(ends_at(short), None, "{short:?}");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_has_no_body_that_hides_a_request() {
        let twice = "POST / HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 9\r\n\r\n";
        let both = "POST / HTTP/1.1\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n";
        let late = format!(
            "POST / HTTP/1.1\r\nContent-Length:{}9\r\n\r\n",
            " ".repeat(LINE)
        );
        let signed = "POST / HTTP/1.1\r\nContent-Length: -9\r\n\r\n";
        let folded = "POST / HTTP/1.1\r\nX: y\r\n Content-Length: 9\r\n\r\n";
        for head in [twice, both, &late, signed, folded] {
            assert_eq!(
                ends_at(&format!("{head}GET / HT")),
                Some(head.len()),
                "{head:?}"
            );
        }
        let chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        for broken in ["x", "ffffffffffffffff0", "1\r\naX"] {
            let text = format!("{chunked}{broken}");
            assert_eq!(
                ends_at(&format!("{text}GET /")),
                Some(text.len()),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_head_has_a_bound_and_a_body_counts_for_nothing() {
        let head = |length: usize| format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(length - 18));
        let take = |text: &str| Framing::new(MAX).take(text.as_bytes());
        assert_eq!(head(MAX).len(), MAX);
        assert_eq!(take(&head(MAX)), Ok(MAX));
        assert_eq!(take(&head(MAX + 1)), Err(HeadTooLong));
        assert_eq!(
            take(&"\r\n".repeat(MAX)),
            Err(HeadTooLong),
            "a head of empty lines"
        );
        let post = format!(
            "POST / HTTP/1.1\r\nContent-Length: {MAX}\r\n\r\n{}",
            "a".repeat(MAX)
        );
        assert_eq!(take(&post), Ok(post.len()));
    }
}
