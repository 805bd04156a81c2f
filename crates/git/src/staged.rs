//! A commit of what is staged.

use crate::commit::is_about_identity;
use crate::config;
use crate::error::{Error, Result};
use crate::program::{Answer, ask, ask_as_set_up};
use crate::repository::Repository;

/// What is told of a hook that said no.
const MOST_MESSAGE_LINES: usize = 20;

/// Whether programs that are set up for a commit run: hooks, and those that
/// sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CommitPrograms {
    /// None does.
    #[default]
    None,
    /// All do, as when the user runs `git commit`.
    AsGitDoes,
}

impl Repository {
    /// Commits what is staged, and gives the new commit's name.
    ///
    /// # Errors
    /// [`Error::Stopped`] where a hook says no; what is staged stays so.
    pub fn commit_staged(&self, message: &str, programs: CommitPrograms) -> Result<String> {
        if message.trim().is_empty() {
            return Err(Error::EmptyMessage);
        }
        let mut args = vec!["--quiet", "--cleanup=whitespace", "--message", message];
        let answer = match programs {
            CommitPrograms::None => {
                args.push("--no-verify");
                let settings = config::programs(self.work_tree())?.off;
                ask("git", self.work_tree(), &settings, "commit", args)?
            }
            CommitPrograms::AsGitDoes => ask_as_set_up(self.work_tree(), "commit", args)?,
        };
        if answer.success {
            return self.head()?.commit.ok_or(Error::Unreadable { verb: "commit" });
        }
        Err(refusal(&answer))
    }
}

fn refusal(answer: &Answer) -> Error {
    if is_about_identity(&answer.message) {
        return Error::NoIdentity;
    }
    let said = String::from_utf8_lossy(&answer.stdout);
    let nothing = ["nothing to commit", "nothing added to commit", "no changes added to commit"];
    if nothing.iter().any(|words| said.contains(words)) {
        return Error::NothingToCommit;
    }
    let lines: Vec<&str> = answer.complaint.lines().chain(said.lines()).collect();
    let last = lines.len().saturating_sub(MOST_MESSAGE_LINES);
    let message = lines[last..].join("\n").trim().to_owned();
    if message.is_empty() {
        return Error::Stopped { message: "it gave no reason".to_owned() };
    }
    Error::Stopped { message }
}
