//! Shows what the crate makes of a model, for scripts that compare it with
//! reference implementations; `tools/compare_*.py` call it.
//!
//! ```console
//! cargo run --example reference -p mlxcode-models -- check PATH...
//! cargo run --example reference -p mlxcode-models -- render < cases.jsonl
//! cargo run --example reference -p mlxcode-models -- encode PATH < texts.jsonl
//! ```

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, UNIX_EPOCH};

use mlxcode_base::Diagnostic;
use mlxcode_models::{Chat, ChatTemplate, InstalledModel};
use serde_json::{Value, json};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next();
    let rest: Vec<String> = arguments.collect();
    let done = match command.as_deref() {
        Some("check") => rest.iter().map(|path| check(Path::new(path))).min(),
        Some("render") => Some(each_line(render)),
        Some("encode") => rest.first().map(|path| encode(Path::new(path))),
        _ => None,
    };
    if done == Some(true) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Answers each line of the input, a JSON value, with a line.
#[allow(clippy::print_stdout, reason = "an example's output")]
fn each_line(answer: impl Fn(&Value) -> Result<Value, String>) -> bool {
    let mut sound = true;
    for line in std::io::stdin().lines() {
        let case = line
            .map_err(|error| error.to_string())
            .and_then(|line| serde_json::from_str(&line).map_err(|error| error.to_string()));
        let answered = case.and_then(|case| answer(&case));
        sound &= answered.is_ok();
        println!("{}", answered.unwrap_or_else(|error| json!({"error": error})));
    }
    sound
}

/// A line is `{"source", "bos_token", "eos_token", "variables", "unix_seconds"}`,
/// the variables as JSON in a text; or, instead of the last two, `chat`, a
/// [`Chat`], and `answer`.
fn render(case: &Value) -> Result<Value, String> {
    let text = |name: &str| case.get(name).and_then(Value::as_str).map(str::to_owned);
    let source = text("source").unwrap_or_default();
    let template = ChatTemplate::new(&source, text("bos_token"), text("eos_token"));
    if let Some(chat) = case.get("chat") {
        let chat: Chat = serde_json::from_value(chat.clone()).map_err(|error| error.to_string())?;
        let answer = case.get("answer") == Some(&Value::Bool(true));
        let template = template.map_err(|error| error.to_string())?;
        let (tools, thinking) = (template.tells_tools(), template.tells_thinking());
        let text = template.render(&chat, answer).map_err(|error| error.to_string())?;
        return Ok(json!({"text": text, "tools": tools, "thinking": thinking}));
    }
    let seconds = case.get("unix_seconds").and_then(Value::as_u64);
    let now = seconds.map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds));
    let variables = text("variables").unwrap_or_default();
    let rendered = template.and_then(|template| template.render_json(&variables, now));
    rendered.map(|text| json!({"text": text})).map_err(|error| error.to_string())
}

/// A line is a text; the answer is its tokens.
#[allow(clippy::print_stdout, reason = "an example's output")]
fn encode(path: &Path) -> bool {
    let tokenizer = match InstalledModel::check_in_place(path).and_then(|model| model.tokenizer()) {
        Ok(tokenizer) => tokenizer,
        Err(error) => {
            println!("{}", json!({"error": error.to_string()}));
            return false;
        }
    };
    each_line(|text| {
        let ids = tokenizer.encode(text.as_str().unwrap_or_default(), false);
        ids.map(Value::from).map_err(|error| error.to_string())
    })
}

/// Prints a line about a model, or what is wrong with it.
#[allow(clippy::print_stdout, reason = "an example's output")]
fn check(path: &Path) -> bool {
    match InstalledModel::check_in_place(path) {
        Ok(model) => {
            println!(
                "{}: {}, {} numbers, {:?}",
                path.display(),
                model.weights(),
                model.parameters(),
                model.config()
            );
            true
        }
        Err(error) => {
            println!("{}: {} {error}", path.display(), error.code());
            false
        }
    }
}
