//! The real disk.

#![allow(clippy::disallowed_methods, reason = "the one place that writes files")]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use super::traits::traits_of;
use super::{At, DiskOp, FileLayer, Opening, Stored};

/// The real disk.
#[derive(Debug)]
pub struct Disk;

impl FileLayer for Disk {
    fn read(&self, at: At<'_>) -> io::Result<Option<Stored>> {
        let mut file = match open_regular_at(at) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(Some(Stored { bytes, traits: traits_of(&file)? }))
    }

    #[cfg(unix)]
    fn check_writable(&self, at: At<'_>) -> io::Result<()> {
        use rustix::fs::{Access, AtFlags, accessat};
        Ok(accessat(at.folder.handle(), at.name, Access::WRITE_OK, AtFlags::EACCESS)?)
    }

    #[cfg(not(unix))]
    fn check_writable(&self, _at: At<'_>) -> io::Result<()> {
        Ok(())
    }

    #[cfg(unix)]
    fn open(&self, at: At<'_>, how: Opening) -> io::Result<File> {
        use rustix::fs::{Mode, OFlags, openat};
        let always = OFlags::WRONLY | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let (flags, mode) = match how {
            Opening::New { mode } => (always | OFlags::EXCL, mode),
            Opening::Append => (always | OFlags::APPEND, 0o600),
        };
        #[allow(clippy::useless_conversion, reason = "not every system has 32 bits of it")]
        let mode = Mode::from_bits_truncate(mode.into());
        Ok(openat(at.folder.handle(), at.name, flags, mode)?.into())
    }

    #[cfg(not(unix))]
    fn open(&self, at: At<'_>, how: Opening) -> io::Result<File> {
        let mut options = OpenOptions::new();
        match how {
            Opening::New { .. } => options.write(true).create_new(true),
            // Cutting off needs more than the right to append.
            Opening::Append => options.append(true).read(true).create(true),
        };
        options.open(at.path())
    }

    fn perform(&self, op: DiskOp<'_>) -> io::Result<()> {
        match op {
            DiskOp::Write { mut file, bytes } => file.write_all(bytes),
            DiskOp::Sync(file) => file.sync_all(),
            DiskOp::Truncate { file, size_bytes } => file.set_len(size_bytes),
            #[cfg(unix)]
            DiskOp::SetOwner { file, owner, group } => {
                std::os::unix::fs::fchown(file, owner, group)
            }
            #[cfg(unix)]
            DiskOp::SetMode { file, mode } => {
                use std::os::unix::fs::PermissionsExt;
                file.set_permissions(fs::Permissions::from_mode(mode))
            }
            #[cfg(target_os = "linux")]
            DiskOp::SetAttribute { file, name, value } => {
                let flags = rustix::fs::XattrFlags::empty();
                Ok(rustix::fs::fsetxattr(file, name, value, flags)?)
            }
            #[cfg(unix)]
            other => names(other),
            #[cfg(not(unix))]
            other => names_by_path(other),
        }
    }
}

