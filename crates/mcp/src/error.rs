use std::io;

use mlxcode_base::{Diagnostic, ErrorKind, io_error_kind};
use thiserror::Error;

/// What can go wrong with a server of the Model Context Protocol.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The caller stopped the work.
    #[error("stopped while waiting for an MCP server")]
    Cancelled,
    /// A configuration cannot be read.
    #[error("{origin}: {reason}")]
    BadConfig {
        /// Where it stands.
        origin: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The configuration of one server makes no sense.
    #[error("the MCP server `{server}` cannot be started: {reason}")]
    BadServer {
        /// The server.
        server: String,
        /// What is wrong.
        reason: String,
    },
    /// A configuration names a variable that is not set.
    #[error("the MCP server `{server}` needs the variable {variable}, which is not set")]
    MissingVariable {
        /// The server.
        server: String,
        /// The variable.
        variable: String,
    },
    /// The server is switched off.
    #[error("the MCP server `{server}` is disabled")]
    Disabled {
        /// The server.
        server: String,
    },
    /// The network may not be used for this server.
    #[error("the MCP server `{server}` is at {host}, and the network may not be used")]
    Offline {
        /// The server.
        server: String,
        /// The host of its address.
        host: String,
    },
    /// Headers would cross the network for all to read.
    #[error("the MCP server `{server}` has headers, and {host} would get them unencrypted")]
    Cleartext {
        /// The server.
        server: String,
        /// The host of its address.
        host: String,
    },
    /// The program is not there.
    #[error("the MCP server `{server}` is the program `{program}`, which is not found")]
    ProgramNotFound {
        /// The server.
        server: String,
        /// The program as it is written.
        program: String,
    },
    /// The program cannot be started.
    #[error("the MCP server `{server}` cannot be started: {reason}")]
    NotStarted {
        /// The server.
        server: String,
        /// What kind of failure it is.
        kind: ErrorKind,
        /// What the operating system said.
        reason: String,
    },
    /// The server did not say what it offers.
    #[error("the MCP server `{server}` said nothing for {limit_ms} ms after its start{}", last_words(.stderr))]
    StartTimeout {
        /// The server.
        server: String,
        /// How long it was waited for.
        limit_ms: u64,
        /// The end of what it wrote to its error output.
        stderr: String,
    },
    /// The server did not begin as the protocol says.
    #[error("the MCP server `{server}` does not begin as it should: {reason}{}", last_words(.stderr))]
    BadStart {
        /// The server.
        server: String,
        /// What it did.
        reason: String,
        /// The end of what it wrote to its error output.
        stderr: String,
    },
    /// The server ended.
    #[error("the MCP server `{server}` ended ({status}){}", last_words(.stderr))]
    Died {
        /// The server.
        server: String,
        /// How it ended.
        status: String,
        /// The end of what it wrote to its error output.
        stderr: String,
    },
    /// The address does not answer.
    #[error("the MCP server `{server}` cannot be reached: {reason}")]
    Unreachable {
        /// The server.
        server: String,
        /// What happened.
        reason: String,
    },
    /// The address wants to know who asks.
    #[error("the MCP server `{server}` wants a login (HTTP {status})")]
    LoginNeeded {
        /// The server.
        server: String,
        /// The answer's status, 401 or 403.
        status: u16,
    },
    /// A call took too long.
    #[error("`{what}` of the MCP server `{server}` did not end within {limit_ms} ms")]
    Timeout {
        /// The server.
        server: String,
        /// What was asked.
        what: String,
        /// How long it was waited for.
        limit_ms: u64,
    },
    /// An answer is too long to be read.
    #[error(
        "the answer of `{what}` of the MCP server `{server}` is longer than {limit_bytes} bytes"
    )]
    AnswerTooLarge {
        /// The server.
        server: String,
        /// What was asked.
        what: String,
        /// How much is read.
        limit_bytes: usize,
    },
    /// The server answered with an error of the protocol.
    #[error("the MCP server `{server}` refused `{what}`: {message} ({code})")]
    Refused {
        /// The server.
        server: String,
        /// What was asked.
        what: String,
        /// The error's number.
        code: i32,
        /// What the server said.
        message: String,
    },
    /// The answer is not what the protocol says.
    #[error("the MCP server `{server}` gave no answer to `{what}` that can be read: {reason}")]
    BadAnswer {
        /// The server.
        server: String,
        /// What was asked.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No server has this name.
    #[error("no MCP server is called `{server}`")]
    UnknownServer {
        /// The name.
        server: String,
    },
    /// No tool has this name.
    #[error("no MCP server has a tool `{tool}`")]
    UnknownTool {
        /// The name.
        tool: String,
    },
    /// The arguments of a call are no JSON object.
    #[error("the arguments of `{tool}` are no JSON object: {reason}")]
    BadArguments {
        /// The tool.
        tool: String,
        /// What is wrong with them.
        reason: String,
    },
    /// The thread that servers are asked on cannot be started.
    #[error("cannot start the thread that asks MCP servers: {reason}")]
    Runtime {
        /// What the operating system said.
        reason: String,
    },
}

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn not_started(server: &str, error: &io::Error) -> Self {
        Self::NotStarted {
            server: server.to_owned(),
            kind: io_error_kind(error),
            reason: error.to_string(),
        }
    }
}

