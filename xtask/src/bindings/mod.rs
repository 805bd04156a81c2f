//! The Python and Node packages: built into the workspace's target folder,
//! installed and tested outside the repository, as a user has them.

pub mod node;
pub mod python;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::source;

/// A small model for the packages' tests.
const MODEL: &str = "crates/inference/tests/fixtures/qwen2-f32";

/// Gives the tests a model, and a home that is not the developer's.
fn in_isolation<'a>(command: &'a mut Command, root: &Path, place: &Path) -> &'a mut Command {
    let model = root.join(MODEL);
    command.env("MLX_CODE_TEST_MODEL", model).env("MLX_CODE_HOME", place.join("home"))
}

/// The declarations that are kept in the repository have to be the generated
/// ones.
fn refuse_stale(kept: &Path, fresh: &Path) -> Result<()> {
    if !kept.is_file() || source::read(kept)? != source::read(fresh)? {
        bail!("{} is not what is generated; run `cargo xtask generate`", kept.display());
    }
    Ok(())
}

/// The one file of this kind in a folder.
fn only_file(folder: &Path, extension: &str) -> Result<PathBuf> {
    let mut found = Vec::new();
    for entry in
        fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?
    {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    match found.as_slice() {
        [path] => Ok(path.clone()),
        _ => bail!("{} holds {} files `*.{extension}`, not one", folder.display(), found.len()),
    }
}

/// Copies a folder without what was built or installed in it.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot list {}", from.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        let path = entry.path();
        let is_made =
            ["node_modules", "__pycache__", ".gitignore"].iter().any(|made| name == *made)
                || path.extension().is_some_and(|extension| extension == "node");
        if is_made {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy(&path, &to.join(name))?;
        } else {
            fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_leaves_out_what_was_built() {
        let from = tempfile::tempdir().unwrap();
        for file in ["index.js", "mlx-code.linux.node", "test/a.js", "node_modules/x/index.js"] {
            let place = from.path().join(file);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, file).unwrap();
        }
        let to = tempfile::tempdir().unwrap();
        copy(from.path(), to.path()).unwrap();
        assert!(to.path().join("index.js").is_file() && to.path().join("test/a.js").is_file());
        assert!(!to.path().join("mlx-code.linux.node").exists());
        assert!(!to.path().join("node_modules").exists());
    }

    #[test]
    fn one_file_is_one_file() {
        let temp = tempfile::tempdir().unwrap();
        assert!(only_file(temp.path(), "whl").is_err());
        fs::write(temp.path().join("a.whl"), "").unwrap();
        assert_eq!(only_file(temp.path(), "whl").unwrap(), temp.path().join("a.whl"));
        fs::write(temp.path().join("b.whl"), "").unwrap();
        assert!(only_file(temp.path(), "whl").is_err());
    }

    #[test]
    fn a_kept_declaration_that_is_stale_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        let (kept, fresh) = (temp.path().join("kept.d.ts"), temp.path().join("fresh.d.ts"));
        fs::write(&fresh, "a").unwrap();
        assert!(refuse_stale(&kept, &fresh).is_err());
        fs::write(&kept, "a").unwrap();
        refuse_stale(&kept, &fresh).unwrap();
        fs::write(&kept, "b").unwrap();
        assert!(refuse_stale(&kept, &fresh).is_err());
    }
}
