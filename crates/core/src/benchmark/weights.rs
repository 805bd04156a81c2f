//! What the weights of a model are made of.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use mlxcode_models::{Error, GgufHeader, InstalledModel, Result, WeightFiles};
use serde::Deserialize;

/// The weights that are stored in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WeightType {
    /// The type's name, such as `Q4_K` or `BF16`.
    pub name: String,
    /// Tensors of this type.
    pub tensors: usize,
    /// Their bytes in the file.
    pub size_bytes: u64,
}

/// All weights of a model.
pub struct Weights {
    /// Their types, the one with the most bytes first.
    pub types: Vec<WeightType>,
    /// Bytes that a step reads.
    pub bytes_per_token: u64,
}

struct Tensor {
    name: String,
    of: String,
    size_bytes: u64,
}

/// Reads the headers of the model's files.
pub fn read(model: &InstalledModel) -> Result<Weights> {
    let tensors = match model.files() {
        WeightFiles::Gguf(file) => {
            let tensors = GgufHeader::read(file)?.tensors.into_iter();
            tensors
                .map(|tensor| Tensor {
                    of: tensor.ggml_type.to_string(),
                    name: tensor.name,
                    size_bytes: tensor.size_bytes,
                })
                .collect()
        }
        WeightFiles::SafeTensors(files) => {
            let mut tensors = Vec::new();
            for file in files {
                tensors.extend(safetensors(file)?);
            }
            tensors
        }
        _ => Vec::new(),
    };
    Ok(summary(&tensors, model.config().tie_embeddings))
}

fn summary(tensors: &[Tensor], tied: bool) -> Weights {
    let mut types = BTreeMap::<&str, WeightType>::new();
    for tensor in tensors {
        let of = types.entry(&tensor.of).or_insert_with(|| WeightType {
            name: tensor.of.clone(),
            tensors: 0,
            size_bytes: 0,
        });
        of.tensors += 1;
        of.size_bytes += tensor.size_bytes;
    }
    let mut types: Vec<_> = types.into_values().collect();
    types.sort_by_key(|of| std::cmp::Reverse(of.size_bytes));
    // A token takes one row of the embedding, which is nothing, or all of it
    // where it is the output layer too.
    let bytes_per_token = tensors
        .iter()
        .filter(|tensor| tied || !is_embedding(&tensor.name))
        .map(|tensor| tensor.size_bytes)
        .sum();
    Weights { types, bytes_per_token }
}

fn is_embedding(name: &str) -> bool {
    name.starts_with("model.embed_tokens.") || name == "token_embd.weight"
}

#[derive(Deserialize)]
struct Entry {
    dtype: String,
    data_offsets: (u64, u64),
}

/// The header of a file that was checked already.
fn safetensors(path: &Path) -> Result<Vec<Tensor>> {
    let unreadable = |source| Error::Io { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(unreadable)?;
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(unreadable)?;
    let mut text = Vec::new();
    file.take(u64::from_le_bytes(length)).read_to_end(&mut text).map_err(unreadable)?;
    let header: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(&text).map_err(|error| unreadable(io::Error::from(error)))?;
    let tensor = |(name, entry): (String, serde_json::Value)| {
        let Entry { dtype, data_offsets: (start, end) } =
            Entry::deserialize(entry).map_err(|error| unreadable(io::Error::from(error)))?;
        Ok(Tensor { name, of: dtype, size_bytes: end.saturating_sub(start) })
    };
    header.into_iter().filter(|(name, _)| name != "__metadata__").map(tensor).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_embedding_counts_where_it_is_the_output_too() {
        let tensor = |name: &str, of: &str, size_bytes| Tensor {
            name: name.to_owned(),
            of: of.to_owned(),
            size_bytes,
        };
        let tensors = [
            tensor("output_norm.weight", "F32", 8),
            tensor("token_embd.weight", "Q8_0", 340),
            tensor("blk.0.ffn_up.weight", "Q4_0", 180),
            tensor("blk.0.ffn_down.weight", "Q4_0", 180),
        ];
        assert_eq!(summary(&tensors, true).bytes_per_token, 708);
        assert_eq!(summary(&tensors, false).bytes_per_token, 368);
        let types: Vec<_> = summary(&tensors, true).types;
        let shown: Vec<_> =
            types.iter().map(|of| (of.name.as_str(), of.tensors, of.size_bytes)).collect();
        assert_eq!(shown, [("Q4_0", 2, 360), ("Q8_0", 1, 340), ("F32", 1, 8)]);
    }

    #[test]
    fn a_folder_tells_what_a_file_with_the_same_weights_tells() {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../inference/tests/fixtures");
        let bytes = |name: &str| {
            let model = InstalledModel::check_in_place(&fixtures.join(name)).unwrap();
            let weights = read(&model).unwrap();
            let all: u64 = weights.types.iter().map(|of| of.size_bytes).sum();
            assert!(weights.bytes_per_token <= all, "{name}");
            (weights.types.len(), all, model.parameters())
        };
        let (types, all, numbers) = bytes("qwen2-f32");
        assert_eq!((types, all), (1, 4 * numbers));
        let (types, all, numbers) = bytes("qwen2-gguf-f32/model.gguf");
        assert_eq!((types, all), (1, 4 * numbers));
        let (types, all, numbers) = bytes("llama-f32-sharded");
        assert_eq!((types, all), (1, 4 * numbers));
    }
}
