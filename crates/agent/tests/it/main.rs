//! Turns of a scripted model over small trees.

#![allow(clippy::unwrap_used, reason = "a test that cannot set its ground fails")]
#![allow(clippy::disallowed_methods, reason = "tests make the files they need")]

#[cfg(unix)]
mod attachments;
mod plugin;
mod prompts;
mod recording;
mod scaffolds;
mod session;
mod sessions;
mod small_models;
mod tasks;
mod tasks_at_work;

use std::fs;

use mlxcode_agent::{Error, Task, Turn, TurnEvent, TurnRequest};
use mlxcode_base::{CancelToken, RelPath, Root};
use mlxcode_context::{CodeBase, WalkOptions};
use mlxcode_edit::ParsedItem;
use mlxcode_models::{FinishReason, LanguageModel, ScriptedModel};
use tempfile::TempDir;

const REPLY: &str = "Louder:\n\ngreet.py\n```python\n<<<<<<< SEARCH\n    return \"hello\"\n=======\n    return \"HELLO\"\n>>>>>>> REPLACE\n```\n\nThat is all.\n";

/// Two files that matter, and many that do not.
#[allow(clippy::missing_panics_doc, reason = "a test that cannot set its ground fails")]
pub fn ground() -> (TempDir, CodeBase) {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("greet.py", "def greet():\n    return \"hello\"\n");
    write("port.py", "def open_port(number):\n    \"\"\"Opens a port.\"\"\"\n    return number\n");
    for number in 0..40 {
        let body = "    open_port(number)\n".repeat(30);
        write(&format!("port_{number}.py"), &format!("def f_{number}():\n{body}"));
    }
    let root = Root::open(folder.path()).unwrap();
    let code = CodeBase::open(&root, &WalkOptions::default(), &CancelToken::new()).unwrap();
    (folder, code)
}

fn answer_tokens(mut request: TurnRequest, tokens: usize) -> TurnRequest {
    request.options.max_tokens = Some(tokens);
    request
}

#[test]
fn an_answer_is_streamed_with_what_it_rests_on() {
    let (_folder, code) = ground();
    let model = ScriptedModel::new(["It is `open_port`."]);
    let mut turn =
        Turn::start(&code, &model, TurnRequest::new(Task::Ask, "who opens a port?")).unwrap();
    assert_eq!(turn.context().passages().next().unwrap().path.as_str(), "port.py");
    assert!(turn.finished().is_none());
    let mut text = String::new();
    while let Some(piece) = turn.next_text() {
        text.push_str(&piece.unwrap());
        assert_eq!(turn.reply(), text);
    }
    assert_eq!(text, "It is `open_port`.");
    assert_eq!(turn.finished().unwrap().reason, FinishReason::Stop);

    let [prompt] = &model.prompts()[..] else { panic!("one conversation") };
    let messages = prompt.as_messages();
    assert!(messages[1].content.contains("def open_port(number):"));
    assert!(messages[1].content.ends_with("Question: who opens a port?"));
}

#[test]
fn an_edit_is_told_as_soon_as_it_is_whole() {
    let (_folder, code) = ground();
    let model = ScriptedModel::new([REPLY]);
    let turn = Turn::start(&code, &model, TurnRequest::new(Task::Edit, "shout")).unwrap();
    let events: Vec<_> = turn.map(Result::unwrap).collect();
    let edit = events.iter().position(|event| matches!(event, TurnEvent::Edit(_))).unwrap();
    let TurnEvent::Edit(ParsedItem::Edit(_)) = &events[edit] else { panic!("{events:?}") };
    let after: String = events[edit..]
        .iter()
        .filter_map(|event| match event {
            TurnEvent::Text(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert!(after.ends_with("That is all.\n") && !after.contains("HELLO"), "{after}");
    assert!(matches!(events.last(), Some(TurnEvent::Finished(_))));
}

/// Prompt and answer fit into any context that holds the question, and search
/// adds no more than it may.
#[test]
fn the_prompt_leaves_room_for_the_answer() {
    let (_folder, code) = ground();
    let mut most = 0;
    for length in (400..3_000).step_by(130) {
        let model = ScriptedModel::new(["x"]).with_context_length(length);
        let request = answer_tokens(TurnRequest::new(Task::Ask, "where is a port opened?"), 100);
        let turn = Turn::start(&code, &model, request).unwrap();
        let prompt = model.count_tokens(&model.prompts()[0]).unwrap();
        assert!(prompt + 100 <= length, "{prompt} of {length}");
        assert!(turn.context().tokens >= most, "a larger context shows as much");
        most = turn.context().tokens;
    }
    assert!(most > 1_000, "{most}");

    let model = ScriptedModel::new(["x"]).with_context_length(100_000);
    let mut request = TurnRequest::new(Task::Ask, "where is a port opened?");
    request.context_tokens = 300;
    let turn = Turn::start(&code, &model, request.clone()).unwrap();
    assert!((200..=300).contains(&turn.context().tokens), "{}", turn.context().tokens);

    // A file that was asked for is whole all the same.
    let model = ScriptedModel::new(["x"]).with_context_length(100_000);
    request.context_tokens = 10;
    request.files = vec![RelPath::new("port_7.py").unwrap()];
    let turn = Turn::start(&code, &model, request).unwrap();
    let passages: Vec<_> = turn.context().passages().collect();
    let [passage] = &passages[..] else { panic!("one passage") };
    assert_eq!((passage.path.as_str(), passage.lines.count()), ("port_7.py", 31));
}

#[test]
fn a_turn_that_was_cancelled_ends() {
    let (_folder, code) = ground();
    let model = ScriptedModel::new(["one two three four five"]);
    let request = TurnRequest::new(Task::Ask, "greet?");
    request.cancel.cancel();
    // The scan was before; the model sees that nobody waits.
    let mut turn = Turn::start(&code, &model, request).unwrap();
    turn.read_to_end().unwrap();
    assert_eq!(turn.finished().unwrap().reason, FinishReason::Cancelled);
    assert_eq!(turn.reply(), "");
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let (_folder, code) = ground();
    let refused = |words: &str, length: usize, files: &[&str]| {
        let model = ScriptedModel::new(["x"]).with_context_length(length);
        let mut request = TurnRequest::new(Task::Ask, words);
        request.files = files.iter().map(|file| RelPath::new(file).unwrap()).collect();
        Turn::start(&code, &model, request).unwrap_err()
    };
    assert!(matches!(refused("  \n", 4_000, &[]), Error::EmptyInput { what: "question" }));
    assert!(matches!(refused("why?", 40, &[]), Error::QuestionTooLong { .. }));
    let long = "why ".repeat(3_000);
    assert!(matches!(refused(&long, 4_000, &[]), Error::QuestionTooLong { .. }));
    assert!(matches!(refused("why?", 4_000, &["none.py"]), Error::Context(_)));
    assert!(matches!(refused("why?", 400, &["port_1.py", "port_2.py"]), Error::Context(_)));

    // The model's own errors come through.
    let spent = ScriptedModel::new(Vec::<String>::new());
    let error = Turn::start(&code, &spent, TurnRequest::new(Task::Ask, "why?")).unwrap_err();
    assert!(matches!(error, Error::Model(_)));
}
