//! The weights that a configuration needs, as no format has them;
//! `tools/goldens/families.py` lists the same.

use serde_json::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Matrix,
    Experts,
    Router,
    Norm,
    Bias,
}

/// A weight by its two names, without `.weight` or `.bias`.
#[derive(Clone, Debug)]
pub struct Weight {
    pub folder: String,
    pub gguf: String,
    /// `[..., out, in]`
    pub shape: Vec<usize>,
    pub role: Role,
}

impl Weight {
    pub fn ending(&self) -> &'static str {
        if self.role == Role::Bias { "bias" } else { "weight" }
    }
}

/// A size that the configuration must have.
pub fn size(config: &Value, key: &str) -> usize {
    config[key].as_u64().unwrap_or_else(|| panic!("no {key}")) as usize
}

pub fn weights(config: &Value) -> Vec<Weight> {
    let family = config["model_type"].as_str().unwrap();
    let size = |key| size(config, key);
    let (hidden, vocab, head) = (size("hidden_size"), size("vocab_size"), size("head_dim"));
    let query = size("num_attention_heads") * head;
    let key = size("num_key_value_heads") * head;
    let experts = config["num_experts"].as_u64().map(|count| count as usize);
    let inner = size(if experts.is_some() { "moe_intermediate_size" } else { "intermediate_size" });
    let whole = |folder: &str, gguf: &str, shape: &[usize], role| Weight {
        folder: folder.to_owned(),
        gguf: gguf.to_owned(),
        shape: shape.to_vec(),
        role,
    };
    let mut found = vec![whole("model.embed_tokens", "token_embd", &[vocab, hidden], Role::Matrix)];
    for number in 0..size("num_hidden_layers") {
        let mut add = |folder: String, gguf: String, shape: &[usize], role| {
            let folder = format!("model.layers.{number}.{folder}");
            found.push(whole(&folder, &format!("blk.{number}.{gguf}"), shape, role));
        };
        add("input_layernorm".into(), "attn_norm".into(), &[hidden], Role::Norm);
        for (part, rows) in [("q", query), ("k", key), ("v", key)] {
            let names = || (format!("self_attn.{part}_proj"), format!("attn_{part}"));
            add(names().0, names().1, &[rows, hidden], Role::Matrix);
            if family == "qwen2" {
                add(names().0, names().1, &[rows], Role::Bias);
            }
        }
        add("self_attn.o_proj".into(), "attn_output".into(), &[hidden, query], Role::Matrix);
        if family.starts_with("qwen3") {
            add("self_attn.q_norm".into(), "attn_q_norm".into(), &[head], Role::Norm);
            add("self_attn.k_norm".into(), "attn_k_norm".into(), &[head], Role::Norm);
        }
        add("post_attention_layernorm".into(), "ffn_norm".into(), &[hidden], Role::Norm);
        if let Some(experts) = experts {
            add("mlp.gate".into(), "ffn_gate_inp".into(), &[experts, hidden], Role::Router);
        }
        let parts = [("gate", inner, hidden), ("up", inner, hidden), ("down", hidden, inner)];
        for (part, rows, width) in parts {
            if let Some(experts) = experts {
                let folder = format!("mlp.experts.{part}_proj");
                add(folder, format!("ffn_{part}_exps"), &[experts, rows, width], Role::Experts);
            } else {
                let folder = format!("mlp.{part}_proj");
                add(folder, format!("ffn_{part}"), &[rows, width], Role::Matrix);
            }
        }
    }
    found.push(whole("model.norm", "output_norm", &[hidden], Role::Norm));
    if config["tie_word_embeddings"] == false {
        found.push(whole("lm_head", "output", &[vocab, hidden], Role::Matrix));
    }
    found
}
