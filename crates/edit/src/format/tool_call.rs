//! Calls of tools that edit files, as models write them into a reply.
//!
//! There are many names for the same few tools. What counts is the shape of
//! the arguments: a path beside an old and a new text, a list of such pairs, a
//! content, a patch. A call of any other tool is no edit.

use serde_json::{Map, Value};

use super::{
    BrokenReason, EditAction, Naming, Origin, ParsedItem, PatchHunk, PatchLine, ReplyParser,
    ShellCommand,
};

type Arguments = Map<String, Value>;

const PATHS: [&str; 10] = [
    "file_path",
    "path",
    "filename",
    "file",
    "filepath",
    "filePath",
    "target_file",
    "file_name",
    "absolute_path",
    "relative_path",
];

/// The names of an old and a new text.
const PAIRS: [(&str, &str); 8] = [
    ("old_string", "new_string"),
    ("old_str", "new_str"),
    ("oldString", "newString"),
    ("old_text", "new_text"),
    ("oldText", "newText"),
    ("search", "replace"),
    ("old_content", "new_content"),
    ("find", "replace"),
];

const CONTENTS: [&str; 6] = ["content", "file_text", "contents", "file_content", "text", "code"];

/// Tools that write a file whole.
const WRITERS: [&str; 10] = [
    "write_file",
    "write_to_file",
    "create_file",
    "write",
    "create",
    "save_file",
    "new_file",
    "overwrite_file",
    "file_write",
    "create_new_file",
];

const SHELLS: [&str; 11] = [
    "bash",
    "shell",
    "sh",
    "terminal",
    "execute_command",
    "run_command",
    "run_shell_command",
    "run_terminal_cmd",
    "run_terminal_command",
    "execute_bash",
    "exec",
];

/// Words of which one stands in every call that edits: without them, a text
/// that cannot be read was none.
const TELLING: [&str; 12] = [
    "old_string",
    "old_str",
    "oldString",
    "oldText",
    "old_text",
    "new_string",
    "new_str",
    "file_text",
    "apply_patch",
    "write_file",
    "write_to_file",
    "create_file",
];

/// Whether a text that cannot be read seems to be a call that edits.
pub fn seems_to_edit(text: &str) -> bool {
    TELLING.iter().any(|word| text.contains(word))
}

/// What stands around the calls of one block.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    pub origin: Origin,
    pub end: usize,
    /// The path above the block, for calls that name none.
    pub path: Option<&'a str>,
}

impl Around<'_> {
    fn edit(&self, path: &str, action: EditAction) -> ParsedItem {
        self.origin.edit(path.to_owned(), action, self.end)
    }

    fn broken(&self, path: Option<&str>, reason: BrokenReason) -> ParsedItem {
        self.origin.broken(path.map(str::to_owned), reason, self.end)
    }

    fn command(&self, text: String) -> ParsedItem {
        self.origin.command(text, String::new(), self.end)
    }
}

/// The edits of JSON that holds one call or several; none where it is
/// something else.
pub fn read_json(value: &Value, around: Around<'_>, out: &mut Vec<ParsedItem>) {
    match value {
        Value::Array(values) => {
            for value in values {
                read_json(value, around, out);
            }
        }
        Value::Object(object) => {
            if let Some(calls @ Value::Array(_)) = object.get("tool_calls") {
                return read_json(calls, around, out);
            }
            if let Some(call @ Value::Object(_)) = object.get("function") {
                return read_json(call, around, out);
            }
            let text = |keys: &[&str]| keys.iter().find_map(|key| object.get(*key)?.as_str());
            let name = text(&["name", "tool", "tool_name", "function", "action"]);
            let arguments = ["arguments", "parameters", "args", "input", "params"];
            let inner = arguments.iter().find_map(|key| object.get(*key));
            match (name, inner) {
                (Some(name), Some(Value::Object(inner))) => read_call(name, inner, around, out),
                // Some servers give the arguments as text again.
                (Some(name), Some(Value::String(inner))) => match super::json::read(inner) {
                    Some(Value::Object(inner)) => read_call(name, &inner, around, out),
                    None if is_named(name, &["apply_patch"]) => nested(inner, None, around, out),
                    None if seems_to_edit(name) || seems_to_edit(inner) => {
                        out.push(around.broken(None, BrokenReason::BadCall));
                    }
                    _ => {}
                },
                (name, _) => read_call(name.unwrap_or_default(), object, around, out),
            }
        }
        _ => {}
    }
}

