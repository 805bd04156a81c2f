//! `cargo xtask test`: all that a change has to pass, in order.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::run::{cargo, run as run_program};
use crate::{bindings, generated, layers, report, tidy};

/// A step of the test command.
struct Step {
    name: &'static str,
    what: &'static str,
    /// What to do when it fails.
    remedy: &'static str,
    run: fn(&Path) -> Result<()>,
}

/// In the order in which they are run.
const STEPS: [Step; 8] = [
    Step {
        name: "fmt",
        what: "the sources are formatted",
        remedy: "run `cargo fmt --all`",
        run: |root| run_program(cargo(root).args(["fmt", "--all", "--check"])),
    },
    Step {
        name: "clippy",
        what: "the compiler and clippy have nothing to say",
        remedy: "mend what is named above, or allow it where it stands with a reason",
        run: |root| {
            let args = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
            run_program(cargo(root).args(args))
        },
    },
    Step {
        name: "layers",
        what: "no import runs against the arrow table",
        remedy: "see the lines above and ARCHITECTURE.md",
        run: |root| report("layers", &layers::check(root)?),
    },
    Step {
        name: "tidy",
        what: "file lengths, prints, documentation, reasons",
        remedy: "see the lines above",
        run: |root| report("tidy", &tidy::check(root)?),
    },
    Step {
        name: "tests",
        what: "every test and every example in the documentation",
        remedy: "run the failing test alone: `cargo test -p PACKAGE NAME`",
        run: |root| run_program(cargo(root).args(["test", "--workspace"])),
    },
    Step {
        name: "generated",
        what: "the generated pages are what the program generates",
        remedy: "run `cargo xtask generate` and commit the result",
        run: generated::check,
    },
    Step {
        name: "python",
        what: "the Python package, installed into a fresh environment",
        remedy: "see above; it needs Python 3.10 with venv, and PyPI for maturin and pytest",
        run: bindings::python::test,
    },
    Step {
        name: "node",
        what: "the Node package, installed into a fresh folder",
        remedy: "see above; it needs Node 20 with npm, and the npm registry for @napi-rs/cli",
        run: bindings::node::test,
    },
];

/// Runs the named steps, or all of them; the first failure ends it.
pub fn run(root: &Path, names: &[&str]) -> Result<()> {
    if let Some(name) = names.iter().find(|name| !STEPS.iter().any(|step| step.name == **name)) {
        let known: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        bail!("`{name}` is no step; there are: {}", known.join(", "));
    }
    let chosen: Vec<_> =
        STEPS.iter().filter(|step| names.is_empty() || names.contains(&step.name)).collect();
    let begin = Instant::now();
    let mut times = Vec::new();
    for (index, step) in chosen.iter().enumerate() {
        println!("\n==> {}/{} {}: {}", index + 1, chosen.len(), step.name, step.what);
        let begin = Instant::now();
        let done = (step.run)(root);
        let seconds = begin.elapsed().as_secs_f64();
        done.with_context(|| {
            format!("step `{}` failed after {seconds:.1} s: {}", step.name, step.remedy)
        })?;
        println!("==> {} passed in {seconds:.1} s", step.name);
        times.push((step.name, seconds));
    }
    println!("\nall {} steps passed in {:.1} s", chosen.len(), begin.elapsed().as_secs_f64());
    for (name, seconds) in times {
        println!("  {name:<10} {seconds:>8.1} s");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_step_is_refused_before_any_runs() {
        let error = run(Path::new("/nowhere"), &["fmt", "clipy"]).unwrap_err().to_string();
        assert!(error.starts_with("`clipy` is no step; there are: fmt, clippy,"), "{error}");
    }
}
