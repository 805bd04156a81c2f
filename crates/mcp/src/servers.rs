use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mlxcode_base::CancelToken;
use rmcp::model::{CallToolRequest, CallToolRequestParams, ClientRequest, ServerResult};
use serde_json::Value;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::call::{Limits, ToolProgress};
use crate::config::McpConfig;
use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::log::LogLine;
use crate::name::qualified;
use crate::options::McpOptions;
use crate::output::ToolOutput;
use crate::prompt::{self, Prompt, PromptMessage};
use crate::resource::{self, Resource, ResourceText};
use crate::runtime::Runtime;
use crate::server::{Server, ServerState, ServerStatus};
use crate::tool::Tool;

/// How often it is looked whether servers have started.
const PAUSE: Duration = Duration::from_millis(10);

/// How long the end of all servers may take beside the time that each is
/// given: closing, telling, killing.
const LONGEST_END: Duration = Duration::from_secs(8);

/// The servers of a configuration.
///
/// Its calls block, may come from any thread and from several at once, and
/// end soon after their token is cancelled. When it is dropped, all programs
/// that it started have ended with all that they started.
///
/// ```
/// use mlxcode_base::CancelToken;
/// use mlxcode_mcp::{McpConfig, McpOptions, McpServers};
///
/// let config = McpConfig::from_json(".mcp.json", r#"{"mcpServers": {
///     "none": {"command": "a-program-that-is-not-there"}
/// }}"#)?;
/// let cancel = CancelToken::new();
/// let servers = McpServers::start(&config, McpOptions::new("."), &cancel)?;
/// let status = &servers.servers()[0];
/// assert!(status.error.as_ref().is_some_and(|error| error.to_string().contains("not found")));
/// # Ok::<(), mlxcode_mcp::Error>(())
/// ```
pub struct McpServers {
    runtime: Runtime,
    servers: Vec<Arc<Server>>,
    changes: Arc<AtomicU64>,
    closing: CancellationToken,
}

impl McpServers {
    /// Starts all servers side by side and waits until each has said what it
    /// offers, or has failed. One that failed says so in its status.
    ///
    /// # Errors
    /// Where the thread cannot be started, or the work was cancelled.
    pub fn start(config: &McpConfig, options: McpOptions, cancel: &CancelToken) -> Result<Self> {
        let this = Self::of(config, options)?;
        let wanted = this.wanted();
        if !wanted.is_empty() {
            this.runtime.run(
                cancel,
                |around| async move {
                    let mut starts = JoinSet::new();
                    for server in wanted {
                        let stop = around.stop.clone();
                        starts.spawn(async move { server.start(&stop).await });
                    }
                    while starts.join_next().await.is_some() {}
                    if around.stop.is_cancelled() { Err(Error::Cancelled) } else { Ok(()) }
                },
                &mut |_| {},
            )?;
        }
        Ok(this)
    }

    /// Starts all servers side by side and waits for none of them: each is
    /// [`Starting`](crate::ServerState::Starting) until it has said what it
    /// offers, or has failed.
    ///
    /// # Errors
    /// Where the thread cannot be started.
    pub fn begin(config: &McpConfig, options: McpOptions) -> Result<Self> {
        let this = Self::of(config, options)?;
        for server in this.wanted() {
            server.begins();
            this.runtime.spawn(async move {
                // What goes wrong is in its status.
                let _ = server.start(&CancellationToken::new()).await;
            });
        }
        Ok(this)
    }

    /// Waits until no server is starting any more, for so long at most. The
    /// names of those that still are.
    pub fn wait(&self, time: Duration, cancel: &CancelToken) -> Vec<String> {
        let begun = Instant::now();
        loop {
            let statuses = self.servers.iter().map(|server| server.status());
            let starting = statuses.filter(|status| status.state == ServerState::Starting);
            let starting: Vec<String> = starting.map(|status| status.name).collect();
            if starting.is_empty() || cancel.is_cancelled() || begun.elapsed() >= time {
                return starting;
            }
            thread::sleep(PAUSE);
        }
    }

    fn of(config: &McpConfig, options: McpOptions) -> Result<Self> {
        let options = Arc::new(options);
        let changes = Arc::new(AtomicU64::new(0));
        let closing = CancellationToken::new();
        let servers = config.servers.iter().map(|(name, config)| {
            let (options, changes) = (Arc::clone(&options), Arc::clone(&changes));
            Arc::new(Server::new(name, config, options, changes, closing.clone()))
        });
        let servers = servers.collect();
        Ok(Self { runtime: Runtime::start()?, servers, changes, closing })
    }

