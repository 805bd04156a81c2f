//! `mlx-code commit`: a message for what is staged, and the commit.

use mlxcode_core::task::{CommitOptions, CommitPrograms};
use mlxcode_core::{InputError, ModelTask};

use super::{Telling, show_leaks, show_replaced, task_model, yes_or_no};
use crate::args::Commit;
use crate::command::{Common, model_for};
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{self, CommitOutput};
use crate::output::{Style, visible};

/// Runs the verb.
pub fn run(args: &Commit, common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    let mut options = CommitOptions::default();
    options.conventional = args.conventional;
    options.hint.clone_from(&args.hint);
    let staged = workspace.staged(&options)?;
    show_leaks(&staged.leaks, host)?;
    options.remote = common.is_remote(ModelTask::Commit, &workspace);
    if options.remote && !staged.leaks.is_empty() {
        options.send_secrets = yes_or_no(host, "Send this to a model on another machine?")?;
    }
    show_replaced(&workspace.prompts(), &["commit", "summary"], host)?;
    let model = model_for(ModelTask::Commit, &args.computing, common, host, workspace.config())?;
    let telling = Telling::new(host.live && !common.json);
    let told = |what: &str| telling.tell(what);
    let proposal = workspace.commit_message(&staged, &task_model(&model, &told, host), &options);
    telling.clear();
    let proposal = proposal?;
    let text = proposal.message.text();
    if !common.json {
        written(writeln!(host.output, "{}", visible(&text)))?;
        written(host.output.flush())?;
        let style = Style::for_messages(host);
        for fault in &proposal.faults {
            written(writeln!(host.messages, "{} {}", style.error("warning:"), visible(fault)))?;
        }
        if let Some(sign) = proposal.style.trailers.iter().find(|name| *name == "Signed-off-by") {
            let line = format!("most commits here have `{sign}`, which is yours to add");
            written(writeln!(host.messages, "{line}"))?;
        }
    }
    let mut commit = None;
    if args.apply {
        if common.json && !args.yes {
            return Err(InputError::NobodyToAsk.into());
        }
        if args.yes || yes_or_no(host, "Commit with this message?")? {
            let programs =
                if args.no_verify { CommitPrograms::None } else { CommitPrograms::AsGitDoes };
            let id = workspace.commit_staged(&text, programs)?;
            if !common.json {
                let short = id.get(..12).unwrap_or(&id);
                written(writeln!(host.messages, "committed {short}"))?;
            }
            commit = Some(id);
        } else if !common.json {
            written(writeln!(host.messages, "nothing was committed"))?;
        }
    }
    if common.json {
        let document = CommitOutput::new(&model.info().name, &proposal, commit);
        json::write(host, &common.routed(document))?;
    }
    Ok(SUCCESS)
}
