//! The rules of a tree for what to leave out.
//!
//! They are read and weighed as the `ignore` crate does it, which is what a
//! search of a tree goes by: of one kind the rules of the innermost folder that
//! says something hold, and `.mlxignore` comes before `.ignore`, that before
//! `.gitignore`, that before git's own `exclude`, and that before the user's.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use mlxcode_base::{RelPath, Root};

use super::WalkOptions;
use super::folder::Kind;
use crate::error::{Error, Result};

/// The rules of what this program shall not read, beside git's.
pub const OWN_RULES: &str = ".mlxignore";

/// All files with rules.
pub const RULES: [&str; 3] = [".gitignore", ".ignore", OWN_RULES];

/// Rules for what to ignore are longer than this nowhere.
const MOST_RULE_BYTES: u64 = 1 << 20;

/// The path of a repository is shorter than this.
const MOST_LINK_BYTES: u64 = 8 << 10;

/// Kinds of rules, the strongest first.
const KINDS: usize = 4;

/// A file of rules that cannot be read whole.
pub struct Refused;

/// Those of a folder and of all around it.
#[derive(Debug)]
pub struct Rules {
    around: Option<Arc<Self>>,
    kinds: [Gitignore; KINDS],
}

impl Rules {
    /// Those for what lies in `folder`, which holds `entries`; `around` are those
    /// for the folder itself.
    pub fn inside(
        around: Option<&Arc<Self>>,
        folder: &Path,
        entries: &[(OsString, Kind)],
    ) -> std::result::Result<Option<Arc<Self>>, Refused> {
        let holds = |wanted: &str| {
            // A folder of that name is no rule, and is not read as one.
            let fits = |kind| kind != Kind::Folder || wanted == ".git";
            entries.iter().any(|(name, kind)| name == OsStr::new(wanted) && fits(*kind))
        };
        // Few folders hold anything whose name begins so.
        let begins = |name: &OsString| name.as_encoded_bytes().starts_with(b".");
        if !entries.iter().any(|(name, _)| begins(name)) {
            return Ok(around.cloned());
        }
        let found = RULES.map(holds);
        let is_plain = |(name, found): (&&str, bool)| !found || is_plain(&folder.join(name));
        if !RULES.iter().zip(found).all(is_plain) {
            return Err(Refused);
        }
        Ok(Self::read(around, folder, found, holds(".git")))
    }

    /// Those around the tree. What cannot be read whole there holds none.
    pub fn above(root: &Path) -> Option<Arc<Self>> {
        let mut rules = None;
        let folders: Vec<&Path> = root.ancestors().skip(1).collect();
        for folder in folders.into_iter().rev() {
            let found = RULES.map(|name| {
                let path = folder.join(name);
                fs::metadata(&path).is_ok_and(|meta| meta.is_file()) && is_plain(&path)
            });
            let has_git = fs::symlink_metadata(folder.join(".git")).is_ok();
            rules = Self::read(rules.as_ref(), folder, found, has_git);
        }
        rules
    }

    fn read(
        around: Option<&Arc<Self>>,
        folder: &Path,
        found: [bool; RULES.len()],
        has_git: bool,
    ) -> Option<Arc<Self>> {
        let file = |number: usize| found[number].then(|| folder.join(RULES[number]));
        let [git, ignore, own] = [file(0), file(1), file(2)];
        let exclude = if has_git { exclude(folder) } else { None };
        let kinds = [own, ignore, git, exclude]
            .map(|file| file.map_or_else(Gitignore::empty, |file| matcher(folder, &file)));
        if kinds.iter().all(Gitignore::is_empty) {
            return around.cloned();
        }
        Some(Arc::new(Self { around: around.cloned(), kinds }))
    }

    /// Whether they say of a path that it is left out; `None` where they say
    /// nothing.
    pub fn ignore(&self, path: &Path, is_folder: bool) -> Option<bool> {
        (0..KINDS).find_map(|kind| {
            let outward = std::iter::successors(Some(self), |rules| rules.around.as_deref());
            outward.into_iter().find_map(|rules| said(&rules.kinds[kind], path, is_folder))
        })
    }
}

