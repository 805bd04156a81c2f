//! A `tokenizer.json` as GGUF lists it.

use std::collections::HashMap;

use serde_json::Value;

/// ggml's types of tokens.
const NORMAL: i32 = 1;
const UNKNOWN: i32 = 2;
const CONTROL: i32 = 3;
const USER_DEFINED: i32 = 4;
const UNUSED: i32 = 5;
const BYTE: i32 = 6;

/// The tokens of a model.
pub struct Vocabulary {
    /// `gpt2`, byte pairs over bytes, or `llama`, those of `SentencePiece`.
    pub model: &'static str,
    /// How a text is cut before the merges.
    pub split: &'static str,
    /// The tokens by number.
    pub tokens: Vec<String>,
    /// Their types.
    pub kinds: Vec<i32>,
    /// Their scores, where these say the order of the merges.
    pub scores: Option<Vec<f32>>,
    /// The merges, in order.
    pub merges: Option<Vec<String>>,
    /// The token for what has none.
    pub unknown: Option<u32>,
    /// Whether a space is put before a text.
    pub prefix: Option<bool>,
}

/// Lists the tokens of `tokenizer`, a `tokenizer.json`, for `rows` rows of the
/// embedding; `split` is the name of its way to cut.
///
/// # Errors
/// What of it GGUF cannot say, in words.
pub fn vocabulary(
    tokenizer: &Value,
    rows: usize,
    split: Option<&'static str>,
) -> Result<Vocabulary, String> {
    let model = &tokenizer["model"];
    let kind = model["type"].as_str().unwrap_or("BPE");
    if kind != "BPE" {
        return Err(format!("a tokenizer of the kind {kind}"));
    }
    let listed = model["vocab"].as_object().ok_or("a tokenizer without a vocabulary")?;
    let mut tokens: Vec<String> = (0..rows).map(|id| format!("[PAD{id}]")).collect();
    let mut kinds = vec![UNUSED; rows];
    let pieces = model["byte_fallback"] == true;
    let mut set = |token: &str, id: Option<u64>, kind: i32| {
        let id = id.and_then(|id| usize::try_from(id).ok()).filter(|id| *id < rows);
        if let Some(id) = id {
            token.clone_into(&mut tokens[id]);
            kinds[id] = kind;
        }
        id.map(|_| ()).ok_or("a token without a row")
    };
    for (token, id) in listed {
        let byte = pieces && token.len() == 6 && token.starts_with("<0x") && token.ends_with('>');
        set(token, id.as_u64(), if byte { BYTE } else { NORMAL })?;
    }
    for added in tokenizer["added_tokens"].as_array().into_iter().flatten() {
        let token = added["content"].as_str().unwrap_or_default();
        let kind = if added["special"] == true { CONTROL } else { USER_DEFINED };
        set(token, added["id"].as_u64(), kind)?;
    }
    let unknown = model["unk_token"].as_str().and_then(|token| listed.get(token)?.as_u64());
    let unknown = unknown.and_then(|id| u32::try_from(id).ok());
    let merges = merges(model)?;
    if !pieces {
        let split = split.ok_or("a tokenizer with a way to cut texts that has no name there")?;
        let merges = merges.into_iter().map(|(left, right)| format!("{left} {right}"));
        let merges = Some(merges.collect());
        let scores = None;
        return Ok(Vocabulary {
            model: "gpt2",
            split,
            tokens,
            kinds,
            scores,
            merges,
            unknown: None,
            prefix: None,
        });
    }
    if let Some(kind) = unknown.and_then(|id| kinds.get_mut(id as usize)) {
        *kind = UNKNOWN;
    }
    let scores = Some(scores(&tokens, &kinds, &merges));
    let prefix = Some(prefix(tokenizer));
    let split = "default";
    Ok(Vocabulary { model: "llama", split, tokens, kinds, scores, merges: None, unknown, prefix })
}

/// Pairs, as lists or as texts with a space between.
fn merges(model: &Value) -> Result<Vec<(&str, &str)>, String> {
    fn pair(merge: &Value) -> Option<(&str, &str)> {
        match merge {
            Value::Array(pair) => Some((pair.first()?.as_str()?, pair.get(1)?.as_str()?)),
            merge => merge.as_str()?.split_once(' '),
        }
    }
    let merges = model["merges"].as_array().map(Vec::as_slice).unwrap_or_default();
    merges.iter().map(pair).collect::<Option<_>>().ok_or_else(|| "a merge of no pair".to_owned())
}

/// Scores with the order of the merges: a piece that is made earlier has the
/// higher one, a piece that none makes has one below all of these.
fn scores(tokens: &[String], kinds: &[i32], merges: &[(&str, &str)]) -> Vec<f32> {
    let mut ranks: HashMap<String, usize> = HashMap::new();
    for (left, right) in merges {
        let next = ranks.len();
        ranks.entry(format!("{left}{right}")).or_insert(next);
    }
    let score = |(id, token): (usize, &String)| match kinds[id] {
        NORMAL => -(ranks.get(token).copied().unwrap_or(ranks.len() + id) as f32),
        _ => 0.0,
    };
    tokens.iter().enumerate().map(score).collect()
}

/// Whether the tokenizer puts a space before a text.
fn prefix(tokenizer: &Value) -> bool {
    fn any(value: &Value, found: &dyn Fn(&Value) -> bool) -> bool {
        let inner = ["normalizers", "pretokenizers"];
        found(value)
            || inner.iter().any(|name| {
                value[name].as_array().is_some_and(|all| all.iter().any(|one| any(one, found)))
            })
    }
    let prepends = |step: &Value| step["type"] == "Prepend";
    let metaspace = |step: &Value| {
        step["type"] == "Metaspace"
            && step["prepend_scheme"] != "never"
            && step["add_prefix_space"] != false
    };
    any(&tokenizer["normalizer"], &prepends) || any(&tokenizer["pre_tokenizer"], &metaspace)
}
