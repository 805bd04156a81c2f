//! How positions are stretched, from both kinds of file.

use mlxcode_models::{Architecture, ModelConfig, RopeScaling};
use serde_json::{Value, json};

use crate::changed::{of_folder, of_gguf, renamed};
use crate::support::{V, folder_tensors, gguf, refused};

fn yarn(config: &ModelConfig) -> [f32; 5] {
    let Some(RopeScaling::Yarn {
        factor,
        original_context,
        beta_fast,
        beta_slow,
        attention_factor,
        ..
    }) = config.rope_scaling
    else {
        panic!("no YaRN in {config:?}");
    };
    [factor, original_context, beta_fast, beta_slow, attention_factor]
}

fn close(found: [f32; 5], expected: [f32; 5]) {
    for (found_one, expected_one) in found.iter().zip(expected) {
        assert!((found_one - expected_one).abs() < 1e-5, "{found:?} {expected:?}");
    }
}

/// The temperature is `0.1 · ln(factor) + 1`: 1.138629 for 4, 1.277259 for 16.
#[test]
fn yarn_is_read_in_full() {
    let json = |scaling: Value, expected: [f32; 5]| {
        for key in ["rope_scaling", "rope_parameters"] {
            close(yarn(&of_folder(&json!({key: scaling}), &folder_tensors())), expected);
        }
    };
    json(
        json!({"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32}),
        [4.0, 32.0, 32.0, 1.0, 1.138_629],
    );
    json(
        json!({"type": "yarn", "factor": null, "original_max_position_embeddings": 8,
            "beta_fast": 16, "beta_slow": 2, "attention_factor": 0.5}),
        [16.0, 8.0, 16.0, 2.0, 0.5],
    );
    json(
        json!({"type": "yarn", "factor": 16, "original_max_position_embeddings": 8,
            "mscale": 1.0, "mscale_all_dim": 1.0}),
        [16.0, 8.0, 32.0, 1.0, 1.0],
    );
    // 1.277259 over 1 + 0.0707 · ln 16.
    json(
        json!({"type": "yarn", "factor": 16, "original_max_position_embeddings": 8,
            "mscale": 1.0, "mscale_all_dim": 0.707}),
        [16.0, 8.0, 32.0, 1.0, 1.067_92],
    );
    json(
        json!({"type": "yarn", "factor": 4, "mscale": 0, "mscale_all_dim": 1}),
        [4.0, 128.0, 32.0, 1.0, 1.138_629],
    );
    let rough = json!({"type": "yarn", "factor": 4, "truncate": false});
    let config = of_folder(&json!({"rope_scaling": rough}), &folder_tensors());
    assert!(matches!(config.rope_scaling, Some(RopeScaling::Yarn { truncate: false, .. })));

    let file = gguf()
        .set("llama.rope.scaling.type", V::Str("yarn".to_owned()))
        .set("llama.rope.scaling.factor", V::F32(4.0))
        .set("llama.rope.scaling.original_context_length", V::U32(32));
    close(yarn(&of_gguf(&file)), [4.0, 32.0, 32.0, 1.0, 1.138_629]);
    let own = file
        .clone()
        .set("llama.rope.scaling.attn_factor", V::F32(0.5))
        .set("llama.rope.scaling.yarn_beta_fast", V::F32(16.0))
        .set("llama.rope.scaling.yarn_ext_factor", V::F32(1.0))
        .set("llama.rope.scaling.yarn_beta_slow", V::F32(2.0));
    close(yarn(&of_gguf(&own)), [4.0, 32.0, 16.0, 2.0, 0.569_314_5]);
    let said = file.clone().set("llama.rope.scaling.yarn_attn_factor", V::F32(0.75));
    close(yarn(&of_gguf(&said)), [4.0, 32.0, 32.0, 1.0, 0.75]);
    let cancelled = file.clone().set("llama.rope.scaling.yarn_log_multiplier", V::F32(1.0));
    close(yarn(&of_gguf(&cancelled)), [4.0, 32.0, 32.0, 1.0, 1.0]);
    let folder = tempfile::tempdir().unwrap();
    let other = file.set("llama.rope.scaling.yarn_ext_factor", V::F32(0.5));
    refused(&other.write(folder.path()), "models.unsupported", "yarn_ext_factor");
}

#[test]
fn ministral_queries_grow_with_the_position() {
    let rope = json!({"rope_type": "yarn", "type": "yarn", "factor": 16.0, "beta_fast": 32.0,
        "original_max_position_embeddings": 16, "mscale": 1.0, "mscale_all_dim": 1.0,
        "llama_4_scaling_beta": 0.1, "rope_theta": 1e6, "max_position_embeddings": 128});
    let all = json!({"model_type": "ministral3", "rope_parameters": rope, "rope_theta": null});
    let folder = of_folder(&all, &folder_tensors());
    let name = |key: &str| format!("mistral3.{key}");
    let file = renamed("mistral3")
        .set(&name("rope.scaling.type"), V::Str("yarn".to_owned()))
        .set(&name("rope.scaling.factor"), V::F32(16.0))
        .set(&name("rope.scaling.original_context_length"), V::U32(16))
        .set(&name("rope.scaling.yarn_log_multiplier"), V::F32(1.0))
        .set(&name("rope.freq_base"), V::F32(1e6))
        .set(&name("attention.temperature_scale"), V::F32(0.1));
    let file = of_gguf(&file);
    for config in [&folder, &file] {
        assert_eq!(config.architecture, Architecture::Mistral);
        close(yarn(config), [16.0, 16.0, 32.0, 1.0, 1.0]);
        let scaling = config.query_scaling.unwrap();
        assert_eq!((scaling.beta, scaling.original_context), (0.1, 16.0));
        assert!((config.rope_theta - 1e6).abs() < 1.0);
    }
    assert!(file.rope_interleaved && !folder.rope_interleaved);
}
