//! Where the program of a server is.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Finds a program as a shell would: one with a slash from the folder that it
/// runs in, any other along `PATH`. Folders of `PATH` that are not whole
/// paths are left out: what lies there belongs to whoever wrote the project.
pub(crate) fn find(program: &str, folder: &Path, path: Option<&OsStr>) -> Option<PathBuf> {
    if program.is_empty() {
        return None;
    }
    if program.contains('/') || (cfg!(windows) && program.contains('\\')) {
        return candidates(&folder.join(program)).find(|path| is_program(path));
    }
    folders(path?)
        .into_iter()
        .filter(|folder| folder.is_absolute())
        .flat_map(|folder| candidates(&folder.join(program)).collect::<Vec<_>>())
        .find(|path| is_program(path))
}

/// The folders of `PATH`. What is not UTF-8 is left out on Windows.
#[cfg(unix)]
fn folders(path: &OsStr) -> Vec<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    path.as_bytes().split(|byte| *byte == b':').map(|part| OsStr::from_bytes(part).into()).collect()
}

#[cfg(not(unix))]
fn folders(path: &OsStr) -> Vec<PathBuf> {
    path.to_str().unwrap_or_default().split(';').map(PathBuf::from).collect()
}

/// The names that a program may have: on Windows with what is left out there.
fn candidates(path: &Path) -> impl Iterator<Item = PathBuf> {
    let endings: &[&str] =
        if cfg!(windows) { &[".exe", ".cmd", ".bat", ".com", ""] } else { &[""] };
    let path = path.as_os_str().to_owned();
    endings.iter().map(move |ending| {
        let mut name = path.clone();
        name.push(ending);
        PathBuf::from(name)
    })
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_program_is_found_as_a_shell_would() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for (name, mode) in [("bin/tool", 0o755), ("bin/text", 0o644), ("here/tool", 0o755)] {
            fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            fs::write(root.join(name), "").unwrap();
            fs::set_permissions(root.join(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        let path = std::env::join_paths([Path::new("here"), &root.join("bin")]).unwrap();
        let found = |program: &str| find(program, root, Some(&path));
        assert_eq!(found("tool"), Some(root.join("bin/tool")));
        assert_eq!(found("text"), None);
        assert_eq!(found("none"), None);
        assert_eq!(found(""), None);
        assert_eq!(found("here/tool"), Some(root.join("here/tool")));
        assert_eq!(found("./here/tool"), Some(root.join("./here/tool")));
        assert_eq!(find("tool", root, None), None);
    }
}
