//! What a model must have before it may load.

use std::fs;
use std::path::Path;

use mlxcode_base::{Diagnostic, ErrorKind};
use mlxcode_models::{Chat, InstalledModel, Message, WeightFiles};
use serde_json::{Value, json};

use crate::support::{
    BEGIN, END, GgufFile, TEMPLATE, V, config, folder_tensors, gguf, refused, safetensors,
    tokenizer, weights, write_folder, write_json,
};

/// 264 rows twice, a norm, and two layers; by hand.
const PARAMETERS: u64 = 2 * 264 * 8 + 8 + 2 * (8 + 8 + 64 + 32 + 32 + 64 + 128 + 128 + 128);

fn sound(model: &InstalledModel) {
    let config = model.config();
    assert_eq!(config.architecture.to_string(), "llama");
    assert_eq!((config.hidden_size, config.num_layers, config.num_kv_heads), (8, 2, 1));
    assert_eq!((config.vocab_size, config.context_length, config.head_dim), (264, 128, 4));
    assert_eq!((config.bos_token_id, &*config.eos_token_ids), (Some(BEGIN), &[END][..]));
    assert!(!config.tie_embeddings);
    assert_eq!((model.weights(), model.parameters()), ("F32", PARAMETERS));
    assert_eq!(model.tokenizer().unwrap().vocab_size(), 262);
    let template = model.chat_template().unwrap().unwrap();
    let messages = [Message::user("Hi"), Message::assistant("Yes")];
    let rendered = template.render(&Chat::from(messages.clone()), true).unwrap();
    assert_eq!(rendered, "[user]Hi<|im_end|>[assistant]Yes<|im_end|>[assistant]");
}

#[test]
fn a_sound_file_passes() {
    let folder = tempfile::tempdir().unwrap();
    let place = gguf().write(folder.path());
    let model = InstalledModel::check_in_place(&place).unwrap();
    sound(&model);
    assert_eq!(model.name(), "tiny");
    assert_eq!(model.size_bytes(), fs::metadata(&place).unwrap().len());
    assert!(matches!(model.files(), WeightFiles::Gguf(_)));
}

#[test]
fn a_sound_folder_passes() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("small-llama");
    fs::create_dir(&folder).unwrap();
    write_folder(&folder);
    let model = InstalledModel::check_in_place(&folder).unwrap();
    sound(&model);
    assert_eq!(model.name(), "small-llama");
    // The same, in two files and with the template beside.
    fs::remove_file(folder.join("model.safetensors")).unwrap();
    let tensors = folder_tensors();
    let mut map = serde_json::Map::new();
    for (number, part) in tensors.chunks(11).enumerate() {
        let name = format!("model-{number}.safetensors");
        fs::write(folder.join(&name), weights(part)).unwrap();
        map.extend(part.iter().map(|(tensor, _)| (tensor.clone(), name.clone().into())));
    }
    write_json(&folder.join("model.safetensors.index.json"), &json!({"weight_map": map}));
    write_json(&folder.join("tokenizer_config.json"), &json!({"eos_token": "<|im_end|>"}));
    fs::write(folder.join("chat_template.jinja"), TEMPLATE).unwrap();
    let model = InstalledModel::check_in_place(&folder).unwrap();
    sound(&model);
    assert!(matches!(model.files(), WeightFiles::SafeTensors(files) if files.len() == 2));
}

#[test]
fn what_ends_an_answer() {
    let check = |generation: Option<Value>, eos: Value, expected: &[u32]| {
        let folder = tempfile::tempdir().unwrap();
        write_folder(folder.path());
        let mut config = config();
        config["eos_token_id"] = eos;
        write_json(&folder.path().join("config.json"), &config);
        if let Some(generation) = generation {
            write_json(&folder.path().join("generation_config.json"), &generation);
        }
        let model = InstalledModel::check_in_place(folder.path()).unwrap();
        assert_eq!(model.config().eos_token_ids, expected);
    };
    check(Some(json!({"eos_token_id": [261, 260]})), 5.into(), &[261, 260]);
    check(Some(json!({"eos_token_id": null})), 5.into(), &[5]);
    check(Some(json!({})), json!([6, 7]), &[6, 7]);
    check(None, Value::Null, &[END]);
}

