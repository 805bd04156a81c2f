use std::collections::BTreeMap;

use rmcp::model::{
    ClientRequest, ContentBlock, GetPromptRequest, GetPromptRequestParams, ListPromptsRequest,
    PaginatedRequestParams, ResourceContents, Role, ServerResult,
};
use serde::Serialize;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::call::Limits;
use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::output::shorten;
use crate::tool::{MOST_ENTRIES, MOST_PAGES};

/// A question that a server has prepared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Prompt {
    /// The server.
    pub server: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What it is to be told.
    pub arguments: Vec<PromptArgument>,
}

/// Something that a prompt is to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PromptArgument {
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: Option<String>,
    /// Whether the prompt cannot do without.
    pub is_required: bool,
}

/// A message of a prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PromptMessage {
    /// Who says it: `user` or `assistant`.
    pub role: String,
    /// What is said, with a line for what is no text.
    pub text: String,
}

pub(crate) async fn list(
    connection: &Connection,
    limits: Limits,
    stop: &CancellationToken,
) -> Result<Vec<Prompt>> {
    if connection.info().is_none_or(|info| info.capabilities.prompts.is_none()) {
        return Ok(Vec::new());
    }
    let mut prompts = Vec::new();
    let mut cursor = None;
    for _ in 0..MOST_PAGES {
        let params = PaginatedRequestParams::default().with_cursor(cursor.take());
        let request = ClientRequest::ListPromptsRequest(ListPromptsRequest {
            params: Some(params),
            ..ListPromptsRequest::default()
        });
        let answer = connection.ask("prompts/list", request, limits, stop, &|_| {}).await?;
        let ServerResult::ListPromptsResult(page) = answer else {
            return Err(unreadable(connection, "prompts/list"));
        };
        prompts.extend(page.prompts.into_iter().map(|prompt| Prompt {
            server: connection.server.clone(),
            name: prompt.name,
            description: prompt.description,
            arguments: prompt.arguments.unwrap_or_default().into_iter().map(argument).collect(),
        }));
        match page.next_cursor {
            Some(next) if prompts.len() < MOST_ENTRIES => cursor = Some(next),
            _ => break,
        }
    }
    prompts.truncate(MOST_ENTRIES);
    Ok(prompts)
}

fn argument(argument: rmcp::model::PromptArgument) -> PromptArgument {
    PromptArgument {
        name: argument.name,
        description: argument.description,
        is_required: argument.required.unwrap_or(false),
    }
}

pub(crate) async fn get(
    connection: &Connection,
    name: &str,
    arguments: &BTreeMap<String, String>,
    most_bytes: usize,
    limits: Limits,
    stop: &CancellationToken,
) -> Result<Vec<PromptMessage>> {
    let mut params = GetPromptRequestParams::new(name);
    if !arguments.is_empty() {
        let arguments =
            arguments.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
        params.arguments = Some(arguments.collect());
    }
    let request = ClientRequest::GetPromptRequest(GetPromptRequest::new(params));
    let ServerResult::GetPromptResult(result) =
        connection.ask(name, request, limits, stop, &|_| {}).await?
    else {
        return Err(unreadable(connection, name));
    };
    let mut room = most_bytes;
    let messages = result.messages.into_iter().map(|message| {
        let mut text = content(message.content);
        shorten(&mut text, room);
        room = room.saturating_sub(text.len());
        let role = if matches!(message.role, Role::Assistant) { "assistant" } else { "user" };
        PromptMessage { role: role.to_owned(), text }
    });
    Ok(messages.collect())
}

fn content(block: ContentBlock) -> String {
    match block {
        ContentBlock::Text(text) => text.text,
        ContentBlock::Resource(embedded) => match embedded.resource {
            ResourceContents::TextResourceContents { uri, text, .. } => format!("[{uri}]\n{text}"),
            ResourceContents::BlobResourceContents { uri, .. } => {
                format!("[{uri}, no text, left out]")
            }
            _ => "[something unknown, left out]".to_owned(),
        },
        ContentBlock::Image(image) => format!("[picture, {}, left out]", image.mime_type),
        ContentBlock::ResourceLink(link) => format!("[resource {}: {}]", link.name, link.uri),
        _ => "[something unknown, left out]".to_owned(),
    }
}

fn unreadable(connection: &Connection, what: &str) -> Error {
    Error::BadAnswer {
        server: connection.server.clone(),
        what: what.to_owned(),
        reason: "it is no prompt".to_owned(),
    }
}
