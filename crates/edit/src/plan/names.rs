//! Names that a new file cannot have everywhere.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use mlxcode_base::{RelPath, Root, is_device_name};

/// Why a new file may not have its name: shown, the end of a sentence that
/// begins with the path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameFlaw {
    /// Windows takes a part of it for a device.
    #[error("cannot be made on Windows: `{part}` is a device there")]
    Device {
        /// The part.
        part: String,
    },
    /// Windows drops the end of a part of it.
    #[error("cannot be made on Windows: `{part}` ends with a dot or a space")]
    Ending {
        /// The part.
        part: String,
    },
    /// But for case, something else has the name.
    #[error("differs only by case from `{other}`")]
    Case {
        /// What is there, below the root.
        other: String,
    },
}

impl NameFlaw {
    /// A stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Device { .. } | Self::Ending { .. } => "path.not_portable",
            Self::Case { .. } => "path.case_differs",
        }
    }
}

/// The names of the tree, read once for a whole plan.
#[derive(Debug)]
pub struct Names<'r> {
    root: &'r Root,
    /// Of each folder, what is in it, by lower case.
    folders: HashMap<PathBuf, HashMap<String, String>>,
}

impl<'r> Names<'r> {
    /// The names below `root`.
    pub fn new(root: &'r Root) -> Self {
        Self { root, folders: HashMap::new() }
    }

    /// Looks at a path where nothing stands yet, and counts it as standing
    /// there from now on. Names that are there already are left alone, but for
    /// `gone`, which goes with the same change.
    pub fn check_new(&mut self, path: &RelPath, gone: Option<&RelPath>) -> Result<(), NameFlaw> {
        let mut folder = PathBuf::new();
        for part in path.parts() {
            let below = folder.join(part);
            if self.root.path().join(&below).symlink_metadata().is_err() {
                check_part(part)?;
            }
            let root = self.root.path();
            let names =
                self.folders.entry(folder.clone()).or_insert_with(|| read(&root.join(&folder)));
            let other = names.entry(part.to_lowercase()).or_insert_with(|| part.to_owned());
            if other != part {
                let other_path = folder.join(&*other);
                if gone.is_none_or(|gone| gone.as_path() != other_path) {
                    let other = other_path.to_string_lossy().replace('\\', "/");
                    return Err(NameFlaw::Case { other });
                }
            }
            folder = below;
        }
        Ok(())
    }
}

fn check_part(part: &str) -> Result<(), NameFlaw> {
    if is_device_name(part) {
        return Err(NameFlaw::Device { part: part.to_owned() });
    }
    if part.ends_with(['.', ' ']) {
        return Err(NameFlaw::Ending { part: part.to_owned() });
    }
    Ok(())
}

/// What is in a folder. Where two names differ only by case, either is fine.
fn read(folder: &Path) -> HashMap<String, String> {
    let mut names: HashMap<String, String> = HashMap::new();
    let mut twice = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        if names.insert(name.to_lowercase(), name.clone()).is_some() {
            twice.push(name.to_lowercase());
        }
    }
    for name in twice {
        names.remove(&name);
    }
    names
}
