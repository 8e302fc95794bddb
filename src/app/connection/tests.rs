//! A connection that keeps pace, with a client at the other end of a pipe in memory. What takes seconds
//! takes milliseconds here; nothing sleeps, and what is waited for is the end of the connection.

use std::future::poll_fn;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

use super::*;

const GET: &str = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
const POST: &str = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
const ANSWER: &str = "HTTP/1.1 200 OK\r\n\r\n";

/// So slow that no test comes to its end.
const SLOW: ConnectionPace = ConnectionPace {
    head: Duration::from_secs(600),
    max_head: 200,
    answer: Duration::from_secs(600),
    rest: Duration::from_secs(600),
    write: Duration::from_secs(600),
};
const SOON: Duration = Duration::from_millis(20);

/// A connection, with room for so many bytes on their way, and who is at its other end.
fn connected(pace: ConnectionPace, room: usize) -> (PacedStream<DuplexStream>, DuplexStream) {
    let (ours, theirs) = tokio::io::duplex(room);
    (PacedStream::new(ours, pace), theirs)
}

/// What can be read at once; `None` if nothing can.
async fn ready(stream: &mut PacedStream<DuplexStream>) -> Option<io::Result<String>> {
    let mut room = vec![0; 64 * 1024];
    poll_fn(|context| {
        let mut free = ReadBuf::new(&mut room);
        Poll::Ready(match Pin::new(&mut *stream).poll_read(context, &mut free) {
            Poll::Ready(read) => Some(read.map(|()| lossy(free.filled()))),
            Poll::Pending => None,
        })
    })
    .await
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// All that can be read at once.
async fn all(stream: &mut PacedStream<DuplexStream>) -> String {
    let mut read = String::new();
    while let Some(Ok(more)) = ready(stream).await {
        read.push_str(&more);
    }
    read
}

async fn answers(stream: &mut PacedStream<DuplexStream>) {
    stream.write_all(ANSWER.as_bytes()).await.expect("room");
    stream.flush().await.expect("room");
}

/// How a connection ends on which nothing more can be read.
async fn end(stream: &mut PacedStream<DuplexStream>) -> io::ErrorKind {
    let mut room = [0; 1024];
    loop {
        match stream.read(&mut room).await {
            Ok(1..) => {}
            Ok(0) => return io::ErrorKind::UnexpectedEof,
            Err(error) => return error.kind(),
        }
    }
}

#[tokio::test]
async fn requests_are_handed_on_one_by_one_as_they_are_answered() {
    let (mut stream, mut client) = connected(SLOW, 64 * 1024);
    let sent = GET.repeat(1000);
    client.write_all(sent.as_bytes()).await.expect("room");
    for _ in 0..1000 {
        assert_eq!(all(&mut stream).await, GET);
        stream.flush().await.expect("nothing to do");
        assert_eq!(
            all(&mut stream).await,
            "",
            "a flush of nothing answers nothing"
        );
        answers(&mut stream).await;
        assert!(stream.kept.len() < READ);
    }
    assert_eq!(all(&mut stream).await, "");
}

#[tokio::test]
async fn who_waits_for_the_next_request_is_woken_by_the_answer() {
    let (mut stream, mut client) = connected(SLOW, 1024);
    client
        .write_all(GET.repeat(2).as_bytes())
        .await
        .expect("room");
    assert_eq!(all(&mut stream).await, GET);
    let woken = std::sync::Arc::new(Woken::default());
    let waker = Waker::from(std::sync::Arc::clone(&woken));
    let mut room = [0; 64];
    let mut free = ReadBuf::new(&mut room);
    let read = Pin::new(&mut stream).poll_read(&mut Context::from_waker(&waker), &mut free);
    assert!(read.is_pending() && !woken.is_so());
    answers(&mut stream).await;
    assert!(woken.is_so());
    assert_eq!(all(&mut stream).await, GET);
}

#[derive(Default)]
struct Woken(std::sync::atomic::AtomicBool);

impl Woken {
    fn is_so(&self) -> bool {
        self.0.load(std::sync::atomic::Ordering::Relaxed)
    }
}

impl std::task::Wake for Woken {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

#[tokio::test]
async fn a_body_comes_through_and_a_continue_is_no_answer() {
    let (mut stream, mut client) = connected(SLOW, 64 * 1024);
    client.write_all(POST.as_bytes()).await.expect("room");
    assert_eq!(all(&mut stream).await, POST);
    stream
        .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")
        .await
        .expect("room");
    stream.flush().await.expect("room");
    let body = format!("{:x}\r\n{}\r\n0\r\n\r\n", 20_000, "a".repeat(20_000));
    client.write_all(body.as_bytes()).await.expect("room");
    client.write_all(GET.as_bytes()).await.expect("room");
    assert_eq!(all(&mut stream).await, body);
    answers(&mut stream).await;
    assert_eq!(all(&mut stream).await, GET);
}

#[tokio::test]
async fn nothing_is_read_while_an_answer_cannot_be_written() {
    let (mut stream, mut client) = connected(SLOW, 256);
    client.write_all(POST.as_bytes()).await.expect("room");
    assert_eq!(all(&mut stream).await, POST);
    client.write_all(b"5\r\nabcde\r\n").await.expect("room");
    let long = "a".repeat(1000);
    let stuck = poll_fn(|context| {
        let mut written = 0;
        loop {
            match Pin::new(&mut stream).poll_write(context, &long.as_bytes()[written..]) {
                Poll::Ready(more) => written += more.expect("the client is there"),
                Poll::Pending => return Poll::Ready(written),
            }
        }
    });
    let written = stuck.await;
    assert!(written < long.len());
    assert!(ready(&mut stream).await.is_none());
    client
        .read_exact(&mut vec![0; written])
        .await
        .expect("what was written");
    stream
        .write_all(&long.as_bytes()[..100])
        .await
        .expect("room again");
    assert_eq!(all(&mut stream).await, "5\r\nabcde\r\n");
}

#[tokio::test]
async fn any_head_has_its_time_not_only_the_first() {
    for earlier in 0..2 {
        let pace = ConnectionPace { head: SOON, ..SLOW };
        let (mut stream, mut client) = connected(pace, 1024);
        for _ in 0..earlier {
            client.write_all(GET.as_bytes()).await.expect("room");
            assert_eq!(all(&mut stream).await, GET);
            answers(&mut stream).await;
        }
        client.write_all(b"G").await.expect("room");
        assert_eq!(end(&mut stream).await, io::ErrorKind::TimedOut, "{earlier}");
    }
}

#[tokio::test]
async fn a_long_head_is_refused_and_told_why() {
    let (mut stream, mut client) = connected(SLOW, 1024);
    let head = format!("GET /{} HTTP/1.1\r\n", "a".repeat(300));
    client.write_all(head.as_bytes()).await.expect("room");
    assert_eq!(end(&mut stream).await, io::ErrorKind::InvalidData);
    drop(stream);
    let mut said = String::new();
    client.read_to_string(&mut said).await.expect("an answer");
    assert!(said.starts_with("HTTP/1.1 431 "), "{said}");
}

#[tokio::test]
async fn a_request_that_is_not_answered_is_given_up() {
    let pace = ConnectionPace {
        answer: SOON,
        ..SLOW
    };
    let (mut stream, mut client) = connected(pace, 1024);
    client.write_all(GET.as_bytes()).await.expect("room");
    assert_eq!(end(&mut stream).await, io::ErrorKind::TimedOut);
}

#[tokio::test]
async fn a_body_that_nobody_reads_any_more_has_its_time() {
    let pace = ConnectionPace { rest: SOON, ..SLOW };
    let (mut stream, mut client) = connected(pace, 1024);
    client.write_all(POST.as_bytes()).await.expect("room");
    assert_eq!(all(&mut stream).await, POST);
    answers(&mut stream).await;
    // Byte by byte, for as long as somebody listens.
    let sends = tokio::spawn(async move {
        while client.write_all(b"1\r\na\r\n").await.is_ok() {
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(end(&mut stream).await, io::ErrorKind::TimedOut);
    drop(stream);
    sends.await.expect("it ends");
}

#[tokio::test]
async fn an_answer_that_nobody_takes_is_given_up() {
    let pace = ConnectionPace {
        write: SOON,
        ..SLOW
    };
    let (mut stream, mut client) = connected(pace, 256);
    client.write_all(GET.as_bytes()).await.expect("room");
    assert_eq!(all(&mut stream).await, GET);
    let written = stream.write_all(&[b'a'; 1000]).await;
    assert_eq!(written.expect_err("stuck").kind(), io::ErrorKind::TimedOut);
}

/// What is nobody's turn has no end of its own: an answer that goes on outlasts every other time.
#[tokio::test]
async fn a_long_answer_goes_on_while_it_is_taken_and_ends_when_it_is_not() {
    let quick = ConnectionPace {
        head: SOON,
        answer: SOON,
        rest: SOON,
        write: SOON,
        ..SLOW
    };
    let (mut stream, mut client) = connected(quick, 256);
    client.write_all(GET.as_bytes()).await.expect("room");
    assert_eq!(all(&mut stream).await, GET);
    answers(&mut stream).await;
    for _ in 0..3 {
        let quiet = tokio::time::timeout(2 * SOON, stream.read(&mut [0; 64])).await;
        assert!(quiet.is_err(), "nothing comes, and nothing ends: {quiet:?}");
        answers(&mut stream).await;
        let mut taken = vec![0; ANSWER.len()];
        client
            .read_exact(&mut taken)
            .await
            .expect("it is on its way");
    }
    let mut part = Ok(());
    while part.is_ok() {
        part = stream.write_all(&[b':'; 64]).await;
    }
    assert_eq!(part.expect_err("given up").kind(), io::ErrorKind::TimedOut);
}

#[tokio::test]
async fn who_is_idle_between_requests_is_not_timed_here() {
    let pace = ConnectionPace {
        head: SOON,
        answer: SOON,
        rest: SOON,
        write: SOON,
        ..SLOW
    };
    let (mut stream, mut client) = connected(pace, 1024);
    client.write_all(GET.as_bytes()).await.expect("room");
    assert_eq!(all(&mut stream).await, GET);
    answers(&mut stream).await;
    assert!(ready(&mut stream).await.is_none());
    assert_eq!(stream.due(), None);
}
