//! What `tools/make_goldens.py` wrote: the cells and what the references
//! compute of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
pub struct Index {
    /// Tokens before the greedy ones.
    pub prompt: usize,
    /// A context of any length is the first of these.
    pub tokens: Vec<u32>,
    /// `config.json` by name, without `quantization`.
    pub configs: BTreeMap<String, Value>,
    pub cells: Vec<Cell>,
}

/// A configuration in a format.
#[derive(Deserialize)]
pub struct Cell {
    pub name: String,
    pub config: String,
    pub format: Format,
    family: String,
    /// Ends an answer and is not among the greedy tokens.
    pub eos: u32,
    /// Where the last logits of a context of so many tokens begin.
    logits: BTreeMap<usize, usize>,
    /// Where the greedy tokens begin, and after them their margins.
    greedy: usize,
    /// How far the references are apart after so many tokens, where that is much.
    #[serde(default)]
    apart: BTreeMap<usize, f32>,
    /// Where the logits of the reference with rounded numbers begin, after as
    /// many tokens as turn them.
    #[serde(default)]
    rounded: BTreeMap<usize, usize>,
    /// Eight digits a tensor.
    digests: String,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Format {
    Gguf {
        #[serde(rename = "type")]
        dtype: String,
        arch: String,
        /// Other types by the part of a layer.
        #[serde(default)]
        types: BTreeMap<String, String>,
        rope_freqs: Option<Vec<f32>>,
    },
    Safetensors {
        dtype: String,
        shards: usize,
    },
    Mlx {
        dtype: String,
        shards: usize,
        /// As `config.json` has it.
        quantization: Value,
        /// Layers that `quantization` does not name though they differ.
        #[serde(default)]
        unnamed: BTreeMap<String, Packing>,
    },
}

/// How MLX packs a layer.
#[derive(Clone, Debug, Deserialize)]
pub struct Packing {
    pub group_size: usize,
    pub bits: usize,
    #[serde(default = "affine")]
    pub mode: String,
}

fn affine() -> String {
    "affine".to_owned()
}

impl Format {
    /// How a layer is packed; `None` where it is not.
    pub fn packing(&self, path: &str) -> Option<Packing> {
        let Self::Mlx { quantization, unnamed, .. } = self else { return None };
        if let Some(packing) = unnamed.get(path) {
            return Some(packing.clone());
        }
        match quantization.get(path) {
            Some(Value::Bool(false)) => None,
            Some(own) => Some(Packing::deserialize(own).unwrap()),
            None => Some(Packing::deserialize(quantization).unwrap()),
        }
    }
}

/// Greedy tokens, and how far each was ahead of the second.
pub struct Greedy {
    pub tokens: Vec<u32>,
    pub margins: Vec<f32>,
}

const GREEDY: usize = 64;

impl Cell {
    pub fn config(&self) -> &'static Value {
        &index().configs[&self.config]
    }

    /// Lengths of context and the logits after the last token, ascending.
    pub fn logits(&self) -> Vec<(usize, Vec<f32>)> {
        let data = self.data();
        self.logits.iter().map(|(context, at)| (*context, self.floats_at(&data, *at))).collect()
    }

    /// How far the references themselves are apart.
    pub fn apart(&self, context: usize) -> f32 {
        self.apart.get(&context).copied().unwrap_or(0.0)
    }

    /// The logits of the reference with rounded numbers, where these turn.
    pub fn rounded(&self, context: usize) -> Option<Vec<f32>> {
        let at = *self.rounded.get(&context)?;
        Some(self.floats_at(&self.data(), at))
    }

    fn floats_at(&self, data: &[u8], at: usize) -> Vec<f32> {
        let vocab = super::weights::size(self.config(), "vocab_size");
        floats(&data[at..][..vocab * 4])
    }

    pub fn greedy(&self) -> Greedy {
        let data = self.data();
        let (tokens, rest) = data[self.greedy..].split_at(GREEDY * 4);
        let tokens =
            tokens.chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().unwrap()));
        Greedy { tokens: tokens.collect(), margins: floats(&rest[..GREEDY * 4]) }
    }

    pub fn digests(&self) -> impl Iterator<Item = &str> {
        self.digests.as_bytes().chunks(8).map(|digits| std::str::from_utf8(digits).unwrap())
    }

    fn data(&self) -> Vec<u8> {
        std::fs::read(folder().join(format!("{}.bin", self.family))).unwrap()
    }
}

/// The index, read once.
pub fn index() -> &'static Index {
    static INDEX: OnceLock<Index> = OnceLock::new();
    INDEX.get_or_init(|| {
        serde_json::from_slice(&std::fs::read(folder().join("index.json")).unwrap()).unwrap()
    })
}

/// The cell of that name.
pub fn cell(name: &str) -> &'static Cell {
    let found = index().cells.iter().find(|cell| cell.name == name);
    found.unwrap_or_else(|| panic!("no cell {name}"))
}

/// The goldens of the repository, or those of every context, for the slow suite.
fn folder() -> PathBuf {
    std::env::var_os("MLXCODE_GOLDENS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden"), PathBuf::from)
}

fn floats(data: &[u8]) -> Vec<f32> {
    data.chunks_exact(4).map(|word| f32::from_le_bytes(word.try_into().unwrap())).collect()
}