fn damaged_gguf(change: impl FnOnce(GgufFile) -> GgufFile, code: &str, words: &str) {
    let folder = tempfile::tempdir().unwrap();
    refused(&change(gguf()).write(folder.path()), code, words);
}

fn words(text: &str) -> V {
    V::Str(text.to_owned())
}

#[test]
fn unsound_files_are_refused() {
    let unsupported = "models.unsupported";
    let set = |key: &'static str, value: V| move |file: GgufFile| file.set(key, value);
    damaged_gguf(set("general.architecture", words("mamba")), unsupported, "architecture mamba");
    damaged_gguf(|f| f.without("general.architecture"), "models.damaged", "general.architecture");
    damaged_gguf(|f| f.without("llama.block_count"), "models.damaged", "llama.block_count");
    damaged_gguf(set("llama.expert_count", V::U32(8)), unsupported, "mixture of experts");
    damaged_gguf(set("llama.attention.value_length", V::U32(8)), unsupported, "of the value");
    damaged_gguf(set("split.count", V::U32(3)), unsupported, "split into 3 files");
    damaged_gguf(set("llama.rope.scaling.type", words("longrope")), unsupported, "longrope");
    damaged_gguf(set("llama.rope.dimension_count", V::U32(2)), unsupported, "part of each head");
    damaged_gguf(set("llama.rope.freq_base", V::F32(f32::NAN)), "models.damaged", "not positive");
    damaged_gguf(set("llama.rope.freq_base", V::F32(f32::INFINITY)), "models.damaged", "positive");
    damaged_gguf(set("llama.embedding_length", V::U32(16)), "models.wrong_shape", "[264, 16]");
    damaged_gguf(set("llama.block_count", V::U32(3)), "models.missing_tensor", "blk.2.");
    // Millions of layers are claimed, and refused at the first that lacks.
    damaged_gguf(set("llama.block_count", V::U32(1 << 24)), "models.missing_tensor", "blk.2.");
    damaged_gguf(set("llama.block_count", V::U32(1)), unsupported, "blk.1.");
    damaged_gguf(set("llama.block_count", V::U32(0)), "models.damaged", "zero");
    damaged_gguf(set("llama.attention.head_count_kv", V::U32(3)), "models.damaged", "multiple");
    damaged_gguf(|f| f.tensor("blk.0.attn_q.bias", &[8]), unsupported, "blk.0.attn_q.bias");
    damaged_gguf(|f| f.tensor("rope_freqs.weight", &[3]), "models.wrong_shape", "rope_freqs");
    damaged_gguf(
        |mut f| {
            f.tensors[4].ggml_type = 24;
            f
        },
        unsupported,
        "the weight type I8",
    );
    damaged_gguf(
        |mut f| {
            f.tensors.remove(0);
            f
        },
        "models.missing_tensor",
        "token_embd.weight",
    );
    damaged_gguf(set("tokenizer.ggml.model", words("bert")), unsupported, "tokenizer bert");
    damaged_gguf(set("tokenizer.ggml.pre", words("new")), unsupported, "pre-tokenizer new");
    damaged_gguf(|f| f.without("tokenizer.ggml.tokens"), "models.damaged", "ggml.tokens");
    damaged_gguf(|f| f.without("tokenizer.ggml.merges"), "models.damaged", "ggml.merges");
    let merges = V::Strs(vec!["x".to_owned()]);
    damaged_gguf(set("tokenizer.ggml.merges", merges), "models.damaged", "no pair");
    let kinds = V::I32s(vec![1; 5]);
    damaged_gguf(set("tokenizer.ggml.token_type", kinds), "models.damaged", "have 5 types");
    let merges = V::Strs(vec!["no such".to_owned()]);
    damaged_gguf(set("tokenizer.ggml.merges", merges), "models.damaged", "no");
    let many = (0..300).map(|n| format!("t{n}")).collect();
    damaged_gguf(
        |f| {
            f.set("tokenizer.ggml.tokens", V::Strs(many))
                .set("tokenizer.ggml.token_type", V::I32s(vec![1; 300]))
                .set("tokenizer.ggml.merges", V::Strs(vec![]))
        },
        "models.tokenizer_mismatch",
        "300 tokens, the model has rows for 264",
    );
    damaged_gguf(
        |f| {
            f.set("tokenizer.ggml.tokens", V::Strs(vec!["a".to_owned(); 2]))
                .set("tokenizer.ggml.token_type", V::I32s(vec![1; 2]))
        },
        "models.damaged",
        "twice",
    );
    damaged_gguf(
        set("tokenizer.ggml.eos_token_id", V::U32(264)),
        "models.tokenizer_mismatch",
        "265 tokens",
    );
    damaged_gguf(set("tokenizer.chat_template", words("{% if %}")), "models.template", "template");
    let raises = words("{{ raise_exception('not for you') }}");
    damaged_gguf(set("tokenizer.chat_template", raises), "models.template", "not for you");
}

