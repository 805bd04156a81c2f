//! Reads the files of a tree.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use ignore::{DirEntry, WalkBuilder, WalkState};
use mlxcode_base::{CancelToken, Language, RelPath, Root};

use crate::error::{Error, Result};
use crate::origin::Origin;
use crate::stamp::{Stamp, changed_ns};

/// Where a file with a zero byte in its beginning is taken for binary.
const BINARY_PROBE_BYTES: usize = 8 * 1024;

/// The rules of what this program shall not read, beside git's.
const OWN_RULES: &str = ".mlxignore";

/// All files with rules.
pub const RULES: [&str; 3] = [".gitignore", ".ignore", OWN_RULES];

/// Rules for what to ignore are longer than this nowhere.
const MOST_RULE_BYTES: u64 = 1 << 20;

/// Folders with a leading dot that hold code of the project.
const SHOWN_FOLDERS: [&str; 6] = [".cargo", ".ci", ".circleci", ".config", ".github", ".gitlab"];

/// Files that hold secrets by custom; they are never shown to a model, even
/// where no rule ignores them.
const SECRET_STARTS: [&str; 14] = [
    ".env",
    ".git-credentials",
    ".htpasswd",
    ".my.cnf",
    ".netrc",
    ".npmrc",
    ".pgpass",
    ".pypirc",
    "credentials.json",
    "credentials.toml",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "id_rsa",
];

/// Endings of key files.
const SECRET_ENDS: [&str; 5] = [".key", ".keystore", ".p12", ".pem", ".pfx"];

/// Which files are read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WalkOptions {
    /// Larger files are skipped.
    pub max_file_bytes: u64,
    /// Larger files of source code are skipped: code is long where it is
    /// important, and is read in parts.
    pub max_source_bytes: u64,
    /// Files with rules of the user's own, in the form of `.gitignore`, for the
    /// whole tree. The library does not look for them.
    pub rules: Vec<PathBuf>,
    /// Lines as of a `.gitignore` in the root, on top of all other rules: what
    /// they name is not read whatever these say.
    pub exclude: Vec<String>,
    /// Files after those that take this much together, by path, are skipped.
    pub max_total_bytes: u64,
}

impl Default for WalkOptions {
    fn default() -> Self {
        Self {
            // What is larger and no code is data.
            max_file_bytes: 1 << 20,
            // Larger ones, which programs write, take seconds to parse.
            max_source_bytes: 16 << 20,
            rules: Vec::new(),
            exclude: Vec::new(),
            max_total_bytes: 1 << 30,
        }
    }
}

impl WalkOptions {
    /// The most bytes of a file at that path.
    fn most_bytes(&self, path: &RelPath) -> u64 {
        match Language::from_path(path.as_path()) {
            Some(language) if language.is_code() => self.max_file_bytes.max(self.max_source_bytes),
            _ => self.max_file_bytes,
        }
    }
}

/// How many files were left out, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Skipped {
    /// They hold no text.
    pub binary: usize,
    /// They are larger than the limit.
    pub too_large: usize,
    /// Their text is not UTF-8.
    pub not_utf8: usize,
    /// The system would not let them be read.
    pub unreadable: usize,
}

/// A file's text.
#[derive(Clone, Debug)]
pub struct SourceFile {
    pub path: RelPath,
    pub text: String,
    pub origin: Origin,
}

/// What reading a file gave.
#[derive(Debug)]
pub enum Read {
    File(SourceFile),
    Binary,
    TooLarge,
    NotUtf8,
    Unreadable,
}

/// A file that is to be read.
#[derive(Clone, Debug)]
pub struct Place {
    pub path: RelPath,
    full: PathBuf,
    pub size_bytes: u64,
    /// When it was last changed, in nanoseconds; 0 where the system does not
    /// tell.
    pub changed_ns: i64,
}

impl Place {
    /// The file at `path`; `None` where there is no plain file.
    pub fn at(root: &Root, path: &RelPath) -> Option<Self> {
        let full = root.path().join(path.as_path());
        let meta = fs::symlink_metadata(&full).ok().filter(fs::Metadata::is_file)?;
        let (size_bytes, changed_ns) = (meta.len(), changed_ns(&meta));
        Some(Self { path: path.clone(), full, size_bytes, changed_ns })
    }

    /// Where it lies on the disk.
    pub fn full(&self) -> &Path {
        &self.full
    }
}

/// Files or folders, as they were when they were listed.
pub type Stamped = Vec<(PathBuf, Stamp)>;

/// What a tree holds.
#[derive(Debug)]
pub struct Listing {
    /// The files that are read, by path.
    pub places: Vec<Place>,
    pub skipped: Skipped,
    /// All folders that the rules let through.
    pub folders: Stamped,
    /// All files that they let through, read or not.
    pub files: Stamped,
}

