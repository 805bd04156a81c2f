use candle_core::{Device, Tensor};
use mlxcode_models::ModelConfig;

use crate::error::Result;
use crate::rope_speeds::{RopeSpeeds, rope_speeds};

/// How positions turn the heads of a model.
#[derive(Debug)]
pub struct Rope {
    speeds: RopeSpeeds,
    /// Neighbours are a pair; else the two halves of a head.
    interleaved: bool,
}

impl Rope {
    /// What a configuration says; `factors`, where a file brings a table,
    /// divide the speeds.
    pub fn new(config: &ModelConfig, factors: Option<&[f32]>) -> Self {
        Self { speeds: rope_speeds(config, factors), interleaved: config.rope_interleaved }
    }

    /// Cosines and sines for `count` positions from `first`, `[count, head_dim / 2]`.
    pub fn angles(&self, first: usize, count: usize) -> Result<(Tensor, Tensor)> {
        let RopeSpeeds { speeds, factor } = &self.speeds;
        let angles: Vec<f32> = (first..first + count)
            .flat_map(|position| speeds.iter().map(move |speed| position as f32 * speed))
            .collect();
        let angles = Tensor::from_vec(angles, (count, speeds.len()), &Device::Cpu)?;
        let factor = f64::from(*factor);
        Ok(((angles.cos()? * factor)?, (angles.sin()? * factor)?))
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
