//! `mlx-code models verify`.

use mlxcode_core::{ModelLibrary, VerifyReport};

use crate::command::Common;
use crate::exit::{Outcome, written};
use crate::exit_code::{SUCCESS, UNHEALTHY};
use crate::host::Host;
use crate::output::Style;
use crate::output::json::{self, CheckOutput, VerifyOutput};
use crate::output::progress::ProgressLine;

/// Reads every byte of a model again and compares.
pub fn run(library: &ModelLibrary, name: &str, common: &Common, host: &mut Host<'_>) -> Outcome {
    let line = ProgressLine::new(host.live && !common.json);
    let report = library.verify(name, &line, &host.cancel);
    line.clear();
    let report = report?;
    let code = if report.is_sound() { SUCCESS } else { UNHEALTHY };
    if common.json {
        json::write(host, &verified(&report))?;
        return Ok(code);
    }
    let style = Style::for_output(host);
    for check in &report.checks {
        match &check.problem {
            None => written(writeln!(host.output, "{}  {}", style.added("ok  "), check.name))?,
            Some(problem) => {
                let mark = style.error("FAIL");
                written(writeln!(host.output, "{mark}  {}: {problem}", check.name))?;
            }
        }
        if let Some(help) = &check.help {
            written(writeln!(host.output, "      {help}"))?;
        }
    }
    Ok(code)
}

fn verified(report: &VerifyReport) -> VerifyOutput {
    let check = |check: &mlxcode_core::VerifyCheck| CheckOutput {
        name: check.name.clone(),
        passed: check.problem.is_none(),
        detail: check.problem.clone(),
        help: check.help.clone(),
    };
    VerifyOutput {
        name: report.name.clone(),
        sound: report.is_sound(),
        checks: report.checks.iter().map(check).collect(),
    }
}
