//! A tokenizer as other files have it.

use serde_json::{Value, json};
use tokenizers::ModelWrapper;

use super::Tokenizer;
use super::split::Split;
use crate::error::{Error, Result};

impl Tokenizer {
    /// Writes it as a `tokenizer.json`, the token that begins each text
    /// included.
    pub fn to_json(&self) -> Result<String> {
        let failed = |reason: String| Error::Tokenizer { reason };
        let text = self.0.inner.to_string(false).map_err(|error| failed(error.to_string()))?;
        let Some(first) = self.0.first else { return Ok(text) };
        let Some(token) = self.token(first) else { return Ok(text) };
        let mut all: Value =
            serde_json::from_str(&text).map_err(|error| failed(error.to_string()))?;
        let begin = json!({"SpecialToken": {"id": token, "type_id": 0}});
        let text = |id: &str| json!({"Sequence": {"id": id, "type_id": 0}});
        all["post_processor"] = json!({
            "type": "TemplateProcessing",
            "single": [begin, text("A")],
            "pair": [begin, text("A"), begin, text("B")],
            "special_tokens": {
                token.clone(): {"id": token, "ids": [first], "tokens": [token]},
            },
        });
        Ok(all.to_string())
    }

    /// The name that GGUF files give its way to cut a text before the merges
    /// (`tokenizer.ggml.pre`); `None` where it has none.
    pub fn gguf_split(&self) -> Option<&'static str> {
        let ModelWrapper::BPE(model) = self.0.inner.get_model() else { return None };
        let steps = serde_json::to_value(self.0.inner.get_pre_tokenizer()?).ok()?;
        let steps = match steps.get("pretokenizers") {
            Some(Value::Array(steps)) => steps.clone(),
            _ => vec![steps],
        };
        let (last, before) = steps.split_last()?;
        if last["type"] != "ByteLevel" || last["add_prefix_space"] == true {
            return None;
        }
        let patterns = before.iter().map(pattern).collect::<Option<Vec<_>>>()?;
        let normalizer = serde_json::to_value(self.0.inner.get_normalizer()).ok()?;
        let composed = match normalizer["type"].as_str() {
            None => false,
            Some("NFC") => true,
            Some(_) => return None,
        };
        Split::name_of(&patterns, last["use_regex"] == true, model.ignore_merges, composed)
    }
}

/// The pattern of a step whose matches stand alone.
fn pattern(step: &Value) -> Option<String> {
    match step["type"].as_str()? {
        "Split" if step["behavior"] == "Isolated" && step["invert"] == false => {
            Some(step["pattern"].get("Regex")?.as_str()?.to_owned())
        }
        "Digits" if step["individual_digits"] == true => Some(r"\p{N}".to_owned()),
        _ => None,
    }
}
