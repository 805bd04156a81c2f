//! `mlx-code search`: places in the code, best first.

use mlxcode_core::{Hit, HitReason, LineRange, SearchKind, SearchOptions, open_embedder};

use crate::args::SearchCode;
use crate::command::{Common, index};
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::Style;
use crate::output::json::{self, HitsOutput};
use crate::output::progress::ProgressLine;

/// Runs the verb.
pub fn run(args: &SearchCode, common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    let mut options = SearchOptions::default();
    options.kind = match (args.regex, &args.embedder) {
        (true, _) => SearchKind::Text,
        (_, Some(_)) => SearchKind::Semantic,
        _ => args.kind.kind(),
    };
    let folder = args.embedder.as_ref().map(|folder| host.current_dir.join(folder));
    let embedder = folder.as_deref().map(open_embedder).transpose()?;
    options.limit = args.limit;
    options.is_regex = args.regex;
    options.case_sensitive = match (args.case_sensitive, args.ignore_case) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    };
    options.cancel = host.cancel.clone();
    let line = ProgressLine::new(host.live && !common.json);
    let found = workspace.find_with(&args.query, &options, embedder, &line);
    line.clear();
    let found = found?;
    if common.json {
        json::write(host, &HitsOutput::new(&args.query, options.kind, &found.hits))?;
        return Ok(SUCCESS);
    }
    if let Some(updated) = &found.updated {
        index::tell_rebuilt(updated, host)?;
    }
    if let Some(reason) = &found.without_index {
        written(writeln!(host.messages, "note: the tree was read without an index: {reason}"))?;
    }
    if found.hits.is_empty() {
        written(writeln!(host.messages, "nothing was found"))?;
    }
    for hit in &found.hits {
        if host.output_is_shown { show(hit, host)? } else { line_of(hit, host)? }
    }
    Ok(SUCCESS)
}

/// As `grep` prints it, for other programs.
fn line_of(hit: &Hit, host: &mut Host<'_>) -> Outcome<()> {
    written(writeln!(host.output, "{}:{}:{}", hit.path, hit.best_line, best(hit)))
}

/// For people: the place and the reasons, and the line that shows it.
fn show(hit: &Hit, host: &mut Host<'_>) -> Outcome<()> {
    let style = Style::for_output(host);
    let LineRange { first, last } = hit.lines;
    let lines = if first == last { first.to_string() } else { format!("{first}-{last}") };
    let place = style.place(format!("{}:{lines}", hit.path));
    let reasons: Vec<String> = hit.reasons.iter().map(HitReason::to_string).collect();
    let reasons = style.dim(reasons.join("; "));
    let number = style.dim(format!("{:>6}", hit.best_line));
    let text = style.plain(best(hit).trim_end());
    written(writeln!(host.output, "{place}  {reasons}\n{number}  {text}"))
}

/// The line that shows best what was found.
fn best(hit: &Hit) -> &str {
    hit.text.lines().nth(hit.best_line - hit.lines.first).unwrap_or_default()
}
