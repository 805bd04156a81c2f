//! `mlx-code doctor`: what is there, and what is wrong with it.

use mlxcode_core::{CheckStatus, Workspace, doctor};

use crate::command::{Common, dirs};
use crate::exit::{Outcome, written};
use crate::exit_code::{SUCCESS, UNHEALTHY};
use crate::host::Host;
use crate::output::Style;
use crate::output::json::{self, CheckOutput, DoctorOutput};
use crate::output::progress::ProgressLine;

/// Runs the verb.
pub fn run(common: &Common, host: &mut Host<'_>) -> Outcome {
    let dirs = dirs(host)?;
    // A broken configuration is a finding here, not a reason to stop.
    let root = match &common.root {
        Some(root) => host.current_dir.join(root),
        None => Workspace::discover(&host.current_dir, &dirs)
            .map_or_else(|_| host.current_dir.clone(), |found| found.root().to_owned()),
    };
    let line = ProgressLine::new(host.live && !common.json);
    let checks = doctor(&dirs, Some(&root), host.probe.as_ref(), &line, &host.cancel);
    line.clear();
    let healthy = checks.iter().all(|check| check.status != CheckStatus::Broken);
    let version = env!("CARGO_PKG_VERSION");
    if common.json {
        let output = |check: &mlxcode_core::Check| CheckOutput {
            name: check.name.clone(),
            passed: check.status != CheckStatus::Broken,
            detail: Some(check.detail.clone()),
            help: check.help.clone(),
        };
        let checks = checks.iter().map(output).collect();
        json::write(host, &DoctorOutput { healthy, version: version.to_owned(), checks })?;
    } else {
        let style = Style::for_output(host);
        written(writeln!(host.output, "mlx-code {version}"))?;
        for check in &checks {
            let mark = match check.status {
                CheckStatus::Fine => style.added("ok  "),
                CheckStatus::Broken => style.error("FAIL"),
                _ => style.strong("note"),
            };
            written(writeln!(host.output, "{mark}  {}: {}", check.name, check.detail))?;
            if let Some(help) = &check.help {
                written(writeln!(host.output, "      {help}"))?;
            }
        }
    }
    Ok(if healthy { SUCCESS } else { UNHEALTHY })
}
