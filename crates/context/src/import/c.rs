//! Headers of C and C++: beside the file, else wherever a path ends so. The
//! search path of the compiler is not known; the closest file is the likeliest.

use super::Import;
use super::files::{Index, folder, joined};
use super::resolve::Found;

/// Where an import leads.
pub fn resolve(index: &Index<'_>, from: &str, import: &Import) -> Found {
    let system = import.source.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    let name = system.unwrap_or(&import.source);
    let beside = joined(folder(from), name).filter(|path| system.is_none() && index.holds(path));
    if let Some(beside) = beside {
        return Found::Files(vec![beside]);
    }
    let end = joined("", name.trim_start_matches("../")).unwrap_or_default();
    match (index.ending(&end, from).into_iter().next(), system) {
        (Some(found), _) => Found::Files(vec![found]),
        (None, Some(name)) => Found::External(name.to_owned()),
        (None, None) => Found::Unknown,
    }
}
