//! A server that runs: on a thread of its own, with the tail and the jobs, until it is stopped.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use flow::Services;
use foundation::clock::Span;
use foundation::fault::Fault;
use live::Live;
use store::Store;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use super::App;
use super::server::{GRACE_SECONDS, Mount, StartedServer};
use crate::job::Jobs;
use crate::job::tail::{self, Tail};

/// What jobs and the tail may take at the end: each waits for the database for two seconds at most.
const AT_THE_END: Duration = Duration::from_secs(5);

/// SIGINT and SIGTERM, from now on: made before the server starts, so that none is missed. SIGHUP as
/// well, where something is done on it.
pub struct Signals {
    runtime: Runtime,
    interrupt: Signal,
    terminate: Signal,
    hangup: Option<Hangup>,
}

/// What is done on SIGHUP.
struct Hangup {
    signal: Signal,
    act: Box<dyn Fn() + Send>,
}

impl Hangup {
    async fn recv(hangup: &mut Option<Self>) {
        match hangup {
            Some(hangup) => {
                hangup.signal.recv().await;
                (hangup.act)();
            }
            None => std::future::pending().await,
        }
    }
}

impl Signals {
    /// Takes the signals over.
    ///
    /// # Errors
    /// The system does not let us.
    pub fn take() -> Result<Self, Fault> {
        let broken = |e| Fault::broken_by("the wait for signals", e);
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(broken)?;
        let inside = runtime.enter();
        let interrupt = signal(SignalKind::interrupt()).map_err(broken)?;
        let terminate = signal(SignalKind::terminate()).map_err(broken)?;
        drop(inside);
        Ok(Self {
            runtime,
            interrupt,
            terminate,
            hangup: None,
        })
    }

    /// Does something on each SIGHUP, which then ends the process no more.
    ///
    /// # Errors
    /// The system does not let us.
    pub fn on_hangup(mut self, act: impl Fn() + Send + 'static) -> Result<Self, Fault> {
        let inside = self.runtime.enter();
        let signal = signal(SignalKind::hangup())
            .map_err(|e| Fault::broken_by("the wait for signals", e))?;
        drop(inside);
        let act = Box::new(act);
        self.hangup = Some(Hangup { signal, act });
        Ok(self)
    }

    /// Waits until the process is asked to end, and gives how; `None` if what it waits beside ended by
    /// itself.
    fn wait(&mut self, beside: impl Future<Output = ()>) -> Option<EndSignal> {
        self.runtime.block_on(async {
            let mut beside = std::pin::pin!(beside);
            loop {
                tokio::select! {
                    _ = self.interrupt.recv() => return Some(EndSignal::Interrupt),
                    _ = self.terminate.recv() => return Some(EndSignal::Terminate),
                    () = &mut beside => return None,
                    () = Hangup::recv(&mut self.hangup) => {}
                }
            }
        })
    }
}

/// How the process was asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EndSignal {
    /// SIGINT: somebody at a keyboard, who does not want to wait.
    Interrupt,
    /// SIGTERM: whoever runs servers.
    Terminate,
}

/// A server that runs. Dropped, it ends at once; [`Running::stop`] lets it finish.
pub struct Running {
    services: Services,
    store: Store,
    live: Arc<Live>,
    address: SocketAddr,
    notice: Span,
    stop: Option<oneshot::Sender<ShutdownManner>>,
    thread: Option<JoinHandle<Result<(), Fault>>>,
}

/// How to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ShutdownManner {
    /// The same as graceful, after so long in which only `/readyz` says so: whoever shares requests
    /// out hears of it before the door is closed.
    Announced(Span),
    /// Requests that are being answered are answered.
    Graceful,
    /// Now.
    AtOnce,
}

impl ShutdownManner {
    /// After so long nothing is worth waiting for: requests have their grace, and what the database is
    /// asked at the end has its timeout.
    fn takes_at_most(self) -> Duration {
        let notice = match self {
            Self::Announced(notice) => notice.as_std(),
            Self::Graceful | Self::AtOnce => Duration::ZERO,
        };
        notice + Duration::from_secs(GRACE_SECONDS) + AT_THE_END
    }
}

