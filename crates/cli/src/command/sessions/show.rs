//! `mlx-code sessions show`.

use mlxcode_core::{Record, RecordKind, RecordPage, SessionId, SessionStore, SessionSummary};

use super::meant;
use crate::args::SessionsShow;
use crate::command::Common;
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{self, SessionOutput, SessionShowOutput};
use crate::output::{Style, count, time, visible};

/// Shows the last turns of a session.
pub fn run(
    store: &SessionStore,
    args: &SessionsShow,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    let id = meant(store, args.session.as_deref())?;
    let opened = store.open_session(&id)?;
    let page = last_turns(store, &id, &opened.summary, args.turns)?;
    if common.json {
        let document = SessionShowOutput {
            session: SessionOutput::new(&opened.summary),
            pinned: opened.pinned,
            has_earlier: page.has_earlier,
            records: page.records.into_iter().map(Into::into).collect(),
        };
        json::write(host, &document)?;
        return Ok(SUCCESS);
    }
    head(&opened.summary, &opened.pinned, host)?;
    if page.has_earlier {
        let shown = format!("the last {}; --turns 0 shows all", count(args.turns as usize, "turn"));
        written(writeln!(host.output, "{}", Style::for_output(host).dim(shown)))?;
    }
    for record in &page.records {
        if let Some(text) = as_text(record, &opened.summary.model, Style::for_output(host)) {
            written(writeln!(host.output, "{text}"))?;
        }
    }
    Ok(SUCCESS)
}

/// The records of the last turns; of all, where it is none.
fn last_turns(
    store: &SessionStore,
    id: &SessionId,
    summary: &SessionSummary,
    turns: u32,
) -> Outcome<RecordPage> {
    let mut whole = RecordPage::default();
    let from = if turns == 0 {
        0
    } else {
        let page = store.page_before(id, summary.records, turns)?;
        page.records.first().map_or(0, |record| record.seq)
    };
    whole.has_earlier = from > 0;
    let mut next = Some(from);
    while let Some(from) = next {
        let page = store.page_from(id, from)?;
        next = page.records.last().map(|last| last.seq + 1).filter(|_| page.has_later);
        whole.records.extend(page.records);
    }
    Ok(whole)
}

fn head(summary: &SessionSummary, pinned: &[String], host: &mut Host<'_>) -> Outcome<()> {
    let style = Style::for_output(host);
    let name = summary.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    let line = format!("{}{}  {}", summary.id, visible(name), visible(&summary.title));
    written(writeln!(host.output, "{}", style.strong(line)))?;
    let tokens = format!("{} + {} tokens", summary.prompt_tokens, summary.completion_tokens);
    let mut line = format!(
        "{}, {tokens}, {}, last used {}",
        count(summary.turns as usize, "turn"),
        if summary.model.is_empty() { "no model" } else { &summary.model },
        time::utc(summary.updated_ms)
    );
    if let Some((parent, turn)) = &summary.parent {
        line.push_str(&format!(", of {parent} up to turn {turn}"));
    }
    written(writeln!(host.output, "{}", style.dim(line)))?;
    if !pinned.is_empty() {
        let pinned = visible(format!("pinned: {}", pinned.join(", ")));
        written(writeln!(host.output, "{pinned}"))?;
    }
    written(writeln!(host.output))
}

/// A record for people; `None` for what only programs read.
pub fn as_text(record: &Record, model: &str, style: Style) -> Option<String> {
    let said = || visible(record.said().unwrap_or_default().trim_end());
    let speaker = |name: &str| style.strong(format!("{name} (turn {})", record.turn));
    let model = if model.is_empty() { "model" } else { model };
    match record.kind {
        RecordKind::User => Some(format!("{}\n{}\n", speaker("you"), said())),
        RecordKind::Text => Some(format!("{}\n{}\n", speaker(model), said())),
        RecordKind::Summary => {
            Some(format!("{}\n{}\n", style.dim("summary of what came before"), said()))
        }
        RecordKind::Edit => {
            let edits = record.data["edits"].as_u64().unwrap_or(0) as usize;
            let outcome = record.data["outcome"].as_str().unwrap_or("changed");
            let line = style.dim(format!("{} {outcome}", count(edits, "edit")));
            let diff = record.data["diff"].as_str().map(|diff| colored(diff, style));
            Some(format!("{line}\n{}", diff.unwrap_or_default()))
        }
        _ => None,
    }
}

fn colored(diff: &str, style: Style) -> String {
    let line = |line: &str| match line.as_bytes().first() {
        Some(b'+') => style.added(line),
        Some(b'-') => style.removed(line),
        _ => style.plain(line),
    };
    diff.lines().map(|one| line(one) + "\n").collect()
}