    /// The servers that are to be started.
    fn wanted(&self) -> Vec<Arc<Server>> {
        self.servers.iter().filter(|server| !server.config.disabled).cloned().collect()
    }

    /// What is known of each server, by name.
    pub fn servers(&self) -> Vec<ServerStatus> {
        self.servers.iter().map(|server| server.status()).collect()
    }

    /// The tools of all servers that run, as they are now.
    pub fn tools(&self) -> Vec<Tool> {
        let mut taken = HashSet::new();
        let mut tools: Vec<_> = self.servers.iter().flat_map(|server| server.tools()).collect();
        for tool in &mut tools {
            tool.name = qualified(&tool.server, &tool.own_name, &taken);
            taken.insert(tool.name.clone());
        }
        tools
    }

    /// A number that is another after each change of [`tools`](Self::tools).
    pub fn tools_version(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Calls a tool by its qualified name. `progress` hears, on this thread,
    /// how far it is.
    ///
    /// A tool that fails answers with [`ToolOutput::is_error`]; the error of
    /// this function means that no answer came.
    ///
    /// # Errors
    /// Where the tool is unknown, its server has ended or refuses, the answer
    /// takes too long or is too long, or the work was cancelled.
    pub fn call(
        &self,
        tool: &str,
        arguments: Value,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(ToolProgress),
    ) -> Result<ToolOutput> {
        let known = self.tools().into_iter().find(|known| known.name == tool);
        let Some(known) = known else { return Err(self.unknown_tool(tool)) };
        let arguments = match arguments {
            Value::Object(arguments) => Some(arguments),
            Value::Null => None,
            other => {
                let kind = match other {
                    Value::Array(_) => "a list",
                    Value::String(_) => "a text",
                    _ => "a number or a truth",
                };
                let reason = format!("they are {kind}");
                return Err(Error::BadArguments { tool: tool.to_owned(), reason });
            }
        };
        let server = self.server(&known.server)?;
        let what = known.own_name;
        self.runtime.run(
            cancel,
            |around| async move {
                let connection = server.connection(&around.stop).await?;
                let mut params = CallToolRequestParams::new(what.clone());
                params.arguments = arguments;
                let request = ClientRequest::CallToolRequest(CallToolRequest::new(params));
                let limits = server.limits();
                let answer =
                    connection.ask(&what, request, limits, &around.stop, &around.progress).await;
                if !matches!(answer, Err(Error::Died { .. } | Error::Unreachable { .. })) {
                    server.has_answered();
                }
                let reason = match answer? {
                    ServerResult::CallToolResult(result) => {
                        return Ok(ToolOutput::new(result, server.options.most_result_bytes));
                    }
                    ServerResult::InputRequiredResult(_) => {
                        "it wants to ask the user something, which is not offered"
                    }
                    ServerResult::CreateTaskResult(_) => {
                        "it wants to be asked for the result later, which is not offered"
                    }
                    _ => "it is no result of a tool",
                };
                let reason = reason.to_owned();
                Err(Error::BadAnswer { server: server.name.clone(), what, reason })
            },
            progress,
        )
    }

    /// The resources of one server, or of all.
    ///
    /// # Errors
    /// Where no server has that name, the one that was named does not answer,
    /// or the work was cancelled. Of all servers, those that fail are left out.
    pub fn resources(&self, server: Option<&str>, cancel: &CancelToken) -> Result<Vec<Resource>> {
        self.listed(server, cancel, |connection, limits, stop| async move {
            resource::list(&connection, limits, &stop).await
        })
    }

    /// Reads a resource.
    ///
    /// # Errors
    /// Where the server is unknown, has ended, refuses or takes too long.
    pub fn read_resource(
        &self,
        server: &str,
        uri: &str,
        cancel: &CancelToken,
    ) -> Result<Vec<ResourceText>> {
        let server = self.server(server)?;
        let uri = uri.to_owned();
        self.runtime.run(
            cancel,
            |around| async move {
                let connection = server.connection(&around.stop).await?;
                let most = server.options.most_result_bytes;
                resource::read(&connection, &uri, most, server.limits(), &around.stop).await
            },
            &mut |_| {},
        )
    }

    /// The prompts of one server, or of all.
    ///
    /// # Errors
    /// As of [`resources`](Self::resources).
    pub fn prompts(&self, server: Option<&str>, cancel: &CancelToken) -> Result<Vec<Prompt>> {
        self.listed(server, cancel, |connection, limits, stop| async move {
            prompt::list(&connection, limits, &stop).await
        })
    }

    /// What one server lists, or all do; `list` asks one of them.
    fn listed<T, F>(
        &self,
        server: Option<&str>,
        cancel: &CancelToken,
        list: impl Fn(Arc<Connection>, Limits, CancellationToken) -> F + Copy + Send + 'static,
    ) -> Result<Vec<T>>
    where
        T: Send + 'static,
        F: Future<Output = Result<Vec<T>>> + Send + 'static,
    {
        let mut all = Vec::new();
        for one in self.chosen(server)? {
            let listed = self.runtime.run(
                cancel,
                |around| async move {
                    let connection = one.connection(&around.stop).await?;
                    list(connection, one.limits(), around.stop).await
                },
                &mut |_| {},
            );
            all.extend(kept(listed, server)?);
        }
        Ok(all)
    }

    /// The messages of a prompt.
    ///
    /// # Errors
    /// Where the server is unknown, has ended, refuses or takes too long.
    pub fn prompt(
        &self,
        server: &str,
        name: &str,
        arguments: &BTreeMap<String, String>,
        cancel: &CancelToken,
    ) -> Result<Vec<PromptMessage>> {
        let server = self.server(server)?;
        let (name, arguments) = (name.to_owned(), arguments.clone());
        self.runtime.run(
            cancel,
            |around| async move {
                let connection = server.connection(&around.stop).await?;
                let most = server.options.most_result_bytes;
                prompt::get(&connection, &name, &arguments, most, server.limits(), &around.stop)
                    .await
            },
            &mut |_| {},
        )
    }

    /// The newest lines of a server's log: what it tells over the protocol,
    /// and what was wrong with it.
    ///
    /// # Errors
    /// Where no server has that name.
    pub fn logs(&self, server: &str) -> Result<Vec<LogLine>> {
        Ok(self.server(server)?.record.lines())
    }

    /// The end of what a program wrote to its error output.
    ///
    /// # Errors
    /// Where no server has that name.
    pub fn error_output(&self, server: &str) -> Result<String> {
        Ok(self.server(server)?.record.last_words())
    }

    /// Ends a server and starts it anew, one that failed too.
    ///
    /// # Errors
    /// Where no server has that name, or it fails again.
    pub fn restart(&self, server: &str, cancel: &CancelToken) -> Result<()> {
        let server = self.server(server)?;
        if server.config.disabled {
            return Err(Error::Disabled { server: server.name.clone() });
        }
        self.runtime.run(
            cancel,
            |around| async move { server.restart(&around.stop).await },
            &mut |_| {},
        )
    }

    /// Ends all servers: inputs are closed, programs get a little time, then
    /// are killed with all that they started. Dropping does the same.
    pub fn shutdown(&self) {
        self.closing.cancel();
        let servers = self.servers.clone();
        let grace = self.servers.first().map_or(Duration::ZERO, |server| server.options.grace);
        self.runtime.finish(grace + LONGEST_END, async move {
            let mut ends = JoinSet::new();
            for server in servers {
                ends.spawn(async move { server.close().await });
            }
            while ends.join_next().await.is_some() {}
        });
    }

    fn server(&self, name: &str) -> Result<Arc<Server>> {
        let server = self.servers.iter().find(|server| server.name == name);
        server.cloned().ok_or_else(|| Error::UnknownServer { server: name.to_owned() })
    }

    /// The server that is named, or those that run.
    fn chosen(&self, name: Option<&str>) -> Result<Vec<Arc<Server>>> {
        if let Some(name) = name {
            return Ok(vec![self.server(name)?]);
        }
        Ok(self.servers.iter().filter(|server| !server.config.disabled).cloned().collect())
    }

    /// Why a tool is not there: its server may have failed.
    fn unknown_tool(&self, tool: &str) -> Error {
        let failed = self.servers.iter().map(|server| server.status()).find_map(|status| {
            let error = status.error?;
            tool.starts_with(&format!("{}__", status.name)).then_some(error)
        });
        failed.unwrap_or_else(|| Error::UnknownTool { tool: tool.to_owned() })
    }
}

/// One that was named has to answer; of many, those that do not are left out.
fn kept<T>(listed: Result<Vec<T>>, named: Option<&str>) -> Result<Vec<T>> {
    match listed {
        Err(error) if named.is_some() || matches!(error, Error::Cancelled) => Err(error),
        listed => Ok(listed.unwrap_or_default()),
    }
}

impl Drop for McpServers {
    fn drop(&mut self) {
        self.shutdown();
    }
}
