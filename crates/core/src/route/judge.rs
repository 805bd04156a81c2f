//! Which of several answers with edits is the best.

use std::sync::{Mutex, PoisonError};

use mlxcode_base::CancelToken;
use mlxcode_edit::{EditPlan, ParsedItem, SyntaxCheck, parse_reply};

use super::trial::Trial;
use crate::checks::CheckCommand;
use crate::config::Judge;
use crate::syntax::Grammars;
use crate::workspace::Workspace;

/// Who judges: each thing that holds counts more than all that come before it
/// together, since it says more.
pub struct Jury {
    workspace: Workspace,
    judges: Vec<Judge>,
    /// The commands of `checks`, the project's with them that the user said yes
    /// to.
    commands: Vec<CheckCommand>,
    /// The copy in which they are run, made when it is needed, and anew once
    /// the project has changed.
    trial: Mutex<Copied>,
}

#[derive(Default)]
enum Copied {
    #[default]
    NotYet,
    Never,
    Here(Box<Trial>),
}

impl Jury {
    pub fn new(workspace: &Workspace, judges: &[Judge]) -> Self {
        let mut judges = judges.to_vec();
        judges.sort_by_key(|judge| weight(*judge) as u32);
        // The copy lies elsewhere, where nothing was said yes to.
        let commands = workspace.check_commands();
        Self { workspace: workspace.clone(), judges, commands, trial: Mutex::default() }
    }

    /// The score of a reply; once this is cancelled, no command is run for it.
    pub fn score(&self, reply: &str, cancel: &CancelToken) -> f64 {
        let items = parse_reply(reply);
        let plan = self.workspace.plan(&items).ok();
        let holds = |judge: &Judge| match judge {
            Judge::Parses => parses(&items),
            Judge::Applies => plan.as_ref().is_some_and(EditPlan::is_applicable),
            Judge::Syntax => plan.as_ref().is_some_and(is_readable),
            Judge::Checks => plan.as_ref().is_some_and(|plan| self.passes(plan, &items, cancel)),
            Judge::Vote => false,
        };
        self.judges.iter().filter(|judge| holds(judge)).map(|judge| weight(*judge)).sum()
    }

    /// Whether the commands of `checks` pass with a change, in a copy. Where no
    /// copy can be made, none does, and the others decide.
    fn passes(&self, plan: &EditPlan, items: &[ParsedItem], cancel: &CancelToken) -> bool {
        if !plan.is_applicable() || self.commands.is_empty() {
            return false;
        }
        let mut trial = self.trial.lock().unwrap_or_else(PoisonError::into_inner);
        let is_current = match &*trial {
            Copied::NotYet => false,
            Copied::Never => true,
            Copied::Here(trial) => trial.is_of(&self.workspace, cancel),
        };
        if !is_current {
            let made = Trial::new(&self.workspace, cancel);
            // Another request may have the time for it.
            if cancel.is_cancelled() {
                return false;
            }
            *trial = made.map_or(Copied::Never, |trial| Copied::Here(Box::new(trial)));
        }
        match &*trial {
            Copied::Here(trial) => trial.passes(items, &self.commands, cancel),
            _ => false,
        }
    }
}

fn weight(judge: Judge) -> f64 {
    match judge {
        Judge::Vote => 0.0,
        Judge::Parses => 1.0,
        Judge::Applies => 2.0,
        Judge::Syntax => 4.0,
        Judge::Checks => 8.0,
    }
}

/// Whether there is an edit, and nothing that began like one and is none.
fn parses(items: &[ParsedItem]) -> bool {
    let edits = items.iter().any(|item| matches!(item, ParsedItem::Edit(_)));
    edits && !items.iter().any(|item| matches!(item, ParsedItem::Broken(_)))
}

