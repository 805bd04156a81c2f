//! The words in which published programs know our tools: `Bash` for `run`,
//! `file_path` for `path`.

use std::path::Path;

use mlxcode_edit::{ChangeKind, FileChange};
use serde_json::{Map, Value, json};

use crate::plugin::HookedCall;
use crate::tool::Access;

/// What stands before the names of servers' tools.
const SERVED: &str = "mcp";

/// A call in these words.
pub fn call(tool: &str, access: &Access, arguments: &Value, root: &Path) -> HookedCall {
    let names: &[&str] = match tool {
        "read" => &["Read"],
        "list" => &["LS", "Glob"],
        "search" => &["Grep"],
        "run" => &["Bash"],
        "task" => &["Task"],
        "skill" => &["Skill"],
        _ => &[],
    };
    let mut aliases: Vec<String> = names.iter().copied().map(str::to_owned).collect();
    let input = match access {
        Access::Mcp { server, tool } => {
            aliases.push(format!("{SERVED}__{server}__{tool}"));
            arguments.clone()
        }
        _ => renamed(arguments, "path", "file_path", |path| absolute(root, path)),
    };
    HookedCall { tool: tool.to_owned(), aliases, input }
}

/// The arguments of a call out of these words.
pub fn arguments(access: &Access, input: &Value, root: &Path) -> Value {
    match access {
        Access::Mcp { .. } => input.clone(),
        _ => renamed(input, "file_path", "path", |path| {
            let below = Path::new(path).strip_prefix(root);
            below.map_or_else(|_| path.to_owned(), |path| path.to_string_lossy().into_owned())
        }),
    }
}

/// The change of a file in these words: `Write` where it is written whole,
/// `Edit` with the lines that differ otherwise.
pub fn change(tool: &str, change: &FileChange, root: &Path) -> HookedCall {
    let path = change.to.as_ref().unwrap_or(&change.path);
    let file_path = absolute(root, path.as_str());
    let (before, after) = (change.before().unwrap_or_default(), change.after().unwrap_or_default());
    let is_whole = tool == "write" && change.kind == ChangeKind::Modify;
    let (name, input) = if is_whole || change.kind == ChangeKind::Create {
        ("Write", json!({"file_path": file_path, "content": after}))
    } else {
        let (old, new) = differing(before, after);
        ("Edit", json!({"file_path": file_path, "old_string": old, "new_string": new}))
    };
    HookedCall { tool: tool.to_owned(), aliases: vec![name.to_owned()], input }
}

/// The lines that differ, without those before and behind that are the same.
fn differing<'t>(before: &'t str, after: &'t str) -> (&'t str, &'t str) {
    let (old, new): (Vec<&str>, Vec<&str>) =
        (before.split_inclusive('\n').collect(), after.split_inclusive('\n').collect());
    let same = old.iter().zip(&new).take_while(|(one, other)| one == other);
    let front: usize = same.map(|(line, _)| line.len()).sum();
    let same = old.iter().rev().zip(new.iter().rev()).take_while(|(one, other)| one == other);
    let back: usize = same.map(|(line, _)| line.len()).sum();
    // Lines that are repeated may be counted from both ends.
    let back = back.min(before.len().min(after.len()) - front);
    (&before[front..before.len() - back], &after[front..after.len() - back])
}

fn absolute(root: &Path, path: &str) -> String {
    root.join(path.trim_start_matches("./")).to_string_lossy().into_owned()
}

fn renamed(value: &Value, from: &str, to: &str, changed: impl Fn(&str) -> String) -> Value {
    let Value::Object(members) = value else { return value.clone() };
    let members: Map<String, Value> = members
        .iter()
        .map(|(name, value)| match value {
            Value::String(path) if name == from => (to.to_owned(), changed(path).into()),
            value => (name.clone(), value.clone()),
        })
        .collect();
    Value::Object(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lead_there_and_back() {
        let root = Path::new("/project");
        let check = |tool: &str, access: &Access, own: Value, alias: &str, theirs: Value| {
            let hooked = call(tool, access, &own, root);
            assert_eq!((hooked.aliases[0].as_str(), &hooked.input), (alias, &theirs));
            assert_eq!(arguments(access, &hooked.input, root), own);
        };
        let read = Access::Read { path: "a/b.py".to_owned() };
        let own = json!({"path": "a/b.py", "first_line": 3});
        check("read", &read, own, "Read", json!({"file_path": "/project/a/b.py", "first_line": 3}));
        let run = Access::Run { command: "ls".to_owned() };
        check("run", &run, json!({"command": "ls"}), "Bash", json!({"command": "ls"}));
        let served = Access::Mcp { server: "git".to_owned(), tool: "log".to_owned() };
        let own = json!({"path": "x"});
        check("git__log", &served, own.clone(), "mcp__git__log", own);
        // What lies elsewhere is not changed, and refused later.
        let elsewhere = arguments(&read, &json!({"file_path": "/etc/passwd"}), root);
        assert_eq!(elsewhere, json!({"path": "/etc/passwd"}));
    }

    #[test]
    fn what_differs_is_told() {
        for (before, after, old, new) in [
            ("a\nb\nc\n", "a\nB\nc\n", "b\n", "B\n"),
            ("a\n", "a\na\n", "", "a\n"),
            ("a\na\n", "a\n", "a\n", ""),
            ("", "x", "", "x"),
            ("x\ny", "x\ny\n", "y", "y\n"),
            ("same\n", "same\n", "", ""),
        ] {
            assert_eq!(differing(before, after), (old, new), "{before:?} {after:?}");
        }
    }
}
