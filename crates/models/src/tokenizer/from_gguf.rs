//! The tokenizer inside a GGUF file.

use std::path::Path;

use ahash::AHashMap;
use tokenizers::decoders::byte_fallback::ByteFallback;
use tokenizers::decoders::fuse::Fuse;
use tokenizers::decoders::sequence::Sequence as Decoders;
use tokenizers::decoders::strip::Strip;
use tokenizers::models::bpe::BPE;
use tokenizers::normalizers::{NFC, Prepend, Replace, Sequence as Normalizers};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence as PreTokenizers;
use tokenizers::pre_tokenizers::split::{Split as SplitStep, SplitPattern};
use tokenizers::{
    AddedToken, DecoderWrapper, NormalizerWrapper, SplitDelimiterBehavior, Tokenizer,
};

use crate::error::{Error, Result};
use crate::gguf::{GgufHeader, GgufValue};

use super::guarded;
use super::split::Split;

/// Token types in GGUF.
const NORMAL: u64 = 1;
const UNKNOWN: u64 = 2;
const CONTROL: u64 = 3;
const USER_DEFINED: u64 = 4;

/// Pieces of a `SentencePiece` vocabulary have some dozens of bytes. Looking
/// for the merges of a token takes the square of its length.
const MOST_MERGED_BYTES: usize = 256;

/// Builds the tokenizer that the header describes, and tells the token that a
/// text begins with.
pub fn build(header: &GgufHeader, path: &Path) -> Result<(Tokenizer, Option<u32>)> {
    let damaged = |reason: String| Error::Damaged { path: path.to_owned(), reason };
    let tokens = texts(header, "tokenizer.ggml.tokens")
        .ok_or_else(|| damaged("it has no tokenizer.ggml.tokens".to_owned()))?;
    let vocab: AHashMap<String, u32> =
        tokens.iter().enumerate().map(|(id, token)| ((*token).to_owned(), id as u32)).collect();
    if vocab.len() != tokens.len() {
        return Err(damaged("its vocabulary holds a token twice".to_owned()));
    }
    let kinds = kinds(header, tokens.len()).map_err(damaged)?;
    let kind = header.get("tokenizer.ggml.model").and_then(GgufValue::as_str);
    let (mut tokenizer, begins) = match kind {
        Some("gpt2") => byte_level(header, path, vocab)?,
        Some("llama") => (sentence_piece(header, path, &tokens, &kinds, vocab)?, true),
        Some(other) => {
            let what = format!("the tokenizer {other}");
            return Err(Error::UnsupportedModel { path: path.to_owned(), what });
        }
        None => return Err(damaged("it names no tokenizer.ggml.model".to_owned())),
    };
    let added = tokens.iter().zip(&kinds).filter(|(token, _)| !token.is_empty());
    let added = added.filter_map(|(token, kind)| {
        let special = matches!(*kind, CONTROL | UNKNOWN);
        (special || *kind == USER_DEFINED)
            .then(|| AddedToken::from((*token).to_owned(), special).normalized(false))
    });
    let added: Vec<AddedToken> = added.collect();
    guarded(|| tokenizer.add_tokens(added)).map_err(damaged)?;
    let says = header.get("tokenizer.ggml.add_bos_token").and_then(GgufValue::as_bool);
    let begins = says.unwrap_or(begins);
    Ok((tokenizer, number(header, "bos_token_id").filter(|_| begins)))
}

/// The type of every token. A file without types has at least special tokens.
fn kinds(header: &GgufHeader, count: usize) -> Result<Vec<u64>, String> {
    let listed = header.get("tokenizer.ggml.token_type").and_then(GgufValue::as_list);
    let mut kinds = vec![NORMAL; count];
    if let Some(listed) = listed {
        if listed.len() != count {
            return Err(format!("{count} tokens have {} types", listed.len()));
        }
        for (kind, listed) in kinds.iter_mut().zip(listed) {
            *kind = listed.as_u64().unwrap_or(NORMAL);
        }
        return Ok(kinds);
    }
    for key in ["bos_token_id", "eos_token_id", "eot_token_id", "padding_token_id"] {
        if let Some(kind) = number(header, key).and_then(|id| kinds.get_mut(id as usize)) {
            *kind = CONTROL;
        }
    }
    Ok(kinds)
}

fn number(header: &GgufHeader, key: &str) -> Option<u32> {
    let id = header.get(&format!("tokenizer.ggml.{key}"))?.as_u64()?;
    u32::try_from(id).ok()
}

fn texts<'h>(header: &'h GgufHeader, key: &str) -> Option<Vec<&'h str>> {
    header.get(key)?.as_list()?.iter().map(GgufValue::as_str).collect()
}

