use rmcp::model::{
    ClientRequest, ListResourcesRequest, PaginatedRequestParams, ReadResourceRequest,
    ReadResourceRequestParams, ResourceContents, ServerResult,
};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::call::Limits;
use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::output::shorten;
use crate::tool::{MOST_ENTRIES, MOST_PAGES};

/// Something that a server can be asked to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Resource {
    /// The server.
    pub server: String,
    /// What it is asked for by.
    pub uri: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: Option<String>,
    /// Its media type.
    pub mime_type: Option<String>,
    /// Its size, where the server knows.
    pub size_bytes: Option<u64>,
}

/// A part of what a resource holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ResourceText {
    /// What it is asked for by.
    pub uri: String,
    /// Its media type.
    pub mime_type: Option<String>,
    /// Its text, or its bytes as base64.
    pub text: String,
    /// Whether the text is base64.
    pub is_base64: bool,
    /// How many bytes of text were left out of the middle.
    pub omitted_bytes: usize,
}

pub(crate) async fn list(
    connection: &Connection,
    limits: Limits,
    stop: &CancellationToken,
) -> Result<Vec<Resource>> {
    if connection.info().is_none_or(|info| info.capabilities.resources.is_none()) {
        return Ok(Vec::new());
    }
    let mut resources = Vec::new();
    let mut cursor = None;
    for _ in 0..MOST_PAGES {
        let params = PaginatedRequestParams::default().with_cursor(cursor.take());
        let request = ClientRequest::ListResourcesRequest(ListResourcesRequest {
            params: Some(params),
            ..ListResourcesRequest::default()
        });
        let answer = connection.ask("resources/list", request, limits, stop, &|_| {}).await?;
        let ServerResult::ListResourcesResult(page) = answer else {
            return Err(unreadable(connection, "resources/list"));
        };
        resources.extend(page.resources.into_iter().map(|resource| Resource {
            server: connection.server.clone(),
            uri: resource.uri,
            name: resource.name,
            description: resource.description,
            mime_type: resource.mime_type,
            size_bytes: resource.size,
        }));
        match page.next_cursor {
            Some(next) if resources.len() < MOST_ENTRIES => cursor = Some(next),
            _ => break,
        }
    }
    resources.truncate(MOST_ENTRIES);
    Ok(resources)
}

pub(crate) async fn read(
    connection: &Connection,
    uri: &str,
    most_bytes: usize,
    limits: Limits,
    stop: &CancellationToken,
) -> Result<Vec<ResourceText>> {
    let request = ReadResourceRequest::new(ReadResourceRequestParams::new(uri));
    let request = ClientRequest::ReadResourceRequest(request);
    let ServerResult::ReadResourceResult(result) =
        connection.ask(uri, request, limits, stop, &|_| {}).await?
    else {
        return Err(unreadable(connection, uri));
    };
    let mut room = most_bytes;
    let texts = result.contents.into_iter().filter_map(|contents| {
        let (uri, mime_type, mut text, is_base64) = match contents {
            ResourceContents::TextResourceContents { uri, mime_type, text, .. } => {
                (uri, mime_type, text, false)
            }
            ResourceContents::BlobResourceContents { uri, mime_type, blob, .. } => {
                (uri, mime_type, blob, true)
            }
            _ => return None,
        };
        let omitted_bytes = if is_base64 && text.len() > room {
            // Half of it could not be decoded.
            std::mem::take(&mut text).len()
        } else {
            shorten(&mut text, room)
        };
        room = room.saturating_sub(text.len());
        Some(ResourceText { uri, mime_type, text, is_base64, omitted_bytes })
    });
    Ok(texts.collect())
}

fn unreadable(connection: &Connection, what: &str) -> Error {
    Error::BadAnswer {
        server: connection.server.clone(),
        what: what.to_owned(),
        reason: "it is nothing that the protocol knows".to_owned(),
    }
}
