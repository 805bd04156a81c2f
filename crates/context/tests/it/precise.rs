//! A language server that does what a script says: this very program, started
//! once more.

use std::io::{BufRead as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use mlxcode_base::{CancelToken, Diagnostic as _, ErrorKind, Language, RelPath, Root};
use mlxcode_context::{LanguageServer, ServerError, ServerPlace, ServerSession};
use serde_json::{Value, json};

use crate::Tree;

/// What a tree's file of this name says the server does.
const SCRIPT: &str = "script.json";

/// The folder in which the program that is started lies: a script that starts
/// this test alone.
fn server(folder: &Path) -> LanguageServer {
    use std::os::unix::fs::PermissionsExt as _;
    let program = folder.join("ty");
    let own = std::env::current_exe().unwrap();
    // What the test runner prints comes before the first message.
    let text = format!(
        "#!/bin/sh\nexec {} --exact precise::acts_as_a_server --ignored --nocapture -q 3>&1 1>/dev/null\n",
        own.display()
    );
    std::fs::write(&program, text).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    LanguageServer::find(Language::Python, &|_| None, &[folder.to_owned()], Path::new("/none"))
        .unwrap()
}

#[test]
#[ignore = "a part of the next ones"]
fn acts_as_a_server() {
    let steps: Vec<Value> = match std::fs::read_to_string(SCRIPT) {
        Ok(text) => serde_json::from_str(&text).unwrap(),
        // Somebody ran all tests that are ignored.
        Err(_) => return,
    };
    let mut to = std::fs::OpenOptions::new().write(true).open("/dev/fd/3").unwrap();
    let mut from = std::io::stdin().lock();
    let mut receive = || {
        let (mut length, mut line) = (0_usize, String::new());
        while from.read_line(&mut line).unwrap() > 2 {
            if let Some(value) = line.strip_prefix("Content-Length: ") {
                length = value.trim().parse().unwrap();
            }
            line.clear();
        }
        let mut body = vec![0; length];
        from.read_exact(&mut body).unwrap();
        serde_json::from_slice::<Value>(&body).unwrap_or_default()
    };
    let mut last = Value::Null;
    for step in steps {
        // Waits for what is asked, then writes what the script says.
        if let Some(method) = step["on"].as_str() {
            loop {
                let message = receive();
                let is_answer = message.get("method").is_none();
                if !is_answer && message.get("id").is_some() {
                    last = message["id"].clone();
                }
                if message["method"] == method || (method == "answer" && is_answer) {
                    break;
                }
            }
        }
        if let Some(raw) = step["raw"].as_str() {
            to.write_all(raw.as_bytes()).unwrap();
        }
        if let Some(message) = step.get("send") {
            let mut message = message.clone();
            if message.get("method").is_none() {
                message["id"] = last.clone();
            }
            let body = message.to_string();
            write!(to, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        }
        if let Some(seconds) = step["sleep"].as_u64() {
            std::thread::sleep(Duration::from_secs(seconds));
        }
    }
    to.flush().unwrap();
}

struct Ground {
    tree: Tree,
    folder: tempfile::TempDir,
    text: &'static str,
}

const TEXT: &str = "s = 'ä𝄞'; open(s)\n";

fn ground(script: &Value) -> Ground {
    let tree = Tree::new(&[
        ("main.py", TEXT.as_bytes()),
        ("port.py", b"def open(n):\n    pass\n"),
        (SCRIPT, script.to_string().as_bytes()),
    ]);
    Ground { tree, folder: tempfile::tempdir().unwrap(), text: TEXT }
}

impl Ground {
    fn start(&self, cancel: &CancelToken) -> Result<ServerSession, ServerError> {
        ServerSession::start(&server(self.folder.path()), &self.tree.root, cancel)
    }

    fn definitions(&self) -> Result<Vec<ServerPlace>, ServerError> {
        let mut session = self.start(&CancelToken::new())?;
        let at = self.text.find("open").unwrap();
        session.definitions(&RelPath::new("main.py").unwrap(), self.text, Language::Python, at)
    }
}

fn hello(encoding: &Value) -> Value {
    json!({ "on": "initialize", "send": { "result": { "capabilities": encoding } } })
}

fn uri(root: &Root, name: &str) -> String {
    format!("file://{}", root.path().join(name).display())
}

#[test]
fn places_are_told_in_the_units_that_were_agreed_on() {
    for (encoding, column) in [(json!({}), 11), (json!({ "positionEncoding": "utf-8" }), 14)] {
        let mut ground = ground(&json!([]));
        let root = &ground.tree.root;
        let range = |line: u32, from: u32, to: u32| json!({ "start": { "line": line, "character": from }, "end": { "line": line, "character": to } });
        let script = json!([
            hello(&encoding),
            { "on": "textDocument/didOpen", "send": { "method": "window/logMessage", "params": {} } },
            // It asks something itself before it answers.
            { "on": "textDocument/definition", "send": { "method": "workspace/configuration", "id": 7, "params": { "items": [{}, {}] } } },
            { "on": "answer" },
            { "send": { "result": [
                { "targetUri": uri(root, "port.py"), "targetRange": range(0, 0, 8), "targetSelectionRange": range(0, 4, 8) },
                { "uri": uri(root, "main.py"), "range": range(0, column, column + 4) },
                { "uri": "file:///usr/lib/python3/builtins.pyi", "range": range(41, 4, 8) },
                { "uri": "untitled:1", "range": range(0, 0, 0) },
            ] } },
        ]);
        std::fs::write(root.path().join(SCRIPT), script.to_string()).unwrap();
        ground.text = TEXT;
        let found = ground.definitions().unwrap();
        let shown: Vec<String> = found
            .iter()
            .map(|place| match place {
                ServerPlace::Inside { path, range } => {
                    format!("{path} {}-{}", range.start, range.end)
                }
                ServerPlace::Outside { path, line } => format!("{}:{line}", path.display()),
                _ => String::new(),
            })
            .collect();
        assert_eq!(
            shown,
            ["port.py 4-8", "main.py 14-18", "/usr/lib/python3/builtins.pyi:42"],
            "{encoding}"
        );
    }
}

/// What becomes of a definition that is asked for, by kind and words.
#[track_caller]
fn check(script: &Value, kind: ErrorKind, words: &str) {
    let error = ground(script).definitions().unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn servers_that_misbehave_are_told_of() {
    check(&json!([]), ErrorKind::Unavailable, "ended");
    check(&json!([{ "raw": "hello there\r\n\r\n" }]), ErrorKind::Corrupt, "no message");
    check(
        &json!([{ "raw": "Content-Length: 99999999999\r\n\r\n{", "sleep": 1 }]),
        ErrorKind::ResourceExhausted,
        "99999999999 bytes",
    );
    check(&json!([{ "raw": "Content-Length: 3\r\n\r\n{,}" }]), ErrorKind::Corrupt, "no message");
    // Death in the middle of an answer, and before one.
    check(
        &json!([hello(&json!({})), { "raw": "Content-Length: 30\r\n\r\n{\"id\":" }]),
        ErrorKind::Unavailable,
        "ended",
    );
    check(
        &json!([hello(&json!({})), { "on": "textDocument/definition" }]),
        ErrorKind::Unavailable,
        "ended",
    );
    let refusal = json!({ "on": "textDocument/definition", "send": { "error": { "code": -32603, "message": "no idea" } } });
    check(&json!([hello(&json!({})), refusal]), ErrorKind::Unavailable, "no idea");
    let units = json!({ "positionEncoding": "utf-32" });
    check(&json!([hello(&units)]), ErrorKind::Corrupt, "no message");
    let wrong = json!({ "on": "textDocument/definition", "send": { "result": [{ "uri": 1 }] } });
    check(&json!([hello(&json!({})), wrong]), ErrorKind::Corrupt, "no message");
}

#[test]
fn who_cancels_does_not_wait_for_a_silent_server() {
    let ground = ground(&json!([{ "sleep": 600 }]));
    let cancel = CancelToken::new();
    let later = cancel.clone();
    let thread = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        later.cancel();
    });
    let error = ground.start(&cancel).unwrap_err();
    assert!(matches!(error, ServerError::Cancelled), "{error}");
    thread.join().unwrap();
}

#[test]
fn a_server_that_is_not_there_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let folders: [PathBuf; 1] = [folder.path().to_owned()];
    let error =
        LanguageServer::find(Language::Go, &|_| None, &folders, Path::new("/none")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.help().is_some_and(|help| help.contains("--precise")));
}

