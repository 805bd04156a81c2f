//! Classes of Java and Kotlin: a package is a folder below some root, and a
//! class a file in it, of its name in Java.

use super::Import;
use super::files::{Index, folder, has_ending};
use super::resolve::Found;

/// Where an import leads.
pub fn resolve(index: &Index<'_>, from: &str, import: &Import) -> Found {
    let parts: Vec<&str> = import.source.split('.').collect();
    // `a.b.C.D` may be a class in a class, or a name of one.
    for last in (1..=parts.len()).rev() {
        let path = parts[..last].join("/");
        for end in ["java", "kt"] {
            let found = index.ending(&format!("{path}.{end}"), from);
            if let Some(first) = found.into_iter().next() {
                return Found::Files(vec![first]);
            }
        }
    }
    // A file of Kotlin has any name, and a wildcard names the package.
    let package = if import.is_wildcard { &parts[..] } else { &parts[..parts.len() - 1] };
    let package = package.join("/");
    let is_it = |folder: &&str| {
        let rest = folder.strip_suffix(package.as_str());
        !package.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
    };
    let mut found: Vec<String> = index
        .folders()
        .filter(is_it)
        .flat_map(|folder| index.in_folder(folder))
        .filter(|path| path.as_str() != from)
        .filter(|path| has_ending(path, "kt") || (import.is_wildcard && has_ending(path, "java")))
        .cloned()
        .collect();
    found.sort_by_key(|path| (folder(path) != folder(from), path.clone()));
    if found.is_empty() { Found::External(import.source.clone()) } else { Found::Files(found) }
}
