//! Static embeddings, in the layout of model2vec: a table with a row a token,
//! and a tokenizer. The vector of a text is the mean of its tokens' rows.

use std::path::Path;

use mlxcode_base::{BoxDiagnostic, ContentHash, Embedder};
use serde::Deserialize;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::files::read_optional;
use crate::safetensors::{SafetensorsHeader, SafetensorsTensor, SafetensorsType};
use crate::tokenizer::Tokenizer;

/// Larger files are no tables of words.
const MOST_BYTES: u64 = 4 << 30;
const MOST_TEXT_BYTES: u64 = 256 << 20;
const MOST_CONFIG_BYTES: u64 = 1 << 20;

/// How many tokens of a text count where the model does not say.
const TOKENS: usize = 512;

/// A model of static embeddings, read from a folder.
#[derive(Debug)]
pub struct StaticEmbedder {
    id: String,
    tokenizer: Tokenizer,
    dimensions: usize,
    table: Vec<f32>,
    /// Of each token, its row; the token itself where there is none.
    mapping: Option<Vec<usize>>,
    /// Of each token, how much it counts.
    weights: Option<Vec<f32>>,
    unknown: Option<u32>,
    is_normalised: bool,
    most_tokens: Option<usize>,
    /// Longer texts are cut to so many letters before they are read.
    most_letters: Option<usize>,
}

#[derive(Default, Deserialize)]
struct Config {
    #[serde(default)]
    normalize: bool,
    #[serde(default = "default_length")]
    max_length: Option<usize>,
}

#[allow(clippy::unnecessary_wraps, reason = "null in the file means that nothing is cut")]
fn default_length() -> Option<usize> {
    Some(TOKENS)
}

impl StaticEmbedder {
    /// Reads `model.safetensors` with the tensor `embeddings` and, where there
    /// are such, `weights` and `mapping`; `tokenizer.json`; and `config.json`.
    ///
    /// # Errors
    /// Where a file is missing or damaged, or its parts do not fit each other.
    pub fn open(folder: &Path) -> Result<Self> {
        let place = folder.join("model.safetensors");
        let header = SafetensorsHeader::read_folder(folder)?;
        let bytes = read_optional(&place, MOST_BYTES)?
            .ok_or_else(|| Error::MissingFile { path: place.clone() })?;
        let damaged = |reason: &str| Error::Damaged { path: place.clone(), reason: reason.into() };
        let read = |name: &str| -> Result<Option<(Vec<f32>, &SafetensorsTensor)>> {
            let Some(tensor) = header.tensor(name) else { return Ok(None) };
            let end = tensor.offset.saturating_add(tensor.size_bytes);
            let numbers = bytes
                .get(tensor.offset as usize..end as usize)
                .and_then(|bytes| numbers(bytes, &tensor.dtype))
                .ok_or_else(|| damaged(&format!("{name} holds no numbers that are read here")))?;
            Ok(Some((numbers, tensor)))
        };
        let (table, about) =
            read("embeddings")?.ok_or_else(|| damaged("it has no tensor `embeddings`"))?;
        let [rows, dimensions] = about.shape[..] else {
            return Err(damaged("`embeddings` is no table"));
        };
        let (rows, dimensions) = (rows as usize, dimensions as usize);
        if dimensions == 0 || table.len() != rows * dimensions {
            return Err(damaged("`embeddings` is no table"));
        }
        let place = folder.join("tokenizer.json");
        let tokenizer = Tokenizer::from_file(&place)?;
        let count = tokenizer.vocab_size();
        let weights = read("weights")?.map(|(weights, _)| weights);
        let mapping = read("mapping")?
            .map(|(mapping, _)| mapping.into_iter().map(|row| row as usize).collect::<Vec<_>>());
        if weights.as_ref().is_some_and(|weights| weights.len() < count) {
            return Err(damaged("`weights` has fewer numbers than there are tokens"));
        }
        let fits = match &mapping {
            Some(mapping) => mapping.len() >= count && mapping.iter().all(|row| *row < rows),
            None => rows >= count,
        };
        if !fits {
            return Err(damaged("not every token has a row"));
        }
        let config = match read_optional(&folder.join("config.json"), MOST_CONFIG_BYTES)? {
            Some(text) => serde_json::from_slice(&text).map_err(|error| Error::Damaged {
                path: folder.join("config.json"),
                reason: error.to_string(),
            })?,
            None => Config { normalize: false, max_length: default_length() },
        };
        let most_letters = config.max_length.map(|most| most * median_letters(&tokenizer, count));
        Ok(Self {
            id: format!("static-{}", ContentHash::of(&bytes).short()),
            unknown: unknown(&place, &tokenizer)?,
            tokenizer,
            dimensions,
            table,
            mapping,
            weights,
            is_normalised: config.normalize,
            most_tokens: config.max_length,
            most_letters,
        })
    }

