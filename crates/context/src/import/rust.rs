//! Modules of Rust: `mod` by the rules of file names, `use` from the crate's
//! root, from the module itself, or from a package of the workspace.

use super::files::{Index, folder, joined, upward};
use super::resolve::Found;
use super::{Import, ImportKind};

/// A package of the tree.
pub struct Package {
    /// As code names it, with `_` for `-`.
    name: String,
    folder: String,
}

/// Reads the manifests of packages.
pub fn packages(index: &Index<'_>) -> Vec<Package> {
    let manifests = index.named("Cargo.toml").iter();
    let package = |path: &String| {
        let text = index.text(path)?;
        let own = value(&text, "lib", "name").or_else(|| value(&text, "package", "name"))?;
        Some(Package { name: own.replace('-', "_"), folder: folder(path).to_owned() })
    };
    manifests.filter_map(package).collect()
}

/// A string of a manifest's table, which is all that is needed of it.
fn value(text: &str, table: &str, key: &str) -> Option<String> {
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line == format!("[{table}]");
        } else if let Some(rest) = line.strip_prefix(key).filter(|_| inside) {
            let value = rest.trim_start().strip_prefix('=')?.trim();
            return value.strip_prefix('"')?.split('"').next().map(str::to_owned);
        }
    }
    None
}

/// Where an import leads.
pub fn resolve(index: &Index<'_>, packages: &[Package], from: &str, import: &Import) -> Found {
    if import.kind == ImportKind::Module {
        // With `#[path]` the source is a path, seen from the file's folder.
        let found = match import.alias {
            Some(_) => joined(folder(from), &import.source).filter(|path| index.holds(path)),
            None => child(index, from, &import.source),
        };
        return Found::files(found);
    }
    let mut parts = import.source.split("::").filter(|part| !part.is_empty());
    let Some(first) = parts.next() else { return Found::Unknown };
    let start = match first {
        "crate" => root(index, from),
        "self" => Some(from.to_owned()),
        "super" => parent(index, from),
        name => match child(index, from, name) {
            Some(module) => Some(module),
            None => match packages.iter().find(|package| package.name == name) {
                Some(package) => library(index, &package.folder),
                None => return Found::External(name.to_owned()),
            },
        },
    };
    let Some(mut module) = start else { return Found::Unknown };
    let mut whole = true;
    for part in parts {
        let next = match part {
            "super" => parent(index, &module),
            "self" => Some(module.clone()),
            part => child(index, &module, part),
        };
        match next {
            Some(next) if whole => module = next,
            // The rest of the path is names in the module.
            _ => whole = false,
        }
    }
    let modules = import.names.iter().map(|name| {
        let inner = if whole { child(index, &module, &name.name) } else { None };
        inner.unwrap_or_else(|| module.clone())
    });
    let mut found: Vec<String> = modules.collect();
    if found.is_empty() {
        found.push(module.clone());
    }
    Found::Files(found)
}

/// The file of a module that `file` declares.
fn child(index: &Index<'_>, file: &str, name: &str) -> Option<String> {
    let name = name.trim_start_matches("r#");
    let inside = folder_of_children(file);
    let whole = joined(&inside, name)?;
    index.first([format!("{whole}.rs"), format!("{whole}/mod.rs")])
}

/// Where the modules lie that a file declares: beside a root or a `mod.rs`,
/// else in a folder of its name.
fn folder_of_children(file: &str) -> String {
    let stem = file.strip_suffix(".rs").unwrap_or(file);
    let name = stem.rsplit('/').next().unwrap_or(stem);
    if matches!(name, "lib" | "main" | "mod") || is_target(file) {
        folder(file).to_owned()
    } else {
        stem.to_owned()
    }
}

/// Whether a file is the root of a program of its own.
fn is_target(file: &str) -> bool {
    let around = folder(file);
    let name = around.rsplit('/').next().unwrap_or(around);
    let outer = folder(around);
    matches!(name, "tests" | "examples" | "benches") && !outer.ends_with("src")
        || (name == "bin" && outer.rsplit('/').next() == Some("src"))
}

fn parent(index: &Index<'_>, file: &str) -> Option<String> {
    let around = if file.ends_with("/mod.rs") { folder(folder(file)) } else { folder(file) };
    let files = ["mod.rs", "lib.rs", "main.rs"];
    let beside = files.iter().filter_map(|name| joined(around, name));
    index.first([format!("{around}.rs")].into_iter().chain(beside).filter(|path| path != file))
}

/// The root of the crate that a file is of.
fn root(index: &Index<'_>, file: &str) -> Option<String> {
    if is_target(file) {
        return Some(file.to_owned());
    }
    let package = upward(folder(file)).find(|folder| {
        joined(folder, "Cargo.toml").is_some_and(|manifest| index.holds(&manifest))
    })?;
    // A module of a test or of a program belongs to that.
    let inside = file.strip_prefix(package).unwrap_or(file).trim_start_matches('/');
    let main = upward(folder(file))
        .filter(|_| !inside.starts_with("src/"))
        .find_map(|folder| index.first(joined(folder, "main.rs")));
    main.or_else(|| library(index, package))
}

fn library(index: &Index<'_>, package: &str) -> Option<String> {
    index.first(
        ["src/lib.rs", "src/main.rs", "lib.rs"].iter().filter_map(|end| joined(package, end)),
    )
}
