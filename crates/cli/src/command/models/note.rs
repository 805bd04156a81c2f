//! `mlx-code models note`.

use mlxcode_core::{ModelLibrary, RecordChange};

use super::record;
use crate::args::Note;
use crate::command::Common;
use crate::exit::Outcome;
use crate::host::Host;

/// Writes a note about a model, shows it, or removes it.
pub fn run(library: &ModelLibrary, args: Note, common: &Common, host: &mut Host<'_>) -> Outcome {
    let change = match (args.text, args.remove) {
        (Some(text), _) => Some(RecordChange::Note(Some(text))),
        (None, true) => Some(RecordChange::Note(None)),
        (None, false) => None,
    };
    record::run(library, &args.name, change.as_slice(), common, host)
}
