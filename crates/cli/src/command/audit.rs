//! `mlx-code audit`: who changed which file, and who allowed what.

use mlxcode_core::{AuditQuery, Audited, AuditedDecision, ContentHash, InputError};

use crate::args::{Audit, AuditShow, AuditVerb, AuditVerify};
use crate::command::Common;
use crate::exit::{Outcome, written};
use crate::exit_code::{SUCCESS, UNHEALTHY};
use crate::host::Host;
use crate::output::json::{self, AuditOutput, AuditRecordOutput, AuditVerifyOutput};
use crate::output::{Style, count, time, visible};

/// Runs the verb.
pub fn run(args: &Audit, common: &Common, host: &mut Host<'_>) -> Outcome {
    match &args.verb {
        Some(AuditVerb::Verify(args)) => verify(args, common, host),
        None => show(&args.show, common, host),
    }
}

fn show(args: &AuditShow, common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    let mut query = AuditQuery::default();
    if let Some(path) = &args.path {
        query.path = Some(workspace.relative(&host.current_dir, path)?);
    }
    if let Some(since) = &args.since {
        let wrong = || InputError::BadTime { text: since.clone() };
        query.since_ms = Some(time::since(since, time::now_ms()).ok_or_else(wrong)?);
    }
    let records = workspace.audit(&query)?;
    if common.json {
        let records = records.iter().map(AuditRecordOutput::new).collect();
        json::write(host, &AuditOutput { records })?;
        return Ok(SUCCESS);
    }
    if records.is_empty() {
        written(writeln!(host.output, "nothing is in the log"))?;
    }
    let style = Style::for_output(host);
    for record in &records {
        let when = time::utc(record.time_ms);
        let who = match &record.actor.model {
            Some(model) => format!("{} ({model})", record.actor.command),
            None => record.actor.command.clone(),
        };
        let (entry, what) = match &record.what {
            Audited::Decide(AuditedDecision { what, allowed, by, .. }) => {
                let (word, what) = (if *allowed { "allowed" } else { "refused" }, flat(what));
                (String::new(), format!("{word} by {}: {what}", flat(by)))
            }
            what => {
                let Some(file) = what.file() else { continue };
                let level = file.level.as_ref().map(|level| format!("  {level}"));
                let what = format!("{} {}{}", file.kind, file.path, level.unwrap_or_default());
                (format!(" {}", style.strong(&file.entry)), what)
            }
        };
        written(writeln!(
            host.output,
            "{} {when}  {}{entry}  {}  {}",
            style.dim(record.seq),
            record.what.as_str(),
            visible(who),
            visible(what),
        ))?;
    }
    Ok(SUCCESS)
}

/// A text in one line.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn verify(args: &AuditVerify, common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    let noted = args.head.as_ref().map(|head| head.parse::<ContentHash>());
    let wrong = |_| InputError::BadHash { text: args.head.clone().unwrap_or_default() };
    let report = workspace.verify_audit(noted.transpose().map_err(wrong)?)?;
    let code = if report.is_intact() { SUCCESS } else { UNHEALTHY };
    if common.json {
        json::write(host, &AuditVerifyOutput::new(&report))?;
        return Ok(code);
    }
    let style = Style::for_output(host);
    for finding in &report.findings {
        let place = match (&finding.file[..], finding.line) {
            ("", _) => "the log".to_owned(),
            (file, 0) => file.to_owned(),
            (file, line) => format!("{file}:{line}"),
        };
        let flaw = visible(format!("{place}: {}", finding.flaw));
        written(writeln!(host.output, "{} {flaw}", style.error("found")))?;
    }
    let lines = count(report.sound, "line");
    if report.is_intact() {
        written(writeln!(host.output, "{lines}, each as it was written"))?;
        if let Some(head) = report.head {
            written(writeln!(
                host.output,
                "head {head}\nnote it elsewhere: `mlx-code audit verify --head {head}` then \
                 tells whether anything before it was changed, even by who computes the log anew"
            ))?;
        }
    } else {
        let found = count(report.findings.len(), "finding");
        written(writeln!(host.output, "{found}; {lines} as written"))?;
    }
    Ok(code)
}
