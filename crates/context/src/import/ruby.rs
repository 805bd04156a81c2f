//! Files of Ruby: `require_relative` from the file, `require` from `lib` and
//! its like.

use super::files::{Index, folder, joined};
use super::resolve::Found;
use super::{Import, ImportKind};

/// Where an import leads.
pub fn resolve(index: &Index<'_>, from: &str, import: &Import) -> Found {
    let source = import.source.strip_suffix(".rb").unwrap_or(&import.source);
    let seen = import.kind == ImportKind::Include || source.starts_with('.');
    if seen {
        let path = joined(folder(from), source).map(|path| format!("{path}.rb"));
        return Found::files(path.filter(|path| index.holds(path)));
    }
    for root in ["lib", "app", "spec", "test"] {
        let found = index.ending(&format!("{root}/{source}.rb"), from);
        if let Some(first) = found.into_iter().next() {
            return Found::Files(vec![first]);
        }
    }
    match index.first([format!("{source}.rb")]) {
        Some(found) => Found::Files(vec![found]),
        None => Found::External(source.split('/').next().unwrap_or(source).to_owned()),
    }
}
