use std::fs;
use std::path::{Path, PathBuf};

use mlxcode_core::{
    CancelToken, Config, Dirs, ErrorKind, GenerateOptions, GenerateRequest, ModelLibrary, Prompt,
};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../inference/tests/fixtures").join(name)
}

#[test]
fn a_model_is_installed_used_and_removed() {
    let home = tempfile::tempdir().unwrap();
    let mut library = ModelLibrary::open(&Dirs::under(home.path())).unwrap();
    let config = Config::default();
    assert_eq!(library.default_model(&config).unwrap(), None);

    let cancel = CancelToken::new();
    let gguf = fixture("qwen2-gguf-q8_0").join("model.gguf");
    library.add(&gguf, Some("small"), &(), &cancel).unwrap();
    assert_eq!(library.default_model(&config).unwrap().as_deref(), Some("small"));
    let loaded = library.load(home.path(), "small", &(), &cancel).unwrap();
    let text = |model: &mlxcode_core::Model| {
        let mut generation = model.generate(GenerateRequest::new(Prompt::text("fn main"))).unwrap();
        let text = generation.read_to_end().unwrap();
        assert!(generation.finished().is_some());
        text
    };
    let in_place = library.load(home.path(), gguf.to_str().unwrap(), &(), &cancel).unwrap();
    assert_eq!(text(&loaded), text(&in_place));

    library.add(&fixture("qwen2-f32"), None, &(), &cancel).unwrap();
    let error = library.default_model(&config).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    let error = library.add(&gguf, Some("small"), &(), &cancel).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);

    // Nobody pulls the files from under a model that is loaded.
    let error = library.remove("small").unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Unavailable, "models.in_use"));
    assert_eq!(library.leases().unwrap().len(), 1);
    drop(loaded);
    assert!(library.leases().unwrap().is_empty());
    library.remove("small").unwrap();
    assert_eq!(
        library.load(home.path(), "small", &(), &cancel).unwrap_err().kind(),
        ErrorKind::NotFound
    );
    assert!(gguf.is_file(), "the original stays");
}

#[test]
fn a_bit_that_flips_is_found() {
    let home = tempfile::tempdir().unwrap();
    let dirs = Dirs::under(home.path());
    let mut library = ModelLibrary::open(&dirs).unwrap();
    let copy = home.path().join("copy.gguf");
    fs::copy(fixture("qwen2-gguf-q8_0").join("model.gguf"), &copy).unwrap();
    library.add(&copy, Some("small"), &(), &CancelToken::new()).unwrap();
    let verify = || library.verify("small", &(), &CancelToken::new()).unwrap();
    assert!(verify().is_sound());

    let mut bytes = fs::read(&copy).unwrap();
    let place = bytes.len() - 100;
    bytes[place] ^= 1;
    for file in files(&dirs.models()) {
        if file.extension().is_some_and(|ending| ending == "gguf") {
            fs::write(&file, &bytes).unwrap();
        }
    }
    assert!(!verify().is_sound());
    // What is damaged is never loaded, however it came about.
    let load = || library.load_installed("small", &(), &CancelToken::new());
    assert_eq!(load().unwrap_err().kind(), ErrorKind::Corrupt);
    fs::remove_file(dirs.models().join("small/manifest.json")).unwrap();
    fs::write(dirs.models().join("small/manifest.json"), "{").unwrap();
    assert!(library.list().unwrap().is_empty());
    let broken = library.broken().unwrap();
    assert_eq!((broken.len(), broken[0].0.as_str()), (1, "small"));
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// Counting must never stand in the way of an answer.
#[test]
fn a_model_answers_whatever_becomes_of_the_records() {
    let home = tempfile::tempdir().unwrap();
    let dirs = Dirs::under(home.path());
    let cancel = CancelToken::new();
    let mut library = ModelLibrary::open(&dirs).unwrap();
    let gguf = fixture("qwen2-gguf-q8_0").join("model.gguf");
    library.add(&gguf, Some("small"), &(), &cancel).unwrap();
    let answers = || {
        let library = ModelLibrary::open(&dirs).unwrap();
        let model = library.load_installed("small", &(), &cancel).unwrap();
        let options = GenerateOptions { max_tokens: Some(3), ..GenerateOptions::default() };
        let request = GenerateRequest::new(Prompt::text("fn main")).with_options(options);
        model.generate(request).unwrap().read_to_end().unwrap();
        library.records().map(|records| records.record("small").usage.answers)
    };
    assert_eq!(answers().unwrap(), 1);
    assert_eq!(answers().unwrap(), 2);
    // The log beside it alone would bring the file back.
    for name in ["library.sqlite-wal", "library.sqlite-shm"] {
        let _ = fs::remove_file(dirs.data.join(name));
    }
    fs::write(dirs.records(), "no database at all, and long enough to be sure of that").unwrap();
    let error = answers().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    for name in ["library.sqlite", "library.sqlite-wal", "library.sqlite-shm"] {
        let _ = fs::remove_file(dirs.data.join(name));
    }
    fs::create_dir(dirs.records()).unwrap();
    assert!(answers().is_err());
    assert_eq!(library.list().unwrap().len(), 1);
}

#[test]
fn an_alias_stands_for_a_model_but_when_it_is_removed() {
    let home = tempfile::tempdir().unwrap();
    let cancel = CancelToken::new();
    let mut library = ModelLibrary::open(&Dirs::under(home.path())).unwrap();
    let gguf = fixture("qwen2-gguf-q8_0").join("model.gguf");
    library.add(&gguf, Some("small"), &(), &cancel).unwrap();
    library.set_alias("s", "small").unwrap();
    // An alias of an alias stands for the model.
    library.set_alias("t", "s").unwrap();
    assert_eq!(library.summary("t").unwrap().name, "small");
    assert!(library.verify("s", &(), &cancel).unwrap().is_sound());
    let config = Config { model: Some("s".to_owned()), ..Config::default() };
    let name = library.default_model(&config).unwrap().unwrap();
    assert_eq!(library.load_installed(&name, &(), &cancel).unwrap().info().name, "small");
    assert_eq!(library.remove("s").unwrap_err().kind(), ErrorKind::NotFound);
    // A model's own name goes before an alias.
    library.add(&gguf, Some("s"), &(), &cancel).unwrap();
    assert_eq!(library.summary("s").unwrap().name, "s");
    library.remove("small").unwrap();
    assert_eq!(library.summary("t").unwrap_err().code(), "models.not_installed");
}
