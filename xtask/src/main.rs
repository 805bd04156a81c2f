//! The workspace's own checks, `cargo xtask layers`, `tidy` and `test`, and what
//! is run beside them.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its output is what it is for")]
#![allow(
    clippy::disallowed_methods,
    reason = "the tasks start programs and write the workspace's files"
)]

mod arrows;
mod bench;
mod bindings;
mod finding;
mod formats;
mod generated;
mod imports;
mod interop;
mod layers;
mod run;
mod source;
mod test;
mod tidy;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::finding::Finding;

const USAGE: &str = "\
usage: cargo xtask <task> [--root DIR]

  layers         no import runs against the arrow table of ARCHITECTURE.md
  tidy           no file over 600 lines, stray print, undocumented public item,
                 or `#[allow]` without a reason
  generate       writes the generated files anew: docs/cli.md, docs/schemas,
                 Python's stub, Node's declarations
  bench engine --model PATH [--against GGUF] [--threads N] [--rounds N]
                 [--llama-cpp PYTHON] [--mlx-lm PYTHON] [--no-reference]
                 [--program PATH] [--json FILE] …
                 our engine beside llama.cpp, candle and mlx-lm, in turns
  bench memory --model PATH [--prompt-tokens N] [--program PATH] …
                 what models take, beside what was computed before
  interop PYTHON…
                 our files beside those of other programs: runs the scripts
                 check_hub_interop, verify_foreign and check_convert of tools,
                 each with the first Python that has what its first lines name;
                 what none of them has all for is left out and told
  test [STEP…]   all checks and all tests, in order: fmt, clippy, layers, tidy,
                 tests, generated, python, node; or the named steps alone";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match dispatch(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(args: &[&str]) -> Result<()> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in no folder")?;
    let (args, root) = match args {
        [args @ .., "--root", root] => (args, Path::new(root)),
        args => (args, own),
    };
    match args {
        ["layers"] => report("layers", &layers::check(root)?),
        ["tidy"] => report("tidy", &tidy::check(root)?),
        ["generate"] => {
            generated::write(root)?;
            bindings::python::generate(root)?;
            bindings::node::generate(root)
        }
        ["bench", "engine", options @ ..] => bench::engine(root, options),
        ["bench", "memory", options @ ..] => bench::memory(root, options),
        ["interop", pythons @ ..] if !pythons.is_empty() => interop::run_all(root, pythons),
        ["test", steps @ ..] => test::run(root, steps),
        [] | ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        [task, ..] => bail!("`{task}` is no task, or takes no such argument\n\n{USAGE}"),
    }
}

/// Shows what a check found; fails when it found something.
fn report(check: &str, findings: &[Finding]) -> Result<()> {
    for finding in findings {
        eprintln!("{finding}");
    }
    match findings.len() {
        0 => {
            println!("{check}: clean");
            Ok(())
        }
        1 => bail!("{check}: 1 finding"),
        count => bail!("{check}: {count} findings"),
    }
}
