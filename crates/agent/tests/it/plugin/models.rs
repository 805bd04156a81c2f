//! Adapters: this very program, started again, serves.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};

use mlxcode_agent::plugin::{ModelAdapter, Plugin};
use mlxcode_base::{CancelToken, Diagnostic as _};
use serde_json::json;

use super::Ground;

#[test]
#[ignore = "a part of the other tests"]
fn serves() {
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(0);
    // Somebody ran all tests that are ignored.
    let Ok(mode) = std::env::var("ADAPTER_MODE") else { return };
    let mut out = std::fs::OpenOptions::new().write(true).open("/dev/fd/3").unwrap();
    match mode.as_str() {
        "dies" => {
            eprintln!("no graphics card");
            std::process::exit(4);
        }
        "silent" => loop {
            std::thread::sleep(std::time::Duration::from_secs(1));
        },
        "talks" => writeln!(out, "Welcome!").unwrap(),
        _ => {}
    }
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    writeln!(out, "{}", json!({"port": listener.local_addr().unwrap().port()})).unwrap();
    let mut failures = 2_u32;
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        let mut line = String::new();
        BufReader::new(stream.try_clone().unwrap()).read_line(&mut line).unwrap();
        // It says no until its model is loaded.
        let ready = line.starts_with("GET /v1/models ") && failures == 0;
        failures = failures.saturating_sub(1);
        let status = if ready { "200 OK" } else { "503 Service Unavailable" };
        let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
    }
}

fn adapter(mode: &str, more: &str) -> (Ground, ModelAdapter) {
    let ground = Ground::new();
    let own = std::env::current_exe().unwrap();
    let line =
        "exec \"$0\" --exact plugin::models::serves --ignored --nocapture -q 3>&1 1>/dev/null";
    let command = json!(["sh", "-c", line, own.to_str().unwrap(), more]);
    // What the mode is comes by a file, since an adapter has no variables.
    let command: Vec<_> = command
        .as_array()
        .unwrap()
        .iter()
        .map(|word| word.as_str().unwrap().replace("exec ", &format!("ADAPTER_MODE={mode} exec ")))
        .collect();
    let manifest = json!({"name": "p", "models": {"adapters": [
        {"name": "own", "command": command, "startTimeout": if mode == "silent" { 1 } else { 30 }},
    ]}});
    ground.write(".plugin/plugin.json", &manifest.to_string());
    let adapter = Plugin::read(&ground.path()).unwrap().adapters.remove(0);
    (ground, adapter)
}

fn environment() -> BTreeMap<std::ffi::OsString, std::ffi::OsString> {
    BTreeMap::from([("PATH".into(), std::env::var_os("PATH").unwrap_or_default())])
}

#[test]
fn an_adapter_is_started_found_and_ended() {
    for more in ["", "${PORT}"] {
        let (_ground, adapter) = adapter("serves", more);
        let mut running = adapter.start(environment(), &CancelToken::new()).unwrap();
        assert!(running.is_running());
        let address = running.base_url().strip_prefix("http://").unwrap();
        let address = address.strip_suffix("/v1").unwrap().to_owned();
        assert!(TcpStream::connect(&address).is_ok());
        drop(running);
        assert!(TcpStream::connect(&address).is_err());
    }
}

#[test]
#[ignore = "a part of the next one"]
fn holds() {
    let Ok(file) = std::env::var("ADDRESS_FILE") else { return };
    let (_ground, adapter) = adapter("serves", "");
    let running = adapter.start(environment(), &CancelToken::new()).unwrap();
    std::fs::write(&file, running.base_url()).unwrap();
    std::thread::sleep(std::time::Duration::from_mins(10));
}

#[test]
fn an_adapter_ends_with_a_program_that_is_killed() {
    let folder = Ground::new();
    let file = folder.path().join("address");
    let mut program = std::process::Command::new(std::env::current_exe().unwrap());
    program.args(["--exact", "plugin::models::holds", "--ignored", "-q"]);
    let mut holder =
        program.env("ADDRESS_FILE", &file).stdout(std::process::Stdio::null()).spawn().unwrap();
    let pause = || std::thread::sleep(std::time::Duration::from_millis(10));
    let address = loop {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        if let Some(address) =
            text.strip_prefix("http://").and_then(|text| text.strip_suffix("/v1"))
        {
            break address.to_owned();
        }
        assert!(holder.try_wait().unwrap().is_none(), "it ended by itself");
        pause();
    };
    assert!(TcpStream::connect(&address).is_ok());
    holder.kill().unwrap();
    holder.wait().unwrap();
    for _ in 0..1_000 {
        if TcpStream::connect(&address).is_err() {
            return;
        }
        pause();
    }
    panic!("it still runs");
}

#[test]
fn one_that_does_not_come_is_told() {
    let check = |mode: &str, part: &str| {
        let (_ground, adapter) = adapter(mode, "");
        let error = adapter.start(environment(), &CancelToken::new()).unwrap_err();
        assert_eq!(error.code(), "plugin.adapter_failed");
        assert!(error.to_string().contains(part), "{error}");
    };
    check("dies", "no graphics card");
    check("talks", "Welcome!");
    check("silent", "not within 1 s");
}
