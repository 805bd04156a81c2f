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

/// Runs those scripts whose packages a Python has, and tells which it has not.
/// `MLX_CODE` and `FAKE_HUB` tell them the programs.
pub fn run_all(root: &Path, python: &str) -> Result<()> {
    run(cargo(root).args(["build", "--package", "mlx-code"]))?;
    run(cargo(root).args(["build", "--package", "mlxcode-models", "--example", "fake_hub"]))?;
    let built = target(root).join("debug");
    let name = |name: &str| format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let mlx_code = built.join(name("mlx-code"));
    let tools = root.join("tools");
    let temp = target(root).join("interop");
    let mut models: Option<Vec<PathBuf>> = None;
    let mut ran = 0;
    for (script, arguments, needs) in SCRIPTS {
        let words: Vec<&str> = arguments.iter().filter_map(Argument::word).collect();
        println!("\n==> {script} {}", words.join(" "));
        let wants_models = arguments.iter().any(|argument| matches!(argument, Models));
        let needs = if wants_models { [needs, &MAKER[..]].concat() } else { needs.to_vec() };
        if let Some(missing) = needs.iter().find(|package| !has(root, python, package)) {
            println!("left out: this Python has no {missing}");
            continue;
        }
        if wants_models && models.is_none() {
            models = Some(make(root, python, &tools, &temp)?);
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
        run(&mut command)?;
        ran += 1;
    }
    if ran == 0 {
        bail!("{python} has none of the packages that the scripts name in their first lines");
    }
    Ok(())
}

impl Argument {
    fn word(&self) -> Option<&str> {
        match self {
            Word(word) => Some(word),
            _ => None,
        }
    }
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
