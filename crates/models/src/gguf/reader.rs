use std::collections::{BTreeMap, HashSet};
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::{GgmlType, GgufValue};
use crate::error::{Error, Result};
use crate::files::open_regular;

/// A real header has some dozens of entries and some hundreds of tensors; the
/// limits only keep a damaged one from asking for all memory.
const MOST_ENTRIES: u64 = 100_000;
const MOST_DIMENSIONS: u32 = 4;
const MOST_NESTING: usize = 2;
/// List items of the whole header. A vocabulary of 262,144 tokens with scores,
/// types and merges has about a million.
const MOST_ITEMS: u64 = 1 << 23;
/// The specification's limit on the length of a key.
const MOST_NAME_BYTES: u64 = 65_535;
const MOST_TEXT_BYTES: u64 = 16 << 20;
/// Texts of the whole header. The largest vocabularies take some megabytes.
const MOST_TEXT_BYTES_IN_ALL: u64 = 256 << 20;
/// ggml's number of the value type `uint32`.
const UINT32: u32 = 4;

/// The header of a GGUF file.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct GgufHeader {
    /// The format's version: 2 or 3.
    pub version: u32,
    /// All that the file says about the model.
    pub metadata: BTreeMap<String, GgufValue>,
    /// The tensors in the order of the file.
    pub tensors: Vec<GgufTensor>,
    /// Each tensor begins at a multiple of this many bytes.
    pub alignment: u64,
}

/// Where a tensor lies in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GgufTensor {
    /// Its name, such as `blk.0.attn_q.weight`.
    pub name: String,
    /// Its sizes, the fastest-running first.
    pub dims: Vec<u64>,
    /// How its numbers are stored.
    pub ggml_type: GgmlType,
    /// Where it begins in the file, in bytes.
    pub offset: u64,
    /// How many bytes it takes; 0 for a type of which not even the size is
    /// known here.
    pub size_bytes: u64,
}

impl GgufHeader {
    /// Reads and checks the header: after this, every tensor of a known type
    /// lies inside the file and overlaps no other.
    pub fn read(path: &Path) -> Result<Self> {
        let (file, size) = open_regular(path)?;
        Self::read_from(BufReader::new(file), size, path)
    }

    /// As [`read`](Self::read), from anything that gives a file's `size` bytes
    /// in order. `path` stands in errors.
    pub fn read_from(input: impl Read, size: u64, path: &Path) -> Result<Self> {
        let mut source = Source { input, at: 0, size, items: 0, text_bytes: 0 };
        read(&mut source).map_err(|problem| match problem {
            Problem::Damaged(reason) => Error::Damaged { path: path.to_owned(), reason },
            Problem::Unsupported(what) => Error::UnsupportedModel { path: path.to_owned(), what },
            Problem::Foreign => {
                let reason = "it does not begin with `GGUF`".to_owned();
                Error::NotAModel { path: path.to_owned(), reason }
            }
            Problem::Io(source) => Error::Io { path: path.to_owned(), source },
        })
    }

    /// A value by its key.
    pub fn get(&self, key: &str) -> Option<&GgufValue> {
        self.metadata.get(key)
    }

    /// A tensor by its name.
    pub fn tensor(&self, name: &str) -> Option<&GgufTensor> {
        self.tensors.iter().find(|tensor| tensor.name == name)
    }
}

enum Problem {
    /// What is wrong, in words.
    Damaged(String),
    /// A sound file of a kind that is not read here, in words.
    Unsupported(String),
    /// A file of another kind, not a damaged one of this.
    Foreign,
    Io(io::Error),
}

impl From<String> for Problem {
    fn from(reason: String) -> Self {
        Self::Damaged(reason)
    }
}

impl From<&str> for Problem {
    fn from(reason: &str) -> Self {
        Self::Damaged(reason.to_owned())
    }
}

type Parsed<T> = Result<T, Problem>;

struct Source<R> {
    input: R,
    at: u64,
    size: u64,
    /// List items read so far.
    items: u64,
    /// Bytes of text read so far.
    text_bytes: u64,
}

