//! The protocol's own servers, which others wrote.
//!
//! `MCP_PEERS` names a folder in which `npm install` put server-everything,
//! server-filesystem and server-memory, and in whose `py` a virtual
//! environment has mcp-server-git and mcp-server-time.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mlxcode_base::{CancelToken, ErrorKind};
use mlxcode_mcp::{McpServers, NetworkPolicy, ServerConfig, ServerState, Tool};
use serde_json::{Value, json};

use crate::{call, options, soon, start};

fn folder() -> PathBuf {
    PathBuf::from(std::env::var_os("MCP_PEERS").expect("MCP_PEERS names the folder of the peers"))
}

fn node(package: &str, args: &[&str]) -> ServerConfig {
    let script =
        folder().join(format!("node_modules/@modelcontextprotocol/{package}/dist/index.js"));
    let args = args.iter().map(|arg| (*arg).to_owned());
    ServerConfig::program("node", [script.to_string_lossy().into_owned()].into_iter().chain(args))
}

fn python(program: &str, args: &[&str]) -> ServerConfig {
    let program = folder().join("py/bin").join(program);
    ServerConfig::program(program.to_string_lossy(), args.iter().map(|arg| (*arg).to_owned()))
}

fn running(servers: &McpServers) {
    for status in servers.servers() {
        let error = status.error.map(|error| error.to_string());
        assert_eq!(status.state, ServerState::Running, "{}: {error:?}", status.name);
        println!(
            "{}: {} {}, protocol {}, {} tools",
            status.name,
            status.title.unwrap_or_default(),
            status.version.unwrap_or_default(),
            status.protocol.unwrap_or_default(),
            status.tools
        );
    }
}

fn tool(servers: &McpServers, name: &str) -> Tool {
    servers.tools().into_iter().find(|tool| tool.name == name).unwrap_or_else(|| panic!("{name}"))
}

fn git(root: &Path, args: &[&str]) {
    let done = Command::new("git").current_dir(root).args(args).output().unwrap();
    assert!(done.status.success(), "{done:?}");
}

#[test]
#[ignore = "needs the protocol's own servers, see CONTRIBUTING.md"]
fn over_pipes() {
    let tree = tempfile::tempdir().unwrap();
    let root = tree.path().canonicalize().unwrap();
    std::fs::write(root.join("größe.txt"), "eins\nzwei\n").unwrap();
    git(&root, &["init", "-q"]);
    git(&root, &["add", "."]);
    let root_text = root.to_str().unwrap();
    let mut memory = node("server-memory", &[]);
    memory.env.insert("MEMORY_FILE_PATH".into(), root.join("memory.json").display().to_string());
    let mut options = options();
    options.most_message_bytes = 16 << 20;
    options.network = NetworkPolicy::Offline;
    let all = [
        ("everything", node("server-everything", &["stdio"])),
        ("files", node("server-filesystem", &[root_text])),
        ("git", python("mcp-server-git", &["--repository", root_text])),
        ("memory", memory),
        ("time", python("mcp-server-time", &["--local-timezone", "UTC"])),
    ];
    let begin = Instant::now();
    let servers = start(&all, options);
    println!("five servers in {} ms", begin.elapsed().as_millis());
    running(&servers);
    everything(&servers, "everything");

    assert_eq!(tool(&servers, "files__read_text_file").hints.read_only, Some(true));
    let path = root.join("größe.txt").display().to_string();
    let output = call(&servers, "files__read_text_file", json!({"path": path})).unwrap();
    assert_eq!(output.text, "eins\nzwei\n");
    let output = call(&servers, "files__read_text_file", json!({"path": "/etc/passwd"})).unwrap();
    assert!(output.is_error && output.text.contains("denied"), "{output:?}");

    let output = call(&servers, "git__git_status", json!({"repo_path": root_text})).unwrap();
    assert!(output.text.contains("new file"), "{}", output.text);

    let entity = json!({"name": "Ada", "entityType": "person", "observations": ["likes ✓"]});
    call(&servers, "memory__create_entities", json!({"entities": [entity]})).unwrap();
    let output = call(&servers, "memory__read_graph", Value::Null).unwrap();
    assert!(output.text.contains("likes ✓"), "{}", output.text);

    let noon = json!({"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"});
    let output = call(&servers, "time__convert_time", noon).unwrap();
    assert!(output.text.contains("21:00"), "{}", output.text);
    let output = call(&servers, "time__convert_time", json!({})).unwrap();
    assert!(output.is_error, "{output:?}");
}

#[test]
#[ignore = "needs the protocol's own servers, see CONTRIBUTING.md"]
fn over_http() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let peer = node("server-everything", &["streamableHttp"]);
    let child = Command::new("node")
        .args(&peer.args)
        .env("PORT", port.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let _ending = Ending(child.unwrap());
    soon("the server", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    let mut options = options();
    options.most_message_bytes = 16 << 20;
    options.network = NetworkPolicy::LoopbackOnly;
    let config = ServerConfig::address(format!("http://localhost:{port}/mcp"));
    let servers = start(&[("web", config)], options);
    running(&servers);
    everything(&servers, "web");
}

struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What server-everything can do, over any transport.
fn everything(servers: &McpServers, server: &str) {
    let cancel = CancelToken::new();
    let named = |name: &str| format!("{server}__{name}");
    let output = call(servers, &named("echo"), json!({"message": "grüße"})).unwrap();
    assert_eq!(output.text, "Echo: grüße");
    let output = call(servers, &named("get-sum"), json!({"a": 2, "b": 40})).unwrap();
    assert!(output.text.contains("42"), "{}", output.text);
    let output = call(servers, &named("get-tiny-image"), json!({})).unwrap();
    assert_eq!(output.images[0].mime_type, "image/png");
    let weather = json!({"location": "Chicago"});
    let output = call(servers, &named("get-structured-content"), weather).unwrap();
    assert!(output.structured.unwrap()["temperature"].is_number());

    let mut steps = Vec::new();
    let long = json!({"duration": 1, "steps": 4});
    let name = named("trigger-long-running-operation");
    let output = servers.call(&name, long, &cancel, &mut |step| steps.push(step.done)).unwrap();
    assert!(output.text.contains("completed"), "{}", output.text);
    assert_eq!(steps, [1.0, 2.0, 3.0, 4.0]);

    let stopping = CancelToken::new();
    let mut heard = 0;
    let long = json!({"duration": 600, "steps": 1200});
    let begin = Instant::now();
    let stopped = servers.call(&name, long, &stopping, &mut |_| {
        heard += 1;
        stopping.cancel();
    });
    assert_eq!(mlxcode_base::Diagnostic::kind(&stopped.unwrap_err()), ErrorKind::Cancelled);
    assert!(heard > 0 && begin.elapsed() < Duration::from_mins(1));

    let resources = servers.resources(Some(server), &cancel).unwrap();
    assert!(!resources.is_empty());
    let texts = servers.read_resource(server, &resources[0].uri, &cancel).unwrap();
    assert!(!texts[0].text.is_empty());
    let prompts = servers.prompts(Some(server), &cancel).unwrap();
    let simple = prompts.iter().find(|prompt| prompt.arguments.is_empty()).unwrap();
    let messages = servers.prompt(server, &simple.name, &[].into(), &cancel).unwrap();
    assert!(!messages[0].text.is_empty());
    println!("{server}: {} resources, {} prompts", resources.len(), prompts.len());
    let output = call(servers, &named("echo"), json!({}));
    assert!(output.map_or(true, |output| output.is_error));
}