    fn one(&self, text: &str) -> Result<Vec<f32>> {
        let end = self.most_letters.and_then(|most| text.char_indices().nth(most));
        let text = end.map_or(text, |(end, _)| &text[..end]);
        let mut tokens = self.tokenizer.encode(text, false)?;
        tokens.truncate(self.most_tokens.unwrap_or(usize::MAX));
        tokens.retain(|token| Some(*token) != self.unknown);
        let mut sum = vec![0.0_f32; self.dimensions];
        for token in &tokens {
            let token = *token as usize;
            let row = self.mapping.as_ref().map_or(Some(token), |map| map.get(token).copied());
            let weight = self.weights.as_ref().map_or(1.0, |all| all[token.min(all.len() - 1)]);
            let start = row.unwrap_or(0) * self.dimensions;
            let Some(row) = self.table.get(start..start + self.dimensions) else { continue };
            sum.iter_mut().zip(row).for_each(|(sum, one)| *sum += one * weight);
        }
        let mut by = tokens.len().max(1) as f32;
        if self.is_normalised {
            let length = sum.iter().map(|one| one * one).sum::<f32>().sqrt();
            by = length.max(f32::MIN_POSITIVE);
        }
        for one in &mut sum {
            *one /= by;
        }
        Ok(sum)
    }
}

impl Embedder for StaticEmbedder {
    fn id(&self) -> &str {
        &self.id
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, BoxDiagnostic> {
        texts.iter().map(|text| self.one(text).map_err(BoxDiagnostic::new)).collect()
    }
}

/// The numbers of a tensor; `None` for types that such models do not have.
fn numbers(bytes: &[u8], dtype: &SafetensorsType) -> Option<Vec<f32>> {
    fn each<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> f32) -> Vec<f32> {
        bytes.as_chunks::<N>().0.iter().map(|one| read(*one)).collect()
    }
    Some(match dtype {
        SafetensorsType::F64 => each(bytes, |one| f64::from_le_bytes(one) as f32),
        SafetensorsType::F32 => each(bytes, f32::from_le_bytes),
        SafetensorsType::F16 => each(bytes, |one| half(u16::from_le_bytes(one))),
        SafetensorsType::BF16 => {
            each(bytes, |one| f32::from_bits(u32::from(u16::from_le_bytes(one)) << 16))
        }
        SafetensorsType::I64 => each(bytes, |one| i64::from_le_bytes(one) as f32),
        SafetensorsType::I32 => each(bytes, |one| i32::from_le_bytes(one) as f32),
        SafetensorsType::I8 => each(bytes, |one: [u8; 1]| f32::from(i8::from_le_bytes(one))),
        _ => return None,
    })
}

/// A number of sixteen bits (IEEE 754, binary16).
fn half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff));
    sign * match exponent {
        0 => fraction * 2.0_f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1.0 + fraction / 1024.0) * 2.0_f32.powi(exponent - 15),
    }
}

/// The token that stands for what the tokenizer does not know.
fn unknown(place: &Path, tokenizer: &Tokenizer) -> Result<Option<u32>> {
    let text = read_optional(place, MOST_TEXT_BYTES)?.unwrap_or_default();
    let described: Value = serde_json::from_slice(&text)
        .map_err(|error| Error::Damaged { path: place.into(), reason: error.to_string() })?;
    let model = &described["model"];
    Ok(match model["unk_token"].as_str() {
        Some(token) => tokenizer.id_of(token),
        None => model["unk_id"].as_u64().and_then(|id| u32::try_from(id).ok()),
    })
}

