//! What changed between two states of a repository.

use std::ffi::OsString;

use mlxcode_base::RelPath;

use crate::config;
use crate::error::{Error, Result};
use crate::program::{ask, run};
use crate::repository::{Repository, with_paths};

/// Two states of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Range {
    /// The last commit, and what the next one would hold.
    Staged,
    /// The last commit, and the files as they are.
    WorkTree,
    /// One commit and another one.
    Commits {
        /// What is compared with: a branch, a tag, a commit.
        from: String,
        /// What is looked at.
        to: String,
        /// Whether to compare with where `to` left `from`.
        since_fork: bool,
    },
}

impl Range {
    /// Reads what a person types: `from..to`, `from...to` (since they parted),
    /// or `from` alone, which is `from...HEAD`.
    pub fn parse(text: &str) -> Self {
        let (from, to, since_fork) = match text.split_once("...") {
            Some((from, to)) => (from, to, true),
            None => match text.split_once("..") {
                Some((from, to)) => (from, to, false),
                None => (text, "HEAD", true),
            },
        };
        let or_head = |name: &str| if name.is_empty() { "HEAD" } else { name }.to_owned();
        Self::Commits { from: or_head(from), to: or_head(to), since_fork }
    }
}

/// How many lines of a file changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileCount {
    /// The file, by its new path.
    pub path: RelPath,
    /// Of a renamed one, where it was.
    pub from: Option<RelPath>,
    /// Lines that came and went; `None` of a binary file.
    pub lines: Option<(usize, usize)>,
}

/// Options that keep a diff as git itself makes it.
const PLAIN: [&str; 7] = [
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--find-renames",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--ignore-submodules=dirty",
];

