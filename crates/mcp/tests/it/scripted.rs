//! A server that misbehaves when told to: this very program, started again.
//! It speaks the protocol line by line, by hand, because no library would
//! let it write what it must not.

use std::fs::File;
use std::io::Write as _;

use mlxcode_mcp::ServerConfig;
use serde_json::{Value, json};

/// A server of the given mode.
pub(crate) fn server(mode: &str) -> ServerConfig {
    let own = std::env::current_exe().unwrap();
    // What the test runner prints is not for the client.
    let line =
        "exec \"$0\" --exact scripted::acts_as_a_server --ignored --nocapture -q 3>&1 1>/dev/null";
    let args = ["-c".to_owned(), line.to_owned(), own.to_string_lossy().into_owned()];
    let mut server = ServerConfig::program("sh", args);
    server.env.insert("MCP_TEST_MODE".into(), mode.into());
    server
}

#[test]
#[ignore = "a part of the other tests"]
fn acts_as_a_server() {
    // Somebody ran all tests that are ignored.
    let Ok(mode) = std::env::var("MCP_TEST_MODE") else { return };
    let out = std::fs::OpenOptions::new().write(true).open("/dev/fd/3").unwrap();
    let mut acting = Acting { mode, out, more_tools: false };
    match acting.mode.as_str() {
        "dies" => {
            eprintln!("the database is not there");
            std::process::exit(3);
        }
        "hangs" => Acting::wait_for_ever(),
        "deaf" => {
            acting.deaf();
        }
        _ => {}
    }
    while let Some(message) = next() {
        acting.hear(&message);
    }
}

/// The next message; `None` when the client has closed the input.
fn next() -> Option<Value> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    serde_json::from_str(&line).ok()
}

struct Acting {
    mode: String,
    out: File,
    more_tools: bool,
}

impl Acting {
    fn hear(&mut self, message: &Value) {
        let id = &message["id"];
        let method = message["method"].as_str().unwrap_or_default();
        if self.mode == "noisy" {
            self.raw("Listening on stdio…");
            self.raw("{\"jsonrpc\": \"2.0\", \"id\":");
            self.raw("");
        }
        let newest = self.mode == "newest";
        match method {
            "initialize" if newest => self.error(id, -32601, "initialize is not known here"),
            "initialize" => self.answer(id, json!({
                "protocolVersion": "2025-06-18",
                "capabilities": {"tools": {"listChanged": true}, "resources": {}, "prompts": {}, "logging": {}},
                "serverInfo": {"name": "scripted", "version": "1.2", "title": "A scripted server"},
                "instructions": "Ask it anything.",
            })),
            "server/discover" => self.answer(
                id,
                json!({
                    "resultType": "complete",
                    "supportedVersions": ["2026-07-28"],
                    "capabilities": {"tools": {}},
                    "ttlMs": 0,
                    "cacheScope": "private",
                }),
            ),
            "tools/list" => self.tools(id, &message["params"]["cursor"]),
            "tools/call" => self.call(id, &message["params"]),
            "resources/list" => self.answer(id, json!({"resources": [
                {"uri": "note://1", "name": "one", "mimeType": "text/plain"},
            ]})),
            "resources/read" => match message["params"]["uri"].as_str() {
                Some("note://1") => self.answer(id, json!({"contents": [
                    {"uri": "note://1", "text": "first note"},
                    {"uri": "note://1", "blob": "AAAA"},
                ]})),
                _ => self.error(id, -32002, "there is no such note"),
            },
            "prompts/list" => self.answer(id, json!({"prompts": [
                {"name": "greet", "arguments": [{"name": "who", "required": true}]},
            ]})),
            "prompts/get" => {
                let who = message["params"]["arguments"]["who"].as_str().unwrap_or("nobody");
                let text = format!("Greet {who}.");
                self.answer(id, json!({"messages": [
                    {"role": "user", "content": {"type": "text", "text": text}},
                    {"role": "assistant", "content": {"type": "text", "text": "Hello."}},
                ]}));
            }
            _ => {}
        }
    }

