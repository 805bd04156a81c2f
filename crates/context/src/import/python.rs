//! Modules and packages of Python, as its import system finds them: relative
//! ones by their points, others from the roots of the tree.

use super::Import;
use super::files::{Index, folder, upward};
use super::resolve::Found;

/// Folders from which absolute names are looked for: those of manifests, and
/// `src` in them.
pub fn roots(index: &Index<'_>) -> Vec<String> {
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
pub fn resolve(index: &Index<'_>, roots: &[String], from: &str, import: &Import) -> Found {
    let name = import.source.trim_start_matches('.');
    let points = import.source.len() - name.len();
    let here = folder(from);
    let bases: Vec<&str> = if points > 0 {
        upward(here).nth(points - 1).into_iter().collect()
    } else {
        // A script sees its own folder, and a package the folder around it: a
        // module of a package is found by no name of its own alone.
        let is_package = |folder: &&str| module(index, folder, "").is_some();
        let package = upward(here).find(|folder| !is_package(folder)).unwrap_or_default();
        let packages = roots.iter().map(String::as_str).filter(|root| !is_package(root));
        [package].into_iter().chain(packages).collect()
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
