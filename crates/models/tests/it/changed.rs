//! The tiny model with some of its words changed.

use std::fs;

use mlxcode_models::{InstalledModel, ModelConfig};
use serde_json::Value;

use crate::support::{GgufFile, V, config, gguf, weights, write_folder, write_json};

/// The tiny model's configuration with some values changed.
pub fn changed(changes: &Value) -> Value {
    let mut config = config();
    for (key, value) in changes.as_object().unwrap() {
        config[key] = value.clone();
    }
    config
}

pub fn folder_with(changes: &Value, tensors: &[(String, Vec<u64>)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_folder(folder.path());
    write_json(&folder.path().join("config.json"), &changed(changes));
    fs::write(folder.path().join("model.safetensors"), weights(tensors)).unwrap();
    folder
}

pub fn of_folder(changes: &Value, tensors: &[(String, Vec<u64>)]) -> ModelConfig {
    let folder = folder_with(changes, tensors);
    InstalledModel::check_in_place(folder.path()).unwrap().config().clone()
}

pub fn of_gguf(file: &GgufFile) -> ModelConfig {
    let folder = tempfile::tempdir().unwrap();
    InstalledModel::check_in_place(&file.write(folder.path())).unwrap().config().clone()
}

/// The tiny model under another family's name.
pub fn renamed(family: &str) -> GgufFile {
    let mut file = gguf();
    for (key, _) in &mut file.values {
        *key = key.replace("llama.", &format!("{family}."));
    }
    file.set("general.architecture", V::Str(family.to_owned()))
}
