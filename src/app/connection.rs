//! A connection that was accepted, made to keep pace: what it reads is handed on one request at a time,
//! and whoever is slow with any part is sent away.
//!
//! actix-http decodes all that it has read, answers it one after the other, and times only the first
//! head. Without this, somebody who sends requests and reads no answers would fill memory with them, for
//! as long as they like. What a request says is not looked at here, only where it ends.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

pub(super) mod admission;
mod framing;

use framing::{Framing, HeadTooLong};

/// As much is read at once, and so no more is kept.
const READ: usize = 4 * 1024;
/// What an answer does not begin with, though it is written (RFC 9110 §15.2.1).
const NOT_YET: &[u8] = b"HTTP/1.1 100 ";
/// "The 431 status code indicates that the server is unwilling to process the request because its
/// header fields are too large" (RFC 6585 §5).
const HEAD_TOO_LONG: &[u8] = b"HTTP/1.1 431 Request Header Fields Too Large\r\n\
                               Content-Length: 0\r\nConnection: close\r\n\r\n";

/// How slow somebody may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct ConnectionPace {
    /// From the first byte of a head to its last.
    pub(super) head: Duration,
    /// How many bytes a head may have.
    pub(super) max_head: usize,
    /// From the end of a head to the beginning of the answer.
    pub(super) answer: Duration,
    /// From an answer that came early to the end of the body that nobody reads.
    pub(super) rest: Duration,
    /// How long nothing can be written.
    pub(super) write: Duration,
}

impl Default for ConnectionPace {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(5),
            max_head: 16 * 1024,
            answer: Duration::from_secs(30),
            rest: Duration::from_secs(5),
            write: Duration::from_secs(10),
        }
    }
}

/// A stream that keeps pace.
pub(super) struct PacedStream<S> {
    stream: S,
    pace: ConnectionPace,
    framing: Framing,
    turn: RequestTurn,
    /// What was read of later requests.
    kept: Vec<u8>,
    /// Since when nothing can be written.
    stuck: Option<Instant>,
    /// Who wants to read and was told to wait.
    reader: Option<Waker>,
    timer: Option<Pin<Box<Sleep>>>,
    /// Whether the timer is set.
    is_set: bool,
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug)]
enum RequestTurn {
    /// The client's; since when, once a head has begun.
    Head(Option<Instant>),
    /// Ours: a head was handed on.
    Asked(Instant),
    /// Ours: an answer is being written.
    Answering,
    /// The client's: the answer came before the end of the body.
    Answered(Instant),
}

impl<S: AsyncRead + AsyncWrite + Unpin> PacedStream<S> {
    /// A stream that nothing was read from yet.
    pub(super) fn new(stream: S, pace: ConnectionPace) -> Self {
        Self {
            stream,
            pace,
            framing: Framing::new(pace.max_head),
            turn: RequestTurn::Head(None),
            kept: Vec::new(),
            stuck: None,
            reader: None,
            timer: None,
            is_set: false,
        }
    }

    /// When somebody will have been too slow.
    fn due(&self) -> Option<Instant> {
        let turn = match self.turn {
            RequestTurn::Head(since) => since.map(|at| at + self.pace.head),
            RequestTurn::Asked(at) => Some(at + self.pace.answer),
            RequestTurn::Answering => None,
            RequestTurn::Answered(at) => Some(at + self.pace.rest),
        };
        let write = self.stuck.map(|at| at + self.pace.write);
        turn.into_iter().chain(write).min()
    }

