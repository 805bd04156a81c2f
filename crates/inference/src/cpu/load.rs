//! From files to packed layers.

use std::sync::Mutex;

use mlxcode_base::CancelToken;
use mlxcode_kernels::{Arena, Packed, Pool, Source, WeightType};
use mlxcode_models::{Error as ModelsError, ExpertLayout, Experts as ExpertsConfig, ModelConfig};

use super::layer::{Attention, Experts, FeedForward, GatedNetwork, Layer, Linear};
use crate::error::Result;
use crate::format::{Checkpoint, Part};

/// Tiles that a thread packs at once: some hundred kilobytes.
const TILES: usize = 8;

/// Reads matrices, and packs each with all threads.
pub struct Loader<'a> {
    checkpoint: &'a Checkpoint,
    config: &'a ModelConfig,
    threads: usize,
    /// Where the packed matrices lie.
    arena: Arena,
    /// Makes f32 of everything.
    dequantize: bool,
    cancel: &'a CancelToken,
}

impl<'a> Loader<'a> {
    pub fn new(
        checkpoint: &'a Checkpoint,
        config: &'a ModelConfig,
        threads: usize,
        dequantize: bool,
        cancel: &'a CancelToken,
    ) -> Self {
        // Packed, a matrix takes as many bytes as in its file, but for padding.
        let bytes: usize = checkpoint.tensors().map(|tensor| tensor.bytes.len()).sum();
        let arena = Arena::new(bytes);
        Self { checkpoint, config, threads, arena, dequantize, cancel }
    }

    /// A matrix, with its bias where there is one.
    pub fn linear(&self, path: &str) -> Result<Linear> {
        let mut linear = self.part(path, &Part::WHOLE)?;
        linear.bias = self.checkpoint.optional_numbers(path, "bias")?;
        Ok(linear)
    }

    fn part(&self, path: &str, part: &Part) -> Result<Linear> {
        if self.cancel.is_cancelled() {
            return Err(ModelsError::Cancelled.into());
        }
        let pack = |source: &Source<'_>| match self.dequantize.then(|| floats(source)).flatten() {
            None => self.pack(source),
            Some(bytes) => {
                let (rows, columns) = (source.rows(), source.columns());
                // As many bytes as the shape takes, so this is never refused.
                let floats = Source::new(WeightType::F32, rows, columns, &bytes);
                self.pack(&floats.unwrap_or(*source))
            }
        };
        Ok(Linear { weight: self.checkpoint.with_matrix(path, part, pack)?, bias: None })
    }

    /// Lays a matrix out, some tiles a thread at a time.
    fn pack(&self, source: &Source<'_>) -> Packed {
        let mut packed = Packed::empty(source, &self.arena);
        let tiles = packed.tiles();
        let ranges: Vec<_> =
            (0..tiles).step_by(TILES).map(|first| first..(first + TILES).min(tiles)).collect();
        let writers: Vec<_> = packed.writers(&ranges).into_iter().map(Mutex::new).collect();
        Pool::shared().run(self.threads, |worker| {
            worker.each(writers.len(), 1, |range| {
                for writer in &writers[range] {
                    // Nobody else takes this one, so the lock is always free.
                    if let Ok(mut writer) = writer.lock() {
                        writer.write(source);
                    }
                }
            });
        });
        drop(writers);
        packed
    }

    /// A whole layer.
    pub fn layer(&self, number: usize) -> Result<Layer> {
        let path = |name: &str| format!("model.layers.{number}.{name}");
        let norm = |name: &str| self.checkpoint.numbers(&path(name), "weight");
        let head_norm = |name: &str| self.checkpoint.optional_numbers(&path(name), "weight");
        let linear = |name: &str| self.linear(&path(name));
        Ok(Layer {
            number,
            attention_norm: norm("input_layernorm")?,
            attention: Attention {
                query: linear("self_attn.q_proj")?,
                key: linear("self_attn.k_proj")?,
                value: linear("self_attn.v_proj")?,
                output: linear("self_attn.o_proj")?,
                query_norm: head_norm("self_attn.q_norm")?,
                key_norm: head_norm("self_attn.k_norm")?,
            },
            feed_forward_norm: norm("post_attention_layernorm")?,
            feed_forward: match self.config.experts_of(number) {
                None => FeedForward::Dense(GatedNetwork {
                    gate: linear("mlp.gate_proj")?,
                    up: linear("mlp.up_proj")?,
                    down: linear("mlp.down_proj")?,
                }),
                Some(experts) => FeedForward::Experts(self.experts(experts, &path("mlp"))?),
            },
        })
    }

    fn experts(&self, experts: &ExpertsConfig, path: &str) -> Result<Experts> {
        let networks = (0..experts.count).map(|number| self.expert(experts, path, number));
        Ok(Experts {
            router: self.linear(&format!("{path}.gate"))?,
            networks: networks.collect::<Result<_>>()?,
            used: experts.used,
            normalise: experts.normalise,
        })
    }

    fn expert(&self, experts: &ExpertsConfig, path: &str, number: usize) -> Result<GatedNetwork> {
        let (expert, inner) = (Some(number), experts.intermediate_size);
        let part = |name: &str, fused: &str, rows| match experts.layout {
            ExpertLayout::Separate => {
                self.part(&format!("{path}.experts.{number}.{name}"), &Part::WHOLE)
            }
            ExpertLayout::Fused => {
                self.part(&format!("{path}.experts.{fused}"), &Part { expert, rows })
            }
            _ => self.part(&format!("{path}.switch_mlp.{name}"), &Part { expert, rows: None }),
        };
        Ok(GatedNetwork {
            gate: part("gate_proj", "gate_up_proj", Some(0..inner))?,
            up: part("up_proj", "gate_up_proj", Some(inner..2 * inner))?,
            down: part("down_proj", "down_proj", None)?,
        })
    }
}

/// The numbers of a matrix as f32; `None` where they are that already.
fn floats(source: &Source<'_>) -> Option<Vec<u8>> {
    if source.kind() == WeightType::F32 {
        return None;
    }
    let mut row = vec![0.0; source.columns()];
    let mut bytes = Vec::with_capacity(source.rows() * source.columns() * 4);
    for number in 0..source.rows() {
        source.dequantise_row(number, &mut row);
        bytes.extend(row.iter().flat_map(|number| number.to_le_bytes()));
    }
    Some(bytes)
}
