//! `mlx-code apply`: the edits in any reply, all or nothing.

use mlxcode_core::{
    Actor, EditPlan, FileChange, InputError, ParsedItem, PlanOptions, Refusal, Workspace,
    parse_reply,
};

use crate::args::{Apply, Consent};
use crate::command::Common;
use crate::command::generate::read_text;
use crate::exit::{Outcome, written};
use crate::exit_code::{SUCCESS, of_refusals};
use crate::host::Host;
use crate::output::json::{self, ApplyOutput, ChangeOutput, NearestOutput, RefusalOutput};
use crate::output::{Style, count, diff, visible};

/// Runs the verb.
pub fn run(args: &Apply, common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    let reply = read_text(&args.reply, host)?;
    let items = parse_reply(&reply);
    let plan = plan(&workspace, &items, &args.consent, args.ignore_syntax)?;
    let (code, outcome) = decide(&workspace, plan, "apply", &args.consent, common.json, host)?;
    if common.json {
        json::write(host, &outcome)?;
    }
    Ok(code)
}

/// Places edits as the arguments say.
pub fn plan(
    workspace: &Workspace,
    items: &[ParsedItem],
    consent: &Consent,
    ignore_syntax: bool,
) -> Outcome<EditPlan> {
    let mut options = PlanOptions::default();
    options.ignore_syntax = ignore_syntax;
    options.allow_protected.clone_from(&consent.allow_protected);
    Ok(workspace.plan_with(items, &options)?)
}

/// What to do about a reply that fits nowhere.
const REFUSED_HELP: &str = "give the reasons above back to the model, or mend the reply by hand";

/// Shows a plan, asks, applies. Gives the exit code and the document.
///
/// # Errors
/// A reply without any edit is an error, and so is a plan that nobody can be
/// asked about.
pub fn decide(
    workspace: &Workspace,
    mut plan: EditPlan,
    actor: impl Into<Actor>,
    consent: &Consent,
    json: bool,
    host: &mut Host<'_>,
) -> Outcome<(u8, ApplyOutput)> {
    let nothing = plan.changes().is_empty() && plan.refusals().is_empty();
    if nothing && plan.already_there().is_empty() {
        return Err(InputError::NoEdits.into());
    }
    let mut outcome = describe(&plan);
    // Who said yes beforehand need not look on.
    let shown = if json { Ok(()) } else { show(&plan, host) };
    if !consent.yes {
        shown?;
    }
    if !plan.refusals().is_empty() {
        if !json {
            let refused = count(plan.refusals().len(), "block");
            let style = Style::for_messages(host);
            written(writeln!(
                host.messages,
                "{} {refused} refused, nothing was changed\n{} {REFUSED_HELP}",
                style.error("error:"),
                style.strong("help:")
            ))?;
        }
        return Ok((of_refusals(plan.refusals()), outcome));
    }
    if nothing {
        if !json {
            written(writeln!(host.messages, "nothing was changed"))?;
        }
        return Ok((SUCCESS, outcome));
    }
    if json && !consent.yes && !consent.dry_run {
        // Who reads documents has seen no diff to agree to.
        return Err(InputError::NobodyToAsk.into());
    }
    if consent.dry_run || !(consent.yes || ask(&mut plan, host)?) {
        if !json {
            written(writeln!(host.messages, "nothing was changed"))?;
        }
        return Ok((SUCCESS, outcome));
    }
    let entry = workspace.apply(&plan, actor)?;
    if !json {
        let files = count(entry.files.len(), "file");
        written(writeln!(
            host.messages,
            "changed {files}; take it back with `mlx-code undo {}`",
            entry.id
        ))?;
    }
    outcome = ApplyOutput { applied: true, entry: Some(entry.id), ..describe(&plan) };
    Ok((SUCCESS, outcome))
}

