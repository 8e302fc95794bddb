//! How fast one node tells clients that sessions are over, when everything is cut off at once: the rows of
//! the outbox, a signature for each, and a request over a connection that is kept. And whether a receiver that
//! never answers is waited for by the others.

use std::cell::Cell;
use std::net::{Ipv4Addr, TcpListener as StdListener};
use std::rc::Rc;
use std::time::Duration;

use domain::event::Event;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{spawn_local, yield_now};

use super::{ROUNDS, Suite};
use crate::population::Population;
use crate::stopwatch::Stopwatch;
use crate::{Outcome, seed};

/// Clients that are told, each of the sessions of all people.
const CLIENTS: u64 = 32;
/// Who lives there; the programs of the population itself hear nothing.
const POPULATION: Population = Population {
    people: 1_000,
    programs: 10,
};
/// So many a second are enough.
const ENOUGH: f64 = 2_000.0;
/// So much longer the others may take beside one that never answers: what two runs differ by anyway.
const LONGER: f64 = 10.0;
/// Whoever takes longer has stopped.
const MOST: Duration = Duration::from_secs(120);
const TAKEN: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

impl Suite<'_> {
    /// Everybody is told, by one node: all of them, and all but one that never answers, by turns.
    pub(super) fn deliveries(&mut self) -> Outcome<()> {
        let (mut with_all, mut beside_dead) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            with_all.push(self.told(&format!("deliveries-{round}"), CLIENTS)?);
            beside_dead.push(self.told(&format!("deliveries-dead-{round}"), CLIENTS - 1)?);
        }
        let [with_all, beside_dead] = [with_all, beside_dead].map(|mut seconds| {
            seconds.sort_by(f64::total_cmp);
            seconds[seconds.len() / 2]
        });
        let report = &mut self.report;
        let what = "32,000 logout tokens, told to 32 clients by one node";
        report.limit(what, with_all, tokens(CLIENTS) / ENOUGH, "s");
        let per_second = tokens(CLIENTS) / with_all;
        report.note(format!(
            "logout tokens that one node told a local receiver: {per_second:.0}/s"
        ));
        let share = with_all * tokens(CLIENTS - 1) / tokens(CLIENTS);
        let longer = (beside_dead / share - 1.0) * 100.0;
        let what = "… 31 of them beside one that never answers: how much longer";
        report.limit(what, longer, LONGER, "%");
        Ok(())
    }

    /// How many seconds it takes until all that answer were told; the rest are told in vain.
    fn told(&self, name: &str, that_answer: u64) -> Outcome<f64> {
        let (listener, uri) = bound()?;
        let (_never_answers, dead) = bound()?;
        let uris = (0..CLIENTS).map(|client| match client < that_answer {
            true => uri.clone(),
            false => dead.clone(),
        });
        let portico = self.prepare(name, None, POPULATION)?;
        seed::hear(portico.database(), POPULATION, &uris.collect::<Vec<_>>())?;
        eprintln!("measuring {name}");
        let server = portico.start(&self.load)?;
        let store = seed::open(portico.database(), 1)?;
        let took = self.load.run(async {
            let heard = Rc::new(Cell::new(0));
            let hears = spawn_local(hears(listener, Rc::clone(&heard)));
            let watch = Stopwatch::start();
            store.write_blocking(|tx| {
                tx.append(Event::AllTokensRevoked);
                Ok(())
            })?;
            while heard.get() < that_answer * POPULATION.people {
                if watch.elapsed() > MOST || hears.is_finished() {
                    return Err(format!("only {} were told", heard.get()).into());
                }
                yield_now().await;
            }
            hears.abort();
            Ok(watch.elapsed())
        })?;
        server.stop()?;
        Ok(took.as_secs_f64())
    }
}

#[expect(clippy::cast_precision_loss, reason = "a small number")]
fn tokens(clients: u64) -> f64 {
    (clients * POPULATION.people) as f64
}

/// Where tokens are told. Nobody who only binds it answers: connections are made by the system, and what is
/// sent over them is read by nobody.
fn bound() -> Outcome<(StdListener, String)> {
    let listener = StdListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let uri = format!("http://{}/logout", listener.local_addr()?);
    Ok((listener, uri))
}

/// A receiver that takes everything.
async fn hears(listener: StdListener, heard: Rc<Cell<u64>>) -> Outcome<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        spawn_local(takes(stream, Rc::clone(&heard)));
    }
}

async fn takes(mut stream: TcpStream, heard: Rc<Cell<u64>>) -> Outcome<()> {
    let mut bytes = Vec::new();
    loop {
        if let Some(whole) = length(&bytes)
            && bytes.len() >= whole
        {
            bytes.drain(..whole);
            heard.set(heard.get() + 1);
            stream.write_all(TAKEN).await?;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
    }
}

/// How long the request is that these bytes begin with, once its head is there.
fn length(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let body = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse::<usize>().ok())?
    });
    Some(end + 4 + body.unwrap_or(0))
}
