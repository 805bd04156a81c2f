//! Generated files are what the program, and the goldens, say.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use ignore::WalkBuilder;

use crate::formats;
use crate::run::{cargo, program, run, target};

/// Has the program write its pages into a temporary folder and compares them
/// with `docs`.
pub fn check(root: &Path) -> Result<()> {
    let temp = tempfile::tempdir().context("cannot make a temporary folder")?;
    let fresh = temp.path().join("docs");
    make(root, &fresh)?;
    let differences = compare(&fresh, &root.join("docs"))?;
    if differences.is_empty() {
        return Ok(());
    }
    bail!("not up to date:\n  {}", differences.join("\n  "));
}

/// Has the program write its pages into `docs`.
pub fn write(root: &Path) -> Result<()> {
    make(root, &root.join("docs"))
}

/// Runs the program that the tests are built with: any other set of packages
/// would have other features, and so be built from the ground.
fn make(root: &Path, folder: &Path) -> Result<()> {
    run(cargo(root).args(["build", "--quiet", "--workspace", "--bins", "--tests"]))?;
    let name = format!("mlx-code{}", std::env::consts::EXE_SUFFIX);
    let built = target(root).join("debug").join(name);
    run(program(built, root).arg("__generate").arg(folder))?;
    formats::write(root, folder)
}

/// What the kept folder lacks or has differently. A subfolder that something
/// is generated into holds nothing else; the folder itself holds other pages.
fn compare(fresh: &Path, kept: &Path) -> Result<Vec<String>> {
    let generated = files(fresh)?;
    if generated.is_empty() {
        bail!("nothing was generated");
    }
    let mut differences = Vec::new();
    for file in &generated {
        match fs::read(kept.join(file)) {
            Ok(bytes) if bytes == fs::read(fresh.join(file))? => {}
            Ok(_) => differences.push(format!("docs/{} differs", file.display())),
            Err(_) => differences.push(format!("docs/{} is missing", file.display())),
        }
    }
    let mut folders: Vec<_> = generated
        .iter()
        .filter_map(|file| file.parent())
        .filter(|folder| !folder.as_os_str().is_empty())
        .collect();
    folders.sort();
    folders.dedup();
    for folder in folders.into_iter().filter(|folder| kept.join(folder).is_dir()) {
        for file in files(&kept.join(folder))? {
            let file = folder.join(file);
            if !generated.contains(&file)
                && !differences.iter().any(|line| line.contains(&*file.to_string_lossy()))
            {
                differences.push(format!("docs/{} is no longer generated", file.display()));
            }
        }
    }
    Ok(differences)
}

/// The files below a folder, relative to it, sorted.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in WalkBuilder::new(folder).standard_filters(false).build() {
        let entry = entry?;
        if entry.file_type().is_some_and(|kind| kind.is_file()) {
            files.push(entry.path().strip_prefix(folder)?.to_owned());
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let temp = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let place = temp.path().join(file);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, text).unwrap();
        }
        temp
    }

    #[test]
    fn a_page_that_differs_is_missing_or_left_over_is_told() {
        let fresh = tree(&[("cli.md", "a"), ("schema/ask.json", "{}"), ("schema/new.json", "{}")]);
        let kept = tree(&[
            ("cli.md", "b"),
            ("guide.md", "written by hand"),
            ("schema/ask.json", "{}"),
            ("schema/old.json", "{}"),
        ]);
        let found = compare(fresh.path(), kept.path()).unwrap();
        assert_eq!(
            found,
            [
                "docs/cli.md differs",
                "docs/schema/new.json is missing",
                "docs/schema/old.json is no longer generated",
            ]
        );
        assert!(compare(fresh.path(), fresh.path()).unwrap().is_empty());
        assert!(compare(tree(&[]).path(), kept.path()).is_err());
    }
}
