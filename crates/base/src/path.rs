use std::fmt;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::error::{Diagnostic, ErrorKind, io_error_kind};
use crate::path_name::{is_device_name, is_dot_git, is_too_long};

/// Why a path was refused.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PathError {
    /// The text names no file below a root.
    #[error("path `{path}` {reason}")]
    NotRelative {
        /// The text as given.
        path: String,
        /// What is wrong with it, as the end of a sentence.
        reason: &'static str,
    },
    /// A symbolic link on the way leads out of the root.
    #[error("path `{path}` leaves the folder {root} through a symbolic link")]
    Escapes {
        /// The path below the root.
        path: RelPath,
        /// The folder that holds it in.
        root: PathBuf,
    },
    /// The root is not a folder that can be read.
    #[error("cannot open the folder {root}")]
    Root {
        /// The folder.
        root: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The operating system could not follow the path.
    #[error("cannot follow the path `{path}`")]
    Io {
        /// The path below the root.
        path: RelPath,
        /// What the operating system said.
        source: io::Error,
    },
}

impl Diagnostic for PathError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotRelative { .. } => ErrorKind::InvalidInput,
            Self::Escapes { .. } => ErrorKind::PermissionDenied,
            Self::Root { source, .. } | Self::Io { source, .. } => io_error_kind(source),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotRelative { .. } => "path.not_relative",
            Self::Escapes { .. } => "path.escapes_root",
            Self::Root { .. } => "path.root_unreadable",
            Self::Io { .. } => "path.unreadable",
        }
    }

    fn help(&self) -> Option<String> {
        Some(match self {
            Self::NotRelative { .. } => {
                "name a file below the root, with forward slashes and without `..`".to_owned()
            }
            Self::Escapes { .. } => {
                "work on the link's target with --root set to its own folder".to_owned()
            }
            Self::Root { .. } => "pass an existing folder as --root".to_owned(),
            Self::Io { .. } => "check that every folder on the way can be read".to_owned(),
        })
    }
}

/// A path below a root: `/`-separated, never empty, absolute or with `..`,
/// and never inside a `.git` folder.
///
/// That it stays below the root through symbolic links too is checked by
/// [`Root::resolve`], against the disk.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct RelPath(String);

impl RelPath {
    /// Reads a path; `./` in front and doubled slashes are dropped.
    pub fn new(text: &str) -> Result<Self, PathError> {
        if is_plain(text) {
            return Ok(Self(text.to_owned()));
        }
        let refuse = |reason| PathError::NotRelative { path: text.to_owned(), reason };
        if text.contains(char::is_control) {
            return Err(refuse("holds a control character"));
        }
        // A drive's letter would be one behind `./` as well.
        let is_absolute =
            |path: &str| path.starts_with(['/', '\\']) || path.as_bytes().get(1) == Some(&b':');
        if is_absolute(text) {
            return Err(refuse("is absolute"));
        }
        let mut parts = Vec::new();
        for part in text.split('/') {
            if part.is_empty() || part == "." {
                continue;
            }
            // A backslash is a letter on Unix and a divider on Windows: what it
            // may divide is looked at everywhere.
            for piece in part.split('\\') {
                if piece == ".." {
                    return Err(refuse("goes up with `..`"));
                }
                if is_dot_git(piece) {
                    return Err(refuse("is inside `.git`"));
                }
            }
            if is_too_long(part) {
                return Err(refuse("has a name of more than 255 bytes, which no file can have"));
            }
            if cfg!(windows) {
                if part.contains(['\\', ':']) {
                    return Err(refuse("holds a backslash or a colon; divide with `/`"));
                }
                if is_device_name(part) {
                    return Err(refuse("names a device"));
                }
                if part.ends_with(['.', ' ']) {
                    return Err(refuse("ends a name with a dot or a space"));
                }
            }
            parts.push(part);
        }
        if parts.is_empty() {
            return Err(refuse("names no file"));
        }
        let path = parts.join("/");
        if is_absolute(&path) {
            return Err(refuse("is absolute"));
        }
        Ok(Self(path))
    }

