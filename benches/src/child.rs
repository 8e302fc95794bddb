//! Server processes: started on the server's core, watched through `/proc`, ended when dropped.

use std::ffi::OsStr;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::Outcome;
use crate::load::Load;
use crate::stopwatch::Stopwatch;

/// The longest that a server may take to be ready.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A server that runs.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: SocketAddr,
    /// From its start to its first answer.
    pub(crate) ready_after: Duration,
}

impl Server {
    /// Starts a command on a core, and waits until `GET path` answers 200 at the address.
    pub(crate) fn start(
        load: &Load,
        core: u32,
        command: &mut Command,
        address: SocketAddr,
        path: &str,
    ) -> Outcome<Self> {
        let mut pinned = Command::new("taskset");
        pinned.arg("-c").arg(core.to_string());
        pinned.arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            pinned.env(name, value.unwrap_or(OsStr::new("")));
        }
        if let Some(folder) = command.get_current_dir() {
            pinned.current_dir(folder);
        }
        let watch = Stopwatch::start();
        let process = pinned.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        let mut server = Self {
            process,
            address,
            ready_after: Duration::ZERO,
        };
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
        while !matches!(load.once(address, request.as_bytes()), Ok((200, _))) {
            if let Some(status) = server.process.try_wait()? {
                return Err(format!("{} ended: {status}", shown(command)).into());
            }
            if watch.elapsed() > TIMEOUT {
                return Err(format!("{} did not get ready", shown(command)).into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        server.ready_after = watch.elapsed();
        Ok(server)
    }

    /// Resident memory, in MiB (`VmRSS`).
    pub(crate) fn memory(&self) -> Outcome<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib: f64 = line
            .and_then(|rest| rest.trim().strip_suffix(" kB"))
            .ok_or("no VmRSS")?
            .trim()
            .parse()?;
        Ok(kib / 1024.0)
    }

    /// Processor time that was used so far.
    pub(crate) fn busy(&self) -> Outcome<Duration> {
        busy(Path::new(&format!("/proc/{}/stat", self.process.id())))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; what it wrote is thrown away in any case.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Fields 14 and 15 of `proc_pid_stat(5)`: user and system time, in hundredths of a second.
fn busy(stat: &Path) -> Outcome<Duration> {
    let text = std::fs::read_to_string(stat)?;
    let (_, after_name) = text.rsplit_once(") ").ok_or("no process")?;
    let ticks = after_name.split(' ').skip(11).take(2);
    let hundredths: u64 = ticks.map(|field| field.parse::<u64>().unwrap_or(0)).sum();
    Ok(Duration::from_millis(hundredths * 10))
}

/// A free port of this machine.
pub(crate) fn free_address() -> Outcome<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}

fn shown(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}
