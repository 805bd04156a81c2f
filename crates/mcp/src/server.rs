//! One server over its whole life: started, asked, started again, ended.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::call::Limits;
use crate::config::{ServerConfig, TransportKind};
use crate::connect::connect;
use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::log::Record;
use crate::options::McpOptions;
use crate::tool::{self, Listed};

/// How often a server that ended is started again before it has answered.
const MOST_RESTARTS: u32 = 1;

/// How long it is waited before one that ended is started again.
const RESTART_PAUSE: Duration = Duration::from_millis(500);

/// How long a list that changes is left alone before it is read again:
/// servers tell of each of ten changes.
const SETTLE: Duration = Duration::from_millis(30);

/// Whether a server can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ServerState {
    /// It was started, and has not said yet what it offers.
    Starting,
    /// It can.
    Running,
    /// It failed; its error says why.
    Failed,
    /// Its configuration switches it off.
    Disabled,
    /// It was ended.
    Ended,
}

/// What is known of a server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerStatus {
    /// Its name in the configuration.
    pub name: String,
    /// How it is spoken to.
    pub transport: Option<TransportKind>,
    /// Whether it can be asked.
    pub state: ServerState,
    /// Why it cannot.
    pub error: Option<Error>,
    /// What it calls itself.
    pub title: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// The revision of the protocol that is spoken.
    pub protocol: Option<String>,
    /// What it says about its use, for the model. Its author wrote that, not
    /// the user.
    pub instructions: Option<String>,
    /// How many tools it offers.
    pub tools: usize,
}

pub(crate) struct Server {
    pub(crate) name: String,
    pub(crate) config: ServerConfig,
    pub(crate) options: Arc<McpOptions>,
    pub(crate) record: Arc<Record>,
    /// Counts changes of any server's list of tools.
    changes: Arc<AtomicU64>,
    /// Everything ends.
    closing: CancellationToken,
    connection: tokio::sync::Mutex<Option<Arc<Connection>>>,
    restarts: AtomicU32,
    seen: Mutex<Seen>,
}

/// What is told of a server without asking it.
struct Seen {
    status: ServerStatus,
    tools: Vec<Listed>,
}

impl Server {
    pub(crate) fn new(
        name: &str,
        config: &ServerConfig,
        options: Arc<McpOptions>,
        changes: Arc<AtomicU64>,
        closing: CancellationToken,
    ) -> Self {
        let status = ServerStatus {
            name: name.to_owned(),
            transport: config.kind(),
            state: if config.disabled { ServerState::Disabled } else { ServerState::Ended },
            error: None,
            title: None,
            version: None,
            protocol: None,
            instructions: None,
            tools: 0,
        };
        Self {
            name: name.to_owned(),
            config: config.clone(),
            options,
            record: Arc::default(),
            changes,
            closing,
            connection: tokio::sync::Mutex::new(None),
            restarts: AtomicU32::new(0),
            seen: Mutex::new(Seen { status, tools: Vec::new() }),
        }
    }

    pub(crate) fn status(&self) -> ServerStatus {
        self.seen().status.clone()
    }

    pub(crate) fn tools(&self) -> Vec<Listed> {
        self.seen().tools.clone()
    }

    /// How long a question may take.
    pub(crate) fn limits(&self) -> Limits {
        let quiet = self.config.timeout_ms.map_or(self.options.call_timeout, Duration::from_millis);
        Limits { quiet, whole: self.options.longest_call.max(quiet) }
    }

    /// How long a list may take: as long as a start.
    fn list_limits(&self) -> Limits {
        Limits { quiet: self.options.start_timeout, whole: self.options.start_timeout }
    }

    /// Tells that it is about to be started.
    pub(crate) fn begins(&self) {
        self.seen().status.state = ServerState::Starting;
    }

    /// Starts it. What happens is told by its status.
    pub(crate) async fn start(self: &Arc<Self>, stop: &CancellationToken) -> Result<()> {
        let mut slot = self.connection.lock().await;
        self.start_into(&mut slot, stop).await.map(|_| ())
    }

    /// The way to ask it; where it has ended, it is started once more.
    pub(crate) async fn connection(
        self: &Arc<Self>,
        stop: &CancellationToken,
    ) -> Result<Arc<Connection>> {
        if self.config.disabled {
            return Err(Error::Disabled { server: self.name.clone() });
        }
        let mut slot = tokio::select! {
            slot = self.connection.lock() => slot,
            () = stop.cancelled() => return Err(Error::Cancelled),
        };
        let Some(connection) = slot.as_ref() else {
            let error = self.seen().status.error.clone();
            return match error {
                // It was stopped while it started; that was about another call.
                Some(Error::Cancelled) => self.start_into(&mut slot, stop).await,
                Some(error) => Err(error),
                None => Err(Error::Disabled { server: self.name.clone() }),
            };
        };
        if !connection.is_closed() {
            return Ok(Arc::clone(connection));
        }
        let error = connection.gone().await;
        connection.close().await;
        *slot = None;
        if self.restarts.fetch_add(1, Ordering::Relaxed) >= MOST_RESTARTS {
            self.fail(&error);
            return Err(error);
        }
        self.record.log("warning", Some("mlx-code".to_owned()), &format!("{error}; started again"));
        tokio::select! {
            () = tokio::time::sleep(RESTART_PAUSE) => {}
            () = stop.cancelled() => {
                self.fail(&error);
                return Err(Error::Cancelled);
            }
        }
        self.start_into(&mut slot, stop).await
    }

