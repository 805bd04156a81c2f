//! Takes a model in.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use mlxcode_base::{CancelToken, Progress, ProgressEvent};

use super::checked::{self, Moment, Seen};
use super::hash::{copy, hash};
use super::manifest::{Manifest, ModelFile, ModelSummary};
use super::{MANIFEST, Store, check_name, modified_ns};
use crate::error::{Error, Result};
use crate::installed::{InstalledModel, WeightFiles};

impl Store {
    /// Checks the model at `path` and installs it under `name`, or under the
    /// name of its file or folder. The original stays where it is: files are
    /// linked where the disk allows it, else copied.
    ///
    /// # Errors
    /// Whatever goes wrong, nothing is installed: the model becomes visible
    /// with its last step.
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
        let _lock = self.lock(cancel)?;
        let place = self.folder.join(&name);
        if place.exists() {
            return Err(Error::AlreadyInstalled { name });
        }
        let staging = self.folder.join(format!(".adding-{name}"));
        let done = fill(&staging, &model, &name, progress, cancel).and_then(|()| {
            fs::rename(&staging, &place).map_err(|source| Error::Io { path: place.clone(), source })
        });
        if let Err(error) = done {
            // What is left is hidden and is cleared by the next attempt.
            let _ = fs::remove_dir_all(&staging);
            return Err(error);
        }
        self.get_with(&name, &(), cancel).inspect_err(|_| {
            // The original changed while it was added.
            let _ = fs::rename(&place, &staging).and_then(|()| fs::remove_dir_all(&staging));
        })
    }
}

fn fill(
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
    fs::create_dir(staging).map_err(io(staging))?;
    let total = model.size_bytes();
    let mut done = 0;
    let mut files = Vec::new();
    let mut seen = BTreeMap::new();
    let moment = Moment::now();
    for source in model.all_files() {
        let file_name = source.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let target = staging.join(&file_name);
        // The file itself, as a link to a symbolic link would lead nowhere
        // from here. Download caches are made of symbolic links.
        let source = fs::canonicalize(&source).map_err(io(&source))?;
        let linked = fs::hard_link(&source, &target).is_ok();
        let task = format!("{} {file_name}", if linked { "checking" } else { "copying" });
        let mut took = |bytes| {
            done += bytes;
            progress.report(ProgressEvent::new(&*task, done, Some(total)));
        };
        let sha256 = if linked {
            hash(&target, cancel, &mut took)?
        } else {
            // Another disk, or one without links.
            copy(&source, &target, cancel, &mut took)?
        };
        let meta = fs::metadata(&target).map_err(io(&target))?;
        seen.insert(file_name.clone(), Seen::of(&meta, &moment));
        files.push(ModelFile {
            name: file_name,
            size_bytes: meta.len(),
            sha256,
            modified_ns: modified_ns(&meta),
        });
    }
    checked::write(staging, &seen);
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
    let written = serde_json::to_vec_pretty(&manifest)
        .map_err(io::Error::from)
        .and_then(|bytes| fs::write(&place, bytes))
        // On the disk before the rename that makes it visible.
        .and_then(|()| File::open(&place)?.sync_all());
    written.map_err(io(&place))
}

/// A file's name as a model's: what cannot stand in one becomes a dash.
fn plain_name(name: &str) -> String {
    let keep = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let plain: String = name.chars().map(|c| if keep(c) { c } else { '-' }).collect();
    let plain: String = plain.trim_start_matches(['.', '-', '_']).chars().take(100).collect();
    plain.trim_end_matches('.').to_owned()
}
