//! A program of a plugin: told one thing, heard, and ended in time with all
//! that it started.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use mlxcode_base::{CancelToken, is_secret_variable};

use crate::plugin::PluginError;

/// How much is read of what a program says, on each of its outputs.
const MOST_BYTES: u64 = 1 << 20;

/// How often it is looked whether a program has ended.
const PAUSE: Duration = Duration::from_millis(5);

/// How long the outputs of one that has ended may stay open: a child that
/// left the group may hold them.
const LEFT_OPEN: Duration = Duration::from_millis(300);

/// What is started.
pub(in crate::plugin) struct Task {
    pub(in crate::plugin) program: String,
    pub(in crate::plugin) args: Vec<String>,
    pub(in crate::plugin) folder: PathBuf,
    pub(in crate::plugin) environment: BTreeMap<OsString, OsString>,
    pub(in crate::plugin) added: Vec<(OsString, OsString)>,
}

/// How it went.
pub(in crate::plugin) enum Ended {
    Exited { code: i32, stdout: String, stderr: String },
    Failed(String),
}

/// A process with its group, both of which end when this is dropped.
pub(in crate::plugin) struct Spawned(pub(in crate::plugin) Child);

impl Spawned {
    /// Ends the whole group.
    pub(in crate::plugin) fn kill(&mut self) {
        #[cfg(unix)]
        {
            use rustix::process::{Pid, Signal, kill_process_group};
            let group = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw);
            if let Some(group) = group {
                let _ = kill_process_group(group, Signal::KILL);
            }
        }
        let _ = self.0.kill();
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        self.kill();
        let _ = self.0.wait();
    }
}

/// Starts a program in a group of its own, without secrets.
pub(in crate::plugin) fn spawn(task: &Task, stdin: Stdio) -> std::io::Result<Spawned> {
    #[expect(clippy::disallowed_methods, reason = "the user enabled the plugin that names it")]
    let mut command = Command::new(&task.program);
    let inherited =
        task.environment.iter().filter(|(name, _)| !name.to_str().is_some_and(is_secret_variable));
    command
        .args(&task.args)
        .env_clear()
        .envs(inherited)
        .envs(task.added.iter().map(|(name, value)| (name, value)))
        .current_dir(&task.folder)
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        command.process_group(0);
    }
    command.spawn().map(Spawned)
}

/// Runs a program to its end, or ends it.
pub(in crate::plugin) fn run(
    task: Task,
    input: Vec<u8>,
    limit: Duration,
    cancel: &CancelToken,
) -> Result<Ended, PluginError> {
    let deadline = Instant::now() + limit;
    let mut spawned = match spawn(&task, Stdio::piped()) {
        Ok(spawned) => spawned,
        Err(error) => {
            return Ok(Ended::Failed(format!("`{}` cannot be started: {error}", task.program)));
        }
    };
    if let Some(mut stdin) = spawned.0.stdin.take() {
        // One that does not read its input must not hold us up, and one that
        // closes it early did not fail because of that.
        thread::spawn(move || {
            let _ = stdin.write_all(&input);
        });
    }
    let stdout = listen(spawned.0.stdout.take());
    let stderr = listen(spawned.0.stderr.take());
    let status = loop {
        match spawned.0.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) => {}
            Err(error) => return Ok(Ended::Failed(error.to_string())),
        }
        if cancel.is_cancelled() {
            return Err(PluginError::Cancelled);
        }
        if Instant::now() >= deadline {
            let seconds = limit.as_secs();
            return Ok(Ended::Failed(format!("it did not end within {seconds} s")));
        }
        thread::sleep(PAUSE);
    };
    let take = |receiver: Receiver<Vec<u8>>| {
        let bytes = receiver.recv_timeout(LEFT_OPEN).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let (stdout, stderr) = (take(stdout), take(stderr));
    if stdout.len() as u64 > MOST_BYTES {
        return Ok(Ended::Failed(format!("it said more than {} KiB", MOST_BYTES >> 10)));
    }
    Ok(match status.code() {
        Some(code) => Ended::Exited { code, stdout, stderr },
        None => Ended::Failed(format!("it was ended: {status}")),
    })
}

fn listen(output: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    if let Some(mut output) = output {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = output.by_ref().take(MOST_BYTES + 1).read_to_end(&mut bytes);
            let _ = sender.send(bytes);
            // What is beyond is read away, so that nobody waits for us.
            let _ = std::io::copy(&mut output, &mut std::io::sink());
        });
    }
    receiver
}
