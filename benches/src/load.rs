//! The load: connections that are kept open, each sending its next request when it has the answer
//! to the one before (a closed loop), for a bounded time, on one thread that never sleeps.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;

use crate::Outcome;
use crate::stopwatch::Stopwatch;

mod connection;

pub(crate) use connection::Connection;

/// What one connection does over and over.
pub(crate) trait Script: 'static {
    /// One unit of work; `false` if there was none left.
    ///
    /// An answer that is not the expected one is an error: a server that refuses is not fast.
    async fn step(&mut self, connection: &mut Connection) -> Outcome<bool>;
}

/// The thread that sends.
pub(crate) struct Load {
    runtime: Runtime,
}

impl Load {
    pub(crate) fn new() -> Outcome<Self> {
        Ok(Self {
            runtime: Builder::new_current_thread().enable_all().build()?,
        })
    }

    /// Runs the scripts, each on a connection of its own, for a time; gives units a second.
    pub(crate) fn drive<S: Script>(
        &self,
        address: SocketAddr,
        scripts: Vec<S>,
        time: Duration,
    ) -> Outcome<f64> {
        let tasks = LocalSet::new();
        tasks.block_on(&self.runtime, async {
            let mut connected = Vec::with_capacity(scripts.len());
            for script in scripts {
                connected.push((script, Connection::open(address).await?));
            }
            let watch = Stopwatch::start();
            let running: Vec<_> = connected
                .into_iter()
                .map(|(script, connection)| {
                    tokio::task::spawn_local(repeat(script, connection, watch, time))
                })
                .collect();
            let awake = tokio::task::spawn_local(stay_awake());
            let mut done = 0_u32;
            for one in running {
                done += one.await??;
            }
            awake.abort();
            Ok(f64::from(done) / watch.elapsed().as_secs_f64())
        })
    }

    /// Runs something else on this thread.
    pub(crate) fn run<T>(&self, work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
        LocalSet::new().block_on(&self.runtime, work)
    }

    /// One request on a connection of its own; gives the answer's body.
    pub(crate) fn once(&self, address: SocketAddr, request: &[u8]) -> Outcome<(u16, String)> {
        self.runtime.block_on(async {
            let mut connection = Connection::open(address).await?;
            let answer = connection.exchange(request).await?;
            Ok((answer.status, answer.text()?.to_owned()))
        })
    }
}

/// Keeps the thread from going to sleep. Whoever wakes a sleeping thread on another core pays for
/// it, here the server with every answer, and the slower of two servers pays more often; a client
/// on another machine costs neither of them that.
async fn stay_awake() {
    loop {
        tokio::task::yield_now().await;
    }
}

async fn repeat(
    mut script: impl Script,
    mut connection: Connection,
    watch: Stopwatch,
    time: Duration,
) -> Outcome<u32> {
    let mut done = 0;
    while watch.elapsed() < time && script.step(&mut connection).await? {
        done += 1;
    }
    Ok(done)
}
