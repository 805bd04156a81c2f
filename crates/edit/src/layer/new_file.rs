//! Writes a new file, with the permissions and the owner that it is to have.

use std::fs::File;
use std::io;

use super::{At, DiskOp, FileLayer, FileTraits, Opening};

/// Writes a file that is not there yet and waits until its content is on the
/// disk.
pub fn write_new(
    layer: &dyn FileLayer,
    at: At<'_>,
    bytes: &[u8],
    traits: &FileTraits,
) -> io::Result<()> {
    let mode = match traits.mode {
        // Nobody else may read the content before it has its own permissions.
        Some(_) => 0o600,
        None if traits.program => 0o777,
        None => 0o666,
    };
    let file = layer.open(at, Opening::New { mode })?;
    layer.perform(DiskOp::Write { file: &file, bytes })?;
    keep_traits(layer, &file, traits)?;
    layer.perform(DiskOp::Sync(&file))
}

#[cfg(not(unix))]
fn keep_traits(_layer: &dyn FileLayer, _file: &File, _traits: &FileTraits) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn keep_traits(layer: &dyn FileLayer, file: &File, traits: &FileTraits) -> io::Result<()> {
    let Some(mode) = traits.mode else { return Ok(()) };
    let kept = match traits.owner {
        Some(owner) => keep_owner(layer, file, owner)?,
        None => Kept { owner: true, group: true },
    };
    for (name, value) in &traits.attributes {
        // An access list may name a group that could not be kept.
        if kept.group || !name.starts_with("system.") {
            let name = std::ffi::OsStr::new(name);
            unless_refused(layer.perform(DiskOp::SetAttribute { file, name, value }))?;
        }
    }
    let mode = allowed(mode, kept);
    // Of a file that nobody else may read there is nothing to set.
    if mode != 0o600 || !traits.attributes.is_empty() {
        layer.perform(DiskOp::SetMode { file, mode })?;
    }
    Ok(())
}

/// Whether it was done; what the system does not let the user do stays undone.
#[cfg(unix)]
fn unless_refused(result: io::Result<()>) -> io::Result<bool> {
    match result {
        Ok(()) => Ok(true),
        // `InvalidInput`: the number means nobody in this container.
        // `Unsupported`: this file system has no such thing.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::PermissionDenied
                    | io::ErrorKind::InvalidInput
                    | io::ErrorKind::Unsupported
            ) =>
        {
            Ok(false)
        }
        Err(error) => Err(error),
    }
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
fn keep_owner(layer: &dyn FileLayer, file: &File, owner: (u32, u32)) -> io::Result<Kept> {
    use std::os::unix::fs::MetadataExt;
    let meta = file.metadata()?;
    let mut kept = Kept { owner: meta.uid() == owner.0, group: meta.gid() == owner.1 };
    if !kept.group {
        let op = DiskOp::SetOwner { file, owner: None, group: Some(owner.1) };
        kept.group = unless_refused(layer.perform(op))?;
    }
    if !kept.owner {
        let op = DiskOp::SetOwner { file, owner: Some(owner.0), group: None };
        kept.owner = unless_refused(layer.perform(op))?;
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
