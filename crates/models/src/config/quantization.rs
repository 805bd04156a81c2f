//! How MLX packs the weights of a folder.
//!
//! `config.json` says it for all weights, and by path for those that differ:
//! `"quantization": {"group_size": 64, "bits": 4, "mode": "affine",
//! "model.layers.0.mlp.down_proj": {"group_size": 64, "bits": 8},
//! "lm_head": false}`. mlx-lm writes a copy as `quantization_config`.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::ConfigProblem;
use crate::safetensors::text_name;

/// How the numbers of a weight are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum QuantizationMode {
    /// `w = q · scale + bias`, `q` unsigned, a scale and a bias a group.
    Affine,
    /// E2M1 numbers in groups of 32, scales E8M0.
    Mxfp4,
    /// E4M3 numbers in groups of 32, scales E8M0.
    Mxfp8,
    /// E2M1 numbers in groups of 16, scales E4M3.
    Nvfp4,
}

impl QuantizationMode {
    fn named(name: &str) -> Option<Self> {
        let known = [Self::Affine, Self::Mxfp4, Self::Mxfp8, Self::Nvfp4];
        known.into_iter().find(|mode| mode.to_string() == name)
    }

    /// The group size and the bits of a weight that does not name its own.
    fn usual(self) -> (u64, u64) {
        match self {
            Self::Affine => (64, 4),
            Self::Mxfp4 => (32, 4),
            Self::Mxfp8 => (32, 8),
            Self::Nvfp4 => (16, 4),
        }
    }
}

/// The name that MLX gives it.
impl fmt::Display for QuantizationMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Affine => "affine",
            Self::Mxfp4 => "mxfp4",
            Self::Mxfp8 => "mxfp8",
            Self::Nvfp4 => "nvfp4",
        })
    }
}

/// How one weight is packed.
///
/// A row of `columns` numbers is a little-endian stream of
/// `columns · bits / 32` words, the first number in the lowest bits; `group_size`
/// numbers share a scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Packing {
    /// How a number is stored.
    pub mode: QuantizationMode,
    /// Bits of a number.
    pub bits: u64,
    /// Numbers that share a scale.
    pub group_size: u64,
}

impl Packing {
    /// Checks that it is one that MLX has.
    fn checked(self, path: &str) -> Result<Self, ConfigProblem> {
        let known = match self.mode {
            QuantizationMode::Affine => {
                matches!(self.bits, 2 | 3 | 4 | 5 | 6 | 8)
                    && matches!(self.group_size, 32 | 64 | 128)
            }
            other => (self.group_size, self.bits) == other.usual(),
        };
        if known {
            return Ok(self);
        }
        let what = format!("{} bits in groups of {} ({path})", self.bits, self.group_size);
        Err(ConfigProblem::Unsupported(format!("the packing {}, {what}", self.mode)))
    }

    fn of_json(value: &Value, path: &str) -> Result<Self, ConfigProblem> {
        let mode = match value.get("mode").filter(|mode| !mode.is_null()) {
            None => QuantizationMode::Affine,
            Some(mode) => mode.as_str().and_then(QuantizationMode::named).ok_or_else(|| {
                ConfigProblem::Unsupported(format!("the quantisation mode {mode} ({path})"))
            })?,
        };
        let (group_size, bits) = mode.usual();
        let number = |name: &str, usual: u64| match value.get(name) {
            None | Some(Value::Null) => Ok(usual),
            Some(number) => number.as_u64().ok_or_else(|| {
                ConfigProblem::Damaged(format!("{name} of {path} is {number}, no whole number"))
            }),
        };
        let group_size = number("group_size", group_size)?;
        Self { mode, bits: number("bits", bits)?, group_size }.checked(path)
    }

    /// Words of 32 bits that a row of so many numbers takes; `None` where the
    /// numbers fill no whole words or groups.
    pub fn words(self, columns: u64) -> Option<u64> {
        let whole = columns.is_multiple_of(self.group_size);
        let bits = columns.checked_mul(self.bits).filter(|bits| whole && bits.is_multiple_of(32));
        bits.map(|bits| bits / 32)
    }
}

