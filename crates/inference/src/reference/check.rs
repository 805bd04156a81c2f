//! What the reference runs.

use mlxcode_models::{Error, GgmlType, GgufHeader, InstalledModel, WeightFiles};

use crate::error::Result;

/// Refuses a model that the reference would compute wrongly, or on which
/// candle would stop: what it lacks is named.
pub fn check(model: &InstalledModel, dequantize: bool) -> Result<()> {
    match lacking(model, dequantize)? {
        None => Ok(()),
        Some(what) => {
            let what = format!("{what} in the reference engine");
            Err(Error::UnsupportedModel { path: model.path().to_owned(), what }.into())
        }
    }
}

fn lacking(model: &InstalledModel, dequantize: bool) -> Result<Option<String>> {
    let config = model.config();
    let parts = [
        (config.qk_norm, "norms on the heads of query and key"),
        (config.experts.is_some(), "a mixture of experts"),
        (config.quantization.is_some(), "weights packed by MLX"),
        (config.query_scaling.is_some(), "queries that grow with the position"),
        ((0..config.num_layers).any(|layer| config.window_of(layer).is_some()), "a sliding window"),
    ];
    if let Some((_, what)) = parts.into_iter().find(|(lacking, _)| *lacking) {
        return Ok(Some(what.to_owned()));
    }
    let WeightFiles::Gguf(file) = model.files() else { return Ok(None) };
    let odd = |tensor: &mlxcode_models::GgufTensor| {
        let columns = tensor.dims.first().copied().unwrap_or(0);
        match tensor.ggml_type {
            GgmlType::IQ4_NL | GgmlType::MXFP4 | GgmlType::Other(_) => true,
            // candle takes two blocks of these at once.
            GgmlType::Q4_1 => !dequantize && !columns.is_multiple_of(64),
            _ => false,
        }
    };
    let found = GgufHeader::read(file)?.tensors.into_iter().find(odd);
    Ok(found.map(|tensor| {
        let columns = tensor.dims.first().copied().unwrap_or(0);
        format!("rows of {columns} numbers of the type {} ({})", tensor.ggml_type, tensor.name)
    }))
}
