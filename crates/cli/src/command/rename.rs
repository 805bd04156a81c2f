//! `mlx-code rename`: many files by one pattern, all or none.

use mlxcode_core::{PlanOptions, RenamePattern};

use crate::args::Rename;
use crate::command::{Common, apply};
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json;

/// Runs the verb.
pub fn run(args: &Rename, common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    let pattern = if args.regex {
        RenamePattern::regex(&args.pattern, &args.template)
    } else {
        RenamePattern::glob(&args.pattern, &args.template)
    };
    let mut options = PlanOptions::default();
    options.allow_protected.clone_from(&args.consent.allow_protected);
    let plan = workspace.plan_rename(&pattern?, &options)?;
    if plan.changes().is_empty() && plan.refusals().is_empty() {
        if common.json {
            json::write(host, &apply::describe(&plan))?;
        } else {
            written(writeln!(host.messages, "no file is to be renamed"))?;
        }
        return Ok(SUCCESS);
    }
    let (code, outcome) =
        apply::decide(&workspace, plan, "rename", &args.consent, common.json, host)?;
    if common.json {
        json::write(host, &outcome)?;
    }
    Ok(code)
}
