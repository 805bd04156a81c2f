use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use mlxcode_base::RelPath;

use crate::error::{Error, Result};
use crate::log::{self, Commit};
use crate::program::run;
use crate::status::{self, FileStatus};

/// A repository with a work tree.
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
        let args = ["--porcelain=v2", "--branch", "--untracked-files=no", "-z"];
        let unreadable = Error::Unreadable { verb: "status" };
        status::read_head(&run(&self.work_tree, "status", args)?).ok_or(unreadable)
    }

    /// The files that differ from the last commit, untracked ones too.
    pub fn status(&self) -> Result<Vec<FileStatus>> {
        let args = ["--porcelain=v2", "--untracked-files=all", "-z"];
        let unreadable = Error::Unreadable { verb: "status" };
        status::read(&run(&self.work_tree, "status", args)?).ok_or(unreadable)
    }

    /// The changes since the last commit as a unified diff; of `paths` alone
    /// where some are given.
    pub fn diff(&self, paths: &[RelPath]) -> Result<String> {
        let mut args: Vec<OsString> =
            ["--no-ext-diff", "--no-textconv", "--no-color", "HEAD", "--"].map(Into::into).to_vec();
        args.extend(paths.iter().map(literal));
        let bytes = run(&self.work_tree, "diff", args)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The newest commits, newest first, at most `limit`.
    pub fn log(&self, limit: usize) -> Result<Vec<Commit>> {
        if self.head()?.commit.is_none() {
            return Ok(Vec::new());
        }
        let count = format!("--max-count={limit}");
        let bytes = run(&self.work_tree, "log", ["-z", log::FORMAT, count.as_str()])?;
        log::read(&bytes).ok_or(Error::Unreadable { verb: "log" })
    }

    /// How many of the newest `limit` commits touch each file.
    pub fn churn(&self, limit: usize) -> Result<HashMap<RelPath, usize>> {
        let mut counts = HashMap::new();
        if self.head()?.commit.is_none() {
            return Ok(counts);
        }
        let count = format!("--max-count={limit}");
        let args = ["-z", "--format=", "--name-only", "--no-renames", count.as_str()];
        let bytes = run(&self.work_tree, "log", args)?;
        for name in bytes.split(|byte| *byte == 0) {
            let name = std::str::from_utf8(name).unwrap_or_default().trim_start_matches('\n');
            if let Ok(path) = RelPath::new(name) {
                *counts.entry(path).or_insert(0) += 1;
            }
        }
        Ok(counts)
    }

    /// Commits these files as they are now, and nothing else, and gives the
    /// new commit's name.
    pub fn commit(&self, paths: &[RelPath], message: &str) -> Result<String> {
        let files: Vec<OsString> = paths.iter().map(literal).collect();
        let mut args: Vec<OsString> = vec!["--all".into(), "--".into()];
        args.extend(files.iter().cloned());
        run(&self.work_tree, "add", args)?;
        let before = self.head()?.commit;
        let mut args: Vec<OsString> = vec!["--quiet".into(), "--message".into(), message.into()];
        args.extend(["--only".into(), "--".into()]);
        args.extend(files);
        let done = run(&self.work_tree, "commit", args);
        match (done, self.head()?.commit) {
            (Ok(_), Some(commit)) if Some(&commit) != before.as_ref() => Ok(commit),
            (Ok(_), _) => Err(Error::NothingToCommit),
            (Err(Error::Failed { message, .. }), _)
                if message.contains("nothing") || message.is_empty() =>
            {
                Err(Error::NothingToCommit)
            }
            (Err(error), _) => Err(error),
        }
    }
}

/// A path that git takes letter by letter, whatever signs are in it.
fn literal(path: &RelPath) -> OsString {
    format!(":(literal,top){path}").into()
}

/// A `.git` folder with a `HEAD`, or the `.git` file of a linked work tree or
/// a submodule.
fn is_work_tree(folder: &Path) -> bool {
    let git = folder.join(".git");
    match fs::metadata(&git) {
        Ok(meta) if meta.is_dir() => git.join("HEAD").exists(),
        Ok(_) => fs::read(&git).is_ok_and(|text| text.starts_with(b"gitdir:")),
        Err(_) => false,
    }
}
