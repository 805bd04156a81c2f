//! Commands of a conversation, run in the sandbox.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use mlxcode_agent::{CommandRun, CommandRunner};
use mlxcode_base::{BoxDiagnostic, CancelToken};
use mlxcode_sandbox::{Ended, Policy, Ran, Run, Sandbox, usual_hidden};

use crate::error::Result;
use crate::workspace::Workspace;

/// What commands find around them.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CommandSurroundings {
    /// The variables; those that look like secrets are taken out.
    pub variables: Vec<(OsString, OsString)>,
    /// The user's home, in which the usual places of secrets are hidden.
    pub home: Option<PathBuf>,
    /// Where temporary folders are made.
    pub temp: PathBuf,
}

impl CommandSurroundings {
    /// Those of this process. Meant for faces, as
    /// [`Dirs::from_env`](crate::Dirs::from_env) is.
    #[allow(clippy::disallowed_methods, reason = "reads what only faces ask for, as Dirs does")]
    pub fn from_env() -> Self {
        Self { variables: env::vars_os().collect(), home: env::home_dir(), temp: env::temp_dir() }
    }
}

impl Workspace {
    /// Runs commands in the root of this tree, confined: they write below it and
    /// in a temporary folder, reach no network and see no secrets.
    ///
    /// # Errors
    /// Where this machine cannot confine them.
    pub fn command_runner(
        &self,
        surroundings: &CommandSurroundings,
    ) -> Result<Arc<dyn CommandRunner>> {
        let mut policy = Policy::new(self.root.clone(), &surroundings.temp);
        if let Some(home) = &surroundings.home {
            policy.hidden.extend(usual_hidden(home));
        }
        policy.hidden.push(self.dirs.config.clone());
        policy.hidden.push(self.dirs.state.clone());
        policy.environment.clone_from(&surroundings.variables);
        Ok(Arc::new(Confined(Sandbox::new(policy)?)))
    }
}

/// Runs commands in a sandbox.
struct Confined(Sandbox);

impl CommandRunner for Confined {
    fn run(&self, command: &str, cancel: &CancelToken) -> mlxcode_agent::Result<CommandRun> {
        let ran = self.0.run(&Run::shell(command), cancel, &mut |_| {});
        let ran = ran.map_err(|error| mlxcode_agent::Error::Ground(BoxDiagnostic::new(error)))?;
        Ok(told(&ran))
    }
}

fn told(ran: &Ran) -> CommandRun {
    let mut notes = Vec::new();
    let status = match ran.ended {
        Ended::Exited { code } => Some(code),
        Ended::Signalled { signal } => {
            notes.push(format!("ended by signal {signal}"));
            None
        }
        Ended::TimedOut => {
            notes.push("it took longer than it may".to_owned());
            None
        }
        Ended::Cancelled => {
            notes.push("it was cancelled".to_owned());
            None
        }
        Ended::TooMuchOutput => {
            notes.push("it printed more than it may".to_owned());
            None
        }
        Ended::TooManyProcesses => {
            notes.push("it started more processes than it may".to_owned());
            None
        }
        Ended::TooMuchMemory => {
            notes.push("it took more memory than it may".to_owned());
            None
        }
        Ended::TooMuchDisk => {
            notes.push("it took more of the disk than it may".to_owned());
            None
        }
        _ => None,
    };
    if ran.left_running > 0 {
        notes.push(format!("{} processes that it left running were ended", ran.left_running));
    }
    if !ran.put_back.is_empty() {
        let paths: Vec<String> =
            ran.put_back.iter().map(|path| path.display().to_string()).collect();
        notes.push(format!(
            "these may not be changed by a command and were put back: {}",
            paths.join(", ")
        ));
    }
    let note = (!notes.is_empty()).then(|| notes.join("; "));
    CommandRun { status, output: ran.output.text(), note }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dirs::Dirs;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_command_writes_in_the_tree_and_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let (tree, temp) = (folder.path().join("tree"), folder.path().join("temp"));
        std::fs::create_dir_all(&tree).unwrap();
        std::fs::create_dir_all(&temp).unwrap();
        let workspace = Workspace::open(&tree, &Dirs::under(&folder.path().join("home"))).unwrap();
        let mut surroundings = CommandSurroundings { temp, ..CommandSurroundings::default() };
        let path = (OsString::from("PATH"), OsString::from("/usr/bin:/bin"));
        let secret = (OsString::from("MY_API_KEY"), OsString::from("hush"));
        surroundings.variables.extend([path, secret]);
        // A machine that cannot confine says so.
        let Ok(runner) = workspace.command_runner(&surroundings) else { return };
        let run = |command: &str| runner.run(command, &CancelToken::new()).unwrap();
        let made = run("echo in > in.txt && cat in.txt; echo $MY_API_KEY");
        assert!(made.is_ok() && made.output == "in\n\n", "{made:?}");
        let outside = run("echo out > ../out.txt");
        assert!(!outside.is_ok() && !folder.path().join("out.txt").exists(), "{outside:?}");
    }
}
