//! What goes wrong, and what comes of it.

use std::time::Duration;

use mlxcode_base::{CancelToken, Diagnostic as _, ErrorKind};
use mlxcode_mcp::{Error, McpConfig, McpServers, ServerConfig, ServerState};
use serde_json::json;

use crate::scripted::server;
use crate::{call, options, soon, start};

#[test]
fn one_that_fails_stops_no_other() {
    let mut missing = server("plain");
    missing.command = Some("a-program-that-is-not-there".into());
    let mut unset = server("plain");
    unset.args.push("${A_VARIABLE_THAT_IS_NOT_SET}".into());
    let mut off = server("plain");
    off.disabled = true;
    let all = [
        ("dies", server("dies")),
        ("good", server("plain")),
        ("missing", missing),
        ("neither", ServerConfig::default()),
        ("off", off),
        ("unset", unset),
    ];
    let servers = start(&all, options());
    let told: Vec<_> = servers
        .servers()
        .into_iter()
        .map(|status| (status.name, status.state, status.error.map(|error| error.code())))
        .collect();
    let failed = |name: &str, code| (name.to_owned(), ServerState::Failed, Some(code));
    assert_eq!(
        told,
        [
            failed("dies", "mcp.died"),
            ("good".to_owned(), ServerState::Running, None),
            failed("missing", "mcp.program_not_found"),
            failed("neither", "mcp.bad_server"),
            ("off".to_owned(), ServerState::Disabled, None),
            failed("unset", "mcp.missing_variable"),
        ]
    );
    call(&servers, "good__echo", json!({})).unwrap();
    // Who calls a tool of one that failed is told why it is not there.
    let error = call(&servers, "dies__echo", json!({})).unwrap_err();
    assert!(error.to_string().contains("the database is not there"), "{error}");
    assert!(error.to_string().contains("exit code 3"), "{error}");
}

#[test]
fn a_start_that_hangs_ends_in_time() {
    let mut options = options();
    options.start_timeout = Duration::from_millis(700);
    let servers = start(&[("hangs", server("hangs"))], options);
    let error = servers.servers()[0].error.clone().unwrap();
    assert_eq!(error.code(), "mcp.start_timeout");
    assert!(error.to_string().contains("waiting for a lock"), "{error}");
}

#[test]
fn a_start_can_be_stopped() {
    let cancel = CancelToken::new();
    let stopping = cancel.clone();
    let stopper = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        stopping.cancel();
    });
    let config = McpConfig { servers: [("hangs".to_owned(), server("hangs"))].into() };
    let error = McpServers::start(&config, options(), &cancel).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    stopper.join().unwrap();
}

#[test]
fn a_call_that_is_stopped_is_stopped_there_too() {
    let servers = start(&[("one", server("plain"))], options());
    let cancel = CancelToken::new();
    let stopping = cancel.clone();
    let stopper = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        stopping.cancel();
    });
    let error = servers.call("one__slow", json!({}), &cancel, &mut |_| {}).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    stopper.join().unwrap();
    soon("the server's word", || {
        servers.logs("one").unwrap().iter().any(|line| line.text == "stopped by the user")
    });
    assert_eq!(call(&servers, "one__echo", json!({})).unwrap().text, "echo {}");
}

#[test]
fn a_call_that_takes_too_long_ends() {
    let mut slow = server("plain");
    slow.timeout_ms = Some(200);
    let servers = start(&[("one", slow)], options());
    let error = call(&servers, "one__slow", json!({})).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Timeout, "mcp.timeout"));
    assert!(error.to_string().contains("200 ms"), "{error}");
    soon("the server's word", || {
        servers.logs("one").unwrap().iter().any(|line| line.text == "it took too long")
    });
}

#[test]
fn an_answer_that_is_too_long_is_an_error_at_once() {
    let servers = start(&[("one", server("plain"))], options());
    let error = call(&servers, "one__huge", json!({})).unwrap_err();
    assert_eq!(error.code(), "mcp.answer_too_large");
    assert!(error.to_string().contains("65536 bytes"), "{error}");
    let output = call(&servers, "one__long", json!({})).unwrap();
    assert!(output.text.starts_with("begin yy") && output.text.ends_with("yy end"));
    assert!(output.omitted_bytes > 20_000 && output.text.len() < 9_000);
}

#[test]
fn lines_that_are_no_messages_are_passed_over() {
    let servers = start(&[("one", server("noisy"))], options());
    assert_eq!(call(&servers, "one__echo", json!({})).unwrap().text, "echo {}");
    let lines = servers.logs("one").unwrap();
    assert!(lines.iter().any(|line| line.text.contains("Listening on stdio")), "{lines:?}");
}

#[test]
fn refusals_and_odd_answers_are_told() {
    let servers = start(&[("one", server("plain"))], options());
    let error = call(&servers, "one__refuse", json!({})).unwrap_err();
    assert_eq!(error.code(), "mcp.refused");
    assert!(error.to_string().contains("`path` is missing (-32602)"), "{error}");
    let error = call(&servers, "one__shape", json!({})).unwrap_err();
    assert_eq!(error.code(), "mcp.bad_answer", "{error}");
    let error = call(&servers, "one__echo", json!([1])).unwrap_err();
    assert_eq!(error.code(), "mcp.bad_arguments");
    let error = call(&servers, "nobody__echo", json!({})).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[test]
fn one_that_dies_is_started_again_once() {
    let mut secret = server("plain");
    secret.env.insert("MCP_TEST_SECRET".into(), "hush-hush-hush".into());
    let servers = start(&[("one", secret)], options());
    let died = |error: &Error| {
        matches!(error, Error::Died { status, stderr, .. }
        if status == "exit code 7" && stderr.contains("cannot go on: ***"))
    };
    let error = call(&servers, "one__die", json!({})).unwrap_err();
    assert!(died(&error), "{error}");
    // The next call finds it again; what it answers makes it sound.
    assert_eq!(call(&servers, "one__echo", json!({})).unwrap().text, "echo {}");
    call(&servers, "one__die", json!({})).unwrap_err();
    // Dying twice in a row is the end.
    let error = call(&servers, "one__die", json!({})).unwrap_err();
    assert!(died(&error), "{error}");
    let error = call(&servers, "one__echo", json!({})).unwrap_err();
    assert!(died(&error), "{error}");
    assert_eq!(servers.servers()[0].state, ServerState::Failed);
    // Unless the user says otherwise.
    servers.restart("one", &CancelToken::new()).unwrap();
    assert_eq!(call(&servers, "one__echo", json!({})).unwrap().text, "echo {}");
}

#[test]
fn what_a_server_started_ends_with_it() {
    let servers = start(&[("one", server("plain")), ("deaf", server("deaf"))], options());
    let pid = call(&servers, "one__spawn", json!({})).unwrap().text;
    let runs = |pid: &str| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
        stat.is_ok_and(|stat| !stat.contains(") Z "))
    };
    if cfg!(target_os = "linux") {
        assert!(runs(&pid));
    }
    // The deaf one does not end when its input does.
    drop(servers);
    soon("the end of the child", || !runs(&pid));
}
