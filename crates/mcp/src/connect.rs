//! From the configuration of a server to one that has said what it offers.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use rmcp::RoleClient;
use rmcp::model::{ErrorCode, ProtocolVersion};
use rmcp::service::{
    ClientInitializeError, ClientLifecycleMode, RunningService, serve_client_with_lifecycle,
};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use tokio_util::sync::CancellationToken;

use crate::config::{ServerConfig, TransportKind};
use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::expand::expand;
use crate::handler::{Handler, Heard};
use crate::http::{HttpClient, Target};
use crate::log::Record;
use crate::options::McpOptions;
use crate::process::{Launch, Process};
use crate::stdio::Stdio;

/// How long a program that ended while it started may take to be gone.
const GONE: Duration = Duration::from_millis(500);

/// What a server is reached by.
pub(crate) enum Reach {
    Program(Launch),
    Address(Target),
}

/// Reads a configuration: puts variables in and refuses what makes no sense
/// or may not be.
pub(crate) fn resolve(
    server: &str,
    config: &ServerConfig,
    options: &McpOptions,
    record: &Record,
) -> Result<Reach> {
    let bad =
        |reason: &str| Error::BadServer { server: server.to_owned(), reason: reason.to_owned() };
    let expanded = |text: &str| {
        expand(text, &options.variables)
            .map_err(|variable| Error::MissingVariable { server: server.to_owned(), variable })
    };
    if config.command.is_some() && config.url.is_some() {
        return Err(bad("it has both a `command` and a `url`"));
    }
    match config.kind() {
        Some(TransportKind::Stdio) => {
            let command = config.command.as_deref().ok_or_else(|| bad("it has no `command`"))?;
            let env: std::collections::BTreeMap<_, _> = config
                .env
                .iter()
                .map(|(name, value)| Ok((name.clone(), expanded(value)?)))
                .collect::<Result<_>>()?;
            if let Some(name) =
                env.keys().find(|name| name.is_empty() || name.contains(['=', '\0']))
            {
                return Err(bad(&format!("`{name}` cannot be the name of a variable")));
            }
            record.hide(env.values().cloned());
            let folder = match &config.cwd {
                Some(folder) => options.folder.join(expanded(&folder.to_string_lossy())?),
                None => options.folder.clone(),
            };
            if !folder.is_dir() {
                return Err(bad(&format!("its folder {} is not there", folder.display())));
            }
            let args = config.args.iter().map(|arg| expanded(arg)).collect::<Result<_>>()?;
            Ok(Reach::Program(Launch { program: expanded(command)?, args, env, folder }))
        }
        Some(TransportKind::Http) => {
            let url = config.url.as_deref().ok_or_else(|| bad("it has no `url`"))?;
            let mut headers = HashMap::new();
            for (name, value) in &config.headers {
                let value = expanded(value)?;
                let wrong = || bad(&format!("`{name}` is no header that can be sent"));
                let name = HeaderName::try_from(name.as_str()).map_err(|_| wrong())?;
                let mut header = HeaderValue::try_from(value.as_str()).map_err(|_| wrong())?;
                header.set_sensitive(true);
                headers.insert(name, header);
            }
            let values = headers.values().filter_map(|value| value.to_str().ok());
            // `Bearer TOKEN`: the token alone is to be hidden too.
            record.hide(values.flat_map(|value| value.split(' ')).map(str::to_owned));
            Target::new(server, &expanded(url)?, headers, options.network).map(Reach::Address)
        }
        Some(TransportKind::Sse) => {
            Err(bad("the older transport `sse` is not spoken; many servers offer `http` too"))
        }
        None => Err(bad("it has neither a `command` nor a `url`")),
    }
}

