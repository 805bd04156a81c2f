//! How positions turn the heads.

use serde_json::Value;

use super::ConfigProblem;
use crate::gguf::{GgufHeader, GgufValue};

/// How positions are stretched beyond what the model was first trained for.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum RopeScaling {
    /// All positions are divided by the factor.
    Linear {
        /// The factor.
        factor: f32,
    },
    /// Low frequencies are stretched, high ones are not (Llama 3.1).
    Llama3 {
        /// The factor of the lowest frequencies.
        factor: f32,
        /// Wavelengths above the original context over this are stretched in full.
        low_freq_factor: f32,
        /// Wavelengths below the original context over this are not.
        high_freq_factor: f32,
        /// The context of the first training.
        original_context: f32,
    },
    /// Pairs that turn often in the original context keep their speed, those
    /// that turn seldom are stretched, with a ramp between (Peng and others,
    /// "`YaRN`", 2023; `_compute_yarn_parameters` in transformers).
    Yarn {
        /// The factor of the slowest pairs.
        factor: f32,
        /// The context of the first training.
        original_context: f32,
        /// Turns in the original context from which on a pair keeps its speed.
        beta_fast: f32,
        /// Turns up to which a pair is stretched in full.
        beta_slow: f32,
        /// What sines and cosines are multiplied with, worked out in full: no
        /// other value of the source changes it.
        attention_factor: f32,
        /// Whether the ends of the ramp are rounded to whole pairs.
        truncate: bool,
    },
}

/// A query grows with its position (Llama 4, Ministral 3): after the rotation
/// it is multiplied by `1 + beta · ln(1 + floor(position / original_context))`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct QueryScaling {
    /// The strength.
    pub beta: f32,
    /// Positions up to which nothing changes.
    pub original_context: f32,
}

impl RopeScaling {
    /// The constants that have to be positive.
    pub(super) fn constants(self) -> Vec<f32> {
        match self {
            Self::Linear { factor } => vec![factor],
            Self::Llama3 { factor, low_freq_factor, high_freq_factor, original_context } => {
                vec![factor, low_freq_factor, high_freq_factor, original_context]
            }
            Self::Yarn {
                factor, original_context, beta_fast, beta_slow, attention_factor, ..
            } => vec![factor, original_context, beta_fast, beta_slow, attention_factor],
        }
    }

    /// What stands in the wrong order, in words.
    pub(super) fn disorder(self) -> Option<&'static str> {
        match self {
            Self::Llama3 { low_freq_factor, high_freq_factor, .. }
                if low_freq_factor >= high_freq_factor =>
            {
                Some("low_freq_factor is not below high_freq_factor")
            }
            Self::Yarn { beta_fast, beta_slow, .. } if beta_slow > beta_fast => {
                Some("beta_slow is above beta_fast")
            }
            _ => None,
        }
    }
}

/// The temperature of `YaRN`: 1 where nothing is stretched.
fn temperature(factor: f64, mscale: f64) -> f64 {
    if factor <= 1.0 { 1.0 } else { 0.1 * mscale * factor.ln() + 1.0 }
}

/// Reads a `rope_parameters`, or an older `rope_scaling`.
pub(super) fn scaling_of_json(
    value: &Value,
    context: usize,
) -> Result<Option<RopeScaling>, ConfigProblem> {
    let unsupported = |what: String| Err(ConfigProblem::Unsupported(what));
    if value.as_object().is_some_and(|all| all.values().any(Value::is_object)) {
        return unsupported("a position embedding of its own for each kind of layer".to_owned());
    }
    let kind = value.get("rope_type").or_else(|| value.get("type")).and_then(Value::as_str);
    let optional = |name: &str| value.get(name).and_then(Value::as_f64);
    let number = |name: &str| {
        let number = optional(name).map(|number| number as f32);
        number.ok_or_else(|| ConfigProblem::Damaged(format!("rope_scaling lacks {name}")))
    };
    match kind {
        None | Some("default") => Ok(None),
        Some("linear") => Ok(Some(RopeScaling::Linear { factor: number("factor")? })),
        Some("llama3") => Ok(Some(RopeScaling::Llama3 {
            factor: number("factor")?,
            low_freq_factor: number("low_freq_factor")?,
            high_freq_factor: number("high_freq_factor")?,
            original_context: number("original_max_position_embeddings")?,
        })),
        Some("yarn") => {
            let original = optional("original_max_position_embeddings").unwrap_or(context as f64);
            // It stands there as `null` where the contexts tell it.
            let factor = match value.get("factor") {
                Some(Value::Null) => context as f64 / original,
                _ => f64::from(number("factor")?),
            };
            // Zero is as absent, as in Python.
            let some = |name: &str| optional(name).filter(|number| *number != 0.0);
            let attention = optional("attention_factor").unwrap_or_else(|| {
                match (some("mscale"), some("mscale_all_dim")) {
                    (Some(one), Some(all)) => temperature(factor, one) / temperature(factor, all),
                    _ => temperature(factor, 1.0),
                }
            });
            Ok(Some(RopeScaling::Yarn {
                factor: factor as f32,
                original_context: original as f32,
                beta_fast: some("beta_fast").unwrap_or(32.0) as f32,
                beta_slow: some("beta_slow").unwrap_or(1.0) as f32,
                attention_factor: attention as f32,
                truncate: value.get("truncate").and_then(Value::as_bool).unwrap_or(true),
            }))
        }
        Some(other) => unsupported(format!("the position scaling {other}")),
    }
}

