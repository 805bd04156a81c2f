//! Models elsewhere: who may be asked, and what is never sent.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use crate::ground::{Ground, Play};

const KEY: &str = "sk-NobodyMaySeeThis";

/// What a server was sent.
pub type Seen = Arc<Mutex<Vec<String>>>;

fn server(status: u16) -> (String, Seen) {
    server_saying(status, "It is in greet.py.")
}

/// A server that speaks OpenAI's protocol, and says the same to everybody. It
/// keeps what it was sent.
pub fn server_saying(status: u16, reply: &'static str) -> (String, Seen) {
    server_with(status, status, reply)
}

/// A server that tells its models, and refuses all questions.
pub fn server_refusing() -> (String, Seen) {
    server_with(200, 401, "")
}

fn server_with(listing: u16, status: u16, reply: &'static str) -> (String, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://127.0.0.1:{}/v1", listener.local_addr().unwrap().port());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            answer(stream, (listing, status), reply, &kept);
        }
    });
    (url, seen)
}

fn answer(mut stream: TcpStream, status: (u16, u16), reply: &str, seen: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).unwrap_or(0) == 0 {
            return;
        }
    }
    let length = head.lines().find_map(|line| {
        line.to_lowercase().strip_prefix("content-length: ").and_then(|n| n.parse().ok())
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    seen.lock().unwrap().push(format!("{head}{}", String::from_utf8(body).unwrap()));
    let said = if head.starts_with("GET") {
        json!({"data": [{"id": "coder", "owned_by": "x", "context_length": 8192}]}).to_string()
    } else {
        json!({
            "choices": [{"message": {"content": reply}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 7, "completion_tokens": 5},
        })
        .to_string()
    };
    let status = if head.starts_with("GET") { status.0 } else { status.1 };
    let length = said.len();
    let _ = write!(
        stream,
        "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\nconnection: close\r\n\r\n{said}"
    );
}

pub fn configure(ground: &Ground, config: &Value) {
    let folder = mlxcode_core::Dirs::under(&ground.home());
    fs::create_dir_all(&folder.config).unwrap();
    fs::write(folder.config_file(), config.to_string()).unwrap();
}

#[test]
fn a_server_of_this_machine_answers_when_it_is_named() {
    let (url, seen) = server(200);
    let ground = Ground::new();
    let ran = ground.run(&["ask", "where is the greeting?", "--model", &url]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("It is in greet.py."), "{ran:?}");
    let asked = seen.lock().unwrap().last().unwrap().clone();
    assert!(asked.contains("POST /v1/chat/completions") && asked.contains("def greet()"));
    assert!(asked.contains("\"model\":\"coder\"") && !asked.contains("authorization"));
}

#[test]
fn a_configured_provider_gets_its_key_and_nobody_shows_it() {
    let (url, seen) = server(200);
    let ground = Ground::new();
    configure(
        &ground,
        &json!({
            "model": "work/coder",
            "providers": {"work": {"kind": "openai", "url": url, "key": "work-key"}},
        }),
    );
    let play = Play { input: KEY, ..Play::default() };
    assert_eq!(ground.play(&["secret", "set", "work-key"], play).code, 0);
    let ran = ground.run(&["ask", "where is the greeting?", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let document = ran.document();
    assert_eq!(document["model"], "work/coder");
    assert!(seen.lock().unwrap().iter().all(|asked| asked.contains(&format!("Bearer {KEY}"))));
    assert!(!format!("{ran:?}").contains(KEY));

    let (url, _) = server(401);
    configure(
        &ground,
        &json!({
            "providers": {"work": {"kind": "openai", "url": url, "key": "work-key"}},
        }),
    );
    let ran = ground.run(&["ask", "x", "--model", "work/coder"]);
    assert!(ran.err.contains("mlx-code secret set work-key"), "{ran:?}");
    assert!(!format!("{ran:?}").contains(KEY));
}

#[test]
fn nothing_is_sent_to_whom_nobody_named() {
    let ground = Ground::new();
    let refused = |args: &[&str], words: &str| {
        let ran = ground.run(args);
        assert_ne!(ran.code, 0);
        assert!(ran.err.contains(words), "{ran:?}");
    };
    refused(&["ask", "x", "--model", "https://models.example.org/v1#m"], "is not this machine");
    refused(
        &["ask", "x", "--model", "http://127.0.0.1@models.example.org/v1#m"],
        "not this machine",
    );
    // A project that was cloned.
    for (key, text) in [
        ("providers", r#"{"providers": {"x": {"kind": "openai", "url": "https://x.org"}}}"#),
        ("model", r#"{"model": "work/coder"}"#),
    ] {
        ground.write(".mlx-code.json", text);
        refused(&["ask", "x"], &format!("`{key}` counts in the user's own"));
    }
    ground.write(".mlx-code.json", r#"{"offline": true}"#);
    configure(
        &ground,
        &json!({
            "providers": {"far": {"kind": "openai", "url": "https://name.invalid/v1"}},
        }),
    );
    refused(&["ask", "x", "--model", "far/m"], "the network is switched off");
}

/// What a run connects to: the program in a network of its own, with loopback
/// only, and under `strace`.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "wants strace and unshare; see CONTRIBUTING.md"]
fn offline_nothing_is_connected_to() {
    use std::process::Command;

    let (url, _) = server(200);
    let ground = Ground::new();
    let folder = ground.home().join("config");
    let log = ground.home().join("connects");
    fs::create_dir_all(folder.join("mlx-code")).unwrap();
    let config = json!({
        "offline": true,
        "providers": {"far": {"kind": "openai", "url": "https://name.invalid/v1"}},
    });
    fs::write(folder.join("mlx-code/config.json"), config.to_string()).unwrap();
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/../inference/tests/fixtures/qwen2-bf16");
    let run = |args: &[&str]| {
        let output = Command::new("strace")
            .args(["-f", "-qq", "-e", "trace=connect,sendto,sendmsg", "-o"])
            .arg(&log)
            .args(["unshare", "--net", env!("CARGO_BIN_EXE_mlx-code")])
            .args(args)
            .current_dir(ground.root())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", ground.home())
            .env("XDG_CONFIG_HOME", &folder)
            .output()
            .unwrap();
        let log = fs::read_to_string(&log).unwrap();
        let sent = log.lines().filter(|line| line.contains('(')).map(str::to_owned);
        (output, sent.collect::<Vec<_>>())
    };
    let common = ["--max-tokens", "8", "--context-tokens", "200", "--model"];
    for verb in [&["ask", "where is greet?"][..], &["edit", "--dry-run", "say more"]] {
        let (output, sent) = run(&[verb, &common[..], &[model]].concat());
        assert_eq!(sent, Vec::<String>::new(), "{output:?}");
        // It came as far as the model: the random one writes no edit.
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() || said.contains("reply"), "{output:?}");
    }
    let (output, sent) = run(&[&["ask", "x"], &common[..], &["far/m"]].concat());
    assert_eq!(sent, Vec::<String>::new());
    assert!(String::from_utf8_lossy(&output.stderr).contains("switched off"), "{output:?}");
    // What is seen where something is asked: in this network nobody is there.
    let (output, sent) = run(&[&["ask", "x"], &common[..], &[&*format!("{url}#m")]].concat());
    assert!(sent.iter().any(|call| call.contains("connect(")), "{output:?}");
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("is the server running"),
        "{output:?}"
    );
}