/// `4-bit`, or the name of a mode that tells the bits.
impl fmt::Display for Packing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mode {
            QuantizationMode::Affine => write!(f, "{}-bit", self.bits),
            mode => f.write_str(&mode.to_string().to_uppercase()),
        }
    }
}

/// How the weights of an MLX folder are packed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quantization {
    /// What the configuration says of all weights.
    pub usual: Packing,
    /// What it says of single ones; `None` for a weight that is not packed.
    named: BTreeMap<String, Option<Packing>>,
    /// Every packed weight, once the files were looked into.
    weights: BTreeMap<String, Packing>,
}

impl Quantization {
    /// Reads the configuration's entry `quantization`, or its copy.
    pub(super) fn of_json(value: &Value) -> Result<Self, ConfigProblem> {
        if let Some(method) = value.get("quant_method").or_else(|| value.get("quant_algo")) {
            let method = method.as_str().map_or_else(|| method.to_string(), str::to_owned);
            return Err(ConfigProblem::Unsupported(format!("the quantisation {method}")));
        }
        if value.get("bits").is_none() || value.get("group_size").is_none() {
            let what = "a quantisation without bits and group_size".to_owned();
            return Err(ConfigProblem::Unsupported(what));
        }
        let usual = Packing::of_json(value, "quantization")?;
        let mut named = BTreeMap::new();
        for (path, value) in value.as_object().into_iter().flatten() {
            let path = text_name(path);
            match value {
                Value::Object(_) => {
                    let packing = Packing::of_json(value, &path)?;
                    named.insert(path.into_owned(), Some(packing))
                }
                // The path of a weight has dots; the one without is the head.
                Value::Bool(packed) if path.contains('.') || path == "lm_head" => {
                    named.insert(path.into_owned(), packed.then_some(usual))
                }
                _ => None,
            };
        }
        Ok(Self { usual, named, weights: BTreeMap::new() })
    }

    /// How a weight is packed; `None` for one that is not.
    ///
    /// `path` is the weight's name without `.weight`, such as
    /// `model.layers.0.self_attn.q_proj`.
    pub fn of(&self, path: &str) -> Option<Packing> {
        self.weights.get(path).copied()
    }

    /// Every packed weight by its path.
    pub fn weights(&self) -> &BTreeMap<String, Packing> {
        &self.weights
    }

    /// Works out how a weight with scales is packed, and keeps it.
    ///
    /// `words` are the 32-bit words of a row, `scales` its scales, `columns`
    /// its numbers where the model's shape tells them; `byte_scales` says that
    /// the scales are no numbers of the model's own type.
    pub(crate) fn settle(
        &mut self,
        path: &str,
        words: u64,
        scales: u64,
        byte_scales: bool,
        columns: Option<u64>,
    ) -> Result<Packing, ConfigProblem> {
        let packing = match self.named.get(path) {
            Some(Some(packing)) => *packing,
            Some(None) => {
                let reason = format!("{path} has scales, its configuration says it is not packed");
                return Err(ConfigProblem::Damaged(reason));
            }
            None => self.inferred(path, words, scales, byte_scales, columns)?,
        };
        self.weights.insert(path.to_owned(), packing);
        Ok(packing)
    }

    fn inferred(
        &self,
        path: &str,
        words: u64,
        scales: u64,
        byte_scales: bool,
        columns: Option<u64>,
    ) -> Result<Packing, ConfigProblem> {
        let Some(columns) = columns.filter(|columns| *columns > 0 && scales > 0) else {
            return Ok(self.usual);
        };
        let bits = words.saturating_mul(32) / columns;
        let group_size = columns / scales;
        let mode = match (byte_scales, bits, group_size) {
            (false, ..) => QuantizationMode::Affine,
            (true, 4, 16) => QuantizationMode::Nvfp4,
            (true, 4, 32) => QuantizationMode::Mxfp4,
            (true, 8, 32) => QuantizationMode::Mxfp8,
            _ => {
                let what = format!("{bits} bits in groups of {group_size} with scales of a byte");
                return Err(ConfigProblem::Unsupported(format!("{what} ({path})")));
            }
        };
        Packing { mode, bits, group_size }.checked(path)
    }
}
