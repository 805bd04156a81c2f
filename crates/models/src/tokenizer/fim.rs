//! Filling in the middle: the tokens between which a model was trained to
//! write what lies between two pieces of a file.
//!
//! What stands in a file is text: a control token spelled out there does not
//! become one, or a file could end the prompt and begin another.

use serde_json::Value;
use tokenizers::{NormalizerWrapper, PreTokenizerWrapper, Tokenizer as Inner};

use super::{Tokenizer, guarded};
use crate::error::{Error, Result};
use crate::gguf::{GgufHeader, GgufValue};

/// The control tokens of a model that fills in the middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FimTokens {
    /// Begins what stands before the gap.
    pub prefix: u32,
    /// Begins what stands behind it.
    pub suffix: u32,
    /// Asks for the middle; `None` where the prefix comes last and the model
    /// goes on from it.
    pub middle: Option<u32>,
    /// Begins another file of the repository.
    pub file: Option<u32>,
    /// Begins the repository's name.
    pub repository: Option<u32>,
    /// Fills up what is too short in training; ends a middle.
    pub padding: Option<u32>,
    /// Ends a middle, where that is a token of its own.
    pub end: Option<u32>,
    /// What comes first.
    pub order: FimOrder,
}

/// The order of the parts of a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FimOrder {
    /// `prefix` before, `suffix` behind, `middle`.
    PrefixFirst,
    /// `suffix` behind, `prefix` before (Codestral, Devstral).
    SuffixFirst,
}

