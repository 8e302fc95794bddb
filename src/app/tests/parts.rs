//! A server that loses a part of itself says which, and ends rather than serve without it.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Mutex, PoisonError};

use super::*;

/// A clock that breaks once for each of these threads.
struct BreakingClock {
    clock: Arc<ManualClock>,
    breaks_for: Mutex<Vec<&'static str>>,
}

impl BreakingClock {
    fn breaks_for(&self) -> std::sync::MutexGuard<'_, Vec<&'static str>> {
        let names = self.breaks_for.lock();
        names.unwrap_or_else(PoisonError::into_inner)
    }

    fn is_asked(&self) {
        let thread = std::thread::current();
        let mut names = self.breaks_for();
        let before = names.len();
        names.retain(|name| Some(*name) != thread.name());
        let breaks = names.len() < before;
        drop(names);
        assert!(!breaks, "a mistake of ours");
    }
}

impl foundation::clock::Clock for BreakingClock {
    fn now(&self) -> Instant {
        self.is_asked();
        self.clock.now()
    }

    fn uptime(&self) -> Span {
        self.is_asked();
        self.clock.uptime()
    }
}

/// A server in which these threads will find that their clock is broken, once it is heard of.
async fn serve(world: &mut World, broken_for: &[&'static str]) -> (Running, Arc<BreakingClock>) {
    world.config.server.shutdown_notice = Span::seconds(3);
    let clock = Arc::new(BreakingClock {
        clock: Arc::clone(&world.clock),
        breaks_for: Mutex::default(),
    });
    let app = App::open(&world.config, clock.clone(), Arc::new(SystemEntropy));
    let listener = world.listener.take().expect("one server only");
    let running = app.expect("it opens").serve(listener, None);
    let running = running.expect("it serves");
    soon("it is heard of", async || {
        let ever = Instant::from_millis(0);
        let nodes = running
            .store()
            .read_blocking(move |db| store::nodes::live(db, ever));
        nodes.is_ok_and(|nodes| !nodes.is_empty())
    })
    .await;
    clock.breaks_for().extend(broken_for);
    (running, clock)
}

fn readyz(address: SocketAddr) -> String {
    let mut answer = String::new();
    let request = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let asked = TcpStream::connect(address).and_then(|mut stream| {
        stream.write_all(request)?;
        stream.read_to_string(&mut answer)
    });
    asked.map_or_else(|error| error.to_string(), |_| answer)
}

#[tokio::test]
async fn a_server_that_loses_a_part_says_which_and_ends() {
    // Several jobs share a thread: it is the first that asks.
    let jobs = &[
        "expiry",
        "streams",
        "deliveries",
        "announcements",
        "heartbeat",
    ][..];
    for (threads, parts) in [
        (&["portico"][..], jobs),
        (&["tail", "tail-watch"], &["tail"]),
        (&["store-writer"], &["store writer"]),
    ] {
        let mut world = World::new();
        let (running, _) = serve(&mut world, threads).await;
        // What breaks a writer is a write.
        let _ = running.store().write_blocking(|_| Ok(()));
        let is_named = |said: &str| {
            let named = |part: &&str| said.contains(&format!("\"missing\":[\"{part}\"]"));
            parts.iter().any(named)
        };
        soon("it says what it misses", async || {
            let said = readyz(running.address());
            let ends = said.contains("\"ending\":true");
            ends && said.starts_with("HTTP/1.1 503") && is_named(&said)
        })
        .await;
        let ended = tokio::task::spawn_blocking(|| running.stop()).await;
        let ended = ended.expect("no panic").expect_err("it did not end well");
        let ended = ended.chain();
        assert!(parts.iter().any(|part| ended.contains(part)), "{ended}");
    }
}

#[tokio::test]
async fn a_thread_that_follows_the_log_is_replaced_and_missed_no_longer() {
    let mut world = World::new();
    let (running, clock) = serve(&mut world, &["tail"]).await;
    soon("it broke", async || clock.breaks_for().is_empty()).await;
    soon("it is ready again", async || {
        readyz(running.address()).starts_with("HTTP/1.1 200")
    })
    .await;
    let stopped = tokio::task::spawn_blocking(|| running.stop()).await;
    assert!(stopped.expect("no panic").is_ok());
}
