//! The headers of safetensors files.

use mlxcode_kernels::{FloatType, WeightType};
use serde_json::{Map, Value, json};

use super::{Job, PlannedFile};

/// An array of a file: a weight, or its scales or biases.
#[derive(Clone, Debug)]
pub struct Array {
    /// Its name.
    pub name: String,
    /// The format's name for the type of its numbers.
    pub dtype: &'static str,
    /// Its sizes, rows first.
    pub shape: Vec<usize>,
    /// Its bytes.
    pub size_bytes: u64,
    /// The job and which of its arrays.
    pub job: (usize, usize),
}

/// The format's name for a type of floats.
pub fn dtype(kind: FloatType) -> &'static str {
    match kind {
        FloatType::F32 => "F32",
        FloatType::F16 => "F16",
        FloatType::BF16 => "BF16",
    }
}

/// The arrays of a job: MLX's types have words, scales and biases.
pub fn arrays(number: usize, job: &Job, layer: &str, shape: &[usize]) -> Vec<Array> {
    let rows = job.rows() as u64;
    let bytes = job.row_bytes().map(|bytes| bytes as u64 * rows);
    let leading = &shape[..shape.len() - 1];
    let of = |array: usize, name: String, dtype, columns: usize| {
        let shape = [leading, &[columns]].concat();
        Array { name, dtype, shape, size_bytes: bytes[array], job: (number, array) }
    };
    match job.kind {
        WeightType::MlxAffine { bits, group, scale } => {
            let words = job.columns * usize::from(bits) / 32;
            let groups = job.columns / usize::from(group);
            vec![
                of(0, format!("{layer}.weight"), "U32", words),
                of(1, format!("{layer}.scales"), dtype(scale), groups),
                of(2, format!("{layer}.biases"), dtype(scale), groups),
            ]
        }
        kind => {
            let float = super::super::source::float_of(kind).unwrap_or(FloatType::F32);
            vec![of(0, job.name.clone(), dtype(float), job.columns)]
        }
    }
}

/// Lays out a file in which the arrays lie in the order given, tells the jobs
/// their places, and writes the header with its names in order.
pub fn lay_out(
    name: String,
    metadata: &str,
    arrays: &[Array],
    file: usize,
    padded: bool,
    jobs: &mut [Job],
) -> PlannedFile {
    let mut entries: Vec<(&str, Value)> = Vec::new();
    let mut at = 0;
    for array in arrays {
        let end = at + array.size_bytes;
        let entry = json!({"data_offsets": [at, end], "dtype": array.dtype, "shape": array.shape});
        entries.push((&array.name, entry));
        at = end;
    }
    entries.push(("__metadata__", json!({ "format": metadata })));
    entries.sort_by(|a, b| a.0.cmp(b.0));
    let header: Map<String, Value> =
        entries.into_iter().map(|(name, entry)| (name.to_owned(), entry)).collect();
    let mut text = Value::Object(header).to_string().into_bytes();
    if padded {
        text.resize(text.len().next_multiple_of(8), b' ');
    }
    let head = [&(text.len() as u64).to_le_bytes()[..], &text].concat();
    let mut place = head.len() as u64;
    let size_bytes = place + at;
    for array in arrays {
        let (job, which) = array.job;
        jobs[job].file = file;
        jobs[job].offsets[which] = place;
        place += array.size_bytes;
    }
    PlannedFile { name, head, size_bytes }
}

/// Cuts arrays into files of at most `limit_bytes`; one that is larger has a
/// file of its own.
pub fn shards(arrays: Vec<Array>, limit_bytes: u64) -> Vec<Vec<Array>> {
    let mut shards: Vec<Vec<Array>> = Vec::new();
    let mut size = 0;
    for array in arrays {
        size += array.size_bytes;
        match shards.last_mut() {
            Some(shard) if size <= limit_bytes => shard.push(array),
            _ => {
                size = array.size_bytes;
                shards.push(vec![array]);
            }
        }
    }
    shards
}

/// The name of one of several files, or of a single one.
pub fn shard_name(number: usize, count: usize) -> String {
    match count {
        1 => "model.safetensors".to_owned(),
        _ => format!("model-{:05}-of-{count:05}.safetensors", number + 1),
    }
}
