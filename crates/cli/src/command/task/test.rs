//! `mlx-code test`: tests of a file, in the framework of its project.

use mlxcode_core::task::TestOptions;
use mlxcode_core::{Actor, ModelTask};

use super::{Telling, show_replaced, task_model};
use crate::args::Test;
use crate::command::{Common, apply, model_for};
use crate::exit::{Outcome, written};
use crate::host::Host;
use crate::output::json::{self, TestOutput};
use crate::output::{count, visible};

/// Runs the verb.
pub fn run(args: &Test, common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    let path = workspace.relative(&host.current_dir, &args.file)?;
    let mut options = TestOptions::default();
    options.symbols.clone_from(&args.symbol);
    options.property = args.property;
    options.mock = args.mock;
    options.hint.clone_from(&args.hint);
    show_replaced(&workspace.prompts(), &["test"], host)?;
    let model = model_for(ModelTask::Test, &args.computing, common, host, workspace.config())?;
    let telling = Telling::new(host.live && !common.json);
    let told = |what: &str| telling.tell(what);
    let done = workspace.write_tests(&path, &task_model(&model, &told, host), &options);
    telling.clear();
    let (tests, plan) = done?;
    let name = model.info().name.clone();
    let actor = Actor::new("test").with_model(&name);
    let (code, outcome) = apply::decide(&workspace, plan, actor, &args.consent, common.json, host)?;
    let command = tests.command.join(" ");
    if common.json {
        let document = TestOutput {
            model: name,
            framework: tests.framework.name().to_owned(),
            path: tests.path.to_string(),
            tests: tests.tests,
            missing: tests.missing,
            command: tests.command,
            outcome,
        };
        json::write(host, &common.routed(document))?;
    } else if outcome.applied {
        for library in &tests.missing {
            written(writeln!(host.messages, "the project does not have {library} yet"))?;
        }
        let line =
            format!("{} with {}: {command}", count(tests.tests, "test"), tests.framework.name());
        written(writeln!(host.messages, "{}", visible(line)))?;
    }
    Ok(code)
}
