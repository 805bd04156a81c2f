//! What a person types to name a model.
//!
//! | text | what it names |
//! |---|---|
//! | `hf:org/name` | a repository of the hub |
//! | `hf:org/name@revision` | the same at a branch, a tag or a commit |
//! | `hf:org/name/file.gguf`, `hf:org/name@revision/file.gguf` | one file of it |
//! | has a `/` (on Windows, a `\`), or ends in `.gguf`, or is `.` or `..` | a file or a folder |
//! | `name:tag` | an entry of the catalogue |
//! | `name` | an installed model |
//!
//! The first row that fits counts. A `/` in a revision is written `%2F`, so
//! that it does not begin the file; `%` itself is `%25`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::error::{Error, HubError, Result};

/// What a reference names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ModelReference {
    /// An installed model.
    Installed(String),
    /// An entry of the catalogue.
    Catalogue {
        /// The model.
        name: String,
        /// Its size or variant.
        tag: String,
    },
    /// A repository of the hub, or a file of one.
    Hub(HubReference),
    /// A file or a folder of this machine.
    Path(PathBuf),
}

/// A repository of the hub, or a file of one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct HubReference {
    /// `org/name`.
    pub repo: String,
    /// A branch, a tag or a commit; `None` is `main`.
    pub revision: Option<String>,
    /// The path of a file within it.
    pub file: Option<String>,
}

/// The branch of a repository that names none.
pub const DEFAULT_REVISION: &str = "main";

impl HubReference {
    /// A repository at its main branch.
    ///
    /// # Errors
    /// Where `repo` is not `org/name` as the hub allows it.
    pub fn new(repo: &str) -> Result<Self> {
        format!("hf:{repo}").parse::<Self>()
    }

    /// The same at another revision.
    pub fn at(mut self, revision: Option<String>) -> Self {
        self.revision = revision.or(self.revision);
        self
    }

    /// The same, if it can be read back.
    ///
    /// # Errors
    /// Where its parts are none of a reference.
    pub fn checked(self) -> Result<Self> {
        self.to_string().parse()
    }

    /// The revision asked for.
    pub fn revision(&self) -> &str {
        self.revision.as_deref().unwrap_or(DEFAULT_REVISION)
    }

    /// What a model from it is called where nobody chose a name: the file's
    /// name without its ending and the number of its shard, else the
    /// repository's.
    pub fn default_name(&self) -> String {
        let Some(file) = &self.file else {
            return self.repo.rsplit('/').next().unwrap_or(&self.repo).to_owned();
        };
        let name = file.rsplit('/').next().unwrap_or(file);
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        match crate::hub::shard(name) {
            Some(shard) => shard.stem.to_owned(),
            None => stem.to_owned(),
        }
    }
}

impl FromStr for HubReference {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = |reason| Error::from(HubError::BadReference { text: text.to_owned(), reason });
        let rest = text.strip_prefix("hf:").ok_or_else(|| bad("it does not begin with `hf:`"))?;
        let (org, rest) = rest.split_once('/').ok_or_else(|| bad("a repository is `org/name`"))?;
        let end = rest.find(['@', '/']).unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        if !is_repo_part(org) || !is_repo_part(name) || org.len() + name.len() >= 96 {
            return Err(bad("a repository is `org/name`, of letters, digits, `.`, `-` and `_`"));
        }
        let (revision, file) = match rest.strip_prefix('@') {
            Some(rest) => match rest.split_once('/') {
                Some((revision, file)) => (Some(revision), Some(file)),
                None => (Some(rest), None),
            },
            None => (None, rest.strip_prefix('/')),
        };
        let revision = match revision {
            Some(revision) => {
                let plain = decode(revision).filter(|revision| is_safe_path(revision));
                Some(plain.ok_or_else(|| bad("a revision is a branch, a tag or a commit"))?)
            }
            None => None,
        };
        if file.is_some_and(|file| !is_safe_path(file)) {
            return Err(bad("a file is named by its path within the repository"));
        }
        Ok(Self { repo: format!("{org}/{name}"), revision, file: file.map(str::to_owned) })
    }
}

