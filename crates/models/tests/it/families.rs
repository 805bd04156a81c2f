//! The families, each as a folder and as GGUF.

use std::fs;
use std::path::Path;

use mlxcode_models::{Architecture, ExpertLayout, InstalledModel, SafetensorsHeader};
use serde_json::{Value, json};

use crate::changed::{folder_with, of_folder, of_gguf, renamed};
use crate::support::{
    GgufFile, ROWS, V, config, folder_tensors, gguf, refused, write_folder, write_json,
};

fn with_norms() -> Vec<(String, Vec<u64>)> {
    let mut tensors = folder_tensors();
    for layer in 0..2 {
        for name in ["q_norm", "k_norm"] {
            tensors.push((format!("model.layers.{layer}.self_attn.{name}.weight"), vec![4]));
        }
    }
    tensors
}

/// Qwen3-MoE's: two layers of four experts of six numbers.
fn with_experts(layout: ExpertLayout) -> Vec<(String, Vec<u64>)> {
    let mut tensors = with_norms();
    tensors.retain(|(name, _)| !name.contains(".mlp."));
    for layer in 0..2 {
        let mut add = |name: &str, shape: &[u64]| {
            tensors.push((format!("model.layers.{layer}.mlp.{name}"), shape.to_vec()));
        };
        add("gate.weight", &[4, 8]);
        match layout {
            ExpertLayout::Separate => {
                for expert in 0..4 {
                    add(&format!("experts.{expert}.gate_proj.weight"), &[6, 8]);
                    add(&format!("experts.{expert}.up_proj.weight"), &[6, 8]);
                    add(&format!("experts.{expert}.down_proj.weight"), &[8, 6]);
                }
            }
            ExpertLayout::Stacked => {
                add("switch_mlp.gate_proj.weight", &[4, 6, 8]);
                add("switch_mlp.up_proj.weight", &[4, 6, 8]);
                add("switch_mlp.down_proj.weight", &[4, 8, 6]);
            }
            ExpertLayout::Fused => {
                add("experts.gate_up_proj", &[4, 12, 8]);
                add("experts.down_proj", &[4, 8, 6]);
            }
            _ => unreachable!("a new layout"),
        }
    }
    tensors
}

fn moe() -> Value {
    json!({"model_type": "qwen3_moe", "num_experts": 4, "num_experts_per_tok": 2,
        "moe_intermediate_size": 6, "norm_topk_prob": true, "decoder_sparse_step": 1,
        "mlp_only_layers": []})
}

fn qwen3_gguf() -> GgufFile {
    (0..2).fold(renamed("qwen3"), |file, layer| {
        let file = file.tensor(&format!("blk.{layer}.attn_q_norm.weight"), &[4]);
        file.tensor(&format!("blk.{layer}.attn_k_norm.weight"), &[4])
    })
}

#[test]
fn qwen3_has_norms_on_its_heads() {
    let folder = of_folder(&json!({"model_type": "qwen3"}), &with_norms());
    let file = of_gguf(&qwen3_gguf());
    for config in [&folder, &file] {
        assert_eq!(config.architecture, Architecture::Qwen3);
        assert!(config.qk_norm && !config.attention_bias && config.experts.is_none());
        assert!(!config.rope_interleaved);
        assert_eq!(config.window_of(1), None);
    }
    // The size of its heads where it does not say.
    let none = json!({"model_type": "qwen3", "head_dim": null});
    let folder = folder_with(&none, &with_norms());
    refused(folder.path(), "models.wrong_shape", "[256, 8]");
    let bias = json!({"model_type": "qwen3", "attention_bias": true});
    refused(folder_with(&bias, &with_norms()).path(), "models.unsupported", "attention's output");
    let lacks = folder_with(&json!({"model_type": "qwen3"}), &folder_tensors());
    refused(lacks.path(), "models.missing_tensor", "q_norm");
}

#[test]
fn experts_are_found_however_they_are_stored() {
    for layout in [ExpertLayout::Separate, ExpertLayout::Stacked, ExpertLayout::Fused] {
        let tensors = with_experts(layout);
        let folder = folder_with(&moe(), &tensors);
        let model = InstalledModel::check_in_place(folder.path()).unwrap();
        let numbers: u64 = tensors.iter().map(|(_, shape)| shape.iter().product::<u64>()).sum();
        assert_eq!(model.parameters(), numbers, "{layout:?}");
        let experts = model.config().experts_of(1).unwrap();
        assert_eq!((experts.count, experts.used, experts.intermediate_size), (4, 2, 6));
        assert!(experts.normalise && model.config().qk_norm);
        assert_eq!(experts.layout, layout);
    }
    // As transformers 5 writes it.
    let mut newer = moe();
    newer["num_local_experts"] = newer["num_experts"].take();
    assert_eq!(of_folder(&newer, &with_experts(ExpertLayout::Separate)).experts.unwrap().count, 4);
}

