//! Where connections come in: which are let in, their TLS, and the HTTP server behind it.
//!
//! actix-web's own server takes plain sockets only, so its parts are put together here.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpService, Request, Response};
use actix_server::{Server, ServerBuilder};
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt as _, fn_service, map_config,
};
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::AppConfig;
use openssl::ssl::{Ssl, SslAcceptor};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_openssl::SslStream;

use super::connection::admission::{ConnectionPlace, Connections};
use super::connection::{ConnectionPace, PacedStream};

/// A client has so long for the head of its first request, and is told when it was too slow.
const FIRST_HEAD: Duration = Duration::from_secs(5);
/// How long we wait for the other side to close a connection that is over.
const DISCONNECT: Duration = Duration::from_secs(1);
/// What the system keeps of an answer that nobody reads.
const SEND_BUFFER: usize = 64 * 1024;
/// What the system takes of requests before we read them. Left to itself it takes 128 KiB of each
/// connection, and more where we read.
const RECEIVE_BUFFER: usize = 16 * 1024;
/// How many new connections may wait until they are accepted: of those that find no room, each tries again a
/// second later only.
const NEWCOMERS: i32 = 4096;
/// Files and sockets besides the connections of clients: the database's, the ways out, what is read.
const OTHER_FILES: usize = 256;

/// Who is let in, and how.
#[derive(Clone)]
pub(super) struct Entrance {
    pub(super) connections: Arc<Connections>,
    pub(super) tls: Option<SslAcceptor>,
    pub(super) handshake: HandshakePace,
    /// How long a connection without a request is kept.
    pub(super) keep_alive: Duration,
}

/// How slow somebody may be with TLS.
#[derive(Clone, Copy, Debug)]
pub(super) struct HandshakePace {
    /// Up to the first byte. Until then there is nothing but a socket.
    pub(super) first_byte: Duration,
    /// From there to the end.
    pub(super) whole: Duration,
}

impl Default for HandshakePace {
    fn default() -> Self {
        Self {
            first_byte: Duration::from_secs(2),
            whole: Duration::from_secs(3),
        }
    }
}

/// A connection that was let in; it gives its place back when it ends.
struct Admitted {
    wire: Wire,
    _place: ConnectionPlace,
}

enum Wire {
    Plain(TcpStream),
    Tls(Box<SslStream<TcpStream>>),
}

impl Entrance {
    /// Serves a site on a listener.
    ///
    /// # Errors
    /// The listener cannot be used.
    pub(super) fn listen<F, I, S, B>(
        self,
        server: ServerBuilder,
        listener: TcpListener,
        site: F,
    ) -> io::Result<Server>
    where
        F: Fn() -> I + Send + Clone + 'static,
        I: IntoServiceFactory<S, Request>,
        S: ServiceFactory<Request, Config = AppConfig, Error = Error> + 'static,
        S::InitError: std::fmt::Debug,
        S::Response: Into<Response<B>> + 'static,
        S::Future: 'static,
        S::Service: 'static,
        <S::Service as Service<Request>>::Future: 'static,
        B: MessageBody + 'static,
    {
        // Connections have it from their listener.
        let socket = SockRef::from(&listener);
        socket.set_send_buffer_size(SEND_BUFFER)?;
        socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
        // It listens already, for fewer.
        socket.listen(NEWCOMERS)?;
        let ending = server.graceful_shutdown_signal();
        let service = move || {
            let ending = ending.clone();
            let site = site().into_factory().map_err(|e| e.error_response());
            let http = HttpService::build()
                .graceful_shutdown_signal(move || {
                    let ending = ending.clone();
                    async move { ending.notified().await }
                })
                .keep_alive(self.keep_alive)
                .client_request_timeout(FIRST_HEAD)
                .client_disconnect_timeout(DISCONNECT)
                .h1(map_config(site, |()| AppConfig::default()));
            let entrance = self.clone();
            fn_service(move |socket: TcpStream| {
                let entrance = entrance.clone();
                async move { entrance.admit(socket).await.map_err(DispatchError::Io) }
            })
            .and_then(http)
        };
        Ok(server.listen("portico", listener, service)?.run())
    }

    /// Lets a connection in, or says why not; nobody hears it but the caller, who closes it.
    async fn admit(
        self,
        socket: TcpStream,
    ) -> io::Result<(PacedStream<Admitted>, Option<SocketAddr>)> {
        let peer = socket.peer_addr()?;
        let Some(place) = self.connections.admit(peer.ip()) else {
            return Err(io::ErrorKind::QuotaExceeded.into());
        };
        let wire = match &self.tls {
            Some(tls) => Wire::Tls(Box::new(self.handshake.shake(tls, socket).await?)),
            None => Wire::Plain(socket),
        };
        let admitted = Admitted {
            wire,
            _place: place,
        };
        Ok((
            PacedStream::new(admitted, ConnectionPace::default()),
            Some(peer),
        ))
    }
}

impl HandshakePace {
    /// Does the handshake. Whoever opens a connection and says nothing costs a socket for a moment:
    /// nothing is made for the handshake before there is something to read, and nobody waits for the
    /// handshake of another.
    async fn shake(self, tls: &SslAcceptor, socket: TcpStream) -> io::Result<SslStream<TcpStream>> {
        if timeout(self.first_byte, socket.peek(&mut [0])).await?? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut stream = SslStream::new(Ssl::new(tls.context())?, socket)?;
        timeout(self.whole, Pin::new(&mut stream).accept())
            .await?
            .map_err(io::Error::other)?;
        Ok(stream)
    }
}

/// How many connections there may be: as many as are wanted, and as the system lets a process have
/// files open beside what else it needs. Asks the system for more if it gives it.
pub(super) fn room_for(wanted: usize) -> usize {
    let needed = (wanted + OTHER_FILES) as u64;
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|now| now < needed) {
        let raised = Rlimit {
            current: Some(limit.maximum.map_or(needed, |most| most.min(needed))),
            maximum: limit.maximum,
        };
        if setrlimit(Resource::Nofile, raised).is_ok() {
            limit = raised;
        }
    }
    let files = limit.current.map_or(needed, |now| now.min(needed));
    let files = usize::try_from(files).unwrap_or(usize::MAX);
    // Where there are hardly any files, a part of them is for connections all the same.
    let room = files.saturating_sub(OTHER_FILES).max(files / 2).min(wanted);
    if room < wanted {
        tracing::warn!(
            room,
            wanted,
            "the limit of open files (ulimit -n) leaves room for fewer connections than server.connections"
        );
    }
    room
}

impl AsyncRead for Admitted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        free: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.wire {
            Wire::Plain(wire) => Pin::new(wire).poll_read(context, free),
            Wire::Tls(wire) => Pin::new(wire).poll_read(context, free),
        }
    }
}

impl AsyncWrite for Admitted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.wire {
            Wire::Plain(wire) => Pin::new(wire).poll_write(context, bytes),
            Wire::Tls(wire) => Pin::new(wire).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.wire {
            Wire::Plain(wire) => Pin::new(wire).poll_flush(context),
            Wire::Tls(wire) => Pin::new(wire).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.wire {
            Wire::Plain(wire) => Pin::new(wire).poll_shutdown(context),
            Wire::Tls(wire) => Pin::new(wire).poll_shutdown(context),
        }
    }
}
