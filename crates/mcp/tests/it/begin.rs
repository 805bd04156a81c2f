//! Servers that are started without waiting for them.

use std::time::Duration;

use mlxcode_base::CancelToken;
use mlxcode_mcp::{McpConfig, McpOptions, McpServers, ServerState};

#[test]
fn one_that_takes_its_time_holds_nobody_up() {
    let text = r#"{"mcpServers": {
        "gone": {"command": "/none/of/this"},
        "off": {"command": "sh", "disabled": true},
        "slow": {"command": "sleep", "args": ["600"]}
    }}"#;
    let config = McpConfig::from_json(".mcp.json", text).unwrap();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folder = tempfile::tempdir().unwrap();
    let options = McpOptions::new(folder.path()).with_environment([("PATH".into(), path)]);
    let servers = McpServers::begin(&config, options).unwrap();
    let state = |name: &str| {
        servers.servers().into_iter().find(|status| status.name == name).unwrap().state
    };
    assert_eq!((state("slow"), state("off")), (ServerState::Starting, ServerState::Disabled));
    let never = CancelToken::new();
    let mut starting = servers.wait(Duration::ZERO, &never);
    while starting.len() > 1 {
        starting = servers.wait(Duration::from_millis(10), &never);
    }
    assert_eq!(starting, ["slow"]);
    assert_eq!((state("slow"), state("gone")), (ServerState::Starting, ServerState::Failed));
    assert!(servers.tools().is_empty());
    // Who does not want to wait any more is not held up either.
    let cancel = CancelToken::new();
    cancel.cancel();
    assert_eq!(servers.wait(Duration::from_mins(10), &cancel), ["slow"]);
}