impl Repository {
    /// A unified diff between two states, with `context` unchanged lines
    /// around each change; of `paths` alone where some are given.
    pub fn diff_of(&self, range: &Range, context: usize, paths: &[RelPath]) -> Result<String> {
        let unified = format!("--unified={context}");
        let bytes = self.compare(range, &[&unified], paths)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The files that differ between two states, and in how many lines.
    pub fn counts(&self, range: &Range) -> Result<Vec<FileCount>> {
        let bytes = self.compare(range, &["--numstat", "-z"], &[])?;
        read_counts(&bytes).ok_or(Error::Unreadable { verb: "diff" })
    }

    /// A file's content in the state that a range leads to; `None` where it has
    /// no such file, and where its content is no text.
    pub fn file_at(&self, range: &Range, path: &RelPath) -> Result<Option<String>> {
        let object = match range {
            Range::Staged => format!(":{path}"),
            Range::WorkTree => {
                return Ok(std::fs::read_to_string(self.work_tree().join(path.as_path())).ok());
            }
            Range::Commits { to, .. } => format!("{}:{path}", self.commit_named(to)?),
        };
        let answer = ask("git", self.work_tree(), &[], "cat-file", ["blob", &object])?;
        Ok(answer.success.then(|| String::from_utf8(answer.stdout).ok()).flatten())
    }

    /// The address that a remote was set up with; `None` where there is none of
    /// that name.
    pub fn remote_url(&self, name: &str) -> Result<Option<String>> {
        let key = format!("remote.{name}.url");
        let answer = ask("git", self.work_tree(), &[], "config", ["--get", &key])?;
        let text = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
        Ok(Some(text).filter(|text| answer.success && !text.is_empty()))
    }

    /// The full name of the commit that a text names.
    pub fn commit_named(&self, revision: &str) -> Result<String> {
        let no_revision = || Error::NoRevision { revision: revision.to_owned() };
        // What begins so would be an option, and no name of git has such signs.
        if revision.starts_with('-') || revision.chars().any(char::is_control) {
            return Err(no_revision());
        }
        let peeled = format!("{revision}^{{commit}}");
        let args = ["--verify", "--quiet", "--end-of-options", &peeled];
        let answer = ask("git", self.work_tree(), &[], "rev-parse", args)?;
        let name = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
        if answer.success && !name.is_empty() { Ok(name) } else { Err(no_revision()) }
    }

    fn compare(&self, range: &Range, more: &[&str], paths: &[RelPath]) -> Result<Vec<u8>> {
        let settings = config::programs(self.work_tree())?.off;
        let mut options: Vec<&str> = PLAIN.to_vec();
        options.extend(more);
        let last = || match self.head()?.commit {
            Some(commit) => Ok(commit),
            None => self.empty_tree(),
        };
        let states = match range {
            Range::Staged => vec!["--cached".to_owned(), last()?],
            Range::WorkTree => vec![last()?],
            Range::Commits { from, to, since_fork } => {
                let (from, to) = (self.commit_named(from)?, self.commit_named(to)?);
                let from = if *since_fork { self.fork(&from, &to)? } else { from };
                vec![from, to]
            }
        };
        options.extend(states.iter().map(String::as_str));
        let args: Vec<OsString> = with_paths(&options, paths);
        run(self.work_tree(), &settings, "diff", args)
    }

    /// Where two commits parted; the first one where they have nothing in
    /// common.
    fn fork(&self, from: &str, to: &str) -> Result<String> {
        let answer = ask("git", self.work_tree(), &[], "merge-base", [from, to])?;
        let name = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
        Ok(if answer.success && !name.is_empty() { name } else { from.to_owned() })
    }
}

/// `added TAB removed TAB path NUL`, and of a rename
/// `added TAB removed TAB NUL from NUL to NUL`.
fn read_counts(answer: &[u8]) -> Option<Vec<FileCount>> {
    let mut counts = Vec::new();
    let mut fields = answer.split(|byte| *byte == 0);
    while let Some(field) = fields.next() {
        if field.is_empty() {
            continue;
        }
        let mut parts = field.splitn(3, |byte| *byte == b'\t');
        let mut number = || Some(std::str::from_utf8(parts.next()?).ok()?.parse::<usize>().ok());
        let lines = number()?.zip(number()?);
        let path = |bytes: &[u8]| RelPath::new(std::str::from_utf8(bytes).ok()?).ok();
        let (from, to) = match parts.next()? {
            b"" => (path(fields.next()?), path(fields.next()?)),
            name => (None, path(name)),
        };
        // A name that is no path of ours is none of our files.
        if let Some(path) = to {
            counts.push(FileCount { path, from, lines });
        }
    }
    Some(counts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn counts_are_read() {
        let counts = read_counts(b"1\t2\ta b.rs\0-\t-\tx.png\x003\t0\t\0old.rs\0new.rs\0").unwrap();
        let told: Vec<_> =
            counts.iter().map(|one| (one.path.as_str(), one.from.is_some(), one.lines)).collect();
        let expect = [
            ("a b.rs", false, Some((1, 2))),
            ("x.png", false, None),
            ("new.rs", true, Some((3, 0))),
        ];
        assert_eq!(told, expect);
        assert_eq!(read_counts(b"1"), None);
    }

    #[test]
    fn a_range_is_read_as_git_reads_it() {
        let check = |text: &str, expect: (&str, &str, bool)| {
            let Range::Commits { from, to, since_fork } = Range::parse(text) else { panic!() };
            assert_eq!((from.as_str(), to.as_str(), since_fork), expect, "{text}");
        };
        check("main", ("main", "HEAD", true));
        check("a..b", ("a", "b", false));
        check("a...b", ("a", "b", true));
        check("a..", ("a", "HEAD", false));
        check("..b", ("HEAD", "b", false));
    }

    proptest! {
        #[test]
        fn any_answer_is_read_or_refused(answer in prop::collection::vec(prop::sample::select(b"\0\t1-a".to_vec()), 0..40)) {
            read_counts(&answer);
        }
    }
}
