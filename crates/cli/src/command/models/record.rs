//! `mlx-code models tag`, `favourite` and `note`: what is said of a model.

use mlxcode_core::{ModelLibrary, ModelRecord, RecordChange};

use crate::command::Common;
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::Style;
use crate::output::json::{self, RecordOutput};

/// Makes the changes and shows what is said then.
pub fn run(
    library: &ModelLibrary,
    name: &str,
    changes: &[RecordChange],
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    let record = if changes.is_empty() {
        library.record(name)?
    } else {
        library.change_record(name, changes)?
    };
    let name = library.resolve(name)?;
    if common.json {
        json::write(host, &RecordOutput::new(&name, &record))?;
        return Ok(SUCCESS);
    }
    let style = Style::for_output(host);
    written(writeln!(host.output, "{}", style.strong(&name)))?;
    show(&record, host)?;
    if record.says_nothing() {
        written(writeln!(host.output, "  nothing is said of it"))?;
    }
    Ok(SUCCESS)
}

/// Shows what is said of a model, a line each.
pub fn show(record: &ModelRecord, host: &mut Host<'_>) -> Outcome<()> {
    let style = Style::for_output(host);
    let list = |words: &[String]| (!words.is_empty()).then(|| words.join(", "));
    let rows = [
        ("favourite", record.favourite.then(|| "yes".to_owned())),
        ("category", record.category.clone()),
        ("tags", list(&record.tags)),
        ("aliases", list(&record.aliases)),
    ];
    for (name, value) in rows {
        if let Some(value) = value {
            written(writeln!(host.output, "  {name:<13}{}", style.plain(value)))?;
        }
    }
    for (number, line) in record.note.iter().flat_map(|note| note.lines()).enumerate() {
        let name = if number == 0 { "note" } else { "" };
        written(writeln!(host.output, "  {name:<13}{}", style.plain(line)))?;
    }
    Ok(())
}
