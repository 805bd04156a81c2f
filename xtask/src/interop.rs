//! `cargo xtask interop`: our files beside those of other programs.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::run::{cargo, program, run, target};

/// What a script is started with.
enum Argument {
    /// As it stands.
    Word(&'static str),
    /// The command that was built.
    Program,
    /// Tiny models of all families, which the first script of all makes.
    Models,
}

use Argument::{Models, Program, Word};

/// The scripts of `tools`, their arguments, and the packages without which
/// they cannot run.
const SCRIPTS: [(&str, &[Argument], &[&str]); 5] = [
    ("check_hub_interop.py", &[], &["huggingface_hub"]),
    ("verify_foreign.py", &[Program], &["gguf", "mlx_lm", "numpy", "safetensors"]),
    ("check_convert.py", &[Word("mlx"), Program, Models], &["mlx", "mlx_lm"]),
    ("check_convert.py", &[Word("gguf"), Program, Models], &["gguf", "llama_cpp", "numpy"]),
    ("check_convert.py", &[Word("back"), Program, Models], &["torch", "transformers"]),
];

/// The packages that make the tiny models.
const MAKER: [&str; 2] = ["gguf", "numpy"];

/// Runs each script with the first of the Pythons that has its packages, tells
/// which none has, and at last how all of them went. `MLX_CODE` and `FAKE_HUB`
/// tell the scripts the programs.
pub fn run_all(root: &Path, pythons: &[&str]) -> Result<()> {
    run(cargo(root).args(["build", "--package", "mlx-code"]))?;
    run(cargo(root).args(["build", "--package", "mlxcode-models", "--example", "fake_hub"]))?;
    let built = target(root).join("debug");
    let name = |name: &str| format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let mlx_code = built.join(name("mlx-code"));
    let tools = root.join("tools");
    let temp = target(root).join("interop");
    let mut models: Option<Vec<PathBuf>> = None;
    let mut verdicts = Vec::new();
    for (script, arguments, needs) in SCRIPTS {
        let words = arguments.iter().filter_map(Argument::word);
        let title = std::iter::once(script).chain(words).collect::<Vec<_>>().join(" ");
        println!("\n==> {title}");
        let python = match with(root, pythons, needs) {
            Ok(python) => python,
            Err(missing) => {
                verdicts.push((title, Verdict::LeftOut(missing)));
                continue;
            }
        };
        if arguments.iter().any(|argument| matches!(argument, Models)) && models.is_none() {
            match with(root, pythons, &MAKER) {
                Ok(maker) => models = Some(make(root, maker, &tools, &temp)?),
                Err(missing) => {
                    verdicts.push((title, Verdict::LeftOut(missing)));
                    continue;
                }
            }
        }
        let mut command = program(python, root);
        command.arg(tools.join(script));
        for argument in arguments {
            match argument {
                Word(word) => command.arg(word),
                Program => command.arg(&mlx_code),
                Models => command.args(models.iter().flatten()),
            };
        }
        command.env("MLX_CODE", &mlx_code);
        command.env("FAKE_HUB", built.join("examples").join(name("fake_hub")));
        let verdict = match run(&mut command) {
            Ok(()) => Verdict::Passed,
            Err(error) => Verdict::Failed(format!("{error:#}")),
        };
        verdicts.push((title, verdict));
    }
    conclude(&verdicts)
}

/// How a script went.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Passed,
    Failed(String),
    /// None of the Pythons has all that it needs; one has all but this.
    LeftOut(&'static str),
}

/// Tells how each went; fails where one failed or none ran.
fn conclude(verdicts: &[(String, Verdict)]) -> Result<()> {
    println!();
    for (title, verdict) in verdicts {
        match verdict {
            Verdict::Passed => println!("passed    {title}"),
            Verdict::Failed(error) => println!("FAILED    {title}: {error}"),
            Verdict::LeftOut(missing) => println!("left out  {title}: no {missing}"),
        }
    }
    let count = |wanted: fn(&Verdict) -> bool| verdicts.iter().filter(|(_, v)| wanted(v)).count();
    let failed = count(|verdict| matches!(verdict, Verdict::Failed(_)));
    let passed = count(|verdict| *verdict == Verdict::Passed);
    match (failed, passed) {
        (0, 0) => bail!("interop: no Python has the packages that the scripts name"),
        (0, _) => {
            println!("interop: {passed} of {} passed, none failed", verdicts.len());
            Ok(())
        }
        _ => bail!("interop: {failed} of {} failed", verdicts.len()),
    }
}

impl Argument {
    fn word(&self) -> Option<&str> {
        match self {
            Word(word) => Some(word),
            _ => None,
        }
    }
}

/// The first Python that has all of these packages, else a package that the
/// first one lacks.
fn with<'a>(
    root: &Path,
    pythons: &[&'a str],
    packages: &[&'static str],
) -> Result<&'a str, &'static str> {
    let missing =
        |python: &str| packages.iter().find(|package| !has(root, python, package)).copied();
    let found = pythons.iter().find(|python| missing(python).is_none());
    found
        .copied()
        .ok_or_else(|| pythons.first().and_then(|python| missing(python)).unwrap_or("Python"))
}

/// Whether a Python has a package.
fn has(root: &Path, python: &str, package: &str) -> bool {
    let mut command = program(python, root);
    command.args(["-c", &format!("import {package}")]).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Makes the tiny models; gives their folders.
fn make(root: &Path, python: &str, tools: &Path, temp: &Path) -> Result<Vec<PathBuf>> {
    if temp.exists() {
        std::fs::remove_dir_all(temp)
            .with_context(|| format!("cannot empty {}", temp.display()))?;
    }
    run(program(python, root).arg(tools.join("check_convert.py")).arg("folders").arg(temp))?;
    let entries = std::fs::read_dir(temp);
    let mut found = Vec::new();
    for entry in entries.with_context(|| format!("cannot read {}", temp.display()))? {
        found.push(entry?.path());
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(verdicts: Vec<Verdict>, sound: bool) {
        let verdicts: Vec<_> =
            verdicts.into_iter().map(|verdict| ("one".to_owned(), verdict)).collect();
        assert_eq!(conclude(&verdicts).is_ok(), sound, "{verdicts:?}");
    }

    #[test]
    fn it_passes_where_something_ran_and_nothing_failed() {
        check(vec![Verdict::Passed, Verdict::LeftOut("torch")], true);
        check(vec![Verdict::LeftOut("torch")], false);
        check(vec![Verdict::Passed, Verdict::Failed("2".to_owned())], false);
    }
}
