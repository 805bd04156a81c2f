//! Which type each weight of a GGUF file gets: llama.cpp's rules for its file
//! types (`llama_tensor_get_type_impl`, `tensor_type_fallback`).

use mlxcode_kernels::WeightType;
use mlxcode_models::{Architecture, ModelConfig};

use crate::convert::options::GgufKind;
use crate::convert::parameters::Parameter;

/// The type of a weight, called `name` in the file.
pub fn type_of(
    parameter: &Parameter,
    name: &str,
    config: &ModelConfig,
    kind: GgufKind,
) -> WeightType {
    if !parameter.is_matrix() || name.ends_with("ffn_gate_inp.weight") {
        return WeightType::F32;
    }
    let columns = parameter.columns();
    let usual = match kind {
        GgufKind::F32 => return WeightType::F32,
        GgufKind::F16 => return WeightType::F16,
        GgufKind::BF16 => return WeightType::BF16,
        GgufKind::Q8_0 => WeightType::Q8_0,
        GgufKind::Q4_0 => WeightType::Q4_0,
        GgufKind::Q4_K_M => WeightType::Q4_K,
    };
    let part = name.split('.').rev().nth(1).unwrap_or(name);
    let output = part == "output" || part == "token_embd" && config.tie_embeddings;
    let wished = if output {
        match usual {
            _ if !columns.is_multiple_of(usual.block().0) => WeightType::Q8_0,
            WeightType::Q8_0 => WeightType::Q8_0,
            _ => WeightType::Q6_K,
        }
    } else if matches!(part, "attn_v" | "attn_k") && has_eight_experts(config) {
        // Small beside the eight experts.
        WeightType::Q8_0
    } else if kind == GgufKind::Q4_K_M {
        of_q4_k_m(part, layer_of(name), config)
    } else {
        usual
    };
    fitting(wished, columns)
}

/// A layer's weight in a `Q4_K_M` file.
fn of_q4_k_m(part: &str, layer: usize, config: &ModelConfig) -> WeightType {
    match part {
        "attn_output" if has_eight_experts(config) => WeightType::Q5_K,
        "attn_v" | "ffn_down" | "ffn_down_exps" if worth_more(layer, config.num_layers) => {
            WeightType::Q6_K
        }
        // Eight heads of the query share one of the value.
        "attn_v" if is_70b(config) => WeightType::Q5_K,
        _ => WeightType::Q4_K,
    }
}

fn has_eight_experts(config: &ModelConfig) -> bool {
    config.experts.as_ref().is_some_and(|experts| experts.count == 8)
}

/// The first and the last eighth of the layers, and every third between.
fn worth_more(layer: usize, layers: usize) -> bool {
    layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2
}

fn is_70b(config: &ModelConfig) -> bool {
    config.num_layers == 80
        && match config.architecture {
            Architecture::Llama | Architecture::Mistral => config.num_heads != config.num_kv_heads,
            Architecture::Qwen2 => true,
            _ => false,
        }
}

/// The type, or the one that takes its place in rows that are no whole blocks.
fn fitting(wished: WeightType, columns: usize) -> WeightType {
    let fits = |kind: WeightType| columns.is_multiple_of(kind.block().0);
    let small = match wished {
        _ if fits(wished) => return wished,
        WeightType::Q4_K => WeightType::Q5_0,
        WeightType::Q5_K => WeightType::Q5_1,
        WeightType::Q6_K => WeightType::Q8_0,
        other => other,
    };
    if fits(small) { small } else { WeightType::F16 }
}

fn layer_of(name: &str) -> usize {
    name.split('.').nth(1).and_then(|number| number.parse().ok()).unwrap_or(0)
}
