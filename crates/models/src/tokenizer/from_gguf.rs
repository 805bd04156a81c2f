//! The tokenizer inside a GGUF file.

use std::path::Path;

use ahash::AHashMap;
use tokenizers::models::bpe::BPE;
use tokenizers::normalizers::{NFC, Prepend, Replace, Sequence as Normalizers};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence as PreTokenizers;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{
    AddedToken, DecoderWrapper, NormalizerWrapper, PreTokenizerWrapper, SplitDelimiterBehavior,
    Tokenizer,
};

use crate::error::{Error, Result};
use crate::gguf::{GgufHeader, GgufValue};

/// How Qwen2 cuts a text before the merges.
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// How Llama 3 does.
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Token types in GGUF that are matched as they stand in a text.
const CONTROL: u64 = 3;
const USER_DEFINED: u64 = 4;

/// Builds the tokenizer that the header describes.
pub fn build(header: &GgufHeader, path: &Path) -> Result<Tokenizer> {
    let damaged = |reason: String| Error::Damaged { path: path.to_owned(), reason };
    let tokens = texts(header, "tokenizer.ggml.tokens")
        .ok_or_else(|| damaged("it has no tokenizer.ggml.tokens".to_owned()))?;
    let vocab: AHashMap<String, u32> =
        tokens.iter().enumerate().map(|(id, token)| ((*token).to_owned(), id as u32)).collect();
    if vocab.len() != tokens.len() {
        return Err(damaged("its vocabulary holds a token twice".to_owned()));
    }
    let kind = header.get("tokenizer.ggml.model").and_then(GgufValue::as_str);
    let mut tokenizer = match kind {
        Some("gpt2") => byte_level(header, path, vocab)?,
        Some("llama") => sentence_piece(header, path, &tokens, vocab)?,
        Some(other) => {
            let what = format!("the tokenizer {other}");
            return Err(Error::UnsupportedModel { path: path.to_owned(), what });
        }
        None => return Err(damaged("it names no tokenizer.ggml.model".to_owned())),
    };
    let kinds = header.get("tokenizer.ggml.token_type").and_then(GgufValue::as_list);
    let added = tokens.iter().zip(kinds.unwrap_or_default()).filter_map(|(token, kind)| {
        let kind = kind.as_u64()?;
        matches!(kind, CONTROL | USER_DEFINED)
            .then(|| AddedToken::from((*token).to_owned(), kind == CONTROL).normalized(false))
    });
    let added: Vec<AddedToken> = added.filter(|token| !token.content.is_empty()).collect();
    tokenizer.add_tokens(added).map_err(|error| damaged(error.to_string()))?;
    Ok(tokenizer)
}

fn texts<'h>(header: &'h GgufHeader, key: &str) -> Option<Vec<&'h str>> {
    header.get(key)?.as_list()?.iter().map(GgufValue::as_str).collect()
}

