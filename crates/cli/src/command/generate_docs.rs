//! `mlx-code __generate`: the reference pages, made from the program itself.

#![allow(clippy::disallowed_methods, reason = "a developer's task that writes pages")]

use std::fs;
use std::path::Path;

use clap::{Command, CommandFactory};
use mlxcode_core::{Config, ExportedSession, InputError, LoadedConfig};
use schemars::{JsonSchema, schema_for};

use crate::args::Args;
use crate::command::bench_output::BenchOutput;
use crate::exit::Outcome;
use crate::exit_code::{CLASSES, INPUTS, SUCCESS};
use crate::host::Host;
use crate::output::json;

/// Where things are kept and what can be set.
const CONFIGURATION: &str = r"## Configuration

`config.json` in the user's configuration folder, then `.mlx-code.json` in the project's root, which goes before it. Both are optional JSON files, in which comments are allowed, with any of these keys; [config.md](config.md) tells more:

{keys}
[schemas/config.json](schemas/config.json) is the schema. A project's `edit` can only make the user's rules stricter. A glob without a slash names files in any folder, one with a slash is meant from the root; one that names a folder names all that is in it.

The folders are `~/.config/mlx-code`, `~/.local/share/mlx-code` for models and `~/.local/state/mlx-code` for journals and indexes, or where `XDG_CONFIG_HOME`, `XDG_DATA_HOME` and `XDG_STATE_HOME` point; with `MLX_CODE_HOME`, all three lie below that folder. `mlx-code doctor` shows them.

Models come from the hub by `models pull`. The variables are those of Python's `huggingface_hub`, and the cache is the same:

| variable | what it sets |
|---|---|
| `HF_ENDPOINT` | the hub; `https://huggingface.co` |
| `HF_TOKEN` | the token, for gated and private repositories; else the file `token` below `HF_HOME` that a login wrote, or the one that `HF_TOKEN_PATH` names, else the secret `huggingface` |
| `HF_HOME` | the folder of tokens and caches; `huggingface` below `XDG_CACHE_HOME` or `~/.cache` |
| `HF_HUB_CACHE` | the cache; `hub` below `HF_HOME` |
| `HF_HUB_OFFLINE` | `1`, `on`, `yes` or `true`: the network is not used |
| `HTTPS_PROXY`, `ALL_PROXY` | a proxy, `http://host:port` |

A reference names a model: `hf:org/name` a repository, `hf:org/name/file.gguf` one file of it, `hf:org/name@revision` a branch, a tag or a commit, in which a `/` is written `%2F`; whatever has a `/` or ends in `.gguf` is a path; `name:tag` is an entry of the catalogue; any other name is an installed model. Of a repository with config.json and safetensors, these are fetched with the tokenizer and the chat template; of one with a single GGUF file, that one. Files that run code when they are read, such as `.bin`, `.pt` and `.py`, never are.

";

