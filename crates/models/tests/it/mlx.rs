//! Folders that MLX packed.

use std::fs;

use mlxcode_models::{InstalledModel, Packing, QuantizationMode, SafetensorsHeader};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Map, Value, json};

use crate::support::{config, refused, safetensors, write_folder, write_json};

/// A stored tensor: name, type, shape.
type Stored = (String, &'static str, Vec<u64>);

const HIDDEN: u64 = 128;
const INNER: u64 = 256;
const ROWS: u64 = 264;

/// A Llama of one layer, wide enough for groups of 128.
fn base() -> Value {
    let mut config = config();
    for (key, size) in [
        ("hidden_size", HIDDEN),
        ("intermediate_size", INNER),
        ("num_hidden_layers", 1),
        ("num_attention_heads", 4),
        ("num_key_value_heads", 2),
        ("head_dim", 32),
    ] {
        config[key] = size.into();
    }
    config
}

/// Every matrix of it.
fn matrices() -> Vec<(&'static str, Vec<u64>)> {
    let layer = |rows, columns| vec![rows, columns];
    vec![
        ("model.embed_tokens", layer(ROWS, HIDDEN)),
        ("lm_head", layer(ROWS, HIDDEN)),
        ("model.layers.0.self_attn.q_proj", layer(128, HIDDEN)),
        ("model.layers.0.self_attn.k_proj", layer(64, HIDDEN)),
        ("model.layers.0.self_attn.v_proj", layer(64, HIDDEN)),
        ("model.layers.0.self_attn.o_proj", layer(HIDDEN, 128)),
        ("model.layers.0.mlp.gate_proj", layer(INNER, HIDDEN)),
        ("model.layers.0.mlp.up_proj", layer(INNER, HIDDEN)),
        ("model.layers.0.mlp.down_proj", layer(HIDDEN, INNER)),
    ]
}

fn norms() -> Vec<Stored> {
    ["model.norm", "model.layers.0.input_layernorm", "model.layers.0.post_attention_layernorm"]
        .map(|name| (format!("{name}.weight"), "BF16", vec![HIDDEN]))
        .to_vec()
}

/// A matrix as MLX stores it.
fn packed(name: &str, shape: &[u64], mode: &str, bits: u64, group: u64) -> Vec<Stored> {
    let (columns, rows) = shape.split_last().unwrap();
    let with = |last: u64| [rows, &[last]].concat();
    let mut tensors = vec![(format!("{name}.weight"), "U32", with(columns * bits / 32))];
    if mode == "affine" {
        tensors.push((format!("{name}.scales"), "BF16", with(columns / group)));
        tensors.push((format!("{name}.biases"), "BF16", with(columns / group)));
    } else {
        tensors.push((format!("{name}.scales"), "U8", with(columns / group)));
    }
    tensors
}

fn all_packed(mode: &str, bits: u64, group: u64) -> Vec<Stored> {
    let packed = matrices().into_iter().flat_map(|(name, s)| packed(name, &s, mode, bits, group));
    norms().into_iter().chain(packed).collect()
}

fn write(config: &Value, tensors: &[Stored]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_folder(folder.path());
    write_json(&folder.path().join("config.json"), config);
    let mut header = Map::new();
    let mut at = 0;
    for (name, dtype, shape) in tensors {
        let bytes = match *dtype {
            "U32" | "F32" => 4,
            "BF16" | "F16" => 2,
            _ => 1,
        };
        let end = at + bytes * shape.iter().product::<u64>();
        let entry = json!({"dtype": dtype, "shape": shape, "data_offsets": [at, end]});
        header.insert(name.clone(), entry);
        at = end;
    }
    let bytes = safetensors(&Value::from(header).to_string(), at as usize);
    fs::write(folder.path().join("model.safetensors"), bytes).unwrap();
    folder
}

fn with(quantization: &Value) -> Value {
    let mut config = base();
    config["quantization"] = quantization.clone();
    // As mlx-lm writes it.
    config["quantization_config"] = quantization.clone();
    config
}

fn numbers() -> u64 {
    3 * HIDDEN + matrices().iter().map(|(_, s)| s.iter().product::<u64>()).sum::<u64>()
}

fn tell(packing: Option<Packing>) -> Option<(QuantizationMode, u64, u64)> {
    packing.map(|packing| (packing.mode, packing.bits, packing.group_size))
}

#[test]
fn every_packing_of_mlx_is_accepted() {
    let check = |mode: QuantizationMode, bits: u64, group: u64, label: &str| {
        let tensors = all_packed(&mode.to_string(), bits, group);
        let said = json!({"group_size": group, "bits": bits, "mode": mode.to_string()});
        // What a file says of others does not matter where the shapes tell it.
        for said in [said, json!({"group_size": 64, "bits": 4})] {
            let folder = write(&with(&said), &tensors);
            let model = InstalledModel::check_in_place(folder.path()).unwrap();
            assert_eq!((model.weights(), model.parameters()), (label, numbers()), "{said}");
            let quantization = model.config().quantization.as_ref().unwrap();
            assert_eq!(quantization.weights().len(), 9);
            for (name, _) in matrices() {
                assert_eq!(tell(quantization.of(name)), Some((mode, bits, group)), "{name}");
            }
            assert_eq!(quantization.of("model.norm"), None);
        }
    };
    for bits in [2, 3, 4, 5, 6, 8] {
        for group in [32, 64, 128] {
            check(QuantizationMode::Affine, bits, group, &format!("MLX {bits}-bit"));
        }
    }
    check(QuantizationMode::Mxfp4, 4, 32, "MLX MXFP4");
    check(QuantizationMode::Mxfp8, 8, 32, "MLX MXFP8");
    check(QuantizationMode::Nvfp4, 4, 16, "MLX NVFP4");
}

/// Some weights otherwise, some not at all, the head tied to the embedding.
#[test]
fn each_weight_may_be_packed_otherwise() {
    let down = "model.layers.0.mlp.down_proj";
    let up = "model.layers.0.mlp.up_proj";
    let gate = "model.layers.0.mlp.gate_proj";
    let mut tensors = norms();
    for (name, shape) in matrices() {
        tensors.extend(match name {
            "lm_head" => Vec::new(),
            _ if name == down => packed(name, &shape, "affine", 8, 32),
            _ if name == up => packed(name, &shape, "mxfp8", 8, 32),
            _ if name == gate => vec![(format!("{name}.weight"), "F16", shape.clone())],
            _ => packed(name, &shape, "affine", 4, 64),
        });
    }
    let said = json!({"group_size": 64, "bits": 4, down: {"group_size": 32, "bits": 8},
        gate: false, up: {"mode": "mxfp8"}, "model.embed_tokens": true});
    let mut config = with(&said);
    config["tie_word_embeddings"] = true.into();
    let folder = write(&config, &tensors);
    let model = InstalledModel::check_in_place(folder.path()).unwrap();
    assert_eq!(model.parameters(), numbers() - ROWS * HIDDEN);
    assert_eq!(model.weights(), "MLX 4-bit");
    let quantization = model.config().quantization.as_ref().unwrap();
    let affine = QuantizationMode::Affine;
    assert_eq!(tell(quantization.of(down)), Some((affine, 8, 32)));
    assert_eq!(tell(quantization.of(up)), Some((QuantizationMode::Mxfp8, 8, 32)));
    assert_eq!(quantization.of(gate), None);
    assert_eq!(tell(quantization.of("model.embed_tokens")), Some((affine, 4, 64)));
    assert_eq!(quantization.of("lm_head"), None);
    // The words, where the engine reads them.
    let header = SafetensorsHeader::read_folder(folder.path()).unwrap();
    let stored = header.tensor(&format!("{down}.weight")).unwrap();
    assert_eq!((&*stored.shape, stored.dtype.to_string().as_str()), (&[128, 64][..], "U32"));
    assert_eq!(stored.size_bytes, 128 * 64 * 4);
}

/// Qwen3-MoE of one layer.
fn mixture() -> (Value, Vec<Stored>) {
    let mut config = with(&json!({"group_size": 64, "bits": 4,
        "model.layers.0.mlp.gate": {"group_size": 64, "bits": 8}}));
    for (key, value) in [
        ("model_type", json!("qwen3_moe")),
        ("num_experts", json!(4)),
        ("num_experts_per_tok", json!(2)),
        ("moe_intermediate_size", json!(64)),
    ] {
        config[key] = value;
    }
    let mut tensors = norms();
    for norm in ["q_norm", "k_norm"] {
        tensors.push((format!("model.layers.0.self_attn.{norm}.weight"), "BF16", vec![32]));
    }
    for (name, shape) in matrices().into_iter().filter(|(name, _)| !name.contains(".mlp.")) {
        tensors.extend(packed(name, &shape, "affine", 4, 64));
    }
    tensors.extend(packed("model.layers.0.mlp.gate", &[4, HIDDEN], "affine", 8, 64));
    for (kind, rows, columns) in
        [("gate_proj", 64, HIDDEN), ("up_proj", 64, HIDDEN), ("down_proj", HIDDEN, 64)]
    {
        let name = format!("model.layers.0.mlp.switch_mlp.{kind}");
        tensors.extend(packed(&name, &[4, rows, columns], "affine", 4, 64));
    }
    (config, tensors)
}

#[test]
fn stacked_experts_are_packed_too() {
    let (config, tensors) = mixture();
    let folder = write(&config, &tensors);
    let model = InstalledModel::check_in_place(folder.path()).unwrap();
    let quantization = model.config().quantization.as_ref().unwrap();
    let stacked = quantization.of("model.layers.0.mlp.switch_mlp.down_proj").unwrap();
    assert_eq!((stacked.bits, stacked.group_size), (4, 64));
    assert_eq!(quantization.of("model.layers.0.mlp.gate").unwrap().bits, 8);
    let experts = 3 * 4 * 64 * HIDDEN;
    let attention = 3 * HIDDEN + 64 + 2 * ROWS * HIDDEN + (128 + 64 + 64 + 128) * HIDDEN;
    assert_eq!(model.parameters(), experts + attention + 4 * HIDDEN);
}

#[test]
fn unsound_packings_are_refused() {
    let usual = json!({"group_size": 64, "bits": 4});
    let check = |said: Value, change: &dyn Fn(&mut Vec<Stored>), code: &str, words: &str| {
        let mut tensors = all_packed("affine", 4, 64);
        change(&mut tensors);
        refused(write(&with(&said), &tensors).path(), code, words);
    };
    let same = |_: &mut Vec<Stored>| {};
    let unsupported = "models.unsupported";
    let damaged = "models.damaged";
    check(json!({"group_size": 64, "bits": 7}), &same, unsupported, "7 bits in groups of 64");
    check(json!({"group_size": 48, "bits": 4}), &same, unsupported, "groups of 48");
    let other = json!({"group_size": 64, "bits": 4, "mode": "turbo"});
    check(other, &same, unsupported, "mode \"turbo\"");
    let other = json!({"group_size": 64, "bits": 4, "mode": "mxfp4"});
    check(other, &same, unsupported, "groups of 64");
    check(json!({"group_size": 64, "bits": "4"}), &same, damaged, "no whole number");
    let not = json!({"group_size": 64, "bits": 4, "lm_head": false});
    check(not, &same, damaged, "lm_head has scales");
    let wrong = json!({"group_size": 64, "bits": 4, "lm_head": {"group_size": 32, "bits": 4}});
    check(wrong, &same, "models.wrong_shape", "lm_head.scales");
    let wrong = json!({"group_size": 64, "bits": 4, "lm_head": {"group_size": 64, "bits": 8}});
    check(wrong, &same, "models.wrong_shape", "lm_head.scales");
    let at = |tensors: &mut Vec<Stored>, name: &str| {
        tensors.iter().position(|(found, ..)| found == name).unwrap()
    };
    let without = |name: &'static str| {
        move |tensors: &mut Vec<Stored>| {
            let at = at(tensors, name);
            tensors.remove(at);
        }
    };
    let head = |kind: &'static str, dtype: &'static str, shape: [u64; 2]| {
        move |tensors: &mut Vec<Stored>| {
            let at = at(tensors, &format!("lm_head.{kind}"));
            tensors[at].1 = dtype;
            tensors[at].2 = shape.to_vec();
        }
    };
    check(usual.clone(), &without("lm_head.biases"), "models.missing_tensor", "lm_head.biases");
    check(usual.clone(), &without("lm_head.scales"), damaged, "lm_head.weight is U32");
    check(usual.clone(), &without("lm_head.weight"), "models.missing_tensor", "lm_head.weight");
    check(usual.clone(), &head("weight", "F32", [ROWS, 16]), damaged, "its scales say U32");
    check(usual.clone(), &head("biases", "F16", [ROWS, 2]), damaged, "differ in type");
    check(usual.clone(), &head("biases", "BF16", [ROWS, 3]), "models.wrong_shape", "biases");
    check(usual.clone(), &head("scales", "BF16", [ROWS, 3]), unsupported, "groups of 42");
    check(usual.clone(), &head("scales", "U8", [ROWS, 2]), unsupported, "scales of a byte");
    check(usual.clone(), &head("scales", "BF16", [ROWS, 0]), "models.wrong_shape", "scales");
    check(usual.clone(), &head("weight", "U32", [ROWS, 15]), damaged, "no whole groups");
    check(usual.clone(), &head("weight", "U32", [ROWS - 1, 16]), "models.wrong_shape", "lm_head");
    let global = |tensors: &mut Vec<Stored>| {
        tensors.push(("lm_head.global_scale".to_owned(), "F32", vec![1]));
        let at = at(tensors, "model.layers.0.mlp.up_proj.weight");
        let name = tensors[at].0.replace(".weight", ".global_scale");
        tensors.push((name, "F32", vec![1]));
    };
    check(usual.clone(), &global, unsupported, "up_proj.global_scale");
    // A norm is never packed.
    let norm = |tensors: &mut Vec<Stored>| {
        tensors.retain(|(name, ..)| name != "model.norm.weight");
        tensors.extend(packed("model.norm", &[HIDDEN], "affine", 4, 64));
    };
    check(usual, &norm, damaged, "model.norm.weight is U32");
    // Packed weights without a word about it.
    let folder = write(&base(), &all_packed("affine", 4, 64));
    refused(folder.path(), unsupported, "U32 of lm_head.weight");
    let folder = write(&with(&json!({"quant_method": "awq", "bits": 4})), &norms());
    refused(folder.path(), unsupported, "the quantisation awq");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever the configuration claims: an error or a sound model.
    #[test]
    fn any_value_in_a_configuration(
        changes in proptest::collection::vec((any::<Index>(), any::<Index>()), 1..4),
        in_quantization in any::<bool>(),
        weights in any::<Index>(),
    ) {
        let (mut config, tensors) = mixture();
        config["rope_parameters"] = json!({"rope_type": "yarn", "factor": 4.0,
            "original_max_position_embeddings": 32, "rope_theta": 1e4});
        let values = [json!(0), json!(-1), json!(1), json!(3), json!(64), json!(1_u64 << 53),
            json!(u64::MAX), json!(1e300), json!(-0.5), json!("yarn"), json!(null), json!([]),
            json!([1, "full_attention"]), json!({}), json!({"bits": 0}), json!(true), json!(false)];
        let place = if in_quantization { &mut config["quantization"] } else { &mut config };
        let keys: Vec<String> = place.as_object().unwrap().keys().cloned().collect();
        for (key, value) in changes {
            place[key.get(&keys)] = value.get(&values).clone();
        }
        // And some weight of another size.
        let mut tensors = tensors;
        let at = weights.index(2 * tensors.len());
        if let Some((.., shape)) = tensors.get_mut(at) {
            shape[0] /= 2;
        }
        let folder = write(&config, &tensors);
        if let Ok(model) = InstalledModel::check_in_place(folder.path()) {
            let config = model.config();
            prop_assert!(config.num_layers == 1 && config.window_of(0).is_none_or(|n| n > 0));
        }
    }
}
