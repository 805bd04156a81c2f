//! Streamable HTTP over hyper.
//!
//! A client of our own, of the pieces that `ureq` leaves out and rmcp needs:
//! it reads no environment, knows no proxy and no cookie, follows no redirect
//! (headers are for the host that was named), trusts the same roots as the
//! rest of the program, and reads no more than it was told to.

mod connect;
mod events;
mod target;

use std::borrow::Cow;
use std::collections::HashMap;
use std::error::Error as StdError;
use std::sync::Arc;

use futures_util::stream::BoxStream;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::body::Incoming;
use hyper_util::client::legacy;
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::streamable_http_client::{
    AuthRequiredError, HttpStatusError, SseError, StreamableHttpClient, StreamableHttpError,
    StreamableHttpPostResponse,
};
use sse_stream::Sse;
use thiserror::Error;

use crate::error::Error;
use connect::Connector;
pub(crate) use target::Target;

/// How much is read of an answer that is an error.
const MOST_ERROR_BYTES: usize = 64 << 10;

/// How much of such an answer is shown.
const SHOWN_BYTES: usize = 300;

const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");
const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";

/// What can go wrong below HTTP.
#[derive(Debug, Error)]
pub(crate) enum HttpError {
    #[error("{0}")]
    Request(http::Error),
    #[error("cannot connect")]
    Connect(#[source] legacy::Error),
    #[error("the connection broke")]
    Broken(#[source] hyper::Error),
}

type Failure = StreamableHttpError<HttpError>;

/// Asks one address.
#[derive(Clone)]
pub(crate) struct HttpClient {
    client: legacy::Client<Connector, Full<Bytes>>,
    most_bytes: usize,
}

impl HttpClient {
    pub(crate) fn new(target: &Target, most_bytes: usize) -> Self {
        Self { client: connect::client(target.network()), most_bytes }
    }

    async fn send(
        &self,
        method: Method,
        uri: &str,
        extra: Extra,
        body: Option<Vec<u8>>,
    ) -> Result<Response<Incoming>, Failure> {
        let mut request = Request::builder().method(method).uri(uri);
        if let Some(headers) = request.headers_mut() {
            for (name, value) in extra.custom {
                // The protocol's own headers cannot be set from a configuration.
                if name != ACCEPT && name != SESSION && name != LAST_EVENT {
                    headers.insert(name, value);
                }
            }
            headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
            if body.is_some() {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
            }
            let named = [
                (SESSION, extra.session.map(|id| id.to_string())),
                (LAST_EVENT, extra.last_event),
                (AUTHORIZATION, extra.bearer.map(|token| format!("Bearer {token}"))),
            ];
            for (name, value) in named {
                if let Some(value) = value {
                    let value = HeaderValue::try_from(value)
                        .map_err(|error| Failure::Client(HttpError::Request(error.into())))?;
                    headers.insert(name, value);
                }
            }
        }
        let request = request
            .body(Full::new(Bytes::from(body.unwrap_or_default())))
            .map_err(|error| Failure::Client(HttpError::Request(error)))?;
        let response = self.client.request(request).await;
        let response = response.map_err(|error| Failure::Client(HttpError::Connect(error)))?;
        refuse_login(&response)?;
        Ok(response)
    }
}

/// What goes with a request beside its body.
struct Extra {
    session: Option<Arc<str>>,
    last_event: Option<String>,
    bearer: Option<String>,
    custom: HashMap<HeaderName, HeaderValue>,
}

impl StreamableHttpClient for HttpClient {
    type Error = HttpError;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        bearer: Option<String>,
        custom: HashMap<HeaderName, HeaderValue>,
    ) -> Result<StreamableHttpPostResponse, Failure> {
        let body = serde_json::to_vec(&message)?;
        let expects_answer = matches!(message, ClientJsonRpcMessage::Request(_));
        let had_session = session.is_some();
        let extra = Extra { session, last_event: None, bearer, custom };
        let response = self.send(Method::POST, &uri, extra, Some(body)).await?;
        let status = response.status();
        if matches!(status, StatusCode::ACCEPTED | StatusCode::NO_CONTENT) {
            return Ok(StreamableHttpPostResponse::Accepted);
        }
        if status == StatusCode::NOT_FOUND && had_session {
            return Err(Failure::SessionExpired);
        }
        let session = text(&response, &SESSION);
        let is_json = has_type(&response, JSON);
        if status.is_success() && has_type(&response, EVENTS) {
            let events = events::read(response.into_body(), self.most_bytes);
            return Ok(StreamableHttpPostResponse::Sse(events, session));
        }
        if status.is_success() && !is_json {
            if !expects_answer {
                return Ok(StreamableHttpPostResponse::Accepted);
            }
            return Err(Failure::UnexpectedContentType(text(&response, &CONTENT_TYPE)));
        }
        let limit = if status.is_success() { self.most_bytes } else { MOST_ERROR_BYTES };
        let retry_after = text(&response, &RETRY_AFTER);
        let body = whole(response.into_body(), limit).await;
        if status.is_success() {
            return match serde_json::from_slice(&body?) {
                Ok(message) => Ok(StreamableHttpPostResponse::Json(message, session)),
                Err(_) if !expects_answer => Ok(StreamableHttpPostResponse::Accepted),
                Err(error) => Err(Failure::Deserialize(error)),
            };
        }
        // A refusal in the protocol's own words says more than a number.
        let body = body.unwrap_or_default();
        if is_json
            && let Ok(message @ ServerJsonRpcMessage::Error(_)) = serde_json::from_slice(&body)
        {
            return Ok(StreamableHttpPostResponse::Json(message, session));
        }
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(Failure::HttpStatus(HttpStatusError::new(status.as_u16(), retry_after)));
        }
        let shown = String::from_utf8_lossy(&body[..body.len().min(SHOWN_BYTES)]).into_owned();
        Err(Failure::UnexpectedServerResponse(Cow::Owned(format!("HTTP {status}: {shown}"))))
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session: Arc<str>,
        bearer: Option<String>,
        custom: HashMap<HeaderName, HeaderValue>,
    ) -> Result<(), Failure> {
        let extra = Extra { session: Some(session), last_event: None, bearer, custom };
        // Not every server ends sessions by word; it ends them by time then.
        self.send(Method::DELETE, &uri, extra, None).await.map(|_| ())
    }

