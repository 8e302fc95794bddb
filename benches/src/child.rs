//! Server processes: started on the server's core, watched through `/proc`, ended when dropped.

use std::ffi::OsStr;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::Outcome;
use crate::load::Load;
use crate::stopwatch::Stopwatch;

/// The longest that a server may take to be ready, and that one may take to end.
const TIMEOUT: Duration = Duration::from_secs(20);
/// The same for one whose instructions are counted, which takes fifty times as long for everything.
const COUNTED_TIMEOUT: Duration = Duration::from_secs(120);
/// What OpenSSL is told of the processor while instructions are counted (`OPENSSL_ia32cap(3)`): AVX2,
/// AES, BMI2 and ADX, which every server of the last ten years has, and nothing newer.
const PROCESSOR: &str = "0x1ad8220347808110:0x80128";

/// A server that runs.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: SocketAddr,
    /// From its start to its first answer.
    pub(crate) ready_after: Duration,
    timeout: Duration,
}

/// How servers are started.
#[derive(Clone, Copy)]
pub(crate) struct Start<'s> {
    /// Who asks whether it is ready.
    pub(crate) load: &'s Load,
    /// The core that it has.
    pub(crate) core: u32,
    /// Where callgrind writes the instructions that were executed; without it, none are counted.
    pub(crate) counted_in: Option<&'s Path>,
}

impl<'s> Start<'s> {
    pub(crate) const fn plainly(load: &'s Load, core: u32) -> Self {
        Self {
            load,
            core,
            counted_in: None,
        }
    }

    /// The command on its core.
    fn pinned(self, command: &Command) -> Command {
        let mut pinned = Command::new("taskset");
        pinned.arg("-c").arg(self.core.to_string());
        if let Some(file) = self.counted_in {
            pinned
                .args([
                    "valgrind",
                    "--quiet",
                    "--tool=callgrind",
                    "--fair-sched=yes",
                    "--separate-threads=yes",
                ])
                .arg(format!("--callgrind-out-file={}", file.display()))
                .env("OPENSSL_ia32cap", PROCESSOR);
        }
        pinned.arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            pinned.env(name, value.unwrap_or(OsStr::new("")));
        }
        if let Some(folder) = command.get_current_dir() {
            pinned.current_dir(folder);
        }
        pinned
    }
}

impl Server {
    /// Starts a command, and waits until `GET path` answers 200 at the address.
    pub(crate) fn start(
        how: Start<'_>,
        command: &Command,
        address: SocketAddr,
        path: &str,
    ) -> Outcome<Self> {
        let mut pinned = how.pinned(command);
        let timeout = match how.counted_in {
            Some(_) => COUNTED_TIMEOUT,
            None => TIMEOUT,
        };
        let watch = Stopwatch::start();
        let process = pinned.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        let mut server = Self {
            process,
            address,
            ready_after: Duration::ZERO,
            timeout,
        };
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
        while !matches!(how.load.once(address, request.as_bytes()), Ok((200, _))) {
            if let Some(status) = server.process.try_wait()? {
                return Err(format!("{} ended: {status}", shown(command)).into());
            }
            if watch.elapsed() > timeout {
                return Err(format!("{} did not get ready", shown(command)).into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        server.ready_after = watch.elapsed();
        Ok(server)
    }

    /// Asks it to end, and waits until it has: what it writes at its end is there then.
    pub(crate) fn stop(mut self) -> Outcome<()> {
        let pid = self.process.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status()?;
        let watch = Stopwatch::start();
        while asked.success() && watch.elapsed() < self.timeout {
            if self.process.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err("a server did not end".into())
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