impl fmt::Display for HubReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hf:{}", self.repo)?;
        if let Some(revision) = &self.revision {
            write!(f, "@{}", revision.replace('%', "%25").replace('/', "%2F"))?;
        }
        if let Some(file) = &self.file {
            write!(f, "/{file}")?;
        }
        Ok(())
    }
}

impl FromStr for ModelReference {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = |reason| Err(HubError::BadReference { text: text.to_owned(), reason }.into());
        if text.starts_with("hf:") {
            return Ok(Self::Hub(text.parse()?));
        }
        if text.is_empty() || text.contains('\0') {
            return bad("a reference is a name, `name:tag`, `hf:org/name` or a path");
        }
        if is_path(text) {
            return Ok(Self::Path(PathBuf::from(text)));
        }
        let plain = |part: &str| {
            let keep = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            part.starts_with(|c: char| c.is_ascii_alphanumeric()) && part.chars().all(keep)
        };
        match text.split_once(':') {
            Some((name, tag)) if plain(name) && plain(tag) => {
                Ok(Self::Catalogue { name: name.to_owned(), tag: tag.to_owned() })
            }
            None if plain(text) => Ok(Self::Installed(text.to_owned())),
            _ => bad("a name has letters, digits, `.`, `-` and `_`, and one `:` before a tag"),
        }
    }
}

impl fmt::Display for ModelReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Installed(name) => f.write_str(name),
            Self::Catalogue { name, tag } => write!(f, "{name}:{tag}"),
            Self::Hub(reference) => reference.fmt(f),
            // A file called as an installed model could be stays a file.
            Self::Path(path) => {
                let text = path.to_string_lossy();
                let name = !is_path(&text) || text.starts_with("hf:");
                write!(f, "{}{text}", if name { "./" } else { "" })
            }
        }
    }
}

fn is_path(text: &str) -> bool {
    let gguf = Path::new(text).extension().is_some_and(|end| end.eq_ignore_ascii_case("gguf"));
    gguf || matches!(text, "." | "..") || text.contains(std::path::is_separator)
}

/// A part of `org/name`, by the hub's own rules. Two dashes would be read as a
/// separator in the names of the cache's folders.
fn is_repo_part(part: &str) -> bool {
    let keep = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    let git = part.len() > 4 && part[part.len() - 4..].eq_ignore_ascii_case(".git");
    part.is_ascii()
        && part.chars().all(keep)
        && edge(part.chars().next())
        && edge(part.chars().last())
        && !part.contains("--")
        && !part.contains("..")
        && !git
}

