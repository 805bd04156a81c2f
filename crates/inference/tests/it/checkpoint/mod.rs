//! Tiny random checkpoints of every format and family, made from the names of
//! their cells, and what the references compute of them: see
//! `tools/make_goldens.py`.

mod check;
mod contexts;
mod engine;
mod folder;
mod gguf;
mod index;
pub mod noise;
mod storage;
mod tests;
mod vocabulary;
mod weights;

use std::path::{Path, PathBuf};

pub use check::cosine;
use index::{Cell, Format};
pub use index::{cell, index};
use storage::{Stored, stored};
use tempfile::TempDir;

/// A model's files, as long as it lives.
pub struct Checkpoint {
    folder: TempDir,
    gguf: bool,
}

impl Checkpoint {
    /// Makes and writes the cell's files.
    pub fn new(cell: &Cell) -> Self {
        Self::of(cell, &stored(&cell.name, cell.config(), &cell.format))
    }

    fn of(cell: &Cell, tensors: &[Stored]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let gguf = matches!(cell.format, Format::Gguf { .. });
        let checkpoint = Self { folder, gguf };
        write(&checkpoint.path(), cell, tensors);
        checkpoint
    }

    /// The GGUF file or the folder.
    pub fn path(&self) -> PathBuf {
        let folder = self.folder.path();
        if self.gguf { folder.join("model.gguf") } else { folder.to_owned() }
    }
}

fn write(path: &Path, cell: &Cell, tensors: &[Stored]) {
    match cell.format {
        Format::Gguf { .. } => gguf::write(path, cell, tensors),
        _ => folder::write(path, cell, tensors),
    }
}
