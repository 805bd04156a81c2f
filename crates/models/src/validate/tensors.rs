//! The weights that an architecture needs, and their shapes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::config::{ExpertLayout, Experts, ModelConfig};
use crate::error::{Error, Result};

/// Which names a source uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    Folder,
    Gguf,
}

/// Shapes by name, rows first.
pub type Shapes = BTreeMap<String, Vec<u64>>;

/// A source of weights.
pub trait Weights {
    /// The shape of a weight in numbers, rows first; `None` where it is
    /// missing. `expected` is what the configuration says.
    fn shape(&mut self, name: &str, expected: &[u64]) -> Result<Option<Vec<u64>>>;

    /// The names that belong to no weight asked for.
    fn rest(&self, asked: &BTreeSet<String>) -> Vec<String>;
}

impl Weights for Shapes {
    fn shape(&mut self, name: &str, _: &[u64]) -> Result<Option<Vec<u64>>> {
        Ok(self.get(name).cloned())
    }

    fn rest(&self, asked: &BTreeSet<String>) -> Vec<String> {
        self.keys().filter(|name| !asked.contains(*name)).cloned().collect()
    }
}

/// Checks that all weights are there with the right shapes, and none besides
/// that the layers would have to use. Gives the number of numbers in them.
pub fn check_tensors(
    path: &Path,
    config: &ModelConfig,
    naming: Naming,
    weights: &mut impl Weights,
) -> Result<u64> {
    let mut asked = BTreeSet::new();
    let mut numbers = 0_u64;
    // One by one, as a damaged configuration may claim millions of layers.
    each_needed(config, naming, |name, expected| {
        let Some(found) = weights.shape(&name, expected)? else {
            return Err(Error::MissingTensor { path: path.to_owned(), tensor: name });
        };
        same_shape(path, &name, &found, expected)?;
        numbers = numbers.saturating_add(found.iter().product());
        asked.insert(name);
        Ok(())
    })?;
    if naming == Naming::Gguf {
        let expected = [(config.head_dim / 2) as u64];
        if let Some(found) = weights.shape(ROPE_FACTORS, &expected)? {
            same_shape(path, ROPE_FACTORS, &found, &expected)?;
        }
    }
    // A bias or a norm that is left out gives wrong answers without a word.
    match weights.rest(&asked).iter().find(|name| !is_harmless(name, naming)) {
        None => Ok(numbers),
        Some(name) => {
            let what = format!("the weight {name} in a {} model", config.architecture);
            Err(Error::UnsupportedModel { path: path.to_owned(), what })
        }
    }
}

/// A table that divides the speeds of the position embedding.
const ROPE_FACTORS: &str = "rope_freqs.weight";