#[test]
fn some_layers_of_a_mixture_have_no_experts() {
    let check = |changes: Value, sparse: [bool; 2]| {
        let mut all = moe();
        all.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let mut tensors = with_experts(ExpertLayout::Stacked);
        let dense = folder_tensors();
        for (layer, sparse) in sparse.into_iter().enumerate() {
            let of_layer = |name: &String| name.contains(&format!("layers.{layer}.mlp."));
            if !sparse {
                tensors.retain(|(name, _)| !of_layer(name));
                tensors.extend(dense.iter().filter(|(name, _)| of_layer(name)).cloned());
            }
        }
        let config = of_folder(&all, &tensors);
        assert_eq!([0, 1].map(|layer| config.experts_of(layer).is_some()), sparse, "{changes}");
    };
    check(json!({}), [true, true]);
    check(json!({"mlp_only_layers": null}), [true, true]);
    check(json!({"decoder_sparse_step": 2}), [false, true]);
    check(json!({"mlp_only_layers": [0]}), [false, true]);
    check(json!({"mlp_only_layers": [1]}), [true, false]);
    check(json!({"decoder_sparse_step": 2, "mlp_only_layers": [1]}), [false, false]);
}

#[test]
fn unsound_mixtures_are_refused() {
    let check = |key: &str, value: Value, code: &str, words: &str| {
        let mut all = moe();
        all[key] = value;
        let folder = folder_with(&all, &with_experts(ExpertLayout::Separate));
        refused(folder.path(), code, words);
    };
    check("num_experts_per_tok", 5.into(), "models.damaged", "more experts answer");
    check("num_experts_per_tok", 0.into(), "models.damaged", "zero");
    check("num_experts", Value::Null, "models.damaged", "num_experts");
    check("moe_intermediate_size", Value::Null, "models.damaged", "moe_intermediate_size");
    check("decoder_sparse_step", 0.into(), "models.damaged", "zero");
    check("mlp_only_layers", json!([2]), "models.damaged", "not there");
    check("num_experts", 5.into(), "models.wrong_shape", "gate.weight");
    check("moe_intermediate_size", 7.into(), "models.wrong_shape", "[7, 8]");
    let mut fewer = with_experts(ExpertLayout::Separate);
    fewer.retain(|(name, _)| !name.contains("layers.1.mlp.experts.3.up_proj"));
    let folder = folder_with(&moe(), &fewer);
    refused(folder.path(), "models.missing_tensor", "layers.1.mlp.experts.3.up_proj");
}

#[test]
fn a_mixture_may_be_one_file() {
    let mut file = renamed("qwen3moe");
    file.tensors.retain(|tensor| !tensor.name.contains(".ffn_") || tensor.name.contains("norm"));
    for layer in 0..2 {
        for (name, dims) in [
            ("attn_q_norm", &[4_u64][..]),
            ("attn_k_norm", &[4]),
            ("ffn_gate_inp", &[8, 4]),
            ("ffn_gate_exps", &[8, 6, 4]),
            ("ffn_up_exps", &[8, 6, 4]),
            ("ffn_down_exps", &[6, 8, 4]),
        ] {
            file = file.tensor(&format!("blk.{layer}.{name}.weight"), dims);
        }
    }
    let file = file
        .set("qwen3moe.expert_count", V::U32(4))
        .set("qwen3moe.expert_used_count", V::U32(2))
        .set("qwen3moe.expert_feed_forward_length", V::U32(6));
    let experts = of_gguf(&file).experts.unwrap();
    assert_eq!((experts.count, experts.used, experts.intermediate_size), (4, 2, 6));
    assert!(experts.normalise);
    assert_eq!(experts.layout, ExpertLayout::Stacked);
    let folder = tempfile::tempdir().unwrap();
    let none = file.clone().without("qwen3moe.expert_count");
    refused(&none.write(folder.path()), "models.damaged", "expert_count");
    let shared = file.set("qwen3moe.expert_shared_count", V::U32(1));
    refused(&shared.write(folder.path()), "models.unsupported", "every token");
}

