use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use mlxcode_base::RelPath;

use crate::config;
use crate::error::{Error, Result};
use crate::history::{self, Change};
use crate::log::{self, Commit};
use crate::program::run;
use crate::status::{self, FileStatus};
use crate::tip;

/// A repository with a work tree.
///
/// It holds no more than the path: every question is put to git anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    work_tree: PathBuf,
}

/// What is checked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The branch; `None` where none is checked out.
    pub branch: Option<String>,
    /// The commit, in full; `None` before the first one.
    pub commit: Option<String>,
}

impl Repository {
    /// Finds the work tree that encloses `from`. Starts no program.
    pub fn discover(from: &Path) -> Result<Option<Self>> {
        let start = fs::canonicalize(from)
            .map_err(|source| Error::Discover { path: from.to_owned(), source })?;
        let found = start.ancestors().find(|folder| is_work_tree(folder));
        Ok(found.map(|folder| Self { work_tree: folder.to_owned() }))
    }

    /// The folder that is under version control.
    pub fn work_tree(&self) -> &Path {
        &self.work_tree
    }

    /// What is checked out.
    pub fn head(&self) -> Result<Head> {
        let args = [
            "--porcelain=v2",
            "--branch",
            "--no-ahead-behind",
            "--untracked-files=no",
            "--ignore-submodules=all",
            "-z",
            "--",
            // A path that matches nothing: no file has to be looked at.
            ":(literal,top).git",
        ];
        let unreadable = Error::Unreadable { verb: "status" };
        status::read_head(&run(&self.work_tree, &[], "status", args)?).ok_or(unreadable)
    }

    /// The files that differ from the last commit, untracked ones too, ignored
    /// ones not. Of a submodule only its commit is compared.
    ///
    /// A filter that the repository itself sets up does not run: files that
    /// pass through it may be told as modified when they are not.
    pub fn status(&self) -> Result<Vec<FileStatus>> {
        self.status_of(&[], &config::programs(&self.work_tree)?.off)
    }

    pub(crate) fn status_of(
        &self,
        paths: &[RelPath],
        settings: &[String],
    ) -> Result<Vec<FileStatus>> {
        let args = with_paths(
            &["--porcelain=v2", "--untracked-files=all", "--ignore-submodules=dirty", "-z"],
            paths,
        );
        let unreadable = Error::Unreadable { verb: "status" };
        status::read(&run(&self.work_tree, settings, "status", args)?).ok_or(unreadable)
    }

    /// The changes since the last commit, staged or not, as a unified diff; of
    /// `paths` alone where some are given. Untracked files are not in it.
    pub fn diff(&self, paths: &[RelPath]) -> Result<String> {
        let settings = config::programs(&self.work_tree)?.off;
        let base = match self.head()?.commit {
            Some(commit) => commit,
            None => self.empty_tree()?,
        };
        let args = with_paths(
            &[
                "--no-ext-diff",
                "--no-textconv",
                "--no-color",
                "--src-prefix=a/",
                "--dst-prefix=b/",
                "--ignore-submodules=dirty",
                &base,
            ],
            paths,
        );
        let bytes = run(&self.work_tree, &settings, "diff", args)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The newest commits, newest first, at most `limit`.
    pub fn log(&self, limit: usize) -> Result<Vec<Commit>> {
        if self.head()?.commit.is_none() {
            return Ok(Vec::new());
        }
        let count = format!("--max-count={limit}");
        let args = ["-z", "--no-color", "--encoding=UTF-8", "--no-patch", log::FORMAT, &count];
        let bytes = run(&self.work_tree, &[], "log", args)?;
        log::read(&bytes).ok_or(Error::Unreadable { verb: "log" })
    }

    /// The commit that is checked out, read from files alone. `None` where
    /// they do not tell; [`head`](Self::head) asks git.
    pub fn tip(&self) -> Option<String> {
        tip::read(&self.work_tree)
    }

    /// The newest commits with the files that they changed, newest first, at
    /// most `limit`; those alone that `since` does not hold, where it is given.
    /// Merges are left out, and a renamed file is a removed and an added one.
    pub fn history(&self, since: Option<&str>, limit: usize) -> Result<Vec<Change>> {
        if self.tip().is_none() && self.head()?.commit.is_none() {
            return Ok(Vec::new());
        }
        let count = format!("--max-count={limit}");
        let mut args = vec![
            "-z",
            "--no-color",
            "--encoding=UTF-8",
            "--name-only",
            "--no-renames",
            "--no-merges",
            history::FORMAT,
            &count,
            "HEAD",
        ];
        let but = since.map(|id| format!("^{id}"));
        args.extend(but.as_deref());
        args.push("--");
        let bytes = run(&self.work_tree, &[], "log", args)?;
        history::read(&bytes).ok_or(Error::Unreadable { verb: "log" })
    }

    /// Tells whether what is checked out holds a commit.
    pub fn holds(&self, id: &str) -> Result<bool> {
        let range = format!("HEAD..{id}");
        let bytes = run(&self.work_tree, &[], "rev-list", ["--max-count=1", &range, "--"])?;
        Ok(bytes.is_empty())
    }

    /// How many of the newest `limit` commits touch each file. Merges count
    /// for nothing; a renamed file starts anew.
    pub fn churn(&self, limit: usize) -> Result<HashMap<RelPath, usize>> {
        let mut counts = HashMap::new();
        if self.head()?.commit.is_none() {
            return Ok(counts);
        }
        let count = format!("--max-count={limit}");
        let args = ["-z", "--format=", "--name-only", "--no-renames", "--no-merges", &count];
        let bytes = run(&self.work_tree, &[], "log", args)?;
        for name in bytes.split(|byte| *byte == 0) {
            let name = std::str::from_utf8(name).unwrap_or_default().trim_start_matches('\n');
            if let Ok(path) = RelPath::new(name) {
                *counts.entry(path).or_insert(0) += 1;
            }
        }
        Ok(counts)
    }

    /// The name of the tree without files, which depends on the repository's
    /// hash function. Writes nothing: git knows this tree by heart.
    pub(crate) fn empty_tree(&self) -> Result<String> {
        let bytes = run(&self.work_tree, &[], "hash-object", ["-t", "tree", "--stdin"])?;
        let name = String::from_utf8(bytes).map_err(|_| Error::Unreadable { verb: "hash-object" });
        name.map(|name| name.trim().to_owned())
    }
}

/// A path that git takes letter by letter, whatever signs are in it.
pub fn literal(path: &RelPath) -> OsString {
    format!(":(literal,top){path}").into()
}

/// Options, and after `--` the paths as git takes them letter by letter.
pub fn with_paths(options: &[&str], paths: &[RelPath]) -> Vec<OsString> {
    let options = options.iter().copied().chain(["--"]).map(OsString::from);
    options.chain(paths.iter().map(literal)).collect()
}

/// A `.git` folder with a `HEAD`, or the `.git` file of a linked work tree or
/// a submodule.
fn is_work_tree(folder: &Path) -> bool {
    let git = folder.join(".git");
    match fs::metadata(&git) {
        Ok(meta) if meta.is_dir() => git.join("HEAD").exists(),
        // Longer than this is no pointer to a folder, whatever it begins with.
        Ok(meta) if meta.len() > 64 << 10 => false,
        Ok(_) => fs::read(&git).is_ok_and(|text| text.starts_with(b"gitdir:")),
        Err(_) => false,
    }
}
