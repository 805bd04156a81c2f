//! `mlx-code models tag`.

use mlxcode_core::{ModelLibrary, RecordChange};

use super::record;
use crate::args::Tag;
use crate::command::Common;
use crate::exit::Outcome;
use crate::host::Host;

/// Gives a model tags and a category, and takes them away.
pub fn run(library: &ModelLibrary, args: Tag, common: &Common, host: &mut Host<'_>) -> Outcome {
    let mut changes: Vec<RecordChange> = args.tags.into_iter().map(RecordChange::Tag).collect();
    changes.extend(args.remove.into_iter().map(RecordChange::Untag));
    if args.no_category {
        changes.push(RecordChange::Category(None));
    }
    changes.extend(args.category.map(|name| RecordChange::Category(Some(name))));
    record::run(library, &args.name, &changes, common, host)
}