/// Reads all text files below `root`, by path: gitignore rules hold, in a git
/// work tree or not.
pub fn walk(
    root: &Root,
    options: &WalkOptions,
    cancel: &CancelToken,
) -> Result<(Vec<SourceFile>, Skipped)> {
    let Listing { places, mut skipped, .. } = list(root, options, cancel)?;
    let mut files = Vec::with_capacity(places.len());
    for read in read_all(&places, options, cancel) {
        match read {
            Read::File(file) => files.push(file),
            Read::Binary => skipped.binary += 1,
            Read::TooLarge => skipped.too_large += 1,
            Read::NotUtf8 => skipped.not_utf8 += 1,
            Read::Unreadable => skipped.unreadable += 1,
        }
    }
    if cancel.is_cancelled() {
        return Err(Error::Cancelled);
    }
    Ok((files, skipped))
}

/// The files that [`walk`] would read, by path, without reading them.
pub fn list(root: &Root, options: &WalkOptions, cancel: &CancelToken) -> Result<Listing> {
    let mut skipped = Skipped::default();
    let (mut places, folders) = places(root, options, cancel, &mut skipped)?;
    let stamp = |place: &Place| {
        let Place { full, size_bytes, changed_ns, .. } = place;
        (full.clone(), Stamp { size_bytes: *size_bytes, changed_ns: *changed_ns })
    };
    let files = places.iter().map(stamp).collect();
    places.retain(|one| {
        one.size_bytes <= options.most_bytes(&one.path) || {
            skipped.too_large += 1;
            false
        }
    });
    // What is read is settled before reading, by path and size alone: a tree
    // beyond the limit gives the same files each time and never fills memory.
    let mut total = 0;
    let fitting = places.iter().take_while(|one| {
        total += one.size_bytes;
        total <= options.max_total_bytes
    });
    let fitting = fitting.count();
    skipped.too_large += places.len() - fitting;
    places.truncate(fitting);
    Ok(Listing { places, skipped, folders, files })
}

/// The files below `root` that its rules let through, by path, and the folders.
fn places(
    root: &Root,
    options: &WalkOptions,
    cancel: &CancelToken,
    skipped: &mut Skipped,
) -> Result<(Vec<Place>, Stamped)> {
    let (sender, receiver) = mpsc::channel();
    let refused = Arc::new(AtomicUsize::new(0));
    walker(root, options, Arc::clone(&refused))?.build_parallel().run(|| {
        let sender = sender.clone();
        Box::new(move |entry| {
            if cancel.is_cancelled() {
                return WalkState::Quit;
            }
            let found = match entry {
                Ok(entry) => match entry.file_type() {
                    Some(kind) if kind.is_file() => place(root, &entry).map(Listed::File),
                    // Its time is taken before it is read: what comes later
                    // makes it another.
                    Some(kind) if kind.is_dir() => entry
                        .metadata()
                        .ok()
                        .map(|meta| Listed::Folder(entry.into_path(), (&meta).into())),
                    _ => return WalkState::Continue,
                },
                Err(_) => None,
            };
            // The receiver lives until all walkers are done.
            let _ = sender.send(found);
            WalkState::Continue
        })
    });
    drop(sender);
    if cancel.is_cancelled() {
        return Err(Error::Cancelled);
    }
    skipped.unreadable += refused.load(Ordering::Relaxed);
    let (mut places, mut folders) = (Vec::new(), Vec::new());
    for found in receiver {
        match found {
            Some(Listed::File(place)) => places.push(place),
            Some(Listed::Folder(path, stamp)) => folders.push((path, stamp)),
            None => skipped.unreadable += 1,
        }
    }
    places.sort_by(|a, b| a.path.cmp(&b.path));
    Ok((places, folders))
}

/// What a walk comes by.
enum Listed {
    File(Place),
    Folder(PathBuf, Stamp),
}

/// The folders below `root` that its rules let through.
pub fn folders(
    root: &Root,
    options: &WalkOptions,
    cancel: &CancelToken,
) -> Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    for entry in walker(root, options, Arc::default())?.build() {
        if cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        // One that cannot be read is not watched.
        let folder = entry.ok().filter(|one| one.file_type().is_some_and(|kind| kind.is_dir()));
        found.extend(folder.map(DirEntry::into_path));
    }
    Ok(found)
}

/// Walks by the rules; counts the folders whose rules cannot be read.
fn walker(root: &Root, options: &WalkOptions, refused: Arc<AtomicUsize>) -> Result<WalkBuilder> {
    if !has_plain_rules(root.path()) {
        return Err(Error::BadRules { folder: root.path().to_owned() });
    }
    let mut builder = WalkBuilder::new(root.path());
    for rules in &options.rules {
        // One that cannot be read holds no rules.
        let _ = builder.add_ignore(rules);
    }
    let excluded = excluded(root, options)?;
    builder
        .add_custom_ignore_filename(OWN_RULES)
        .hidden(false)
        .require_git(false)
        // The user's own rules lie in the home folder, which is not ours.
        .git_global(false)
        .threads(threads())
        .filter_entry(move |entry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            if is_folder && !has_plain_rules(entry.path()) {
                refused.fetch_add(1, Ordering::Relaxed);
                return false;
            }
            is_shown(entry) && !excluded.matched(entry.path(), is_folder).is_ignore()
        });
    Ok(builder)
}

