//! Imports of JavaScript and TypeScript beside the published resolver of the
//! Oxc project, over the same files.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mlxcode_base::{Language, RelPath};
use mlxcode_context::{
    FileSet, Import, ImportResolver, ParseLimits, ParsedFile, Target, language_of,
};
use oxc_resolver::{
    FileMetadata, FileSystem, ResolveError, ResolveOptions, ResolverGeneric, TsconfigDiscovery,
};

/// Where the peer sees the tree.
const TOP: &str = "/tree";

/// The difference that is none of ours: a tree that is not built.
const HERE: &str = "found here alone";

/// Differences that are shown of each kind.
const SHOWN: usize = 40;

/// The files of a tree; the texts are those of code and of manifests.
struct Files(BTreeMap<RelPath, String>);

impl FileSet for Files {
    fn paths(&self) -> Vec<RelPath> {
        self.0.keys().cloned().collect()
    }

    fn text(&self, path: &RelPath) -> Option<Cow<'_, str>> {
        self.0.get(path).map(|text| Cow::Borrowed(text.as_str()))
    }
}

/// The same files as a disk, with the links to the packages of the tree that an
/// installation makes.
#[derive(Clone, Default)]
struct Disk {
    files: HashMap<PathBuf, String>,
    folders: HashSet<PathBuf>,
    links: HashMap<PathBuf, PathBuf>,
}

impl Disk {
    fn new(files: &Files) -> Self {
        let mut disk = Self::default();
        let modules = Path::new(TOP).join("node_modules");
        disk.add_folder(&modules);
        for (path, text) in &files.0 {
            let full = Path::new(TOP).join(path.as_path());
            disk.add_folder(full.parent().unwrap());
            if path.file_name() == "package.json"
                && let Ok(manifest) = serde_json::from_str::<serde_json::Value>(text)
                && let Some(name) = manifest["name"].as_str().filter(|name| !name.is_empty())
            {
                let link = modules.join(name);
                disk.add_folder(link.parent().unwrap());
                disk.links.insert(link, full.parent().unwrap().to_owned());
            }
            disk.files.insert(full, text.clone());
        }
        disk
    }

    fn add_folder(&mut self, folder: &Path) {
        self.folders.extend(folder.ancestors().map(Path::to_owned));
    }

    /// A path behind its link.
    fn real(&self, path: &Path) -> PathBuf {
        let link = path.ancestors().find_map(|folder| Some((folder, self.links.get(folder)?)));
        match link {
            Some((link, to)) => to.join(path.strip_prefix(link).unwrap()),
            None => path.to_owned(),
        }
    }
}

impl FileSystem for Disk {
    fn new() -> Self {
        Self::default()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.read_to_string(path).map(String::into_bytes)
    }

    fn read_to_string(&self, path: &Path) -> io::Result<String> {
        self.files.get(&self.real(path)).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn metadata(&self, path: &Path) -> io::Result<FileMetadata> {
        let real = self.real(path);
        let (file, folder) = (self.files.contains_key(&real), self.folders.contains(&real));
        if file || folder {
            Ok(FileMetadata::new(file, folder, false))
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    }

    fn symlink_metadata(&self, path: &Path) -> io::Result<FileMetadata> {
        if self.links.contains_key(path) {
            return Ok(FileMetadata::new(false, false, true));
        }
        self.metadata(path)
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, ResolveError> {
        self.links.get(path).cloned().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound).into())
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(self.real(path))
    }
}

fn options() -> ResolveOptions {
    let own = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<String>>();
    ResolveOptions {
        tsconfig: Some(TsconfigDiscovery::Auto),
        condition_names: own(&[
            "source",
            "development",
            "types",
            "import",
            "module",
            "node",
            "default",
            "require",
        ]),
        extensions: own(&[
            ".ts", ".tsx", ".d.ts", ".js", ".jsx", ".mts", ".cts", ".mjs", ".cjs", ".json", ".vue",
            ".svelte",
        ]),
        extension_alias: [
            (".js", &[".js", ".ts", ".tsx", ".d.ts"][..]),
            (".jsx", &[".jsx", ".tsx"]),
            (".mjs", &[".mjs", ".mts", ".d.mts"]),
            (".cjs", &[".cjs", ".cts", ".d.cts"]),
        ]
        .map(|(built, sources)| (built.to_owned(), own(sources)))
        .to_vec(),
        main_fields: own(&["source", "module", "main", "types"]),
        builtin_modules: true,
        ..ResolveOptions::default()
    }
}

/// The files of a tree that imports can be looked for among.
fn files(tree: &Path) -> Files {
    let mut found = BTreeMap::new();
    let mut folders = vec![tree.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() && entry.file_name() != ".git" {
                folders.push(entry.path());
            } else if kind.is_file()
                && let Ok(path) = RelPath::from_path(entry.path().strip_prefix(tree).unwrap())
            {
                found.insert(path, std::fs::read_to_string(entry.path()).unwrap_or_default());
            }
        }
    }
    Files(found)
}

