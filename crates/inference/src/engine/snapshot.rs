//! Keys and values of past prompts as bytes, for the next session.
//!
//! ```text
//! "MLXKV001" · fingerprint of the model · page bytes u64 · pages u32
//! each page: parent u32 (u32::MAX: none) · tokens u32 · their numbers u32 · its bytes
//! SHA-256 of all that
//! ```
//!
//! Numbers are little-endian. A page comes after its parent.

use std::collections::HashMap;

use mlxcode_base::ContentHash;
use mlxcode_kernels::PAGE_TOKENS;

use super::prefix::{Node, PrefixCache};
use crate::error::{Error, Result};

const MAGIC: &[u8; 8] = b"MLXKV001";

/// The digits of a hash.
const HASH_BYTES: usize = 64;

/// A page without a parent.
const NONE: u32 = u32::MAX;

/// The pages used last, with all before them, in at most so many bytes.
pub fn save(cache: &PrefixCache, fingerprint: &str, most_bytes: usize) -> Vec<u8> {
    let page_bytes = cache.pages().page_bytes();
    let each = page_bytes + 8 + 4 * PAGE_TOKENS;
    let head = MAGIC.len() + fingerprint.len() + 12 + HASH_BYTES;
    let nodes = cache.newest(most_bytes.saturating_sub(head) / each);
    let mut bytes = Vec::with_capacity(head + nodes.len() * each);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(fingerprint.as_bytes());
    bytes.extend_from_slice(&(page_bytes as u64).to_le_bytes());
    bytes.extend_from_slice(&(nodes.len() as u32).to_le_bytes());
    let mut places: HashMap<Node, u32> = HashMap::new();
    for (place, node) in nodes.into_iter().enumerate() {
        let Some((parent, tokens, page)) = cache.kept(node) else { continue };
        let parent = parent.and_then(|parent| places.get(&parent).copied());
        bytes.extend_from_slice(&parent.unwrap_or(NONE).to_le_bytes());
        bytes.extend_from_slice(&(tokens.len() as u32).to_le_bytes());
        bytes.extend(tokens.iter().flat_map(|token| token.to_le_bytes()));
        bytes.extend_from_slice(page);
        places.insert(node, place as u32);
    }
    let hash = ContentHash::of(&bytes).to_string();
    bytes.extend_from_slice(hash.as_bytes());
    bytes
}

/// Takes pages that were saved for the same model, as many as have room, and
/// tells how many tokens they hold. Damaged bytes change nothing.
pub fn restore(cache: &mut PrefixCache, fingerprint: &str, bytes: &[u8]) -> Result<usize> {
    let damaged = |reason: &str| Error::Snapshot { reason: reason.to_owned() };
    let (body, hash) = bytes
        .split_at_checked(bytes.len().saturating_sub(HASH_BYTES))
        .filter(|_| bytes.len() > HASH_BYTES)
        .ok_or_else(|| damaged("they are too few"))?;
    if ContentHash::of(body).to_string().as_bytes() != hash {
        return Err(damaged("their hash is another"));
    }
    let mut rest = body;
    if take(&mut rest, MAGIC.len()) != Some(MAGIC.as_slice()) {
        return Err(damaged("they are of another kind or version"));
    }
    let page_bytes = cache.pages().page_bytes();
    let same_model = take(&mut rest, fingerprint.len()) == Some(fingerprint.as_bytes());
    let saved_bytes = take(&mut rest, 8).and_then(|bytes| bytes.try_into().ok());
    if !same_model || saved_bytes.map(u64::from_le_bytes) != Some(page_bytes as u64) {
        return Err(damaged("they are of another model, or of another kind of cache"));
    }
    let pages = number(&mut rest).ok_or_else(|| damaged("they end early"))?;
    let mut places: Vec<Option<Node>> = Vec::new();
    let mut known = 0;
    for _ in 0..pages {
        let page = saved_page(&mut rest, page_bytes).ok_or_else(|| damaged("they end early"))?;
        let parent = match page.parent {
            NONE => Some(None),
            // A parent for which there was no room has no children either.
            place => places.get(place as usize).copied().flatten().map(Some),
        };
        let node = parent.and_then(|parent| cache.put(parent, &page.tokens, page.bytes));
        known += node.map_or(0, |_| page.tokens.len());
        places.push(node);
    }
    Ok(known)
}

struct SavedPage<'b> {
    parent: u32,
    tokens: Vec<u32>,
    bytes: &'b [u8],
}

fn saved_page<'b>(rest: &mut &'b [u8], page_bytes: usize) -> Option<SavedPage<'b>> {
    let parent = number(rest)?;
    let count = number(rest)? as usize;
    if count == 0 || count > PAGE_TOKENS {
        return None;
    }
    let tokens = (0..count).map(|_| number(rest)).collect::<Option<_>>()?;
    Some(SavedPage { parent, tokens, bytes: take(rest, page_bytes)? })
}

fn take<'b>(rest: &mut &'b [u8], count: usize) -> Option<&'b [u8]> {
    let (taken, after) = rest.split_at_checked(count)?;
    *rest = after;
    Some(taken)
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    take(rest, 4)?.try_into().ok().map(u32::from_le_bytes)
}