/// Whether no file is worse to its grammar than before.
fn is_readable(plan: &EditPlan) -> bool {
    let errors = |change: &mlxcode_edit::FileChange, text: Option<&str>| {
        let path = change.to.as_ref().unwrap_or(&change.path);
        text.and_then(|text| Grammars.errors(path, text)).unwrap_or(0)
    };
    plan.is_applicable()
        && plan
            .changes()
            .iter()
            .all(|change| errors(change, change.after()) <= errors(change, change.before()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dirs::Dirs;

    fn block(search: &str, replace: &str) -> String {
        format!(
            "a.py\n```python\n<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n```\n"
        )
    }

    #[test]
    fn what_holds_counts() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().join("project");
        std::fs::create_dir(&root).unwrap();
        std::fs::write(root.join("a.py"), "def f():\n    return 1\n").unwrap();
        let workspace = Workspace::open(&root, &Dirs::under(temp.path())).unwrap();
        let jury = Jury::new(&workspace, &[Judge::Syntax, Judge::Parses, Judge::Applies]);
        let score = |reply: &str| jury.score(reply, &CancelToken::new()) as u32;
        assert_eq!(score("It is fine as it is."), 0);
        // It is an edit, of a line that is not there.
        assert_eq!(score(&block("    return 7", "    return 8")), 1);
        // It fits, and cannot be read.
        assert_eq!(score(&block("    return 1", "    return (1")), 3);
        assert_eq!(score(&block("    return 1", "    return 2")), 7);
        let vote = Jury::new(&workspace, &[Judge::Vote]);
        assert_eq!(vote.score(&block("x", "y"), &CancelToken::new()) as u32, 0);
    }

    #[cfg(unix)]
    #[test]
    fn commands_are_run_in_a_copy() {
        let temp = tempfile::tempdir().unwrap();
        let (root, dirs) = (temp.path().join("project"), Dirs::under(temp.path()));
        std::fs::create_dir_all(root.join("sub")).unwrap();
        std::fs::create_dir_all(&dirs.config).unwrap();
        std::fs::write(root.join("a.py"), "def f():\n    return 1\n").unwrap();
        std::fs::write(root.join("sub/wanted"), "return 2\n").unwrap();
        let config =
            r#"{"checks": [{"files": "*.py", "run": "touch ran; grep -qf sub/wanted a.py"}]}"#;
        std::fs::write(dirs.config_file(), config).unwrap();
        let workspace = Workspace::open(&root, &dirs).unwrap();
        let jury = Jury::new(&workspace, &[Judge::Checks]);
        let score =
            |replace: &str| jury.score(&block("    return 1", replace), &CancelToken::new()) as u32;
        assert_eq!(
            [score("    return 3"), score("    return 2"), score("    return 4")],
            [0, 8, 0]
        );
        assert!(!root.join("ran").exists());
        // The project goes on, and the copy with it.
        std::fs::write(root.join("sub/wanted"), "return 44\n").unwrap();
        assert_eq!([score("    return 44"), score("    return 2")], [8, 0]);
        assert_eq!(std::fs::read_to_string(root.join("a.py")).unwrap(), "def f():\n    return 1\n");
    }

    #[cfg(unix)]
    #[test]
    fn what_the_user_said_yes_to_is_run_and_nothing_else() {
        let temp = tempfile::tempdir().unwrap();
        let (root, dirs) = (temp.path().join("project"), Dirs::under(temp.path()));
        std::fs::create_dir_all(&root).unwrap();
        // A grammar cannot read it, before or after.
        std::fs::write(root.join("a.py"), "x = (\ny = 1\n").unwrap();
        let config = r#"{"checks": [{"files": "*.py", "run": "grep -q 'y = 2' a.py"}]}"#;
        std::fs::write(root.join(".mlx-code.json"), config).unwrap();
        let score = |replace: &str, cancel: &CancelToken| {
            let workspace = Workspace::open(&root, &dirs).unwrap();
            let jury = Jury::new(&workspace, &[Judge::Checks]);
            jury.score(&block("y = 1", replace), cancel) as u32
        };
        let goes_on = CancelToken::new();
        assert_eq!([score("y = 2", &goes_on), score("y = 3", &goes_on)], [0, 0]);
        let workspace = Workspace::open(&root, &dirs).unwrap();
        workspace.approve(&workspace.offers().unwrap()[0]).unwrap();
        assert_eq!([score("y = 2", &goes_on), score("y = 3", &goes_on)], [8, 0]);
        let cancelled = CancelToken::new();
        cancelled.cancel();
        assert_eq!(score("y = 2", &cancelled), 0);
    }
}