/// Runs the verb.
pub fn run(folder: &Path, host: &Host<'_>) -> Outcome {
    let folder = host.current_dir.join(folder);
    let schemas = folder.join("schemas");
    fs::create_dir_all(&schemas).map_err(|source| unwritable(&schemas, source))?;
    write(&folder.join("cli.md"), &reference())?;
    schema::<json::ErrorOutput>(&schemas, "error")?;
    schema::<json::Routed<json::AskOutput>>(&schemas, "ask")?;
    schema::<json::HitsOutput>(&schemas, "search")?;
    schema::<json::ContextOutput>(&schemas, "context")?;
    schema::<json::CursorOutput>(&schemas, "context-at")?;
    schema::<json::IndexOutput>(&schemas, "index")?;
    schema::<json::WatchOutput>(&schemas, "watch")?;
    schema::<json::OutlineOutput>(&schemas, "outline")?;
    schema::<json::DefinitionsOutput>(&schemas, "definition")?;
    schema::<json::ReferencesOutput>(&schemas, "references")?;
    schema::<json::ReferencesOutput>(&schemas, "callers")?;
    schema::<json::CalleesOutput>(&schemas, "callees")?;
    schema::<json::GraphOutput>(&schemas, "graph")?;
    schema::<json::MapOutput>(&schemas, "map")?;
    schema::<json::Routed<json::EditOutput>>(&schemas, "edit")?;
    schema::<json::ApplyOutput>(&schemas, "apply")?;
    schema::<json::UndoOutput>(&schemas, "undo")?;
    schema::<json::RedoOutput>(&schemas, "redo")?;
    schema::<json::ApplyOutput>(&schemas, "rename")?;
    schema::<json::HistoryOutput>(&schemas, "history")?;
    schema::<json::AuditOutput>(&schemas, "audit")?;
    schema::<json::AuditVerifyOutput>(&schemas, "audit-verify")?;
    schema::<json::Routed<json::CommitOutput>>(&schemas, "commit")?;
    schema::<json::Routed<json::ReviewOutput>>(&schemas, "review")?;
    schema::<json::Routed<json::ExplainOutput>>(&schemas, "explain")?;
    schema::<json::Routed<json::DocumentOutput>>(&schemas, "document")?;
    schema::<json::Routed<json::TestOutput>>(&schemas, "test")?;
    schema::<json::Routed<json::FixOutput>>(&schemas, "fix")?;
    schema::<json::ScaffoldOutput>(&schemas, "scaffold")?;
    schema::<json::TemplatesOutput>(&schemas, "scaffold-list")?;
    schema::<json::Routed<json::BatchOutput>>(&schemas, "batch")?;
    schema::<json::Routed<json::WorkflowOutput>>(&schemas, "workflow")?;
    schema::<json::IssueOutput>(&schemas, "issue")?;
    schema::<json::PullRequestOutput>(&schemas, "pull-request")?;
    schema::<json::RoutesOutput>(&schemas, "route")?;
    schema::<json::Routed<json::GenerateOutput>>(&schemas, "generate")?;
    schema::<json::ModelOutput>(&schemas, "models-add")?;
    schema::<json::ModelsOutput>(&schemas, "models-list")?;
    schema::<json::ModelOutput>(&schemas, "models-show")?;
    schema::<json::VerifyOutput>(&schemas, "models-verify")?;
    schema::<json::VerifyAllOutput>(&schemas, "models-verify-all")?;
    schema::<json::RepairOutput>(&schemas, "models-repair")?;
    schema::<json::GcOutput>(&schemas, "models-gc")?;
    schema::<json::DiskOutput>(&schemas, "models-disk")?;
    schema::<json::ConvertOutput>(&schemas, "models-convert")?;
    schema::<json::RemovedOutput>(&schemas, "models-rm")?;
    schema::<json::SearchOutput>(&schemas, "models-search")?;
    schema::<json::RecommendOutput>(&schemas, "models-recommend")?;
    schema::<json::CompareOutput>(&schemas, "models-compare")?;
    schema::<json::RecordOutput>(&schemas, "models-tag")?;
    schema::<json::RecordOutput>(&schemas, "models-favourite")?;
    schema::<json::RecordOutput>(&schemas, "models-note")?;
    schema::<json::AliasesOutput>(&schemas, "models-alias")?;
    schema::<json::StatsOutput>(&schemas, "models-stats")?;
    schema::<json::ExportedOutput>(&schemas, "models-export")?;
    schema::<json::ImportedOutput>(&schemas, "models-import")?;
    schema::<json::PullOutput>(&schemas, "models-pull")?;
    schema::<json::PullsOutput>(&schemas, "models-queue")?;
    schema::<BenchOutput>(&schemas, "bench")?;
    schema::<json::DoctorOutput>(&schemas, "doctor")?;
    schema::<json::HardwareOutput>(&schemas, "hardware")?;
    schema::<json::FitOutput>(&schemas, "models-fit")?;
    schema::<json::PsOutput>(&schemas, "models-ps")?;
    schema::<json::McpListOutput>(&schemas, "mcp-list")?;
    schema::<json::McpTestOutput>(&schemas, "mcp-test")?;
    schema::<json::McpToolsOutput>(&schemas, "mcp-tools")?;
    schema::<json::McpCallOutput>(&schemas, "mcp-call")?;
    schema::<json::McpApprovalOutput>(&schemas, "mcp-approve")?;
    schema::<json::McpApprovalOutput>(&schemas, "mcp-revoke")?;
    schema::<json::OffersOutput>(&schemas, "approve")?;
    schema::<json::PluginListOutput>(&schemas, "plugins-list")?;
    schema::<json::PluginOutput>(&schemas, "plugins-show")?;
    schema::<json::PluginOutput>(&schemas, "plugins-enable")?;
    schema::<json::PluginOutput>(&schemas, "plugins-disable")?;
    schema::<json::PluginOutput>(&schemas, "plugins-add")?;
    schema::<json::PluginRowOutput>(&schemas, "plugins-remove")?;
    schema::<json::SecretOutput>(&schemas, "secret-set")?;
    schema::<json::SecretOutput>(&schemas, "secret-get")?;
    schema::<json::SecretListOutput>(&schemas, "secret-list")?;
    schema::<json::SecretOutput>(&schemas, "secret-rm")?;
    schema::<json::SessionsOutput>(&schemas, "sessions-list")?;
    schema::<json::SessionShowOutput>(&schemas, "sessions-show")?;
    schema::<json::SessionHitsOutput>(&schemas, "sessions-search")?;
    schema::<json::SessionOutput>(&schemas, "sessions-rename")?;
    schema::<json::SessionOutput>(&schemas, "sessions-fork")?;
    schema::<json::SessionsDeletedOutput>(&schemas, "sessions-delete")?;
    schema::<json::SessionExportedOutput>(&schemas, "sessions-export")?;
    schema::<json::SessionOutput>(&schemas, "sessions-import")?;
    schema::<json::SessionRecordOutput>(&schemas, "sessions-replay")?;
    schema::<json::SessionsRepairOutput>(&schemas, "sessions-repair")?;
    schema::<ExportedSession>(&schemas, "session")?;
    schema::<json::WorkStatsOutput>(&schemas, "stats")?;
    schema::<json::ConfigValueOutput>(&schemas, "config-get")?;
    schema::<json::ConfigFileOutput>(&schemas, "config-set")?;
    schema::<json::ConfigFileOutput>(&schemas, "config-unset")?;
    schema::<json::ConfigFileOutput>(&schemas, "config-edit")?;
    schema::<json::ConfigFileOutput>(&schemas, "config-path")?;
    schema::<json::ConfigListOutput>(&schemas, "config-explain")?;
    schema::<json::ConfigValueOutput>(&schemas, "config-explain-key")?;
    schema::<json::ConfigListOutput>(&schemas, "config-list")?;
    schema::<json::CommandsOutput>(&schemas, "run")?;
    schema::<json::PromptsOutput>(&schemas, "prompts-list")?;
    schema::<json::PromptOutput>(&schemas, "prompts-show")?;
    schema::<json::PromptFoldersOutput>(&schemas, "prompts-path")?;
    schema::<Option<json::ProjectPromptsOutput>>(&schemas, "prompts-trust")?;
    schema::<Option<json::ProjectPromptsOutput>>(&schemas, "prompts-distrust")?;
    schema::<json::TopicsOutput>(&schemas, "help")?;
    schema::<json::TopicOutput>(&schemas, "help-topic")?;
    schema::<Config>(&schemas, "config")?;
    Ok(SUCCESS)
}

