//! Modules and packages of Python, as its import system finds them: relative
//! ones by their points, others from the roots of the tree.

use std::collections::HashMap;

use super::Import;
use super::files::{Index, folder, has_ending, upward};
use super::resolve::Found;

/// What is known of a tree before an import is looked up: it has thousands.
pub struct Layout {
    /// Folders from which absolute names are looked for: those of manifests, and
    /// `src` in them.
    roots: Vec<String>,
    /// By folders, the one from which their own files see the tree.
    around: HashMap<String, String>,
}

/// Reads which folders are packages.
pub fn layout(index: &Index<'_>) -> Layout {
    let around = |folder: &str| (folder.to_owned(), seen_from(index, folder).to_owned());
    let is_code = |path: &String| has_ending(path, "py") || has_ending(path, "pyi");
    let folders = index.folders().filter(|folder| index.in_folder(folder).iter().any(is_code));
    let mut roots = roots(index);
    roots.retain(|root| !is_package(index, root));
    Layout { roots, around: folders.map(around).collect() }
}

/// A script sees its own folder, and a package the folder around it: a module of
/// a package is found by no name of its own alone.
fn seen_from<'p>(index: &Index<'_>, here: &'p str) -> &'p str {
    upward(here).find(|folder| !is_package(index, folder)).unwrap_or_default()
}

fn is_package(index: &Index<'_>, folder: &str) -> bool {
    module(index, folder, "").is_some()
}

fn roots(index: &Index<'_>) -> Vec<String> {
    let mut found = vec![String::new()];
    for name in ["pyproject.toml", "setup.py", "setup.cfg"] {
        found.extend(index.named(name).iter().map(|path| folder(path).to_owned()));
    }
    let inner: Vec<String> = found
        .iter()
        .flat_map(|root| ["src", "lib", "python"].map(|inner| below(root, inner)))
        .collect();
    found.extend(inner);
    found.sort();
    found.dedup();
    found
}

/// Where an import leads.
pub fn resolve(index: &Index<'_>, layout: &Layout, from: &str, import: &Import) -> Found {
    let name = import.source.trim_start_matches('.');
    let points = import.source.len() - name.len();
    let here = folder(from);
    let bases: Vec<&str> = if points > 0 {
        upward(here).nth(points - 1).into_iter().collect()
    } else {
        let known = layout.around.get(here).map(String::as_str);
        // A script without an ending may be alone in its folder.
        let own = known.unwrap_or_else(|| seen_from(index, here));
        std::iter::once(own).chain(layout.roots.iter().map(String::as_str)).collect()
    };
    let path = name.replace('.', "/");
    for base in bases {
        let found = named(index, base, &path, import);
        if !found.is_empty() {
            return Found::Files(found);
        }
    }
    match name.split('.').next() {
        Some(package) if points == 0 => Found::External(package.to_owned()),
        _ => Found::Unknown,
    }
}

/// The files of a module, and of those names in it that are modules.
fn named(index: &Index<'_>, base: &str, path: &str, import: &Import) -> Vec<String> {
    let own = module(index, base, path);
    let whole = below(base, path);
    let mut found: Vec<String> = Vec::new();
    for name in &import.names {
        found.extend(module(index, &whole, &name.name).or_else(|| own.clone()));
    }
    if import.names.is_empty() {
        found.extend(own);
        // `import a.b` also runs `a`; where `b` is a name in it, only that.
        let outer = path.rsplit_once('/').map(|(outer, _)| outer);
        if let (true, Some(outer)) = (found.is_empty(), outer) {
            found.extend(module(index, base, outer));
        }
    }
    found
}

fn module(index: &Index<'_>, base: &str, path: &str) -> Option<String> {
    let whole = below(base, path);
    let inside =
        |name: &str| if whole.is_empty() { name.to_owned() } else { format!("{whole}/{name}") };
    let files = [
        format!("{whole}.py"),
        inside("__init__.py"),
        format!("{whole}.pyi"),
        inside("__init__.pyi"),
    ];
    index.first(files)
}

fn below(base: &str, path: &str) -> String {
    match (base, path) {
        ("", path) => path.to_owned(),
        (base, "") => base.to_owned(),
        (base, path) => format!("{base}/{path}"),
    }
}
