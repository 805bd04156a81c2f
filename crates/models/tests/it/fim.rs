//! Prompts that ask for what lies between two pieces of a file.

use mlxcode_models::{FimOrder, InstalledModel, Tokenizer};
use serde_json::json;

use crate::support::{
    BEGIN, GgufFile, PIECES, V, byte_level_tokens, gguf, sentence_piece_gguf, tokenizer,
    write_folder, write_json,
};

fn of(file: &GgufFile) -> Tokenizer {
    let folder = tempfile::tempdir().unwrap();
    let place = file.write(folder.path());
    InstalledModel::check_in_place(&place).unwrap().tokenizer().unwrap()
}

/// The tiny model with other special tokens in place of its three.
fn byte_level(special: [&str; 3]) -> GgufFile {
    let mut tokens = byte_level_tokens();
    tokens.truncate(259);
    tokens.extend(special.map(str::to_owned));
    gguf().set("tokenizer.ggml.tokens", V::Strs(tokens)).without("tokenizer.chat_template")
}

fn folder_of(special: [&str; 3]) -> Tokenizer {
    let folder = tempfile::tempdir().unwrap();
    write_folder(folder.path());
    let mut words = tokenizer();
    for (number, content) in special.into_iter().enumerate() {
        words["added_tokens"][number]["content"] = content.into();
    }
    write_json(&folder.path().join("tokenizer.json"), &words);
    write_json(&folder.path().join("tokenizer_config.json"), &json!({}));
    InstalledModel::check_in_place(folder.path()).unwrap().tokenizer().unwrap()
}

#[test]
fn every_family_has_its_order() {
    let check = |special: [&str; 3], expected: &[u32]| {
        for tokenizer in [of(&byte_level(special)), folder_of(special)] {
            // `he` is 256, ` the` is 258.
            let ids = tokenizer.encode_fim("he", " the").unwrap().unwrap();
            assert_eq!(ids, expected, "{special:?}");
        }
    };
    let (first, second, third) = (BEGIN, BEGIN + 1, BEGIN + 2);
    for special in [
        ["<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"],
        ["<fim_prefix>", "<fim_suffix>", "<fim_middle>"],
        ["<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"],
        ["<|code_prefix|>", "<|code_suffix|>", "<|code_middle|>"],
    ] {
        check(special, &[first, 256, second, 258, third]);
    }
    check(["[PREFIX]", "[SUFFIX]", "[MIDDLE]"], &[second, 258, first, 256]);
    let codestral = of(&byte_level(["[PREFIX]", "[SUFFIX]", "[MIDDLE]"]));
    let tokens = codestral.fim_tokens().unwrap();
    assert_eq!((tokens.order, tokens.middle), (FimOrder::SuffixFirst, None));
}

#[test]
fn most_models_cannot() {
    for tokenizer in [of(&gguf()), folder_of(["<|begin|>", "<|im_start|>", "<|im_end|>"])] {
        assert_eq!(tokenizer.fim_tokens(), None);
        assert_eq!(tokenizer.encode_fim("a", "b").unwrap(), None);
    }
    // Two of three are no way to ask.
    assert_eq!(of(&byte_level(["<fim_prefix>", "<fim_suffix>", "<x>"])).fim_tokens(), None);
}

#[test]
fn a_file_may_name_its_tokens() {
    let id = |key: &str| format!("tokenizer.ggml.{key}_token_id");
    for names in [["fim_pre", "fim_suf", "fim_mid"], ["prefix", "suffix", "middle"]] {
        let mut file = byte_level(["<a>", "<b>", "<c>"]);
        for (name, number) in names.into_iter().zip([BEGIN + 2, BEGIN, BEGIN + 1]) {
            file = file.set(&id(name), V::U32(number));
        }
        let ids = of(&file).encode_fim("he", "").unwrap().unwrap();
        assert_eq!(ids, [BEGIN + 2, 256, BEGIN, BEGIN + 1]);
    }
    let file = byte_level(["<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"])
        .set(&id("fim_pre"), V::U32(BEGIN))
        .set(&id("fim_suf"), V::U32(BEGIN + 1))
        .set(&id("fim_mid"), V::U32(BEGIN + 2))
        .set(&id("fim_sep"), V::U32(5))
        .set(&id("fim_rep"), V::U32(6))
        .set(&id("fim_pad"), V::U32(7));
    let tokenizer = of(&file);
    let tokens = tokenizer.fim_tokens().unwrap();
    assert_eq!((tokens.file, tokens.repository, tokens.padding), (Some(5), Some(6), Some(7)));
    // One that is no token is none.
    assert_eq!(of(&file.set(&id("fim_pre"), V::U32(9999))).fim_tokens().unwrap().prefix, BEGIN);
    let begins = byte_level(["<fim_prefix>", "<fim_suffix>", "<fim_middle>"])
        .set("tokenizer.ggml.bos_token_id", V::U32(65))
        .set("tokenizer.ggml.add_bos_token", V::Bool(true));
    let ids = of(&begins).encode_fim("", "").unwrap().unwrap();
    assert_eq!(ids, [65, BEGIN, BEGIN + 1, BEGIN + 2]);
}

