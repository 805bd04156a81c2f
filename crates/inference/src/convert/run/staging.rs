//! Where a result grows, and what is known to be done of it.
//!
//! Beside the wished file or folder stands one that ends in `.converting`. Its
//! `manifest` begins with the identity of the plan and has a line for each
//! weight that is done, with its hash, so that a run that was cut off anywhere
//! can go on; a line that was cut off itself is none.

#![allow(clippy::disallowed_methods, reason = "the one room of the crate that writes files")]

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use mlxcode_base::ContentHash;
use mlxcode_models::free_disk_bytes;

use super::positioned;
use crate::convert::plan::Plan;
use crate::error::{Error, Result};

/// What is left free beside the result, for the manifest and for others.
const SPARE_BYTES: u64 = 16 << 20;

/// A result that grows.
#[derive(Debug)]
pub struct Staging {
    folder: PathBuf,
    files: Vec<(PathBuf, File)>,
    manifest: Mutex<File>,
}

impl Staging {
    /// Takes up what an earlier run with the same plan left, or begins; gives
    /// the weights that are said to be done, with their hashes.
    pub fn open(
        output: &Path,
        plan: &Plan,
        identity: ContentHash,
    ) -> Result<(Self, BTreeMap<usize, ContentHash>)> {
        let folder = Self::folder_for(output);
        let io = |path: &Path, source| Error::Write { path: path.to_owned(), source };
        fs::create_dir_all(&folder).map_err(|source| io(&folder, source))?;
        let place = folder.join("manifest");
        let file =
            OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&place);
        let mut manifest = file.map_err(|source| io(&place, source))?;
        match manifest.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::ConvertBusy { path: folder }),
            Err(TryLockError::Error(source)) => return Err(io(&place, source)),
        }
        let mut text = Vec::new();
        manifest.read_to_end(&mut text).map_err(|source| io(&place, source))?;
        let known = done(&String::from_utf8_lossy(&text), identity);
        let result = folder.join("result");
        if known.is_none() {
            match fs::remove_dir_all(&result) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(io(&result, error));
                }
                _ => {}
            }
        }
        fs::create_dir_all(&result).map_err(|source| io(&result, source))?;
        let files = Self::lay_out(&result, plan, output)?;
        // A cut line is written over with the rest of the manifest, which is
        // begun only when the files are there.
        let known = known.unwrap_or_default();
        let mut text = format!("{identity}\n");
        for (job, hash) in &known {
            text += &line(*job, *hash);
        }
        let begun = manifest
            .rewind()
            .and_then(|()| manifest.set_len(0))
            .and_then(|()| manifest.write_all(text.as_bytes()));
        begun.map_err(|source| io(&place, source))?;
        Ok((Self { folder, files, manifest: Mutex::new(manifest) }, known))
    }

    /// Where the result for `output` grows.
    pub fn folder_for(output: &Path) -> PathBuf {
        let mut name = output.file_name().unwrap_or_default().to_owned();
        name.push(".converting");
        output.with_file_name(name)
    }

    /// Makes the files in their full size, with what is known of them.
    fn lay_out(result: &Path, plan: &Plan, output: &Path) -> Result<Vec<(PathBuf, File)>> {
        let size = |name: &str| fs::metadata(result.join(name)).map_or(0, |meta| taken(&meta));
        let missing = plan.files.iter().map(|f| f.size_bytes.saturating_sub(size(&f.name)));
        let needed_bytes = missing.sum::<u64>();
        if let Some(available_bytes) = free_disk_bytes(result)
            && needed_bytes > 0
            && available_bytes < needed_bytes + SPARE_BYTES
        {
            let path = output.to_owned();
            return Err(Error::ConvertSpace { path, needed_bytes, available_bytes });
        }
        let mut files = Vec::new();
        for planned in &plan.files {
            let path = result.join(&planned.name);
            let make = || {
                let mut options = OpenOptions::new();
                let file =
                    options.create(true).truncate(false).read(true).write(true).open(&path)?;
                reserve(&file, planned.size_bytes)?;
                positioned::write(&file, &planned.head, 0)?;
                Ok(file)
            };
            let file = make().map_err(|source| Error::Write { path: path.clone(), source })?;
            files.push((path, file));
        }
        if let (Some((place, bytes)), Some((path, file))) = (&plan.tail, files.first()) {
            let written = positioned::write(file, bytes, *place);
            written.map_err(|source| Error::Write { path: path.clone(), source })?;
        }
        Ok(files)
    }

    /// The result: its folder, or its one file.
    pub fn result(&self, plan: &Plan) -> PathBuf {
        let result = self.folder.join("result");
        if plan.folder { result } else { result.join(&plan.files[0].name) }
    }

    /// Writes to a place of a file.
    pub fn write(&self, file: usize, at: u64, bytes: &[u8]) -> Result<()> {
        let (path, file) = &self.files[file];
        let written = positioned::write(file, bytes, at);
        written.map_err(|source| Error::Write { path: path.clone(), source })
    }

    /// Reads from a place of a file.
    pub fn read(&self, file: usize, at: u64, bytes: &mut [u8]) -> Result<()> {
        let (path, file) = &self.files[file];
        let read = positioned::read(file, bytes, at);
        read.map_err(|source| Error::Write { path: path.clone(), source })
    }

    /// Notes that a weight is done.
    pub fn note(&self, job: usize, hash: ContentHash) -> Result<()> {
        let mut manifest = self.manifest.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = manifest.write_all(line(job, hash).as_bytes());
        noted.map_err(|source| Error::Write { path: self.folder.join("manifest"), source })
    }

    /// Brings the result to the disk and to its place.
    pub fn publish(self, plan: &Plan, output: &Path) -> Result<()> {
        for (path, file) in &self.files {
            file.sync_all().map_err(|source| Error::Write { path: path.clone(), source })?;
        }
        if output.symlink_metadata().is_ok() {
            return Err(Error::OutputExists { path: output.to_owned() });
        }
        let result = self.result(plan);
        let folder = self.folder.clone();
        // A file that is open cannot be renamed everywhere.
        drop(self);
        let moved = fs::rename(&result, output);
        moved.map_err(|source| Error::Write { path: output.to_owned(), source })?;
        if let Some(Ok(parent)) = output.parent().map(File::open) {
            // Not every system can sync a folder; the rename is done all the same.
            let _ = parent.sync_all();
        }
        // What is left takes no space.
        let _ = fs::remove_dir_all(&folder);
        Ok(())
    }

    /// Throws away what was made.
    pub fn discard(self) {
        let folder = self.folder.clone();
        drop(self);
        let _ = fs::remove_dir_all(folder);
    }
}