fn damaged_folder(change: impl FnOnce(&Path), code: &str, words: &str) {
    let folder = tempfile::tempdir().unwrap();
    write_folder(folder.path());
    change(folder.path());
    refused(folder.path(), code, words);
}

fn with_config(key: &str, value: Value, code: &str, words: &str) {
    let mut config = config();
    config[key] = value;
    damaged_folder(|folder| write_json(&folder.join("config.json"), &config), code, words);
}

fn with_weights(bytes: &[u8], code: &str, words: &str) {
    damaged_folder(|f| fs::write(f.join("model.safetensors"), bytes).unwrap(), code, words);
}

#[test]
fn unsound_configurations_are_refused() {
    let unsupported = "models.unsupported";
    with_config("model_type", "gemma3".into(), unsupported, "architecture gemma3");
    // Another family need not have any of the fields.
    let other = json!({"model_type": "mamba", "d_model": 8});
    damaged_folder(|f| write_json(&f.join("config.json"), &other), unsupported, "mamba");
    let other = json!({"architectures": ["OtherForCausalLM"]});
    damaged_folder(|f| write_json(&f.join("config.json"), &other), unsupported, "OtherForCausalLM");
    with_config("model_type", Value::Null, "models.damaged", "model_type");
    with_config("hidden_act", "gelu".into(), unsupported, "activation gelu");
    with_config("mlp_bias", true.into(), unsupported, "bias");
    with_config("attention_bias", true.into(), unsupported, "bias");
    let other = json!({"quant_method": "gptq", "bits": 4, "group_size": 128});
    with_config("quantization_config", other, unsupported, "the quantisation gptq");
    let other = json!({"quant_method": "fp8", "weight_block_size": [128, 128]});
    with_config("quantization_config", other, unsupported, "the quantisation fp8");
    with_config("quantization_config", json!({"bits": 4}), unsupported, "group_size");
    with_config("partial_rotary_factor", 0.5.into(), unsupported, "part of each head");
    let each = json!({"full_attention": {"rope_theta": 1e4}, "sliding_attention": {}});
    with_config("rope_parameters", each, unsupported, "for each kind of layer");
    with_config("rope_scaling", json!({"rope_type": "longrope"}), unsupported, "longrope");
    with_config("rope_scaling", json!({"rope_type": "yarn"}), "models.damaged", "factor");
    let slow = json!({"rope_type": "yarn", "factor": 2, "beta_slow": 40});
    with_config("rope_scaling", slow, "models.damaged", "beta_slow is above beta_fast");
    with_config("rope_scaling", json!({"type": "linear"}), "models.damaged", "factor");
    let zero = json!({"type": "linear", "factor": 0});
    with_config("rope_scaling", zero, "models.damaged", "not positive");
    let same = json!({"rope_type": "llama3", "factor": 8, "low_freq_factor": 4,
        "high_freq_factor": 4, "original_max_position_embeddings": 64});
    with_config("rope_scaling", same, "models.damaged", "low_freq_factor");
    with_config("hidden_size", "many".into(), "models.damaged", "config.json");
    with_config("hidden_size", 16.into(), "models.wrong_shape", "[264, 16]");
    with_config("num_hidden_layers", (1 << 24).into(), "models.missing_tensor", "layers.2.");
    with_config("vocab_size", (1_u64 << 40).into(), "models.damaged", "beyond any model");
    with_config("num_attention_heads", 0.into(), "models.damaged", "zero");
    with_config("eos_token_id", 4000.into(), "models.tokenizer_mismatch", "4001");
    damaged_folder(|f| fs::write(f.join("config.json"), "{").unwrap(), "models.damaged", "config");
    damaged_folder(
        |f| fs::remove_file(f.join("config.json")).unwrap(),
        "models.not_a_model",
        "no config.json",
    );
    damaged_folder(
        |f| {
            fs::remove_file(f.join("config.json")).unwrap();
            fs::write(f.join("q4.gguf"), "").unwrap();
        },
        "models.not_a_model",
        "the folder holds q4.gguf: give that file",
    );
}

