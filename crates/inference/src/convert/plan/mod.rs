//! What a conversion will write, byte by byte, before it writes any.

mod folder;
mod folder_config;
mod gguf;
mod gguf_header;
mod gguf_metadata;
mod gguf_types;
mod mlx;
mod mlx_order;
mod python_json;
mod safetensors;
mod vocabulary;

use mlxcode_base::ContentHash;
use mlxcode_kernels::{FloatType, WeightType};
use mlxcode_models::InstalledModel;

use super::options::ConvertTarget;
use super::parameters::{Parameter, parameters};
use super::source::{Source, Stored};
use crate::error::Result;

/// The files of a result and how their weights come about.
#[derive(Debug, Default)]
pub struct Plan {
    /// Whether the result is a folder, rather than its one file.
    pub folder: bool,
    /// The files.
    pub files: Vec<PlannedFile>,
    /// The weights.
    pub jobs: Vec<Job>,
    /// A place in the first file, and what is written there: a table that no
    /// weight of the source is.
    pub tail: Option<(u64, Vec<u8>)>,
    /// What the source says and the result cannot.
    pub lost: Vec<String>,
}

/// A file of the result.
#[derive(Debug)]
pub struct PlannedFile {
    /// Its name in the folder.
    pub name: String,
    /// What it begins with: a header, or all of it.
    pub head: Vec<u8>,
    /// All its bytes.
    pub size_bytes: u64,
}

/// A weight of the result.
#[derive(Debug)]
pub struct Job {
    /// Its name there.
    pub name: String,
    /// Rows of the source that make it, one after the other.
    pub parts: Vec<(Stored, usize, usize)>,
    /// Numbers in a row.
    pub columns: usize,
    /// The order of the rows.
    pub turn: Turn,
    /// A type of floats that the numbers are rounded to first.
    pub round: Option<FloatType>,
    /// What they become.
    pub kind: WeightType,
    /// Which of the files it goes to.
    pub file: usize,
    /// Where its numbers begin there; for MLX's types also its scales and its
    /// biases.
    pub offsets: [u64; 3],
}

/// The order of the rows of a query's or a key's weight. transformers turns the
/// two halves of a head together, GGUF files of Llama neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// As they are.
    None,
    /// Halves become neighbours, in heads of so many rows.
    ToNeighbours(usize),
    /// Neighbours become halves.
    ToHalves(usize),
}

impl Turn {
    /// The row of the source that becomes `row`.
    pub fn source_of(self, row: usize) -> usize {
        match self {
            Self::None => row,
            Self::ToNeighbours(head) => {
                let within = row % head;
                row - within + within % 2 * (head / 2) + within / 2
            }
            Self::ToHalves(head) => {
                let within = row % head;
                row - within + within % (head / 2) * 2 + within / (head / 2)
            }
        }
    }

    /// Rows that change places only with each other.
    pub fn head(self) -> usize {
        match self {
            Self::None => 1,
            Self::ToNeighbours(head) | Self::ToHalves(head) => head,
        }
    }
}

impl Job {
    /// All rows.
    pub fn rows(&self) -> usize {
        self.parts.iter().map(|(_, _, rows)| rows).sum()
    }

    /// Bytes of a row in each of the arrays.
    pub fn row_bytes(&self) -> [usize; 3] {
        let (block, bytes) = self.kind.block();
        let blocks = self.columns / block;
        [bytes, self.kind.scale_bytes(), self.kind.bias_bytes()].map(|bytes| blocks * bytes)
    }

    /// All bytes of it in the result.
    pub fn size_bytes(&self) -> u64 {
        (self.row_bytes().iter().sum::<usize>() * self.rows()) as u64
    }
}

impl PlannedFile {
    /// A file that is known whole.
    fn whole(name: &str, bytes: Vec<u8>) -> Self {
        Self { name: name.to_owned(), size_bytes: bytes.len() as u64, head: bytes }
    }
}

impl Plan {
    /// Plans the conversion of a model.
    pub fn new(model: &InstalledModel, source: &Source, target: ConvertTarget) -> Result<Self> {
        let parameters = parameters(model.config(), source)?;
        match (target, source.gguf.is_some()) {
            (ConvertTarget::Gguf(kind), false) => gguf::plan(model, source, parameters, kind),
            (ConvertTarget::Mlx { bits, group }, false) => {
                mlx::plan(model, source, parameters, bits, group)
            }
            (ConvertTarget::Safetensors(kind), true) => {
                folder::plan(model, source, parameters, kind)
            }
            (ConvertTarget::Safetensors(_), false) => {
                Err(source.unsupported("what is safetensors already".to_owned()))
            }
            (_, true) => {
                let what = "a GGUF file to anything but safetensors; convert it to these first";
                Err(source.unsupported(what.to_owned()))
            }
        }
    }

    /// What tells this plan from any other: a run goes on only where another
    /// one with the same plan stopped.
    pub fn identity(&self, target: ConvertTarget, source: &Source) -> Result<ContentHash> {
        let mut known = format!("{VERSION} {target}\n{}\n", source.stamp()?);
        for file in &self.files {
            let head = ContentHash::of(&file.head);
            known += &format!("{} {} {head}\n", file.name, file.size_bytes);
        }
        known += &format!("{:?}\n", self.tail);
        for job in &self.jobs {
            known += &format!("{job:?}\n");
        }
        Ok(ContentHash::of(known.as_bytes()))
    }
}

/// Grows when the same source is written in other bytes.
const VERSION: u32 = 1;

/// The job of a parameter that becomes `kind`.
fn job(source: &Source, parameter: &Parameter, name: String, kind: WeightType) -> Result<Job> {
    let part =
        |part: &super::parameters::Part| Ok((source.get(&part.name)?, part.first, part.rows));
    let parts = parameter.parts.iter().map(part).collect::<Result<Vec<_>>>()?;
    let (columns, turn) = (parameter.columns(), Turn::None);
    Ok(Job { name, parts, columns, turn, round: None, kind, file: 0, offsets: [0; 3] })
}
