use std::path::Path;

use mlxcode_base::Diagnostic;

use super::*;
use crate::error::Error;

fn built_in() -> Catalogue {
    Catalogue::built_in().unwrap()
}

#[test]
fn the_own_catalogue_is_sound() {
    let catalogue = built_in();
    assert!(catalogue.entries().len() >= 25);
    for entry in catalogue.entries() {
        let name = entry.name();
        for file in &entry.files {
            let place = file.source.strip_prefix("hf:").unwrap();
            assert!(place.split('/').count() >= 2, "{}", file.source);
            let gguf = place.to_lowercase().ends_with(".gguf");
            assert_eq!(gguf, !file.format.starts_with("MLX"), "{name} {}", file.format);
            // Bits a weight, of formats that have 4 to 8: what was typed is of
            // this model. Small ones hold their embedding twice.
            let bits = file.size_bytes as f64 * 8.0 / entry.parameters as f64;
            let (least, most) = match &*file.format {
                "Q8_0" => (8.3, 11.1),
                "Q6_K" => (6.4, 6.8),
                "MLX 4-bit" => (4.4, 4.6),
                _ => (4.5, 5.9),
            };
            assert!((least..most).contains(&bits), "{name} {}: {bits}", file.format);
        }
        let one = catalogue.find(&name).unwrap();
        assert_eq!((one.entry.name(), one.file), (name, &entry.files[0]));
        assert!(entry.active_parameters <= entry.parameters);
        assert!(entry.origin.is_none());
    }
    for model in catalogue.entries().iter().map(|entry| &entry.model) {
        let sizes = catalogue.entries().iter().filter(|entry| &entry.model == model);
        assert_eq!(sizes.filter(|entry| entry.is_default).count(), 1, "{model}");
    }
}

#[test]
fn a_name_means_a_size_and_a_format() {
    let catalogue = built_in();
    let check = |name: &str, expect: Option<(&str, &str)>| {
        let found = catalogue.find(name).ok().map(|one| (one.entry.name(), one.file.slug()));
        let found = found.as_ref().map(|(name, slug)| (&**name, &**slug));
        assert_eq!(found, expect, "{name}");
    };
    check("qwen2.5-coder", Some(("qwen2.5-coder:7b", "q4_k_m")));
    check("qwen2.5-coder:7b", Some(("qwen2.5-coder:7b", "q4_k_m")));
    check("Qwen2.5-Coder:7B-Q8_0", Some(("qwen2.5-coder:7b", "q8_0")));
    check("qwen2.5-coder:1.5b-mlx-4bit", Some(("qwen2.5-coder:1.5b", "mlx-4bit")));
    check("qwen3:30b-a3b", Some(("qwen3:30b-a3b", "q4_k_m")));
    check("qwen3-coder", Some(("qwen3-coder:30b-a3b", "q4_k_m")));
    check("qwen2.5-coder:", None);
    check("qwen2.5-coder:7b-q2_k", None);
    check("", None);
}

#[test]
fn near_misses_are_offered() {
    let catalogue = built_in();
    let check = |name: &str, expect: &str| {
        let error = catalogue.find(name).unwrap_err();
        assert_eq!(error.code(), "models.not_in_catalogue");
        let help = error.help().unwrap();
        assert!(help.contains(&format!("`{expect}`")), "{name}: {help}");
    };
    check("qwen2.5-codr:7b", "qwen2.5-coder:7b");
    check("qwen2.5-coder:8b", "qwen2.5-coder:7b");
    check("qwen2.5coder", "qwen2.5-coder");
    check("devstrl-small", "devstral-small");
    check("devstral", "devstral-small");
    let strange = catalogue.find("zzzzzzzz").unwrap_err().help().unwrap();
    assert!(!strange.contains("did you mean"), "{strange}");
}

fn found(query: &CatalogueQuery) -> Vec<String> {
    built_in().search(query).into_iter().map(|hit| hit.entry.name()).collect()
}

