//! Models that make vectors, for who searches by them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mlxcode_base::Embedder;
use mlxcode_inference::{Encoder, EncoderOptions};
use mlxcode_models::{SafetensorsHeader, StaticEmbedder};

use crate::error::Result;
use crate::input::InputError;
use crate::workspace::Workspace;

/// Reads the model for vectors in a folder: a table of static embeddings in the
/// layout of model2vec, or a model like BERT (`bert`, `roberta`, `xlm-roberta`)
/// as sentence-transformers and transformers write it.
///
/// # Errors
/// Where there is no such folder, or it holds neither, or something in it is
/// damaged.
///
/// ```no_run
/// # fn main() -> mlxcode_core::Result<()> {
/// use std::path::Path;
///
/// let embedder = mlxcode_core::open_embedder(Path::new("models/bge-small-en-v1.5"))?;
/// println!("{} numbers a vector", embedder.dimensions());
/// # Ok(())
/// # }
/// ```
pub fn open_embedder(folder: &Path) -> Result<Arc<dyn Embedder>> {
    if !folder.is_dir() {
        return Err(InputError::NoEmbedder { path: folder.to_owned() }.into());
    }
    let header = SafetensorsHeader::read_folder(folder)?;
    if header.tensor("embeddings").is_some() {
        return Ok(Arc::new(StaticEmbedder::open(folder)?));
    }
    Ok(Arc::new(Encoder::open(folder, &EncoderOptions::default())?))
}

impl Workspace {
    /// The folder of the configured model for vectors; a relative one is meant
    /// from the file that names it.
    pub fn embedder_folder(&self) -> Option<PathBuf> {
        self.config().embedder.as_ref().map(|folder| self.dirs.config.join(folder))
    }
}
