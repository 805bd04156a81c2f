//! What models take of memory, beside what was computed before.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// How far the estimate may be off, in percent of what was measured.
const MOST_PERCENT: f64 = 10.0;

/// What `mlx-code bench` runs before it measures: a prompt of 128 tokens and
/// two steps. Its pages are kept.
const WARM_UP: usize = 131;

/// Loads each model in a process of its own and compares the most that it had
/// in memory with what `models fit` says.
pub fn memory(root: &Path, args: &[&str]) -> Result<()> {
    let mut models = Vec::new();
    let mut prompts = Vec::new();
    let mut program = None;
    let mut args = args.iter();
    while let Some(name) = args.next() {
        let value = *args.next().with_context(|| format!("{name} needs a value"))?;
        match *name {
            "--model" => models.push(PathBuf::from(value)),
            "--prompt-tokens" => prompts.push(value.parse::<usize>()?),
            "--program" => program = Some(PathBuf::from(value)),
            _ => bail!("{name} is not known: --model PATH, --prompt-tokens N, --program PATH"),
        }
    }
    if models.is_empty() {
        bail!("name a model with --model PATH; it may be given several times");
    }
    if prompts.is_empty() {
        prompts.push(512);
    }
    let program = program.map_or_else(|| super::build(root), Ok)?;
    println!("| model | tokens | computed, MiB | measured, MiB | off |");
    println!("|---|---|---|---|---|");
    let mut worst = 0.0_f64;
    for model in &models {
        for prompt in &prompts {
            let off = compare(&program, model, *prompt)?;
            worst = worst.max(off.abs());
        }
    }
    if worst > MOST_PERCENT {
        bail!("an estimate is {worst:.1} % off; {MOST_PERCENT} % are allowed");
    }
    Ok(())
}

fn compare(program: &Path, model: &Path, prompt: usize) -> Result<f64> {
    const STEPS: usize = 32;
    let path = model.to_string_lossy();
    // Each of the two prompts has pages of its own.
    let context = (WARM_UP + prompt + STEPS + 1 + 32).to_string();
    let fit = document(program, &["models", "fit", &path, "--context", &context, "--json"])?;
    let (prompt_text, steps) = (prompt.to_string(), STEPS.to_string());
    let bench = document(
        program,
        &[
            "bench",
            "--json",
            "--repeat",
            "1",
            "--model",
            &path,
            "--prompt-tokens",
            &prompt_text,
            "--generate-tokens",
            &steps,
        ],
    )?;
    let bytes = |document: &Value, name: &str| {
        document[name].as_f64().with_context(|| format!("no {name} in {document}"))
    };
    let computed = bytes(&fit, "total_bytes")?;
    let measured = bytes(&bench, "peak_resident_bytes")?;
    let off = (computed - measured) / measured * 100.0;
    let mib = |bytes: f64| bytes / f64::from(1 << 20);
    let name = model.file_name().unwrap_or(model.as_os_str()).to_string_lossy();
    println!("| {name} | {prompt} | {:.0} | {:.0} | {off:+.1} % |", mib(computed), mib(measured));
    Ok(off)
}

/// What the program prints; `models fit` leaves with 1 where it does not fit.
fn document(program: &Path, args: &[&str]) -> Result<Value> {
    let output = Command::new(program).args(args).output();
    let output = output.with_context(|| format!("cannot start {}", program.display()))?;
    let document: Value = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("{args:?}: {}", String::from_utf8_lossy(&output.stderr)))?;
    if let Some(error) = document["error"]["message"].as_str() {
        bail!("{args:?}: {error}");
    }
    Ok(document)
}
