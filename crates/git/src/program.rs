//! The git program, and nothing that a repository could make it start.
//!
//! A folder that somebody sent may hold a `.git/config` that names programs.
//! What can be switched off by name is switched off in [`HARMLESS`]; filters
//! and configured hooks have names of their choice, so they are read first
//! (`config.rs`) and switched off one by one.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use mlxcode_base::secret_variables;

use crate::error::{Error, Result};

/// The most of an answer that is held: far above any diff that a person or a
/// model reads, far below the memory of a small machine.
pub const LIMIT_BYTES: usize = 64 << 20;

/// What is kept of git's complaints.
const COMPLAINT_BYTES: usize = 64 << 10;

/// Settings by which a repository names programs, reaches the network, or
/// makes answers look different.
const HARMLESS: [&str; 15] = [
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "core.sshCommand=false",
    "core.quotePath=false",
    "credential.helper=",
    "diff.external=",
    "diff.submodule=short",
    "commit.gpgSign=false",
    "log.showSignature=false",
    "log.showRoot=true",
    "log.follow=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
];

/// Variables that would make git look at another repository or read paths and
/// settings differently. The caller's identity and global files stay.
const FOREIGN: [&str; 28] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_PREFIX",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_GRAFT_FILE",
    "GIT_SHALLOW_FILE",
    "GIT_REPLACE_REF_BASE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "GIT_EXTERNAL_DIFF",
    "GIT_DIFF_OPTS",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
    "GIT_EDITOR",
    "GIT_TRACE",
    "GIT_TRACE2",
    "LANGUAGE",
];

/// What git said.
pub struct Answer {
    /// Whether it left with exit status 0.
    pub success: bool,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Why it refused, one line.
    pub message: String,
    /// All that it said to that, as far as it is kept.
    pub complaint: String,
}

/// Runs `git verb args` in `work_tree` with `settings` on top of the harmless
/// ones, and gives what it printed; a refusal is an error.
pub fn run<A: AsRef<OsStr>>(
    work_tree: &Path,
    settings: &[String],
    verb: &'static str,
    args: impl IntoIterator<Item = A>,
) -> Result<Vec<u8>> {
    let answer = ask("git", work_tree, settings, verb, args)?;
    if answer.success {
        return Ok(answer.stdout);
    }
    Err(Error::Failed { verb, message: answer.message })
}

/// Runs `program`, which is git but in the tests, and gives its answer.
pub fn ask<A: AsRef<OsStr>>(
    program: &str,
    work_tree: &Path,
    settings: &[String],
    verb: &'static str,
    args: impl IntoIterator<Item = A>,
) -> Result<Answer> {
    let mut command = started(program, work_tree);
    for setting in HARMLESS.iter().copied().chain(settings.iter().map(String::as_str)) {
        command.args(["-c", setting]);
    }
    command
        .args(["--no-pager", "--work-tree=.", verb])
        .args(args)
        .env("GIT_OPTIONAL_LOCKS", "0")
        // Objects that a partial clone lacks stay where they are.
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_ALLOW_PROTOCOL", "none");
    answer_of(command, work_tree, verb)
}

/// Runs git as the user has set it up, hooks and signing programs included:
/// only where that was asked for in so many words.
pub fn ask_as_set_up<A: AsRef<OsStr>>(
    work_tree: &Path,
    verb: &'static str,
    args: impl IntoIterator<Item = A>,
) -> Result<Answer> {
    let mut command = started("git", work_tree);
    command.args(["--no-pager", verb]).args(args);
    answer_of(command, work_tree, verb)
}

/// Git in a folder, without what the environment would make it do elsewhere
/// and without the tokens of this process.
fn started(program: &str, work_tree: &Path) -> Command {
    #[allow(clippy::disallowed_methods, reason = "the one place that starts git")]
    let mut command = Command::new(program);
    for name in FOREIGN {
        command.env_remove(name);
    }
    for name in secret_variables() {
        command.env_remove(name);
    }
    // A broken `.git` here must not make git take the repository above, and
    // `core.worktree` must not lead it to another folder.
    if let Some(above) = work_tree.parent() {
        command.env("GIT_CEILING_DIRECTORIES", above);
    }
    command.current_dir(work_tree).env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
    command
}

