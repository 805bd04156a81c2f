//! How a format stores the weights: names, types, shapes and bytes;
//! `tools/goldens/storage.py` does the same.

use std::fmt::Write as _;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::index::{Format, Packing};
use super::noise::{Field, Kind, bytes_of};
use super::weights::{Role, Weight, weights};

/// A tensor as it lies in a file.
#[derive(Debug)]
pub struct Stored {
    pub name: String,
    pub dtype: String,
    /// Rows first, in numbers; of an MLX weight in its words of 32 bits.
    pub shape: Vec<usize>,
    pub data: Vec<u8>,
}

impl Stored {
    /// Of everything that a reader can see of it, in short.
    pub fn digest(&self) -> String {
        let head = format!("{} {} {:?} ", self.name, self.dtype, self.shape);
        let hash = Sha256::new().chain_update(head).chain_update(&self.data).finalize();
        hash[..4].iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

/// All tensors of a cell, in the order of the files.
pub fn stored(cell: &str, config: &Value, format: &Format) -> Vec<Stored> {
    let mut store = Store { cell, tensors: Vec::new() };
    for weight in weights(config) {
        match format {
            Format::Gguf { dtype, types, .. } => {
                let part = weight.gguf.rsplit('.').next().unwrap_or_default();
                store.gguf(&weight, types.get(part).unwrap_or(dtype));
            }
            Format::Safetensors { dtype, .. } => store.folder(&weight, dtype),
            Format::Mlx { dtype, .. } => {
                let path = weight.folder.replace("mlp.experts.", "mlp.switch_mlp.");
                store.mlx(&weight, &path, dtype, format.packing(&path));
            }
        }
    }
    if let Format::Gguf { rope_freqs: Some(factors), .. } = format {
        store.tensors.push(Stored {
            name: "rope_freqs.weight".to_owned(),
            dtype: "F32".to_owned(),
            shape: vec![factors.len()],
            data: factors.iter().flat_map(|factor| factor.to_le_bytes()).collect(),
        });
    }
    store.tensors
}

struct Store<'c> {
    cell: &'c str,
    tensors: Vec<Stored>,
}

impl Store<'_> {
    fn add(&mut self, name: String, dtype: &str, shape: &[usize], size: usize, fields: &[Field]) {
        let data = bytes_of(&format!("{}/{name}", self.cell), size, fields);
        self.tensors.push(Stored { name, dtype: dtype.to_owned(), shape: shape.to_vec(), data });
    }

    fn plain(&mut self, name: String, dtype: &str, shape: &[usize], role: Role) {
        let kind = Kind::named(dtype).unwrap();
        let (exponent, spread, signed) = match role {
            Role::Matrix | Role::Experts => (-7, 3, true),
            Role::Router => (-5, 3, true),
            Role::Norm => (-1, 1, false),
            Role::Bias => (-3, 1, true),
        };
        let field = Field::dense(kind, exponent, spread, signed);
        let size = shape.iter().product::<usize>() * kind.size_bytes();
        self.add(name, dtype, shape, size, &[field]);
    }

    fn gguf(&mut self, weight: &Weight, dtype: &str) {
        let name = format!("{}.{}", weight.gguf, weight.ending());
        let matrix = matches!(weight.role, Role::Matrix | Role::Experts);
        let dtype = if matrix { dtype } else { "F32" };
        if Kind::named(dtype).is_some() {
            self.plain(name, dtype, &weight.shape, weight.role);
            return;
        }
        let (numbers, stride, scales) = block(dtype);
        let mut fields: Vec<Field> = scales
            .iter()
            .map(|(offset, exponent)| Field {
                offset: *offset,
                stride,
                ..Field::dense(Kind::F16, *exponent, 1, true)
            })
            .collect();
        if dtype == "MXFP4" {
            fields.push(Field { stride, ..Field::dense(Kind::E8m0, -7, 3, false) });
        }
        let size = weight.shape.iter().product::<usize>() / numbers * stride;
        self.add(name, dtype, &weight.shape, size, &fields);
    }

    fn folder(&mut self, weight: &Weight, dtype: &str) {
        let Some((before, part)) =
            weight.folder.rsplit_once('.').filter(|_| weight.role == Role::Experts)
        else {
            let name = format!("{}.{}", weight.folder, weight.ending());
            self.plain(name, dtype, &weight.shape, weight.role);
            return;
        };
        for expert in 0..weight.shape[0] {
            let name = format!("{before}.{expert}.{part}.weight");
            self.plain(name, dtype, &weight.shape[1..], weight.role);
        }
    }

    fn mlx(&mut self, weight: &Weight, path: &str, dtype: &str, packing: Option<Packing>) {
        let matrix = matches!(weight.role, Role::Matrix | Role::Experts | Role::Router);
        let Some(packing) = packing.filter(|_| matrix) else {
            self.plain(format!("{path}.{}", weight.ending()), dtype, &weight.shape, weight.role);
            return;
        };
        let (width, rows) = weight.shape.split_last().unwrap();
        let count: usize = rows.iter().product();
        let (words, groups) = (width * packing.bits / 32, width / packing.group_size);
        let shape = |last| [rows, &[last]].concat();
        let elements = Field::dense(Kind::E4m3Weights, 0, 0, true);
        let elements = if packing.mode == "mxfp8" { vec![elements] } else { Vec::new() };
        self.add(format!("{path}.weight"), "U32", &shape(words), count * words * 4, &elements);
        let scale = match packing.mode.as_str() {
            "affine" => {
                let kind = Kind::named(dtype).unwrap();
                let bits = packing.bits as i64;
                // A router's choice is to be clear.
                let scale = -4 - bits + 2 * i64::from(weight.role == Role::Router);
                for (part, exponent) in [("scales", scale), ("biases", scale + bits - 1)] {
                    let field = Field::dense(kind, exponent, 1, true);
                    let size = count * groups * kind.size_bytes();
                    self.add(format!("{path}.{part}"), dtype, &shape(groups), size, &[field]);
                }
                return;
            }
            "mxfp4" => Field::dense(Kind::E8m0, -6, 1, false),
            "mxfp8" => Field::dense(Kind::E8m0, -11, 1, false),
            "nvfp4" => Field::dense(Kind::E4m3, -6, 1, false),
            other => panic!("the mode {other}"),
        };
        self.add(format!("{path}.scales"), "U8", &shape(groups), count * groups, &[scale]);
    }
}

/// Numbers and bytes of a block, and its scales: offset and exponent of two.
fn block(dtype: &str) -> (usize, usize, &'static [(usize, i64)]) {
    match dtype {
        "Q4_0" => (32, 18, &[(0, -7)]),
        "Q4_1" => (32, 20, &[(0, -8), (2, -6)]),
        "Q5_0" => (32, 22, &[(0, -8)]),
        "Q5_1" => (32, 24, &[(0, -9), (2, -6)]),
        "Q8_0" => (32, 34, &[(0, -11)]),
        "Q2_K" => (256, 84, &[(80, -9), (82, -9)]),
        "Q3_K" => (256, 110, &[(108, -10)]),
        "Q4_K" => (256, 144, &[(0, -13), (2, -10)]),
        "Q5_K" => (256, 176, &[(0, -14), (2, -10)]),
        "Q6_K" => (256, 210, &[(208, -15)]),
        "IQ4_NL" => (32, 18, &[(0, -11)]),
        "MXFP4" => (32, 17, &[]),
        other => panic!("the type {other}"),
    }
}
