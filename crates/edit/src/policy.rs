//! Which files may be changed at all.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use mlxcode_base::RelPath;

use crate::error::{Error, Result};

/// Files that hold secrets, or that a program keeps: a model has no business
/// in them unless somebody says so.
pub const PROTECTED: [&str; 31] = [
    // Secrets.
    ".env",
    ".env.*",
    ".envrc",
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".git-credentials",
    ".htpasswd",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.keystore",
    "*.kdbx",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    // Written by package managers.
    "Cargo.lock",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "poetry.lock",
    "uv.lock",
    "Pipfile.lock",
    "Gemfile.lock",
    "composer.lock",
    "go.sum",
];

/// Which files may be changed: lists of globs.
///
/// A glob without a slash names files in any folder, one with a slash is meant
/// from the root; `*` stops at a slash, `**` does not. A glob that names a
/// folder names all that is in it. Case does not count in what is denied or
/// protected, since it does not on every file system.
///
/// The default protects [`PROTECTED`] and allows the rest.
#[derive(Clone, Debug)]
pub struct EditPolicy {
    /// With any, nothing else may be changed.
    allow: Option<Globs>,
    deny: Globs,
    protected: Globs,
    /// What is changed though it is protected.
    insisted: Globs,
}

/// The lists of a policy, as they are written down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PolicyLists {
    /// With any, nothing else may be changed.
    pub allow: Vec<String>,
    /// What may not be changed.
    pub deny: Vec<String>,
    /// What is changed only by who insists; `None` takes [`PROTECTED`].
    pub protected: Option<Vec<String>>,
}

/// Why a policy does not let a file be changed: shown, the end of a sentence
/// that begins with the path.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyRefusal {
    /// It is in none of the lists of what may be changed.
    NotAllowed,
    /// It is in the list of what may not be changed.
    Denied {
        /// The glob.
        glob: String,
    },
    /// It is protected, and nobody insisted.
    Protected {
        /// The glob.
        glob: String,
    },
}

impl PolicyRefusal {
    /// A stable name, such as `edit.protected`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAllowed => "edit.not_allowed",
            Self::Denied { .. } => "edit.denied",
            Self::Protected { .. } => "edit.protected",
        }
    }

    /// How to insist.
    pub fn help(&self) -> String {
        match self {
            Self::NotAllowed => {
                "add the file to `edit.allow` in the configuration to change it".to_owned()
            }
            Self::Denied { glob } => {
                format!("take `{glob}` out of `edit.deny` in the configuration to change it")
            }
            Self::Protected { .. } => {
                "name it with `--allow-protected` to change it all the same".to_owned()
            }
        }
    }
}

impl fmt::Display for PolicyRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAllowed => f.write_str("is not among the files that may be changed"),
            Self::Denied { glob } => write!(f, "may not be changed (`{glob}` is denied)"),
            Self::Protected { glob } => write!(f, "is protected (`{glob}`)"),
        }
    }
}

/// The default, made once.
static USUAL: LazyLock<Arc<EditPolicy>> = LazyLock::new(|| {
    let made = EditPolicy::new(&PolicyLists::default());
    // Globs of our own, which a test reads too; without them nothing is allowed.
    Arc::new(made.unwrap_or_else(|_| EditPolicy {
        allow: Some(Globs::default()),
        ..EditPolicy::everything()
    }))
});

impl Default for EditPolicy {
    fn default() -> Self {
        (**USUAL).clone()
    }
}

impl EditPolicy {
    /// Reads the lists.
    ///
    /// # Errors
    /// [`Error::Pattern`] names a glob that cannot be read.
    pub fn new(lists: &PolicyLists) -> Result<Self> {
        let protected = match &lists.protected {
            Some(globs) => Globs::new(globs, Case::Folded)?,
            None => Globs::new(&PROTECTED, Case::Folded)?,
        };
        let allow = match &lists.allow[..] {
            [] => None,
            globs => Some(Globs::new(globs, Case::Exact)?),
        };
        let deny = Globs::new(&lists.deny, Case::Folded)?;
        Ok(Self { allow, deny, protected, insisted: Globs::default() })
    }

    /// The default, shared.
    pub(crate) fn usual() -> Arc<Self> {
        USUAL.clone()
    }

    /// A policy that lets everything be changed.
    pub fn everything() -> Self {
        let (deny, protected, insisted) = (Globs::default(), Globs::default(), Globs::default());
        Self { allow: None, deny, protected, insisted }
    }

    /// The same, and the files that these globs name may be changed though they
    /// are protected. What is denied stays so.
    pub fn insisting_on(mut self, globs: &[impl AsRef<str>]) -> Result<Self> {
        self.insisted = Globs::new(globs, Case::Folded)?;
        Ok(self)
    }