    /// Reads the path of `path` relative to `root`, both as given.
    pub fn from_path(path: &Path) -> Result<Self, PathError> {
        let refuse = |reason| PathError::NotRelative { path: path.display().to_string(), reason };
        let mut text = String::new();
        for component in path.components() {
            match component {
                Component::Normal(part) => {
                    let part = part.to_str().ok_or_else(|| refuse("is not UTF-8"))?;
                    if !text.is_empty() {
                        text.push('/');
                    }
                    text.push_str(part);
                }
                Component::CurDir => {}
                Component::ParentDir => return Err(refuse("goes up with `..`")),
                Component::RootDir | Component::Prefix(_) => return Err(refuse("is absolute")),
            }
        }
        Self::new(&text)
    }

    /// The path as text, `/`-separated.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path as a relative [`Path`].
    pub fn as_path(&self) -> &Path {
        Path::new(&self.0)
    }

    /// The folder that it lies in; `None` for the root itself.
    pub fn parent(&self) -> Option<&str> {
        self.0.rsplit_once('/').map(|(folder, _)| folder)
    }

    /// The last part.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// Its parts, outermost first.
    pub fn parts(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }

    /// Whether a folder above it has one of these names.
    ///
    /// ```
    /// # use mlxcode_base::RelPath;
    /// let path = RelPath::new("vendor/zlib/vendor.c").unwrap();
    /// assert!(path.lies_in(&["third_party", "vendor"]));
    /// assert!(!path.lies_in(&["vendor.c"]));
    /// ```
    pub fn lies_in(&self, folders: &[&str]) -> bool {
        self.parts().rev().skip(1).any(|folder| folders.contains(&folder))
    }
}

/// Whether a path is one that nothing has to be looked for in: most are, and a
/// tree has many.
fn is_plain(text: &str) -> bool {
    let is_plain = |part: &str| {
        let mut bytes = part.bytes();
        // A name with a point in front may mean something.
        bytes.next().is_some_and(|first| first.is_ascii_alphanumeric() || first == b'_')
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
            && !is_too_long(part)
    };
    // Windows has names of its own.
    cfg!(not(windows)) && text.split('/').all(is_plain)
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl FromStr for RelPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl From<RelPath> for String {
    fn from(path: RelPath) -> Self {
        path.0
    }
}

impl TryFrom<String> for RelPath {
    type Error = PathError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text)
    }
}

/// A folder that all work is confined to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root(PathBuf);

impl Root {
    /// Opens an existing folder and follows the links in its own path.
    pub fn open(path: &Path) -> Result<Self, PathError> {
        let error = |source| PathError::Root { root: path.to_owned(), source };
        let canonical = fs::canonicalize(path).map_err(error)?;
        if !canonical.is_dir() {
            return Err(error(io::ErrorKind::NotADirectory.into()));
        }
        Ok(Self(canonical))
    }

    /// The folder, absolute and without links.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Gives the place of `path` on disk after following links, refusing one
    /// that leads out. The file itself, and folders above it, need not exist.
    ///
    /// The last part is followed too: writing to the result writes to the
    /// link's target, never over the link.
    pub fn resolve(&self, path: &RelPath) -> Result<PathBuf, PathError> {
        let mut missing = Vec::new();
        let mut place = self.0.join(path.as_path());
        loop {
            match fs::canonicalize(&place) {
                Ok(canonical) => {
                    if !canonical.starts_with(&self.0) {
                        return Err(PathError::Escapes {
                            path: path.clone(),
                            root: self.0.clone(),
                        });
                    }
                    if self.is_in_git(&canonical) {
                        return Err(PathError::NotRelative {
                            path: path.to_string(),
                            reason: "leads into `.git` through a symbolic link",
                        });
                    }
                    return Ok(missing.into_iter().rev().fold(canonical, |at, part| at.join(part)));
                }
                Err(source) if source.kind() == io::ErrorKind::NotFound => {
                    // A link whose target is missing would be followed on write.
                    if fs::symlink_metadata(&place).is_ok_and(|meta| meta.is_symlink()) {
                        return Err(PathError::Escapes {
                            path: path.clone(),
                            root: self.0.clone(),
                        });
                    }
                    let part = place.file_name().map(ToOwned::to_owned);
                    match (part, place.parent().map(Path::to_owned)) {
                        (Some(part), Some(parent)) => {
                            missing.push(part);
                            place = parent;
                        }
                        _ => return Err(PathError::Io { path: path.clone(), source }),
                    }
                }
                Err(source) => return Err(PathError::Io { path: path.clone(), source }),
            }
        }
    }

