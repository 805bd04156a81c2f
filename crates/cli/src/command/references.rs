//! `mlx-code references` and `callers`: who uses something.

use mlxcode_core::{Certainty, CodeUsage, RelPath};

use crate::args::PreciseAt;
use crate::command::{Common, place, precise};
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{ReferenceOutput, ReferencesOutput};
use crate::output::{Style, json};

/// Runs the verb; with `calls`, only what is called counts.
pub fn run(args: &PreciseAt, common: &Common, host: &mut Host<'_>, calls: bool) -> Outcome {
    let workspace = common.workspace(host)?;
    let place = place(&workspace, host, &args.at.place)?;
    let navigation = workspace.navigation(&host.cancel)?;
    let precise = precise::ask(args, &workspace, &navigation, host, |server| {
        if calls { server.callers(&place) } else { server.references(&place) }
    })?;
    let (by, found) = match precise {
        Some(answer) => (answer.by, answer.found),
        None if calls => (precise::INDEX, navigation.callers(&place)?),
        None => (precise::INDEX, navigation.references(&place)?),
    };
    let line = |path: &RelPath, line| navigation.line(path, line).unwrap_or_default();
    if common.json {
        let one = |one: &CodeUsage| ReferenceOutput::new(one, line(&one.path, one.line));
        let (by, references) = (by.to_owned(), found.iter().map(one).collect());
        json::write(host, &ReferencesOutput { by, references })?;
        return Ok(SUCCESS);
    }
    let style = Style::for_output(host);
    for one in &found {
        let place = style.place(format!("{}:{}:", one.path, one.line));
        let text = line(&one.path, one.line);
        let likely = match one.certainty {
            Certainty::Certain => String::new(),
            Certainty::Likely => format!("  {}", style.dim("likely")),
        };
        written(writeln!(host.output, "{place}{}{likely}", style.plain(&text)))?;
    }
    precise::say_by(args, by, host)?;
    if found.is_empty() {
        let what = if calls { "calls" } else { "uses" };
        written(writeln!(host.messages, "Nothing is seen that {what} it."))?;
    }
    Ok(SUCCESS)
}