#[test]
fn sound_configurations_are_understood() {
    let check = |changes: Value, expected: &str| {
        let folder = tempfile::tempdir().unwrap();
        write_folder(folder.path());
        let mut config = config();
        for (key, value) in changes.as_object().unwrap() {
            config[key] = value.clone();
        }
        write_json(&folder.path().join("config.json"), &config);
        let model = InstalledModel::check_in_place(folder.path()).unwrap();
        let config = model.config();
        let found = format!(
            "{} {} {} {:?} {}",
            config.architecture,
            config.context_length,
            config.rope_theta,
            config.rope_scaling,
            config.tie_embeddings
        );
        assert_eq!(found, expected, "{changes}");
    };
    check(json!({}), "llama 128 10000 None false");
    // What Llama's layers have not is not looked at.
    check(json!({"sliding_window": 64, "layer_types": 5}), "llama 128 10000 None false");
    check(json!({"model_type": "mistral", "sliding_window": 64}), "mistral 128 10000 None false");
    // An output layer beside a tied embedding is left out, as in transformers.
    check(json!({"tie_word_embeddings": true}), "llama 128 10000 None true");
    check(
        json!({"rope_theta": null, "rope_parameters": {"rope_type": "default", "rope_theta": 5e5}}),
        "llama 128 500000 None false",
    );
    check(
        json!({"rope_scaling": {"type": "linear", "factor": 4.0}}),
        "llama 128 10000 Some(Linear { factor: 4.0 }) false",
    );
    check(
        json!({"rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
            "high_freq_factor": 4.0, "original_max_position_embeddings": 64}}),
        "llama 128 10000 Some(Llama3 { factor: 8.0, low_freq_factor: 1.0, high_freq_factor: 4.0, \
         original_context: 64.0 }) false",
    );
}

