//! Modules of JavaScript and TypeScript: files beside the importing one, the
//! `paths` of tsconfig, and packages of the tree by their manifests.
//!
//! The rules are those of Node ("Modules: Packages") and of TypeScript's
//! `bundler` resolution. The published resolver for them brings some forty
//! crates to this one, for what few lines do over files that are known.

use std::collections::HashMap;

use serde_json::Value;

use super::Import;
use super::files::{Index, folder, joined, upward};
use super::resolve::Found;

/// What may be left out at the end of a path, in the order in which it is
/// tried.
const ENDINGS: [&str; 12] = [
    ".ts", ".tsx", ".d.ts", ".js", ".jsx", ".mts", ".cts", ".mjs", ".cjs", ".json", ".vue",
    ".svelte",
];

/// The conditions of `exports` under which code is looked for: sources before
/// what is built from them.
const CONDITIONS: [&str; 8] =
    ["source", "development", "types", "import", "module", "node", "default", "require"];

/// A chain of `extends` is short; a ring of them would have no end.
const MOST_EXTENDS: usize = 8;

/// The manifests of the tree.
pub struct Packages {
    /// By the names of packages, their folders and manifests.
    named: HashMap<String, (String, Value)>,
    /// By folders, the rules of tsconfig there.
    rules: HashMap<String, Rules>,
}

/// What a tsconfig says of names.
#[derive(Clone, Default)]
struct Rules {
    base: Option<String>,
    /// A pattern, and the paths that it stands for.
    paths: Vec<(String, Vec<String>)>,
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
    let mut rules = HashMap::new();
    for name in ["jsconfig.json", "tsconfig.json"] {
        for path in index.named(name) {
            rules.insert(folder(path).to_owned(), read_rules(index, path, 0));
        }
    }
    Packages { named, rules }
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
            .and_then(|(folder, manifest)| exported(index, folder, &manifest["imports"], source));
        return Found::files(found);
    }
    if let Some(rules) = upward(here).find_map(|folder| packages.rules.get(folder))
        && let Some(found) = by_rules(index, rules, source)
    {
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
fn file(index: &Index<'_>, path: &str) -> Option<String> {
    // TypeScript is imported by the name of what is built from it.
    let built =
        [(".js", ".ts"), (".js", ".tsx"), (".mjs", ".mts"), (".cjs", ".cts"), (".jsx", ".tsx")];
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
    let exported = if inside.is_empty() && !exports.is_object() {
        target(exports, "").and_then(|path| file(index, &joined(folder, &path)?))
    } else if inside.is_empty() && exports.get(".").is_none() {
        target(exports, "").and_then(|path| file(index, &joined(folder, &path)?))
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
    file(index, &joined(folder, &target(value, &part)?)?)
}

/// The first path of a value with conditions, with `part` for its star.
fn target(value: &Value, part: &str) -> Option<String> {
    match value {
        Value::String(path) => Some(path.replace('*', part)),
        Value::Array(all) => all.iter().find_map(|one| target(one, part)),
        Value::Object(table) => CONDITIONS.iter().find_map(|name| target(table.get(*name)?, part)),
        _ => None,
    }
}

/// What the star of a pattern stands for.
fn matched<'n>(pattern: &str, name: &'n str) -> Option<&'n str> {
    match pattern.split_once('*') {
        Some((before, after)) => name.strip_prefix(before)?.strip_suffix(after),
        None => (pattern == name).then_some(""),
    }
}

fn by_rules(index: &Index<'_>, rules: &Rules, source: &str) -> Option<String> {
    let found = rules
        .paths
        .iter()
        .filter_map(|(pattern, paths)| Some((pattern, paths, matched(pattern, source)?)))
        .max_by_key(|(pattern, _, _)| pattern.find('*').unwrap_or(usize::MAX));
    let mapped = found.and_then(|(_, paths, part)| {
        paths.iter().find_map(|path| file(index, &path.replace('*', part)))
    });
    mapped.or_else(|| {
        let base = rules.base.as_deref()?;
        file(index, &joined(base, source)?)
    })
}

fn read_rules(index: &Index<'_>, path: &str, depth: usize) -> Rules {
    let Some(config) = json(index, path).filter(|_| depth < MOST_EXTENDS) else {
        return Rules::default();
    };
    let here = folder(path);
    let extends = &config["extends"];
    let more = extends.as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut rules = Rules::default();
    for outer in extends.as_str().into_iter().chain(more).filter(|outer| outer.starts_with('.')) {
        let Some(outer) = joined(here, outer) else { continue };
        let Some(outer) = index.first([outer.clone(), format!("{outer}.json")]) else { continue };
        rules = read_rules(index, &outer, depth + 1);
    }
    let options = &config["compilerOptions"];
    if let Some(base) = options["baseUrl"].as_str() {
        rules.base = joined(here, base);
    }
    if let Some(paths) = options["paths"].as_object() {
        let base = rules.base.clone().unwrap_or_else(|| here.to_owned());
        let seen = |value: &Value| {
            let all = value.as_array().into_iter().flatten().filter_map(Value::as_str);
            all.filter_map(|path| joined(&base, path)).collect()
        };
        rules.paths = paths.iter().map(|(pattern, all)| (pattern.clone(), seen(all))).collect();
    }
    rules
}

fn json(index: &Index<'_>, path: &str) -> Option<Value> {
    serde_json::from_str(&without_comments(&index.text(path)?)).ok()
}

/// A tsconfig may hold comments, and commas behind the last.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let len = match next {
            '"' => {
                let mut escaped = false;
                let end = rest[1..].find(|c| {
                    let ends = c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    ends
                });
                let len = end.map_or(rest.len(), |end| end + 2);
                out.push_str(&rest[..len]);
                len
            }
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            ']' | '}' => {
                let kept = out.trim_end().trim_end_matches(',').len();
                out.truncate(kept);
                out.push(next);
                1
            }
            _ => {
                out.push(next);
                next.len_utf8()
            }
        };
        rest = &rest[len..];
    }
    out
}
