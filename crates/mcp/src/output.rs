use rmcp::model::{CallToolResult, ContentBlock, ResourceContents};
use serde::Serialize;
use serde_json::Value;

/// How many pictures of one result are kept, and how long each may be as
/// base64.
const MOST_IMAGES: usize = 8;
const MOST_IMAGE_BYTES: usize = 8 << 20;

/// What a tool gave back.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ToolOutput {
    /// What it says, with a line for each thing that is no text.
    pub text: String,
    /// The same as data, where the tool gives data.
    pub structured: Option<Value>,
    /// Pictures.
    pub images: Vec<ToolImage>,
    /// Whether the tool says that it failed; `text` says why then.
    pub is_error: bool,
    /// How many bytes of text were left out of the middle. What stands there
    /// instead says so.
    pub omitted_bytes: usize,
}

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ToolImage {
    /// Its media type, such as `image/png`.
    pub mime_type: String,
    /// Its bytes as base64, as they came.
    pub base64: String,
}

impl ToolOutput {
    pub(crate) fn new(result: CallToolResult, most_bytes: usize) -> Self {
        let mut output = Self { is_error: result.is_error.unwrap_or(false), ..Self::default() };
        output.structured = result.structured_content;
        for block in result.content {
            output.add(block);
        }
        if output.text.is_empty()
            && output.images.is_empty()
            && let Some(structured) = &output.structured
        {
            output.text = structured.to_string();
        }
        if output.structured.as_ref().is_some_and(|value| value.to_string().len() > most_bytes) {
            output.structured = None;
            output.line("[the result as data is too long and left out]");
        }
        output.omitted_bytes = shorten(&mut output.text, most_bytes);
        output
    }

    fn add(&mut self, block: ContentBlock) {
        match block {
            ContentBlock::Text(text) => self.line(&text.text),
            ContentBlock::Image(image) => self.image(image.mime_type, image.data),
            ContentBlock::Audio(audio) => {
                self.line(&format!("[sound, {}, left out]", audio.mime_type));
            }
            ContentBlock::Resource(embedded) => match embedded.resource {
                ResourceContents::TextResourceContents { uri, text, .. } => {
                    self.line(&format!("[{uri}]\n{text}"));
                }
                ResourceContents::BlobResourceContents { uri, mime_type, blob, .. } => {
                    match mime_type.filter(|kind| kind.starts_with("image/")) {
                        Some(kind) => self.image(kind, blob),
                        None => self.line(&format!("[{uri}, no text, left out]")),
                    }
                }
                _ => self.line("[something unknown, left out]"),
            },
            ContentBlock::ResourceLink(link) => {
                self.line(&format!("[resource {}: {}]", link.name, link.uri));
            }
            _ => self.line("[something unknown, left out]"),
        }
    }

    fn image(&mut self, mime_type: String, base64: String) {
        if self.images.len() == MOST_IMAGES || base64.len() > MOST_IMAGE_BYTES {
            self.line(&format!("[picture, {mime_type}, too large or too many, left out]"));
        } else {
            self.images.push(ToolImage { mime_type, base64 });
        }
    }

    fn line(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(text);
    }
}

/// Takes so much out of the middle that the text fits, and says how much.
pub(crate) fn shorten(text: &mut String, most_bytes: usize) -> usize {
    if text.len() <= most_bytes {
        return 0;
    }
    let head = text.floor_char_boundary(most_bytes * 3 / 4);
    let tail = text.ceil_char_boundary(text.len() - most_bytes / 4);
    let omitted = tail - head;
    text.replace_range(head..tail, &format!("\n[… {omitted} bytes left out …]\n"));
    omitted
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn output(result: Value) -> ToolOutput {
        ToolOutput::new(serde_json::from_value(result).unwrap(), 100)
    }

    #[test]
    fn each_kind_of_content_is_told() {
        let output = output(json!({"content": [
            {"type": "text", "text": "hello"},
            {"type": "image", "mimeType": "image/png", "data": "AAAA"},
            {"type": "audio", "mimeType": "audio/wav", "data": "AAAA"},
            {"type": "resource", "resource": {"uri": "a:b", "text": "inside"}},
            {"type": "resource", "resource": {"uri": "a:c", "blob": "AAAA"}},
            {"type": "resource_link", "uri": "a:d", "name": "d"},
        ]}));
        let expect = "hello\n[sound, audio/wav, left out]\n[a:b]\ninside\n[a:c, no text, left out]\n[resource d: a:d]";
        assert_eq!(output.text, expect);
        assert_eq!(output.images.len(), 1);
        assert!(!output.is_error);
    }

    #[test]
    fn data_alone_is_text_too() {
        let output = output(json!({"content": [], "structuredContent": {"a": 1}, "isError": true}));
        assert_eq!(output.text, r#"{"a":1}"#);
        assert_eq!(output.structured, Some(json!({"a": 1})));
        assert!(output.is_error);
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let text = format!("begin {} end", "ü".repeat(500));
        let output = output(json!({"content": [{"type": "text", "text": text}]}));
        assert!(output.text.starts_with("begin ü") && output.text.ends_with("ü end"));
        let note = format!("[… {} bytes left out …]", output.omitted_bytes);
        assert!(output.text.contains(&note));
        let kept = output.text.len() - note.len() - 2;
        assert_eq!(kept + output.omitted_bytes, text.len());
        assert!(kept <= 100);
    }
}
