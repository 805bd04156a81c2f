//! `cargo xtask layers`: no import runs against the tables of ARCHITECTURE.md.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::{Dependency, DependencyKind, MetadataCommand, Package};

use crate::arrows::{Arrows, Bound, FILE};
use crate::finding::Finding;
use crate::imports::{self, Import};
use crate::source;

/// Checks the workspace at `root`: its manifests, then every Rust file.
pub fn check(root: &Path) -> Result<Vec<Finding>> {
    let arrows = Arrows::read(root)?;
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .exec()
        .context("cargo metadata failed")?;
    let packages = metadata.workspace_packages();
    let crates: Vec<(String, String)> = packages
        .iter()
        .flat_map(|package| {
            package
                .targets
                .iter()
                .filter(|target| target.is_lib() || target.is_cdylib())
                .map(|target| (target.name.replace('-', "_"), package.name.to_string()))
        })
        .collect();
    let mut check = Check { root, arrows: &arrows, crates: &crates, findings: Vec::new() };
    check.rows(&packages);
    for package in &packages {
        check.package(package)?;
    }
    check.findings.sort();
    check.findings.dedup();
    Ok(check.findings)
}

struct Check<'a> {
    root: &'a Path,
    arrows: &'a Arrows,
    /// The workspace's crates as code calls them, and their packages.
    crates: &'a [(String, String)],
    findings: Vec<Finding>,
}

impl Check<'_> {
    /// A package without a row is free to import anything, a row without a
    /// package tells a reader of rooms that are not there.
    fn rows(&mut self, packages: &[&Package]) {
        for (name, row) in &self.arrows.packages {
            let package = packages.iter().find(|package| package.name.as_str() == name);
            let message = match package {
                None => format!("the workspace has no package `{name}`; take the row out"),
                Some(package) => {
                    let folder = self.relative(folder_of(package));
                    if folder == Path::new(&row.folder) {
                        continue;
                    }
                    format!("`{name}` lies in {}; correct the row", folder.display())
                }
            };
            self.findings.push(Finding { file: FILE.into(), line: row.line, message });
        }
    }

    fn package(&mut self, package: &Package) -> Result<()> {
        let manifest = package.manifest_path.as_std_path();
        let text = source::read(manifest)?;
        if !self.arrows.packages.contains_key(package.name.as_str()) {
            self.findings.push(Finding {
                file: self.relative(manifest),
                line: line_of(&text, "name"),
                message: format!(
                    "`{}` is not in the arrow table; give it a row in {FILE}",
                    package.name
                ),
            });
            return Ok(());
        }
        for dependency in &package.dependencies {
            if let Some(message) = self.dependency(package, dependency) {
                let name = dependency.rename.as_ref().unwrap_or(&dependency.name);
                let line = line_of(&text, name);
                self.findings.push(Finding { file: self.relative(manifest), line, message });
            }
        }
        for file in source::files(folder_of(package), &["rs"])? {
            let relative = self.relative(&file);
            let parsed = match syn::parse_file(&source::read(&file)?) {
                Ok(parsed) => parsed,
                Err(error) => {
                    let line = error.span().start().line;
                    let message = format!("cannot be parsed: {error}; is it Rust?");
                    self.findings.push(Finding { file: relative, line, message });
                    continue;
                }
            };
            let below = file.strip_prefix(folder_of(package)).unwrap_or(&file);
            let is_program = below.starts_with("tests") || below.starts_with("examples");
            for import in imports::of(&parsed) {
                if let Some(message) = self.import(package, &import, is_program) {
                    let file = relative.clone();
                    self.findings.push(Finding { file, line: import.line, message });
                }
            }
        }
        Ok(())
    }

    fn dependency(&self, package: &Package, dependency: &Dependency) -> Option<String> {
        if let Some(message) = self.workspace_import(package, &dependency.name) {
            let kind = match dependency.kind {
                DependencyKind::Development => "development dependency on ",
                DependencyKind::Build => "build dependency on ",
                _ => "dependency on ",
            };
            return Some(format!("{kind}{message}"));
        }
        let bound = self.arrows.bound.iter().find(|bound| bound.is_crate(&dependency.name))?;
        bound_import(package, bound, &dependency.name)
    }

    fn import(&self, package: &Package, import: &Import, is_program: bool) -> Option<String> {
        let first = import.path.first()?;
        if let Some((_, name)) = self.crates.iter().find(|(ident, _)| ident == first) {
            return self
                .workspace_import(package, name)
                .map(|message| format!("import of {message}"));
        }
        let ident = first.replace('_', "-");
        let bound = self.arrows.bound.iter().find(|bound| match bound.path() {
            // What a test or an example starts or opens is its own affair.
            Some(_) if import.in_test || is_program => false,
            Some(path) => names(&import.path, &path),
            None => bound.is_crate(first) || bound.is_crate(&ident),
        })?;
        bound_import(package, bound, &import.path.join("::"))
    }

    /// Says so where `package` may not import the workspace's package `name`.
    fn workspace_import(&self, package: &Package, name: &str) -> Option<String> {
        let own = package.name.as_str();
        let row = self.arrows.packages.get(own)?;
        if name == own || !self.arrows.packages.contains_key(name) || row.may_import.contains(name)
        {
            return None;
        }
        Some(format!(
            "`{name}` runs against the arrows: {} may import {}; move the code to where both \
             can be seen, or change the table in {FILE} with a reason",
            row.folder,
            list(row.may_import.iter().map(String::as_str)),
        ))
    }

    fn relative(&self, path: &Path) -> PathBuf {
        let root = self.root.canonicalize().unwrap_or_else(|_| self.root.to_owned());
        let below = path.strip_prefix(&root).or_else(|_| path.strip_prefix(self.root));
        below.unwrap_or(path).to_owned()
    }
}

/// Says so where `package` may not name what is bound to others.
fn bound_import(package: &Package, bound: &Bound, named: &str) -> Option<String> {
    if bound.packages.contains(package.name.as_str()) {
        return None;
    }
    Some(format!(
        "`{named}` belongs to {}; ask that crate for what you need, or change the table in {FILE} \
         with a reason",
        list(bound.packages.iter().map(String::as_str)),
    ))
}

/// Whether the path is `bound` or lies below it; a glob above it counts.
fn names(path: &[String], bound: &[&str]) -> bool {
    let above = match path.split_last() {
        Some((last, above)) if last == "*" => Some(above),
        _ => None,
    };
    let agrees = |path: &[String]| path.iter().zip(bound).all(|(part, wanted)| part == wanted);
    match above {
        Some(above) => agrees(above),
        None => path.len() >= bound.len() && agrees(path),
    }
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.collect();
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}

fn folder_of(package: &Package) -> &Path {
    package.manifest_path.parent().map_or(Path::new(""), |folder| folder.as_std_path())
}

/// The first line of a manifest that begins with this key, from 1.
fn line_of(manifest: &str, key: &str) -> usize {
    let begins = |line: &str| {
        let rest = line.trim_start().trim_start_matches(['"', '[']).strip_prefix(key);
        let rest = rest.or_else(|| line.split_once(&format!("dependencies.{key}]")).map(|_| ""));
        rest.is_some_and(|rest| {
            !rest.starts_with(|sign: char| sign.is_alphanumeric() || "-_".contains(sign))
        })
    };
    manifest.lines().position(begins).map_or(1, |index| index + 1)
}

#[cfg(test)]
#[path = "layers_tests.rs"]
mod tests;
