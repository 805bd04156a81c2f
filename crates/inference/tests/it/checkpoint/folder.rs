//! Folders as transformers and mlx-lm write them.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::index::{Cell, Format};
use super::storage::Stored;
use super::vocabulary;

/// Writes all files of a folder.
pub fn write(folder: &Path, cell: &Cell, tensors: &[Stored]) {
    let mut config = cell.config().clone();
    let shards = match &cell.format {
        Format::Safetensors { dtype, shards } => {
            let dtype = match dtype.as_str() {
                "F32" => "float32",
                "F16" => "float16",
                _ => "bfloat16",
            };
            config["torch_dtype"] = dtype.into();
            *shards
        }
        Format::Mlx { shards, quantization, .. } => {
            // mlx-lm writes it under both names.
            config["quantization"] = quantization.clone();
            config["quantization_config"] = quantization.clone();
            *shards
        }
        Format::Gguf { .. } => panic!("{} is no folder", cell.name),
    };
    let metadata = if matches!(cell.format, Format::Mlx { .. }) { "mlx" } else { "pt" };
    if shards == 1 {
        write_shard(&folder.join("model.safetensors"), tensors.iter(), metadata);
    } else {
        let mut places = Map::new();
        for shard in 0..shards {
            let name = format!("model-{:05}-of-{shards:05}.safetensors", shard + 1);
            let own = || tensors.iter().skip(shard).step_by(shards);
            write_shard(&folder.join(&name), own(), metadata);
            places.extend(own().map(|tensor| (tensor.name.clone(), name.clone().into())));
        }
        let total: usize = tensors.iter().map(|tensor| tensor.data.len()).sum();
        let index = json!({"metadata": {"total_size": total}, "weight_map": places});
        write_json(&folder.join("model.safetensors.index.json"), &index);
    }
    write_json(&folder.join("config.json"), &config);
    write_json(&folder.join("generation_config.json"), &json!({"eos_token_id": [cell.eos]}));
    for name in ["tokenizer.json", "tokenizer_config.json"] {
        fs::write(folder.join(name), vocabulary::file(name)).unwrap();
    }
}

fn write_json(path: &Path, value: &Value) {
    fs::write(path, value.to_string()).unwrap();
}

fn write_shard<'s>(path: &Path, tensors: impl Iterator<Item = &'s Stored>, metadata: &str) {
    let (mut header, mut data) = (Map::new(), Vec::new());
    header.insert("__metadata__".to_owned(), json!({"format": metadata}));
    for Stored { name, dtype, shape, data: own } in tensors {
        let place = [data.len(), data.len() + own.len()];
        let entry = json!({"dtype": dtype, "shape": shape, "data_offsets": place});
        header.insert(name.clone(), entry);
        data.extend_from_slice(own);
    }
    let mut header = Value::Object(header).to_string().into_bytes();
    header.resize(header.len().next_multiple_of(8), b' ');
    let length = (header.len() as u64).to_le_bytes();
    fs::write(path, [&length[..], &header, &data].concat()).unwrap();
}
