//! Servers of tools: named, approved, started, called.
#![cfg(unix)]

use mlxcode_core::ContentHash;
use serde_json::json;

use crate::ground::{Ground, Play, TOOL_SERVER};

fn ground() -> Ground {
    let ground = Ground::new();
    ground.write("server.sh", TOOL_SERVER);
    let servers = json!({"mcpServers": {
        "shell": {"command": "sh", "args": ["server.sh"], "env": {"TOKEN": "${WHO:-somebody}"}},
        "web": {"type": "http", "url": "https://example.org/mcp"},
    }});
    ground.write(".mcp.json", &servers.to_string());
    ground
}

#[test]
fn a_projects_servers_wait_for_the_user() {
    let ground = ground();
    let ran = ground.run(&["mcp", "list"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("shell  project  waits  sh server.sh"), "{}", ran.out);
    assert!(ran.err.contains("mlx-code mcp approve"), "{}", ran.err);
    assert_eq!(ground.run(&["mcp", "tools"]).out, "no server offers a tool\n");
    let ran = ground.run(&["mcp", "call", "shell__echo"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("mcp approve"), "{}", ran.err);

    let ran = ground.run(&["mcp", "approve"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("  shell  sh server.sh\n"), "{}", ran.out);
    let ran = ground.run(&["mcp", "call", "shell__echo", r#"{"a": 1}"#]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "heard somebody\n"), "{ran:?}");

    // What is approved is this server, not any.
    let changed = ground.read(".mcp.json").replace("server.sh", "other.sh");
    ground.write(".mcp.json", &changed);
    assert_eq!(ground.run(&["mcp", "call", "shell__echo"]).code, 2);
    ground.run(&["mcp", "approve"]);
    ground.run(&["mcp", "revoke"]);
    assert_eq!(
        ground.run(&["mcp", "list", "--json"]).document()["servers"][0]["is_approved"],
        false
    );
}

/// Which of the two servers of the project may be started.
fn approved(ground: &Ground) -> Vec<String> {
    let listed = ground.run(&["mcp", "list", "--json"]).document();
    let servers = listed["servers"].as_array().unwrap().iter();
    let approved = servers.filter(|server| server["is_approved"] == true);
    approved.map(|server| server["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_server_is_approved_and_revoked_by_itself() {
    let ground = ground();
    ground.run(&["mcp", "approve"]);
    assert_eq!(approved(&ground), ["shell", "web"]);
    let ran = ground.run(&["mcp", "revoke", "web"]);
    assert!(ran.out.contains("  web  ") && !ran.out.contains("shell"), "{ran:?}");
    assert_eq!(approved(&ground), ["shell"]);
    ground.run(&["approve", "server:web"]);
    ground.run(&["approve", "server:shell", "--revoke"]);
    assert_eq!(approved(&ground), ["web"]);
    let ran = ground.run(&["mcp", "approve", "shell", "--json"]);
    assert_eq!(ran.document()["servers"], json!(["shell"]));
    assert_eq!(approved(&ground), ["shell", "web"]);

    // What is approved is what stands there of each.
    let text = ground.read(".mcp.json");
    ground.write(".mcp.json", &text.replace("server.sh", "other.sh"));
    assert_eq!(approved(&ground), ["web"]);
    ground.write(".mcp.json", &text.replace("\"type\"", "\n\"type\""));
    assert_eq!(approved(&ground), ["shell", "web"]);

    let ran = ground.run(&["mcp", "approve", "nobody"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.contains("no MCP server is called `nobody`"), "{}", ran.err);
}

/// Older versions wrote the hash of the whole file.
#[test]
fn a_file_that_was_approved_as_a_whole_is_approved_still() {
    let ground = ground();
    let path = ground.path(".mcp.json").canonicalize().unwrap();
    let write = || {
        let hash = ContentHash::of(ground.read(".mcp.json").as_bytes()).to_string();
        let document = json!({"format": 1, "approved": {path.to_str().unwrap(): hash}});
        let state = mlxcode_core::Dirs::under(&ground.home()).approvals();
        std::fs::create_dir_all(state.parent().unwrap()).unwrap();
        std::fs::write(state, document.to_string()).unwrap();
    };
    write();
    assert_eq!(approved(&ground), ["shell", "web"]);
    ground.run(&["mcp", "revoke", "shell"]);
    assert_eq!(approved(&ground), ["web"]);
    write();
    ground.run(&["approve", "server:web", "--revoke"]);
    assert_eq!(approved(&ground), ["shell"]);
    write();
    ground.write(".mcp.json", &ground.read(".mcp.json").replace("server.sh", "other.sh"));
    assert_eq!(approved(&ground), [""; 0]);
    ground.run(&["mcp", "approve", "web"]);
    assert_eq!(approved(&ground), ["web"]);
}

#[test]
fn servers_are_tried_and_their_tools_listed() {
    let ground = ground();
    ground.run(&["mcp", "approve"]);
    let ran = ground.run(&["mcp", "test", "shell"]);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (0, "shell  shell 0.1, protocol 2025-06-18, 2 tools\n")
    );
    // Without a hub the tests are offline: no name is resolved.
    let ran = ground.run(&["mcp", "test", "--json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let web = &ran.document()["servers"][1];
    assert_eq!((&web["state"], &web["error"]["code"]), (&json!("failed"), &json!("mcp.offline")));
    let ran = ground.run(&["mcp", "tools", "shell"]);
    assert_eq!(ran.out, "shell__echo  Says it again\nshell__fail\n");
    let tools = ground.run(&["mcp", "tools", "shell", "--json"]).document();
    assert_eq!(tools["tools"][0]["input_schema"], json!({"type": "object"}));
}

#[test]
fn calls_answer_and_fail() {
    let ground = ground();
    ground.run(&["mcp", "approve"]);
    let play = Play { input: "{}", ..Play::default() };
    let ran = ground.play(&["mcp", "call", "shell__echo", "-", "--json"], play);
    assert_eq!(ran.document()["text"], "heard somebody");
    let ran = ground.run(&["mcp", "call", "shell__fail"]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (1, "", "it is broken\n"));
    let check = |args: &[&str], code: u8, words: &str| {
        let ran = ground.run(&[&["mcp"], args].concat());
        assert_eq!(ran.code, code, "{ran:?}");
        assert!(ran.err.contains(words), "{}", ran.err);
    };
    check(&["call", "shell__none"], 3, "no MCP server has a tool `shell__none`");
    check(&["call", "shell__echo", "[1]"], 2, "no JSON object");
    check(&["call", "shell__echo", "{"], 2, "no JSON object");
    check(&["test", "nobody"], 3, "no MCP server is called `nobody`");
    let cancelled = Play { is_cancelled: true, ..Play::default() };
    assert_eq!(ground.play(&["mcp", "tools", "shell"], cancelled).code, 130);
}

#[test]
fn the_users_own_servers_need_no_approval() {
    let ground = Ground::new();
    ground.write("server.sh", TOOL_SERVER);
    let config = json!({"mcp_servers": {"mine": {"command": "sh", "args": ["server.sh"]}}});
    std::fs::create_dir_all(ground.home().join("config")).unwrap();
    std::fs::write(ground.home().join("config/config.json"), config.to_string()).unwrap();
    let ran = ground.run(&["mcp", "call", "mine__echo"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "heard nothing\n"), "{ran:?}");
    // A project's configuration cannot name any.
    ground.write(".mlx-code.json", &config.to_string());
    let ran = ground.run(&["mcp", "list"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("`mcp_servers` counts in the user's own"), "{}", ran.err);
}

#[test]
fn a_file_that_is_none_is_told() {
    let ground = Ground::new();
    assert_eq!(ground.run(&["mcp", "list"]).out, "no server is named here\n");
    assert_eq!(ground.run(&["mcp", "approve"]).code, 3);
    ground.write(".mcp.json", "{");
    let ran = ground.run(&["mcp", "list"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains(".mcp.json: EOF"), "{}", ran.err);
    assert_eq!(ground.run(&["mcp", "approve"]).code, 2);
}

#[test]
fn a_server_that_is_disabled_waits_for_nobody() {
    let ground = Ground::new();
    let servers =
        json!({"mcpServers": {"shell": {"command": "sh", "args": ["x"], "disabled": true}}});
    ground.write(".mcp.json", &servers.to_string());
    let ran = ground.run(&["mcp", "list"]);
    assert!(ran.out.contains("shell  project  disabled"), "{ran:?}");
    assert_eq!(ran.err, "");
}