/// What the user and the caller leave out, beside the tree's own rules.
#[derive(Debug)]
pub struct Chosen {
    /// The user's, the strongest first.
    rules: Vec<Gitignore>,
    excluded: Gitignore,
}

impl Chosen {
    pub fn new(root: &Root, options: &WalkOptions) -> Result<Self> {
        let rules = options.rules.iter().rev().map(|file| matcher(root.path(), file)).collect();
        Ok(Self { rules, excluded: excluded(root, options)? })
    }

    /// Whether something is left out.
    pub fn ignores(
        &self,
        rules: Option<&Rules>,
        full: impl FnOnce() -> PathBuf,
        is_folder: bool,
    ) -> bool {
        if rules.is_none() && self.rules.is_empty() && self.excluded.is_empty() {
            return false;
        }
        let full = full();
        if self.excluded.matched(&full, is_folder).is_ignore() {
            return true;
        }
        let users = || self.rules.iter().find_map(|one| said(one, &full, is_folder));
        rules.and_then(|rules| rules.ignore(&full, is_folder)).or_else(users).unwrap_or(false)
    }
}

/// What the options leave out, whatever the tree's own rules say.
pub fn excluded(root: &Root, options: &WalkOptions) -> Result<Gitignore> {
    let mut builder = GitignoreBuilder::new(root.path());
    for line in &options.exclude {
        builder
            .add_line(None, line)
            .map_err(|error| Error::BadExclude { glob: line.clone(), why: error.to_string() })?;
    }
    let glob = || options.exclude.join(", ");
    builder.build().map_err(|error| Error::BadExclude { glob: glob(), why: error.to_string() })
}

/// Whether a file says which others belong to the tree.
pub fn holds_rules(path: &RelPath) -> bool {
    RULES.contains(&path.file_name())
}

/// Whether a folder's rules are files that can be read whole. One could be a
/// link to an endless device, or of any length.
pub fn has_plain_rules(folder: &Path) -> bool {
    RULES.iter().all(|name| is_plain(&folder.join(name)))
}

fn is_plain(path: &Path) -> bool {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_symlink() => {
            fs::metadata(path).is_ok_and(|to| to.is_file() && to.len() <= MOST_RULE_BYTES)
        }
        // A folder of that name is no rule, and is not read as one.
        Ok(meta) => meta.is_dir() || (meta.is_file() && meta.len() <= MOST_RULE_BYTES),
        Err(_) => true,
    }
}

fn said(rules: &Gitignore, path: &Path, is_folder: bool) -> Option<bool> {
    match rules.matched(path, is_folder) {
        ignore::Match::None => None,
        said => Some(said.is_ignore()),
    }
}

/// The rules of a file for what lies in a folder. Lines that are no rules, and a
/// file that cannot be read, say nothing.
fn matcher(folder: &Path, file: &Path) -> Gitignore {
    let mut builder = GitignoreBuilder::new(folder);
    let _ = builder.add(file);
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

/// The rules of a repository that lie in none of its folders. In a work tree
/// beside the first, `.git` is a file that names its place in the repository,
/// and `commondir` there leads on to the repository itself.
fn exclude(folder: &Path) -> Option<PathBuf> {
    let git = folder.join(".git");
    let git = if fs::metadata(&git).is_ok_and(|meta| meta.is_file()) {
        let own = PathBuf::from(first_line(&git)?.strip_prefix("gitdir: ")?);
        // One that is not absolute is seen from there.
        own.join(first_line(&own.join("commondir"))?)
    } else {
        git
    };
    let file = git.join("info/exclude");
    (fs::metadata(&file).is_ok() && is_plain(&file)).then_some(file)
}

fn first_line(file: &Path) -> Option<String> {
    let file = File::open(file).ok()?;
    file.metadata().ok().filter(fs::Metadata::is_file)?;
    BufReader::new(file.take(MOST_LINK_BYTES)).lines().next()?.ok()
}
