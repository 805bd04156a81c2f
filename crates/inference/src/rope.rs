//! Rotary position embedding.
//!
//! Su and others, "Roformer: Enhanced Transformer with Rotary Position
//! Embedding" (2021): pairs of numbers in a head turn by an angle that grows
//! with the position, each pair at its own speed.

use std::f32::consts::PI;

use candle_core::{Device, Tensor};
use mlxcode_models::{ModelConfig, RopeScaling};

use crate::error::Result;

/// The speeds of all pairs, and which numbers are a pair.
#[derive(Debug)]
pub struct Rope {
    /// Radians a position, `head_dim / 2` of them.
    speeds: Vec<f32>,
    /// Neighbours are a pair, as llama.cpp lays Llama out; else the two halves.
    interleaved: bool,
}

impl Rope {
    /// The speeds of `config`; `factors`, where a file brings a table, divide them.
    pub fn new(config: &ModelConfig, factors: Option<&[f32]>, interleaved: bool) -> Self {
        let dim = config.head_dim;
        let speeds = (0..dim / 2)
            .map(|pair| {
                let speed = config.rope_theta.powf(-((2 * pair) as f32) / dim as f32);
                match factors.and_then(|factors| factors.get(pair)) {
                    Some(factor) => speed / factor,
                    None => scaled(speed, config.rope_scaling),
                }
            })
            .collect();
        Self { speeds, interleaved }
    }

    /// Cosines and sines for `count` positions from `first`, `[count, head_dim / 2]`.
    pub fn angles(&self, first: usize, count: usize) -> Result<(Tensor, Tensor)> {
        let angles: Vec<f32> = (first..first + count)
            .flat_map(|position| self.speeds.iter().map(move |speed| position as f32 * speed))
            .collect();
        let angles = Tensor::from_vec(angles, (count, self.speeds.len()), &Device::Cpu)?;
        Ok((angles.cos()?, angles.sin()?))
    }

    /// Turns `x`, `[1, heads, count, head_dim]`.
    pub fn turn(&self, x: &Tensor, (cos, sin): &(Tensor, Tensor)) -> Result<Tensor> {
        let x = x.contiguous()?;
        Ok(if self.interleaved {
            candle_nn::rotary_emb::rope_i(&x, cos, sin)?
        } else {
            candle_nn::rotary_emb::rope(&x, cos, sin)?
        })
    }
}

/// Llama 3's formula is that of transformers' `_compute_llama3_parameters`.
fn scaled(speed: f32, scaling: Option<RopeScaling>) -> f32 {
    match scaling {
        Some(RopeScaling::Linear { factor }) => speed / factor,
        Some(RopeScaling::Llama3 {
            factor,
            low_freq_factor,
            high_freq_factor,
            original_context,
        }) => {
            let wavelength = 2.0 * PI / speed;
            if wavelength < original_context / high_freq_factor {
                speed
            } else if wavelength > original_context / low_freq_factor {
                speed / factor
            } else {
                let smooth = (original_context / wavelength - low_freq_factor)
                    / (high_freq_factor - low_freq_factor);
                (1.0 - smooth) * speed / factor + smooth * speed
            }
        }
        _ => speed,
    }
}
