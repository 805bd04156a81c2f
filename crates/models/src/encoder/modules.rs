//! What sentence-transformers puts behind a model: `modules.json` lists the
//! steps, and the folder of each has its settings.

use std::path::Path;

use serde_json::Value;

use crate::config::ConfigProblem;
use crate::error::{Error, Result};
use crate::files::read_json;
use crate::installed::refused;

/// Beyond any such file.
const MOST_BYTES: u64 = 1 << 20;

/// How the states of a text's tokens become one vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pooling {
    /// Their mean.
    Mean,
    /// The first one, which stands for the text.
    First,
    /// The last one.
    Last,
    /// Of each number, the largest.
    Most,
    /// Their sum, divided by the root of their count.
    MeanRoot,
}

/// The steps behind a model, and its limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Modules {
    pub pooling: Pooling,
    pub is_normalised: bool,
    /// The most tokens of a text, its marks included.
    pub most_tokens: Option<usize>,
    /// Whether texts are read in small letters, on top of the tokenizer.
    pub in_lower_case: bool,
}

impl Modules {
    /// Reads the settings in a folder. A model without any is pooled by the
    /// mean, as sentence-transformers does.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut found = Self {
            pooling: Pooling::Mean,
            is_normalised: false,
            most_tokens: None,
            in_lower_case: false,
        };
        if let Some(limits) = read_json(&folder.join("sentence_bert_config.json"), MOST_BYTES)? {
            let most = limits["max_seq_length"].as_u64().and_then(|most| most.try_into().ok());
            found.most_tokens = most;
            found.in_lower_case = limits["do_lower_case"].as_bool().unwrap_or(false);
        }
        let place = folder.join("modules.json");
        let Some(modules) = read_json(&place, MOST_BYTES)? else { return Ok(found) };
        let damaged = |reason: &str| Error::Damaged { path: place.clone(), reason: reason.into() };
        let modules = modules.as_array().ok_or_else(|| damaged("it is no list"))?;
        for module in modules {
            let kind = module["type"].as_str().ok_or_else(|| damaged("a module has no type"))?;
            let path = module["path"].as_str().unwrap_or_default();
            match kind.rsplit('.').next().unwrap_or(kind) {
                // A text model in a folder of its own is an old layout.
                "Transformer" if path.is_empty() => {}
                "Pooling" => {
                    let inner = beside(folder, path)
                        .ok_or_else(|| damaged("the path of a module leads out of the folder"))?;
                    let place = inner.join("config.json");
                    let config = read_json(&place, MOST_BYTES)?
                        .ok_or_else(|| Error::MissingFile { path: place.clone() })?;
                    found.pooling = pooling(&config).map_err(|problem| refused(&place, problem))?;
                }
                "Normalize" => found.is_normalised = true,
                other => {
                    let what = format!("the step {other} of modules.json");
                    return Err(Error::UnsupportedModel { path: folder.to_owned(), what });
                }
            }
        }
        Ok(found)
    }
}

/// The folder of a module, a name alone: a path could lead anywhere.
fn beside(folder: &Path, name: &str) -> Option<std::path::PathBuf> {
    let plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', ':']);
    plain.then(|| folder.join(name))
}

/// Which pooling is switched on; the mean, where none is.
fn pooling(config: &Value) -> Result<Pooling, ConfigProblem> {
    const SWITCHES: [(&str, &str); 7] = [
        ("pooling_mode_cls_token", "cls"),
        ("pooling_mode_mean_tokens", "mean"),
        ("pooling_mode_max_tokens", "max"),
        ("pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens"),
        ("pooling_mode_lasttoken", "lasttoken"),
        ("pooling_mode_weightedmean_tokens", "weightedmean"),
        ("pooling_mode", ""),
    ];
    let mut modes = Vec::new();
    for (key, mode) in SWITCHES {
        match &config[key] {
            Value::Bool(true) => modes.push(mode),
            // What newer versions write.
            Value::String(mode) => modes.push(mode),
            Value::Array(several) => modes.extend(several.iter().filter_map(Value::as_str)),
            _ => {}
        }
    }
    match modes[..] {
        ["cls"] => Ok(Pooling::First),
        ["mean"] | [] => Ok(Pooling::Mean),
        ["max"] => Ok(Pooling::Most),
        ["mean_sqrt_len_tokens"] => Ok(Pooling::MeanRoot),
        ["lasttoken"] => Ok(Pooling::Last),
        _ => Err(ConfigProblem::Unsupported(format!("the pooling {}", modes.join(" with ")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pooling_is_told_in_two_ways() {
        let check = |config: &Value, expect: Option<Pooling>| {
            assert_eq!(pooling(config).ok(), expect, "{config}");
        };
        check(&json!({}), Some(Pooling::Mean));
        check(&json!({"pooling_mode_cls_token": true}), Some(Pooling::First));
        let off = json!({"pooling_mode_cls_token": false, "pooling_mode_max_tokens": true});
        check(&off, Some(Pooling::Most));
        check(&json!({"pooling_mode": "mean"}), Some(Pooling::Mean));
        check(&json!({"pooling_mode": ["cls"]}), Some(Pooling::First));
        let two = json!({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": true});
        check(&two, None);
        check(&json!({"pooling_mode_weightedmean_tokens": true}), None);
    }

    #[test]
    fn a_module_stays_in_its_folder() {
        for (name, expect) in
            [("1_Pooling", true), ("", false), ("../x", false), ("/etc", false), ("..", false)]
        {
            assert_eq!(beside(Path::new("m"), name).is_some(), expect, "{name}");
        }
    }
}
