//! What the catalogue says of an installed model, by where it came from.

use mlxcode_models::{Catalogue, CatalogueEntry, ModelFile};

/// The record of a model, by the origins of its files; `None` where they come
/// from elsewhere, or from a repository of which records differ.
pub(super) fn entry_of<'c>(
    files: &[ModelFile],
    catalogue: &'c Catalogue,
) -> Option<&'c CatalogueEntry> {
    let origins: Vec<Place<'_>> =
        files.iter().filter_map(|file| Place::read(file.origin.as_deref()?)).collect();
    let fits = |entry: &&CatalogueEntry, fit: &dyn Fn(&Place<'_>, &Place<'_>) -> bool| {
        let sources = entry.files.iter().filter_map(|file| Place::read(&file.source));
        sources.into_iter().any(|source| origins.iter().any(|origin| fit(&source, origin)))
    };
    let same_file = |source: &Place<'_>, origin: &Place<'_>| {
        source.is_of_repository(origin) && source.file.is_some() && source.file == origin.file
    };
    let mut by_file = catalogue.entries().iter().filter(|entry| fits(entry, &same_file));
    if let Some(entry) = by_file.next() {
        return Some(entry);
    }
    let same_repository = |source: &Place<'_>, origin: &Place<'_>| source.is_of_repository(origin);
    let mut all = catalogue.entries().iter().filter(|entry| fits(entry, &same_repository));
    let first = all.next()?;
    all.all(|other| other.tools == first.tools).then_some(first)
}

/// `hf:org/name[@revision][/file]`.
struct Place<'t> {
    repository: &'t str,
    file: Option<&'t str>,
}

impl<'t> Place<'t> {
    fn read(text: &'t str) -> Option<Self> {
        let text = text.strip_prefix("hf:")?;
        let slash = text.find('/')?;
        // A revision may stand behind the name, a file behind both.
        let end = text[slash + 1..].find(['@', '/']).map_or(text.len(), |at| slash + 1 + at);
        let (repository, rest) = text.split_at(end);
        let file = rest.split_once('/').map(|(_, file)| file).filter(|file| !file.is_empty());
        Some(Self { repository, file })
    }

    fn is_of_repository(&self, other: &Self) -> bool {
        self.repository.eq_ignore_ascii_case(other.repository)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(origin: Option<&str>) -> ModelFile {
        serde_json::from_value(serde_json::json!({
            "name": "model.gguf", "size_bytes": 1, "sha256": "", "modified_ns": 0, "origin": origin,
        }))
        .unwrap()
    }

    #[test]
    fn a_model_is_known_by_where_it_came_from() {
        let catalogue = Catalogue::built_in().unwrap();
        let check = |origin: Option<&str>, expect: Option<(&str, bool)>| {
            let files = [file(origin)];
            let found = entry_of(&files, &catalogue);
            let found = found.map(|entry| (entry.model.as_str(), entry.tools));
            assert_eq!(found, expect, "{origin:?}");
        };
        let coder = "hf:unsloth/Qwen3-Coder-30B-A3B-Instruct-GGUF@0123456789abcdef/Qwen3-Coder-30B-A3B-Instruct-Q4_K_M.gguf";
        check(Some(coder), Some(("qwen3-coder", true)));
        // Another quantisation, and another way to write the name.
        check(
            Some("hf:unsloth/qwen3-coder-30b-a3b-instruct-gguf@0123/Q3_K_S.gguf"),
            Some(("qwen3-coder", true)),
        );
        check(
            Some("hf:mlx-community/Qwen2.5-Coder-32B-Instruct-4bit@01/model.safetensors"),
            Some(("qwen2.5-coder", false)),
        );
        check(Some("hf:somebody/model@01/model.gguf"), None);
        check(Some("hf:nothing"), None);
        check(None, None);
    }
}