/// All imports of the tree.
fn imports(files: &Files) -> Vec<(RelPath, Language, Import)> {
    let mut found = Vec::new();
    for (path, text) in &files.0 {
        let Some(language) = language_of(path.as_path(), text) else { continue };
        if matches!(language, Language::JavaScript | Language::TypeScript | Language::Tsx)
            && let Some(file) = ParsedFile::parse(text.as_str(), language, &ParseLimits::default())
        {
            found.extend(file.imports().into_iter().map(|one| (path.clone(), language, one)));
        }
    }
    found
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    (work(), begun.elapsed())
}

/// `NODE_TREES` names a folder of trees.
#[test]
#[ignore = "reads trees that are named"]
#[allow(clippy::print_stdout, reason = "tells what differs")]
fn published_resolver_of_node() {
    let trees = PathBuf::from(std::env::var_os("NODE_TREES").unwrap());
    let mut worse = 0;
    for entry in std::fs::read_dir(trees).unwrap() {
        let tree = entry.unwrap().path();
        let files = files(&tree);
        let imports = imports(&files);
        let (own, own_time) = timed(|| {
            let resolver = ImportResolver::new(&files);
            let find = |(path, language, import): &_| resolver.resolve(path, *language, import);
            imports.iter().map(find).collect::<Vec<_>>()
        });
        let disk = Disk::new(&files);
        let (peers, peer_time) = timed(|| {
            let resolver = ResolverGeneric::new_with_file_system(disk, options());
            let find = |(path, _, import): &(RelPath, Language, Import)| {
                let from = Path::new(TOP).join(path.as_path());
                let found = resolver.resolve_file(from, &import.source);
                // Without the query behind it.
                found.ok().map(|found| found.path().to_owned())
            };
            imports.iter().map(find).collect::<Vec<_>>()
        });
        let (mut same, mut neither) = (0, 0);
        let mut kinds: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (((path, _, import), own), peer) in imports.iter().zip(&own).zip(peers) {
            let peer = peer.and_then(|peer| Some(peer.strip_prefix(TOP).ok()?.to_owned()));
            let own_path = match own {
                Target::Files(paths) => paths.first(),
                _ => None,
            };
            let kind = match (own_path, &peer) {
                (None, None) => {
                    neither += 1;
                    continue;
                }
                (Some(own), Some(peer)) if own.as_path() == peer => {
                    same += 1;
                    continue;
                }
                (Some(_), Some(_)) => "another file",
                (Some(_), None) => HERE,
                (None, Some(_)) => "found there alone",
            };
            let told = format!("{path}: {} -> {own:?}, {peer:?}", import.source);
            kinds.entry(kind).or_default().push(told);
        }
        let mut line = format!("{}: {} imports, {same} the same", tree.display(), imports.len());
        for (kind, all) in &kinds {
            write!(line, ", {} {kind}", all.len()).unwrap();
        }
        println!("{line}, {neither} found by neither; {own_time:.1?} here, {peer_time:.1?} there");
        for (kind, all) in kinds {
            worse += if kind == HERE { 0 } else { all.len() };
            for one in all.iter().take(SHOWN) {
                println!("  {kind}: {one}");
            }
        }
    }
    assert_eq!(worse, 0);
}