fn schema<T: JsonSchema>(folder: &Path, name: &str) -> Outcome<()> {
    let text = serde_json::to_string_pretty(&schema_for!(T)).unwrap_or_default();
    write(&folder.join(format!("{name}.json")), &(text + "\n"))
}

fn write(path: &Path, text: &str) -> Outcome<()> {
    Ok(fs::write(path, text).map_err(|source| unwritable(path, source))?)
}

fn unwritable(path: &Path, source: std::io::Error) -> InputError {
    InputError::Unreadable { path: path.to_owned(), source }
}

fn reference() -> String {
    let mut page = String::from(
        "# The command\n\n\
         This page is made from the program; `mlx-code VERB --help` shows the same.\n\n\
         With `--json`, a verb prints one document, whose schema is in [schemas](schemas), and on \
         an error the one of [error.json](schemas/error.json).\n\n",
    );
    let mut command = Args::command().term_width(96);
    command.build();
    describe(&mut command, "mlx-code", &mut page);
    page.push_str(&CONFIGURATION.replace("{keys}", &keys()));
    page.push_str("## Exit codes\n\n");
    page.push_str("A bad input has a code of its own:\n\n");
    page.push_str("| code | when | the error's `code` with `--json` |\n|---|---|---|\n");
    for (code, when, names) in INPUTS {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        page.push_str(&format!("| {code} | {when} | {} |\n", names.join(", ")));
    }
    page.push_str("\nAll else has that of its class:\n\n| code | when |\n|---|---|\n");
    for (code, when) in CLASSES {
        page.push_str(&format!("| {code} | {when} |\n"));
    }
    page
}

/// The table of the keys, made from the schema.
fn keys() -> String {
    let mut table = String::from("| key | what it sets | takes |\n|---|---|---|\n");
    for key in LoadedConfig::keys() {
        table.push_str(&format!("| `{}` | {} | {} |\n", key.key, key.about, key.takes));
    }
    table
}

fn describe(command: &mut Command, name: &str, page: &mut String) {
    let help = command.render_long_help().to_string();
    let help: Vec<&str> = help.lines().map(str::trim_end).collect();
    page.push_str(&format!("## {name}\n\n```text\n{}\n```\n\n", help.join("\n").trim_end()));
    for verb in command.get_subcommands_mut().filter(|verb| !verb.is_hide_set()) {
        let name = format!("{name} {}", verb.get_name());
        describe(verb, &name, page);
    }
}