/// The spellings of a family: prefix, suffix, middle.
type Spelling = (&'static str, &'static str, Option<&'static str>);

/// Qwen2.5-Coder and `CodeGemma`; `StarCoder`; `SantaCoder`; `DeepSeek`-Coder;
/// Code Llama; GLM; Codestral.
const SPELLINGS: [Spelling; 8] = [
    ("<|fim_prefix|>", "<|fim_suffix|>", Some("<|fim_middle|>")),
    ("<fim_prefix>", "<fim_suffix>", Some("<fim_middle>")),
    ("<fim-prefix>", "<fim-suffix>", Some("<fim-middle>")),
    ("<｜fim▁begin｜>", "<｜fim▁hole｜>", Some("<｜fim▁end｜>")),
    ("▁<PRE>", "▁<SUF>", Some("▁<MID>")),
    ("<PRE>", "<SUF>", Some("<MID>")),
    ("<|code_prefix|>", "<|code_suffix|>", Some("<|code_middle|>")),
    ("[PREFIX]", "[SUFFIX]", None),
];

const FILES: [&str; 3] = ["<|file_sep|>", "<file_sep>", "<|file_separator|>"];
const REPOSITORIES: [&str; 4] = ["<|repo_name|>", "<|fim_repo|>", "<repo_name>", "<reponame>"];
const PADDINGS: [&str; 3] = ["<|fim_pad|>", "<fim_pad>", "<fim-pad>"];
const ENDS: [&str; 2] = ["▁<EOT>", "<EOT>"];

impl FimTokens {
    /// Finds the tokens by their spellings.
    pub(super) fn of_vocabulary(inner: &Inner) -> Option<Self> {
        let id = |token: &str| inner.token_to_id(token);
        let any = |tokens: &[&str]| tokens.iter().find_map(|token| id(token));
        let (prefix, suffix, middle, order) =
            SPELLINGS.iter().find_map(|(prefix, suffix, middle)| {
                let (prefix, suffix) = (id(prefix)?, id(suffix)?);
                Some(match middle {
                    Some(middle) => (prefix, suffix, Some(id(middle)?), FimOrder::PrefixFirst),
                    None => (prefix, suffix, None, FimOrder::SuffixFirst),
                })
            })?;
        Some(Self {
            prefix,
            suffix,
            middle,
            file: any(&FILES),
            repository: any(&REPOSITORIES),
            padding: any(&PADDINGS),
            end: any(&ENDS),
            order,
        })
    }

    /// The tokens that a GGUF file names, else those that are spelled so.
    pub(super) fn of_gguf(header: &GgufHeader, inner: &Inner) -> Option<Self> {
        let spelled = Self::of_vocabulary(inner);
        let known = |id: &u32| inner.id_to_token(*id).is_some();
        let number = |names: [&str; 2]| {
            let value = |name| header.get(&format!("tokenizer.ggml.{name}_token_id"));
            let id = names.into_iter().find_map(value).and_then(GgufValue::as_u64)?;
            u32::try_from(id).ok().filter(known)
        };
        let named = (
            number(["fim_pre", "prefix"]),
            number(["fim_suf", "suffix"]),
            number(["fim_mid", "middle"]),
        );
        let (Some(prefix), Some(suffix), middle) = named else { return spelled };
        let spelled = spelled.filter(|spelled| spelled.prefix == prefix);
        let (middle, order) = match middle {
            // Codestral names a middle too, which no prompt has.
            _ if spelled.is_some_and(|one| one.order == FimOrder::SuffixFirst) => {
                (None, FimOrder::SuffixFirst)
            }
            Some(middle) => (Some(middle), FimOrder::PrefixFirst),
            None => (None, FimOrder::SuffixFirst),
        };
        Some(Self {
            prefix,
            suffix,
            middle,
            file: number(["fim_sep", "fim_sep"]).or(spelled.and_then(|one| one.file)),
            repository: number(["fim_rep", "fim_rep"]).or(spelled.and_then(|one| one.repository)),
            padding: number(["fim_pad", "fim_pad"]).or(spelled.and_then(|one| one.padding)),
            end: spelled.and_then(|one| one.end),
            order,
        })
    }

    fn all(&self) -> Vec<u32> {
        let more = [self.middle, self.file, self.repository, self.padding, self.end];
        [self.prefix, self.suffix].into_iter().chain(more.into_iter().flatten()).collect()
    }
}

impl Tokenizer {
    /// The tokens for filling in the middle; `None` for a model that has none.
    /// Whether a model was trained with them its makers tell: some that share
    /// a vocabulary were not.
    pub fn fim_tokens(&self) -> Option<&FimTokens> {
        self.0.fim.as_ref()
    }

    /// The token numbers that ask for what lies between `prefix` and `suffix`,
    /// up to where the answer begins; `None` for a model that cannot fill in.
    /// Control tokens spelled out in the texts are text.
    pub fn encode_fim(&self, prefix: &str, suffix: &str) -> Result<Option<Vec<u32>>> {
        let Some(fim) = self.fim_tokens() else { return Ok(None) };
        // As Code Llama and Mistral do it: what comes before is a text, with
        // the space that a SentencePiece text begins with; what comes behind
        // goes on in the middle of one.
        let before = self.file_text(prefix, true, fim)?;
        let behind = self.file_text(suffix, false, fim)?;
        let mut ids = self.opening()?;
        match fim.order {
            FimOrder::PrefixFirst => {
                ids.push(fim.prefix);
                ids.extend(before);
                ids.push(fim.suffix);
                ids.extend(behind);
                ids.extend(fim.middle);
            }
            FimOrder::SuffixFirst => {
                ids.push(fim.suffix);
                ids.extend(behind);
                ids.push(fim.prefix);
                ids.extend(before);
            }
        }
        Ok(Some(ids))
    }

    /// The tokens that the tokenizer puts in front of a text.
    fn opening(&self) -> Result<Vec<u32>> {
        let encoding = guarded(|| self.0.inner.encode("a", true));
        let encoding = encoding.map_err(|reason| Error::Tokenizer { reason })?;
        let around = encoding.get_ids().iter().zip(encoding.get_special_tokens_mask());
        let mut ids: Vec<u32> =
            around.take_while(|(_, around)| **around == 1).map(|(id, _)| *id).collect();
        if let Some(first) = self.0.first.filter(|first| ids.first() != Some(first)) {
            ids.insert(0, first);
        }
        Ok(ids)
    }

    /// The tokens of a piece of a file, none of which is a control token.
    fn file_text(&self, text: &str, begins: bool, fim: &FimTokens) -> Result<Vec<u32>> {
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let control = fim.all();
        let is_control = |id: &u32| control.contains(id) || self.is_special(*id);
        let one = |text: &str, begins: bool| {
            if begins { self.plain(text) } else { self.continued(text) }
        };
        let ids = one(text, begins)?;
        if !ids.iter().any(is_control) {
            return Ok(ids);
        }
        // The vocabulary has a spelling as a word as well: no part of the text
        // may hold one in full.
        let spellings: Vec<String> = ids
            .iter()
            .filter(|id| is_control(id))
            .filter_map(|id| self.token(*id))
            .map(|token| token.replace('▁', " "))
            .collect();
        let mut ids = Vec::new();
        let mut from = 0;
        for (at, character) in text.char_indices() {
            let cut = at + character.len_utf8();
            let here = |spelling: &String| text[at..].starts_with(spelling.as_str());
            let inside =
                |spelling: &String| text[at..].starts_with(spelling.trim_start_matches(' '));
            if spellings.iter().any(|spelling| here(spelling) || inside(spelling)) {
                ids.extend(one(&text[from..cut], begins && from == 0)?);
                from = cut;
            }
        }
        ids.extend(one(&text[from..], begins && from == 0)?);
        // A single character that is a control token cannot be written.
        ids.retain(|id| !is_control(id));
        Ok(ids)
    }

    /// The tokens of a text that goes on in the middle of another: without the
    /// space in front that `SentencePiece` adds.
    fn continued(&self, text: &str) -> Result<Vec<u32>> {
        let continued = self.0.continued.get_or_init(|| {
            let inner = &self.0.inner;
            let mut plain = Inner::new(inner.get_model().clone());
            let normalizer = inner.get_normalizer().map(without_prefix);
            let _ = plain.with_normalizer(normalizer.flatten());
            let cut = inner.get_pre_tokenizer().map(without_first_space);
            plain.with_pre_tokenizer(cut.flatten());
            plain
        });
        let encoding = guarded(|| continued.encode_fast(text, false));
        let encoding = encoding.map_err(|reason| Error::Tokenizer { reason })?;
        Ok(encoding.get_ids().to_vec())
    }
}

/// The normaliser without the step that puts a space in front; `None` where
/// nothing is left.
fn without_prefix(normalizer: &NormalizerWrapper) -> Option<NormalizerWrapper> {
    let Ok(mut value) = serde_json::to_value(normalizer) else { return Some(normalizer.clone()) };
    let prepends = |step: &Value| step.get("type").and_then(Value::as_str) == Some("Prepend");
    if prepends(&value) {
        return None;
    }
    if let Some(steps) = value.get_mut("normalizers").and_then(Value::as_array_mut) {
        steps.retain(|step| !prepends(step));
    }
    serde_json::from_value(value).ok().or_else(|| Some(normalizer.clone()))
}

/// The same for a pre-tokenizer that puts it there.
fn without_first_space(cut: &PreTokenizerWrapper) -> Option<PreTokenizerWrapper> {
    let Ok(mut value) = serde_json::to_value(cut) else { return Some(cut.clone()) };
    never_first(&mut value);
    if let Some(steps) = value.get_mut("pretokenizers").and_then(Value::as_array_mut) {
        steps.iter_mut().for_each(never_first);
    }
    serde_json::from_value(value).ok().or_else(|| Some(cut.clone()))
}

fn never_first(step: &mut Value) {
    match step.get("type").and_then(Value::as_str) {
        Some("Metaspace") => {
            step["prepend_scheme"] = "never".into();
            if let Some(step) = step.as_object_mut() {
                step.remove("add_prefix_space");
            }
        }
        Some("ByteLevel") => step["add_prefix_space"] = false.into(),
        _ => {}
    }
}