/// Asks for all files at once, or for each. True when something is kept.
fn ask(plan: &mut EditPlan, host: &mut Host<'_>) -> Outcome<bool> {
    match question(host, "Apply? [y]es, [n]o, [e]ach: ", &["y", "n", "e"])? {
        Some("y") => Ok(true),
        Some("e") => {
            // Who leaves in the middle has not agreed to the files before.
            let mut left = None;
            plan.keep(|change: &FileChange| {
                if left.is_some() {
                    return false;
                }
                let words =
                    format!("Apply {} {}? [y]es, [n]o: ", change.kind, visible(&change.path));
                match question(host, &words, &["y", "n"]) {
                    Ok(Some(answer)) => answer == "y",
                    answer => {
                        left = Some(answer.map(|_| false));
                        false
                    }
                }
            });
            left.unwrap_or_else(|| Ok(!plan.changes().is_empty()))
        }
        _ => Ok(false),
    }
}

/// Puts a question until the answer begins with one of `letters`; the end of
/// input means no answer.
pub fn question<'l>(
    host: &mut Host<'_>,
    words: &str,
    letters: &[&'l str],
) -> Outcome<Option<&'l str>> {
    loop {
        let Some(keyboard) = &mut host.keyboard else {
            return Err(InputError::NobodyToAsk.into());
        };
        let shown = write!(host.messages, "{words}").and_then(|()| host.messages.flush());
        written(shown)?;
        let mut line = String::new();
        match host.waiting.during(|| keyboard.read_line(&mut line)) {
            Ok(0) | Err(_) => {
                written(writeln!(host.messages))?;
                return Ok(None);
            }
            Ok(_) => {}
        }
        let answer = line.trim().to_ascii_lowercase();
        let matching = |letter: &&&str| !answer.is_empty() && answer.starts_with(**letter);
        if let Some(letter) = letters.iter().find(matching) {
            return Ok(Some(letter));
        }
    }
}

fn show(plan: &EditPlan, host: &mut Host<'_>) -> Outcome<()> {
    let style = Style::for_output(host);
    for already in plan.already_there() {
        written(writeln!(host.output, "{}", visible(already)))?;
    }
    // With a refusal nothing is written, so no other diff matters.
    for change in plan.changes().iter().filter(|_| plan.refusals().is_empty()) {
        written(writeln!(host.output, "{}", diff::render_change(change, style)))?;
    }
    for refusal in plan.refusals() {
        show_refusal(refusal, style, host)?;
    }
    written(host.output.flush())
}

fn show_refusal(refusal: &Refusal, style: Style, host: &mut Host<'_>) -> Outcome<()> {
    let place = format!("block {} (reply line {})", refusal.block, refusal.line);
    let what = if refusal.path.is_empty() { place } else { format!("{place}, {}", refusal.path) };
    let what = visible(format!("{what}: {}", refusal.reason));
    written(writeln!(host.output, "{} {what}", style.error("refused")))?;
    if let Some(nearest) = &refusal.nearest {
        let percent = nearest.similarity * 100.0;
        let range = nearest.range;
        written(writeln!(host.output, "nearest match, {percent:.0}% alike, at lines {range}:"))?;
        written(writeln!(host.output, "{}", diff::render(&nearest.diff, style)))?;
    }
    Ok(())
}

/// A plan as a document.
pub fn describe(plan: &EditPlan) -> ApplyOutput {
    let change = |change: &FileChange| ChangeOutput {
        path: change.path.to_string(),
        kind: change.kind.to_string(),
        diff: change.diff().to_string(),
    };
    let refusal = |refusal: &Refusal| RefusalOutput {
        block: refusal.block,
        line: refusal.line,
        path: refusal.path.clone(),
        code: refusal.reason.code().to_owned(),
        reason: refusal.reason.to_string(),
        nearest: refusal.nearest.as_ref().map(|nearest| NearestOutput {
            first_line: nearest.range.first,
            last_line: nearest.range.last,
            similarity: nearest.similarity,
            diff: nearest.diff.to_string(),
        }),
    };
    ApplyOutput {
        applied: false,
        entry: None,
        changes: plan.changes().iter().map(change).collect(),
        refusals: plan.refusals().iter().map(refusal).collect(),
        already_there: plan.already_there().iter().map(|one| one.path.clone()).collect(),
    }
}