#[test]
fn words_tags_sizes_and_licences_filter() {
    let all = CatalogueQuery { context_tokens: 8192, ..CatalogueQuery::default() };
    assert_eq!(found(&all).len(), built_in().entries().len());
    let with = |text: &str| found(&CatalogueQuery { text: text.to_owned(), ..all.clone() });
    assert_eq!(with("coder 7b"), ["qwen2.5-coder:7b"]);
    assert_eq!(with("coder")[0], "qwen2.5-coder:0.5b");
    assert!(with("qwen2.5-codr").contains(&"qwen2.5-coder:32b".to_owned()));
    assert!(with("nothing-at-all").is_empty());

    let tools = CatalogueQuery { tags: vec!["Tools".into(), "code".into()], ..all.clone() };
    assert!(found(&tools).contains(&"devstral-small:2507".to_owned()));
    assert!(!found(&tools).contains(&"qwen2.5-coder:7b".to_owned()));

    let free = CatalogueQuery { licence: Some("apache".into()), ..all.clone() };
    assert!(!found(&free).contains(&"codestral:22b".to_owned()));
    let small = CatalogueQuery { max_size_bytes: Some(1_000_000_000), ..all.clone() };
    assert!(
        found(&small).iter().all(|name| ["0.5b", "0.6b", "1b", "1.5b", "1.7b"]
            .iter()
            .any(|tag| name.ends_with(tag)))
    );
}

#[test]
fn what_needs_more_memory_than_there_is_is_left_out() {
    let catalogue = built_in();
    let entry = catalogue.find("qwen3:8b").unwrap();
    let need = entry.entry.memory_needed(entry.file, 8192);
    let query = |bytes| CatalogueQuery {
        text: "qwen3:8b".into(),
        fits_bytes: Some(bytes),
        context_tokens: 8192,
        ..CatalogueQuery::default()
    };
    let hits = catalogue.search(&query(need));
    let formats: Vec<&str> = hits[0].files.iter().map(|file| &*file.format).collect();
    assert_eq!(formats, ["Q4_K_M", "MLX 4-bit"]);
    assert!(catalogue.search(&query(1 << 30)).is_empty());
}

const OWN: &str = r#"
[[model]]
name = "ours"
family = "qwen2"
licence = "Apache-2.0"
context = 1024
good_at = "our code"

[[model.size]]
tag = "1b"
parameters = 1_000_000_000
layers = 2
kv_heads = 1
head_dim = 64
files = [{ format = "Q8_0", size_gb = 1.5, source = "/models/ours.gguf" }]
"#;

#[test]
fn extra_catalogues_go_on_top() {
    let mut catalogue = built_in();
    let before = catalogue.entries().len();
    let path = Path::new("ours.toml");
    catalogue.add(path, OWN).unwrap();
    assert_eq!(catalogue.entries().len(), before + 1);
    let ours = catalogue.find("ours").unwrap();
    assert_eq!(ours.entry.origin.as_deref(), Some(path));
    assert_eq!(ours.file.size_bytes, 1_500_000_000);

    let over = OWN.replace("\"ours\"", "\"qwen2.5-coder\"").replace("\"1b\"", "\"7b\"");
    catalogue.add(path, &over).unwrap();
    assert_eq!(catalogue.entries().len(), before + 1);
    let seven = catalogue.find("qwen2.5-coder").unwrap();
    assert_eq!(
        (seven.entry.name().as_str(), &*seven.file.source),
        ("qwen2.5-coder:7b", "/models/ours.gguf")
    );
    // Another size beside it leaves the default, unless it says otherwise.
    let beside = over.replace("\"7b\"", "\"9b\"");
    catalogue.add(path, &beside).unwrap();
    assert_eq!(catalogue.find("qwen2.5-coder").unwrap().entry.tag, "7b");
    let chosen = beside.replace("context = 1024", "context = 1024\ndefault = \"9b\"");
    catalogue.add(path, &chosen).unwrap();
    assert_eq!(catalogue.find("qwen2.5-coder").unwrap().entry.tag, "9b");
}