    /// Whether the file may be changed.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, path: &RelPath) -> Result<(), PolicyRefusal> {
        if let Some(glob) = self.deny.first(path) {
            return Err(PolicyRefusal::Denied { glob });
        }
        if self.allow.as_ref().is_some_and(|allow| allow.first(path).is_none()) {
            return Err(PolicyRefusal::NotAllowed);
        }
        match self.protected.first(path) {
            Some(glob) if self.insisted.first(path).is_none() => {
                Err(PolicyRefusal::Protected { glob })
            }
            _ => Ok(()),
        }
    }

    /// As [`check`](Self::check), as an error of a whole change.
    pub(crate) fn require(&self, path: &RelPath) -> Result<()> {
        self.check(path).map_err(|refusal| Error::Policy {
            path: path.clone(),
            reason: refusal.to_string(),
            code: refusal.code(),
            help: refusal.help(),
        })
    }
}

/// Whether case counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Case {
    #[default]
    Exact,
    Folded,
}

impl Case {
    fn of(self, text: &str) -> String {
        if self == Self::Folded { text.to_lowercase() } else { text.to_owned() }
    }
}

/// Globs, and how they are written.
#[derive(Clone, Debug, Default)]
struct Globs {
    set: GlobSet,
    /// The glob that each pattern of the set comes from.
    written: Vec<String>,
    case: Case,
}

impl Globs {
    fn new(globs: &[impl AsRef<str>], case: Case) -> Result<Self> {
        let mut set = GlobSetBuilder::new();
        let mut written = Vec::new();
        for glob in globs {
            let glob = glob.as_ref();
            let invalid = |error: globset::Error| Error::Pattern {
                pattern: glob.to_owned(),
                reason: error.kind().to_string(),
            };
            let plain = case.of(glob.strip_prefix('/').unwrap_or(glob).trim_end_matches('/'));
            let from_root = glob.trim_end_matches('/').contains('/');
            let pattern = if from_root { plain } else { format!("**/{plain}") };
            set.add(GlobBuilder::new(&pattern).literal_separator(true).build().map_err(invalid)?);
            written.push(glob.to_owned());
        }
        let set = set.build().map_err(|error| Error::Pattern {
            pattern: error.glob().unwrap_or_default().to_owned(),
            reason: error.kind().to_string(),
        })?;
        Ok(Self { set, written, case })
    }

    /// The first glob that names the file or a folder that it is in.
    fn first(&self, path: &RelPath) -> Option<String> {
        if self.set.is_empty() {
            return None;
        }
        let folded = self.case.of(path.as_str());
        let above = Path::new(&folded).ancestors().filter(|path| !path.as_os_str().is_empty());
        let first = above.flat_map(|path| self.set.matches(path)).min()?;
        self.written.get(first).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists(allow: &[&str], deny: &[&str], protected: Option<&[&str]>) -> PolicyLists {
        let own = |globs: &[&str]| globs.iter().map(|glob| (*glob).to_owned()).collect();
        PolicyLists { allow: own(allow), deny: own(deny), protected: protected.map(own) }
    }

    #[test]
    fn the_lists_are_kept() {
        let usual = lists(&[], &[], None);
        let some = lists(&["src/**", "*.md"], &["src/gen", "/build.rs"], Some(&["*.lock"]));
        for (lists, path, expect) in [
            (&usual, "src/main.rs", "ok"),
            (&usual, ".env", "edit.protected"),
            (&usual, "deploy/.ENV.local", "edit.protected"),
            (&usual, ".environment", "ok"),
            (&usual, "keys/server.PEM", "edit.protected"),
            (&usual, "home/id_rsa.pub", "edit.protected"),
            (&usual, "Cargo.lock", "edit.protected"),
            (&usual, "sub/package-lock.json", "edit.protected"),
            (&usual, "Cargo.toml", "ok"),
            (&some, "src/main.rs", "ok"),
            (&some, "src/gen/x.rs", "edit.denied"),
            (&some, "SRC/GEN/x.rs", "edit.denied"),
            (&some, "docs/a.md", "ok"),
            (&some, "lib/a.rs", "edit.not_allowed"),
            (&some, "build.rs", "edit.denied"),
            (&some, "src/build.rs", "ok"),
            (&some, "src/x.lock", "edit.protected"),
            (&some, "src/.env", "ok"),
        ] {
            let policy = EditPolicy::new(lists).unwrap();
            let said = policy.check(&RelPath::new(path).unwrap());
            assert_eq!(said.map_or_else(|refusal| refusal.code(), |()| "ok"), expect, "{path}");
        }
    }

    #[test]
    fn who_insists_gets_past_protection_alone() {
        let policy = EditPolicy::new(&lists(&[], &["secret"], None)).unwrap();
        let policy = policy.insisting_on(&[".env", "secret/**"]).unwrap();
        let check = |path: &str| policy.check(&RelPath::new(path).unwrap());
        assert_eq!(check(".env"), Ok(()));
        assert!(matches!(check(".env.local"), Err(PolicyRefusal::Protected { .. })));
        assert!(matches!(check("secret/.env"), Err(PolicyRefusal::Denied { .. })));
        assert!(matches!(EditPolicy::new(&lists(&["a{"], &[], None)), Err(Error::Pattern { .. })));
        let all = EditPolicy::everything();
        assert_eq!(all.check(&RelPath::new(".env").unwrap()), Ok(()));
    }
}