/// Weights that change no result: tables that are computed anyway, an output
/// layer beside a tied embedding, which transformers leaves out too, and what
/// looks at pictures.
fn is_harmless(name: &str, naming: Naming) -> bool {
    match naming {
        Naming::Folder => {
            name.ends_with(".rotary_emb.inv_freq")
                || name.starts_with("lm_head.")
                || ["vision_tower.", "multi_modal_projector."]
                    .iter()
                    .any(|part| name.strip_prefix("model.").unwrap_or(name).starts_with(part))
        }
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

/// A weight of a layer: its name in a folder, in GGUF, and its shape.
type Part = (&'static str, &'static str, Vec<u64>);

fn each_needed(
    config: &ModelConfig,
    naming: Naming,
    mut visit: impl FnMut(String, &[u64]) -> Result<()>,
) -> Result<()> {
    let hidden = config.hidden_size as u64;
    let vocab = config.vocab_size as u64;
    let mut whole = |folder: &str, gguf: &str, shape: &[u64]| {
        visit(if naming == Naming::Folder { folder } else { gguf }.to_owned(), shape)
    };
    whole("model.embed_tokens.weight", "token_embd.weight", &[vocab, hidden])?;
    whole("model.norm.weight", "output_norm.weight", &[hidden])?;
    if !config.tie_embeddings {
        whole("lm_head.weight", "output.weight", &[vocab, hidden])?;
    }
    let attention = attention(config);
    let inner = config.intermediate_size as u64;
    let dense: [Part; 3] = [
        ("mlp.gate_proj.weight", "ffn_gate.weight", vec![inner, hidden]),
        ("mlp.up_proj.weight", "ffn_up.weight", vec![inner, hidden]),
        ("mlp.down_proj.weight", "ffn_down.weight", vec![hidden, inner]),
    ];
    for number in 0..config.num_layers {
        let mut visit = |folder: &str, gguf: &str, shape: &[u64]| {
            let name = match naming {
                Naming::Folder => format!("model.layers.{number}.{folder}"),
                Naming::Gguf => format!("blk.{number}.{gguf}"),
            };
            visit(name, shape)
        };
        for (folder, gguf, shape) in &attention {
            visit(folder, gguf, shape)?;
        }
        match config.experts_of(number) {
            None => {
                for (folder, gguf, shape) in &dense {
                    visit(folder, gguf, shape)?;
                }
            }
            Some(experts) => each_expert(experts, hidden, visit)?,
        }
    }
    Ok(())
}

/// The norms of a layer and its attention.
fn attention(config: &ModelConfig) -> Vec<Part> {
    let hidden = config.hidden_size as u64;
    let head = config.head_dim as u64;
    let query = config.num_heads as u64 * head;
    let key = config.num_kv_heads as u64 * head;
    let mut parts: Vec<Part> = vec![
        ("input_layernorm.weight", "attn_norm.weight", vec![hidden]),
        ("post_attention_layernorm.weight", "ffn_norm.weight", vec![hidden]),
        ("self_attn.q_proj.weight", "attn_q.weight", vec![query, hidden]),
        ("self_attn.k_proj.weight", "attn_k.weight", vec![key, hidden]),
        ("self_attn.v_proj.weight", "attn_v.weight", vec![key, hidden]),
        ("self_attn.o_proj.weight", "attn_output.weight", vec![hidden, query]),
    ];
    if config.attention_bias {
        parts.push(("self_attn.q_proj.bias", "attn_q.bias", vec![query]));
        parts.push(("self_attn.k_proj.bias", "attn_k.bias", vec![key]));
        parts.push(("self_attn.v_proj.bias", "attn_v.bias", vec![key]));
    }
    if config.qk_norm {
        parts.push(("self_attn.q_norm.weight", "attn_q_norm.weight", vec![head]));
        parts.push(("self_attn.k_norm.weight", "attn_k_norm.weight", vec![head]));
    }
    parts
}

/// The router of a layer and its experts.
fn each_expert(
    experts: &Experts,
    hidden: u64,
    mut visit: impl FnMut(&str, &str, &[u64]) -> Result<()>,
) -> Result<()> {
    let count = experts.count as u64;
    let inner = experts.intermediate_size as u64;
    visit("mlp.gate.weight", "ffn_gate_inp.weight", &[count, hidden])?;
    let kinds = [
        ("gate_proj", "ffn_gate_exps.weight", inner, hidden),
        ("up_proj", "ffn_up_exps.weight", inner, hidden),
        ("down_proj", "ffn_down_exps.weight", hidden, inner),
    ];
    match experts.layout {
        ExpertLayout::Stacked => {
            for (kind, gguf, rows, columns) in kinds {
                visit(&format!("mlp.switch_mlp.{kind}.weight"), gguf, &[count, rows, columns])?;
            }
        }
        ExpertLayout::Fused => {
            visit("mlp.experts.gate_up_proj", "", &[count, 2 * inner, hidden])?;
            visit("mlp.experts.down_proj", "", &[count, hidden, inner])?;
        }
        ExpertLayout::Separate => {
            for number in 0..count {
                for (kind, gguf, rows, columns) in kinds {
                    let name = format!("mlp.experts.{number}.{kind}.weight");
                    visit(&name, gguf, &[rows, columns])?;
                }
            }
        }
    }
    Ok(())
}
