use clap::Subcommand;

/// What to do with servers of the Model Context Protocol.
#[derive(Debug, Subcommand)]
pub enum Mcp {
    /// List the servers that are named, without starting them
    List,
    /// Start the servers and tell which work
    Test {
        /// One server alone
        server: Option<String>,
    },
    /// Start the servers and list their tools
    Tools {
        /// One server alone
        server: Option<String>,
    },
    /// Call a tool
    Call {
        /// Its name, as `mcp tools` shows it
        tool: String,
        /// Its arguments as a JSON object; `-` reads the standard input
        #[arg(default_value = "{}")]
        arguments: String,
    },
    /// Allow the servers that the project's `.mcp.json` names, each as it is now
    Approve {
        /// Only this server
        server: Option<String>,
    },
    /// Take that back
    Revoke {
        /// Only of this server
        server: Option<String>,
    },
}