/// What the options leave out, whatever the tree's own rules say.
fn excluded(root: &Root, options: &WalkOptions) -> Result<Gitignore> {
    let mut builder = GitignoreBuilder::new(root.path());
    for line in &options.exclude {
        builder
            .add_line(None, line)
            .map_err(|error| Error::BadExclude { glob: line.clone(), why: error.to_string() })?;
    }
    let glob = || options.exclude.join(", ");
    builder.build().map_err(|error| Error::BadExclude { glob: glob(), why: error.to_string() })
}

/// `None` where the system or the file's name does not let it be read.
fn place(root: &Root, entry: &DirEntry) -> Option<Place> {
    let full = entry.path().to_owned();
    let path = RelPath::from_path(full.strip_prefix(root.path()).ok()?).ok()?;
    let meta = entry.metadata().ok()?;
    let (size_bytes, changed_ns) = (meta.len(), changed_ns(&meta));
    Some(Place { path, full, size_bytes, changed_ns })
}

fn read_all(places: &[Place], options: &WalkOptions, cancel: &CancelToken) -> Vec<Read> {
    let each = places.len().div_ceil(threads()).max(1);
    thread::scope(|scope| {
        let workers: Vec<_> = places
            .chunks(each)
            .map(|part| {
                scope.spawn(move || {
                    let some = part.iter().take_while(|_| !cancel.is_cancelled());
                    some.map(|one| read_text(one, options)).collect::<Vec<_>>()
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
    })
}

/// Reads one file.
pub fn read_text(one: &Place, options: &WalkOptions) -> Read {
    let max_bytes = options.most_bytes(&one.path);
    let mut bytes = Vec::with_capacity(one.size_bytes as usize + 1);
    // The file may have grown since it was found.
    let read = File::open(&one.full)
        .and_then(|file| file.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes));
    if read.is_err() {
        return Read::Unreadable;
    }
    if bytes.len() as u64 > max_bytes {
        return Read::TooLarge;
    }
    // The mark of UTF-16, in which every other byte of plain text is zero.
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Read::NotUtf8;
    }
    let probe = &bytes[..bytes.len().min(BINARY_PROBE_BYTES)];
    if probe.contains(&0) {
        return Read::Binary;
    }
    match String::from_utf8(bytes) {
        Ok(text) => {
            let origin = Origin::of(&one.path, &text);
            Read::File(SourceFile { path: one.path.clone(), text, origin })
        }
        Err(_) => Read::NotUtf8,
    }
}

/// Threads for reading and ranking: more than eight only wait for the disk.
pub fn threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from).min(8)
}

/// Whether a file says which others belong to the tree.
pub fn holds_rules(path: &RelPath) -> bool {
    RULES.contains(&path.file_name())
}

/// Whether a folder's rules are files that can be read whole. The walker would
/// read a link to an endless device, or a rule file of any length.
fn has_plain_rules(folder: &Path) -> bool {
    RULES.iter().all(|name| {
        let path = folder.join(name);
        match fs::symlink_metadata(&path) {
            Ok(meta) if meta.is_symlink() => {
                fs::metadata(&path).is_ok_and(|to| to.is_file() && to.len() <= MOST_RULE_BYTES)
            }
            // A folder of that name is no rule, and is not read as one.
            Ok(meta) => meta.is_dir() || (meta.is_file() && meta.len() <= MOST_RULE_BYTES),
            Err(_) => true,
        }
    })
}

fn is_shown(entry: &DirEntry) -> bool {
    if entry.depth() == 0 {
        return true;
    }
    let name = entry.file_name();
    let hidden = name.as_encoded_bytes().starts_with(b".");
    if entry.file_type().is_some_and(|kind| kind.is_dir()) {
        return !hidden || SHOWN_FOLDERS.iter().any(|shown| name == OsStr::new(shown));
    }
    // A name that is not text belongs to no file of secrets that is known.
    name.to_str().is_none_or(|name| !is_secret(name))
}

/// Tells whether a file holds secrets by custom.
fn is_secret(name: &str) -> bool {
    let is_template = [".example", ".sample", ".template"].iter().any(|end| name.ends_with(end));
    let is_key = SECRET_ENDS.iter().any(|end| name.ends_with(end));
    let is_known = SECRET_STARTS.iter().any(|start| name.starts_with(start));
    (is_known || is_key) && !is_template
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_secrets_are_known_by_name() {
        for name in [
            ".env",
            ".env.local",
            ".npmrc",
            ".git-credentials",
            "id_ed25519",
            "id_rsa.old",
            "credentials.toml",
            "server.key",
            "cert.pem",
            ".pgpass",
            ".htpasswd",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [".env.example", "env.rs", "idle.rs", "credentials.rs", "key.rs", ".gitignore"]
        {
            assert!(!is_secret(name), "{name}");
        }
    }
}
