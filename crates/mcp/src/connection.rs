use std::sync::Arc;
use std::time::Duration;

use rmcp::RoleClient;
use rmcp::model::ServerPeerInfo;
use rmcp::service::{Peer, RunningService};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::handler::{Handler, Heard};
use crate::process::Process;

/// How long the protocol's own end may take; a program is ended after it.
const CLOSE: Duration = Duration::from_secs(2);

/// A server that has said what it offers.
pub(crate) struct Connection {
    pub(crate) server: String,
    pub(crate) peer: Peer<RoleClient>,
    pub(crate) heard: Arc<Heard>,
    /// The program; `None` for an address.
    pub(crate) process: Option<Process>,
    pub(crate) most_message_bytes: usize,
    service: Mutex<Option<RunningService<RoleClient, Handler>>>,
    subscription: std::sync::Mutex<Option<JoinHandle<()>>>,
}

impl Connection {
    pub(crate) fn new(
        server: String,
        service: RunningService<RoleClient, Handler>,
        process: Option<Process>,
        most_message_bytes: usize,
    ) -> Self {
        let heard = Arc::clone(&service.service().heard);
        Self {
            server,
            peer: service.peer().clone(),
            heard,
            process,
            most_message_bytes,
            service: Mutex::new(Some(service)),
            subscription: std::sync::Mutex::new(None),
        }
    }

    /// What the server says of itself.
    pub(crate) fn info(&self) -> Option<Arc<ServerPeerInfo>> {
        self.peer.peer_info()
    }

    /// Whether nothing can be asked any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.peer.is_transport_closed()
    }

    /// Servers of the newest revision tell of changes only who subscribes.
    pub(crate) fn subscribe(&self) {
        let Some(info) = self.info() else { return };
        if info.protocol_version.has_initialize() {
            return;
        }
        let (peer, heard) = (self.peer.clone(), Arc::clone(&self.heard));
        let task = tokio::spawn(async move {
            use rmcp::model::{ServerNotification, SubscriptionFilter};
            let filter = SubscriptionFilter::builder().tools_list_changed().build();
            let Ok(mut subscription) = peer.listen(filter).await else { return };
            while let Ok(Some(notification)) = subscription.next().await {
                if let ServerNotification::ToolListChangedNotification(_) = notification {
                    heard.tools_changed.notify_one();
                }
            }
        });
        if let Ok(mut subscription) = self.subscription.lock() {
            *subscription = Some(task);
        }
    }

    /// Ends it: the connection is closed, and a program with all that it
    /// started is gone when this returns.
    pub(crate) async fn close(&self) {
        if let Ok(mut subscription) = self.subscription.lock()
            && let Some(task) = subscription.take()
        {
            task.abort();
        }
        if let Some(mut service) = self.service.lock().await.take() {
            let _ = service.close_with_timeout(CLOSE).await;
        }
        if let Some(process) = &self.process {
            process.end().await;
        }
    }
}