fn answer_of(mut command: Command, work_tree: &Path, verb: &'static str) -> Result<Answer> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound if work_tree.is_dir() => Error::NoProgram,
        _ => Error::Spawn { work_tree: work_tree.to_owned(), source },
    };
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;

    let stderr = child.stderr.take();
    let complaint = thread::spawn(move || stderr.map_or_else(Vec::new, first_bytes));
    let mut stdout = Vec::new();
    let read = match child.stdout.take() {
        Some(pipe) => pipe.take(LIMIT_BYTES as u64 + 1).read_to_end(&mut stdout),
        None => Ok(0),
    };
    if read.is_err() || stdout.len() > LIMIT_BYTES {
        // It may have left already; what matters is that it does not linger.
        child.kill().ok();
    }
    let status = child.wait().map_err(failed)?;
    let complaint = complaint.join().unwrap_or_default();
    read.map_err(failed)?;
    if stdout.len() > LIMIT_BYTES {
        return Err(Error::TooLarge { verb, limit_bytes: LIMIT_BYTES });
    }
    let complaint = String::from_utf8_lossy(&complaint);
    if !status.success() && complaint.contains("detected dubious ownership") {
        return Err(Error::NotTrusted { work_tree: work_tree.to_owned() });
    }
    let message = reason(&complaint).to_owned();
    Ok(Answer { success: status.success(), stdout, message, complaint: complaint.into_owned() })
}

/// The first bytes of a stream, which is read to its end so that git never
/// waits for a reader.
fn first_bytes(mut stream: impl Read) -> Vec<u8> {
    let mut kept = Vec::new();
    stream.by_ref().take(COMPLAINT_BYTES as u64).read_to_end(&mut kept).ok();
    io::copy(&mut stream, &mut io::sink()).ok();
    kept
}

/// The line that tells why: the first that git marks so, else the last one.
fn reason(complaint: &str) -> &str {
    let marked = ["fatal: ", "error: "]
        .iter()
        .find_map(|mark| complaint.lines().find_map(|line| line.strip_prefix(mark)));
    let last = || complaint.lines().rev().find(|line| !line.trim().is_empty());
    marked.or_else(last).unwrap_or("it gave no reason").trim()
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests start what they need")]
mod tests {
    use super::*;
    use mlxcode_base::{Diagnostic, ErrorKind};

    #[test]
    fn a_missing_program_is_told_from_a_missing_folder() {
        let temp = tempfile::tempdir().unwrap();
        let ask_in = |folder: &Path| {
            let nothing: [&str; 0] = [];
            ask("no-such-git-program", folder, &[], "status", nothing).err().unwrap()
        };
        let error = ask_in(temp.path());
        assert!(matches!(error, Error::NoProgram), "{error:?}");
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        let error = ask_in(&temp.path().join("missing"));
        assert!(matches!(error, Error::Spawn { .. }), "{error:?}");
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }

    /// In a process that has tokens in its environment: this one must not get
    /// any.
    #[cfg(unix)]
    #[test]
    fn tokens_of_the_environment_are_not_inherited() {
        use std::os::unix::fs::PermissionsExt;
        let temp = tempfile::tempdir().unwrap();
        let (program, seen) = (temp.path().join("git"), temp.path().join("seen"));
        std::fs::write(&program, format!("#!/bin/sh\nenv > {}\n", seen.display())).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut again = Command::new(std::env::current_exe().unwrap());
        again.args(["--exact", "program::tests::starts_a_program", "--ignored"]);
        let secrets = ["HF_TOKEN", "GITHUB_TOKEN", "ANTHROPIC_API_KEY"];
        again.env(PROGRAM, &program).envs(secrets.map(|name| (name, "in-sight")));
        let ran = again.output().unwrap();
        assert!(ran.status.success(), "{ran:?}");
        let given = std::fs::read_to_string(seen).unwrap();
        assert!(given.contains("GIT_TERMINAL_PROMPT=0"), "{given}");
        assert!(!given.contains("in-sight"), "{given}");
    }

    const PROGRAM: &str = "MLX_CODE_TEST_PROGRAM";

    #[test]
    #[ignore = "the test above starts it, with an environment of its own"]
    fn starts_a_program() {
        let temp = tempfile::tempdir().unwrap();
        let program = std::env::var(PROGRAM).unwrap();
        let nothing: [&str; 0] = [];
        assert!(ask(&program, temp.path(), &[], "status", nothing).unwrap().success);
    }

    #[test]
    fn the_reason_is_the_line_that_git_marks() {
        for (complaint, expect) in [
            ("", "it gave no reason"),
            ("odd\n\n", "odd"),
            ("warning: w\nfatal: bad object\n\tgit config x\n", "bad object"),
            ("error: pathspec 'x' did not match\n", "pathspec 'x' did not match"),
        ] {
            assert_eq!(reason(complaint), expect);
        }
    }
}