    fn tools(&mut self, id: &Value, cursor: &Value) {
        let tool = |name: &str| {
            json!({
                "name": name, "description": format!("does {name}"), "inputSchema": {"type": "object"},
            })
        };
        match (self.mode.as_str(), cursor.as_str()) {
            ("twice", _) => {
                self.answer(id, json!({"tools": [tool("echo"), tool("echo"), tool("fail")]}));
            }
            ("sloppy", _) => self.answer(
                id,
                json!({"tools": [
                    tool("echo"), {"name": "no-schema"}, {"name": "odd", "inputSchema": 3},
                ]}),
            ),
            ("pages", None) => self.answer(id, json!({"tools": [tool("echo")], "nextCursor": "2"})),
            ("pages", Some(_)) => self.answer(id, json!({"tools": [tool("fail")]})),
            ("endless", _) => self.answer(id, json!({"tools": [tool("echo")], "nextCursor": "x"})),
            _ => {
                let mut names = vec![
                    "echo",
                    "count",
                    "slow",
                    "huge",
                    "long",
                    "die",
                    "fail",
                    "refuse",
                    "change",
                    "environment",
                    "spawn",
                    "picture",
                    "shape",
                    "größe",
                    "größte",
                    "log",
                ];
                if self.more_tools {
                    names.push("later");
                }
                let mut tools: Vec<_> = names.into_iter().map(tool).collect();
                tools[0]["annotations"] = json!({"readOnlyHint": true, "title": "Echo"});
                self.answer(id, json!({"tools": tools}));
            }
        }
    }

    fn call(&mut self, id: &Value, params: &Value) {
        let arguments = &params["arguments"];
        match params["name"].as_str().unwrap_or_default() {
            "count" => {
                let token = &params["_meta"]["progressToken"];
                for step in 1..=3 {
                    self.tell("notifications/progress", json!({
                        "progressToken": token, "progress": step, "total": 3, "message": format!("step {step}"),
                    }));
                }
                self.text(id, "counted");
            }
            // Waits until it is told to stop, and says so in the log.
            "slow" => {
                while let Some(message) = next() {
                    if message["method"] == "notifications/cancelled" {
                        let reason = message["params"]["reason"].clone();
                        let line = json!({"level": "info", "data": reason});
                        return self.tell("notifications/message", line);
                    }
                }
            }
            "huge" => self.text(id, &"x".repeat(200 << 10)),
            "long" => self.text(id, &format!("begin {} end", "y".repeat(32 << 10))),
            "die" => {
                eprintln!("cannot go on: {}", std::env::var("MCP_TEST_SECRET").unwrap_or_default());
                std::process::exit(7);
            }
            "fail" => self.answer(
                id,
                json!({
                    "content": [{"type": "text", "text": "no such file"}], "isError": true,
                }),
            ),
            "refuse" => self.error(id, -32602, "`path` is missing"),
            "change" => {
                self.more_tools = true;
                self.tell("notifications/tools/list_changed", json!({}));
                self.text(id, "changed");
            }
            "environment" => {
                let mut names: Vec<_> = std::env::vars().map(|(name, _)| name).collect();
                names.sort();
                self.text(id, &names.join(" "));
            }
            "spawn" => {
                let child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
                let pid = child.id().to_string();
                std::mem::forget(child);
                self.text(id, &pid);
            }
            "picture" => self.answer(
                id,
                json!({"content": [
                    {"type": "image", "mimeType": "image/png", "data": "AAAA"},
                ]}),
            ),
            "shape" => self.answer(id, json!({"content": "no list"})),
            "log" => {
                self.tell(
                    "notifications/message",
                    json!({
                        "level": "warning", "logger": "disk", "data": {"free": 3},
                    }),
                );
                self.text(id, "logged");
            }
            name => self.text(id, &format!("{name} {arguments}")),
        }
    }

    fn text(&mut self, id: &Value, text: &str) {
        self.answer(id, json!({"content": [{"type": "text", "text": text}]}));
    }

    fn answer(&mut self, id: &Value, result: Value) {
        let message = json!({"jsonrpc": "2.0", "id": id, "result": result});
        self.raw(&message.to_string());
    }

    fn error(&mut self, id: &Value, code: i32, message: &str) {
        let error = json!({"code": code, "message": message});
        let message = json!({"jsonrpc": "2.0", "id": id, "error": error});
        self.raw(&message.to_string());
    }

    fn tell(&mut self, method: &str, params: Value) {
        let message = json!({"jsonrpc": "2.0", "method": method, "params": params});
        self.raw(&message.to_string());
    }

    fn raw(&mut self, line: &str) {
        let _ = writeln!(self.out, "{line}");
    }

    fn wait_for_ever() -> ! {
        eprintln!("waiting for a lock");
        loop {
            std::thread::sleep(std::time::Duration::from_secs(1));
        }
    }

    /// Answers the start, then hears nothing more and does not end.
    fn deaf(&mut self) -> ! {
        for _ in 0..3 {
            let message = next().unwrap();
            self.hear(&message);
        }
        Self::wait_for_ever()
    }
}
