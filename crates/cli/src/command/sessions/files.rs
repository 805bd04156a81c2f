//! `mlx-code sessions export`, `import` and `repair`.

#![allow(clippy::disallowed_methods, reason = "writes the file that it was asked for")]

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

use mlxcode_core::{ExportedSession, InputError, MOST_IMPORT_BYTES, SessionStore};

use super::meant;
use crate::args::{ExportFormat, SessionsExport};
use crate::command::Common;
use crate::exit::{Outcome, written};
use crate::exit_code::{SUCCESS, UNHEALTHY};
use crate::host::Host;
use crate::output::json::{self, SessionExportedOutput, SessionOutput, SessionsRepairOutput};
use crate::output::{count, visible};

/// Writes a session into a file, or prints it.
pub fn export(
    store: &SessionStore,
    args: &SessionsExport,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    let id = meant(store, args.session.as_deref())?;
    let exported = store.export(&id)?;
    let of_name =
        |path: &Path| path.extension().is_some_and(|end| end.eq_ignore_ascii_case("json"));
    let is_json = match (args.format, &args.output) {
        (Some(format), _) => format == ExportFormat::Json,
        (None, Some(path)) => of_name(path),
        // Who reads documents reads the document.
        (None, None) => common.json,
    };
    let text = if is_json { exported.to_json() } else { exported.to_markdown() };
    let Some(output) = &args.output else {
        let text = if host.output_is_shown { visible(text) } else { text };
        written(host.output.write_all(text.as_bytes()))?;
        return Ok(SUCCESS);
    };
    let unwritable = |source| InputError::Unwritable { path: output.clone(), source };
    let mut options = OpenOptions::new();
    options.write(true).truncate(true);
    if args.force {
        options.create(true)
    } else {
        options.create_new(true)
    };
    let mut file = options.open(host.current_dir.join(output)).map_err(unwritable)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(unwritable)?;
    let name = output.display().to_string();
    if common.json {
        let (session, size_bytes) = (id.to_string(), text.len());
        json::write(host, &SessionExportedOutput { session, file: name, size_bytes })?;
    } else {
        written(writeln!(host.output, "exported {id} to {}", visible(name)))?;
    }
    Ok(SUCCESS)
}

/// Takes in a session that was exported.
pub fn import(store: &SessionStore, file: &Path, common: &Common, host: &mut Host<'_>) -> Outcome {
    let text = read(file, host)?;
    let exported = if text.trim_start().starts_with('{') {
        ExportedSession::from_json(&text)?
    } else {
        ExportedSession::from_markdown(&text)?
    };
    let summary = store.summary(&store.import(&exported)?)?;
    if common.json {
        json::write(host, &SessionOutput::new(&summary))?;
        return Ok(SUCCESS);
    }
    let turns = count(summary.turns as usize, "turn");
    let line = format!("imported {}: {}, {turns}", summary.id, summary.label());
    written(writeln!(host.output, "{}", visible(line)))?;
    if exported.name.is_some() && summary.name.is_none() {
        written(writeln!(host.messages, "another session has its name, so it has none"))?;
    }
    Ok(SUCCESS)
}

fn read(file: &Path, host: &mut Host<'_>) -> Outcome<String> {
    let unreadable = |source| InputError::Unreadable { path: file.to_owned(), source };
    let most = MOST_IMPORT_BYTES as u64;
    let mut bytes = Vec::new();
    let read = if file == Path::new("-") {
        host.input.take(most + 1).read_to_end(&mut bytes)
    } else {
        let file = File::open(host.current_dir.join(file)).map_err(unreadable)?;
        file.take(most + 1).read_to_end(&mut bytes)
    };
    read.map_err(unreadable)?;
    if bytes.len() as u64 > most {
        return Err(InputError::TextTooLong { path: file.to_owned(), most }.into());
    }
    Ok(String::from_utf8(bytes).map_err(|_| InputError::NotUtf8 { path: file.to_owned() })?)
}

/// Looks at every byte of the sessions' file, and saves what can be read.
pub fn repair(file: &Path, common: &Common, host: &mut Host<'_>) -> Outcome {
    let salvaged = SessionStore::repair(file)?;
    let code = if salvaged.lost == 0 { SUCCESS } else { UNHEALTHY };
    if common.json {
        json::write(host, &SessionsRepairOutput::from(&salvaged))?;
        return Ok(code);
    }
    let Some(damage) = &salvaged.damage else {
        written(writeln!(host.output, "the sessions are as they were written"))?;
        return Ok(code);
    };
    let saved = format!(
        "{} with {}",
        count(salvaged.sessions as usize, "session"),
        count(salvaged.records as usize, "record")
    );
    written(writeln!(host.output, "damaged: {}", visible(damage)))?;
    written(writeln!(host.output, "saved {saved}; {} lost", salvaged.lost))?;
    if let Some(aside) = &salvaged.kept_aside {
        let aside = visible(aside.display());
        written(writeln!(host.output, "the damaged file is kept as {aside}"))?;
    }
    Ok(code)
}
