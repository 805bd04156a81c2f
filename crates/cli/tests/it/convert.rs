//! `models convert`: a model that runs, and what is refused.

use std::fs;

use crate::ground::{Ground, fixture};

#[test]
fn a_folder_becomes_a_file_that_is_sound() {
    let ground = Ground::new();
    let source = fixture("qwen2-bf16");
    let convert = |more: &[&str]| {
        let all = [&["models", "convert", source.to_str().unwrap()], more].concat();
        ground.run(&all)
    };
    let made = convert(&["--to", "gguf:q8_0", "--threads", "1"]);
    assert_eq!(made.code, 0, "{made:?}");
    assert!(made.out.contains("qwen2-bf16-q8_0.gguf"), "{}", made.out);
    let file = ground.path("qwen2-bf16-q8_0.gguf");
    assert_eq!(ground.run(&["models", "add", file.to_str().unwrap()]).code, 0);
    assert_eq!(ground.run(&["models", "verify", "qwen2-bf16-q8_0"]).code, 0);
    // An installed model by its name, and back.
    let back = ["models", "convert", "qwen2-bf16-q8_0", "--to", "safetensors:f32"];
    let back = ground.run(&back);
    assert_eq!(back.code, 0, "{back:?}");
    assert!(back.out.contains("what the original says and this does not"), "{}", back.out);
    assert!(ground.path("qwen2-bf16-q8_0-f32/model.safetensors").exists());
}

#[test]
fn what_is_refused_touches_nothing() {
    let ground = Ground::new();
    let source = fixture("qwen2-bf16");
    let source = source.to_str().unwrap();
    fs::write(ground.path("mine.gguf"), "mine").unwrap();
    let cases = [
        (&["--to", "gguf:q8_0", "--output", "mine.gguf"], 4, "is there already"),
        (&["--to", "gguf:q9_9", "--output", "a.gguf"], 2, "no conversion to `gguf:q9_9`"),
        (&["--to", "safetensors", "--output", "b"], 7, "what is safetensors already"),
    ];
    for (args, code, words) in cases {
        let ran = ground.run(&[&["models", "convert", source][..], args].concat());
        assert_eq!(ran.code, code, "{ran:?}");
        assert!(ran.err.contains(words) && ran.err.contains("help:"), "{}", ran.err);
    }
    assert_eq!(ground.read("mine.gguf"), "mine");
    let left = fs::read_dir(ground.root()).unwrap().count();
    assert_eq!(left, 3);
}