fn read<R: Read>(source: &mut Source<R>) -> Parsed<GgufHeader> {
    for expected in b"GGUF" {
        if source.bytes::<1>()? != [*expected] {
            return Err(Problem::Foreign);
        }
    }
    let version = source.u32()?;
    match version {
        2 | 3 => {}
        // The one before counts in 32 bits; one that comes has the next numbers.
        1 | 4..=9 => return Err(Problem::Unsupported(format!("version {version} of GGUF"))),
        _ if (1..=9).contains(&version.swap_bytes()) => {
            return Err(Problem::Unsupported("the big-endian byte order".to_owned()));
        }
        _ => return Err(format!("version {version} of the format is not known").into()),
    }
    let tensor_count = source.count("tensors", 24)?;
    let value_count = source.count("entries", 12)?;
    let mut metadata = BTreeMap::new();
    for _ in 0..value_count {
        let key = source.name()?;
        let kind = source.u32()?;
        if key == "general.alignment" && kind != UINT32 {
            // Readers that expect the specified type would take the default
            // and find other weights in the same file.
            return Err("general.alignment is no 32-bit unsigned number".into());
        }
        let value = source.value(kind, 0)?;
        if metadata.insert(key.clone(), value).is_some() {
            return Err(format!("the entry {key} is there twice").into());
        }
    }
    let alignment = match metadata.get("general.alignment") {
        None => 32,
        Some(value) => value
            .as_u64()
            .filter(|alignment| alignment.is_power_of_two() && *alignment <= 1 << 20)
            .ok_or("general.alignment is no power of two")?,
    };
    let mut tensors = Vec::new();
    for _ in 0..tensor_count {
        tensors.push(source.tensor()?);
    }
    let data = source.at.next_multiple_of(alignment);
    place(&mut tensors, data, alignment, source.size)?;
    Ok(GgufHeader { version, metadata, tensors, alignment })
}

/// Turns offsets into absolute ones and checks that all is inside the file.
fn place(tensors: &mut [GgufTensor], data: u64, alignment: u64, size: u64) -> Parsed<()> {
    let mut names = HashSet::new();
    let mut spans = Vec::new();
    for tensor in tensors {
        let name = &tensor.name;
        if !names.insert(name.clone()) {
            return Err(format!("the tensor {name} is there twice").into());
        }
        if tensor.offset % alignment != 0 {
            return Err(format!("the tensor {name} is not aligned").into());
        }
        tensor.offset = data.checked_add(tensor.offset).ok_or("an offset is too large")?;
        let end = tensor.offset.checked_add(tensor.size_bytes).ok_or("a size is too large")?;
        if end > size {
            return Err(format!(
                "the tensor {name} ends at byte {end}, the file has {size}: it is not complete"
            )
            .into());
        }
        spans.push((tensor.offset, end, name.clone()));
    }
    spans.sort();
    match spans.windows(2).find(|pair| pair[0].1 > pair[1].0) {
        Some(pair) => Err(format!("the tensors {} and {} overlap", pair[0].2, pair[1].2).into()),
        None => Ok(()),
    }
}

impl<R: Read> Source<R> {
    fn bytes<const N: usize>(&mut self) -> Parsed<[u8; N]> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Parsed<()> {
        self.input.read_exact(bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => self.too_short(),
            _ => Problem::Io(error),
        })?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    fn too_short(&self) -> Problem {
        format!("it ends in the middle of its header, at byte {}", self.size).into()
    }

