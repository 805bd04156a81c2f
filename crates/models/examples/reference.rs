//! Shows what the crate makes of a model, for scripts that compare it with
//! reference implementations; `tools/compare_*.py` call it.
//!
//! ```console
//! cargo run --example reference -p mlxcode-models -- check PATH...
//! ```

use std::path::Path;
use std::process::ExitCode;

use mlxcode_base::Diagnostic;
use mlxcode_models::InstalledModel;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next();
    let rest: Vec<String> = arguments.collect();
    let done = match command.as_deref() {
        Some("check") => rest.iter().map(|path| check(Path::new(path))).min(),
        _ => None,
    };
    if done == Some(true) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints a line about a model, or what is wrong with it.
#[allow(clippy::print_stdout, reason = "an example's output")]
fn check(path: &Path) -> bool {
    match InstalledModel::check_in_place(path) {
        Ok(model) => {
            println!(
                "{}: {}, {} numbers, {:?}",
                path.display(),
                model.weights(),
                model.parameters(),
                model.config()
            );
            true
        }
        Err(error) => {
            println!("{}: {} {error}", path.display(), error.code());
            false
        }
    }
}
