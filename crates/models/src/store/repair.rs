//! Fetches again what is broken, and only that.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use mlxcode_base::{CancelToken, Progress, ProgressEvent};

use super::hash::{hash, hash_all};
use super::lock::REPAIRING;
use super::manifest::ModelFile;
use super::origin::FileSource;
use super::place::sync_folder;
use super::{Store, modified_ns};
use crate::error::{Error, Result};
use crate::installed::InstalledModel;

/// What a repair did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RepairReport {
    /// The model.
    pub name: String,
    /// The files that were sound, by name.
    pub sound: Vec<String>,
    /// The files that were broken and are sound now.
    pub repaired: Vec<RepairedFile>,
}

/// A file that was fetched again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RepairedFile {
    /// Its name.
    pub name: String,
    /// Its size, which is what was fetched.
    pub size_bytes: u64,
    /// Where it came from.
    pub origin: String,
}

impl Store {
    /// Hashes every file of a model, fetches those that are not what was
    /// installed from where they came from, and puts each in its place when its
    /// bytes are right. A process that has the model loaded keeps the file that
    /// it has.
    ///
    /// # Errors
    /// [`Error::NoOrigin`] for a broken file that was added by hand, and
    /// [`Error::NoSource`] where there is nobody to fetch from. Nothing is
    /// fetched then. What was put in place before another failure stays.
    pub fn repair(
        &mut self,
        name: &str,
        source: Option<&dyn FileSource>,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<RepairReport> {
        let mut manifest = self.manifest(name)?;
        // Nobody removes it, and nobody else repairs it, meanwhile.
        let _lease = self.lease(name)?;
        let staging = self.stage(&format!("{REPAIRING}{name}"), cancel, &|| Ok(()))?;
        let folder = self.folder.join(name);
        let mut report =
            RepairReport { name: name.to_owned(), sound: Vec::new(), repaired: Vec::new() };
        let mut broken: Vec<usize> = Vec::new();
        let paths: Vec<PathBuf> =
            manifest.model.files.iter().map(|file| folder.join(&file.name)).collect();
        for (number, found) in hash_all(&paths, cancel, &|_, _| {}).into_iter().enumerate() {
            let file = &manifest.model.files[number];
            match found {
                Err(Error::Cancelled) => return Err(Error::Cancelled),
                Ok(found) if found == file.sha256 => report.sound.push(file.name.clone()),
                _ => broken.push(number),
            }
        }
        let asked = source.and_then(FileSource::for_one_work);
        let source = asked.as_deref().or(source);
        let mut wanted = Vec::new();
        for number in broken {
            let path = paths[number].clone();
            let Some(origin) = manifest.model.files[number].origin.clone() else {
                return Err(Error::NoOrigin { path });
            };
            let Some(source) = source else { return Err(Error::NoSource { path, origin }) };
            wanted.push((number, path, origin, source));
        }
        let total = wanted.iter().map(|(number, ..)| manifest.model.files[*number].size_bytes);
        let total: u64 = total.sum();
        let mut done = 0;
        for (number, path, origin, source) in wanted {
            let file = &mut manifest.model.files[number];
            let told = |event: ProgressEvent| {
                progress.report(ProgressEvent::new(event.task, done + event.done, Some(total)));
            };
            self.fetch(staging.path(), file, &path, &origin, source, &told, cancel)?;
            done += file.size_bytes;
            report.repaired.push(RepairedFile {
                name: file.name.clone(),
                size_bytes: file.size_bytes,
                origin,
            });
        }
        if !report.repaired.is_empty() {
            let _lock = self.lock_patiently(cancel)?;
            manifest.write(&folder)?;
        }
        // Bytes that are as installed, of a model that this version refuses.
        InstalledModel::check_in_place(&folder.join(&manifest.entry))?;
        Ok(report)
    }

    #[expect(clippy::too_many_arguments, reason = "one step of `repair`, with all it knows")]
    fn fetch(
        &self,
        staging: &Path,
        file: &mut ModelFile,
        path: &PathBuf,
        origin: &str,
        source: &dyn FileSource,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<()> {
        let io = |source: io::Error| Error::Io { path: path.clone(), source };
        let fresh = staging.join(&file.name);
        source.fetch(origin, &file.sha256, &fresh, progress, cancel)?;
        if hash(&fresh, cancel, &mut |_| {})? != file.sha256 {
            let reason = format!("{origin} gave other bytes than were installed");
            return Err(Error::Damaged { path: path.clone(), reason });
        }
        fs::File::open(&fresh).and_then(|file| file.sync_all()).map_err(io)?;
        let _lock = self.lock_patiently(cancel)?;
        fs::rename(&fresh, path).map_err(io)?;
        if let Some(folder) = path.parent() {
            sync_folder(folder)?;
        }
        file.modified_ns = modified_ns(&fs::metadata(path).map_err(io)?);
        Ok(())
    }
}
