//! From imports to the files that they name.

use mlxcode_base::{Language, RelPath};

use super::files::{FileSet, Index, folder, joined};
use super::{Import, c, go, java, node, php, python, ruby, rust};

/// Where an import leads.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// To these files of the tree, the closest first.
    Files(Vec<RelPath>),
    /// Out of the tree, to the package of that name.
    External(String),
    /// Nobody knows: the file is missing, or the language does not say.
    Unknown,
}

/// Finds the files that imports name, among those of a tree.
///
/// ```
/// use std::borrow::Cow;
/// use mlxcode_base::{Language, RelPath};
/// use mlxcode_context::{FileSet, ImportResolver, ParseLimits, ParsedFile, Target};
///
/// struct Two;
/// impl FileSet for Two {
///     fn paths(&self) -> Vec<RelPath> {
///         ["app/main.py", "app/port.py"].map(|path| RelPath::new(path).unwrap()).to_vec()
///     }
///     fn text(&self, _: &RelPath) -> Option<Cow<'_, str>> {
///         None
///     }
/// }
///
/// let text = "from .port import bind\n";
/// let main = ParsedFile::parse(text, Language::Python, &ParseLimits::default()).unwrap();
/// let from = RelPath::new("app/main.py").unwrap();
/// let resolver = ImportResolver::new(&Two);
/// let target = resolver.resolve(&from, Language::Python, &main.imports()[0]);
/// assert_eq!(target, Target::Files(vec![RelPath::new("app/port.py").unwrap()]));
/// ```
pub struct ImportResolver<'f> {
    index: Index<'f>,
    python: python::Layout,
    node: node::Packages,
    rust: Vec<rust::Package>,
    go: Vec<go::Module>,
    php: Vec<php::Prefix>,
}

impl<'f> ImportResolver<'f> {
    /// Reads the manifests among `files`.
    pub fn new(files: &'f dyn FileSet) -> Self {
        let index = Index::new(files);
        Self {
            python: python::layout(&index),
            node: node::packages(&index),
            rust: rust::packages(&index),
            go: go::modules(&index),
            php: php::prefixes(&index),
            index,
        }
    }

    /// Where an import of the file `from` leads.
    pub fn resolve(&self, from: &RelPath, language: Language, import: &Import) -> Target {
        let (index, from) = (&self.index, from.as_str());
        let found = match language {
            Language::Python => python::resolve(index, &self.python, from, import),
            Language::JavaScript | Language::TypeScript | Language::Tsx => {
                node::resolve(index, &self.node, from, import)
            }
            Language::Rust => rust::resolve(index, &self.rust, from, import),
            Language::Go => go::resolve(index, &self.go, import),
            Language::Java | Language::Kotlin => java::resolve(index, from, import),
            Language::C | Language::Cpp => c::resolve(index, from, import),
            Language::Ruby => ruby::resolve(index, from, import),
            Language::Php => php::resolve(index, &self.php, from, import),
            Language::Css | Language::Html | Language::Bash => beside(index, from, import),
            _ => Found::Unknown,
        };
        match found {
            Found::Files(mut paths) => {
                let mut seen = Vec::new();
                paths.retain(|path| {
                    !seen.contains(path) && {
                        seen.push(path.clone());
                        true
                    }
                });
                Target::Files(paths.iter().filter_map(|path| index.path(path)).collect())
            }
            Found::External(name) => Target::External(name),
            Found::Unknown => Target::Unknown,
        }
    }
}

impl std::fmt::Debug for ImportResolver<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImportResolver").finish_non_exhaustive()
    }
}

/// A target with paths as they are written.
pub enum Found {
    Files(Vec<String>),
    External(String),
    Unknown,
}

impl Found {
    /// These files, or nothing known where there is none.
    pub fn files(paths: impl IntoIterator<Item = String>) -> Self {
        let paths: Vec<String> = paths.into_iter().collect();
        if paths.is_empty() { Self::Unknown } else { Self::Files(paths) }
    }
}

/// A path that is written as seen from the file itself, or from the root.
fn beside(index: &Index<'_>, from: &str, import: &Import) -> Found {
    let source = import.source.split(['?', '#']).next().unwrap_or_default();
    if source.contains("://") {
        return Found::External(source.to_owned());
    }
    let seen_from = if source.starts_with('/') { "" } else { folder(from) };
    Found::files(joined(seen_from, source).filter(|path| index.holds(path)))
}