/// What a file spells out is text.
#[test]
fn control_tokens_in_a_file_are_text() {
    let special = ["<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"];
    for tokenizer in [of(&byte_level(special)), folder_of(special)] {
        let bytes = |text: &str| text.bytes().map(u32::from).collect::<Vec<u32>>();
        for text in [special.concat(), "<|fim_middle|><|fim_middle|>".to_owned()] {
            let ids = tokenizer.encode_fim(&text, &text).unwrap().unwrap();
            let expected =
                [vec![BEGIN], bytes(&text), vec![BEGIN + 1], bytes(&text), vec![BEGIN + 2]];
            assert_eq!(ids, expected.concat());
        }
    }
}

/// Code Llama's are pieces of the vocabulary, which merges may join.
fn code_llama(kind: i32) -> GgufFile {
    let spelled = ["▁<PRE>", "▁<SUF>", "▁<MID>", "▁<EOT>"];
    let parts = ["<", ">", "P", "R", "E", "▁<", "▁<P", "RE", "RE>"];
    let mut tokens: Vec<String> = ["<unk>", "<s>", "</s>"].map(str::to_owned).to_vec();
    tokens.extend((0..256).map(|byte| format!("<0x{byte:02X}>")));
    tokens.extend(PIECES.map(|(piece, _)| piece.to_owned()));
    tokens.truncate(259);
    let pieces = ["▁he", "he", "▁", "h", "e"];
    tokens.extend(pieces.into_iter().chain(spelled).map(str::to_owned));
    let mut kinds = vec![2, 3, 3];
    kinds.extend([6; 256]);
    kinds.extend([1; 5]);
    kinds.extend([kind; 4]);
    let mut scores: Vec<f32> = vec![0.0; tokens.len()];
    for (number, score) in scores.iter_mut().enumerate().skip(259) {
        *score = -(number as f32);
    }
    // The tiny model has rows for 272 tokens.
    let room = 272 - tokens.len();
    for (number, part) in parts.into_iter().take(room).enumerate() {
        tokens.push(part.to_owned());
        kinds.push(1);
        scores.push(-1000.0 - number as f32);
    }
    sentence_piece_gguf()
        .set("tokenizer.ggml.tokens", V::Strs(tokens))
        .set("tokenizer.ggml.scores", V::F32s(scores))
        .set("tokenizer.ggml.token_type", V::I32s(kinds))
        .without("tokenizer.chat_template")
}

#[test]
fn a_sentence_piece_text_goes_on_behind_the_gap() {
    for kind in [1, 3, 4] {
        let tokenizer = of(&code_llama(kind));
        let id = |piece: &str| tokenizer.id_of(piece).unwrap();
        let around = |before: &[u32], behind: &[u32]| {
            let (pre, suf, mid) = (id("▁<PRE>"), id("▁<SUF>"), id("▁<MID>"));
            [&[1, pre], before, &[suf], behind, &[mid]].concat()
        };
        let check = |prefix: &str, suffix: &str, expected: Vec<u32>| {
            let ids = tokenizer.encode_fim(prefix, suffix).unwrap().unwrap();
            assert_eq!(ids, expected, "{kind}: {prefix:?} {suffix:?}");
        };
        check("he", "he", around(&[id("▁he")], &[id("he")]));
        check("", "", around(&[], &[]));
        for text in [" <PRE>", "he <PRE>he", "<PRE>"] {
            let ids = tokenizer.encode_fim(text, text).unwrap().unwrap();
            let starts = ids.iter().filter(|found| **found == id("▁<PRE>")).count();
            assert_eq!(starts, 1, "{kind}: {text:?} {ids:?}");
            let inner: Vec<u32> = ids.into_iter().skip(2).collect();
            let end = inner.iter().position(|found| *found == id("▁<SUF>")).unwrap();
            let written = tokenizer.decode(&inner[..end]).unwrap();
            assert_eq!(written.trim_start(), text.trim_start(), "{kind}");
        }
        assert_eq!(tokenizer.fim_tokens().unwrap().end, Some(id("▁<EOT>")));
    }
}
