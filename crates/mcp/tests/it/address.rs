//! Servers at an address: a few lines of HTTP on loopback.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use mlxcode_base::{CancelToken, Diagnostic as _};
use mlxcode_mcp::{NetworkPolicy, ServerConfig};
use serde_json::{Value, json};

use crate::{call, options, start};

/// What was asked: the method with its headers in lower case.
type Asked = Arc<Mutex<Vec<(String, BTreeMap<String, String>)>>>;

/// Answers on a port of its own until the test ends.
fn listen(mode: &'static str) -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let asked = Asked::default();
    let log = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let log = Arc::clone(&log);
            std::thread::spawn(move || serve(stream.unwrap(), mode, &log));
        }
    });
    (url, asked)
}

fn serve(mut stream: TcpStream, mode: &str, log: &Asked) {
    let mut read = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut line = String::new();
        if read.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let method = line.split(' ').next().unwrap().to_owned();
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            read.read_line(&mut line).unwrap();
            let Some((name, value)) = line.trim().split_once(": ") else { break };
            headers.insert(name.to_lowercase(), value.to_owned());
        }
        let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        read.read_exact(&mut body).unwrap();
        let message: Value = serde_json::from_slice(&body).unwrap_or_default();
        let called = message["method"].as_str().map_or(method.clone(), str::to_owned);
        log.lock().unwrap().push((called, headers));
        let (head, body) = answer(mode, &method, &message);
        let head = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n", body.len());
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
    }
}

fn answer(mode: &str, method: &str, message: &Value) -> (String, String) {
    let plain = |head: &str| (head.to_owned(), String::new());
    match mode {
        "login" => return plain("401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"x\""),
        "forbidden" => return plain("403 Forbidden"),
        "broken" => return plain("502 Bad Gateway"),
        "moved" => return plain("307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/mcp"),
        "page" => return ("200 OK\r\nContent-Type: text/html".into(), "<html>".into()),
        _ => {}
    }
    let id = &message["id"];
    let json = |result: Value| {
        let body = json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string();
        ("200 OK\r\nContent-Type: application/json\r\nMcp-Session-Id: s-1".to_owned(), body)
    };
    match (method, message["method"].as_str().unwrap_or_default()) {
        ("GET", _) => plain("405 Method Not Allowed"),
        ("DELETE", _) => plain("200 OK"),
        (_, "initialize") => json(json!({
            "protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
            "serverInfo": {"name": "address", "version": "1"},
        })),
        (_, "tools/list") => {
            let tool = |name| json!({"name": name, "inputSchema": {"type": "object"}});
            json(json!({"tools": [tool("echo"), tool("huge"), tool("events")]}))
        }
        (_, "tools/call") => {
            let params = &message["params"];
            let text = match params["name"].as_str().unwrap() {
                "echo" => params["arguments"].to_string(),
                _ => "x".repeat(100 << 10),
            };
            let result = json!({"content": [{"type": "text", "text": text}]});
            if params["name"] != "events" {
                return json(result);
            }
            let progress = json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": {
                "progressToken": params["_meta"]["progressToken"], "progress": 1,
            }});
            let result = json!({"jsonrpc": "2.0", "id": id, "result": {"content": [
                {"type": "text", "text": "from events"},
            ]}});
            let body = format!(": hello\n\ndata: {progress}\n\nevent: message\ndata: {result}\n\n");
            ("200 OK\r\nContent-Type: text/event-stream".to_owned(), body)
        }
        _ => plain("202 Accepted"),
    }
}

#[test]
fn a_server_at_an_address_is_asked() {
    let (url, asked) = listen("plain");
    let mut config = ServerConfig::address(url);
    config.headers.insert("Authorization".into(), "Bearer ${TOKEN}".into());
    let mut options = options();
    options.network = NetworkPolicy::LoopbackOnly;
    options.variables.insert("TOKEN".into(), "abc".into());
    let servers = start(&[("web", config)], options);
    assert_eq!(servers.servers()[0].error.as_ref().map(ToString::to_string), None);
    assert_eq!(call(&servers, "web__echo", json!({"a": 1})).unwrap().text, r#"{"a":1}"#);
    let mut steps = 0;
    let output = servers.call("web__events", json!({}), &CancelToken::new(), &mut |_| steps += 1);
    assert_eq!((output.unwrap().text.as_str(), steps), ("from events", 1));
    drop(servers);
    let asked = asked.lock().unwrap();
    let (_, last) = asked.iter().find(|(method, _)| method == "tools/call").unwrap();
    assert_eq!(last["authorization"], "Bearer abc");
    assert_eq!(last["mcp-session-id"], "s-1");
    assert_eq!(last["mcp-protocol-version"], "2025-06-18");
    assert!(asked.iter().any(|(method, _)| method == "DELETE"), "the session is ended");
}

#[test]
fn what_is_too_long_is_not_read() {
    let (url, _) = listen("plain");
    let servers = start(&[("web", ServerConfig::address(url))], options());
    let error = call(&servers, "web__huge", json!({})).unwrap_err();
    assert_eq!(error.code(), "mcp.answer_too_large", "{error}");
    assert_eq!(call(&servers, "web__echo", json!({})).unwrap().text, "{}");
}

#[test]
fn failures_have_their_names() {
    let check = |mode: &'static str, code: &str, text: &str| {
        let (url, asked) = listen(mode);
        let servers = start(&[("web", ServerConfig::address(url))], options());
        let error = servers.servers()[0].error.clone().unwrap();
        assert_eq!(error.code(), code, "{mode}: {error}");
        assert!(error.to_string().contains(text), "{mode}: {error}");
        // A redirect is not followed: headers are for this host alone.
        assert!(!asked.lock().unwrap().is_empty());
    };
    check("login", "mcp.login_needed", "401");
    check("forbidden", "mcp.login_needed", "403");
    check("broken", "mcp.unreachable", "502");
    check("moved", "mcp.unreachable", "307");
    check("page", "mcp.unreachable", "text/html");
}

#[test]
fn nobody_there_and_offline_are_two_things() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = ServerConfig::address(format!("http://localhost:{}/mcp", free.port()));
    let servers = start(&[("web", config)], options());
    let error = servers.servers()[0].error.clone().unwrap();
    assert_eq!(error.code(), "mcp.unreachable", "{error}");
    assert!(error.to_string().contains("refused"), "{error}");

    let (url, asked) = listen("plain");
    let mut options = options();
    options.network = NetworkPolicy::Offline;
    let servers = start(&[("web", ServerConfig::address(url))], options);
    assert_eq!(servers.servers()[0].error.as_ref().unwrap().code(), "mcp.offline");
    assert!(asked.lock().unwrap().is_empty());
}
