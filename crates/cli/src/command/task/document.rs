//! `mlx-code document`: comments for what has none.

use mlxcode_core::task::DocumentOptions;
use mlxcode_core::{Actor, ModelTask};

use super::{Telling, show_replaced, task_model};
use crate::args::Document;
use crate::command::{Common, apply, model_for};
use crate::exit::{Outcome, written};
use crate::host::Host;
use crate::output::json::{self, DocumentOutput};
use crate::output::visible;

/// Runs the verb.
pub fn run(args: &Document, common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    let path = workspace.relative(&host.current_dir, &args.file)?;
    let mut options = DocumentOptions::default();
    options.symbols.clone_from(&args.symbol);
    options.private = args.private;
    show_replaced(&workspace.prompts(), &["document"], host)?;
    let model = model_for(ModelTask::Document, &args.computing, common, host, workspace.config())?;
    let telling = Telling::new(host.live && !common.json);
    let told = |what: &str| telling.tell(what);
    let done = workspace.document(&path, &task_model(&model, &told, host), &options);
    telling.clear();
    let (documented, plan) = done?;
    if !common.json {
        for (name, reason) in &documented.left_out {
            written(writeln!(host.messages, "{}", visible(format!("left out {name}: {reason}"))))?;
        }
    }
    let name = model.info().name.clone();
    let actor = Actor::new("document").with_model(&name);
    let (code, outcome) = apply::decide(&workspace, plan, actor, &args.consent, common.json, host)?;
    if common.json {
        let left_out = documented.left_out.into_iter();
        let document = DocumentOutput {
            model: name,
            added: documented.added,
            left_out: left_out.map(|(name, reason)| format!("{name}: {reason}")).collect(),
            outcome,
        };
        json::write(host, &common.routed(document))?;
    }
    Ok(code)
}
