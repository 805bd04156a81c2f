//! Modules of JavaScript and TypeScript: files beside the importing one, the
//! `paths` of tsconfig, and packages of the tree by their manifests.
//!
//! The rules are those of Node ("Modules: Packages") and of TypeScript's
//! `bundler` resolution, with one thing beside them: what a package names that
//! is built later is looked for where its source lies. A test asks the published
//! resolver beside this one; docs/code-understanding.md says why it does not
//! stand here.

use std::collections::HashMap;

use serde_json::Value;

use super::Import;
use super::files::{Index, folder, joined, upward};
use super::json::json;
use super::resolve::Found;
use super::tsconfig::{self, Projects, matched};

/// What may be left out at the end of a path, in the order in which it is
/// tried.
const ENDINGS: [&str; 12] = [
    ".ts", ".tsx", ".d.ts", ".js", ".jsx", ".mts", ".cts", ".mjs", ".cjs", ".json", ".vue",
    ".svelte",
];

/// The conditions of `exports` that name sources, which come before what is built
/// from them.
const SOURCES: [&str; 2] = ["source", "development"];

/// The others that hold for some import: which of them is written first decides.
const CONDITIONS: [&str; 6] = ["types", "import", "module", "node", "default", "require"];

/// The manifests of the tree.
pub struct Packages {
    /// By the names of packages, their folders and manifests.
    named: HashMap<String, (String, Value)>,
    projects: Projects,
}

/// Reads the manifests of packages.
pub fn packages(index: &Index<'_>) -> Packages {
    let mut named = HashMap::new();
    for path in index.named("package.json") {
        let Some(manifest) = json(index, path) else { continue };
        if let Some(name) = manifest["name"].as_str() {
            named.insert(name.to_owned(), (folder(path).to_owned(), manifest));
        }
    }
    let folder_of = |name: &str| named.get(name).map(|(folder, _)| folder.as_str());
    let projects = tsconfig::projects(index, &folder_of);
    Packages { named, projects }
}

/// Where an import leads.
pub fn resolve(index: &Index<'_>, packages: &Packages, from: &str, import: &Import) -> Found {
    let source = import.source.split('?').next().unwrap_or_default();
    let here = folder(from);
    if source.starts_with('.') {
        return Found::files(joined(here, source).and_then(|path| file(index, &path)));
    }
    if source.starts_with('#') {
        let manifest = upward(here).find_map(|folder| {
            let path = joined(folder, "package.json")?;
            Some((folder, json(index, &path)?))
        });
        let found = manifest
            .and_then(|(folder, manifest)| exported(index, folder, &manifest["imports"], source))
            .or_else(|| packages.projects.find(index, from, source));
        return Found::files(found);
    }
    if let Some(found) = packages.projects.find(index, from, source) {
        return Found::Files(vec![found]);
    }
    let parts = if source.starts_with('@') { 2 } else { 1 };
    let name: Vec<&str> = source.splitn(parts + 1, '/').take(parts).collect();
    let name = name.join("/");
    let inside = source[name.len()..].trim_start_matches('/');
    match packages.named.get(&name) {
        Some((folder, manifest)) => Found::files(in_package(index, folder, manifest, inside)),
        None => Found::External(name.trim_start_matches("node:").to_owned()),
    }
}

/// The file that a path without its ending stands for.
pub fn file(index: &Index<'_>, path: &str) -> Option<String> {
    // TypeScript is imported by the name of what is built from it.
    let built = [
        (".js", ".ts"),
        (".js", ".tsx"),
        (".js", ".d.ts"),
        (".mjs", ".mts"),
        (".mjs", ".d.mts"),
        (".cjs", ".cts"),
        (".cjs", ".d.cts"),
        (".jsx", ".tsx"),
    ];
    let sources = built
        .iter()
        .filter_map(|(built, source)| Some(format!("{}{source}", path.strip_suffix(built)?)));
    let whole = [path.to_owned()].into_iter().chain(sources);
    let ended = ENDINGS.iter().map(|end| format!("{path}{end}"));
    let inside = if path.is_empty() { "index".to_owned() } else { format!("{path}/index") };
    let indexes = ENDINGS.iter().map(|end| format!("{inside}{end}"));
    index.first(whole.chain(ended).chain(indexes)).or_else(|| {
        let manifest = joined(path, "package.json").filter(|manifest| index.holds(manifest))?;
        let main = json(index, &manifest)?["main"].as_str()?.to_owned();
        joined(path, &main).filter(|main| main != path).and_then(|main| {
            index.first([main.clone(), format!("{main}.js"), format!("{main}/index.js")])
        })
    })
}

/// A file of a package of the tree.
fn in_package(index: &Index<'_>, folder: &str, manifest: &Value, inside: &str) -> Option<String> {
    let entry = if inside.is_empty() { ".".to_owned() } else { format!("./{inside}") };
    let exports = &manifest["exports"];
    // Without entries, the value is that of the package itself.
    let whole = !exports.as_object().is_some_and(|table| table.keys().any(|k| k.starts_with('.')));
    let exported = if inside.is_empty() && whole {
        existing(index, folder, exports, "")
    } else {
        exported(index, folder, exports, &entry)
    };
    let main = || {
        let fields = ["source", "module", "main", "types"];
        let mut written = fields.iter().filter_map(|field| manifest[*field].as_str());
        written.find_map(|path| file(index, &joined(folder, path)?))
    };
    let beside = || {
        let source = joined(folder, "src").and_then(|source| joined(&source, inside));
        let plain = joined(folder, inside);
        // What the manifest names is often built later; its source is here.
        [source, plain].into_iter().flatten().find_map(|path| file(index, &path))
    };
    exported.or_else(|| if inside.is_empty() { main() } else { None }).or_else(beside)
}

/// The file behind an entry of `exports` or `imports`.
fn exported(index: &Index<'_>, folder: &str, table: &Value, entry: &str) -> Option<String> {
    let table = table.as_object()?;
    let (value, part) = match table.get(entry) {
        Some(value) => (value, String::new()),
        None => table
            .iter()
            .filter_map(|(pattern, value)| Some((pattern, value, matched(pattern, entry)?)))
            .max_by_key(|(pattern, _, _)| pattern.len())
            .map(|(_, value, part)| (value, part.to_owned()))?,
    };
    existing(index, folder, value, &part)
}

/// The first file that a value names and that is there, with `part` for its star.
fn existing(index: &Index<'_>, folder: &str, value: &Value, part: &str) -> Option<String> {
    match value {
        Value::String(path) => file(index, &joined(folder, &path.replace('*', part))?),
        Value::Array(all) => all.iter().find_map(|one| existing(index, folder, one, part)),
        Value::Object(table) => {
            let sources = SOURCES.iter().filter_map(|name| table.get(*name));
            let others = table.iter().filter(|(name, _)| CONDITIONS.contains(&name.as_str()));
            let mut values = sources.chain(others.map(|(_, value)| value));
            values.find_map(|one| existing(index, folder, one, part))
        }
        _ => None,
    }
}
