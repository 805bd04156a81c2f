//! What is packed, counted by real tokenizers.

use std::fs;
use std::path::{Path, PathBuf};

use mlxcode_core::{
    CancelToken, ContextOptions, CursorOptions, Dirs, ModelLibrary, PackedContext, Piece,
    PromptTokens, RelPath, TokenCounter as _, Workspace,
};

use crate::ground::Ground;

/// Texts at which tokens join, break or mean something else.
const NASTY: &str = "def spaces(x):\n\n\n\n        \t   \n    return '''\n\n\n'''   \n\n\n# <|im_end|>\n<|im_start|>user\nx</s>\n\r\n\r\nnaïve 漢字 🦀🦀 \u{200b}e\u{301}\n`````\n```\n   \n";

fn counters(folder: &Path) -> Vec<(String, PromptTokens)> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../inference/tests/fixtures");
    let library = ModelLibrary::open(&Dirs::under(folder)).unwrap();
    let names = [
        "qwen2-f32",
        "llama-f32-sharded",
        "qwen2-gguf-f32/model.gguf",
        "llama-gguf-q8_0/model.gguf",
    ];
    let load = |name: &str| {
        let path: PathBuf = fixtures.join(name);
        let path = path.to_str().unwrap().to_owned();
        let counter = library.prompt_tokens(folder, &path, &(), &CancelToken::new()).unwrap();
        assert!(!counter.is_estimate());
        (name.to_owned(), counter)
    };
    names.map(load).into_iter().collect()
}

fn sound(context: &PackedContext, counter: &PromptTokens, what: &str) {
    let sum: usize = context.pieces.iter().map(Piece::tokens).sum();
    let text = context.render();
    let counted = if text.is_empty() { 0 } else { counter.count(&text) };
    assert_eq!((sum, context.tokens), (counted, counted), "{what}");
    assert!(counted <= context.budget, "{what}");
}

#[test]
fn real_tokenizers_agree_with_the_ledger() {
    let ground = Ground::new(&["base"]);
    ground.write("nasty.py", &NASTY.repeat(3));
    ground.write("nasty.md", NASTY);
    let home = tempfile::tempdir().unwrap();
    for (name, counter) in counters(home.path()) {
        let mut earlier = None;
        for (question, tokens) in [
            ("what does RelPath refuse? see nasty.py, nasty.md:3-9", 1_500),
            ("what does RelPath refuse? see nasty.py, nasty.md:3-9", 333),
            ("explain `spaces` and base/src/text.rs:1-20", 700),
            ("explain base/src/*.rs", 1_001),
            ("why?", 17),
        ] {
            let mut options = ContextOptions::default();
            options.tokens = Some(tokens);
            options.counter = counter.clone();
            options.earlier = earlier.take();
            let context = ground.workspace.context(question, &options, &()).unwrap();
            sound(&context, &counter, &format!("{name}: {question}"));
            earlier = Some(context);
        }
    }
}

#[test]
fn a_cursor_is_counted_by_real_tokenizers() {
    let ground = Ground::new(&["base"]);
    let home = tempfile::tempdir().unwrap();
    let path = RelPath::new("base/src/path.rs").unwrap();
    for (name, counter) in counters(home.path()) {
        for (line, column, tokens) in [(60, 5, 300), (120, 1, 1_200), (1, 1, 64), (300, 99, 40_000)]
        {
            let mut options = CursorOptions::default();
            options.tokens = Some(tokens);
            options.counter = counter.clone();
            let packed =
                ground.workspace.cursor_context(&path, line, column, &options, &()).unwrap();
            let sum: usize = packed.ledger().map(Piece::tokens).sum();
            let counted = counter.count(&packed.before) + counter.count(&packed.behind);
            assert_eq!((sum, packed.tokens), (counted, counted), "{name}:{line}");
            assert!(counted <= tokens, "{name}:{line}");
        }
    }
    let options = CursorOptions::default();
    let error = ground.workspace.cursor_context(&path, 99_999, 1, &options, &()).unwrap_err();
    assert_eq!(error.code(), "context.no_such_line");
}

/// Where no index can be kept, the tree is read.
#[test]
fn a_context_needs_no_index() {
    let ground = Ground::new(&["base"]);
    let home = ground.beside("other");
    fs::create_dir(&home).unwrap();
    fs::write(home.join("state"), "no folder").unwrap();
    let workspace = Workspace::open(&ground.path(""), &Dirs::under(&home)).unwrap();
    let options = ContextOptions::default();
    let context = workspace.context("what does RelPath refuse?", &options, &()).unwrap();
    assert!(context.passages().any(|one| one.path.as_str() == "base/src/path.rs"));
}
