//! The git program, and nothing that a repository could make it start.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::{Error, Result};

/// Settings by which a repository names programs of its own.
const HARMLESS: [&str; 8] = [
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "core.sshCommand=false",
    "core.quotePath=false",
    "credential.helper=",
    "diff.external=",
    "commit.gpgSign=false",
];

/// Variables that would make git look at another repository.
const FOREIGN: [&str; 8] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_EXTERNAL_DIFF",
    "GIT_CONFIG_PARAMETERS",
];

/// Runs `git verb args` in `work_tree` and gives what it printed.
pub fn run<A: AsRef<OsStr>>(
    work_tree: &Path,
    verb: &'static str,
    args: impl IntoIterator<Item = A>,
) -> Result<Vec<u8>> {
    #[allow(clippy::disallowed_methods, reason = "the one place that starts git")]
    let mut command = Command::new("git");
    for setting in HARMLESS {
        command.args(["-c", setting]);
    }
    for name in FOREIGN {
        command.env_remove(name);
    }
    let output = command
        .arg("--no-pager")
        .arg(verb)
        .args(args)
        .current_dir(work_tree)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .output()
        .map_err(|source| match source.kind() {
            io::ErrorKind::NotFound if work_tree.is_dir() => Error::NoProgram,
            _ => Error::Spawn { work_tree: work_tree.to_owned(), source },
        })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let message = last.trim_start_matches("fatal: ").trim_start_matches("error: ");
    Err(Error::Failed { verb, message: message.to_owned() })
}
