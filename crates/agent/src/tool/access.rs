use std::fmt;

use serde::{Deserialize, Serialize};

/// What a call of a tool would touch: what permissions are about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Access {
    /// It reads a file, or what is known of the code.
    Read {
        /// The file or the folder; the root where it is empty.
        path: String,
    },
    /// It changes files.
    Write {
        /// The files.
        paths: Vec<String>,
    },
    /// It runs a command.
    Run {
        /// As a shell reads it.
        command: String,
    },
    /// It asks a server of tools.
    Mcp {
        /// The server's name.
        server: String,
        /// The tool's name there.
        tool: String,
    },
    /// It does nothing of this.
    Other,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { path } if path.is_empty() => f.write_str("read the code"),
            Self::Read { path } => write!(f, "read {path}"),
            Self::Write { paths } => write!(f, "change {}", paths.join(", ")),
            Self::Run { command } => write!(f, "run `{command}`"),
            Self::Mcp { server, tool } => write!(f, "call {tool} of the server {server}"),
            Self::Other => f.write_str("go on"),
        }
    }
}
