//! Writes a new file, with the permissions and the owner that it is to have.

#![allow(clippy::disallowed_methods, reason = "the one place that writes files")]

use std::fs::OpenOptions;
#[cfg(unix)]
use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::path::Path;

use super::FileTraits;

/// Writes a file that is not there yet and waits until it is on the disk.
#[cfg(unix)]
pub fn write_new(path: &Path, bytes: &[u8], traits: FileTraits) -> io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    if traits.mode.is_some() {
        // Nobody else may read the content before it has its own permissions.
        options.mode(0o600);
    } else if traits.program {
        options.mode(0o777);
    }
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    if let Some(mode) = traits.mode {
        let kept = match traits.owner {
            Some(owner) => keep_owner(&file, owner)?,
            None => Kept { owner: true, group: true },
        };
        file.set_permissions(Permissions::from_mode(allowed(mode, kept)))?;
    }
    file.sync_all()
}

/// Writes a new file to the disk; permissions are the system's choice.
#[cfg(not(unix))]
pub fn write_new(path: &Path, bytes: &[u8], _traits: FileTraits) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// What of the owner a new file could keep.
#[cfg(unix)]
#[derive(Clone, Copy)]
struct Kept {
    owner: bool,
    group: bool,
}

/// Gives the file to `owner`. Only the superuser may give a file away: who may
/// write somebody else's file becomes the owner of what he wrote, as with any
/// editor that replaces files.
#[cfg(unix)]
fn keep_owner(file: &File, owner: (u32, u32)) -> io::Result<Kept> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let meta = file.metadata()?;
    let mut kept = Kept { owner: meta.uid() == owner.0, group: meta.gid() == owner.1 };
    let refused = |result: io::Result<()>| match result {
        Ok(()) => Ok(true),
        // `InvalidInput`: the number means nobody in this container.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidInput
            ) =>
        {
            Ok(false)
        }
        Err(error) => Err(error),
    };
    if !kept.group {
        kept.group = refused(fchown(file, None, Some(owner.1)))?;
    }
    if !kept.owner {
        kept.owner = refused(fchown(file, Some(owner.0), None))?;
    }
    Ok(kept)
}

/// The permissions that mean the same for the owner and group that were kept:
/// another group gets what everybody has, and a program never runs as
/// somebody else than before.
#[cfg(unix)]
fn allowed(mode: u32, kept: Kept) -> u32 {
    let mode = if kept.owner && kept.group { mode } else { mode & !0o6000 };
    if kept.group { mode } else { (mode & !0o070) | ((mode & 0o007) << 3) & (mode & 0o070) }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn permissions_do_not_grow_with_a_changed_owner() {
        for (mode, owner, group, expect) in [
            (0o6755, true, true, 0o6755),
            (0o6755, false, true, 0o755),
            (0o660, false, false, 0o600),
            (0o664, true, false, 0o644),
            (0o604, true, false, 0o604),
        ] {
            assert_eq!(allowed(mode, Kept { owner, group }), expect, "{mode:o}");
        }
    }
}