/// Byte pairs over bytes, as GPT-2 does it.
fn byte_level(header: &GgufHeader, path: &Path, vocab: AHashMap<String, u32>) -> Result<Tokenizer> {
    let damaged = |reason: String| Error::Damaged { path: path.to_owned(), reason };
    let merges = texts(header, "tokenizer.ggml.merges")
        .ok_or_else(|| damaged("it has no tokenizer.ggml.merges".to_owned()))?;
    let merges: Option<Vec<(String, String)>> = merges
        .iter()
        .map(|merge| merge.split_once(' ').map(|(a, b)| (a.to_owned(), b.to_owned())))
        .collect();
    let merges = merges.ok_or_else(|| damaged("a merge is no pair".to_owned()))?;
    let pre = header.get("tokenizer.ggml.pre").and_then(GgufValue::as_str).unwrap_or("default");
    let (pattern, whole_words, composed) = match pre {
        "qwen2" | "deepseek-r1-qwen" => (Some(QWEN2), false, true),
        "llama-bpe" | "llama3" | "llama-v3" => (Some(LLAMA3), true, false),
        "gpt-2" | "default" => (None, false, false),
        other => {
            let what = format!("the pre-tokenizer {other}");
            return Err(Error::UnsupportedModel { path: path.to_owned(), what });
        }
    };
    let model = BPE::builder().vocab_and_merges(vocab, merges).ignore_merges(whole_words).build();
    let mut tokenizer = Tokenizer::new(model.map_err(|error| damaged(error.to_string()))?);
    if composed {
        tokenizer
            .with_normalizer(Some(NormalizerWrapper::from(NFC)))
            .map_err(|error| damaged(error.to_string()))?;
    }
    let bytes = ByteLevel::new(false, false, pattern.is_none());
    let pre: PreTokenizerWrapper = match pattern {
        None => bytes.into(),
        Some(pattern) => {
            let pattern = SplitPattern::Regex(pattern.to_owned());
            let split = Split::new(pattern, SplitDelimiterBehavior::Isolated, false);
            let split = split.map_err(|error| damaged(error.to_string()))?;
            PreTokenizers::new(vec![split.into(), bytes.into()]).into()
        }
    };
    tokenizer.with_pre_tokenizer(Some(pre));
    tokenizer.with_decoder(Some(DecoderWrapper::from(ByteLevel::default())));
    Ok(tokenizer)
}

/// SentencePiece's byte pairs, as Llama 1 and 2 and Mistral use them: the
/// order of the merges is that of the scores.
fn sentence_piece(
    header: &GgufHeader,
    path: &Path,
    tokens: &[&str],
    vocab: AHashMap<String, u32>,
) -> Result<Tokenizer> {
    let damaged = |reason: String| Error::Damaged { path: path.to_owned(), reason };
    let scores = header.get("tokenizer.ggml.scores").and_then(GgufValue::as_list);
    let scores = scores.filter(|scores| scores.len() == tokens.len());
    let scores = scores.ok_or_else(|| damaged("its tokens have no scores".to_owned()))?;
    let mut merges: Vec<(f64, u32, String, String)> = Vec::new();
    for (token, score) in tokens.iter().zip(scores) {
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
    let unknown = header.get("tokenizer.ggml.unknown_token_id").and_then(GgufValue::as_u64);
    let unknown = tokens.get(unknown.unwrap_or(0) as usize).copied().unwrap_or("<unk>");
    let model = BPE::builder()
        .vocab_and_merges(vocab, merges)
        .unk_token(unknown.to_owned())
        .fuse_unk(true)
        .byte_fallback(true)
        .build();
    let mut tokenizer = Tokenizer::new(model.map_err(|error| damaged(error.to_string()))?);
    let replace = Replace::new(" ", "▁").map_err(|error| damaged(error.to_string()))?;
    let mut steps: Vec<NormalizerWrapper> = Vec::new();
    let prefix = header.get("tokenizer.ggml.add_space_prefix").and_then(GgufValue::as_bool);
    let prefix = prefix.unwrap_or(true);
    if prefix {
        steps.push(Prepend::new("▁".to_owned()).into());
    }
    steps.push(replace.into());
    tokenizer
        .with_normalizer(Some(NormalizerWrapper::from(Normalizers::new(steps))))
        .map_err(|error| damaged(error.to_string()))?;
    let spaces = Replace::new("▁", " ").map_err(|error| damaged(error.to_string()))?;
    let mut decoders: Vec<DecoderWrapper> = vec![
        spaces.into(),
        tokenizers::decoders::byte_fallback::ByteFallback::new().into(),
        tokenizers::decoders::fuse::Fuse::new().into(),
    ];
    if prefix {
        decoders.push(tokenizers::decoders::strip::Strip::new(' ', 1, 0).into());
    }
    let decoder = tokenizers::decoders::sequence::Sequence::new(decoders);
    tokenizer.with_decoder(Some(DecoderWrapper::from(decoder)));
    Ok(tokenizer)
}
