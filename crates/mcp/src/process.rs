//! A server that is a program: started, heard, and ended with all that it
//! started itself.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::log::Record;
use crate::options::McpOptions;
use crate::program;

/// How long a program that was told to end may take before it is killed.
const TERM: Duration = Duration::from_secs(1);

/// What is started.
pub(crate) struct Launch {
    pub(crate) program: String,
    pub(crate) args: Vec<String>,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) folder: PathBuf,
}

/// A program that runs, or has ended.
#[derive(Debug)]
pub(crate) struct Process {
    ended: watch::Receiver<Option<Ended>>,
    stop: CancellationToken,
}

#[derive(Clone, Debug)]
struct Ended {
    status: String,
}

impl Process {
    /// Starts a program in a group of its own.
    pub(crate) fn start(
        server: &str,
        launch: &Launch,
        options: &McpOptions,
        record: &Arc<Record>,
    ) -> Result<(Self, ChildStdin, ChildStdout)> {
        let path = launch.env.get("PATH").map(std::ffi::OsStr::new).or_else(|| {
            options.environment.get(std::ffi::OsStr::new("PATH")).map(std::ffi::OsString::as_os_str)
        });
        let Some(program) = program::find(&launch.program, &launch.folder, path) else {
            return Err(Error::ProgramNotFound {
                server: server.to_owned(),
                program: launch.program.clone(),
            });
        };
        // The way to write this down in `clippy.toml` is not there for tokio's.
        let mut command = Command::new(program);
        command
            .args(&launch.args)
            .env_clear()
            .envs(options.inherited())
            .envs(&launch.env)
            .current_dir(&launch.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // So that a Ctrl-C of the terminal is ours alone, and that what it
        // started can be ended with it.
        #[cfg(unix)]
        command.process_group(0);
        record.begin();
        let mut child = command.spawn().map_err(|error| Error::not_started(server, &error))?;
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            let gone = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
            return Err(Error::not_started(server, &gone));
        };
        let heard = tokio::spawn(hear(stderr, Arc::clone(record)));
        let (sender, ended) = watch::channel(None);
        let stop = CancellationToken::new();
        tokio::spawn(watch_over(child, options.grace, stop.clone(), heard, sender));
        Ok((Self { ended, stop }, stdin, stdout))
    }

    /// Waits until it has ended, and says how. `None` after the time limit.
    pub(crate) async fn ended(&self, limit: Duration) -> Option<String> {
        let mut ended = self.ended.clone();
        let waited = tokio::time::timeout(limit, ended.wait_for(Option::is_some)).await;
        match waited {
            Ok(Ok(ended)) => ended.as_ref().map(|ended| ended.status.clone()),
            // Whoever watched over it is gone, and it was killed by that.
            Ok(Err(_)) => Some("killed".to_owned()),
            Err(_) => None,
        }
    }

    /// Ends it: its input is closed by now, so it is waited for, then told to
    /// end, then killed.
    pub(crate) async fn end(&self) {
        self.stop.cancel();
        let mut ended = self.ended.clone();
        let _ = ended.wait_for(Option::is_some).await;
    }
}

/// Without anybody who could ask, a program has no use.
impl Drop for Process {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn hear(mut stderr: ChildStderr, record: Arc<Record>) {
    let mut bytes = vec![0; 4096];
    while let Ok(read) = stderr.read(&mut bytes).await {
        if read == 0 {
            break;
        }
        record.stderr(&bytes[..read]);
    }
}

async fn watch_over(
    mut child: Child,
    grace: Duration,
    stop: CancellationToken,
    heard: tokio::task::JoinHandle<()>,
    sender: watch::Sender<Option<Ended>>,
) {
    let group = child.id();
    let status = tokio::select! {
        status = child.wait() => status,
        () = stop.cancelled() => end(&mut child, group, grace).await,
    };
    // What it started itself, and left behind, ends with it.
    kill_group(group, Strength::Kill);
    // Its last words may still lie in the pipe; a child of the child that
    // left the group may hold it open.
    let _ = tokio::time::timeout(Duration::from_millis(200), heard).await;
    let status = status.map_or_else(|error| error.to_string(), told);
    let _ = sender.send(Some(Ended { status }));
}

async fn end(
    child: &mut Child,
    group: Option<u32>,
    grace: Duration,
) -> std::io::Result<ExitStatus> {
    if let Ok(status) = tokio::time::timeout(grace, child.wait()).await {
        return status;
    }
    kill_group(group, Strength::Term);
    if cfg!(unix)
        && let Ok(status) = tokio::time::timeout(TERM, child.wait()).await
    {
        return status;
    }
    kill_group(group, Strength::Kill);
    child.kill().await?;
    child.wait().await
}

fn told(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exit code {code}"),
        None => status.to_string(),
    }
}

enum Strength {
    Term,
    Kill,
}

#[cfg(unix)]
fn kill_group(group: Option<u32>, strength: Strength) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let signal = match strength {
        Strength::Term => Signal::TERM,
        Strength::Kill => Signal::KILL,
    };
    let group = group.and_then(|group| i32::try_from(group).ok()).and_then(Pid::from_raw);
    if let Some(group) = group {
        let _ = kill_process_group(group, signal);
    }
}

/// There are no groups. A program whose input is closed ends, if it is sound.
#[cfg(not(unix))]
fn kill_group(_group: Option<u32>, _strength: Strength) {}
