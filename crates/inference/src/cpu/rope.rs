use mlxcode_models::{ModelConfig, QueryScaling};

use crate::rope_speeds::{RopeSpeeds, rope_speeds};

/// How positions turn the heads of a model.
#[derive(Debug)]
pub struct Rope {
    speeds: RopeSpeeds,
    /// Neighbours are a pair; else the two halves of a head.
    pub interleaved: bool,
    query_scaling: Option<QueryScaling>,
}

impl Rope {
    /// What a configuration says; `factors`, where a file brings a table,
    /// divide the speeds.
    pub fn new(config: &ModelConfig, factors: Option<&[f32]>) -> Self {
        let speeds = rope_speeds(config, factors);
        let interleaved = config.rope_interleaved;
        Self { speeds, interleaved, query_scaling: config.query_scaling }
    }

    /// Writes cosines and sines of a position, `head_dim / 2` each.
    pub fn angles(&self, position: usize, cos: &mut [f32], sin: &mut [f32]) {
        for ((speed, cos), sin) in self.speeds.speeds.iter().zip(cos).zip(sin) {
            let (s, c) = (position as f32 * speed).sin_cos();
            (*cos, *sin) = (c * self.speeds.factor, s * self.speeds.factor);
        }
    }

    /// What the query at a position is multiplied by.
    pub fn query_factor(&self, position: usize) -> f32 {
        self.query_scaling.map_or(1.0, |scaling| {
            let wholes = (position as f32 / scaling.original_context).floor();
            1.0 + scaling.beta * wholes.ln_1p()
        })
    }
}