/// Byte pairs over bytes, as GPT-2 does it, and whether a text begins with BOS.
fn byte_level(
    header: &GgufHeader,
    path: &Path,
    vocab: AHashMap<String, u32>,
) -> Result<(Tokenizer, bool)> {
    let damaged = |reason: String| Error::Damaged { path: path.to_owned(), reason };
    let merges = texts(header, "tokenizer.ggml.merges")
        .ok_or_else(|| damaged("it has no tokenizer.ggml.merges".to_owned()))?;
    let merges: Option<Vec<(String, String)>> = merges
        .iter()
        .map(|merge| merge.split_once(' ').map(|(a, b)| (a.to_owned(), b.to_owned())))
        .collect();
    let merges = merges.ok_or_else(|| damaged("a merge is no pair".to_owned()))?;
    let name = header.get("tokenizer.ggml.pre").and_then(GgufValue::as_str);
    let name = name.unwrap_or_else(|| usual_split(header, &vocab));
    let split = Split::named(name).ok_or_else(|| {
        let what = format!("the pre-tokenizer {name}");
        Error::UnsupportedModel { path: path.to_owned(), what }
    })?;
    let tokenizer = guarded(|| {
        let model = BPE::builder().vocab_and_merges(vocab, merges);
        let mut tokenizer = Tokenizer::new(model.ignore_merges(split.whole_words).build()?);
        if split.composed {
            tokenizer.with_normalizer(Some(NormalizerWrapper::from(NFC)))?;
        }
        let mut steps = Vec::new();
        for pattern in split.patterns {
            let pattern = SplitPattern::Regex((*pattern).to_owned());
            let step = SplitStep::new(pattern, SplitDelimiterBehavior::Isolated, false)?;
            steps.push(step.into());
        }
        steps.push(ByteLevel::new(false, false, split.gpt2).into());
        tokenizer.with_pre_tokenizer(Some(PreTokenizers::new(steps)));
        tokenizer.with_decoder(Some(DecoderWrapper::from(ByteLevel::default())));
        Ok(tokenizer)
    });
    Ok((tokenizer.map_err(damaged)?, split.begins))
}

/// Files from before `tokenizer.ggml.pre` leave it to the reader.
fn usual_split(header: &GgufHeader, vocab: &AHashMap<String, u32>) -> &'static str {
    let architecture = header.get("general.architecture").and_then(GgufValue::as_str);
    if architecture == Some("qwen2") {
        "qwen2"
    } else if vocab.contains_key("<|begin_of_text|>") {
        "llama-bpe"
    } else {
        "default"
    }
}

/// The byte pairs of `SentencePiece`, as Llama 1 and 2 and Mistral use them: the
/// order of the merges is that of the scores.
fn sentence_piece(
    header: &GgufHeader,
    path: &Path,
    tokens: &[&str],
    kinds: &[u64],
    vocab: AHashMap<String, u32>,
) -> Result<Tokenizer> {
    let damaged = |reason: String| Error::Damaged { path: path.to_owned(), reason };
    let scores = header.get("tokenizer.ggml.scores").and_then(GgufValue::as_list);
    let scores = scores.filter(|scores| scores.len() == tokens.len());
    let scores = scores.ok_or_else(|| damaged("its tokens have no scores".to_owned()))?;
    let mut merges: Vec<(f64, u32, String, String)> = Vec::new();
    for ((token, kind), score) in tokens.iter().zip(kinds).zip(scores) {
        if !matches!(*kind, NORMAL | USER_DEFINED) || token.len() > MOST_MERGED_BYTES {
            continue;
        }
        let score = score.as_f64().unwrap_or(0.0);
        for (at, _) in token.char_indices().skip(1) {
            let (left, right) = token.split_at(at);
            if let (Some(first), true) = (vocab.get(left), vocab.contains_key(right)) {
                merges.push((score, *first, left.to_owned(), right.to_owned()));
            }
        }
    }
    merges.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let merges = merges.into_iter().map(|(_, _, left, right)| (left, right)).collect();
    let unknown = number(header, "unknown_token_id").unwrap_or(0) as usize;
    let unknown = tokens.get(unknown).map(|token| (*token).to_owned());
    let prefix = header.get("tokenizer.ggml.add_space_prefix").and_then(GgufValue::as_bool);
    let prefix = prefix.unwrap_or(true);
    let tokenizer = guarded(|| {
        let mut model = BPE::builder().vocab_and_merges(vocab, merges);
        if let Some(unknown) = unknown {
            model = model.unk_token(unknown);
        }
        let mut tokenizer = Tokenizer::new(model.fuse_unk(true).byte_fallback(true).build()?);
        let mut steps: Vec<NormalizerWrapper> = Vec::new();
        if prefix {
            steps.push(Prepend::new("▁".to_owned()).into());
        }
        steps.push(Replace::new(" ", "▁")?.into());
        tokenizer.with_normalizer(Some(NormalizerWrapper::from(Normalizers::new(steps))))?;
        let mut decoders: Vec<DecoderWrapper> =
            vec![Replace::new("▁", " ")?.into(), ByteFallback::new().into(), Fuse::new().into()];
        if prefix {
            decoders.push(Strip::new(' ', 1, 0).into());
        }
        tokenizer.with_decoder(Some(DecoderWrapper::from(Decoders::new(decoders))));
        Ok(tokenizer)
    });
    tokenizer.map_err(damaged)
}