fn finding(line: u32, severity: u32, message: &str) -> Value {
    let place = json!({ "line": line, "character": 0 });
    json!({ "range": { "start": place, "end": place }, "severity": severity, "code": "x1", "message": message })
}

/// What a server says of `main.py`, then of the same file with another text.
fn diagnosed(script: &Value) -> Result<Vec<String>, ServerError> {
    let ground = ground(script);
    let mut session = ground.start(&CancelToken::new())?;
    let path = RelPath::new("main.py").unwrap();
    let mut all = Vec::new();
    for text in ["a\n", "b\n"] {
        let files = [(path.clone(), Language::Python, text.to_owned())];
        let found = session.diagnostics(&files)?;
        let shown = found.iter().map(|one| {
            format!("{}:{} {:?} {:?} {}", one.path, one.line, one.level, one.code, one.message)
        });
        all.extend(shown);
    }
    Ok(all)
}

#[test]
fn a_server_is_asked_what_is_wrong() {
    let asked = "textDocument/diagnostic";
    let items = |items: Value| json!({ "result": { "kind": "full", "items": items } });
    let script = json!([
        hello(&json!({ "diagnosticProvider": { "interFileDependencies": true } })),
        { "on": asked, "send": items(json!([finding(0, 1, "bad")])) },
        { "on": "textDocument/didChange" },
        { "on": asked, "send": items(json!([finding(2, 2, "odd"), finding(3, 4, "so")])) },
    ]);
    let expect = [
        "main.py:1 Error Some(\"x1\") bad",
        "main.py:3 Warning Some(\"x1\") odd",
        "main.py:4 Note Some(\"x1\") so",
    ];
    assert_eq!(diagnosed(&script).unwrap(), expect);
    let wrong = json!({ "on": asked, "send": items(json!([{ "message": 1 }])) });
    let hello = hello(&json!({ "diagnosticProvider": {} }));
    let error = diagnosed(&json!([hello, wrong])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
}

#[test]
fn a_server_that_tells_by_itself_is_waited_for() {
    let ground = ground(&json!([]));
    let root = &ground.tree.root;
    let told = |name: &str, version: u32, found: Value| {
        json!({ "method": "textDocument/publishDiagnostics",
            "params": { "uri": uri(root, name), "version": version, "diagnostics": found } })
    };
    let script = json!([
        hello(&json!({ "diagnosticProvider": null })),
        { "on": "textDocument/didOpen", "send": told("port.py", 1, json!([finding(9, 1, "of another")])) },
        { "send": told("main.py", 1, json!([finding(0, 1, "bad")])) },
        // What it says of the old text comes after the new one was shown.
        { "on": "textDocument/didChange", "send": told("main.py", 1, json!([finding(0, 1, "old")])) },
        { "send": told("main.py", 2, json!([])) },
        { "send": told("main.py", 2, json!([finding(1, 1, "types")])), "sleep": 600 },
    ]);
    std::fs::write(root.path().join(SCRIPT), script.to_string()).unwrap();
    let mut session = ground.start(&CancelToken::new()).unwrap();
    let mut all = Vec::new();
    for text in ["a\n", "b\n"] {
        let files = [(RelPath::new("main.py").unwrap(), Language::Python, text.to_owned())];
        let found = session.diagnostics(&files).unwrap();
        all.extend(found.into_iter().map(|one| one.message));
    }
    assert_eq!(all, ["bad", "types"]);
}

#[test]
fn a_server_need_not_tell_again_of_what_has_not_changed() {
    let ground = ground(&json!([]));
    let root = &ground.tree.root;
    let told = |name: &str, version: u32, found: Value| {
        json!({ "method": "textDocument/publishDiagnostics",
            "params": { "uri": uri(root, name), "version": version, "diagnostics": found } })
    };
    let script = json!([
        hello(&json!({})),
        { "on": "textDocument/didOpen", "send": told("main.py", 1, json!([finding(0, 1, "bad")])) },
        { "on": "textDocument/didOpen", "send": told("port.py", 1, json!([finding(4, 1, "port")])) },
        // After this it says nothing more of `main.py`, which stays as it is.
        { "on": "textDocument/didChange", "send": told("port.py", 2, json!([])), "sleep": 600 },
    ]);
    std::fs::write(root.path().join(SCRIPT), script.to_string()).unwrap();
    let mut session = ground.start(&CancelToken::new()).unwrap();
    let mut ask = |files: &[(&str, &str)]| {
        let file = |(name, text): &(&str, &str)| {
            (RelPath::new(name).unwrap(), Language::Python, (*text).to_owned())
        };
        let files: Vec<_> = files.iter().map(file).collect();
        let found = session.diagnostics(&files).unwrap();
        found.into_iter().map(|one| one.message).collect::<Vec<_>>()
    };
    assert_eq!(ask(&[("main.py", "a\n")]), ["bad"]);
    // Nothing is sent, and nobody is waited for: no answer would be an error.
    assert_eq!(ask(&[("main.py", "a\n")]), ["bad"]);
    assert_eq!(ask(&[("main.py", "a\n"), ("port.py", "b\n")]), ["bad", "port"]);
    assert_eq!(ask(&[("main.py", "a\n"), ("port.py", "c\n")]), ["bad"]);
}