    /// Refuses to go on once somebody was too slow, and else sees to it that this is asked again in
    /// time. Most requests leave the timer as it is: it is set again when it has run out.
    fn in_time(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        while let Some(due) = self.due() {
            let timer = match &mut self.timer {
                Some(timer) => timer,
                none => none.insert(Box::pin(tokio::time::sleep_until(due))),
            };
            if !self.is_set || timer.deadline() > due {
                timer.as_mut().reset(due);
                self.is_set = true;
            }
            if timer.as_mut().poll(context).is_pending() {
                return Ok(());
            }
            self.is_set = false;
            if due <= Instant::now() {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
        Ok(())
    }

    /// Reads into what is free, and gives how much of that may be handed on.
    fn poll_some(
        &mut self,
        context: &mut Context<'_>,
        free: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<usize>> {
        if self.kept.is_empty() {
            let mut part = ReadBuf::new(free.initialize_unfilled_to(free.remaining().min(READ)));
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut part))?;
            let read = part.filled();
            let taken = match self.framing.take(read) {
                Ok(taken) => taken,
                Err(HeadTooLong) => return Poll::Ready(Err(self.refuse_head(context))),
            };
            self.kept.extend_from_slice(&read[taken..]);
            free.advance(taken);
            return Poll::Ready(Ok(taken));
        }
        let some = self.kept.len().min(free.remaining());
        let taken = match self.framing.take(&self.kept[..some]) {
            Ok(taken) => taken,
            Err(HeadTooLong) => return Poll::Ready(Err(self.refuse_head(context))),
        };
        free.put_slice(&self.kept[..taken]);
        self.kept.drain(..taken);
        if self.kept.is_empty() {
            self.kept = Vec::new();
        }
        Poll::Ready(Ok(taken))
    }

    /// Says why, as far as that can be written at once.
    fn refuse_head(&mut self, context: &mut Context<'_>) -> io::Error {
        let _ = Pin::new(&mut self.stream).poll_write(context, HEAD_TOO_LONG);
        io::Error::new(
            io::ErrorKind::InvalidData,
            "the head of a request is too long",
        )
    }

    /// Notes what was handed on.
    fn handed_on(&mut self, bytes: usize) {
        if let (RequestTurn::Head(since), 1..) = (self.turn, bytes) {
            let now = Instant::now();
            self.turn = match self.framing.is_in_head() {
                true => RequestTurn::Head(Some(since.unwrap_or(now))),
                false => RequestTurn::Asked(now),
            };
        }
        self.take_turns();
    }

    /// After an answer and the end of its request the next one may come.
    fn take_turns(&mut self) {
        if matches!(self.turn, RequestTurn::Answered(_)) && self.framing.is_over() {
            self.begin_turn();
        }
    }

    /// Notes that an answer is out. That is mostly after the end of its request, so that nothing is
    /// waited for, and no clock is read.
    fn has_answered(&mut self) {
        match self.framing.is_over() {
            true => self.begin_turn(),
            false => self.turn = RequestTurn::Answered(Instant::now()),
        }
    }

    fn begin_turn(&mut self) {
        self.framing.begin();
        self.turn = RequestTurn::Head(None);
        self.wake_reader();
    }

    fn wake_reader(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }

    /// Notes whether something could be written.
    fn wrote<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_pending() {
            self.stuck.get_or_insert_with(Instant::now);
            self.in_time(context)?;
        } else if self.stuck.take().is_some() {
            self.wake_reader();
        }
        written
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for PacedStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        free: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.in_time(context)?;
        if this.stuck.is_some() || this.framing.is_over() {
            this.reader = Some(context.waker().clone());
            return Poll::Pending;
        }
        let taken = ready!(this.poll_some(context, free))?;
        this.handed_on(taken);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for PacedStream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(context, bytes);
        let is_some = matches!(written, Poll::Ready(Ok(1..)));
        if is_some && matches!(this.turn, RequestTurn::Asked(_)) && !bytes.starts_with(NOT_YET) {
            this.turn = RequestTurn::Answering;
        }
        this.wrote(context, written)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.stream).poll_flush(context);
        if flushed.is_ready() && matches!(this.turn, RequestTurn::Answering) {
            this.has_answered();
        }
        this.in_time(context)?;
        this.wrote(context, flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let shut = Pin::new(&mut this.stream).poll_shutdown(context);
        this.wrote(context, shut)
    }
}

#[cfg(test)]
mod tests;
