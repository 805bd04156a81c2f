//! The weights that an architecture needs, and their shapes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::config::ModelConfig;
use crate::error::{Error, Result};

/// Which names a source uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    Folder,
    Gguf,
}

/// Shapes by name, rows first.
pub type Shapes = BTreeMap<String, Vec<u64>>;

/// Checks that all weights are there with the right shapes, and none besides
/// that the layers would have to use.
pub fn check_tensors(
    path: &Path,
    config: &ModelConfig,
    naming: Naming,
    shapes: &Shapes,
) -> Result<()> {
    let mut needed = BTreeSet::new();
    // One by one, as a damaged configuration may claim millions of layers.
    each_needed(config, naming, |name, expected| {
        let Some(found) = shapes.get(&name) else {
            return Err(Error::MissingTensor { path: path.to_owned(), tensor: name });
        };
        same_shape(path, &name, found, expected)?;
        needed.insert(name);
        Ok(())
    })?;
    if let (Naming::Gguf, Some(found)) = (naming, shapes.get(ROPE_FACTORS)) {
        same_shape(path, ROPE_FACTORS, found, &[(config.head_dim / 2) as u64])?;
    }
    // A bias or a norm that is left out gives wrong answers without a word.
    match shapes.keys().find(|name| !needed.contains(*name) && !is_harmless(name, naming)) {
        None => Ok(()),
        Some(name) => {
            let what = format!("the weight {name} in a {} model", config.architecture);
            Err(Error::UnsupportedModel { path: path.to_owned(), what })
        }
    }
}

/// A table that divides the speeds of the position embedding.
const ROPE_FACTORS: &str = "rope_freqs.weight";

/// Weights that change no result: tables that are computed anyway, and an
/// output layer beside a tied embedding, which transformers leaves out too.
fn is_harmless(name: &str, naming: Naming) -> bool {
    match naming {
        Naming::Folder => name.ends_with(".rotary_emb.inv_freq") || name == "lm_head.weight",
        Naming::Gguf => name == ROPE_FACTORS || name.ends_with(".attn_rot_embd.weight"),
    }
}

fn same_shape(path: &Path, name: &str, found: &[u64], expected: &[u64]) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(Error::WrongShape {
        path: path.to_owned(),
        tensor: name.to_owned(),
        expected: expected.to_vec(),
        found: found.to_vec(),
    })
}

fn each_needed(
    config: &ModelConfig,
    naming: Naming,
    mut visit: impl FnMut(String, &[u64]) -> Result<()>,
) -> Result<()> {
    let hidden = config.hidden_size as u64;
    let inner = config.intermediate_size as u64;
    let query = (config.num_heads * config.head_dim) as u64;
    let key = (config.num_kv_heads * config.head_dim) as u64;
    let vocab = config.vocab_size as u64;
    let mut whole = |folder: &str, gguf: &str, shape: &[u64]| {
        visit(if naming == Naming::Folder { folder } else { gguf }.to_owned(), shape)
    };
    whole("model.embed_tokens.weight", "token_embd.weight", &[vocab, hidden])?;
    whole("model.norm.weight", "output_norm.weight", &[hidden])?;
    if !config.tie_embeddings {
        whole("lm_head.weight", "output.weight", &[vocab, hidden])?;
    }
    let layer: [(&str, &str, &[u64]); 9] = [
        ("input_layernorm.weight", "attn_norm.weight", &[hidden]),
        ("post_attention_layernorm.weight", "ffn_norm.weight", &[hidden]),
        ("self_attn.q_proj.weight", "attn_q.weight", &[query, hidden]),
        ("self_attn.k_proj.weight", "attn_k.weight", &[key, hidden]),
        ("self_attn.v_proj.weight", "attn_v.weight", &[key, hidden]),
        ("self_attn.o_proj.weight", "attn_output.weight", &[hidden, query]),
        ("mlp.gate_proj.weight", "ffn_gate.weight", &[inner, hidden]),
        ("mlp.up_proj.weight", "ffn_up.weight", &[inner, hidden]),
        ("mlp.down_proj.weight", "ffn_down.weight", &[hidden, inner]),
    ];
    let biases: [(&str, &str, &[u64]); 3] = [
        ("self_attn.q_proj.bias", "attn_q.bias", &[query]),
        ("self_attn.k_proj.bias", "attn_k.bias", &[key]),
        ("self_attn.v_proj.bias", "attn_v.bias", &[key]),
    ];
    let biases = biases.iter().filter(|_| config.attention_bias);
    let in_a_layer: Vec<_> = layer.iter().chain(biases).collect();
    for number in 0..config.num_layers {
        for (folder, gguf, shape) in &in_a_layer {
            let name = match naming {
                Naming::Folder => format!("model.layers.{number}.{folder}"),
                Naming::Gguf => format!("blk.{number}.{gguf}"),
            };
            visit(name, shape)?;
        }
    }
    Ok(())
}