#[test]
fn the_window_is_where_transformers_has_it() {
    let with_biases = || {
        let mut tensors = folder_tensors();
        for layer in 0..2 {
            for (name, size) in [("q", 8), ("k", 4), ("v", 4)] {
                let name = format!("model.layers.{layer}.self_attn.{name}_proj.bias");
                tensors.push((name, vec![size]));
            }
        }
        tensors
    };
    let check = |changes: Value, expected: [Option<usize>; 2]| {
        let tensors = match changes["model_type"].as_str().unwrap() {
            "qwen2" => with_biases(),
            "qwen3" => with_norms(),
            "qwen3_moe" => with_experts(ExpertLayout::Separate),
            _ => folder_tensors(),
        };
        let mut changes = changes;
        if changes["model_type"] == "qwen3_moe" {
            changes.as_object_mut().unwrap().extend(moe().as_object().unwrap().clone());
        }
        let config = of_folder(&changes, &tensors);
        assert_eq!([0, 1].map(|layer| config.window_of(layer)), expected, "{changes}");
        assert_eq!(config.context_length, 128);
    };
    let both = [Some(64); 2];
    check(json!({"model_type": "mistral", "sliding_window": 64}), both);
    check(json!({"model_type": "mistral", "sliding_window": null}), [None; 2]);
    check(json!({"model_type": "mistral"}), [None; 2]);
    let types = json!(["full_attention", "sliding_attention"]);
    check(
        json!({"model_type": "ministral", "sliding_window": 64, "layer_types": types}),
        [None, Some(64)],
    );
    for family in ["qwen2", "qwen3"] {
        let with = |on: bool, layers: Value| {
            json!({"model_type": family, "use_sliding_window": on, "sliding_window": 64,
                "max_window_layers": layers})
        };
        check(with(false, 0.into()), [None; 2]);
        check(with(true, 0.into()), both);
        check(with(true, 1.into()), [None, Some(64)]);
        check(with(true, Value::Null), [None; 2]);
        let mut listed = with(true, 2.into());
        listed["layer_types"] = types.clone();
        check(listed, [None, Some(64)]);
    }
    let moe = json!({"model_type": "qwen3_moe", "use_sliding_window": true, "sliding_window": 64,
        "max_window_layers": 1});
    check(moe, both);
    let wrong = |types: Value, code: &str, words: &str| {
        let all = json!({"model_type": "mistral", "sliding_window": 64, "layer_types": types});
        refused(folder_with(&all, &folder_tensors()).path(), code, words);
    };
    wrong(json!(["full_attention"]), "models.damaged", "1 of 2 layers");
    wrong(json!(["full_attention", "linear_attention"]), "models.unsupported", "linear_attention");
    let zero = json!({"model_type": "mistral", "sliding_window": 0});
    refused(folder_with(&zero, &folder_tensors()).path(), "models.damaged", "zero");
    let file = gguf().set("llama.attention.sliding_window", V::U32(32));
    assert_eq!(of_gguf(&file).window_of(0), Some(32));
}

/// Devstral and others come with a part that looks at pictures.
#[test]
fn the_language_part_is_found() {
    for (prefix, head) in
        [("language_model.model.", "language_model."), ("model.language_model.", "")]
    {
        let mut tensors: Vec<(String, Vec<u64>)> = folder_tensors()
            .into_iter()
            .map(|(name, shape)| match name.strip_prefix("model.") {
                Some(rest) => (format!("{prefix}{rest}"), shape),
                None => (format!("{head}{name}"), shape),
            })
            .collect();
        let picture = if head.is_empty() { "model.vision_tower.a" } else { "vision_tower.a" };
        tensors.push((picture.to_owned(), vec![2]));
        let mut inner = config();
        inner["model_type"] = "mistral".into();
        let folder = folder_with(&json!({}), &tensors);
        let all = json!({"model_type": "mistral3", "text_config": inner, "eos_token_id": 5});
        write_json(&folder.path().join("config.json"), &all);
        let model = InstalledModel::check_in_place(folder.path()).unwrap();
        assert_eq!(model.config().architecture, Architecture::Mistral);
        let header = SafetensorsHeader::read_folder(folder.path()).unwrap();
        let found = header.tensor("model.embed_tokens.weight").unwrap();
        assert_eq!((&*found.shape, found.size_bytes), (&[ROWS, 8][..], ROWS * 8 * 4));
        assert!(header.tensor("lm_head.weight").is_some());
    }
    let wrong = json!({"model_type": "mistral3", "text_config": {"model_type": "mistral4"}});
    let folder = folder_with(&json!({}), &folder_tensors());
    write_json(&folder.path().join("config.json"), &wrong);
    refused(folder.path(), "models.unsupported", "mistral4");
    write_json(
        &folder.path().join("config.json"),
        &json!({"model_type": "mistral3", "text_config": 5}),
    );
    refused(folder.path(), "models.damaged", "model_type");
}

/// What a header says is where the bytes are.
#[test]
fn a_header_tells_where_each_tensor_lies() {
    let folder = tempfile::tempdir().unwrap();
    write_folder(folder.path());
    let header = SafetensorsHeader::read_folder(folder.path()).unwrap();
    let bytes = fs::read(&header.files[0]).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap());
    let first = header.tensor("model.embed_tokens.weight").unwrap();
    let norm = header.tensor("model.norm.weight").unwrap();
    assert_eq!((first.offset, first.file), (8 + length, 0));
    assert_eq!(norm.offset, first.offset + first.size_bytes);
    // The writer counts the bytes of the data, up to 61.
    assert_eq!(bytes[norm.offset as usize], (ROWS * 8 * 4 % 61) as u8);
    assert_eq!(first.dtype.to_string(), "F32");
    assert!(!Path::new(&header.files[0]).ends_with("config.json"));
}
