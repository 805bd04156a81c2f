//! Every prompt of the program, as a model reads it.

use std::collections::BTreeMap;

use minijinja::Value as Template;
use mlxcode_agent::{BUILT_IN_PROMPTS, Prompts};
use mlxcode_models::Message;
use serde_json::{Value, json};

/// Values with which each prompt is rendered: one set for every way that its
/// template can take.
fn values(name: &str) -> Vec<Value> {
    let passages = "src/port.py:1-2\n```python\ndef open_port(number):\n    return number\n```";
    let problem = "block 1, src/port.py: the lines were not found";
    let rules = json!(["at most 72 characters", "begins with a verb: `Add`, `Fix`"]);
    let examples = json!(["Add a port", "Fix the port's number\n\nIt was off by one."]);
    match name {
        "ask" => vec![
            json!({"passages": passages, "question": "who opens a port?"}),
            json!({"passages": "", "question": "who opens a port?"}),
        ],
        "batch" => vec![
            json!({"path": "a.py", "text": "A = 1", "instruction": "use two", "problem": ""}),
            json!({"path": "a.py", "text": "A = 1", "instruction": "use two", "problem": problem}),
        ],
        "commit" => vec![
            json!({"rules": rules, "with_body": true, "examples": examples, "change": "+B = 2",
                "hint": "for the port"}),
            json!({"rules": rules, "with_body": false, "examples": [], "change": "+B = 2",
                "hint": ""}),
        ],
        "commit_again" => vec![
            json!({"rules": rules, "examples": examples, "message": "stuff",
                "faults": ["it says nothing", "it begins in lower case"]}),
            json!({"rules": rules, "examples": [], "message": "stuff", "faults": ["it is short"]}),
        ],
        "declined" => vec![json!({"why": "use a constant"})],
        "document" => vec![
            json!({"conventions": "Write a docstring.", "with_parts": true, "kind": "function",
                "name": "open_port", "code": "def open_port(number): ..."}),
            json!({"conventions": "Write a doc comment.", "with_parts": false, "kind": "constant",
                "name": "PORT", "code": "PORT = 1"}),
        ],
        "edit" => vec![
            json!({"passages": passages, "instruction": "check the number", "problem": ""}),
            json!({"passages": "", "instruction": "check the number", "problem": problem}),
        ],
        "explain" => vec![
            json!({"kind": "symbol", "name": "open_port", "piece": "", "passages": passages}),
            json!({"kind": "file", "name": "", "piece": passages, "passages": ""}),
            json!({"kind": "error", "name": "", "piece": "KeyError: 1", "passages": passages}),
        ],
        "fix" => vec![
            json!({"passages": passages, "command": "pytest", "output": "1 failed", "hint": "no mocks",
                "tried": ["made it an int"], "problem": problem}),
            json!({"passages": "", "command": "pytest", "output": "1 failed", "hint": "",
                "tried": [], "problem": ""}),
        ],
        "taken" => vec![
            json!({"taken": ["a.py at line 30", "c.py"], "left": ["a.py at lines 2, 9", "b.py"],
                "why": "b is generated"}),
            json!({"taken": ["c.py as a person wrote it in place of yours"], "left": [],
                "why": null}),
        ],
        "plan" => vec![json!({"words": "check the number of a port"})],
        "repair_call" => vec![json!({"reason": "the arguments are no JSON"})],
        "repair_checks" => vec![json!({"checks": [
            {"check": "ruff", "output": "a.py:1: unused"},
            {"check": "pytest", "output": "1 failed\n2 passed"},
        ]})],
        "repair_edits" => vec![
            json!({"reasons": [problem], "fitting": 0}),
            json!({"reasons": [problem, "block 2, b.py: there is no such file"], "fitting": 1}),
        ],
        "review" => vec![
            json!({"part": "a.py\n1 + A = 1", "focus": "races", "is_change": true}),
            json!({"part": "a.py\n1   A = 1", "focus": null, "is_change": false}),
        ],
        "session" => vec![
            json!({"tools": false, "instructions": []}),
            json!({"tools": true, "instructions": [{"path": "AGENTS.md", "text": "Use tabs."}]}),
        ],
        "summarise" => vec![json!({"text": "user: hello\n\nassistant: hello\n\n"})],
        "summary" => vec![json!({"path": "a.py", "diff": "-A = 1\n+A = 2"})],
        "test" => {
            let full = json!({"conventions": "Use pytest.", "inline": false, "test_path": "t.py",
                "property": "Use hypothesis.", "mock": "Mock the socket.", "path": "a.py",
                "module": "a", "code": "A = 1", "existing": "def test_a(): ...",
                "symbols": ["A", "B"], "hint": "Short.", "problem": "it fails", "draft": "x"});
            let bare = json!({"conventions": "Use the built-in tests.", "inline": true,
                "test_path": "a.rs", "property": "", "mock": "", "path": "a.rs", "module": "",
                "code": "const A: u8 = 1;", "existing": "", "symbols": [], "hint": "",
                "problem": "", "draft": ""});
            vec![full, bare]
        }
        "why" => vec![
            json!({"what": "change a.py", "question": ""}),
            json!({"what": "run `make`", "question": "is there no other way?"}),
        ],
        _ => vec![json!({})],
    }
}

#[test]
fn every_prompt_reads_as_it_was_reviewed() {
    let prompts = Prompts::default();
    for prompt in BUILT_IN_PROMPTS {
        let mut shown = String::new();
        for values in values(prompt.name) {
            let given: BTreeMap<String, Value> = serde_json::from_value(values).unwrap();
            let names: Vec<&str> = given.keys().map(String::as_str).collect();
            let mut told = prompt.values.to_vec();
            told.sort_unstable();
            assert_eq!(names, told, "the values of {}", prompt.name);
            let rendered = prompts
                .render(
                    prompt.name,
                    Template::from_pairs(given.iter().map(|(name, one)| (name, template(one)))),
                )
                .unwrap();
            for Message { role, content, .. } in rendered.as_messages() {
                shown.push_str(&format!("--- {role}\n{content}\n"));
            }
            shown.push('\n');
        }
        insta::assert_snapshot!(prompt.name, shown.trim_end());
    }
}

/// A value as templates have them.
fn template(value: &Value) -> Template {
    match value {
        Value::Null => Template::from(()),
        Value::Bool(is) => Template::from(*is),
        Value::Number(number) => Template::from(number.as_i64()),
        Value::String(text) => Template::from(text.as_str()),
        Value::Array(items) => items.iter().map(template).collect(),
        Value::Object(pairs) => {
            Template::from_pairs(pairs.iter().map(|(name, one)| (name, template(one))))
        }
    }
}
