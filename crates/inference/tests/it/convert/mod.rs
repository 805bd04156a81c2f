//! Conversions: that the result says what the source says, that it is what
//! others make of it, and that one that is cut off goes on.

mod errors;
mod families;
mod peers;
mod resume;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use mlxcode_base::CancelToken;
use mlxcode_inference::{ConvertOptions, Converted, LoadOptions, Result, engine_logits};
use mlxcode_models::InstalledModel;

use crate::checkpoint::{Checkpoint, cell, index};

/// Converts, and hears nothing of it.
fn convert(source: &Path, output: &Path, target: &str) -> Result<Converted> {
    let options = ConvertOptions::new(target.parse()?);
    let model = InstalledModel::check_in_place(source)?;
    mlxcode_inference::convert(&model, output, &options, &(), &CancelToken::new())
}

/// A checkpoint of the goldens.
fn source(name: &str) -> Checkpoint {
    Checkpoint::new(cell(name))
}

/// The logits after each of some tokens, all computed in 32-bit floats.
fn logits(path: &Path) -> Vec<Vec<f32>> {
    let model = InstalledModel::check_in_place(path).unwrap();
    let mut options = LoadOptions::default();
    options.dequantize = true;
    engine_logits(&model, &options, &index().tokens[..33], 33).unwrap()
}

/// Every file of a result, by name.
fn files(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    if path.is_file() {
        return [(PathBuf::new(), fs::read(path).unwrap())].into();
    }
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.file_name().unwrap().into(), fs::read(&path).unwrap())).collect()
}
