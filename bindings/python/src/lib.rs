//! The Python face of `mlxcode-core`: convert, let other threads run, call,
//! convert. No logic and no defaults live here.

#![forbid(unsafe_code)]

mod error;
mod generation;
mod model;
mod plan;
mod record;
mod turn;
mod workspace;

use pyo3::prelude::*;

#[pymodule]
mod _native {
    use std::ffi::OsString;

    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::generation::{Generation, Token};
    #[pymodule_export]
    use crate::model::Model;
    #[pymodule_export]
    use crate::plan::{Change, Plan, Refusal};
    #[pymodule_export]
    use crate::record::{Finished, Hit, JournalEntry, JournalFile, Passage};
    #[pymodule_export]
    use crate::turn::Turn;
    #[pymodule_export]
    use crate::workspace::Workspace;

    #[pymodule_export]
    #[allow(non_upper_case_globals, reason = "the name that Python packages use")]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    /// Runs the `mlx-code` command on the process's own streams and gives its
    /// exit code.
    #[pyfunction]
    fn run_command(py: Python<'_>, args: Vec<OsString>) -> u8 {
        py.detach(|| mlx_code_cli::main(args))
    }
}
