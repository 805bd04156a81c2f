//! A plan of what a program asks for, rather than a reply.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;

use mlxcode_base::{RelPath, Root};

use super::names::Names;
use super::{ChangeKind, EditPlan, FileChange, ResolveOptions};
use crate::content::Content;
use crate::error::Result;
use crate::layer::open_regular;
use crate::refusal::{Refusal, RefusalReason};

/// The most bytes of a file that is renamed or removed: it is copied into the
/// journal.
const MOST_MOVED_BYTES: u64 = 1 << 30;

/// One thing to do with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileOperation {
    /// Makes a new file.
    Create {
        /// The file.
        path: RelPath,
        /// All that it holds.
        content: Vec<u8>,
        /// Whether it is a program (Unix's `x` bits).
        executable: bool,
    },
    /// Makes a file that is there hold something else.
    Write {
        /// The file.
        path: RelPath,
        /// All that it holds from then on.
        content: Vec<u8>,
    },
    /// Removes a file.
    Delete {
        /// The file.
        path: RelPath,
    },
    /// Gives a file another path.
    Rename {
        /// The path it has.
        from: RelPath,
        /// The path it gets.
        to: RelPath,
    },
    /// Makes a file a program, or stops it being one (Unix's `x` bits).
    SetExecutable {
        /// The file.
        path: RelPath,
        /// Whether it is to be one.
        executable: bool,
    },
}

impl FileOperation {
    /// The file as it is now, or where the new one comes.
    fn path(&self) -> &RelPath {
        match self {
            Self::Create { path, .. }
            | Self::Write { path, .. }
            | Self::Delete { path }
            | Self::SetExecutable { path, .. } => path,
            Self::Rename { from, .. } => from,
        }
    }

    /// Where a file is to be that is not there now.
    fn target(&self) -> Option<&RelPath> {
        match self {
            Self::Create { path, .. } => Some(path),
            Self::Rename { from, to } => Some(to).filter(|to| *to != from),
            _ => None,
        }
    }

    /// The path that gets free.
    fn leaves(&self) -> Option<&RelPath> {
        match self {
            Self::Delete { path } => Some(path),
            Self::Rename { from, to } => Some(from).filter(|from| *from != to),
            _ => None,
        }
    }
}

/// The operations and the tree that they are meant for.
struct Ground<'g> {
    root: &'g Root,
    options: &'g ResolveOptions,
    /// Places that get free.
    leaving: HashSet<PathBuf>,
    /// How many operations are for a file that is there, by its place.
    sources: HashMap<PathBuf, usize>,
    /// How many new files go to a place.
    targets: HashMap<PathBuf, usize>,
}

impl EditPlan {
    /// Makes a plan of operations, all meant for the tree as it is now: files
    /// can swap their names, or take that of one that goes. Nothing is written.
    ///
    /// # Errors
    /// What is wrong with an operation is no error but a [`Refusal`] in the
    /// plan, whose `block` counts the operations.
    pub fn of_operations(
        root: &Root,
        operations: &[FileOperation],
        options: &ResolveOptions,
    ) -> Result<Self> {
        let mut ground = Ground {
            root,
            options,
            leaving: HashSet::new(),
            sources: HashMap::new(),
            targets: HashMap::new(),
        };
        for operation in operations {
            ground.count(operation);
        }
        let mut names = Names::new(root);
        let (mut changes, mut refusals) = (Vec::new(), Vec::new());
        for (number, operation) in operations.iter().enumerate() {
            match ground.change(operation, &mut names) {
                Ok(change) => changes.extend(change),
                Err(reason) => refusals.push(Refusal {
                    block: number + 1,
                    line: number + 1,
                    path: operation.path().to_string(),
                    reason,
                    nearest: None,
                }),
            }
        }
        let policy = options.policy.clone();
        let (already_there, placements) = (Vec::new(), Vec::new());
        Ok(Self { changes, refusals, already_there, policy, placements })
    }
}