/// Whether a path with `/` stays below the folder that it is joined to, on
/// every system: each part is a plain name.
pub(crate) fn is_safe_path(path: &str) -> bool {
    let plain = |part: &str| {
        let odd =
            |c: char| c.is_control() || matches!(c, '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
        !part.is_empty() && !part.ends_with(['.', ' ']) && part.len() <= 255 && !part.contains(odd)
    };
    path.len() <= 1024 && path.split('/').all(plain)
}

/// Undoes `%XX`; `None` where a `%` begins no such thing.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        if first != b'%' {
            bytes.push(first);
            continue;
        }
        let (pair, tail) = rest.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?);
        rest = tail;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hub(repo: &str, revision: Option<&str>, file: Option<&str>) -> ModelReference {
        ModelReference::Hub(HubReference {
            repo: repo.to_owned(),
            revision: revision.map(str::to_owned),
            file: file.map(str::to_owned),
        })
    }

    #[test]
    fn a_reference_is_read_by_the_first_rule_that_fits() {
        let check = |text: &str, expect: ModelReference| {
            let read: ModelReference = text.parse().unwrap();
            assert_eq!(read, expect, "{text}");
            assert_eq!(read.to_string(), text);
        };
        let path = |text: &str| ModelReference::Path(PathBuf::from(text));
        check("small", ModelReference::Installed("small".to_owned()));
        check("qwen2.5-coder", ModelReference::Installed("qwen2.5-coder".to_owned()));
        let entry = |name: &str, tag: &str| ModelReference::Catalogue {
            name: name.to_owned(),
            tag: tag.to_owned(),
        };
        check("qwen2.5-coder:7b", entry("qwen2.5-coder", "7b"));
        check("qwen:7b-q4_K_M", entry("qwen", "7b-q4_K_M"));
        check("hf:org/name", hub("org/name", None, None));
        check("hf:org/name@v1.0", hub("org/name", Some("v1.0"), None));
        check("hf:org/name/a.gguf", hub("org/name", None, Some("a.gguf")));
        check("hf:org/name@main/Q4/a.gguf", hub("org/name", Some("main"), Some("Q4/a.gguf")));
        check("hf:org/name@refs%2Fpr%2F1", hub("org/name", Some("refs/pr/1"), None));
        check("hf:org/name@a%25b/x.gguf", hub("org/name", Some("a%b"), Some("x.gguf")));
        check("hf:org/name/odd@name.gguf", hub("org/name", None, Some("odd@name.gguf")));
        check("model.gguf", path("model.gguf"));
        check("MODEL.GGUF", path("MODEL.GGUF"));
        check("./small", path("./small"));
        check("org/name", path("org/name"));
        check("/models/small", path("/models/small"));
        check(".", path("."));
        check("..", path(".."));
        assert_eq!(path("small").to_string(), "./small");
    }

    #[test]
    fn what_names_nothing_is_refused() {
        for text in [
            "",
            "a b",
            "name:",
            ":tag",
            "a:b:c",
            "-name",
            "naïve",
            "hf:",
            "hf:name",
            "hf:org/",
            "hf:/name",
            "hf:org/na--me",
            "hf:org/..",
            "hf:../name",
            "hf:org/name.git",
            "hf:org/name@",
            "hf:org/name@/file.gguf",
            "hf:org/name@..%2F..%2Fetc",
            "hf:org/name@%zz",
            "hf:org/name/",
            "hf:org/name/../x.gguf",
            "hf:org/name/a//x.gguf",
            "hf:org/name//etc/passwd",
            "hf:org/name/a\\..\\x.gguf",
            "hf:org/name/C:/x.gguf",
            "hf:org/n me",
        ] {
            let read = text.parse::<ModelReference>();
            assert!(read.is_err(), "{text}: {read:?}");
        }
    }

    #[test]
    fn a_model_is_called_as_its_file_or_repository() {
        let check = |text: &str, expect: &str| {
            assert_eq!(text.parse::<HubReference>().unwrap().default_name(), expect);
        };
        check("hf:org/Small-1B@main", "Small-1B");
        check("hf:org/name/Q4/small-q4_k_m.gguf", "small-q4_k_m");
        check("hf:org/name/small-q4-00001-of-00003.gguf", "small-q4");
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_as_it_was_read(text in ".{0,60}") {
            if let Ok(read) = text.parse::<ModelReference>() {
                prop_assert_eq!(read.to_string().parse::<ModelReference>().unwrap(), read);
            }
        }

        #[test]
        fn a_hub_reference_is_read_back(
            revision in proptest::option::of("[a-z0-9%/@._-]{1,20}"),
            file in proptest::option::of("[a-zA-Z0-9@%._-]{1,12}(/[a-z0-9._-]{1,8}){0,2}"),
        ) {
            let reference = HubReference { repo: "org/name".to_owned(), revision, file };
            let safe = |path: &Option<String>| path.as_deref().is_none_or(is_safe_path);
            prop_assume!(safe(&reference.revision) && safe(&reference.file));
            prop_assert_eq!(reference.to_string().parse::<HubReference>().unwrap(), reference);
        }
    }
}