    /// Turns a path that a person typed, absolute or relative to `from`, into
    /// one below this root.
    pub fn relative(&self, from: &Path, typed: &Path) -> Result<RelPath, PathError> {
        let absolute = from.join(typed);
        let mut plain = PathBuf::new();
        for component in absolute.components() {
            match component {
                Component::CurDir => {}
                Component::ParentDir => {
                    plain.pop();
                }
                other => plain.push(other),
            }
        }
        let inside = match (plain.parent().map(fs::canonicalize), plain.file_name()) {
            (Some(Ok(parent)), Some(name)) => parent.join(name),
            _ => plain,
        };
        match inside.strip_prefix(&self.0) {
            Ok(below) => RelPath::from_path(below),
            Err(_) => Err(PathError::NotRelative {
                path: typed.display().to_string(),
                reason: "is outside the root",
            }),
        }
    }

    fn is_in_git(&self, canonical: &Path) -> bool {
        let below = canonical.strip_prefix(&self.0).unwrap_or(canonical);
        below.components().any(|part| part.as_os_str().to_str().is_some_and(is_dot_git))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_paths_below_and_refuses_the_rest() {
        for (text, expect) in [
            ("src/lib.rs", Some("src/lib.rs")),
            ("./src//lib.rs", Some("src/lib.rs")),
            (".github/x.yml", Some(".github/x.yml")),
            (".gitignore", Some(".gitignore")),
            ("a..b/c", Some("a..b/c")),
            ("", None),
            (".", None),
            ("/etc/passwd", None),
            ("\\\\host\\share", None),
            ("C:/x", None),
            ("./C:/x", None),
            (".//\\x", None),
            ("a/../b", None),
            (".git/config", None),
            ("a/.GIT/config", None),
            (".git./config", None),
            ("sub/.git", None),
            ("git~1/config", None),
            (".git::$INDEX_ALLOCATION/x", None),
            (".g\u{200d}it/config", None),
            ("a\\..\\..\\x", None),
            ("a\\.git\\x", None),
            ("a\0b", None),
            ("a\u{1b}[2Jb", None),
            ("a\u{85}b", None),
            ("a\tb", None),
        ] {
            assert_eq!(RelPath::new(text).ok().as_ref().map(RelPath::as_str), expect, "{text:?}");
        }
    }

    #[test]
    fn refuses_names_that_no_file_can_have() {
        let most = "x".repeat(255);
        assert!(RelPath::new(&format!("a/{most}/b")).is_ok());
        let error = RelPath::new(&format!("a/{most}x/b")).unwrap_err();
        assert!(error.to_string().contains("more than 255 bytes"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_may_not_leave_the_root() {
        use std::os::unix::fs::symlink;
        let outside = tempfile::tempdir().unwrap();
        let inside = tempfile::tempdir().unwrap();
        let root = Root::open(inside.path()).unwrap();
        fs::create_dir(inside.path().join("real")).unwrap();
        symlink(outside.path(), inside.path().join("out")).unwrap();
        symlink(inside.path().join("real"), inside.path().join("in")).unwrap();
        symlink(inside.path().join("nowhere"), inside.path().join("dangling")).unwrap();
        symlink(inside.path().join("loop"), inside.path().join("loop")).unwrap();
        fs::create_dir(inside.path().join(".git")).unwrap();
        symlink(".git", inside.path().join("dot_git")).unwrap();

        let resolve = |text: &str| root.resolve(&RelPath::new(text).unwrap());
        assert_eq!(resolve("in/new.txt").unwrap(), root.path().join("real/new.txt"));
        assert_eq!(resolve("new/deep/er.txt").unwrap(), root.path().join("new/deep/er.txt"));
        for refused in ["out", "out/new.txt", "dangling"] {
            assert_eq!(resolve(refused).unwrap_err().code(), "path.escapes_root", "{refused}");
        }
        assert_eq!(resolve("loop").unwrap_err().code(), "path.unreadable");
        assert_eq!(resolve("dot_git/config").unwrap_err().code(), "path.not_relative");
    }

    #[test]
    fn reads_what_a_person_typed() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        fs::create_dir(dir.path().join("src")).unwrap();
        let from = root.path().join("src");
        assert_eq!(root.relative(&from, Path::new("lib.rs")).unwrap().as_str(), "src/lib.rs");
        assert_eq!(root.relative(&from, Path::new("../a.md")).unwrap().as_str(), "a.md");
        let absolute = root.path().join("b.md");
        assert_eq!(root.relative(&from, &absolute).unwrap().as_str(), "b.md");
        assert!(root.relative(&from, Path::new("../../c.md")).is_err());
    }
}