#[test]
fn unsound_weights_are_refused() {
    let tensors = folder_tensors();
    let whole = weights(&tensors);
    with_weights(&whole[..whole.len() - 1], "models.damaged", "not complete");
    with_weights(&[&whole[..], &[0]].concat(), "models.damaged", "not complete");
    with_weights(&whole[..100], "models.damaged", "header claims");
    with_weights(b"short", "models.damaged", "too short");
    with_weights(&u64::MAX.to_le_bytes(), "models.damaged", "header claims");
    with_weights(&safetensors("[]", 0), "models.damaged", "header");
    with_weights(&safetensors("{\"a\": 1}", 0), "models.damaged", "header");
    let tensor = |name: &str, dtype: &str, shape: &str, offsets: &str| {
        format!(r#""{name}": {{"dtype": "{dtype}", "shape": {shape}, "data_offsets": {offsets}}}"#)
    };
    let header = |tensors: &[String]| format!("{{{}}}", tensors.join(", "));
    let a = tensor("a", "F32", "[2]", "[0, 8]");
    let file = |second: &str| safetensors(&header(&[a.clone(), second.to_owned()]), 16);
    let damaged = "models.damaged";
    with_weights(&file(&a), damaged, "tensor a is there twice");
    with_weights(&file(&tensor("b", "F32", "[2]", "[4, 12]")), damaged, "hole or overlap");
    with_weights(&file(&tensor("b", "F32", "[1]", "[12, 16]")), damaged, "hole or overlap");
    with_weights(&file(&tensor("b", "F32", "[3]", "[8, 16]")), damaged, "does not fit its shape");
    with_weights(&file(&tensor("b", "F32", "[1]", "[8, 12]")), damaged, "take 12 bytes");
    let large = tensor("b", "F32", "[9223372036854775807, 4]", "[8, 16]");
    with_weights(&file(&large), damaged, "too large");
    with_weights(&file(&tensor("b", "F8", "[2]", "[16, 8]")), damaged, "hole or overlap");
    with_weights(&file(&tensor("b", "I8", "[8]", "[8, 16]")), "models.unsupported", "I8 of b");

    let mut fewer = tensors.clone();
    fewer.remove(5);
    with_weights(&weights(&fewer), "models.missing_tensor", &tensors[5].0);
    let mut other = tensors.clone();
    other[3].1 = vec![4, 2];
    with_weights(&weights(&other), "models.wrong_shape", "[4, 2]");
    let mut more = tensors.clone();
    more.push(("model.layers.0.self_attn.q_norm.weight".to_owned(), vec![4]));
    with_weights(&weights(&more), "models.unsupported", "q_norm");
}

#[test]
fn incomplete_folders_are_refused() {
    let index = "model.safetensors.index.json";
    let sharded = |map: Value, code: &str, words: &str| {
        damaged_folder(
            |folder| {
                fs::remove_file(folder.join("model.safetensors")).unwrap();
                fs::write(folder.join("one.safetensors"), weights(&folder_tensors())).unwrap();
                fs::write(folder.join("two.safetensors"), weights(&folder_tensors()[..1])).unwrap();
                write_json(&folder.join(index), &json!({"weight_map": map}));
            },
            code,
            words,
        );
    };
    sharded(json!({"a": "three.safetensors"}), "models.missing_file", "three.safetensors");
    sharded(json!({"a": "../one.safetensors"}), "models.damaged", "none beside it");
    sharded(json!({"a": ".."}), "models.damaged", "none beside it");
    sharded(json!({"a": "one.safetensors"}), "models.missing_tensor", "weight a");
    let both = json!({"a": "one.safetensors", "b": "two.safetensors"});
    sharded(both, "models.damaged", "in another file too");
    sharded(json!(5), "models.damaged", index);

    let without =
        |name: &'static str| move |folder: &Path| fs::remove_file(folder.join(name)).unwrap();
    damaged_folder(without("model.safetensors"), "models.not_a_model", "neither");
    damaged_folder(without("tokenizer.json"), "models.not_a_model", "tokenizer.json");
    let with = |name: &'static str, text: String| {
        move |folder: &Path| fs::write(folder.join(name), text).unwrap()
    };
    damaged_folder(with("tokenizer.json", "{}".to_owned()), "models.damaged", "tokenizer.json");
    damaged_folder(
        with("tokenizer_config.json", "[".to_owned()),
        "models.damaged",
        "tokenizer_config",
    );
    damaged_folder(with("chat_template.jinja", "{{".to_owned()), "models.template", "template");
    let mut larger = tokenizer();
    larger["model"]["vocab"]["far"] = 900.into();
    damaged_folder(
        with("tokenizer.json", larger.to_string()),
        "models.tokenizer_mismatch",
        "901 tokens, the model has rows for 264",
    );
    let mut merged = tokenizer();
    merged["model"]["merges"] = json!(["h e", "no such"]);
    damaged_folder(with("tokenizer.json", merged.to_string()), "models.damaged", "tokenizer.json");
    // It indexes a text by the length of another one.
    let mut contrary = tokenizer();
    contrary["model"]["continuing_subword_prefix"] = "######".into();
    damaged_folder(
        with("tokenizer.json", contrary.to_string()),
        "models.damaged",
        "tokenizer.json",
    );
}

#[test]
fn what_is_no_model_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    refused(folder.path(), "models.not_a_model", "no config.json");
    refused(&folder.path().join("missing"), "models.io", "missing");
    let text = folder.path().join("text.gguf");
    fs::write(&text, "hello, I am a text").unwrap();
    refused(&text, "models.not_a_model", "does not begin with `GGUF`");
    let error = InstalledModel::check_in_place(&text).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.help().unwrap().contains("a GGUF file, or a folder"));
    fs::write(&text, "hey").unwrap();
    refused(&text, "models.not_a_model", "does not begin with `GGUF`");
    // The beginning of a file that was cut off.
    for length in [0, 3, 4, 7, 100] {
        fs::write(&text, &gguf().bytes()[..length]).unwrap();
        let error = InstalledModel::check_in_place(&text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{length}: {error}");
    }
}
