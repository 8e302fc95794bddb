//! One HTTP/1.1 connection, as much of it as the load needs: requests that are bytes already,
//! answers with a `Content-Length`, nothing else.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::Outcome;

/// The longest answer that is expected.
const LONGEST: usize = 64 * 1024;

/// An open connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer, in the connection's buffer.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    head: &'a [u8],
    pub(crate) body: &'a [u8],
}

/// Where an answer's parts are.
struct Shape {
    status: u16,
    head: usize,
    whole: usize,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: vec![0; LONGEST],
        })
    }

    /// Sends a request and reads its answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Outcome<Answer<'_>> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        let mut shape: Option<Shape> = None;
        loop {
            let read = self.stream.read(&mut self.buffer[filled..]).await?;
            if read == 0 {
                return Err("the server closed the connection".into());
            }
            filled += read;
            if shape.is_none() {
                shape = shape_of(&self.buffer[..filled])?;
            }
            if let Some(shape) = shape.take_if(|shape| filled >= shape.whole) {
                return Ok(Answer {
                    status: shape.status,
                    head: &self.buffer[..shape.head],
                    body: &self.buffer[shape.head..shape.whole],
                });
            }
        }
    }
}

impl<'a> Answer<'a> {
    /// The value of a header that occurs once.
    pub(crate) fn header(&self, name: &str) -> Option<&'a str> {
        header(self.head, name)
    }

    pub(crate) fn text(&self) -> Outcome<&'a str> {
        Ok(std::str::from_utf8(self.body)?)
    }
}

/// The shape of an answer, once its head is there.
fn shape_of(bytes: &[u8]) -> Outcome<Option<Shape>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = end + 4;
    let status = std::str::from_utf8(bytes.get(9..12).ok_or("an answer without a status")?)?;
    let length: usize = header(&bytes[..head], "content-length")
        .ok_or("an answer without a length")?
        .parse()?;
    if head + length > LONGEST {
        return Err("an answer that is too long".into());
    }
    Ok(Some(Shape {
        status: status.parse()?,
        head,
        whole: head + length,
    }))
}

fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    head.split(|byte| *byte == b'\n').find_map(|line| {
        let (found, value) = line.split_at_checked(name.len())?;
        let value = value.strip_prefix(b":")?;
        found
            .eq_ignore_ascii_case(name.as_bytes())
            .then(|| std::str::from_utf8(value.trim_ascii()).ok())?
    })
}
