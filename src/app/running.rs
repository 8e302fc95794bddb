//! A server that runs: on a thread of its own, with the tail and the jobs, until it is stopped.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use flow::Services;
use foundation::fault::Fault;
use live::Live;
use store::Store;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use super::App;
use super::server::{Mount, Server};
use crate::job::Jobs;
use crate::job::tail::{self, Tail};

/// SIGINT and SIGTERM, from now on: made before the server starts, so that none is missed.
pub struct Signals {
    runtime: Runtime,
    interrupt: Signal,
    terminate: Signal,
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
        })
    }

    /// Waits for one; gives its name.
    fn wait(&mut self) -> &'static str {
        self.runtime.block_on(async {
            tokio::select! {
                _ = self.interrupt.recv() => "SIGINT",
                _ = self.terminate.recv() => "SIGTERM",
            }
        })
    }
}

/// A server that runs. Dropped, it ends at once; [`Running::stop`] lets it finish.
pub struct Running {
    services: Services,
    store: Store,
    live: Arc<Live>,
    address: SocketAddr,
    stop: Option<oneshot::Sender<Ending>>,
    thread: Option<JoinHandle<Result<(), Fault>>>,
}

/// How to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// Requests that are being answered are answered.
    Graceful,
    /// Now.
    AtOnce,
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
        self.end(Ending::Graceful)
    }

    /// Serves until the process is asked to end, then stops. Who asks a second time does not want to
    /// wait: the process ends at once.
    ///
    /// # Errors
    /// As [`Running::stop`].
    pub fn until(mut self, mut signals: Signals) -> Result<(), Fault> {
        let word = signals.wait();
        tracing::info!(signal = word, "ending");
        std::thread::spawn(move || {
            signals.wait();
            std::process::exit(130);
        });
        self.end(Ending::Graceful)
    }

    fn end(&mut self, ending: Ending) -> Result<(), Fault> {
        if let Some(stop) = self.stop.take() {
            // A thread that has ended already is joined below.
            let _ = stop.send(ending);
        }
        self.thread.take().map_or(Ok(()), join)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Err(fault) = self.end(Ending::AtOnce) {
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
    stopped: oneshot::Receiver<Ending>,
    started: &mpsc::Sender<()>,
) -> Result<(), Fault> {
    let follows = tail::Parts {
        store: app.store.clone(),
        live: Arc::clone(&app.live),
        keys: app.services.key_refresh.clone(),
        upkeep: app.services.upkeep.clone(),
    };
    let tail = Tail::start(follows)?;
    let runtime = Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(4)
        .thread_name("portico-job")
        .build()
        .map_err(|e| Fault::broken_by("the server's runtime", e))?;
    let served = runtime.block_on(async {
        let server = Server::start(&app, listener, mount)?;
        let jobs = Jobs::start(&app.services, tail.progress());
        let _ = started.send(());
        let ending = stopped.await.unwrap_or(Ending::AtOnce);
        server.stop(ending == Ending::Graceful).await;
        jobs.stop().await;
        Ok(())
    });
    tail.stop();
    served
}
