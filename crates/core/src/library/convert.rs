use std::path::Path;

use mlxcode_base::{CancelToken, Progress};
use mlxcode_inference::{ConvertOptions, Converted, convert};

use super::{ModelLibrary, path};
use crate::error::Result;

impl ModelLibrary {
    /// Converts what `reference` names, as [`load`](Self::load) reads it, to
    /// `output`, a GGUF file or a folder that is not there yet. It runs beside
    /// a model that answers, at a low priority where the system has one. Where
    /// it is cancelled or cut off, the same call goes on with what is done.
    pub fn convert(
        &self,
        from: &Path,
        reference: &str,
        output: &Path,
        options: &ConvertOptions,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<Converted> {
        let model = self.installed(from, reference, progress, cancel)?;
        Ok(convert(&model, output, options, progress, cancel)?)
    }

    /// What a conversion of `reference` would be called, in the folder `from`.
    pub fn converted_name(from: &Path, reference: &str, options: &ConvertOptions) -> String {
        let stem = path(from, reference).and_then(|path| {
            let folder = path.is_dir();
            let stem = if folder { path.file_name() } else { path.file_stem() };
            stem.map(|stem| stem.to_string_lossy().into_owned())
        });
        options.target.file_name(stem.as_deref().unwrap_or(reference))
    }
}
