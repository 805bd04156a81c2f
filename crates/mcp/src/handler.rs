//! What a server says without being asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rmcp::ClientHandler;
use rmcp::RoleClient;
use rmcp::model::{
    ClientCapabilities, ClientConfig, Implementation, ProgressNotificationParam, ProgressToken,
};
use rmcp::service::NotificationContext;
use tokio::sync::{Notify, mpsc};

use crate::call::ToolProgress;
use crate::log::Record;
use crate::options::McpOptions;

/// How many reports of progress wait to be told; what comes beyond is left
/// out, since the next says more.
const WAITING: usize = 64;

/// What is kept of what a server says by itself.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) record: Arc<Record>,
    /// The list of tools is another one.
    pub(crate) tools_changed: Notify,
    calls: Mutex<HashMap<ProgressToken, mpsc::Sender<ToolProgress>>>,
}

impl Heard {
    pub(crate) fn new(record: Arc<Record>) -> Self {
        Self { record, ..Self::default() }
    }

    /// Hears of the progress of a call until what comes back is dropped.
    pub(crate) fn listen(self: &Arc<Self>, token: ProgressToken) -> Listening {
        let (sender, receiver) = mpsc::channel(WAITING);
        self.calls().insert(token.clone(), sender);
        Listening { heard: Arc::clone(self), token, receiver }
    }

    fn calls(
        &self,
    ) -> std::sync::MutexGuard<'_, HashMap<ProgressToken, mpsc::Sender<ToolProgress>>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reports of one call.
pub(crate) struct Listening {
    heard: Arc<Heard>,
    token: ProgressToken,
    pub(crate) receiver: mpsc::Receiver<ToolProgress>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.heard.calls().remove(&self.token);
    }
}

/// This side of a connection: it offers nothing, and so is asked for nothing.
pub(crate) struct Handler {
    pub(crate) heard: Arc<Heard>,
    pub(crate) info: ClientConfig,
}

impl Handler {
    pub(crate) fn new(heard: Arc<Heard>, options: &McpOptions) -> Self {
        let info = ClientConfig::new(
            ClientCapabilities::default(),
            Implementation::new(options.client_name.clone(), options.client_version.clone()),
        );
        Self { heard, info }
    }
}

impl ClientHandler for Handler {
    fn get_info(&self) -> ClientConfig {
        self.info.clone()
    }

    async fn on_progress(
        &self,
        params: ProgressNotificationParam,
        _context: NotificationContext<RoleClient>,
    ) {
        let sender = self.heard.calls().get(&params.progress_token).cloned();
        if let Some(sender) = sender {
            let message = params.message.map(|text| self.heard.record.without_secrets(&text));
            let _ = sender.try_send(ToolProgress {
                done: params.progress,
                total: params.total,
                message,
            });
        }
    }

    #[expect(deprecated, reason = "servers of today log this way")]
    async fn on_logging_message(
        &self,
        params: rmcp::model::LoggingMessageNotificationParam,
        _context: NotificationContext<RoleClient>,
    ) {
        let text = match params.data {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        let level = format!("{:?}", params.level).to_lowercase();
        self.heard.record.log(&level, params.logger, &text);
    }

    async fn on_tool_list_changed(&self, _context: NotificationContext<RoleClient>) {
        self.heard.tools_changed.notify_one();
    }
}