/// Starts a program, or asks an address, and waits until it has said what it
/// offers.
///
/// The `initialize` of the older revisions goes first: servers of today
/// answer it, and those that do not know it yet say so. Asked the other way
/// round, many would be silent.
pub(crate) async fn connect(
    server: &str,
    config: &ServerConfig,
    options: &McpOptions,
    record: &Arc<Record>,
    stop: &CancellationToken,
) -> Result<Connection> {
    let reach = resolve(server, config, options, record)?;
    let begin = async {
        let first = begin(server, &reach, ClientLifecycleMode::Initialize, options, record).await;
        match first {
            Err(Failed { newer: true, .. }) => {
                let preferred_versions = vec![ProtocolVersion::LATEST];
                let newest = ClientLifecycleMode::Discover { preferred_versions };
                begin(server, &reach, newest, options, record).await
            }
            other => other,
        }
    };
    tokio::select! {
        () = stop.cancelled() => Err(Error::Cancelled),
        begun = tokio::time::timeout(options.start_timeout, begin) => match begun {
            Ok(Ok(connection)) => {
                connection.subscribe();
                Ok(connection)
            }
            Ok(Err(failed)) => Err(failed.error),
            Err(_) => Err(Error::StartTimeout {
                server: server.to_owned(),
                limit_ms: u64::try_from(options.start_timeout.as_millis()).unwrap_or(u64::MAX),
                stderr: record.last_words(),
            }),
        },
    }
}

struct Failed {
    error: Error,
    /// The server speaks only the newest revision.
    newer: bool,
}

async fn begin(
    server: &str,
    reach: &Reach,
    mode: ClientLifecycleMode,
    options: &McpOptions,
    record: &Arc<Record>,
) -> Result<Connection, Failed> {
    let heard = Arc::new(Heard::new(Arc::clone(record)));
    let handler = Handler::new(heard, options);
    let limit = options.most_message_bytes;
    let done = |service, process| Connection::new(server.to_owned(), service, process, limit);
    match reach {
        Reach::Program(launch) => {
            let (process, stdin, stdout) = Process::start(server, launch, options, record)
                .map_err(|error| Failed { error, newer: false })?;
            let transport = Stdio::new(stdin, stdout, limit, Arc::clone(record));
            match serve_client_with_lifecycle(handler, transport, mode).await {
                Ok(service) => Ok(done(service, Some(process))),
                Err(error) => Err(failed(server, error, Some(&process), record).await),
            }
        }
        Reach::Address(target) => {
            let config = StreamableHttpClientTransportConfig::with_uri(target.url())
                .custom_headers(target.headers())
                .max_sse_event_size(limit);
            let client = HttpClient::new(target, limit);
            let transport = StreamableHttpClientTransport::with_client(client, config);
            let service: Result<RunningService<RoleClient, Handler>, _> =
                serve_client_with_lifecycle(handler, transport, mode).await;
            match service {
                Ok(service) => Ok(done(service, None)),
                Err(error) => Err(failed(server, error, None, record).await),
            }
        }
    }
}

async fn failed(
    server: &str,
    error: ClientInitializeError,
    process: Option<&Process>,
    record: &Record,
) -> Failed {
    let bad = |reason: String| Error::BadStart {
        server: server.to_owned(),
        reason: record.without_secrets(&reason),
        stderr: record.last_words(),
    };
    match error {
        ClientInitializeError::JsonRpcError(error) => {
            let newer = matches!(
                error.code,
                ErrorCode::METHOD_NOT_FOUND | ErrorCode::UNSUPPORTED_PROTOCOL_VERSION
            );
            let reason = format!("it refused `initialize`: {} ({})", error.message, error.code.0);
            Failed { error: bad(reason), newer }
        }
        ClientInitializeError::NoCompatibleProtocolVersion { .. } => Failed {
            error: bad("it speaks no revision of the protocol that is known here".to_owned()),
            newer: true,
        },
        other => {
            // Any other failure closes its input, and it ends because of that.
            let broke = matches!(
                other,
                ClientInitializeError::ConnectionClosed(_)
                    | ClientInitializeError::TransportError { .. }
            );
            if broke
                && let Some(process) = process
                && let Some(status) = process.ended(GONE).await
            {
                let stderr = record.last_words();
                let error = Error::Died { server: server.to_owned(), status, stderr };
                return Failed { error, newer: false };
            }
            let error = match other {
                ClientInitializeError::TransportError { error, .. } if process.is_none() => {
                    crate::http::told(server, "initialize", error.error.as_ref())
                }
                ClientInitializeError::ConnectionClosed(_) if process.is_none() => {
                    let reason = "it closed the connection".to_owned();
                    Error::Unreachable { server: server.to_owned(), reason }
                }
                other => bad(other.to_string()),
            };
            Failed { error, newer: false }
        }
    }
}