impl Ground<'_> {
    fn count(&mut self, operation: &FileOperation) {
        let place = |path: &RelPath| self.root.resolve(path).ok();
        let (source, target, leaves) = (
            Some(operation.path()).filter(|_| !matches!(operation, FileOperation::Create { .. })),
            operation.target(),
            operation.leaves(),
        );
        let (source, target, leaves) =
            (source.and_then(place), target.and_then(place), leaves.and_then(place));
        self.leaving.extend(leaves);
        for (counts, place) in [(&mut self.sources, source), (&mut self.targets, target)] {
            if let Some(place) = place {
                *counts.entry(place).or_default() += 1;
            }
        }
    }

    /// The change, or nothing where the file is as it is to be.
    fn change(
        &self,
        operation: &FileOperation,
        names: &mut Names<'_>,
    ) -> Result<Option<FileChange>, RefusalReason> {
        let path = operation.path();
        self.may_change(path)?;
        if let Some(target) = operation.target() {
            self.may_come(target, operation.leaves(), names)?;
        }
        let made = |kind, before, after, executable| {
            let (path, to) = (path.clone(), None);
            FileChange { path, kind, to, before, after, executable }
        };
        if let FileOperation::Create { content, executable, .. } = operation {
            let after = Some(Content::from(content.clone()));
            let program = Some(true).filter(|_| *executable);
            return Ok(Some(made(ChangeKind::Create, None, after, program)));
        }
        let place = self.root.resolve(path).map_err(RefusalReason::of_path)?;
        if self.sources.get(&place).is_some_and(|count| *count > 1) {
            return Err(RefusalReason::Collision);
        }
        let (before, program) = self.read(path, operation)?;
        Ok(match operation {
            FileOperation::Write { content, .. } if content == before.bytes() => None,
            FileOperation::Write { content, .. } => {
                let after = Some(Content::from(content.clone()));
                Some(made(ChangeKind::Modify, Some(before), after, None))
            }
            FileOperation::Delete { .. } => {
                Some(made(ChangeKind::Delete, Some(before), None, None))
            }
            FileOperation::SetExecutable { executable, .. } => {
                let change = program.is_some_and(|program| program != *executable);
                let after = Some(before.clone());
                change.then(|| made(ChangeKind::Modify, Some(before), after, Some(*executable)))
            }
            FileOperation::Rename { from, to } if from == to => None,
            FileOperation::Rename { to, .. } => {
                let after = Some(before.clone());
                let change = made(ChangeKind::Rename, Some(before), after, None);
                Some(FileChange { to: Some(to.clone()), ..change })
            }
            FileOperation::Create { .. } => None,
        })
    }

    /// Under its own name, and under that of what a link leads to.
    fn may_change(&self, path: &RelPath) -> Result<(), RefusalReason> {
        let place = self.root.resolve(path).map_err(RefusalReason::of_path)?;
        let below = place.strip_prefix(self.root.path()).unwrap_or(&place);
        let real = RelPath::from_path(below).map_err(RefusalReason::of_path)?;
        let policy = &self.options.policy;
        policy.check(path).and_then(|()| policy.check(&real)).map_err(RefusalReason::Policy)
    }

    /// Whether a file can come to a path.
    fn may_come(
        &self,
        target: &RelPath,
        gone: Option<&RelPath>,
        names: &mut Names<'_>,
    ) -> Result<(), RefusalReason> {
        self.may_change(target)?;
        let place = self.root.resolve(target).map_err(RefusalReason::of_path)?;
        if self.targets.get(&place).is_some_and(|count| *count > 1) {
            return Err(RefusalReason::Collision);
        }
        if self.leaving.contains(&place) {
            return Ok(());
        }
        if self.root.path().join(target.as_path()).symlink_metadata().is_ok() {
            return Err(RefusalReason::Exists);
        }
        // A file on the way that is no folder.
        let above = place.ancestors().skip(1).find(|above| above.symlink_metadata().is_ok());
        if above.is_some_and(|above| !above.is_dir()) {
            return Err(RefusalReason::Exists);
        }
        names.check_new(target, gone).map_err(RefusalReason::Name)
    }

    /// What the file holds, and whether it is a program where the system tells.
    fn read(
        &self,
        path: &RelPath,
        operation: &FileOperation,
    ) -> Result<(Content, Option<bool>), RefusalReason> {
        let unreadable = |error: io::Error| RefusalReason::Unreadable { reason: error.to_string() };
        let named = self.root.path().join(path.as_path());
        let meta = match named.symlink_metadata() {
            Ok(meta) if meta.is_symlink() && operation.leaves().is_some() => {
                return Err(RefusalReason::IsLink);
            }
            Ok(_) => fs::metadata(&named).map_err(unreadable)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(RefusalReason::NotFound);
            }
            Err(error) => return Err(unreadable(error)),
        };
        if meta.is_dir() {
            return Err(RefusalReason::IsFolder);
        }
        if !meta.is_file() {
            return Err(RefusalReason::NotRegular);
        }
        let limit_bytes = match operation {
            FileOperation::Write { .. } => self.options.max_file_bytes,
            _ => MOST_MOVED_BYTES,
        };
        if meta.len() > limit_bytes {
            return Err(RefusalReason::TooLarge { size_bytes: meta.len(), limit_bytes });
        }
        let place = self.root.resolve(path).map_err(RefusalReason::of_path)?;
        let mut bytes = Vec::new();
        open_regular(&place)
            .and_then(|mut file| file.read_to_end(&mut bytes))
            .map_err(unreadable)?;
        #[cfg(unix)]
        let program =
            Some(std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o100 != 0);
        #[cfg(not(unix))]
        let program = None;
        Ok((bytes.into(), program))
    }
}
