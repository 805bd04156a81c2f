//! The wheel.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{copy, in_isolation, only_file, refuse_stale};
use crate::run::{program, run, target};

const SOURCE: &str = "bindings/python";
/// What the type checker of a user reads, below the source and in the output.
const STUB: &str = "mlx_code/_native.pyi";

/// Builds the wheel, installs it into a fresh virtual environment and runs
/// pytest from there.
pub fn test(root: &Path) -> Result<()> {
    let temp = tempfile::tempdir().context("cannot make a temporary folder")?;
    let place = temp.path();
    let python = environment(place, &["maturin>=1.16,<2", "pytest>=8,<10"])?;

    let wheels = place.join("wheels");
    let mut build = maturin(root, place, &python, "build");
    build.arg("--out").arg(&wheels).arg("--interpreter").arg(&python);
    run(&mut build)?;
    let wheel = only_file(&wheels, "whl")?;
    run(program(&python, place).args(PIP).args(["--no-index", "--no-deps"]).arg(wheel))?;

    refuse_stale(&root.join(SOURCE).join("python").join(STUB), &stub(root, place, &python)?)?;

    let tests = place.join("tests");
    copy(&root.join(SOURCE).join("tests"), &tests)?;
    let mut pytest = program(&python, place);
    // Pytest's exit status 5 says that it found no test, and fails the step.
    pytest.args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]).arg(&tests);
    run(in_isolation(&mut pytest, root, place))
}

/// Writes the type stub anew.
pub fn generate(root: &Path) -> Result<()> {
    let temp = tempfile::tempdir().context("cannot make a temporary folder")?;
    let python = environment(temp.path(), &["maturin>=1.16,<2"])?;
    let fresh = stub(root, temp.path(), &python)?;
    fs::copy(fresh, root.join(SOURCE).join("python").join(STUB))?;
    Ok(())
}

const PIP: [&str; 5] = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];

/// Makes a virtual environment with some packages; gives its interpreter.
fn environment(place: &Path, packages: &[&str]) -> Result<PathBuf> {
    let environment = place.join("environment");
    let system = if cfg!(windows) { "python" } else { "python3" };
    run(program(system, place).args(["-m", "venv"]).arg(&environment))?;
    let python = environment.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    run(program(&python, place).args(PIP).args(packages))?;
    Ok(python)
}

fn stub(root: &Path, place: &Path, python: &Path) -> Result<PathBuf> {
    let stubs = place.join("stubs");
    let mut make = maturin(root, place, python, "generate-stubs");
    // It would take the release profile, and build everything once more.
    run(make.args(["--profile", "dev", "--out"]).arg(&stubs))?;
    Ok(stubs.join(STUB))
}

fn maturin(root: &Path, place: &Path, python: &Path, task: &str) -> std::process::Command {
    let mut maturin = program(python, place);
    maturin.args(["-m", "maturin", task, "--quiet", "--manifest-path"]);
    maturin.arg(root.join(SOURCE).join("Cargo.toml"));
    maturin.env("CARGO_TARGET_DIR", target(root));
    maturin
}
