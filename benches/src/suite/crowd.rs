//! What a crowd costs that sends requests and reads no answers: memory, processor time while nothing can
//! be done for it, and how long everybody else waits meanwhile.

use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use tokio::net::{TcpSocket, TcpStream};
use tokio::task::{JoinHandle, spawn_local, yield_now};
use tokio::time::sleep;

use super::{Portico, Server, Suite, p99};
use crate::Outcome;
use crate::load::Connection;
use crate::stopwatch::Stopwatch;

/// So many connections, each from an address of its own.
const CROWD: u32 = 4_000;
/// The first of the addresses; all of 127.0.0.0/8 are this machine's.
const FIRST: Ipv4Addr = Ipv4Addr::new(127, 1, 0, 1);
/// What the system keeps for one of the crowd that was not sent yet, and that was not read.
const SEND_BUFFER: u32 = 64 * 1024;
const RECEIVE_BUFFER: u32 = 4 * 1024;
/// Everybody else: some keep their connection, as many open one for each request.
const OTHERS: usize = 4;
/// Between two requests of one of them.
const PAUSE: Duration = Duration::from_millis(5);
/// What is asked for, by everybody: an answer of some KiB.
const REQUEST: &str = "GET /.well-known/openid-configuration HTTP/1.1\r\nHost: localhost\r\n\r\n";
/// For so long the others ask, the crowd is left alone, and the others ask again; after ten seconds
/// without reading it is sent away.
const ASKING: Duration = Duration::from_secs(3);
const ALONE: Duration = Duration::from_secs(3);

/// What was found.
struct CrowdCost {
    memory: f64,
    /// The share of a core while nobody else asks.
    busy: f64,
    times: Vec<Duration>,
}

impl Suite<'_> {
    /// Portico beside a crowd.
    pub(super) fn crowd(&mut self, portico: &Portico) -> Outcome<()> {
        eprintln!("measuring a crowd that reads nothing");
        let server = portico.start(&self.load)?;
        let cost = self.load.run(cost(&server))?;
        let asked = cost.times.len();
        let report = &mut self.report;
        report.limit(
            "4,000 connections that read nothing: memory",
            cost.memory,
            150.0,
            "MiB",
        );
        let percent = cost.busy * 100.0;
        report.limit("… processor while stuck", percent, 5.0, "% of a core");
        report.limit("… everybody else's p99", p99(cost.times)?, 100.0, "ms");
        report.note(format!(
            "requests of everybody else beside the crowd: {asked}"
        ));
        Ok(())
    }
}

async fn cost(server: &Server) -> Outcome<CrowdCost> {
    let times = Rc::default();
    let others = everybody_else(server.address, &times);
    let crowd = comes(server.address).await?;
    sleep(ASKING).await;
    stop(others)?;
    let (watch, before) = (Stopwatch::start(), server.busy()?);
    sleep(ALONE).await;
    let busy = (server.busy()? - before).as_secs_f64() / watch.elapsed().as_secs_f64();
    let memory = server.memory()?;
    let others = everybody_else(server.address, &times);
    sleep(ASKING).await;
    stop(others)?;
    drop(crowd);
    let times = times.take();
    Ok(CrowdCost {
        memory,
        busy,
        times,
    })
}

/// The crowd connects, and each sends all that it can.
async fn comes(to: SocketAddr) -> Outcome<Vec<TcpStream>> {
    let requests = REQUEST.repeat(1000);
    let mut crowd = Vec::new();
    for number in 0..CROWD {
        let socket = TcpSocket::new_v4()?;
        socket.set_send_buffer_size(SEND_BUFFER)?;
        socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
        let from = Ipv4Addr::from(u32::from(FIRST) + number);
        socket.bind((from, 0).into())?;
        let stream = socket.connect(to).await?;
        let mut sent = 0;
        while let Ok(more) = stream.try_write(&requests.as_bytes()[sent % requests.len()..]) {
            sent += more;
        }
        crowd.push(stream);
        yield_now().await;
    }
    Ok(crowd)
}

/// Everybody else asks, and notes how long each answer took.
fn everybody_else(
    address: SocketAddr,
    times: &Rc<RefCell<Vec<Duration>>>,
) -> Vec<JoinHandle<Outcome<()>>> {
    (0..OTHERS)
        .map(|number| spawn_local(asks(address, number % 2 == 0, Rc::clone(times))))
        .collect()
}

async fn asks(address: SocketAddr, keeps: bool, times: Rc<RefCell<Vec<Duration>>>) -> Outcome<()> {
    let mut kept = None;
    loop {
        let watch = Stopwatch::start();
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => Connection::open(address).await?,
        };
        let status = connection.exchange(REQUEST.as_bytes()).await?.status;
        if status != 200 {
            return Err(format!("it answered {status}").into());
        }
        times.borrow_mut().push(watch.elapsed());
        kept = keeps.then_some(connection);
        sleep(PAUSE).await;
    }
}

/// Whoever stopped by themselves was not served.
fn stop(others: Vec<JoinHandle<Outcome<()>>>) -> Outcome<()> {
    let are_served = others.iter().all(|other| !other.is_finished());
    for other in others {
        other.abort();
    }
    match are_served {
        true => Ok(()),
        false => Err("somebody was not served beside the crowd".into()),
    }
}
