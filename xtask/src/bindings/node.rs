//! The npm package.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{copy, in_isolation, only_file, refuse_stale};
use crate::run::{program, run, target};
use crate::source;

const SOURCE: &str = "bindings/node";
/// What the type checker of a user reads.
const DECLARATIONS: &str = "native.d.ts";

/// Builds the npm package, packs it, installs it into a fresh folder and runs
/// node's test runner from there.
pub fn test(root: &Path) -> Result<()> {
    let source = root.join(SOURCE);
    let temp = tempfile::tempdir().context("cannot make a temporary folder")?;
    let place = temp.path();
    let package = place.join("package");
    build(root, &package)?;
    refuse_stale(&source.join(DECLARATIONS), &package.join(DECLARATIONS))?;
    run(npm(&package).args(["pack", "--silent", "--pack-destination"]).arg(place))?;
    let packed = only_file(place, "tgz")?;

    let app = place.join("app");
    fs::create_dir(&app)?;
    fs::write(app.join("package.json"), "{ \"private\": true }\n")?;
    run(npm(&app).arg("install").arg(packed))?;
    copy(&source.join("test"), &app.join("test"))?;
    // Node's runner is content with no test at all.
    if source::files(&app.join("test"), &["js", "mjs", "cjs"])?.is_empty() {
        bail!("{SOURCE}/test holds no test");
    }
    let mut node = program("node", &app);
    node.args(["--test", "--test-reporter", "spec"]);
    run(in_isolation(&mut node, root, place))
}

/// Writes the declarations anew.
pub fn generate(root: &Path) -> Result<()> {
    let temp = tempfile::tempdir().context("cannot make a temporary folder")?;
    let package = temp.path().join("package");
    build(root, &package)?;
    fs::copy(package.join(DECLARATIONS), root.join(SOURCE).join(DECLARATIONS))?;
    Ok(())
}

/// Builds the package in a copy, so that the source folder stays clean.
fn build(root: &Path, package: &Path) -> Result<()> {
    let source = root.join(SOURCE);
    copy(&source, package)?;
    run(npm(package).args(["install", "--no-package-lock"]))?;
    let mut build = npm(package);
    build.args(["run", "build", "--", "--output-dir", ".", "--manifest-path"]);
    build.arg(source.join("Cargo.toml")).arg("--target-dir").arg(target(root));
    run(&mut build)
}

fn npm(folder: &Path) -> Command {
    let mut npm = program(if cfg!(windows) { "npm.cmd" } else { "npm" }, folder);
    npm.env("NPM_CONFIG_AUDIT", "false").env("NPM_CONFIG_FUND", "false");
    npm.env("NPM_CONFIG_UPDATE_NOTIFIER", "false");
    npm
}
