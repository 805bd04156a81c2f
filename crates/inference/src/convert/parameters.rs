//! The weights of a model, by the names that transformers and mlx-lm give them.

use mlxcode_models::{Architecture, ExpertLayout, Experts, ModelConfig};

use super::source::Source;
use crate::error::Result;
use crate::format::in_gguf;

/// A weight of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its layer, such as `model.layers.0.self_attn.q_proj`; stacked experts
    /// are called `mlp.switch_mlp.…`, as in MLX.
    pub layer: String,
    /// `weight` or `bias`.
    pub ending: &'static str,
    /// Its sizes, rows first.
    pub shape: Vec<usize>,
    /// Where the source has its rows.
    pub parts: Vec<Part>,
}

/// Some rows of a weight of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The name in the source.
    pub name: String,
    /// The first row.
    pub first: usize,
    /// How many.
    pub rows: usize,
}

impl Parameter {
    /// Its name in a folder.
    pub fn name(&self) -> String {
        format!("{}.{}", self.layer, self.ending)
    }

    /// Its name in a GGUF file.
    pub fn gguf_name(&self) -> String {
        format!("{}.{}", in_gguf(&self.layer), self.ending)
    }

    /// Whether it is a matrix, or several of one shape.
    pub fn is_matrix(&self) -> bool {
        self.shape.len() > 1
    }

    /// Numbers in a row.
    pub fn columns(&self) -> usize {
        self.shape[self.shape.len() - 1]
    }
}

/// All weights of a model, in the order in which mlx-lm's modules hold them
/// (their `__init__`, attribute by attribute).
pub fn parameters(config: &ModelConfig, source: &Source) -> Result<Vec<Parameter>> {
    let gguf = source.gguf.is_some();
    let mut list = List { all: Vec::new(), gguf };
    let (hidden, vocab) = (config.hidden_size, config.vocab_size);
    list.add("model.embed_tokens", "weight", &[vocab, hidden]);
    for number in 0..config.num_layers {
        layer(&mut list, config, number);
    }
    list.add("model.norm", "weight", &[hidden]);
    if !config.tie_embeddings {
        list.add("lm_head", "weight", &[vocab, hidden]);
    }
    for parameter in &list.all {
        for part in &parameter.parts {
            let stored = source.get(&part.name)?;
            if stored.columns != parameter.columns() || part.first + part.rows > stored.rows {
                return Err(source.unsupported(format!("the shape of {}", part.name)));
            }
        }
    }
    Ok(list.all)
}

struct List {
    all: Vec<Parameter>,
    gguf: bool,
}

impl List {
    /// Adds a weight that the source holds under its own name.
    fn add(&mut self, layer: &str, ending: &'static str, shape: &[usize]) {
        let name = if self.gguf {
            format!("{}.{ending}", in_gguf(layer))
        } else {
            format!("{layer}.{ending}")
        };
        let rows = shape[..shape.len() - 1].iter().product();
        self.add_parts(layer, ending, shape, vec![Part { name, first: 0, rows }]);
    }

    fn add_parts(&mut self, layer: &str, ending: &'static str, shape: &[usize], parts: Vec<Part>) {
        let (layer, shape) = (layer.to_owned(), shape.to_vec());
        self.all.push(Parameter { layer, ending, shape, parts });
    }
}

fn layer(list: &mut List, config: &ModelConfig, number: usize) {
    let name = |part: &str| format!("model.layers.{number}.{part}");
    let (hidden, head) = (config.hidden_size, config.head_dim);
    let (query, key) = (config.num_heads * head, config.num_kv_heads * head);
    let matrices = [
        ("self_attn.q_proj", query, hidden),
        ("self_attn.k_proj", key, hidden),
        ("self_attn.v_proj", key, hidden),
        ("self_attn.o_proj", hidden, query),
    ];
    for (part, rows, columns) in matrices {
        list.add(&name(part), "weight", &[rows, columns]);
        if config.attention_bias && part != "self_attn.o_proj" {
            list.add(&name(part), "bias", &[rows]);
        }
    }
    if config.qk_norm {
        list.add(&name("self_attn.q_norm"), "weight", &[head]);
        list.add(&name("self_attn.k_norm"), "weight", &[head]);
    }
    // The mixture's block makes its networks last.
    let mixture = config.architecture == Architecture::Qwen3Moe;
    let norms = |list: &mut List| {
        list.add(&name("input_layernorm"), "weight", &[hidden]);
        list.add(&name("post_attention_layernorm"), "weight", &[hidden]);
    };
    if mixture {
        norms(list);
    }
    if let Some(experts) = config.experts_of(number) {
        experts_of(list, experts, hidden, &name("mlp"));
    } else {
        let inner = config.intermediate_size;
        list.add(&name("mlp.gate_proj"), "weight", &[inner, hidden]);
        list.add(&name("mlp.down_proj"), "weight", &[hidden, inner]);
        list.add(&name("mlp.up_proj"), "weight", &[inner, hidden]);
    }
    if !mixture {
        norms(list);
    }
}

fn experts_of(list: &mut List, experts: &Experts, hidden: usize, mlp: &str) {
    let (count, inner) = (experts.count, experts.intermediate_size);
    list.add(&format!("{mlp}.gate"), "weight", &[count, hidden]);
    let kinds =
        [("gate_proj", inner, hidden), ("up_proj", inner, hidden), ("down_proj", hidden, inner)];
    for (kind, rows, columns) in kinds {
        let layer = format!("{mlp}.switch_mlp.{kind}");
        let shape = [count, rows, columns];
        if list.gguf || experts.layout == ExpertLayout::Stacked {
            list.add(&layer, "weight", &shape);
            continue;
        }
        let part = |expert: usize| match (experts.layout, kind) {
            (ExpertLayout::Fused, "down_proj") => {
                Part { name: format!("{mlp}.experts.down_proj"), first: expert * rows, rows }
            }
            (ExpertLayout::Fused, _) => {
                // Gate above up, expert by expert.
                let first = 2 * expert * rows + if kind == "up_proj" { rows } else { 0 };
                Part { name: format!("{mlp}.experts.gate_up_proj"), first, rows }
            }
            _ => Part { name: format!("{mlp}.experts.{expert}.{kind}.weight"), first: 0, rows },
        };
        list.add_parts(&layer, "weight", &shape, (0..count).map(part).collect());
    }
}
