//! The programs that a repository's own configuration names.

use std::collections::BTreeSet;
use std::path::Path;

use crate::error::{Error, Result};
use crate::program;

/// Settings that name a program under a name of their choice. Programs of the
/// drivers of diffs are switched off by arguments.
const NAMES_A_PROGRAM: &str = r"^(filter\..*\.(clean|smudge|process|required)|hook\..*\.command)$";

/// What a repository would have git start.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Programs {
    /// The settings that switch everything off, `name=value`.
    pub off: Vec<String>,
    /// The names of its filters.
    pub filters: BTreeSet<String>,
}

/// Reads the repository's own settings and the work tree's. The user's own
/// programs, such as Git LFS set up for all repositories, are left alone.
pub fn programs(work_tree: &Path) -> Result<Programs> {
    let args = ["-z", "--show-scope", "--name-only", "--get-regexp", NAMES_A_PROGRAM];
    let answer = program::ask("git", work_tree, &[], "config", args)?;
    // Status 1 without a word is how git says that nothing matches; other
    // refusals come up again, with a better verb, in what is run next.
    read(&answer.stdout)
}

/// Reads `scope NUL name NUL …`.
fn read(answer: &[u8]) -> Result<Programs> {
    let mut programs = Programs::default();
    let mut off = BTreeSet::new();
    let mut fields = answer.split(|byte| *byte == 0);
    while let (Some(scope), Some(name)) = (fields.next(), fields.next()) {
        if scope != b"local" && scope != b"worktree" {
            continue;
        }
        let name = String::from_utf8_lossy(name);
        let odd = || Error::OddSetting { setting: name.escape_debug().to_string() };
        // Git takes what stands before the first `=` for the setting's name,
        // so such a name cannot be switched off. Nobody has one by accident.
        if name.contains(['=', '\n', '\u{fffd}']) {
            return Err(odd());
        }
        let (rest, _) = name.rsplit_once('.').ok_or_else(odd)?;
        if rest.starts_with("hook.") {
            off.insert(format!("{rest}.enabled=false"));
        } else if let Some(filter) = rest.strip_prefix("filter.") {
            programs.filters.insert(filter.to_owned());
            for key in ["clean=", "smudge=", "process=", "required=false"] {
                off.insert(format!("{rest}.{key}"));
            }
        } else {
            return Err(odd());
        }
    }
    programs.off.extend(off);
    Ok(programs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_the_repositorys_own_programs_are_switched_off() {
        let answer = b"global\0filter.lfs.clean\0local\0filter.a.b.clean\0\
            worktree\0hook.x.command\0local\0filter.a.b.smudge\0";
        let programs = read(answer).unwrap();
        assert_eq!(
            programs.off,
            [
                "filter.a.b.clean=",
                "filter.a.b.process=",
                "filter.a.b.required=false",
                "filter.a.b.smudge=",
                "hook.x.enabled=false",
            ]
        );
        assert!(programs.filters.iter().eq(["a.b"]));
    }

    #[test]
    fn a_name_that_cannot_be_switched_off_is_refused() {
        for answer in [&b"local\0filter.a=b.clean\0"[..], b"local\0filter.\xff.clean\0"] {
            assert!(matches!(read(answer), Err(Error::OddSetting { .. })), "{answer:?}");
        }
    }

    proptest! {
        #[test]
        fn any_answer_is_read_or_refused(answer in prop::collection::vec(any::<u8>(), 0..80)) {
            read(&answer).ok();
        }
    }
}
