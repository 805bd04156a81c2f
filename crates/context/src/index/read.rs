//! One file, read and understood: the part of the work that threads share.

use std::path::Path;

use mlxcode_base::{ContentHash, Language};

use super::facts;
use super::tokens::Tokens;
use crate::graph::made_names;
use crate::import::Import;
use crate::search::Standing;
use crate::syntax::{ParseLimits, ParsedFile, chunks_along, language_of};
use crate::walk::{Place, Read, SourceFile, WalkOptions, read_text};

/// What reading a file gave.
pub enum Outcome {
    /// Its text is that which the index knows.
    Same,
    /// Its text is new.
    Text(Box<KeptFacts>),
    /// It holds no text.
    Binary,
    /// Its text is not UTF-8.
    NotUtf8,
    /// It cannot be read now.
    Unreadable,
}

/// All that the index keeps of a file, in the form in which it is kept.
pub struct KeptFacts {
    pub hash: ContentHash,
    pub language: Option<Language>,
    pub standing: Standing,
    pub tokens: Tokens,
    pub names: String,
    pub symbols: Vec<u8>,
    pub reference_names: String,
    pub made: String,
    pub references: Vec<u8>,
    pub imports: Vec<Import>,
    pub chunks: Vec<u8>,
}

/// Reads a file and, unless its text has the hash `known`, understands it.
pub fn read(place: &Place, options: &WalkOptions, known: Option<&[u8]>) -> Outcome {
    let file = match read_text(place, options) {
        Read::File(file) => file,
        Read::Binary => return Outcome::Binary,
        Read::NotUtf8 => return Outcome::NotUtf8,
        Read::TooLarge | Read::Unreadable => return Outcome::Unreadable,
    };
    let hash = ContentHash::of(file.text.as_bytes());
    if known == Some(hash.as_bytes().as_slice()) {
        return Outcome::Same;
    }
    Outcome::Text(Box::new(understand(file, hash)))
}

fn understand(file: SourceFile, hash: ContentHash) -> KeptFacts {
    let SourceFile { path, text, origin, .. } = file;
    let language = language_of(Path::new(path.as_str()), &text);
    let limits = ParseLimits::default();
    let parsed = language.and_then(|one| ParsedFile::parse(text.as_str(), one, &limits));
    let symbols = parsed.as_ref().map(ParsedFile::symbols);
    let chunks = chunks_along(&text, language, symbols.as_deref());
    let symbols = symbols.unwrap_or_default();
    let references = parsed.as_ref().map(|file| file.references(&symbols)).unwrap_or_default();
    let (reference_names, kept) = facts::encode_references(&references);
    KeptFacts {
        hash,
        language,
        standing: Standing::of(&path, origin),
        tokens: Tokens::of(&path, &text, &symbols),
        names: facts::names(&symbols),
        symbols: facts::encode_symbols(&symbols),
        reference_names,
        made: facts::lines(made_names(&symbols, &references).into_iter()),
        references: kept,
        imports: parsed.map(|file| file.imports()).unwrap_or_default(),
        chunks: facts::encode_chunks(&chunks),
    }
}
