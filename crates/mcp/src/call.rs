//! One question to a server: its time limits, its progress, its end.

use std::time::Duration;

use rmcp::RoleClient;
use rmcp::model::{ClientRequest, ServerResult};
use rmcp::service::{PeerRequestOptions, RequestHandle, ServiceError};
use serde::Serialize;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::stdio::{TOO_LARGE, UNREADABLE};

/// How long a server may take to be told that its answer is not waited for.
const FAREWELL: Duration = Duration::from_millis(500);

/// How long one whose connection broke may take to be gone.
const GONE: Duration = Duration::from_millis(500);

/// How far a call of a tool has come.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ToolProgress {
    /// How much is done, in the server's own units.
    pub done: f64,
    /// How much there is, where the server knows.
    pub total: Option<f64>,
    /// What it does now.
    pub message: Option<String>,
}

/// How long a question may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Without a sign of life.
    pub(crate) quiet: Duration,
    /// In all.
    pub(crate) whole: Duration,
}

impl Connection {
    /// Asks, and waits for the answer. `what` names the question in errors.
    pub(crate) async fn ask(
        &self,
        what: &str,
        request: ClientRequest,
        limits: Limits,
        stop: &CancellationToken,
        progress: &(dyn Fn(ToolProgress) + Send + Sync),
    ) -> Result<ServerResult> {
        let start = Instant::now();
        let options = PeerRequestOptions::no_options();
        let mut handle = match self.peer.send_cancellable_request(request, options).await {
            Ok(handle) => handle,
            Err(error) => return Err(self.told(what, error).await),
        };
        // Nothing else runs on this thread between the sending and this line,
        // so that no report comes too early.
        let mut listening = self.heard.listen(handle.progress_token.clone());
        let end = start + limits.whole;
        let mut quiet_until = start + limits.quiet;
        loop {
            tokio::select! {
                biased;
                report = listening.receiver.recv() => {
                    if let Some(report) = report {
                        quiet_until = Instant::now() + limits.quiet;
                        progress(report);
                    }
                }
                answer = &mut handle.rx => {
                    let error = match answer {
                        Ok(Ok(result)) => return Ok(result),
                        Ok(Err(error)) => error,
                        Err(_) => ServiceError::TransportClosed,
                    };
                    return Err(self.told(what, error).await);
                }
                () = stop.cancelled() => {
                    bid_farewell(handle, "stopped by the user").await;
                    return Err(Error::Cancelled);
                }
                () = sleep_until(quiet_until.min(end)) => {
                    bid_farewell(handle, "it took too long").await;
                    let limit = if quiet_until < end { limits.quiet } else { limits.whole };
                    return Err(Error::Timeout {
                        server: self.server.clone(),
                        what: what.to_owned(),
                        limit_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
                    });
                }
            }
        }
    }

    /// What went wrong, in our words.
    async fn told(&self, what: &str, error: ServiceError) -> Error {
        let server = self.server.clone();
        let what = what.to_owned();
        match error {
            ServiceError::McpError(error) => match error.code.0 {
                TOO_LARGE => {
                    Error::AnswerTooLarge { server, what, limit_bytes: self.most_message_bytes }
                }
                UNREADABLE => Error::BadAnswer { server, what, reason: error.message.into_owned() },
                code => Error::Refused {
                    server,
                    what,
                    code,
                    message: self.heard.record.without_secrets(&error.message),
                },
            },
            ServiceError::TransportClosed => self.gone().await,
            ServiceError::TransportSend(error) => match &self.process {
                Some(_) => self.gone().await,
                None => crate::http::told(&self.server, &what, error.error.as_ref()),
            },
            other => Error::BadAnswer { server, what, reason: other.to_string() },
        }
    }

    /// Why the connection broke.
    pub(crate) async fn gone(&self) -> Error {
        let server = self.server.clone();
        let Some(process) = &self.process else {
            return Error::Unreachable { server, reason: "it closed the connection".to_owned() };
        };
        let status = process.ended(GONE).await;
        let status = status.unwrap_or_else(|| "it closed its output and still runs".to_owned());
        Error::Died { server, status, stderr: self.heard.record.last_words() }
    }
}

/// Tells the server that its answer is not waited for.
async fn bid_farewell(handle: RequestHandle<RoleClient>, reason: &str) {
    let _ = timeout(FAREWELL, handle.cancel(Some(reason.to_owned()))).await;
}
