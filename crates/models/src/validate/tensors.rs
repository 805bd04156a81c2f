//! The weights that an architecture needs, and their shapes.

use std::path::Path;

use crate::config::ModelConfig;
use crate::error::{Error, Result};

/// A weight that must be there, under its two names.
struct Needed {
    folder: String,
    gguf: String,
    shape: Vec<u64>,
}

/// Which names a source uses, and in which order it writes the sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    Folder,
    Gguf,
}

/// Checks that all weights are there with the right shapes; `shape_of` tells
/// a weight's shape, rows first, by its name.
pub fn check_tensors(
    path: &Path,
    config: &ModelConfig,
    naming: Naming,
    shape_of: impl Fn(&str) -> Option<Vec<u64>>,
) -> Result<()> {
    for needed in needed(config) {
        let name = if naming == Naming::Folder { needed.folder } else { needed.gguf };
        let Some(found) = shape_of(&name) else {
            return Err(Error::MissingTensor { path: path.to_owned(), tensor: name });
        };
        if found != needed.shape {
            return Err(Error::WrongShape {
                path: path.to_owned(),
                tensor: name,
                expected: needed.shape,
                found,
            });
        }
    }
    Ok(())
}

fn needed(config: &ModelConfig) -> Vec<Needed> {
    let hidden = config.hidden_size as u64;
    let inner = config.intermediate_size as u64;
    let query = (config.num_heads * config.head_dim) as u64;
    let key = (config.num_kv_heads * config.head_dim) as u64;
    let vocab = config.vocab_size as u64;
    let mut all = vec![
        needed_as("model.embed_tokens.weight", "token_embd.weight", &[vocab, hidden]),
        needed_as("model.norm.weight", "output_norm.weight", &[hidden]),
    ];
    if !config.tie_embeddings {
        all.push(needed_as("lm_head.weight", "output.weight", &[vocab, hidden]));
    }
    for layer in 0..config.num_layers {
        let mut add = |folder: &str, gguf: &str, shape: &[u64]| {
            all.push(needed_as(
                &format!("model.layers.{layer}.{folder}"),
                &format!("blk.{layer}.{gguf}"),
                shape,
            ));
        };
        add("input_layernorm.weight", "attn_norm.weight", &[hidden]);
        add("post_attention_layernorm.weight", "ffn_norm.weight", &[hidden]);
        add("self_attn.q_proj.weight", "attn_q.weight", &[query, hidden]);
        add("self_attn.k_proj.weight", "attn_k.weight", &[key, hidden]);
        add("self_attn.v_proj.weight", "attn_v.weight", &[key, hidden]);
        add("self_attn.o_proj.weight", "attn_output.weight", &[hidden, query]);
        add("mlp.gate_proj.weight", "ffn_gate.weight", &[inner, hidden]);
        add("mlp.up_proj.weight", "ffn_up.weight", &[inner, hidden]);
        add("mlp.down_proj.weight", "ffn_down.weight", &[hidden, inner]);
        if config.attention_bias {
            add("self_attn.q_proj.bias", "attn_q.bias", &[query]);
            add("self_attn.k_proj.bias", "attn_k.bias", &[key]);
            add("self_attn.v_proj.bias", "attn_v.bias", &[key]);
        }
    }
    all
}

fn needed_as(folder: &str, gguf: &str, shape: &[u64]) -> Needed {
    Needed { folder: folder.to_owned(), gguf: gguf.to_owned(), shape: shape.to_vec() }
}