    async fn get_stream(
        &self,
        uri: Arc<str>,
        session: Option<Arc<str>>,
        last_event: Option<String>,
        bearer: Option<String>,
        custom: HashMap<HeaderName, HeaderValue>,
    ) -> Result<BoxStream<'static, Result<Sse, SseError>>, Failure> {
        let extra = Extra { session, last_event, bearer, custom };
        let response = self.send(Method::GET, &uri, extra, None).await?;
        let status = response.status();
        if status.is_success() && has_type(&response, EVENTS) {
            return Ok(events::read(response.into_body(), self.most_bytes));
        }
        if status.is_server_error() {
            return Err(Failure::HttpStatus(HttpStatusError::new(status.as_u16(), None)));
        }
        Err(Failure::ServerDoesNotSupportSse)
    }
}

/// The bytes of a body, or that they are too many.
async fn whole(body: Incoming, limit: usize) -> Result<Bytes, Failure> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(Failure::ResponseBodyTooLarge { max_size: limit })
        }
        Err(error) => match error.downcast::<hyper::Error>() {
            Ok(error) => Err(Failure::Client(HttpError::Broken(*error))),
            Err(_) => Err(Failure::UnexpectedEndOfStream),
        },
    }
}

fn refuse_login(response: &Response<Incoming>) -> Result<(), Failure> {
    match response.status() {
        status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
            let wanted = text(response, &WWW_AUTHENTICATE).unwrap_or_default();
            if status == StatusCode::UNAUTHORIZED && !wanted.is_empty() {
                return Err(Failure::AuthRequired(AuthRequiredError::new(wanted)));
            }
            Err(Failure::HttpStatus(HttpStatusError::new(status.as_u16(), None)))
        }
        _ => Ok(()),
    }
}

fn text(response: &Response<Incoming>, name: &HeaderName) -> Option<String> {
    response.headers().get(name)?.to_str().ok().map(str::to_owned)
}

fn has_type(response: &Response<Incoming>, wanted: &str) -> bool {
    text(response, &CONTENT_TYPE).is_some_and(|kind| kind.starts_with(wanted))
}

/// What went wrong, in our words.
pub(crate) fn told(server: &str, what: &str, error: &(dyn StdError + 'static)) -> Error {
    let server = server.to_owned();
    let mut at = Some(error);
    while let Some(error) = at {
        if let Some(failure) = error.downcast_ref::<Failure>() {
            match failure {
                Failure::AuthRequired(_) => return Error::LoginNeeded { server, status: 401 },
                Failure::HttpStatus(status) if matches!(status.status, 401 | 403) => {
                    return Error::LoginNeeded { server, status: status.status };
                }
                Failure::ResponseBodyTooLarge { max_size } => {
                    let limit_bytes = *max_size;
                    return Error::AnswerTooLarge { server, what: what.to_owned(), limit_bytes };
                }
                Failure::Client(error) => {
                    return Error::Unreachable { server, reason: chain(error) };
                }
                _ => {}
            }
        }
        at = error.source();
    }
    Error::Unreachable { server, reason: chain(error) }
}

/// An error with its causes, each said once.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut at = error.source();
    while let Some(error) = at {
        let cause = error.to_string();
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
        at = error.source();
    }
    text
}