    /// It has answered: whatever ends it next is another reason.
    pub(crate) fn has_answered(&self) {
        self.restarts.store(0, Ordering::Relaxed);
    }

    /// Ends it, and starts it anew.
    pub(crate) async fn restart(self: &Arc<Self>, stop: &CancellationToken) -> Result<()> {
        let mut slot = self.connection.lock().await;
        if let Some(connection) = slot.take() {
            connection.close().await;
        }
        self.restarts.store(0, Ordering::Relaxed);
        self.start_into(&mut slot, stop).await.map(|_| ())
    }

    /// Ends it for good.
    pub(crate) async fn close(&self) {
        let connection = self.connection.lock().await.take();
        if let Some(connection) = connection {
            connection.close().await;
            let mut seen = self.seen();
            seen.status.state = ServerState::Ended;
            seen.tools.clear();
        }
    }

    async fn start_into(
        self: &Arc<Self>,
        slot: &mut Option<Arc<Connection>>,
        stop: &CancellationToken,
    ) -> Result<Arc<Connection>> {
        let started = tokio::select! {
            started = self.start_now(stop) => started,
            () = self.closing.cancelled() => Err(Error::Cancelled),
        };
        match started {
            Ok(connection) => {
                *slot = Some(Arc::clone(&connection));
                Ok(connection)
            }
            Err(error) => {
                self.fail(&error);
                Err(error)
            }
        }
    }

    async fn start_now(self: &Arc<Self>, stop: &CancellationToken) -> Result<Arc<Connection>> {
        let connection =
            connect(&self.name, &self.config, &self.options, &self.record, stop).await?;
        let connection = Arc::new(connection);
        let allowed = self.config.tools.as_deref();
        let tools = match tool::list(&connection, allowed, self.list_limits(), stop).await {
            Ok(tools) => tools,
            Err(error) => {
                connection.close().await;
                return Err(error);
            }
        };
        if let Some(allowed) = allowed {
            for name in
                allowed.iter().filter(|name| !tools.iter().any(|tool| tool.own_name == **name))
            {
                let text = format!("the configuration allows a tool `{name}`, which is not there");
                self.record.log("warning", Some("mlx-code".to_owned()), &text);
            }
        }
        let info = connection.info();
        {
            let mut seen = self.seen();
            let status = &mut seen.status;
            status.state = ServerState::Running;
            status.error = None;
            status.tools = tools.len();
            if let Some(info) = info {
                status.protocol = Some(info.protocol_version.to_string());
                status.instructions.clone_from(&info.instructions);
                if let Some(own) = &info.server_info {
                    status.title = Some(own.title.clone().unwrap_or_else(|| own.name.clone()));
                    status.version = Some(own.version.clone());
                }
            }
            seen.tools = tools;
        }
        self.changes.fetch_add(1, Ordering::Release);
        tokio::spawn(follow(Arc::downgrade(self), Arc::downgrade(&connection)));
        Ok(connection)
    }

    fn fail(&self, error: &Error) {
        let mut seen = self.seen();
        seen.status.state = ServerState::Failed;
        seen.status.error = Some(error.clone());
        seen.status.tools = 0;
        seen.tools.clear();
        drop(seen);
        self.changes.fetch_add(1, Ordering::Release);
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the list of tools again each time the server says that it is another.
async fn follow(server: Weak<Server>, connection: Weak<Connection>) {
    let never = CancellationToken::new();
    loop {
        // Nothing is held while it waits, so that both can end.
        let Some(heard) = connection.upgrade().map(|connection| Arc::clone(&connection.heard))
        else {
            return;
        };
        heard.tools_changed.notified().await;
        tokio::time::sleep(SETTLE).await;
        let (Some(server), Some(connection)) = (server.upgrade(), connection.upgrade()) else {
            return;
        };
        let allowed = server.config.tools.as_deref();
        match tool::list(&connection, allowed, server.list_limits(), &never).await {
            Ok(tools) => {
                let mut seen = server.seen();
                seen.status.tools = tools.len();
                seen.tools = tools;
                drop(seen);
                server.changes.fetch_add(1, Ordering::Release);
            }
            Err(error) => {
                server.record.log("warning", Some("mlx-code".to_owned()), &error.to_string());
                if connection.is_closed() {
                    return;
                }
            }
        }
    }
}
