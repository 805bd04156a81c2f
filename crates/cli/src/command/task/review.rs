//! `mlx-code review`: what is wrong with a change or with files.

use mlxcode_core::task::{
    Finding, Range, ReviewOptions, ReviewReport, ReviewSubject, Severity, sarif,
};
use mlxcode_core::{InputError, ModelTask, Workspace, post_review, review_to_post};

use super::{Telling, show_leaks, show_replaced, task_model, yes_or_no};
use crate::args::{Review, SeverityArg};
use crate::command::{Common, forge, model_for, relative};
use crate::exit::{Outcome, written};
use crate::exit_code::{SUCCESS, UNHEALTHY};
use crate::host::Host;
use crate::output::json::{self, ReviewOutput};
use crate::output::{Style, count, visible};

/// Runs the verb.
pub fn run(args: &Review, common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    let telling = Telling::new(host.live && !common.json);
    let told = |what: &str| telling.tell(what);
    let hosted = match &args.change {
        None => None,
        Some(text) => {
            let place = workspace.change_place(text, &forge::hosts(&args.host, &workspace)?)?;
            let options = forge::options(&place, &workspace, host)?;
            telling.tell(&format!("reading {}", place.repository));
            let change = workspace.read_change(&place, &options, &host.cancel);
            telling.clear();
            Some((place, options, change?))
        }
    };
    let subject = match &hosted {
        Some((_, _, change)) => ReviewSubject::of_diff(&change.diff())?,
        None => subject(args, &workspace, host)?,
    };
    show_leaks(subject.leaks(), host)?;
    let mut options = ReviewOptions::default();
    options.focus.clone_from(&args.focus);
    options.at_least = args.at_least.map(severity);
    options.remote = common.is_remote(ModelTask::Review, &workspace);
    if options.remote && !subject.leaks().is_empty() {
        options.send_secrets = yes_or_no(host, "Send this to a model on another machine?")?;
    }
    show_replaced(&workspace.prompts(), &["review"], host)?;
    let model = model_for(ModelTask::Review, &args.computing, common, host, workspace.config())?;
    let report = workspace.review(&subject, &task_model(&model, &told, host), &options);
    telling.clear();
    let report = report?;

    let mut posted = None;
    if args.sarif {
        json::write(host, &sarif(&report.findings))?;
    } else if !common.json {
        show(&report, host)?;
    }
    if let Some((place, options, change)) = hosted.filter(|_| args.post) {
        if common.json && !args.yes {
            return Err(InputError::NobodyToAsk.into());
        }
        let words = format!("Post {} to {}?", count(report.findings.len(), "finding"), change.url);
        if report.findings.is_empty() {
            written(writeln!(host.messages, "nothing was posted: there is no finding"))?;
        } else if args.yes || yes_or_no(host, &words)? {
            let review = review_to_post(&report, &model.info().name);
            let done = post_review(&place, &change, &review, &options, &host.cancel)?;
            written(writeln!(host.messages, "posted: {}", visible(&done.url)))?;
            posted = Some(done.url);
        }
    }
    if common.json {
        let document = ReviewOutput::new(&model.info().name, &report, posted);
        json::write(host, &common.routed(document))?;
    }
    let bad =
        |finding: &Finding| args.fail_on.is_some_and(|least| finding.severity >= severity(least));
    // A part that nobody understood was not reviewed.
    let failed = report.findings.iter().any(bad) || (args.fail_on.is_some() && report.unread > 0);
    Ok(if failed { UNHEALTHY } else { SUCCESS })
}

/// Files that are named, a range, else what is staged, else what changed.
fn subject(args: &Review, workspace: &Workspace, host: &Host<'_>) -> Outcome<ReviewSubject> {
    if !args.files.is_empty() {
        let files = relative(workspace, host, &args.files)?;
        return Ok(workspace.review_files(&files)?);
    }
    if let Some(range) = &args.range {
        return Ok(workspace.review_subject(&Range::parse(range), &[])?);
    }
    changed(workspace)
}

/// What is staged, else what changed.
pub fn changed(workspace: &Workspace) -> Outcome<ReviewSubject> {
    match workspace.review_subject(&Range::Staged, &[]) {
        Err(error) if error.code() == "task.nothing_staged" => {
            Ok(workspace.review_subject(&Range::WorkTree, &[])?)
        }
        subject => Ok(subject?),
    }
}

fn severity(of: SeverityArg) -> Severity {
    match of {
        SeverityArg::Note => Severity::Note,
        SeverityArg::Warning => Severity::Warning,
        SeverityArg::Error => Severity::Error,
    }
}

/// Shows what was found.
pub fn show(report: &ReviewReport, host: &mut Host<'_>) -> Outcome<()> {
    let style = Style::for_output(host);
    for finding in &report.findings {
        let place = visible(format!("{}:{}", finding.path, finding.line));
        let word = finding.severity.as_str();
        let word = if finding.severity == Severity::Error {
            style.error(word)
        } else {
            style.strong(word)
        };
        let title = visible(&finding.title);
        written(writeln!(host.output, "{} {word} {title}", style.place(place)))?;
        if !finding.explanation.is_empty() {
            written(writeln!(host.output, "  {}", visible(&finding.explanation)))?;
        }
        if let Some(suggestion) = &finding.suggestion {
            for line in suggestion.before.lines() {
                written(writeln!(host.output, "  - {}", visible(line)))?;
            }
            for line in suggestion.after.lines() {
                written(writeln!(host.output, "  + {}", visible(line)))?;
            }
        }
        written(writeln!(host.output))?;
    }
    let found = count(report.findings.len(), "finding");
    written(writeln!(host.output, "{found} in {}", count(report.files, "file")))?;
    written(host.output.flush())?;
    let notes = [
        (report.moved, "moved to the line that they mean"),
        (report.dropped, "left out: they are about nothing that was shown"),
        (report.joined, "joined with others that say the same"),
        (report.unsure_fixes, "fixes left out: they do not fit"),
    ];
    for (number, words) in notes.into_iter().filter(|(number, _)| *number > 0) {
        written(writeln!(host.messages, "{number} {words}"))?;
    }
    if report.unread > 0 {
        let parts = count(report.unread, "part");
        written(writeln!(host.messages, "{parts} without an answer that could be read"))?;
    }
    for skipped in &report.skipped {
        written(writeln!(host.messages, "not reviewed: {}", visible(skipped)))?;
    }
    Ok(())
}
