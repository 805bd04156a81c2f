//! `mlx-code __document`: reads a PDF, and may crash over it.

use mlxcode_core::read_document;

use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;

/// Runs the verb.
pub fn run(first: usize, last: usize, host: &mut Host<'_>) -> Outcome {
    written(read_document(&mut host.input, &mut host.output, first, last))?;
    Ok(SUCCESS)
}
