//! Takes a model in.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf, absolute};

use mlxcode_base::{CancelToken, Progress, ProgressEvent};

use super::checked::{self, Moment, Seen};
use super::lock::ADDING;
use super::manifest::{Manifest, ModelFile, ModelSummary};
use super::origin::of_cache;
use super::place::{Placed, place, sync_folder};
use super::{Store, check_name, modified_ns};
use crate::error::{Error, Result};
use crate::installed::{InstalledModel, WeightFiles, check};
use crate::validate::{Depth, Strict, check_values};

/// How a model is added.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct AddOptions {
    /// The name to install it under; that of its file or folder where none is.
    pub name: Option<String>,
    /// Where files came from, by their names, such as
    /// `hf:org/name@revision/path`. Those of a download cache are known anyway.
    pub origins: BTreeMap<String, String>,
}

impl Store {
    /// Checks the model at `path` and installs it under `name`, or under the
    /// name of its file or folder, as [`add_with`](Self::add_with) does.
    pub fn add(
        &mut self,
        path: &Path,
        name: Option<&str>,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<InstalledModel> {
        let options = AddOptions { name: name.map(str::to_owned), ..AddOptions::default() };
        self.add_with(path, &options, progress, cancel)
    }

    /// Checks the model at `path` and installs it. The original stays where it
    /// is: its files share their blocks with the installed ones where the disk
    /// can do that until one of them is written to; else they are linked, so
    /// that what is written into the one is in the other too; else copied.
    ///
    /// # Errors
    /// Whatever goes wrong, nothing is installed: the model becomes visible
    /// with its last step, when all of it was checked and is on the disk.
    pub fn add_with(
        &mut self,
        path: &Path,
        options: &AddOptions,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<InstalledModel> {
        let model = InstalledModel::check_in_place(path)?;
        let name = options.name.clone().unwrap_or_else(|| plain_name(model.name()));
        check_name(&name)?;
        let place = self.folder.join(&name);
        let is_free = || {
            let taken = place.exists().then(|| Error::AlreadyInstalled { name: name.clone() });
            taken.map_or(Ok(()), Err)
        };
        // Gigabytes are copied and summed while others may change the store.
        let staging = self.stage(&format!("{ADDING}{name}"), cancel, &is_free)?;
        let sources = sources(path, &model, options);
        let manifest = fill(staging.path(), &sources, &model, &name, progress, cancel)?;
        let mut model = check_staged(staging.path(), &manifest, cancel)?;
        let _lock = self.lock_patiently(cancel)?;
        is_free()?;
        staging.put(&place)?;
        sync_folder(&self.folder)?;
        model.move_to(&fs::canonicalize(&place).unwrap_or(place));
        model.lease = self.lease(&name)?.map(Into::into);
        model.name = name;
        Ok(model)
    }
}

/// A file to be taken in.
struct Source {
    path: PathBuf,
    name: String,
    origin: Option<String>,
}

fn sources(path: &Path, model: &InstalledModel, options: &AddOptions) -> Vec<Source> {
    let given = absolute(path).unwrap_or_else(|_| path.to_owned());
    let source = |file: PathBuf| {
        // A file alone is called as the caller does: the target of a link may
        // be a mere hash.
        let seen = match model.files() {
            WeightFiles::Gguf(_) => given.clone(),
            WeightFiles::SafeTensors(_) => given.join(file.file_name().unwrap_or_default()),
        };
        let name = seen.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let origin = options.origins.get(&name).cloned().or_else(|| of_cache(&seen));
        Source { path: file, name, origin }
    };
    model.all_files().into_iter().map(source).collect()
}

fn fill(
    staging: &Path,
    sources: &[Source],
    model: &InstalledModel,
    name: &str,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<Manifest> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source: io::Error| Error::Io { path, source }
    };
    let total = model.size_bytes();
    let mut done = 0;
    let mut files = Vec::new();
    let mut seen = BTreeMap::new();
    let moment = Moment::now();
    for source in sources {
        let target = staging.join(&source.name);
        let sha256 = place(&source.path, &target, cancel, &mut |placed, bytes| {
            done += bytes;
            let verb = if placed == Placed::Copied { "copying" } else { "checking" };
            let task = format!("{verb} {}", source.name);
            progress.report(ProgressEvent::new(task, done, Some(total)));
        })?;
        let meta = fs::metadata(&target).map_err(io(&target))?;
        seen.insert(source.name.clone(), Seen::of(&meta, &moment));
        files.push(ModelFile {
            name: source.name.clone(),
            size_bytes: meta.len(),
            sha256,
            modified_ns: modified_ns(&meta),
            origin: source.origin.clone(),
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
    manifest.write(staging)?;
    Ok(manifest)
}

/// Checks what was taken in, which may be other bytes than those that were
/// checked before: the original may have changed meanwhile.
fn check_staged(
    staging: &Path,
    manifest: &Manifest,
    cancel: &CancelToken,
) -> Result<InstalledModel> {
    let staged = check(&staging.join(&manifest.entry), &mut Strict)?;
    check_values(&staged.stretches, Depth::Sample, cancel, &|_| {})?;
    let changed = || Error::ChecksumMismatch { path: staging.to_owned() };
    let model = staged.model.ok_or_else(changed)?;
    let now = (model.parameters(), model.weights(), model.config().context_length);
    let then = &manifest.model;
    if now != (then.parameters, &*then.weights, then.context_length) {
        return Err(changed());
    }
    Ok(model)
}

/// A file's name as a model's: what cannot stand in one becomes a dash.
fn plain_name(name: &str) -> String {
    let keep = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let plain: String = name.chars().map(|c| if keep(c) { c } else { '-' }).collect();
    let plain: String = plain.trim_start_matches(['.', '-', '_']).chars().take(100).collect();
    plain.trim_end_matches('.').to_owned()
}