/// The edits of one call.
pub fn read_call(name: &str, arguments: &Arguments, around: Around<'_>, out: &mut Vec<ParsedItem>) {
    let text = |keys: &[&str]| keys.iter().find_map(|key| arguments.get(*key)?.as_str());
    let path = text(&PATHS).or(around.path);
    if is_named(name, &["apply_patch"]) {
        if let Some(envelope) = text(&["input", "patch", "diff", "content", "command"]) {
            nested(envelope, path, around, out);
        }
        return;
    }
    if is_named(name, &SHELLS) {
        return shell(arguments, around, out);
    }
    let before = out.len();
    match text(&["command"]) {
        Some("view" | "undo_edit") => return,
        Some("insert") => return insert(arguments, path, around, out),
        _ => {}
    }
    if let Some(edits) = arguments.get("edits").or_else(|| arguments.get("replacements")) {
        let again = edits.as_str().and_then(super::json::read);
        if let Some(edits) = again.as_ref().unwrap_or(edits).as_array() {
            for edit in edits.iter().filter_map(Value::as_object) {
                let own = PATHS.iter().find_map(|key| edit.get(*key)?.as_str());
                pair(name, edit, own.or(path), around, out);
            }
            if out.len() > before {
                return;
            }
        }
    }
    pair(name, arguments, path, around, out);
    if out.len() > before {
        return;
    }
    if let (Some(path), Some(diff)) = (path, text(&["diff", "patch"])) {
        return nested(diff, Some(path), around, out);
    }
    let creates = text(&["command"]) == Some("create");
    if creates || is_named(name, &WRITERS) {
        match (path, text(&CONTENTS)) {
            (Some(path), Some(content)) => {
                let content = content.to_owned();
                let action = EditAction::Write { content, naming: Naming::Clear };
                out.push(checked(around.edit(path, action)));
            }
            (None, Some(_)) => out.push(around.broken(None, BrokenReason::NoPath)),
            _ => {}
        }
    } else if let (Some(path), true) = (path, is_named(name, &["delete_file", "remove_file"])) {
        out.push(around.edit(path, EditAction::Delete { content: None }));
    } else if is_named(name, &["move_file", "rename_file"]) {
        let from = text(&["source", "old_path", "from", "source_path"]).or(path);
        let to = text(&["destination", "new_path", "to", "destination_path"]);
        if let (Some(from), Some(to)) = (from, to) {
            let action = EditAction::Rename { to: to.to_owned(), hunks: Vec::new() };
            out.push(around.edit(from, action));
        }
    }
}

/// Whether the tool is one of these, whatever server it comes from:
/// `functions.write_file`, `fs__write_file`.
fn is_named(name: &str, known: &[&str]) -> bool {
    let last = name.rsplit(['.', ':', '/']).next().unwrap_or(name);
    let last = last.rsplit("__").next().unwrap_or(last);
    known.iter().any(|known| last.eq_ignore_ascii_case(known))
}

fn pair(
    name: &str,
    arguments: &Arguments,
    path: Option<&str>,
    around: Around<'_>,
    out: &mut Vec<ParsedItem>,
) {
    let text = |key: &str| arguments.get(key).and_then(Value::as_str);
    let found = PAIRS.iter().find_map(|(old, new)| Some((*old, text(old)?, text(new)?)));
    let Some((key, old, new)) = found else { return };
    let Some(path) = path else {
        // An example of two words is no call.
        if !name.is_empty() || key.starts_with("old") {
            out.push(around.broken(None, BrokenReason::NoPath));
        }
        return;
    };
    let all = ["replace_all", "replaceAll", "all"].iter().any(|key| match arguments.get(*key) {
        Some(Value::Bool(all)) => *all,
        Some(Value::String(all)) => all.eq_ignore_ascii_case("true"),
        _ => false,
    });
    let action = EditAction::Substitute { old: old.to_owned(), new: new.to_owned(), all };
    out.push(checked(around.edit(path, action)));
}