/// Reads `llama_4_scaling_beta` beside the scaling.
pub(super) fn query_scaling_of_json(value: &Value) -> Result<Option<QueryScaling>, ConfigProblem> {
    let number = |name: &str| value.get(name).and_then(Value::as_f64);
    let Some(beta) = number("llama_4_scaling_beta").filter(|beta| *beta != 0.0) else {
        return Ok(None);
    };
    let original = number("original_max_position_embeddings").ok_or_else(|| {
        ConfigProblem::Damaged("rope_parameters lacks original_max_position_embeddings".to_owned())
    })?;
    Ok(Some(QueryScaling { beta: beta as f32, original_context: original as f32 }))
}

/// Reads `{architecture}.rope.scaling.*`.
///
/// The temperature is llama.cpp's (`llama_context`, where `yarn_attn_factor`
/// is worked out, and `rope_yarn` in ggml): `yarn_log_multiplier` stands for
/// `mscale_all_dim` with an `mscale` of 1, and `attn_factor` comes on top.
pub(super) fn scaling_of_gguf(
    header: &GgufHeader,
    architecture: &str,
    context: usize,
) -> Result<Option<RopeScaling>, ConfigProblem> {
    let value = |key: &str| header.get(&format!("{architecture}.rope.{key}"));
    let number = |key: &str| value(key).and_then(GgufValue::as_f64);
    // Old files write only the factor.
    let factor = number("scaling.factor").or_else(|| number("scale_linear"));
    let factor = factor.filter(|factor| *factor != 0.0);
    match value("scaling.type").and_then(GgufValue::as_str) {
        Some("none") => Ok(None),
        None | Some("linear") => {
            Ok(factor.map(|factor| RopeScaling::Linear { factor: factor as f32 }))
        }
        Some("yarn") => {
            // Below zero is the reader's own choice, which is one.
            let one = |key: &str| number(key).is_none_or(|n| n < 0.0 || (n - 1.0).abs() < 1e-6);
            if !one("scaling.yarn_ext_factor") {
                let what = format!("a {architecture}.rope.scaling.yarn_ext_factor other than one");
                return Err(ConfigProblem::Unsupported(what));
            }
            let factor = factor.unwrap_or(1.0);
            let own = number("scaling.attn_factor").unwrap_or(1.0);
            let all = number("scaling.yarn_log_multiplier").unwrap_or(0.0);
            // The converter writes here what the model's own configuration says.
            let said = number("scaling.yarn_attn_factor").filter(|factor| *factor > 0.0);
            let mut attention = temperature(factor, 1.0) * own;
            if all != 0.0 {
                attention /= temperature(factor, all);
            }
            Ok(Some(RopeScaling::Yarn {
                factor: factor as f32,
                original_context: number("scaling.original_context_length")
                    .unwrap_or(context as f64) as f32,
                beta_fast: number("scaling.yarn_beta_fast").unwrap_or(32.0) as f32,
                beta_slow: number("scaling.yarn_beta_slow").unwrap_or(1.0) as f32,
                attention_factor: said.unwrap_or(attention) as f32,
                truncate: true,
            }))
        }
        Some(other) => Err(ConfigProblem::Unsupported(format!("the position scaling {other}"))),
    }
}