    fn u32(&mut self) -> Parsed<u32> {
        self.bytes().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Parsed<u64> {
        self.bytes().map(u64::from_le_bytes)
    }

    /// Reads a number of things that take at least `each` bytes.
    fn count(&mut self, what: &str, each: u64) -> Parsed<u64> {
        let count = self.u64()?;
        let room = self.size.saturating_sub(self.at) / each;
        if count > room || count > MOST_ENTRIES {
            return Err(format!("it claims to hold {count} {what}").into());
        }
        Ok(count)
    }

    /// Reads a length and as many bytes.
    fn counted(&mut self, most: u64) -> Parsed<Vec<u8>> {
        let length = self.u64()?;
        if length > self.size.saturating_sub(self.at) {
            return Err(self.too_short());
        }
        self.text_bytes += length;
        if length > most || self.text_bytes > MOST_TEXT_BYTES_IN_ALL {
            return Err(format!("a text claims to have {length} bytes").into());
        }
        let mut bytes = vec![0; length as usize];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn text(&mut self) -> Parsed<String> {
        // Some tokens of real files are no UTF-8; their bytes are never shown.
        Ok(String::from_utf8_lossy(&self.counted(MOST_TEXT_BYTES)?).into_owned())
    }

    /// A key or a tensor's name. Other readers cut names at a zero byte, so
    /// one could mean two tensors.
    fn name(&mut self) -> Parsed<String> {
        let name = String::from_utf8(self.counted(MOST_NAME_BYTES)?);
        let name = name.map_err(|_| "a name is no UTF-8")?;
        if name.contains('\0') {
            return Err("a name has a zero byte".into());
        }
        Ok(name)
    }

    fn value(&mut self, kind: u32, depth: usize) -> Parsed<GgufValue> {
        Ok(match kind {
            0 => GgufValue::Unsigned(u64::from(self.bytes::<1>()?[0])),
            1 => GgufValue::Signed(i64::from(i8::from_le_bytes(self.bytes()?))),
            2 => GgufValue::Unsigned(u64::from(u16::from_le_bytes(self.bytes()?))),
            3 => GgufValue::Signed(i64::from(i16::from_le_bytes(self.bytes()?))),
            4 => GgufValue::Unsigned(u64::from(self.u32()?)),
            5 => GgufValue::Signed(i64::from(i32::from_le_bytes(self.bytes()?))),
            6 => GgufValue::Float(f64::from(f32::from_le_bytes(self.bytes()?))),
            7 => GgufValue::Bool(self.bytes::<1>()?[0] != 0),
            8 => GgufValue::Text(self.text()?),
            9 if depth < MOST_NESTING => self.list(depth)?,
            10 => GgufValue::Unsigned(self.u64()?),
            11 => GgufValue::Signed(i64::from_le_bytes(self.bytes()?)),
            12 => GgufValue::Float(f64::from_le_bytes(self.bytes()?)),
            9 => return Err("its lists are nested too deep".into()),
            other => return Err(format!("a value has the unknown type {other}").into()),
        })
    }

    fn list(&mut self, depth: usize) -> Parsed<GgufValue> {
        let kind = self.u32()?;
        let length = self.u64()?;
        // Every value takes a byte at least.
        if length > self.size.saturating_sub(self.at) {
            return Err(self.too_short());
        }
        self.items = self.items.saturating_add(length);
        if self.items > MOST_ITEMS {
            return Err(format!("a list claims to hold {length} values").into());
        }
        let mut values = Vec::new();
        for _ in 0..length {
            values.push(self.value(kind, depth + 1)?);
        }
        Ok(GgufValue::List(values))
    }

    fn tensor(&mut self) -> Parsed<GgufTensor> {
        let name = self.name()?;
        let dimensions = self.u32()?;
        if dimensions > MOST_DIMENSIONS {
            return Err(format!("the tensor {name} has {dimensions} dimensions").into());
        }
        let dims = (0..dimensions).map(|_| self.u64()).collect::<Parsed<Vec<u64>>>()?;
        let ggml_type = GgmlType::from_number(self.u32()?);
        let offset = self.u64()?;
        let elements = dims.iter().try_fold(1_u64, |product, dim| product.checked_mul(*dim));
        let elements = elements.ok_or_else(|| format!("the tensor {name} is too large"))?;
        let size_bytes = match ggml_type.block() {
            None => 0,
            Some((numbers, bytes)) => {
                if dims.first().copied().unwrap_or(1) % numbers != 0 {
                    let reason = format!("the rows of {name} are no whole blocks of {ggml_type}");
                    return Err(reason.into());
                }
                (elements / numbers)
                    .checked_mul(bytes)
                    .ok_or_else(|| format!("the tensor {name} is too large"))?
            }
        };
        Ok(GgufTensor { name, dims, ggml_type, offset, size_bytes })
    }
}
