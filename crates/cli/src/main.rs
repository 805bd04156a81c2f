//! The `mlx-code` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(mlx_code_cli::main(std::env::args_os()))
}
