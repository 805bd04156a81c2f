//! The Python and Node packages: built into the workspace's target folder,
//! installed and tested outside the repository, as a user has them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::run::{program, run, target};
use crate::source;

/// A small model for the packages' tests.
const MODEL: &str = "crates/inference/tests/fixtures/qwen2-f32";

/// Builds the wheel, installs it into a fresh virtual environment and runs
/// pytest from there.
pub fn python(root: &Path) -> Result<()> {
    let source = root.join("bindings/python");
    if !source.is_dir() {
        println!("skipped: there is no bindings/python");
        return Ok(());
    }
    let temp = tempfile::tempdir().context("cannot make a temporary folder")?;
    let place = temp.path();
    let environment = place.join("environment");
    let system = if cfg!(windows) { "python" } else { "python3" };
    run(program(system, place).args(["-m", "venv"]).arg(&environment))?;
    let python = environment.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    run(program(&python, place).args(pip).args(["maturin>=1.16,<2", "pytest>=8,<10"]))?;

    let wheels = place.join("wheels");
    let mut build = program(&python, place);
    build.args(["-m", "maturin", "build", "--manifest-path"]).arg(source.join("Cargo.toml"));
    build.arg("--out").arg(&wheels).arg("--interpreter").arg(&python);
    run(build.env("CARGO_TARGET_DIR", target(root)))?;
    let wheel = only_file(&wheels, "whl")?;
    run(program(&python, place).args(pip).args(["--no-index", "--no-deps"]).arg(wheel))?;

    let tests = place.join("tests");
    copy(&source.join("tests"), &tests)?;
    let mut pytest = program(&python, place);
    // Pytest's exit status 5 says that it found no test, and fails the step.
    pytest.args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]).arg(&tests);
    run(in_isolation(&mut pytest, root, place))
}

/// Builds the npm package, packs it, installs it into a fresh folder and runs
/// node's test runner from there.
pub fn node(root: &Path) -> Result<()> {
    let source = root.join("bindings/node");
    if !source.is_dir() {
        println!("skipped: there is no bindings/node");
        return Ok(());
    }
    let temp = tempfile::tempdir().context("cannot make a temporary folder")?;
    let place = temp.path();
    let package = place.join("package");
    copy(&source, &package)?;
    run(npm(&package).args(["install", "--no-package-lock"]))?;
    let mut build = npm(&package);
    build.args(["run", "build", "--", "--output-dir", ".", "--manifest-path"]);
    build.arg(source.join("Cargo.toml")).arg("--target-dir").arg(target(root));
    run(&mut build)?;
    refuse_stale(&source.join("native.d.ts"), &package.join("native.d.ts"))?;
    run(npm(&package).args(["pack", "--pack-destination"]).arg(place))?;
    let packed = only_file(place, "tgz")?;

    let app = place.join("app");
    fs::create_dir(&app)?;
    fs::write(app.join("package.json"), "{ \"private\": true }\n")?;
    run(npm(&app).arg("install").arg(packed))?;
    copy(&source.join("test"), &app.join("test"))?;
    // Node's runner is content with no test at all.
    if source::files(&app.join("test"), &["js", "mjs", "cjs"])?.is_empty() {
        bail!("bindings/node/test holds no test");
    }
    run(in_isolation(program("node", &app).arg("--test"), root, place))
}

/// Gives the tests a model, and a home that is not the developer's.
fn in_isolation<'a>(command: &'a mut Command, root: &Path, place: &Path) -> &'a mut Command {
    let model = root.join(MODEL);
    command.env("MLX_CODE_TEST_MODEL", model).env("MLX_CODE_HOME", place.join("home"))
}

fn npm(folder: &Path) -> Command {
    let mut npm = program(if cfg!(windows) { "npm.cmd" } else { "npm" }, folder);
    npm.env("NPM_CONFIG_AUDIT", "false").env("NPM_CONFIG_FUND", "false");
    npm.env("NPM_CONFIG_UPDATE_NOTIFIER", "false");
    npm
}

/// A declaration file that is kept in the repository has to be the generated one.
fn refuse_stale(kept: &Path, fresh: &Path) -> Result<()> {
    if kept.is_file() && source::read(kept)? != source::read(fresh)? {
        bail!("{} is not what is generated; run `npm run build` there", kept.display());
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
        refuse_stale(&kept, &fresh).unwrap();
        fs::write(&kept, "b").unwrap();
        assert!(refuse_stale(&kept, &fresh).is_err());
    }
}
