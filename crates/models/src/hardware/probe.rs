//! Drivers are asked in a process of its own.
//!
//! A driver that is broken may hang for ever or end the process that asks it.
//! So a face names a program that asks ([`ProbeCommand`]), usually itself with
//! a hidden verb, and what it prints is read with limits on time and length.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use mlxcode_base::secret_variables;
use serde::{Deserialize, Serialize};

use super::gpu::{Accelerator, Depth, look};

/// What a probe prints at most; a machine with sixteen cards takes 8 KiB.
const MOST_BYTES: u64 = 1 << 20;

/// How long a probe may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How often somebody looks whether the probe has ended.
const PAUSE: Duration = Duration::from_millis(5);

/// How long one that was killed may take to be gone. A process that waits
/// inside a driver is not gone before the driver lets it.
const GONE: Duration = Duration::from_secs(1);

/// The version of the document below.
const FORMAT: u32 = 1;

/// The program that asks the drivers: it calls [`ProbeReport::here`] and
/// prints [`ProbeReport::to_json`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// After this it is ended; 5 seconds.
    pub timeout: Duration,
}

/// What a probe found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProbeReport {
    format: u32,
    /// What could compute.
    pub accelerators: Vec<Accelerator>,
    /// What could not be found out, and why.
    pub remarks: Vec<String>,
}

impl ProbeReport {
    pub(super) fn new(accelerators: Vec<Accelerator>, remarks: Vec<String>) -> Self {
        Self { format: FORMAT, accelerators, remarks }
    }

    /// Asks the drivers of this machine, in this process.
    pub fn here() -> Self {
        look(Path::new("/"), Depth::Libraries)
    }

    /// As a document, for the process that started this one.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads what a probe printed.
    fn from_json(bytes: &[u8]) -> Result<Self, Failure> {
        let report: Self = serde_json::from_slice(bytes).map_err(|_| Failure::Rubbish)?;
        if report.format == FORMAT { Ok(report) } else { Err(Failure::Rubbish) }
    }
}

/// Why a probe told nothing.
#[derive(Debug, PartialEq, Eq)]
enum Failure {
    NotStarted(String),
    /// It was ended; whether it is gone.
    TimedOut(Duration, bool),
    Crashed(String),
    Rubbish,
    TooMuch,
}

impl Failure {
    fn sentence(&self) -> String {
        let said = match self {
            Self::NotStarted(error) => format!("the probe could not be started: {error}"),
            Self::TimedOut(timeout, gone) => {
                let seconds = timeout.as_secs_f64();
                let rest = if *gone { "was ended" } else { "hangs in a driver and does not end" };
                format!("the probe did not answer within {seconds} s and {rest}")
            }
            Self::Crashed(how) => format!("the probe crashed ({how})"),
            Self::Rubbish => "what the probe printed is no report".to_owned(),
            Self::TooMuch => format!("the probe printed more than {} KiB", MOST_BYTES >> 10),
        };
        format!("drivers were not asked: {said}; what the bus tells is shown")
    }
}

impl ProbeCommand {
    /// A program and its arguments, with five seconds to answer.
    pub fn new(program: impl Into<PathBuf>, args: impl IntoIterator<Item = OsString>) -> Self {
        Self { program: program.into(), args: args.into_iter().collect(), timeout: TIMEOUT }
    }

    /// What the probe found. Where it fails: what is known without asking any
    /// driver, and why there is no more.
    pub(super) fn ask(&self, root: &Path) -> ProbeReport {
        self.run().and_then(|bytes| ProbeReport::from_json(&bytes)).unwrap_or_else(|failure| {
            let mut report = look(root, Depth::Bus);
            report.remarks.insert(0, failure.sentence());
            report
        })
    }

