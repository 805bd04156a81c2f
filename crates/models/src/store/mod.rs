//! The models that are installed, one folder each.

#![allow(clippy::disallowed_methods, reason = "the store writes its own folder, and nothing else")]

mod add;
mod checked;
mod disk;
mod gc;
mod hash;
mod inode;
mod lease;
mod lock;
mod manifest;
mod origin;
mod place;
mod repair;
mod staging;
mod verify;

use std::fs;
use std::path::{Component, Path, PathBuf};
use std::time::UNIX_EPOCH;

use mlxcode_base::{CancelToken, Progress};

use crate::error::{Error, Result};
use crate::installed::InstalledModel;
use checked::Moment;
use manifest::Manifest;
use place::sync_folder;

pub use add::AddOptions;
pub use disk::{DiskOptions, DiskReport, Duplicate, ModelDisk};
pub use gc::{GcItem, GcKind, GcOptions, GcReport};
pub use lease::{Lease, LeaseHolder};
pub use manifest::{ModelFile, ModelSummary};
pub use origin::FileSource;
pub use repair::{RepairReport, RepairedFile};
pub use verify::{VerifyOptions, verify_path};

const MANIFEST: &str = "manifest.json";

/// An installed model of which only the name is known.
#[derive(Debug)]
#[non_exhaustive]
pub struct BrokenModel {
    /// The name of its folder, by which it can be removed.
    pub name: String,
    /// Why no more is known.
    pub error: Error,
}

/// What a store holds, each by name.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct StoreContents {
    /// The models of which all is known.
    pub models: Vec<ModelSummary>,
    /// The others.
    pub broken: Vec<BrokenModel>,
}

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

    /// The installed models by name, from their manifests alone. One whose
    /// manifest cannot be read is left out; [`broken`](Self::broken) names it.
    pub fn list(&self) -> Result<Vec<ModelSummary>> {
        Ok(self.contents()?.models)
    }

    /// The models that [`list`](Self::list) leaves out, by name.
    pub fn broken(&self) -> Result<Vec<BrokenModel>> {
        Ok(self.contents()?.broken)
    }

    /// All models, sound and broken, in one pass over their manifests.
    pub fn contents(&self) -> Result<StoreContents> {
        let mut contents = StoreContents::default();
        for (name, manifest) in self.manifests()? {
            match manifest {
                Ok(manifest) => contents.models.push(manifest.model),
                Err(error) => contents.broken.push(BrokenModel { name, error }),
            }
        }
        Ok(contents)
    }

    /// All manifests by the name of the model's folder.
    fn manifests(&self) -> Result<Vec<(String, Result<Manifest>)>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(self.io(source)),
        };
        let mut manifests = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|source| self.io(source))?;
            // Other names are none of a model; one that is added is hidden.
            let Ok(name) = entry.file_name().into_string() else { continue };
            if check_name(&name).is_err() || !entry.path().is_dir() {
                continue;
            }
            let manifest = Manifest::read(&entry.path().join(MANIFEST), &name).transpose();
            manifests.extend(manifest.map(|manifest| (name, manifest)));
        }
        manifests.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(manifests)
    }

    /// What is known of one installed model.
    pub fn summary(&self, name: &str) -> Result<ModelSummary> {
        Ok(self.manifest(name)?.model)
    }

    /// One installed model, ready to load, as [`get_with`](Self::get_with)
    /// gives it.
    pub fn get(&self, name: &str) -> Result<InstalledModel> {
        self.get_with(name, &(), &CancelToken::new())
    }

    /// One installed model, ready to load: it passes all checks, and its bytes
    /// are those that were installed. Files of up to 256 MiB are read for that
    /// each time; larger ones when they seem to have changed, after a restart
    /// of the machine, and once a week. [`verify`](Self::verify) reads all.
    ///
    /// The model carries a [`Lease`], so that nobody removes its files as long
    /// as it, or a clone of it, is there.
    pub fn get_with(
        &self,
        name: &str,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<InstalledModel> {
        check_name(name)?;
        let lease = self.lease(name)?;
        let manifest = self.manifest(name)?;
        let folder = self.folder.join(name);
        checked::check(&folder, &manifest.model.files, &Moment::now(), progress, cancel)?;
        let mut model = InstalledModel::check_in_place(&folder.join(&manifest.entry))?;
        name.clone_into(&mut model.name);
        model.lease = lease.map(Into::into);
        Ok(model)
    }

    /// Removes a model: its folder, never a file that it was added from. A
    /// damaged one can be removed like any other.
    ///
    /// # Errors
    /// One that is in use stays; the error names who uses it.
    pub fn remove(&mut self, name: &str) -> Result<()> {
        check_name(name)?;
        let place = self.folder.join(name);
        if !place.is_dir() {
            return Err(Error::NotInstalled { name: name.to_owned() });
        }
        let _lock = self.lock(&CancelToken::new())?;
        let unused = || match self.holders(name)? {
            holders if holders.is_empty() => Ok(()),
            holders => Err(Error::InUse { name: name.to_owned(), holders }),
        };
        unused()?;
        // Renamed first, so that no half-removed model is ever listed.
        let gone = self.folder.join(format!(".removed-{name}"));
        let io = |source| Error::Io { path: place.clone(), source };
        fs::rename(&place, &gone).map_err(io)?;
        // Whoever took a lease just before it was gone keeps the model; whoever
        // comes later finds none.
        if let Err(used) = unused() {
            fs::rename(&gone, &place).map_err(io)?;
            return Err(used);
        }
        sync_folder(&self.folder)?;
        fs::remove_dir_all(&gone).map_err(io)
    }

    fn manifest(&self, name: &str) -> Result<Manifest> {
        check_name(name)?;
        let manifest = Manifest::read(&self.folder.join(name).join(MANIFEST), name)?;
        manifest.ok_or_else(|| Error::NotInstalled { name: name.to_owned() })
    }

    fn io(&self, source: std::io::Error) -> Error {
        Error::Io { path: self.folder.clone(), source }
    }
}

/// A model's name is a folder's: ASCII, no separators, nothing hidden, nothing
/// that another system could not hold.
///
/// # Errors
/// The name is none.
pub fn check_name(name: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let starts = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    let fits = starts && !name.ends_with('.') && name.len() <= 100 && name.chars().all(plain);
    if fits && !is_device(name) {
        return Ok(());
    }
    Err(Error::BadName { name: name.to_owned() })
}

/// Windows takes these for devices, whatever follows a dot.
fn is_device(name: &str) -> bool {
    let name = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let numbered = |word: &str| {
        let number = name.strip_prefix(word);
        number.is_some_and(|n| n.len() == 1 && n.chars().all(|c| c.is_ascii_digit()))
    };
    matches!(&*name, "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}

/// Whether a name is one file's, in the folder where it is used.
fn is_plain(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    matches!((parts.next(), parts.next()), (Some(Component::Normal(part)), None) if part == name)
}

fn modified_ns(meta: &fs::Metadata) -> u64 {
    let since = meta.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |time| time.as_nanos() as u64)
}
