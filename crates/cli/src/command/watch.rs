//! `mlx-code watch`: follows the tree, and tells what changes.

use mlxcode_core::{PollReason, WatchEvent};

use crate::command::Common;
use crate::exit::{Outcome, show_error, written};
use crate::exit_code::{CANCELLED, SUCCESS};
use crate::host::Host;
use crate::output::json::{self, WatchOutput};
use crate::output::{Style, count};

/// Runs the verb, until it is interrupted.
pub fn run(common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    for event in workspace.watch(&host.cancel)? {
        if common.json {
            json::write_line(host, &WatchOutput::new(&event))?;
        } else {
            show(event, host)?;
        }
        written(host.output.flush())?;
    }
    Ok(if host.cancel.is_cancelled() { CANCELLED } else { SUCCESS })
}

fn show(event: WatchEvent, host: &mut Host<'_>) -> Outcome<()> {
    match event {
        WatchEvent::Ready(updated) => {
            let files = updated.added + updated.changed + updated.unchanged;
            let files = count(files, "file");
            written(writeln!(host.messages, "{files}; waiting for changes"))?;
        }
        WatchEvent::Changed(updated) => {
            let style = Style::for_output(host);
            for (path, change) in &updated.files {
                let word = json::change_word(*change);
                written(writeln!(host.output, "{word:8}{}", style.place(path)))?;
            }
        }
        WatchEvent::Polling(reason) => {
            let why = match reason {
                PollReason::WatchLimit => "the system watches no more folders".to_owned(),
                PollReason::FileSystem(kind) => format!("{kind} does not tell of all changes"),
                _ => "the system tells of no changes".to_owned(),
            };
            written(writeln!(host.messages, "The tree is looked at again and again: {why}."))?;
        }
        WatchEvent::Failed(error) => {
            show_error(&error.into(), false, host);
        }
        _ => {}
    }
    Ok(())
}
