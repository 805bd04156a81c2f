//! `cargo xtask interop`: our files beside those of other programs.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::run::{cargo, program, run, target};

/// Runs every script of `tools` that checks such a thing, with a Python that
/// has what their first lines name. `MLX_CODE` and `FAKE_HUB` tell them the
/// programs.
pub fn run_all(root: &Path, python: &str) -> Result<()> {
    run(cargo(root).args(["build", "--package", "mlx-code"]))?;
    run(cargo(root).args(["build", "--package", "mlxcode-models", "--example", "fake_hub"]))?;
    let built = target(root).join("debug");
    let name = |name: &str| format!("{name}{}", std::env::consts::EXE_SUFFIX);
    for script in scripts(root)? {
        let mut command = program(python, root);
        command.arg(&script);
        command.env("MLX_CODE", built.join(name("mlx-code")));
        command.env("FAKE_HUB", built.join("examples").join(name("fake_hub")));
        println!("\n==> {}", script.display());
        run(&mut command)?;
    }
    Ok(())
}

/// `tools/check_*_interop.py`, by name.
fn scripts(root: &Path) -> Result<Vec<PathBuf>> {
    let folder = root.join("tools");
    let mut found = Vec::new();
    let entries = std::fs::read_dir(&folder);
    for entry in entries.with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("check_") && name.ends_with("_interop.py") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
