//! Takes a model in.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use mlxcode_base::{CancelToken, Progress, ProgressEvent};
use sha2::{Digest, Sha256};

use super::manifest::{Manifest, ModelFile, ModelSummary};
use super::{MANIFEST, Store, check_name, modified_ns};
use crate::error::{Error, Result};
use crate::installed::{InstalledModel, WeightFiles};

impl Store {
    /// Checks the model at `path` and installs it under `name`, or under the
    /// name of its file or folder. The original stays where it is: files are
    /// linked where the disk allows it, else copied.
    pub fn add(
        &mut self,
        path: &Path,
        name: Option<&str>,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<InstalledModel> {
        let model = InstalledModel::check_in_place(path)?;
        let name = name.map_or_else(|| plain_name(model.name()), str::to_owned);
        check_name(&name)?;
        let _lock = self.lock()?;
        let place = self.folder.join(&name);
        if place.exists() {
            return Err(Error::AlreadyInstalled { name });
        }
        let staging = self.folder.join(format!(".adding-{name}"));
        let done = self.fill(&staging, &model, &name, progress, cancel).and_then(|()| {
            fs::rename(&staging, &place).map_err(|source| Error::Io { path: place.clone(), source })
        });
        if let Err(error) = done {
            // What is left is hidden and is cleared by the next attempt.
            let _ = fs::remove_dir_all(&staging);
            return Err(error);
        }
        self.get(&name)
    }

    fn fill(
        &self,
        staging: &Path,
        model: &InstalledModel,
        name: &str,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<()> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source: io::Error| Error::Io { path, source }
        };
        if staging.exists() {
            fs::remove_dir_all(staging).map_err(io(staging))?;
        }
        fs::create_dir(staging).map_err(io(staging))?;
        let total = model.size_bytes();
        let mut done = 0;
        let mut files = Vec::new();
        for source in model.all_files() {
            let file_name = source.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let target = staging.join(&file_name);
            // Another disk, or one without links: copied.
            if fs::hard_link(&source, &target).is_err() {
                fs::copy(&source, &target).map_err(io(&target))?;
            }
            let task = format!("checking {file_name}");
            let sha256 = hash(&target, cancel, &mut |bytes| {
                done += bytes;
                progress.report(ProgressEvent::new(&*task, done, Some(total)));
            })?;
            let meta = fs::metadata(&target).map_err(io(&target))?;
            files.push(ModelFile {
                name: file_name,
                size_bytes: meta.len(),
                sha256,
                modified_ns: modified_ns(&meta),
            });
        }
        let config = model.config();
        let entry = match model.files() {
            WeightFiles::Gguf(_) => files.first().map(|file| file.name.clone()),
            WeightFiles::SafeTensors(_) => None,
        };
        let manifest = Manifest {
            model: ModelSummary {
                name: name.to_owned(),
                architecture: config.architecture.to_string(),
                weights: model.weights().to_owned(),
                parameters: model.parameters(),
                context_length: config.context_length,
                size_bytes: files.iter().map(|file| file.size_bytes).sum(),
                files,
            },
            entry: entry.unwrap_or_else(|| ".".to_owned()),
        };
        let place = staging.join(MANIFEST);
        let bytes = serde_json::to_vec_pretty(&manifest).unwrap_or_default();
        fs::write(&place, bytes).map_err(io(&place))
    }
}

/// The SHA-256 of a file, `took` told of every part.
pub fn hash(path: &Path, cancel: &CancelToken, took: &mut dyn FnMut(u64)) -> Result<String> {
    let io = |source| Error::Io { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(io)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        if cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                hasher.update(&buffer[..read]);
                took(read as u64);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => return Err(io(source)),
        }
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat())
}

/// A file's name as a model's: what cannot stand in one becomes a dash.
fn plain_name(name: &str) -> String {
    let keep = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let plain: String = name.chars().map(|c| if keep(c) { c } else { '-' }).collect();
    plain.trim_start_matches(['.', '-', '_']).chars().take(100).collect()
}
