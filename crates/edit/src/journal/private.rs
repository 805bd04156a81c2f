use std::fs::DirBuilder;
use std::io;
use std::path::Path;

/// Makes a folder, and those above it, that only the user may enter.
#[cfg(unix)]
pub fn make_folder(path: &Path) -> io::Result<()> {
    use std::fs::{Permissions, metadata};
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    if metadata(path)?.permissions().mode() & 0o077 != 0 {
        // Somebody else's folder can be used as it is, where that is possible.
        #[allow(clippy::disallowed_methods, reason = "the journal's own folder")]
        let _ = std::fs::set_permissions(path, Permissions::from_mode(0o700));
    }
    Ok(())
}

/// Makes a folder, and those above it; who may enter is the system's choice.
#[cfg(not(unix))]
pub fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(path)
}
