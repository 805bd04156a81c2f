//! Servers that do what the tests say, and the calls that meet them.
#![allow(
    clippy::disallowed_methods,
    clippy::exit,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests start programs, act as one, and stop where something is amiss"
)]
#![cfg(unix)]

mod address;
mod begin;
mod calls;
mod failures;
mod peers;
mod scripted;

use std::collections::BTreeMap;
use std::time::Duration;

use mlxcode_base::CancelToken;
use mlxcode_mcp::{McpConfig, McpOptions, McpServers, ServerConfig, ToolOutput};
use serde_json::Value;

/// What a test starts its servers with: short limits, and `PATH` for the
/// shell.
fn options() -> McpOptions {
    let mut options = McpOptions::new(std::env::temp_dir());
    options.environment =
        BTreeMap::from([("PATH".into(), std::env::var_os("PATH").unwrap_or_default())]);
    options.start_timeout = Duration::from_secs(20);
    options.call_timeout = Duration::from_secs(20);
    options.most_message_bytes = 64 << 10;
    options.most_result_bytes = 8 << 10;
    options.grace = Duration::from_millis(500);
    options
}

fn start(servers: &[(&str, ServerConfig)], options: McpOptions) -> McpServers {
    let servers = servers.iter().map(|(name, server)| ((*name).to_owned(), server.clone()));
    let config = McpConfig { servers: servers.collect() };
    McpServers::start(&config, options, &CancelToken::new()).unwrap()
}

/// Calls a tool, without a way to stop it and without a look at its progress.
fn call(servers: &McpServers, tool: &str, arguments: Value) -> mlxcode_mcp::Result<ToolOutput> {
    servers.call(tool, arguments, &CancelToken::new(), &mut |_| {})
}

/// Waits for something that comes soon: half a minute at most.
fn soon(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..3_000 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{what} did not come");
}