/// How much of a server's error output a message shows. The field has more.
const SHOWN_LINES: usize = 12;

fn last_words(stderr: &str) -> String {
    let lines: Vec<&str> = stderr.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.is_empty() {
        return String::new();
    }
    let shown = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
    format!("; it wrote:\n{}", shown.join("\n"))
}

impl Diagnostic for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Cancelled => ErrorKind::Cancelled,
            Self::BadConfig { .. }
            | Self::BadServer { .. }
            | Self::MissingVariable { .. }
            | Self::BadArguments { .. } => ErrorKind::InvalidInput,
            Self::Disabled { .. }
            | Self::Offline { .. }
            | Self::Cleartext { .. }
            | Self::LoginNeeded { .. } => ErrorKind::PermissionDenied,
            Self::ProgramNotFound { .. }
            | Self::UnknownServer { .. }
            | Self::UnknownTool { .. } => ErrorKind::NotFound,
            Self::NotStarted { kind, .. } => *kind,
            Self::StartTimeout { .. } | Self::Timeout { .. } => ErrorKind::Timeout,
            Self::BadStart { .. }
            | Self::Died { .. }
            | Self::Unreachable { .. }
            | Self::Refused { .. }
            | Self::BadAnswer { .. } => ErrorKind::Unavailable,
            Self::AnswerTooLarge { .. } | Self::Runtime { .. } => ErrorKind::ResourceExhausted,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Cancelled => "mcp.cancelled",
            Self::BadConfig { .. } => "mcp.bad_config",
            Self::BadServer { .. } => "mcp.bad_server",
            Self::MissingVariable { .. } => "mcp.missing_variable",
            Self::Disabled { .. } => "mcp.disabled",
            Self::Offline { .. } => "mcp.offline",
            Self::Cleartext { .. } => "mcp.cleartext",
            Self::ProgramNotFound { .. } => "mcp.program_not_found",
            Self::NotStarted { .. } => "mcp.not_started",
            Self::StartTimeout { .. } => "mcp.start_timeout",
            Self::BadStart { .. } => "mcp.bad_start",
            Self::Died { .. } => "mcp.died",
            Self::Unreachable { .. } => "mcp.unreachable",
            Self::LoginNeeded { .. } => "mcp.login_needed",
            Self::Timeout { .. } => "mcp.timeout",
            Self::AnswerTooLarge { .. } => "mcp.answer_too_large",
            Self::Refused { .. } => "mcp.refused",
            Self::BadAnswer { .. } => "mcp.bad_answer",
            Self::UnknownServer { .. } => "mcp.unknown_server",
            Self::UnknownTool { .. } => "mcp.unknown_tool",
            Self::BadArguments { .. } => "mcp.bad_arguments",
            Self::Runtime { .. } => "mcp.runtime",
        }
    }

    fn help(&self) -> Option<String> {
        let text = match self {
            Self::Cancelled => return None,
            Self::BadConfig { .. } => {
                "a server is `{\"mcpServers\": {\"name\": {\"command\": …, \"args\": […]}}}`, or has a `url`"
            }
            Self::BadServer { .. } => "change the server's configuration",
            Self::MissingVariable { variable, .. } => {
                return Some(format!("set it, or write ${{{variable}:-default}}"));
            }
            Self::Disabled { .. } => "take `disabled` out of its configuration",
            Self::Offline { .. } => "allow the network, or use a server that is a program",
            Self::Cleartext { .. } => "use an https address",
            Self::ProgramNotFound { .. } => "install it, or write its whole path",
            Self::StartTimeout { .. } => {
                "start it by hand to see what it waits for; the first start may fetch a package"
            }
            Self::NotStarted { .. } | Self::BadStart { .. } | Self::Died { .. } => {
                "start it by hand to see what is wrong"
            }
            Self::Unreachable { .. } => "check that it runs, and its address",
            Self::LoginNeeded { .. } => {
                "put a token into its headers: {\"Authorization\": \"Bearer ${TOKEN}\"}"
            }
            Self::Timeout { .. } => "set a longer `timeout_ms` for the server",
            Self::AnswerTooLarge { .. } => "ask for less",
            Self::Refused { .. } | Self::BadAnswer { .. } => "see what the server logs",
            Self::UnknownServer { .. } => "the list of servers shows their names",
            Self::UnknownTool { .. } => "the list of tools shows their names",
            Self::BadArguments { .. } => "write them as {\"name\": value}",
            Self::Runtime { .. } => "close other programs and try again",
        };
        Some(text.to_owned())
    }
}
