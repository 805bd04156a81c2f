//! `mlx-code stats`: what was done in this project.

use mlxcode_core::{InputError, ModelStats};

use crate::args::WorkStats;
use crate::command::Common;
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{self, WorkStatsOutput};
use crate::output::{count, table, time};

/// Counts what was done. Nothing of it leaves the machine.
pub fn run(args: &WorkStats, common: &Common, host: &mut Host<'_>) -> Outcome {
    let now = time::now_ms();
    let read = |text: &Option<String>, otherwise: u64| match text {
        None => Ok(otherwise),
        Some(text) => {
            time::since(text, now).ok_or_else(|| InputError::BadTime { text: text.clone() })
        }
    };
    let (from, to) = (read(&args.since, 0)?, read(&args.until, u64::MAX)?);
    let stats = common.workspace(host)?.sessions()?.stats(from, to)?;
    if common.json {
        json::write(host, &WorkStatsOutput::new(&stats, time::date))?;
        return Ok(SUCCESS);
    }
    if stats.queries == 0 && stats.total.answers == 0 {
        written(writeln!(host.messages, "nothing was done here yet"))?;
        return Ok(SUCCESS);
    }
    let sessions = count(stats.sessions as usize, "session");
    let questions = count(stats.queries as usize, "question");
    written(writeln!(host.output, "{questions} in {sessions}"))?;
    let edits = stats.edits;
    let share = edits.acceptance().map(|share| format!(": {:.0} % kept", share * 100.0));
    written(writeln!(
        host.output,
        "edits: {} proposed, {} applied, {} rejected, {} undone{}",
        edits.proposed,
        edits.applied,
        edits.rejected,
        edits.undone,
        share.unwrap_or_default()
    ))?;
    let head = |first: &str| {
        [first, "answers", "tokens in", "tokens out", "prefill/s", "decode/s"]
            .map(str::to_owned)
            .to_vec()
    };
    written(writeln!(host.output))?;
    let mut rows = vec![head("model")];
    rows.extend(stats.models.iter().map(|(name, one)| row(name.clone(), one)));
    if stats.models.len() > 1 {
        rows.push(row("all".to_owned(), &stats.total));
    }
    table::show(host, &rows, &[1, 2, 3, 4, 5])?;
    if args.days {
        written(writeln!(host.output))?;
        let mut rows = vec![head("day")];
        rows.extend(stats.days.iter().map(|(day, one)| row(time::date(*day), one)));
        table::show(host, &rows, &[1, 2, 3, 4, 5])?;
    }
    Ok(SUCCESS)
}

fn row(name: String, stats: &ModelStats) -> Vec<String> {
    let speed = |speed: Option<f64>| speed.map_or("–".to_owned(), |speed| format!("{speed:.1}"));
    vec![
        name,
        stats.answers.to_string(),
        stats.prompt_tokens.to_string(),
        stats.completion_tokens.to_string(),
        speed(stats.speed.prefill_per_second()),
        speed(stats.speed.decode_per_second()),
    ]
}
