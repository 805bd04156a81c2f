//! How fast positions turn the pairs of a head.
//!
//! Su and others, "Roformer: Enhanced Transformer with Rotary Position
//! Embedding" (2021): pairs of numbers in a head turn by an angle that grows
//! with the position, each pair at its own speed.

use std::f32::consts::PI;

use mlxcode_models::{ModelConfig, RopeScaling};

/// The speeds of all pairs of a head.
#[derive(Clone, Debug, PartialEq)]
pub struct RopeSpeeds {
    /// Radians a position, `head_dim / 2` of them.
    pub speeds: Vec<f32>,
    /// What sines and cosines are multiplied by.
    pub factor: f32,
}

/// The speeds of a model; `factors`, where a file brings a table, divide them.
pub fn rope_speeds(config: &ModelConfig, factors: Option<&[f32]>) -> RopeSpeeds {
    let dim = config.head_dim;
    // In this order: models were trained with what transformers rounds to, and
    // after thousands of positions the last bit of a speed is seen in the angle.
    let speed = |pair: usize| 1.0 / config.rope_theta.powf((2 * pair) as f32 / dim as f32);
    let scale = |(pair, speed): (usize, f32)| match factors.and_then(|all| all.get(pair)) {
        Some(factor) => speed / factor,
        None => scaled(pair, speed, config),
    };
    let speeds = (0..dim / 2).map(|pair| scale((pair, speed(pair)))).collect();
    let factor = match config.rope_scaling {
        Some(RopeScaling::Yarn { attention_factor, .. }) => attention_factor,
        _ => 1.0,
    };
    RopeSpeeds { speeds, factor }
}

/// Llama 3's formula is that of transformers' `_compute_llama3_parameters`,
/// that of `YaRN` is `_compute_yarn_parameters`.
fn scaled(pair: usize, speed: f32, config: &ModelConfig) -> f32 {
    match config.rope_scaling {
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
        Some(RopeScaling::Yarn {
            factor,
            original_context,
            beta_fast,
            beta_slow,
            truncate,
            ..
        }) => {
            let dim = config.head_dim as f32;
            // The pair that turns so often within the original context.
            let pair_of = |turns: f32| {
                dim * (original_context / (turns * 2.0 * PI)).ln() / (2.0 * config.rope_theta.ln())
            };
            let (mut low, mut high) = (pair_of(beta_fast), pair_of(beta_slow));
            if truncate {
                (low, high) = (low.floor(), high.ceil());
            }
            let (low, mut high) = (low.max(0.0), high.min(dim - 1.0));
            if (high - low).abs() < f32::EPSILON {
                high += 0.001;
            }
            let stretched = ((pair as f32 - low) / (high - low)).clamp(0.0, 1.0);
            speed / factor * stretched + speed * (1.0 - stretched)
        }
        _ => speed,
    }
}
