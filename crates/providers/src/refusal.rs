//! What a server does not take, read from its refusal.

use serde_json::Value;

/// A refusal with status 400 or the like.
#[derive(Debug, Default)]
pub struct Refusal {
    code: String,
    parameter: String,
    message: String,
}

impl Refusal {
    /// Reads the body of a refusal, of whichever server.
    pub fn read(body: &[u8]) -> Self {
        let value: Value = serde_json::from_slice(body).unwrap_or_default();
        let error = value.get("error").unwrap_or(&value);
        let text = |name: &str| match error.get(name) {
            Some(Value::String(text)) => text.to_lowercase(),
            _ => String::new(),
        };
        let message = match (error, value.get("detail")) {
            (Value::String(text), _) => text.to_lowercase(),
            (_, Some(detail)) => detail.to_string().to_lowercase(),
            _ => text("message"),
        };
        Self {
            code: format!("{} {}", text("code"), text("type")),
            parameter: text("param"),
            message,
        }
    }

    /// Whether it names a parameter, as such or in quotes.
    pub fn names(&self, parameter: &str) -> bool {
        let quoted = |left: char, right: char| {
            self.message.contains(&format!("{left}{parameter}{right}"))
                || self.message.contains(&format!("{left}{parameter}."))
        };
        self.parameter == parameter
            || self.parameter.starts_with(&format!("{parameter}."))
            || quoted('\'', '\'')
            || quoted('`', '`')
            || quoted('"', '"')
            || self.message.starts_with(&format!("{parameter}:"))
            || self.message.starts_with(&format!("{parameter}."))
    }

    /// Whether it says that something is not supported, rather than out of
    /// its range.
    pub fn is_about_support(&self) -> bool {
        self.code.contains("unsupported")
            || [
                "not supported",
                "unsupported",
                "unrecognized",
                "unknown",
                "not permitted",
                "deprecated",
            ]
            .iter()
            .any(|words| self.message.contains(words))
    }

    /// Whether it says that the model is not there.
    pub fn is_about_model(&self) -> bool {
        self.code.contains("model_not_found")
            || self.parameter == "model"
            || (self.message.contains("model")
                && ["not found", "does not exist", "not exist", "no such", "unknown", "not_found"]
                    .iter()
                    .any(|words| self.message.contains(words) || self.code.contains(words)))
            || (self.code.contains("not_found") && self.message.starts_with("model:"))
            || self.message.contains("repository not found")
    }

    /// What it says, in small letters.
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// Whether a refusal says that the prompt is too long for the model.
pub fn is_too_long(body: &[u8]) -> bool {
    let refusal = Refusal::read(body);
    let code = ["context_length_exceeded", "exceed_context_size"];
    let words = [
        "maximum context length",
        "context window",
        "context length",
        "context size",
        "prompt is too long",
        "input length and `max_tokens` exceed",
        "too many tokens in the prompt",
        "input is too long",
    ];
    code.iter().any(|code| refusal.code.contains(code))
        || words.iter().any(|words| refusal.message.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_that_does_not_fit_is_known_from_any_server() {
        for body in [
            // OpenAI, llama-cpp-python
            r#"{"error":{"message":"This model's maximum context length is 8192 tokens. However, you requested 9000 tokens","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#,
            // llama.cpp
            r#"{"error":{"code":400,"message":"the request exceeds the available context size. try increasing the context size or enable context shift","type":"exceed_context_size_error","n_prompt_tokens":9000,"n_ctx":4096}}"#,
            // Anthropic
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}}"#,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000"}}"#,
            // Ollama
            r#"{"error":"the input length exceeds the context length"}"#,
        ] {
            assert!(is_too_long(body.as_bytes()), "{body}");
        }
        for body in [
            "",
            "{}",
            r#"{"error":{"message":"max_tokens is too large: 99999","param":"max_tokens"}}"#,
        ] {
            assert!(!is_too_long(body.as_bytes()), "{body}");
        }
    }

    #[test]
    fn parameters_and_models_are_named_in_many_ways() {
        let read = |body: &str| Refusal::read(body.as_bytes());
        let open_ai = read(
            r#"{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.","type":"invalid_request_error","param":"max_tokens","code":"unsupported_parameter"}}"#,
        );
        assert!(open_ai.names("max_tokens") && open_ai.is_about_support());
        assert!(!open_ai.names("temperature") && !open_ai.is_about_model());
        let vllm = read(
            r#"{"detail":[{"type":"extra_forbidden","loc":["body","top_k"],"msg":"Extra inputs are not permitted"}]}"#,
        );
        assert!(vllm.names("top_k"));
        let anthropic = read(
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"`temperature` is deprecated for this model."}}"#,
        );
        assert!(anthropic.names("temperature"));
        let thinking = read(
            r#"{"error":{"type":"invalid_request_error","message":"\"thinking.type.enabled\" is not supported for this model."}}"#,
        );
        assert!(thinking.names("thinking"));
        for body in [
            r#"{"error":{"message":"The model `gpt-5` does not exist or you do not have access to it.","code":"model_not_found"}}"#,
            r#"{"error":"model 'qwen3' not found"}"#,
            r#"{"type":"error","error":{"type":"not_found_error","message":"model: claude-9"}}"#,
        ] {
            assert!(read(body).is_about_model(), "{body}");
        }
    }
}
