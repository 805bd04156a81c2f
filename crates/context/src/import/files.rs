//! The files that imports are looked for among.

use std::borrow::Cow;
use std::collections::HashMap;

use mlxcode_base::RelPath;

/// Files that know their paths and their texts, on a disk or not. Several
/// threads ask at once.
pub trait FileSet: Sync {
    /// All of them.
    fn paths(&self) -> Vec<RelPath>;

    /// The text of one, such as a manifest; `None` where it cannot be read.
    fn text(&self, path: &RelPath) -> Option<Cow<'_, str>>;
}

/// The files by their paths, their folders and their names.
pub struct Index<'f> {
    files: &'f dyn FileSet,
    paths: HashMap<String, RelPath>,
    folders: HashMap<String, Vec<String>>,
    names: HashMap<String, Vec<String>>,
}

impl<'f> Index<'f> {
    pub fn new(files: &'f dyn FileSet) -> Self {
        let mut index =
            Self { files, paths: HashMap::new(), folders: HashMap::new(), names: HashMap::new() };
        for path in files.paths() {
            let written = path.as_str().to_owned();
            index.folders.entry(folder(&written).to_owned()).or_default().push(written.clone());
            index.names.entry(path.file_name().to_owned()).or_default().push(written.clone());
            index.paths.insert(written, path);
        }
        index
    }

    pub fn holds(&self, path: &str) -> bool {
        self.paths.contains_key(path)
    }

    pub fn path(&self, path: &str) -> Option<RelPath> {
        self.paths.get(path).cloned()
    }

    pub fn text(&self, path: &str) -> Option<Cow<'f, str>> {
        self.files.text(self.paths.get(path)?)
    }

    /// The first of these that is there.
    pub fn first(&self, paths: impl IntoIterator<Item = String>) -> Option<String> {
        paths.into_iter().find(|path| self.holds(path))
    }

    /// The files right in a folder.
    pub fn in_folder(&self, folder: &str) -> &[String] {
        self.folders.get(folder).map(Vec::as_slice).unwrap_or_default()
    }

    /// The files of that name.
    pub fn named(&self, name: &str) -> &[String] {
        self.names.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    pub fn folders(&self) -> impl Iterator<Item = &str> {
        self.folders.keys().map(String::as_str)
    }

    /// The files whose paths end so, those first that share most of their
    /// folders with `from`.
    pub fn ending(&self, end: &str, from: &str) -> Vec<String> {
        let name = end.rsplit('/').next().unwrap_or(end);
        let ends = |path: &&String| {
            path.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
        };
        let mut found: Vec<String> = self.named(name).iter().filter(ends).cloned().collect();
        found.sort_by_key(|path| (std::cmp::Reverse(shared(path, from)), path.len(), path.clone()));
        found
    }
}

/// How many folders two paths begin with alike.
fn shared(one: &str, other: &str) -> usize {
    one.split('/').zip(other.split('/')).take_while(|(a, b)| a == b).count()
}

/// Whether a file's name ends so, behind a point. Compilers tell `.go` from
/// `.GO`, so case counts.
pub fn has_ending(path: &str, ending: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, end)| end == ending)
}

/// The folder of a path; empty at the root.
pub fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A folder and those around it, the root last.
pub fn upward(folder: &str) -> impl Iterator<Item = &str> {
    let mut next = Some(folder);
    std::iter::from_fn(move || {
        let this = next?;
        next = (!this.is_empty()).then(|| self::folder(this));
        Some(this)
    })
}

/// A written path, seen from a folder; `None` where it leaves the root.
pub fn joined(folder: &str, written: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in written.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
