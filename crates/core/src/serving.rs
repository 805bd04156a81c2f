//! The servers of tools of a session: started when they are first needed,
//! ended with it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mlxcode_agent::{Tool, ToolSource};
use mlxcode_base::CancelToken;
use mlxcode_mcp::{McpServers, ServerState, ServerStatus};

use crate::error::Result;
use crate::mcp::{Environment, McpEntry, McpPlan};
use crate::mcp_tool::mcp_tools;
use crate::workspace::Workspace;

/// How long the first turn waits for servers to start. `npx` and `uvx` take a
/// few seconds; what takes longer comes to a later step.
const START_WAIT: Duration = Duration::from_secs(15);

/// A server that somebody named, and how it is in a session.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionServer {
    /// What was named, and whether it may be started.
    pub entry: McpEntry,
    /// How it is; `None` where no turn has needed it yet.
    pub status: Option<ServerStatus>,
}

/// The servers of a session.
pub(crate) struct SessionServers {
    workspace: Workspace,
    environment: Environment,
    offline: bool,
    running: Mutex<Option<Running>>,
}

struct Running {
    servers: Arc<McpServers>,
    /// What was told already.
    told: BTreeSet<String>,
}

impl SessionServers {
    /// Starts nothing.
    pub fn new(workspace: Workspace, environment: Environment, offline: bool) -> Self {
        Self { workspace, environment, offline, running: Mutex::new(None) }
    }

    /// Ends them; the next turn that needs them starts those that are approved
    /// then.
    pub fn renew(&self) {
        let running = self.lock().take();
        drop(running);
    }

    /// All servers that are named now, and how they are.
    pub fn all(&self) -> Result<Vec<SessionServer>> {
        let plan = self.plan()?;
        let statuses = self.lock().as_ref().map(|running| running.servers.servers());
        let statuses = statuses.unwrap_or_default();
        let one = |entry: McpEntry| {
            let status = statuses.iter().find(|status| status.name == entry.name).cloned();
            SessionServer { entry, status }
        };
        Ok(plan.entries.into_iter().map(one).collect())
    }

    fn plan(&self) -> Result<McpPlan> {
        let workspace = &self.workspace;
        McpPlan::read(&workspace.dirs, Some(workspace.root()), workspace.config())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts those that are approved, and waits a little for them.
    fn start(&self, cancel: &CancelToken, told: &mut dyn FnMut(String)) -> Result<Running> {
        let plan = self.plan()?;
        for problem in &plan.problems {
            told(problem.clone());
        }
        let root = self.workspace.root();
        let servers = Arc::new(plan.begin(root, &self.environment, self.offline)?);
        for name in servers.wait(START_WAIT, cancel) {
            told(format!("the server {name} still starts: its tools come when it is ready"));
        }
        Ok(Running { servers, told: BTreeSet::new() })
    }
}

impl ToolSource for SessionServers {
    fn tools(&self, cancel: &CancelToken, told: &mut dyn FnMut(String)) -> Vec<Arc<dyn Tool>> {
        let mut running = self.lock();
        if running.is_none() {
            match self.start(cancel, told) {
                Ok(started) => *running = Some(started),
                Err(error) => {
                    told(format!("no server of tools is started: {}", error.sentence()));
                    return Vec::new();
                }
            }
        }
        let Some(running) = running.as_mut() else { return Vec::new() };
        for status in running.servers.servers() {
            let Some(error) = status.error.filter(|_| status.state == ServerState::Failed) else {
                continue;
            };
            let text = format!("the server {} has failed: {error}", status.name);
            if running.told.insert(text.clone()) {
                told(text);
            }
        }
        mcp_tools(&running.servers)
    }

    fn known(&self) -> Vec<Arc<dyn Tool>> {
        self.lock().as_ref().map(|running| mcp_tools(&running.servers)).unwrap_or_default()
    }
}
