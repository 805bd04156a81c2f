//! `mlx-code explain`: what a symbol, a file or an error means.

use std::path::Path;

use mlxcode_core::task::ExplainTarget;
use mlxcode_core::{LineRange, ModelTask, Workspace};

use super::{Telling, show_replaced, task_model};
use crate::args::Explain;
use crate::command::generate::read_text;
use crate::command::{Common, model_for};
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{self, ExplainOutput, Source};

/// Runs the verb.
pub fn run(args: &Explain, common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    let target = target(args, &workspace, host)?;
    show_replaced(&workspace.prompts(), &["explain"], host)?;
    let model = model_for(ModelTask::Explain, &args.computing, common, host, workspace.config())?;
    let telling = Telling::new(host.live && !common.json);
    let told = |what: &str| telling.tell(what);
    let task = task_model(&model, &told, host);
    let mut lost = Ok(());
    let explanation = workspace.explain(&target, &task, &mut |text| {
        telling.clear();
        if !common.json && lost.is_ok() {
            lost = host.stream(text);
        }
    });
    telling.clear();
    let explanation = explanation?;
    written(lost)?;
    if common.json {
        let document = ExplainOutput {
            model: model.info().name.clone(),
            explanation: explanation.text,
            sources: Source::all(&explanation.context),
        };
        json::write(host, &common.routed(document))?;
    } else {
        written(writeln!(host.output))?;
    }
    Ok(SUCCESS)
}

/// A file that is there, with lines or without; else a symbol.
fn target(args: &Explain, workspace: &Workspace, host: &mut Host<'_>) -> Outcome<ExplainTarget> {
    if args.error {
        let text =
            if args.what == "-" { read_text(Path::new("-"), host)? } else { args.what.clone() };
        return Ok(ExplainTarget::Error(text));
    }
    let file = |name: &str| host.current_dir.join(name).is_file();
    let of = |name: &str, lines| -> Outcome<ExplainTarget> {
        let path = workspace.relative(&host.current_dir, Path::new(name))?;
        Ok(ExplainTarget::File { path, lines })
    };
    if file(&args.what) {
        return of(&args.what, None);
    }
    if let Some((name, lines)) = args.what.rsplit_once(':')
        && file(name)
    {
        let (first, last) = lines.split_once('-').unwrap_or((lines, lines));
        if let (Ok(first), Ok(last)) = (first.parse(), last.parse()) {
            return of(name, Some(LineRange::new(first, last)));
        }
    }
    Ok(ExplainTarget::Symbol(args.what.clone()))
}
