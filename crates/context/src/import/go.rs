//! Packages of Go: folders below the module that `go.mod` names.

use super::Import;
use super::files::{Index, folder, has_ending, joined};
use super::resolve::Found;

/// A module of the tree.
pub struct Module {
    name: String,
    folder: String,
}

/// Longer names first: a module in a module is the closer one.
pub fn modules(index: &Index<'_>) -> Vec<Module> {
    let mut found: Vec<Module> = index
        .named("go.mod")
        .iter()
        .filter_map(|path| {
            let text = index.text(path)?;
            let line = text.lines().find_map(|line| line.trim().strip_prefix("module "))?;
            let name = line.split("//").next()?.trim().trim_matches('"').to_owned();
            Some(Module { name, folder: folder(path).to_owned() })
        })
        .collect();
    found.sort_by_key(|module| std::cmp::Reverse(module.name.len()));
    found
}

/// Where an import leads.
pub fn resolve(index: &Index<'_>, modules: &[Module], import: &Import) -> Found {
    for module in modules {
        let rest = import.source.strip_prefix(&module.name);
        let Some(rest) = rest.filter(|rest| rest.is_empty() || rest.starts_with('/')) else {
            continue;
        };
        let Some(package) = joined(&module.folder, rest) else { continue };
        let files = index.in_folder(&package).iter();
        let code = files.filter(|path| has_ending(path, "go") && !path.ends_with("_test.go"));
        return Found::files(code.cloned());
    }
    Found::External(import.source.clone())
}
