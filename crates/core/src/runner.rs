//! Commands that a project runs, confined.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use mlxcode_agent::{CommandRun, CommandRunner};
use mlxcode_base::{BoxDiagnostic, CancelToken};
use mlxcode_sandbox::{Agreed, Ended, Network, Policy, Run, Sandbox, usual_hidden};

use crate::error::Result;
use crate::workspace::Workspace;

/// A build or a suite of tests that a fix waits for may take longer than a
/// command in a conversation.
const WALL: Duration = Duration::from_mins(10);

/// What commands are given of the surroundings. A face fills it in.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RunSurroundings {
    /// The environment, of which secrets are taken out.
    pub environment: Vec<(OsString, OsString)>,
    /// A folder for temporary files.
    pub temp: PathBuf,
    /// The home folder, whose secrets are hidden.
    pub home: Option<PathBuf>,
    /// Whether commands reach the network.
    pub network: bool,
    /// Whether a person agreed that commands run although this machine cannot
    /// confine them.
    pub unconfined: bool,
    /// Folders besides the root that commands may write, such as a package
    /// manager's cache.
    pub writable: Vec<PathBuf>,
}

/// Runs commands in a workspace: confined to its folder, without a network
/// unless that is allowed.
#[derive(Clone, Debug)]
pub struct SandboxedRunner(Sandbox);

impl Workspace {
    /// What runs commands here.
    ///
    /// # Errors
    /// Where this machine cannot confine them and nobody agreed to that.
    pub fn runner(&self, surroundings: &RunSurroundings) -> Result<SandboxedRunner> {
        let mut policy = Policy::new(self.root.clone(), surroundings.temp.clone());
        policy.environment.clone_from(&surroundings.environment);
        policy.writable.clone_from(&surroundings.writable);
        policy.limits.wall = WALL;
        if let Some(home) = &surroundings.home {
            policy.hidden.extend(usual_hidden(home));
        }
        // Who reads these knows what was said here, and what is kept secret.
        policy.hidden.extend([self.dirs.config.clone(), self.dirs.state.clone()]);
        if surroundings.network {
            policy.network = Network::Allowed;
        }
        let sandbox = if surroundings.unconfined {
            Sandbox::unsandboxed(policy, Agreed::by_a_person())?
        } else {
            Sandbox::new(policy)?
        };
        Ok(SandboxedRunner(sandbox))
    }
}

impl CommandRunner for SandboxedRunner {
    fn run(&self, command: &str, cancel: &CancelToken) -> mlxcode_agent::Result<CommandRun> {
        let ran = self.0.run(&Run::shell(command), cancel, &mut |_| {});
        let ran = ran.map_err(|error| mlxcode_agent::Error::Ground(BoxDiagnostic::new(error)))?;
        let (status, note) = match ran.ended {
            Ended::Exited { code } => (Some(code), None),
            Ended::Signalled { signal } => (None, Some(format!("it was ended by signal {signal}"))),
            Ended::TimedOut => (None, Some("it took too long".to_owned())),
            Ended::Cancelled => (None, Some("it was cancelled".to_owned())),
            Ended::TooMuchOutput => (None, Some("it printed too much".to_owned())),
            Ended::TooManyProcesses => (None, Some("it started too many processes".to_owned())),
            Ended::TooMuchMemory => (None, Some("it took too much memory".to_owned())),
            Ended::TooMuchDisk => (None, Some("it took too much of the disk".to_owned())),
            _ => (None, Some("it was stopped".to_owned())),
        };
        let mut notes: Vec<String> = note.into_iter().collect();
        if ran.left_running > 0 {
            notes.push(format!("{} processes that it left running were ended", ran.left_running));
        }
        if !ran.put_back.is_empty() {
            let paths = ran.put_back.iter().map(|path| path.display().to_string());
            let paths: Vec<String> = paths.collect();
            notes.push(format!(
                "no command may change these, which were put back: {}",
                paths.join(", ")
            ));
        }
        let note = (!notes.is_empty()).then(|| notes.join("; "));
        Ok(CommandRun { status, output: ran.output.text(), note })
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use crate::dirs::Dirs;

    #[test]
    fn a_command_writes_in_the_tree_and_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let (tree, temp) = (folder.path().join("tree"), folder.path().join("temp"));
        std::fs::create_dir_all(&tree).unwrap();
        std::fs::create_dir_all(&temp).unwrap();
        let workspace = Workspace::open(&tree, &Dirs::under(&folder.path().join("home"))).unwrap();
        let variable = |name: &str, value: &str| (OsString::from(name), OsString::from(value));
        let environment = vec![variable("PATH", "/usr/bin:/bin"), variable("MY_API_KEY", "hush")];
        let surroundings = RunSurroundings { environment, temp, ..RunSurroundings::default() };
        let runner = match workspace.runner(&surroundings) {
            Ok(runner) => runner,
            // A machine that cannot confine says so, and nothing else.
            Err(error) => {
                assert_eq!(error.code(), "sandbox.not_confined", "{error}");
                return;
            }
        };
        let run = |command: &str| runner.run(command, &CancelToken::new()).unwrap();
        let made = run("echo in > in.txt && cat in.txt; echo $MY_API_KEY");
        assert!(made.is_ok() && made.output == "in\n\n", "{made:?}");
        let outside = run("echo out > ../out.txt");
        assert!(!outside.is_ok() && !folder.path().join("out.txt").exists(), "{outside:?}");
    }
}
