//! The layers of each family, written as their papers have them.

mod llama;
mod mistral;
mod qwen2;
mod qwen3;
mod qwen3_moe;

use mlxcode_models::Architecture;

use crate::cpu::{Layer, Step};
use crate::error::{Error, Result};

/// Runs the states of a batch through one layer.
pub type Forward = fn(&Step<'_>, &Layer);

/// The layers of a family.
pub fn forward(architecture: Architecture) -> Result<Forward> {
    Ok(match architecture {
        Architecture::Llama => llama::layer,
        Architecture::Mistral => mistral::layer,
        Architecture::Qwen2 => qwen2::layer,
        Architecture::Qwen3 => qwen3::layer,
        Architecture::Qwen3Moe => qwen3_moe::layer,
        other => return Err(Error::Architecture { name: other.to_string() }),
    })
}