fn line(job: usize, hash: ContentHash) -> String {
    format!("{job} {hash}\n")
}

/// The weights that a manifest says are done; `None` for that of another plan.
fn done(text: &str, identity: ContentHash) -> Option<BTreeMap<usize, ContentHash>> {
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let mut lines = whole.lines();
    if lines.next()? != identity.to_string() {
        return None;
    }
    let entry = |line: &str| {
        let (job, hash) = line.split_once(' ')?;
        Some((job.parse().ok()?, hash.parse().ok()?))
    };
    Some(lines.filter_map(entry).collect())
}

/// The bytes of the disk that a file takes.
#[cfg(unix)]
fn taken(meta: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::blocks(meta) * 512
}

#[cfg(not(unix))]
fn taken(meta: &fs::Metadata) -> u64 {
    meta.len()
}

/// Gives a file its size, and takes the space on the disk where the system can.
fn reserve(file: &File, size_bytes: u64) -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    if size_bytes > 0 {
        let flags = rustix::fs::FallocateFlags::empty();
        // Some file systems have no such call: other errors mean nothing.
        if let Err(full @ rustix::io::Errno::NOSPC) =
            rustix::fs::fallocate(file, flags, 0, size_bytes)
        {
            return Err(full.into());
        }
    }
    file.set_len(size_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::convert::plan::PlannedFile;

    #[test]
    fn what_does_not_fit_the_disk_is_not_begun() {
        let folder = tempfile::tempdir().unwrap();
        let file = |size_bytes| PlannedFile { name: "a".to_owned(), head: vec![7], size_bytes };
        let plan = Plan { files: vec![file(1 << 60)], ..Plan::default() };
        let output = folder.path().join("made");
        let identity = ContentHash::of(b"");
        let error = Staging::open(&output, &plan, identity).unwrap_err();
        assert!(
            matches!(error, Error::ConvertSpace { needed_bytes, .. } if needed_bytes == 1 << 60)
        );
        let plan = Plan { files: vec![file(100)], ..Plan::default() };
        let (staging, known) = Staging::open(&output, &plan, identity).unwrap();
        assert!(known.is_empty());
        staging.note(3, identity).unwrap();
        staging.publish(&plan, &output).unwrap();
        assert_eq!(fs::read(&output).unwrap(), [&[7][..], &[0; 99]].concat());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_manifest_is_read_up_to_its_last_whole_line() {
        let (mine, other) = (ContentHash::of(b"1"), ContentHash::of(b"2"));
        let text = format!("{mine}\n{}{}", line(4, other), line(7, mine));
        let known =
            |text: &str| done(text, mine).map(|known| known.into_keys().collect::<Vec<_>>());
        assert_eq!(known(&text), Some(vec![4, 7]));
        assert_eq!(known(&text[..text.len() - 1]), Some(vec![4]));
        assert_eq!(known(&format!("{text}9 nonsense\n")), Some(vec![4, 7]));
        assert_eq!(known(&text[..30]), None);
        assert_eq!(done(&text, other), None);
    }
}
