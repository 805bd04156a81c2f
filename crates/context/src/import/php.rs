//! Classes of PHP by the PSR-4 rules of `composer.json`, and included files.

use serde_json::Value;

use super::files::{Index, folder, joined};
use super::resolve::Found;
use super::{Import, ImportKind};

/// A beginning of names, and the folder that holds them.
pub struct Prefix {
    name: String,
    folder: String,
}

/// Longer beginnings first.
pub fn prefixes(index: &Index<'_>) -> Vec<Prefix> {
    let mut found = Vec::new();
    for path in index.named("composer.json") {
        let text = index.text(path);
        let Some(manifest) = text.and_then(|text| serde_json::from_str::<Value>(&text).ok()) else {
            continue;
        };
        for topic in ["autoload", "autoload-dev"] {
            let rules = manifest[topic]["psr-4"].as_object();
            for (name, folders) in rules.into_iter().flatten() {
                let one = folders.as_str().into_iter();
                let more = folders.as_array().into_iter().flatten().filter_map(Value::as_str);
                found.extend(one.chain(more).filter_map(|inside| {
                    let folder = joined(folder(path), inside)?;
                    Some(Prefix { name: name.clone(), folder })
                }));
            }
        }
    }
    found.sort_by_key(|prefix| std::cmp::Reverse(prefix.name.len()));
    found
}

/// Where an import leads.
pub fn resolve(index: &Index<'_>, prefixes: &[Prefix], from: &str, import: &Import) -> Found {
    if import.kind == ImportKind::Include {
        let path = joined(folder(from), &import.source);
        return Found::files(path.filter(|path| index.holds(path)));
    }
    let source = import.source.trim_start_matches('\\');
    let names: Vec<String> = if import.names.is_empty() {
        vec![source.to_owned()]
    } else {
        import.names.iter().map(|name| format!("{source}\\{}", name.name)).collect()
    };
    let file = |name: &String| {
        prefixes.iter().find_map(|prefix| {
            let rest = name.strip_prefix(&prefix.name)?.replace('\\', "/");
            joined(&prefix.folder, &format!("{rest}.php")).filter(|path| index.holds(path))
        })
    };
    let found: Vec<String> = names.iter().filter_map(file).collect();
    if found.is_empty() { Found::External(source.to_owned()) } else { Found::Files(found) }
}
