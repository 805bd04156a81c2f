use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, Result};

/// How much of a configuration file is read: a hundred servers take 30 KiB.
const MOST_BYTES: usize = 1 << 20;

/// How many servers a configuration may name; each is a process.
const MOST_SERVERS: usize = 64;

/// The servers of a `.mcp.json`, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct McpConfig {
    /// The servers, by the names that their tools bear.
    #[serde(rename = "mcpServers", default)]
    pub servers: BTreeMap<String, ServerConfig>,
}

/// One server: a program that is started, or an address that is asked.
///
/// `${VARIABLE}` and `${VARIABLE:-default}` in texts stand for what
/// [`McpOptions::variables`](crate::McpOptions::variables) holds.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServerConfig {
    /// How it is spoken to; where absent, what `command` or `url` tells.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub transport: Option<TransportKind>,
    /// The program that is started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The program's arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// Variables that the program is given beside the environment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// The folder that the program runs in; the project's where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<PathBuf>,
    /// The address that is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Headers that go with each request to the address.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Whether it is left out.
    #[serde(default, skip_serializing_if = "is_false")]
    pub disabled: bool,
    /// How long a call may take without a sign of life, in milliseconds;
    /// two minutes where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// The tools that may be seen and called, by the server's own names; all
    /// where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<String>>,
}

/// How a server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum TransportKind {
    /// Lines on the standard input and output of a program.
    Stdio,
    /// Streamable HTTP.
    #[serde(alias = "streamable-http", alias = "streamableHttp", alias = "streamable_http")]
    Http,
    /// HTTP with server-sent events as it was until 2025: not spoken.
    Sse,
}

impl McpConfig {
    /// Reads a `.mcp.json`. `origin` names it in errors.
    ///
    /// Three shapes are in use: the servers below `mcpServers`, below
    /// `servers`, and, in plugins, as the document itself.
    ///
    /// # Errors
    /// Where the text is no such document or names too many servers.
    pub fn from_json(origin: &str, text: &str) -> Result<Self> {
        let bad = |reason: String| Error::BadConfig { origin: origin.to_owned(), reason };
        if text.len() > MOST_BYTES {
            return Err(bad(format!("it is longer than {} KiB", MOST_BYTES >> 10)));
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let document: Value = serde_json::from_str(text).map_err(|error| bad(error.to_string()))?;
        let Value::Object(mut document) = document else {
            return Err(bad("it is no JSON object".to_owned()));
        };
        let servers = match document.remove("mcpServers").or_else(|| document.remove("servers")) {
            Some(servers) => servers,
            None => Value::Object(document),
        };
        let servers: BTreeMap<String, Value> =
            serde_json::from_value(servers).map_err(|error| bad(error.to_string()))?;
        if servers.len() > MOST_SERVERS {
            return Err(bad(format!("it names more than {MOST_SERVERS} servers")));
        }
        let servers = servers
            .into_iter()
            .map(|(name, server)| match serde_json::from_value(server) {
                Ok(server) => Ok((name, server)),
                Err(error) => Err(bad(format!("server `{name}`: {error}"))),
            })
            .collect::<Result<_>>()?;
        Ok(Self { servers })
    }
}

impl ServerConfig {
    /// A program and its arguments.
    pub fn program(command: impl Into<String>, args: impl IntoIterator<Item = String>) -> Self {
        Self { command: Some(command.into()), args: args.into_iter().collect(), ..Self::default() }
    }

    /// An address that speaks streamable HTTP.
    pub fn address(url: impl Into<String>) -> Self {
        Self { url: Some(url.into()), ..Self::default() }
    }

    /// How it is spoken to, where that can be told.
    pub fn kind(&self) -> Option<TransportKind> {
        match (self.transport, &self.command, &self.url) {
            (Some(kind), ..) => Some(kind),
            (None, Some(_), None) => Some(TransportKind::Stdio),
            (None, None, Some(_)) => Some(TransportKind::Http),
            _ => None,
        }
    }

    /// The program with its arguments, or the address, as written: what a
    /// user is shown who is asked whether it may run.
    pub fn summary(&self) -> String {
        match (&self.command, &self.url) {
            (Some(command), _) => {
                let mut words = vec![command.as_str()];
                words.extend(self.args.iter().map(String::as_str));
                words.join(" ")
            }
            (None, Some(url)) => url.clone(),
            (None, None) => String::new(),
        }
    }
}

/// Values of variables and headers are secrets more often than not.
impl fmt::Debug for ServerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerConfig")
            .field("transport", &self.transport)
            .field("command", &self.command)
            .field("args", &self.args.len())
            .field("env", &self.env.keys())
            .field("cwd", &self.cwd)
            .field("url", &self.url.as_ref().map(|_| "…"))
            .field("headers", &self.headers.keys())
            .field("disabled", &self.disabled)
            .field("timeout_ms", &self.timeout_ms)
            .field("tools", &self.tools)
            .finish()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<(String, Option<TransportKind>)> {
        let config = McpConfig::from_json("test", text).unwrap();
        config.servers.iter().map(|(name, server)| (name.clone(), server.kind())).collect()
    }

    #[test]
    fn three_shapes_are_read() {
        let one = vec![("git".to_owned(), Some(TransportKind::Stdio))];
        assert_eq!(names(r#"{"mcpServers": {"git": {"command": "mcp-server-git"}}}"#), one);
        assert_eq!(names(r#"{"servers": {"git": {"command": "mcp-server-git"}}}"#), one);
        assert_eq!(names(r#"{"git": {"command": "mcp-server-git", "args": []}}"#), one);
    }

    #[test]
    fn the_names_of_transports_are_those_in_use() {
        for name in ["http", "streamable-http", "streamableHttp"] {
            let text = format!(r#"{{"mcpServers": {{"a": {{"type": "{name}", "url": "x"}}}}}}"#);
            assert_eq!(names(&text)[0].1, Some(TransportKind::Http), "{name}");
        }
    }

    #[test]
    fn unknown_keys_are_for_others() {
        assert_eq!(names(r#"{"mcpServers": {"a": {"command": "x", "autoApprove": []}}}"#).len(), 1);
        assert_eq!(names(r#"{"mcpServers": {}, "inputs": []}"#).len(), 0);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_server() {
        let check = |text: &str, expect: &str| {
            let error = McpConfig::from_json("here", text).unwrap_err().to_string();
            assert!(error.contains(expect), "{error}");
        };
        check("[]", "no JSON object");
        check(r#"{"mcpServers": {"a": {"command": 3}}}"#, "server `a`");
        check("{", "EOF");
    }

    #[test]
    fn values_are_not_shown() {
        let mut config = ServerConfig::program("x", ["--key=hidden-one".to_owned()]);
        config.env.insert("KEY".into(), "hidden-two".into());
        config.headers.insert("Authorization".into(), "hidden-three".into());
        assert!(!format!("{config:?}").contains("hidden"));
    }
}