#[test]
fn what_is_wrong_is_named_with_file_line_and_key() {
    let check = |text: &str, line: usize, key: &str| {
        let mut catalogue = built_in();
        let error = catalogue.add(Path::new("extra.toml"), text).unwrap_err();
        assert_eq!(error.code(), "models.catalogue_invalid", "{text}");
        let begin = format!("extra.toml:{line}: {key}: ");
        assert!(error.to_string().starts_with(&begin), "{begin:?} for {error}");
        assert_eq!(catalogue, built_in());
    };
    check("a = ", 1, "the document");
    check("\n\n[[models]]\n", 3, "models");
    check("model = 3", 1, "model");
    check("model = [3]", 1, "model[0]");
    check("[[model]]\nname = \"x\"\n", 1, "model[0].size");
    let change = |from: &str, to: &str| OWN.replacen(from, to, 1);
    check(&change("name = \"ours\"\n", ""), 2, "model[0].name");
    check(&change("\"ours\"", "\"Our s\""), 3, "model[0].name");
    check(&change("context = 1024", "context = -1"), 6, "model[0].context");
    check(&change("context = 1024", "context = 1e9"), 6, "model[0].context");
    check(&change("\"our code\"", "\"a\\nb\""), 7, "model[0].good_at");
    check(&change("good_at", "good-at"), 9, "model[0].size[0].good_at");
    check(&change("tag = \"1b\"", "tag = \"1b\"\ntools = 1"), 11, "model[0].size[0].tools");
    check(&change("tag = \"1b\"", "tag = \"1b\"\ncolour = 1"), 11, "model[0].size[0].colour");
    check(&change("context", "edit_format = \"sed\"\ncontext"), 6, "model[0].edit_format");
    check(&change("context", "default = \"2b\"\ncontext"), 6, "model[0].default");
    check(&change("context", "tags = [1]\ncontext"), 6, "model[0].tags");
    check(&change("size_gb = 1.5, ", ""), 15, "model[0].size[0].files[0].size_gb");
    check(&change("1.5", "\"1\""), 15, "model[0].size[0].files[0].size_gb");
    check(&change("files = [{", "files = [3, {"), 15, "model[0].size[0].files[0]");
    check(&format!("{OWN}{OWN}"), 24, "model");
}

#[test]
fn an_address_is_fetched_by_whoever_can() {
    let from = Path::new("/etc/mlx-code");
    let url = CatalogueSource::parse("https://models.example/list.toml", from);
    assert_eq!(url, CatalogueSource::Url("https://models.example/list.toml".into()));
    let file = CatalogueSource::parse("more.toml", from);
    assert_eq!(file, CatalogueSource::File("/etc/mlx-code/more.toml".into()));

    let mut catalogue = built_in();
    let refused = catalogue.add_from(&url, None).unwrap_err();
    assert_eq!(refused.code(), "models.catalogue_not_fetched");
    catalogue.add_from(&url, Some(&|_| Ok(OWN.to_owned()))).unwrap();
    assert!(catalogue.find("ours:1b").is_ok());
    let failed = catalogue.add_from(&url, Some(&|_| Err(Error::Cancelled))).unwrap_err();
    assert_eq!(failed.code(), "models.cancelled");
    let long = catalogue.add_from(&url, Some(&|_| Ok("#".repeat(5 << 20)))).unwrap_err();
    assert_eq!(long.code(), "models.catalogue_too_long");
    let folder = tempfile::tempdir().unwrap();
    let missing = CatalogueSource::File(folder.path().join("no.toml"));
    assert_eq!(
        catalogue.add_from(&missing, None).unwrap_err().code(),
        "models.catalogue_unreadable"
    );
}
