//! The models that are installed, one folder each.

mod add;
mod manifest;
mod verify;

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::error::{Error, Result};
use crate::installed::InstalledModel;
use manifest::Manifest;

pub use manifest::{ModelFile, ModelSummary};
pub use verify::{VerifyCheck, VerifyReport};

const MANIFEST: &str = "manifest.json";

/// The folder of installed models.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// Opens a store. The folder is made when the first model is added.
    pub fn open(folder: &Path) -> Result<Self> {
        Ok(Self { folder: folder.to_owned() })
    }

    /// The installed models by name, from their manifests alone.
    pub fn list(&self) -> Result<Vec<ModelSummary>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(self.io(source)),
        };
        let mut models = Vec::new();
        for entry in entries {
            let place = entry.map_err(|source| self.io(source))?.path().join(MANIFEST);
            let hidden = place.parent().and_then(Path::file_name);
            let hidden = hidden.is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
            if !hidden && place.exists() {
                models.push(Manifest::read(&place)?.model);
            }
        }
        models.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(models)
    }

    /// What is known of one installed model.
    pub fn summary(&self, name: &str) -> Result<ModelSummary> {
        Ok(self.manifest(name)?.model)
    }

    /// One installed model, ready to load: its files have the sizes and times
    /// that they were installed with, and pass all checks but the checksums,
    /// for which there is [`verify`](Self::verify).
    pub fn get(&self, name: &str) -> Result<InstalledModel> {
        let manifest = self.manifest(name)?;
        let folder = self.folder.join(name);
        for file in &manifest.model.files {
            let path = folder.join(&file.name);
            let meta =
                fs::metadata(&path).map_err(|source| Error::Io { path: path.clone(), source })?;
            let same = meta.len() == file.size_bytes && modified_ns(&meta) == file.modified_ns;
            if !same {
                return Err(Error::ChecksumMismatch { path });
            }
        }
        let mut model = InstalledModel::check_in_place(&folder.join(&manifest.entry))?;
        name.clone_into(&mut model.name);
        Ok(model)
    }

    /// Removes a model: its folder, never a file that it was added from.
    pub fn remove(&mut self, name: &str) -> Result<()> {
        let _lock = self.lock()?;
        self.manifest(name)?;
        // Renamed first, so that no half-removed model is ever listed.
        let gone = self.folder.join(format!(".removed-{name}"));
        let remove = || {
            if gone.exists() {
                fs::remove_dir_all(&gone)?;
            }
            fs::rename(self.folder.join(name), &gone)?;
            fs::remove_dir_all(&gone)
        };
        remove().map_err(|source| self.io(source))
    }

    fn manifest(&self, name: &str) -> Result<Manifest> {
        check_name(name)?;
        let place = self.folder.join(name).join(MANIFEST);
        if !place.exists() {
            return Err(Error::NotInstalled { name: name.to_owned() });
        }
        Manifest::read(&place)
    }

    /// Waits until no other process changes the store.
    fn lock(&self) -> Result<File> {
        fs::create_dir_all(&self.folder).map_err(|source| self.io(source))?;
        let place = self.folder.join(".lock");
        let io = |source| Error::Io { path: place.clone(), source };
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&place);
        let file = file.map_err(io)?;
        file.lock().map_err(io)?;
        Ok(file)
    }

    fn io(&self, source: std::io::Error) -> Error {
        Error::Io { path: self.folder.clone(), source }
    }
}

/// A name is a folder's: no separators, nothing hidden.
fn check_name(name: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let starts = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if starts && name.len() <= 100 && name.chars().all(plain) {
        return Ok(());
    }
    Err(Error::BadName { name: name.to_owned() })
}

fn modified_ns(meta: &fs::Metadata) -> u64 {
    let since = meta.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |time| time.as_nanos() as u64)
}
