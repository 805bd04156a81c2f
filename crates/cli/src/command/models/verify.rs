//! `mlx-code models verify`.

use mlxcode_core::{LibraryContents, ModelLibrary, VerifyOptions, VerifyReport, VerifyStatus};

use crate::command::Common;
use crate::exit::{Outcome, show_broken, written};
use crate::exit_code::{SUCCESS, UNHEALTHY};
use crate::host::Host;
use crate::output::json::{self, VerifyAllOutput, VerifyCheckOutput, VerifyOutput};
use crate::output::progress::ProgressLine;
use crate::output::{Style, count};

/// Reads every byte of a model again, compares, and checks the contents; of all
/// installed models where none is named.
pub fn run(
    library: &ModelLibrary,
    model: Option<&str>,
    options: VerifyOptions,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    if let Some(model) = model {
        let report = verify(library, model, options, common, host)?;
        if common.json {
            json::write(host, &verified(&report))?;
        } else {
            show(&report, host)?;
        }
        return Ok(if report.is_sound() { SUCCESS } else { UNHEALTHY });
    }
    let LibraryContents { models, broken, .. } = library.contents()?;
    let mut reports = Vec::new();
    for summary in models {
        let report = verify(library, &summary.name, options, common, host)?;
        if !common.json {
            let style = Style::for_output(host);
            written(writeln!(host.output, "{}", style.strong(&report.name)))?;
            show(&report, host)?;
        }
        reports.push(report);
    }
    let sound = broken.is_empty() && reports.iter().all(VerifyReport::is_sound);
    if common.json {
        let document = VerifyAllOutput {
            sound,
            models: reports.iter().map(verified).collect(),
            broken: broken.iter().map(|(name, _)| name.clone()).collect(),
        };
        json::write(host, &document)?;
    } else if reports.is_empty() && broken.is_empty() {
        written(writeln!(host.output, "no model is installed"))?;
    }
    for (name, error) in broken.iter().filter(|_| !common.json) {
        show_broken(&format!("{name} cannot be used"), error, host)?;
    }
    Ok(if sound { SUCCESS } else { UNHEALTHY })
}

fn verify(
    library: &ModelLibrary,
    model: &str,
    options: VerifyOptions,
    common: &Common,
    host: &Host<'_>,
) -> Outcome<VerifyReport> {
    let line = ProgressLine::new(host.live && !common.json);
    let report = library.verify_with(&host.current_dir, model, options, &line, &host.cancel);
    line.clear();
    Ok(report?)
}

fn show(report: &VerifyReport, host: &mut Host<'_>) -> Outcome<()> {
    let style = Style::for_output(host);
    for check in &report.checks {
        let name = &check.name;
        let line = match (check.status, &check.detail) {
            (VerifyStatus::Failed, detail) => {
                let mark = style.error("FAIL");
                format!(
                    "{mark}  {}: {}",
                    style.plain(name),
                    style.plain(or_none(detail.as_deref()))
                )
            }
            (VerifyStatus::Passed, None) => {
                format!("{}  {}", style.added("ok  "), style.plain(name))
            }
            (VerifyStatus::Passed, Some(detail)) => {
                let words = format!("({detail})");
                format!("{}  {} {}", style.added("ok  "), style.plain(name), style.dim(words))
            }
            (_, detail) => {
                let words = format!("skip  {name}: {}", or_none(detail.as_deref()));
                style.dim(words)
            }
        };
        written(writeln!(host.output, "{line}"))?;
        if let Some(help) = &check.help {
            written(writeln!(host.output, "      {help}"))?;
        }
    }
    let failed = report.failures().count();
    let verdict = match (report.is_sound(), failed) {
        (true, _) => style.added("sound"),
        (false, 0) => style.error("nothing could be checked"),
        (false, failed) => style.error(format!("not sound: {} failed", count(failed, "check"))),
    };
    written(writeln!(host.output, "{verdict}"))
}

fn or_none(detail: Option<&str>) -> &str {
    detail.unwrap_or("no reason was given")
}

fn verified(report: &VerifyReport) -> VerifyOutput {
    let check = |check: &mlxcode_core::VerifyCheck| VerifyCheckOutput {
        id: check.id.as_str().to_owned(),
        name: check.name.clone(),
        status: check.status.as_str().to_owned(),
        passed: check.status == VerifyStatus::Passed,
        detail: check.detail.clone(),
        code: check.code.map(str::to_owned),
        help: check.help.clone(),
    };
    VerifyOutput {
        name: report.name.clone(),
        sound: report.is_sound(),
        checks: report.checks.iter().map(check).collect(),
    }
}
