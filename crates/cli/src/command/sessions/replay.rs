//! `mlx-code sessions replay`.

use mlxcode_core::{RecordKind, SessionError, SessionStore};

use super::meant;
use super::show::as_text;
use crate::command::Common;
use crate::exit::{Outcome, written};
use crate::exit_code::{CANCELLED, SUCCESS};
use crate::host::Host;
use crate::output::Style;
use crate::output::json::{self, SessionRecordOutput};

/// Plays a session again from its log: for people the conversation, with
/// `--json` every record, a line each, as it was written. No model is asked and
/// nothing is changed.
pub fn run(
    store: &SessionStore,
    typed: Option<&str>,
    from: u32,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    let id = meant(store, typed)?;
    let summary = store.summary(&id)?;
    if from > summary.turns.max(1) {
        let (session, turns) = (id.to_string(), summary.turns);
        return Err(SessionError::NoTurn { session, turn: from, turns }.into());
    }
    let style = Style::for_output(host);
    let mut next = Some(0);
    while let Some(seq) = next {
        let page = store.page_from(&id, seq)?;
        next = page.records.last().map(|last| last.seq + 1).filter(|_| page.has_later);
        for record in page.records {
            if host.cancel.is_cancelled() {
                return Ok(CANCELLED);
            }
            // What belongs to no turn is shown from the beginning on.
            if record.turn < from && (from > 1 || record.turn > 0) {
                continue;
            }
            if common.json {
                json::write_line(host, &SessionRecordOutput::from(record))?;
                continue;
            }
            if record.kind == RecordKind::Text {
                // To the byte, as the model wrote it.
                host.stream(record.said().unwrap_or_default()).map_or_else(
                    |error| written(Err(error)),
                    |()| written(writeln!(host.output)),
                )?;
            } else if let Some(text) = as_text(&record, &summary.model, style) {
                written(writeln!(host.output, "{text}"))?;
            }
        }
    }
    Ok(SUCCESS)
}