impl Running {
    pub(super) fn start(
        app: App,
        listener: TcpListener,
        mount: Option<Mount>,
    ) -> Result<Self, Fault> {
        let address = listener
            .local_addr()
            .map_err(|e| Fault::broken_by("the address of the listener", e))?;
        let (services, store) = (app.services.clone(), app.store.clone());
        let live = Arc::clone(&app.live);
        let notice = app.config.server.shutdown_notice;
        let (stop, stopped) = oneshot::channel();
        let (started, starting) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("portico".into())
            .spawn(move || run(app, listener, mount, stopped, &started))
            .map_err(|e| Fault::broken_by("the server's thread", e))?;
        // Nothing is sent when starting failed: the thread's own answer says why.
        if starting.recv().is_err() {
            let fault = join(thread)
                .err()
                .unwrap_or_else(|| Fault::broken("the server (it ended at once)"));
            return Err(fault);
        }
        Ok(Self {
            services,
            store,
            live,
            address,
            notice,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// What it answers with: a test acts through it.
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// Its database: a test looks into it.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What it knows without asking: a test looks at it.
    pub fn live(&self) -> &Live {
        &self.live
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers what is being asked, then ends.
    ///
    /// # Errors
    /// What went wrong while it ran or ended.
    pub fn stop(mut self) -> Result<(), Fault> {
        self.end(ShutdownManner::Graceful)
    }

    /// Serves until the process is asked to end, then stops. Who asks a second time does not want to
    /// wait: the process ends at once. So it does where the server ended by itself: it must not look as
    /// if it served.
    ///
    /// # Errors
    /// As [`Running::stop`].
    pub fn until(mut self, mut signals: Signals) -> Result<(), Fault> {
        let ended = async {
            match &mut self.stop {
                Some(stop) => stop.closed().await,
                None => std::future::pending().await,
            }
        };
        let asked = signals.wait(ended);
        let manner = match asked {
            Some(EndSignal::Interrupt) => ShutdownManner::Graceful,
            // What ended by itself is announced as well.
            Some(EndSignal::Terminate) | None => ShutdownManner::Announced(self.notice),
        };
        tracing::info!(?asked, "ending");
        std::thread::spawn(move || {
            signals.wait(std::future::pending());
            std::process::exit(130);
        });
        let most = manner.takes_at_most();
        std::thread::spawn(move || {
            std::thread::sleep(most);
            tracing::error!("the process ends, although it is still waited for something");
            std::process::exit(1);
        });
        let done = self.end(manner);
        match asked {
            Some(_) => done,
            None => done.and(Err(Fault::broken("the server (it ended by itself)"))),
        }
    }

    fn end(&mut self, ending: ShutdownManner) -> Result<(), Fault> {
        if let Some(stop) = self.stop.take() {
            // A thread that has ended already is joined below.
            let _ = stop.send(ending);
        }
        self.thread.take().map_or(Ok(()), join)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Err(fault) = self.end(ShutdownManner::AtOnce) {
            tracing::error!(fault = fault.chain(), "the server did not end well");
        }
    }
}

fn join(thread: JoinHandle<Result<(), Fault>>) -> Result<(), Fault> {
    thread
        .join()
        .unwrap_or_else(|_| Err(Fault::broken("the server's thread (it panicked)")))
}

/// The server's thread: everything that needs a runtime lives on this one.
fn run(
    app: App,
    listener: TcpListener,
    mount: Option<Mount>,
    stopped: oneshot::Receiver<ShutdownManner>,
    started: &mpsc::Sender<()>,
) -> Result<(), Fault> {
    let follows = tail::TailParts {
        store: app.store.clone(),
        live: Arc::clone(&app.live),
        keys: app.services.key_refresh.clone(),
        upkeep: app.services.upkeep.clone(),
        log_history: app.services.log_history.clone(),
        health: app.services.health.clone(),
    };
    let mut tail = Tail::start(follows, app.witness())?;
    let runtime = Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(4)
        .thread_name("portico-job")
        .build()
        .map_err(|e| Fault::broken_by("the server's runtime", e))?;
    let served = runtime.block_on(async {
        let mut server = StartedServer::start(&app, listener, mount)?;
        let mut jobs = Jobs::start(&app.services, &app.store, tail.progress());
        let _ = started.send(());
        let mut served = Ok(());
        let ending = tokio::select! {
            ending = stopped => ending.unwrap_or(ShutdownManner::AtOnce),
            part = lost(&mut server, &mut jobs, &mut tail) => {
                tracing::error!(part, "it ended by itself; nothing is served without it");
                app.services.health.misses(part);
                served = Err(Fault::broken(format!("the {part} (it ended by itself)")));
                ShutdownManner::Announced(app.config.server.shutdown_notice)
            }
        };
        // They would never end by themselves; elsewhere they begin again where they were.
        app.live.watches.end();
        if let ShutdownManner::Announced(notice) = ending {
            server.announce_the_end();
            tokio::time::sleep(notice.as_std()).await;
        }
        server.stop(ending != ShutdownManner::AtOnce).await;
        jobs.stop().await;
        app.store.rest().await;
        served
    });
    tail.stop();
    served
}

/// Waits until a part ends that the server cannot do without; gives its name.
async fn lost(server: &mut StartedServer, jobs: &mut Jobs, tail: &mut Tail) -> &'static str {
    tokio::select! {
        part = server.lost() => part,
        part = jobs.lost() => part,
        () = tail.lost() => tail::NAME,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Signals that nobody sends to a test.
    fn signals() -> Signals {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let inside = runtime.enter();
        let interrupt = signal(SignalKind::user_defined1()).expect("a signal");
        let terminate = signal(SignalKind::user_defined2()).expect("a signal");
        drop(inside);
        Signals {
            runtime,
            interrupt,
            terminate,
            hangup: None,
        }
    }

    #[test]
    fn whoever_waits_for_a_signal_hears_that_the_server_ended_by_itself() {
        let (mut stop, stopped) = oneshot::channel::<ShutdownManner>();
        let server = std::thread::spawn(move || {
            let _stopped = stopped;
            panic!("a mistake of ours");
        });
        assert_eq!(signals().wait(stop.closed()), None);
        assert!(server.join().is_err());
    }
}
