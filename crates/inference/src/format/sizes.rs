//! How large matrices are, before any of them is read.

use mlxcode_kernels::{Layout, TILE_ROWS, WeightType};

use super::{Checkpoint, Tensor, TensorType};
use crate::error::Result;

/// Factors of the positions' speeds, which become a part of the configuration.
const POSITIONS: &str = "rope_freqs.weight";

/// A weight as far as its size goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightSize {
    /// Its name in the file.
    pub name: String,
    /// Bytes that are read for it at once: of one expert where there are
    /// several.
    pub source_bytes: u64,
    /// What it takes once it is laid out; all experts together.
    pub packed_bytes: u64,
    /// The same as 32-bit floats.
    pub float_bytes: u64,
}

impl Checkpoint {
    /// The sizes of all weights. Scales and biases of MLX weights count with
    /// their weight.
    pub fn sizes(&self) -> Result<Vec<WeightSize>> {
        let mut sizes = Vec::new();
        for tensor in self.tensors() {
            if tensor.name == POSITIONS {
                continue;
            }
            let path = tensor.name.rsplit_once('.').map_or(tensor.name, |(path, _)| path);
            let ending = &tensor.name[path.len()..];
            let is_packed = |path: &str| {
                let weight = self.tensor(&format!("{path}.weight"));
                weight.is_some_and(|weight| weight.kind == TensorType::U32)
            };
            if matches!(ending, ".scales" | ".biases") && is_packed(path) {
                continue;
            }
            let (source_bytes, kind) = if let TensorType::Weight(kind) = tensor.kind {
                (tensor.bytes.len(), kind)
            } else {
                let (arrays, kind) = self.packed(path, tensor)?;
                (arrays.iter().map(|array| array.bytes.len()).sum(), kind)
            };
            sizes.push(size(&tensor, source_bytes as u64, kind));
        }
        Ok(sizes)
    }
}

/// Tiles of sixteen rows, in them blocks of scales and codes: the layout of
/// `mlxcode_kernels::Packed`. What is no matrix is held as 32-bit floats.
fn size(tensor: &Tensor<'_>, source_bytes: u64, kind: WeightType) -> WeightSize {
    let name = tensor.name.to_owned();
    let (block, bytes) = kind.block();
    let last = *tensor.shape.last().unwrap_or(&1);
    let columns = match tensor.kind {
        TensorType::Weight(_) => last,
        _ => last * 4 / bytes * block,
    };
    let Some((_, above)) = tensor.shape.split_last().filter(|(_, above)| !above.is_empty()) else {
        let float_bytes = 4 * columns as u64;
        return WeightSize { name, source_bytes, packed_bytes: float_bytes, float_bytes };
    };
    let rows = *above.last().unwrap_or(&1);
    let stacked = above[..above.len() - 1].iter().product::<usize>().max(1);
    let packed = |kind| {
        let layout = Layout::of(kind);
        let blocks = columns.div_ceil(layout.block_columns());
        (stacked * rows.div_ceil(TILE_ROWS) * blocks * layout.block_bytes()) as u64
    };
    WeightSize {
        name,
        source_bytes: source_bytes / stacked as u64,
        packed_bytes: packed(kind),
        float_bytes: packed(WeightType::F32),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use mlxcode_base::CancelToken;
    use mlxcode_models::InstalledModel;

    use super::*;
    use crate::cpu::CpuModel;
    use crate::engine::{LoadOptions, computing};

    /// What is computed is what loading makes, to the byte.
    #[test]
    fn sizes_are_those_of_the_packed_model() {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        let mut seen = 0;
        for entry in std::fs::read_dir(fixtures).unwrap().flatten() {
            let file = entry.path().join("model.gguf");
            let path = if file.exists() { file } else { entry.path() };
            let Ok(model) = InstalledModel::check_in_place(&path) else { continue };
            let checkpoint = Checkpoint::open(&model).unwrap();
            let sizes = crate::fit::weights(&model, &checkpoint).unwrap();
            for dequantize in [false, true] {
                let options = LoadOptions { dequantize, ..LoadOptions::default() };
                let computing = computing(&options).unwrap();
                let cancel = CancelToken::new();
                let Ok(cpu) = CpuModel::load(&model, &checkpoint, computing, dequantize, &cancel)
                else {
                    continue;
                };
                let of = |one: &WeightSize| {
                    if dequantize { one.float_bytes } else { one.packed_bytes }
                };
                let computed: u64 = sizes.iter().map(of).sum();
                assert_eq!(computed, cpu.weights_bytes(), "{} {dequantize}", path.display());
                seen += 1;
            }
        }
        assert!(seen >= 20, "{seen}");
    }
}
