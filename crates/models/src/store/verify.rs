//! Every byte again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use mlxcode_base::{CancelToken, Progress, ProgressEvent};

use super::Store;
use super::checked::{self, Moment, Seen};
use super::hash::{hash, hash_all};
use super::manifest::{Manifest, ModelFile};
use super::origin::FileSource;
use crate::error::{Error, Result};
use crate::installed::check;
use crate::validate::{
    Depth, Recorded, Stretch, VerifyCheck, VerifyId, VerifyReport, check_values,
};

/// How a model is verified.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct VerifyOptions<'a> {
    /// Look at the value of every weight, not at a sample of them.
    pub deep: bool,
    /// Who knows what the files should be now; `None` to ask nobody.
    pub source: Option<&'a dyn FileSource>,
}

impl Store {
    /// Reads every byte of a model and compares with what was installed, then
    /// checks the contents as before a load, and values of the weights.
    ///
    /// # Errors
    /// What is wrong with the model is no error but a check that failed.
    pub fn verify(
        &self,
        name: &str,
        options: &VerifyOptions<'_>,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<VerifyReport> {
        let manifest = self.manifest(name)?;
        let _lease = self.lease(name)?;
        let folder = self.folder.join(name);
        let entry = folder.join(&manifest.entry);
        // The contents are looked at while the bytes are summed, so that one
        // does not wait for the other.
        let (bytes, contents) = thread::scope(|scope| {
            let contents = scope.spawn(|| contents(&entry, cancel));
            let bytes = bytes(&folder, &manifest, progress, cancel);
            (bytes, contents.join().unwrap_or(Err(Error::Cancelled)))
        });
        let (mut checks, whole) = bytes?;
        checks.push(origin(&manifest, options.source, cancel)?);
        // What damaged bytes contain says nothing more.
        let after = if whole {
            contents.and_then(|found| found.finish(options.deep, progress, cancel))?
        } else {
            let skip = |id| VerifyCheck::skipped(id, "the files are not what was installed");
            CONTENTS.map(skip).to_vec()
        };
        checks.extend(after);
        Ok(VerifyReport { name: name.to_owned(), checks })
    }
}

/// Verifies a GGUF file or a model folder where it lies: its contents as before
/// a load, values of its weights, and its bytes where a download cache tells
/// their hash.
///
/// # Errors
/// What is wrong with the model is no error but a check that failed.
pub fn verify_path(
    path: &Path,
    options: &VerifyOptions<'_>,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<VerifyReport> {
    fs::metadata(path).map_err(|source| Error::Io { path: path.to_owned(), source })?;
    let found = contents(path, cancel)?;
    let mut checks = cached(&found.files(path), progress, cancel)?;
    checks.extend(found.finish(options.deep, progress, cancel)?);
    Ok(VerifyReport { name: path.display().to_string(), checks })
}

/// The checks of a model's contents.
const CONTENTS: [VerifyId; 6] = [
    VerifyId::Header,
    VerifyId::Config,
    VerifyId::Weights,
    VerifyId::Tokenizer,
    VerifyId::Template,
    VerifyId::Values,
];

