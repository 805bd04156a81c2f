//! Room on the disk, and bytes at a place of a file, on each system.

use std::fs::File;
use std::io;

/// Takes room on the disk for a file, where the system can.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn allocate(file: &File, size_bytes: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    use rustix::io::Errno;

    if size_bytes == 0 {
        return Ok(());
    }
    match fallocate(file, FallocateFlags::empty(), 0, size_bytes) {
        // The disk's format cannot; then the checks while it comes must do.
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) | Ok(()) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Takes room on the disk for a file, where the system can.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn allocate(_file: &File, _size_bytes: u64) -> io::Result<()> {
    Ok(())
}

/// Writes all bytes from a place of a file on.
#[cfg(unix)]
pub fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

/// Fills a buffer from a place of a file on.
#[cfg(unix)]
pub fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

/// Writes all bytes from a place of a file on.
#[cfg(windows)]
pub fn write_all_at(file: &File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    use std::os::windows::fs::FileExt;
    while !bytes.is_empty() {
        match file.seek_write(bytes, offset)? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            done => {
                bytes = &bytes[done..];
                offset += done as u64;
            }
        }
    }
    Ok(())
}

/// Fills a buffer from a place of a file on.
#[cfg(windows)]
pub fn read_exact_at(file: &File, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
    use std::os::windows::fs::FileExt;
    while !buffer.is_empty() {
        match file.seek_read(buffer, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            done => {
                buffer = &mut buffer[done..];
                offset += done as u64;
            }
        }
    }
    Ok(())
}