fn insert(
    arguments: &Arguments,
    path: Option<&str>,
    around: Around<'_>,
    out: &mut Vec<ParsedItem>,
) {
    let text = |keys: &[&str]| keys.iter().find_map(|key| arguments.get(*key)?.as_str());
    let line = ["insert_line", "line"].iter().find_map(|key| match arguments.get(*key)? {
        Value::Number(number) => usize::try_from(number.as_u64()?).ok(),
        Value::String(number) => number.trim().parse().ok(),
        _ => None,
    });
    let new = text(&["new_str", "insert_text", "text", "content"]);
    let (Some(path), Some(line), Some(new)) = (path, line, new) else {
        return out.push(around.broken(path, BrokenReason::BadCall));
    };
    let lines = new.lines().map(PatchLine::Added).collect();
    let hunk =
        PatchHunk { first_line: Some(line), old_count: Some(0), lines, ..PatchHunk::default() };
    out.push(around.edit(path, EditAction::Patch { hunks: vec![hunk] }));
}

/// A command line, or a patch that it hands to `apply_patch`.
fn shell(arguments: &Arguments, around: Around<'_>, out: &mut Vec<ParsedItem>) {
    let command = ["command", "cmd", "script", "input"].iter().find_map(|key| arguments.get(*key));
    let text = match command {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(words)) => {
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            match words.as_slice() {
                ["apply_patch", patch] => (*patch).to_owned(),
                ["bash" | "sh" | "zsh", "-c" | "-lc", script] => (*script).to_owned(),
                words => words.join(" "),
            }
        }
        _ => return,
    };
    if text.contains("*** Begin Patch") {
        nested(&text, None, around, out);
    } else {
        out.push(around.command(text));
    }
}

/// The edits of a text inside a call; they stand where the call stands.
pub fn nested(text: &str, path: Option<&str>, around: Around<'_>, out: &mut Vec<ParsedItem>) {
    let mut parser = ReplyParser::below(path);
    let mut items = parser.push(text);
    items.extend(parser.finish());
    items.retain(|item| !matches!(item, ParsedItem::Command(_)));
    if items.is_empty()
        && let Some(path) = path
        && text.lines().any(|line| line.starts_with("@@"))
    {
        // A diff without its heading.
        let mut parser = ReplyParser::new();
        items = parser.push(&format!("`{path}`:\n``````diff\n{text}\n``````\n"));
        items.extend(parser.finish());
    }
    if items.is_empty() {
        out.push(around.broken(path, BrokenReason::BadCall));
    }
    for mut item in items {
        let (range, line) = match &mut item {
            ParsedItem::Edit(edit) => (&mut edit.range, &mut edit.line),
            ParsedItem::Broken(broken) => (&mut broken.range, &mut broken.line),
            ParsedItem::Command(ShellCommand { range, line, .. }) => (range, line),
        };
        *range = mlxcode_base::TextRange::new(around.origin.start, around.end);
        *line = around.origin.line;
        out.push(item);
    }
}

/// `"\bword"` is valid JSON and a backspace: who writes it means a backslash.
fn checked(item: ParsedItem) -> ParsedItem {
    let ParsedItem::Edit(edit) = item else { return item };
    let odd = |text: &String| text.contains(|c: char| c.is_control() && !"\t\n\r".contains(c));
    let is_odd = match &edit.action {
        EditAction::Substitute { old, new, .. } => odd(new) && !odd(old),
        EditAction::Write { content, .. } => odd(content),
        _ => false,
    };
    if !is_odd {
        return ParsedItem::Edit(edit);
    }
    let origin = Origin { start: edit.range.start, line: edit.line };
    origin.broken(Some(edit.path), BrokenReason::BadCall, edit.range.end)
}