/// How many letters the token in the middle has.
fn median_letters(tokenizer: &Tokenizer, count: usize) -> usize {
    let tokens = (0..count as u32).filter_map(|id| tokenizer.token(id));
    let mut letters: Vec<usize> = tokens.map(|token| token.chars().count()).collect();
    letters.sort_unstable();
    let middle = letters.len() / 2;
    match letters.len() {
        0 => 0,
        even if even % 2 == 0 => usize::midpoint(letters[middle - 1], letters[middle]),
        _ => letters[middle],
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests make the files they read")]
mod tests {
    use std::fs;

    use super::*;

    /// A model of four words in two dimensions.
    fn folder(config: &str, more: &[(&str, &str, &[u64], Vec<u8>)]) -> tempfile::TempDir {
        let temp = tempfile::tempdir().unwrap();
        let floats = |all: &[f32]| all.iter().flat_map(|one| one.to_le_bytes()).collect::<Vec<_>>();
        let table = floats(&[9.0, 9.0, 1.0, 0.0, 0.0, 2.0, 3.0, 4.0]);
        let mut tensors = vec![("embeddings", "F32", &[4_u64, 2][..], table)];
        tensors.extend(more.iter().cloned());
        let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
        for (name, dtype, shape, bytes) in tensors {
            let from = data.len();
            data.extend(bytes);
            let about = serde_json::json!({
                "dtype": dtype, "shape": shape, "data_offsets": [from, data.len()]
            });
            header.insert(name.to_owned(), about);
        }
        let header = serde_json::to_vec(&header).unwrap();
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend(header);
        file.extend(data);
        fs::write(temp.path().join("model.safetensors"), file).unwrap();
        let tokenizer = serde_json::json!({
            "version": "1.0",
            "pre_tokenizer": {"type": "Whitespace"},
            "model": {
                "type": "WordLevel",
                "vocab": {"[UNK]": 0, "open": 1, "port": 2, "close": 3},
                "unk_token": "[UNK]",
            },
        });
        fs::write(temp.path().join("tokenizer.json"), tokenizer.to_string()).unwrap();
        fs::write(temp.path().join("config.json"), config).unwrap();
        temp
    }

    fn embed(folder: &Path, text: &str) -> Vec<f32> {
        StaticEmbedder::open(folder).unwrap().embed(&[text]).unwrap().remove(0)
    }

    #[test]
    fn a_text_is_the_mean_of_its_words() {
        let temp = folder("{}", &[]);
        assert_eq!(embed(temp.path(), "open port"), [0.5, 1.0]);
        // What is unknown does not count.
        assert_eq!(embed(temp.path(), "open the port"), [0.5, 1.0]);
        assert_eq!(embed(temp.path(), "nothing"), [0.0, 0.0]);
        let temp = folder("{\"normalize\": true}", &[]);
        assert_eq!(embed(temp.path(), "close"), [0.6, 0.8]);
        let temp = folder("{\"max_length\": 1}", &[]);
        assert_eq!(embed(temp.path(), "open port"), [1.0, 0.0]);
    }

    #[test]
    fn words_share_rows_and_have_weights() {
        let bytes = |all: [i64; 4]| all.iter().flat_map(|one| one.to_le_bytes()).collect();
        let mapping = ("mapping", "I64", &[4_u64][..], bytes([0, 3, 3, 1]));
        // 1, 1, 0.5 and 2, in sixteen bits.
        let halves = [0x3c00_u16, 0x3c00, 0x3800, 0x4000];
        let halves = halves.iter().flat_map(|one| one.to_le_bytes()).collect();
        let weights = ("weights", "F16", &[4_u64][..], halves);
        let temp = folder("{}", &[mapping, weights]);
        assert_eq!(embed(temp.path(), "port"), [1.5, 2.0]);
        assert_eq!(embed(temp.path(), "close open"), [2.5, 2.0]);
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        let short = ("weights", "F32", &[1_u64][..], vec![0; 4]);
        let lost = ("mapping", "I32", &[4_u64][..], [7_i32; 4].map(i32::to_le_bytes).concat());
        for odd in [short, lost] {
            let temp = folder("{}", &[odd]);
            assert!(matches!(StaticEmbedder::open(temp.path()), Err(Error::Damaged { .. })));
        }
        let temp = folder("{}", &[]);
        fs::remove_file(temp.path().join("model.safetensors")).unwrap();
        assert!(StaticEmbedder::open(temp.path()).is_err());
    }

    #[test]
    fn halves_are_read() {
        for (bits, expect) in [(0x0001, 5.960_464_5e-8), (0xc000, -2.0), (0x7c00, f32::INFINITY)] {
            assert_eq!(half(bits).to_bits(), expect.to_bits());
        }
        assert!(half(0x7e00).is_nan());
    }
}
