//! `mlx-code models favourite`.

use mlxcode_core::{ModelLibrary, RecordChange};

use super::record;
use crate::args::Favourite;
use crate::command::Common;
use crate::exit::Outcome;
use crate::host::Host;

/// Makes a model a favourite, or none any more.
pub fn run(
    library: &ModelLibrary,
    args: &Favourite,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    let change = RecordChange::Favourite(!args.remove);
    record::run(library, &args.name, &[change], common, host)
}