/// The operations on names.
#[cfg(unix)]
fn names(op: DiskOp<'_>) -> io::Result<()> {
    use rustix::fs::{AtFlags, Mode, fsync, mkdirat, renameat, unlinkat};
    use rustix::io::Errno;
    let fine = |result: rustix::io::Result<()>, fine: &[Errno]| match result {
        Err(error) if !fine.contains(&error) => Err(error.into()),
        _ => Ok(()),
    };
    match op {
        DiskOp::Rename { from, to, replace } => {
            let folder = from.folder.handle();
            if replace {
                return Ok(renameat(folder, from.name, folder, to)?);
            }
            rename_into_gap(folder, from.name, to)
        }
        DiskOp::Remove(at) => {
            fine(unlinkat(at.folder.handle(), at.name, AtFlags::empty()), &[Errno::NOENT])
        }
        DiskOp::CreateDir(at) => {
            let mode = Mode::from_bits_truncate(0o777);
            fine(mkdirat(at.folder.handle(), at.name, mode), &[Errno::EXIST])
        }
        DiskOp::RemoveDir(at) => fine(
            unlinkat(at.folder.handle(), at.name, AtFlags::REMOVEDIR),
            &[Errno::NOENT, Errno::NOTEMPTY, Errno::EXIST],
        ),
        DiskOp::SyncDir(folder) => Ok(fsync(folder.handle())?),
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// Renames where nothing stands yet. Not every file system can do both in one
/// step; on the others, what came within the last microseconds is replaced.
#[cfg(unix)]
fn rename_into_gap(
    folder: &std::os::fd::OwnedFd,
    from: &std::ffi::OsStr,
    to: &std::ffi::OsStr,
) -> io::Result<()> {
    use rustix::fs::{AtFlags, renameat, statat};
    use rustix::io::Errno;
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    {
        use rustix::fs::{RenameFlags, renameat_with};
        match renameat_with(folder, from, folder, to, RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            result => return Ok(result?),
        }
    }
    match statat(folder, to, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(_) => Err(Errno::EXIST.into()),
        Err(_) => Ok(renameat(folder, from, folder, to)?),
    }
}

/// The operations on names, by path.
#[cfg(not(unix))]
fn names_by_path(op: DiskOp<'_>) -> io::Result<()> {
    use io::ErrorKind::{AlreadyExists, DirectoryNotEmpty, NotFound};
    let fine = |result: io::Result<()>, fine: &[io::ErrorKind]| {
        result.or_else(|error| if fine.contains(&error.kind()) { Ok(()) } else { Err(error) })
    };
    match op {
        DiskOp::Rename { from, to, replace } => {
            let to = from.folder.path().join(to);
            if !replace && fs::symlink_metadata(&to).is_ok() {
                return Err(AlreadyExists.into());
            }
            fs::rename(from.path(), to)
        }
        DiskOp::Remove(at) => fine(fs::remove_file(at.path()), &[NotFound]),
        DiskOp::CreateDir(at) => fine(fs::create_dir(at.path()), &[AlreadyExists]),
        DiskOp::RemoveDir(at) => fine(fs::remove_dir(at.path()), &[NotFound, DirectoryNotEmpty]),
        // Only Unix lets a folder be opened and synced; the rest has no meaning here.
        _ => Ok(()),
    }
}

fn not_regular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")
}

/// Opens a file to read it. A FIFO, a socket or a device would be waited for
/// without end, or answer to being read: none of them is opened.
pub fn open_regular(path: &Path) -> io::Result<File> {
    if !fs::metadata(path)?.is_file() {
        return Err(not_regular());
    }
    let mut options = OpenOptions::new();
    options.read(true);
    // Something else may stand there since: opening it does not wait either.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        rustix::fs::OFlags::NONBLOCK.bits().cast_signed(),
    );
    let file = options.open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(not_regular()) }
}

/// As [`open_regular`], and a link is not followed.
#[cfg(unix)]
fn open_regular_at(at: At<'_>) -> io::Result<File> {
    use rustix::fs::{FileType, Mode, OFlags, fstat, openat, statat};
    let looked = statat(at.folder.handle(), at.name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW)?;
    if FileType::from_raw_mode(looked.st_mode) != FileType::RegularFile {
        return Err(not_regular());
    }
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(at.folder.handle(), at.name, flags, Mode::empty())?;
    match FileType::from_raw_mode(fstat(&file)?.st_mode) {
        FileType::RegularFile => Ok(file.into()),
        _ => Err(not_regular()),
    }
}

/// As [`open_regular`], and a link is not followed.
#[cfg(not(unix))]
fn open_regular_at(at: At<'_>) -> io::Result<File> {
    let path = at.path();
    if !fs::symlink_metadata(&path)?.is_file() {
        return Err(not_regular());
    }
    open_regular(&path)
}
