//! `mlx-code models export`.

#![allow(clippy::disallowed_methods, reason = "writes the file that it was asked for")]

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use mlxcode_core::{InputError, ModelLibrary};

use crate::args::Export;
use crate::command::Common;
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{self, ExportedOutput};

/// Writes the whole state of the library as one JSON document.
pub fn run(library: &ModelLibrary, args: &Export, common: &Common, host: &mut Host<'_>) -> Outcome {
    let document = library.export()?;
    if args.file == Path::new("-") {
        written(host.output.write_all(document.as_bytes()))?;
        return Ok(SUCCESS);
    }
    let path = host.current_dir.join(&args.file);
    let mut options = OpenOptions::new();
    options.write(true).truncate(true);
    if args.force {
        options.create(true)
    } else {
        options.create_new(true)
    };
    let unwritable = |source| InputError::Unwritable { path: args.file.clone(), source };
    let mut file = options.open(&path).map_err(unwritable)?;
    file.write_all(document.as_bytes()).and_then(|()| file.sync_all()).map_err(unwritable)?;
    let name = args.file.display().to_string();
    if common.json {
        json::write(host, &ExportedOutput { file: name, size_bytes: document.len() })?;
    } else {
        written(writeln!(host.output, "exported to {}", crate::output::visible(name)))?;
    }
    Ok(SUCCESS)
}