/// The bytes of every file, and whether all are as recorded.
fn bytes(
    folder: &Path,
    manifest: &Manifest,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<(Vec<VerifyCheck>, bool)> {
    let files = &manifest.model.files;
    let moment = Moment::now();
    let paths: Vec<PathBuf> = files.iter().map(|file| folder.join(&file.name)).collect();
    let metas: Vec<_> = paths.iter().map(|path| checked::metadata(path)).collect();
    let total = manifest.model.size_bytes;
    let done = AtomicU64::new(0);
    let found = hash_all(&paths, cancel, &|file, bytes| {
        let done = done.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let task = format!("checking {}", files[file].name);
        progress.report(ProgressEvent::new(task, done, Some(total)));
    });
    let mut seen = BTreeMap::new();
    let mut checks = Vec::new();
    for (((file, path), meta), found) in files.iter().zip(&paths).zip(metas).zip(found) {
        let compared = meta.and_then(|meta| match found? {
            found if found == file.sha256 => Ok(Seen::of(&meta, &moment)),
            _ => Err(Error::ChecksumMismatch { path: path.clone() }),
        });
        let check = match compared {
            Err(Error::Cancelled) => return Err(Error::Cancelled),
            Err(error) => VerifyCheck::failed(VerifyId::Checksum, &error),
            Ok(now) => {
                seen.insert(file.name.clone(), now);
                VerifyCheck::passed(VerifyId::Checksum, None)
            }
        };
        checks.push(check.named(format!("bytes of {}", file.name)));
    }
    let whole = seen.len() == files.len();
    if whole {
        checked::write(folder, &seen);
    }
    Ok((checks, whole))
}

/// Whether the places that the files came from still tell the same hashes.
fn origin(
    manifest: &Manifest,
    source: Option<&dyn FileSource>,
    cancel: &CancelToken,
) -> Result<VerifyCheck> {
    let id = VerifyId::Origin;
    let files = manifest.model.files.iter();
    let known: Vec<(&ModelFile, &str)> =
        files.filter_map(|file| Some((file, file.origin.as_deref()?))).collect();
    if known.is_empty() {
        return Ok(VerifyCheck::skipped(id, "the model was added by hand"));
    }
    let Some(source) = source else {
        return Ok(VerifyCheck::skipped(id, "nobody was asked"));
    };
    let asked = source.for_one_work();
    let source = asked.as_deref().unwrap_or(source);
    let mut told = 0;
    for (file, origin) in known {
        match source.sha256(origin, cancel) {
            Err(Error::Cancelled) => return Err(Error::Cancelled),
            // That a place cannot be reached says nothing of the model.
            Err(error) => return Ok(VerifyCheck::skipped(id, error.to_string())),
            Ok(None) => {}
            Ok(Some(sha256)) if sha256 == file.sha256 => told += 1,
            Ok(Some(_)) => {
                let reason = format!("{origin} now has other bytes than were installed");
                let path = PathBuf::from(&file.name);
                return Ok(VerifyCheck::failed(id, &Error::Damaged { path, reason }));
            }
        }
    }
    Ok(match told {
        0 => VerifyCheck::skipped(id, "the place tells no checksums"),
        _ => {
            VerifyCheck::passed(id, Some(format!("the hashes that it tells, {told}, are the same")))
        }
    })
}

/// What the contents gave before the values are looked at.
struct Contents {
    checks: Vec<VerifyCheck>,
    stretches: Vec<Stretch>,
}

fn contents(path: &Path, cancel: &CancelToken) -> Result<Contents> {
    if cancel.is_cancelled() {
        return Err(Error::Cancelled);
    }
    let mut recorded = Recorded::default();
    let checked = check(path, &mut recorded)?;
    Ok(Contents { checks: recorded.0, stretches: checked.stretches })
}

impl Contents {
    /// The checks, those of the values last.
    fn finish(
        mut self,
        deep: bool,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<Vec<VerifyCheck>> {
        let total: u64 = self.stretches.iter().map(|stretch| stretch.size_bytes).sum();
        let done = AtomicU64::new(0);
        let depth = if deep { Depth::Every } else { Depth::Sample };
        let seen = check_values(&self.stretches, depth, cancel, &|bytes| {
            let done = done.fetch_add(bytes, Ordering::Relaxed) + bytes;
            // A sample is over before it could be shown.
            if deep {
                progress.report(ProgressEvent::new("looking at the values", done, Some(total)));
            }
        });
        self.checks.push(match seen {
            Err(Error::Cancelled) => return Err(Error::Cancelled),
            Err(error) => VerifyCheck::failed(VerifyId::Values, &error),
            Ok(_) if self.stretches.is_empty() => {
                VerifyCheck::skipped(VerifyId::Values, "there is none that can be looked at")
            }
            Ok(seen) => {
                let tensors = self.stretches.len();
                let words = if deep { "all" } else { "a sample" };
                let detail = format!("{words}: {seen} bytes of {tensors} tensors");
                VerifyCheck::passed(VerifyId::Values, Some(detail))
            }
        });
        Ok(self.checks)
    }

    /// All files that hold weights, and what else a folder has.
    fn files(&self, path: &Path) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> =
            self.stretches.iter().map(|stretch| stretch.file.clone()).collect();
        if path.is_dir() {
            let entries = fs::read_dir(path).into_iter().flatten().flatten();
            files.extend(entries.map(|entry| entry.path()));
        } else {
            files.push(path.to_owned());
        }
        // Two links to one blob are summed once.
        let mut seen = BTreeSet::new();
        files.sort();
        files.retain(|file| match fs::canonicalize(file) {
            Ok(real) => real.is_file() && seen.insert(real),
            Err(_) => false,
        });
        files
    }
}

/// The bytes of files of a download cache, which are called by their SHA-256.
fn cached(
    files: &[PathBuf],
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<Vec<VerifyCheck>> {
    let id = VerifyId::Checksum;
    // A blob is called by its SHA-256; the link to it has the file's own name.
    let told = |file: &PathBuf| {
        let blob = fs::canonicalize(file).ok()?;
        let name = blob.file_name()?.to_str()?;
        let is_sum =
            name.len() == 64 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_sum.then(|| (file.clone(), name.to_owned(), fs::metadata(&blob).map_or(0, |m| m.len())))
    };
    let told: Vec<(PathBuf, String, u64)> = files.iter().filter_map(told).collect();
    let mut checks = Vec::new();
    let total: u64 = told.iter().map(|(.., size_bytes)| size_bytes).sum();
    let mut done = 0;
    for (file, sha256, _) in told {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let found = hash(&file, cancel, &mut |bytes| {
            done += bytes;
            progress.report(ProgressEvent::new(format!("checking {name}"), done, Some(total)));
        });
        checks.push(
            match found {
                Err(Error::Cancelled) => return Err(Error::Cancelled),
                Err(error) => VerifyCheck::failed(id, &error),
                Ok(found) if found == sha256 => VerifyCheck::passed(id, None),
                Ok(_) => {
                    let reason = format!("its bytes do not have the checksum {sha256}");
                    VerifyCheck::failed(id, &Error::Damaged { path: file, reason })
                }
            }
            .named(format!("bytes of {name}")),
        );
    }
    if checks.is_empty() {
        checks.push(VerifyCheck::skipped(id, "nothing is recorded to compare with"));
    }
    Ok(checks)
}