    fn run(&self) -> Result<Vec<u8>, Failure> {
        let deadline = Instant::now() + self.timeout;
        let mut child =
            self.command().spawn().map_err(|error| Failure::NotStarted(error.to_string()))?;
        let Some(output) = child.stdout.take() else {
            end(child);
            return Err(Failure::Rubbish);
        };
        // Nobody waits for this thread: a child of the child may hold the pipe.
        let (sender, read) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = output.take(MOST_BYTES + 1).read_to_end(&mut bytes);
            let _ = sender.send(read.map(|_| bytes));
        });
        let left = |deadline: Instant| deadline.saturating_duration_since(Instant::now());
        let bytes = match read.recv_timeout(left(deadline)) {
            Ok(Ok(bytes)) if bytes.len() as u64 > MOST_BYTES => {
                end(child);
                return Err(Failure::TooMuch);
            }
            Ok(Ok(bytes)) => bytes,
            Ok(Err(_)) => Vec::new(),
            Err(_) => return Err(Failure::TimedOut(self.timeout, end(child))),
        };
        match wait(&mut child, deadline) {
            None => Err(Failure::TimedOut(self.timeout, end(child))),
            Some(status) if status.success() => Ok(bytes),
            Some(status) => Err(Failure::Crashed(status.to_string())),
        }
    }

    fn command(&self) -> Command {
        #[allow(clippy::disallowed_methods, reason = "the one place that starts a probe")]
        let mut command = Command::new(&self.program);
        command.args(&self.args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        for name in secret_variables() {
            command.env_remove(name);
        }
        // A group of its own, so that what it started ends with it.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command
    }
}

fn wait(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < deadline => thread::sleep(PAUSE),
            _ => return None,
        }
    }
}

/// Kills a probe with all that it started, and tells whether it is gone.
fn end(mut child: Child) -> bool {
    #[cfg(unix)]
    if let Some(group) = rustix::process::Pid::from_raw(child.id() as i32) {
        // It may be gone already.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let gone = wait(&mut child, Instant::now() + GONE).is_some();
    if !gone {
        // Somebody has to take its exit status one day.
        thread::spawn(move || child.wait());
    }
    gone
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str, timeout_ms: u64) -> ProbeCommand {
        let args = ["-c", script].map(OsString::from);
        let mut command = ProbeCommand::new("/bin/sh", args);
        command.timeout = Duration::from_millis(timeout_ms);
        command
    }

    const LONG: u64 = 60_000;

    #[test]
    fn a_probe_that_fails_is_told_of_and_leaves_what_the_bus_knows() {
        let root = super::super::tests::tree(&[
            ("sys/bus/pci/devices/0000:01:00.0/class", "0x030200\n"),
            ("sys/bus/pci/devices/0000:01:00.0/vendor", "0x10de\n"),
        ]);
        let check = |command: ProbeCommand, words: &str| {
            let report = command.ask(root.path());
            assert!(report.remarks[0].contains(words), "{command:?}: {report:?}");
            assert_eq!(report.accelerators.len(), 1, "{report:?}");
        };
        check(shell("sleep 600", 50), "did not answer within 0.05 s and was ended");
        check(shell("sleep 600 & echo '{}'", 50), "did not answer");
        check(shell("exec >&-; sleep 600", 200), "did not answer");
        check(shell("kill -SEGV $$", LONG), "crashed (signal: 11");
        check(shell("exit 3", LONG), "crashed (exit status: 3");
        check(shell("echo no", LONG), "no report");
        check(shell("true", LONG), "no report");
        check(shell("echo '{\"format\":9,\"accelerators\":[],\"remarks\":[]}'", LONG), "no report");
        check(shell("head -c 4294967296 /dev/zero", LONG), "more than 1024 KiB");
        check(ProbeCommand::new("/no/such/probe", []), "could not be started");
    }

    #[test]
    fn what_a_probe_started_ends_with_it() {
        let temp = tempfile::tempdir().unwrap();
        let name = temp.path().join("pid");
        let script = format!("sleep 600 & echo $! > {}; wait", name.display());
        let report = shell(&script, 500).ask(temp.path());
        assert!(report.remarks[0].contains("was ended"), "{report:?}");
        let pid = std::fs::read_to_string(name).unwrap();
        let pid = rustix::process::Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
        // Killed with its group; whoever adopts orphans may still have to reap it.
        for _ in 0..1_000 {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
            if stat.map_or(true, |stat| stat.contains(") Z ")) {
                return;
            }
            thread::sleep(PAUSE);
        }
        panic!("{pid:?} still runs");
    }

    #[test]
    fn a_report_goes_through() {
        let report = ProbeReport::here();
        let temp = tempfile::tempdir().unwrap();
        let place = temp.path().join("report.json");
        std::fs::write(&place, report.to_json()).unwrap();
        assert_eq!(shell(&format!("cat {}", place.display()), LONG).ask(temp.path()), report);
    }
}
