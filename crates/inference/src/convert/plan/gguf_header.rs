//! The header of a GGUF file, version 3.

use mlxcode_kernels::WeightType;

/// Where weights begin: at multiples of this.
pub const ALIGNMENT: u64 = 32;

/// A value of the header, in the type that llama.cpp's converter gives it.
#[derive(Clone, Debug)]
pub enum Meta {
    U32(u32),
    F32(f32),
    Bool(bool),
    Text(String),
    Texts(Vec<String>),
    I32s(Vec<i32>),
    F32s(Vec<f32>),
}

/// A weight as the header lists it.
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Its sizes, rows first.
    pub shape: Vec<usize>,
    /// The type of its numbers.
    pub kind: WeightType,
    /// Its bytes.
    pub size_bytes: u64,
}

/// Writes the header, and tells where each weight begins and where the file
/// ends.
pub fn write(entries: &[(String, Meta)], weights: &[Listed]) -> (Vec<u8>, Vec<u64>, u64) {
    let mut bytes = b"GGUF".to_vec();
    bytes.extend(3_u32.to_le_bytes());
    bytes.extend((weights.len() as u64).to_le_bytes());
    bytes.extend((entries.len() as u64).to_le_bytes());
    for (key, value) in entries {
        text(&mut bytes, key);
        meta(&mut bytes, value);
    }
    let mut places = Vec::new();
    let mut at = 0_u64;
    for weight in weights {
        text(&mut bytes, &weight.name);
        bytes.extend((weight.shape.len() as u32).to_le_bytes());
        for size in weight.shape.iter().rev() {
            bytes.extend((*size as u64).to_le_bytes());
        }
        bytes.extend(ggml_number(weight.kind).to_le_bytes());
        bytes.extend(at.to_le_bytes());
        places.push(at);
        at += weight.size_bytes.next_multiple_of(ALIGNMENT);
    }
    let data = (bytes.len() as u64).next_multiple_of(ALIGNMENT);
    bytes.resize(data as usize, 0);
    let places = places.into_iter().map(|place| data + place).collect();
    (bytes, places, data + at)
}

fn text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u64).to_le_bytes());
    bytes.extend(text.as_bytes());
}

fn meta(bytes: &mut Vec<u8>, value: &Meta) {
    // ggml's numbers of value types.
    const U32: u32 = 4;
    const I32: u32 = 5;
    const F32: u32 = 6;
    const BOOL: u32 = 7;
    const TEXT: u32 = 8;
    const LIST: u32 = 9;
    let mut list = |kind: u32, length: usize| {
        bytes.extend(LIST.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend((length as u64).to_le_bytes());
    };
    match value {
        Meta::U32(value) => {
            bytes.extend(U32.to_le_bytes());
            bytes.extend(value.to_le_bytes());
        }
        Meta::F32(value) => {
            bytes.extend(F32.to_le_bytes());
            bytes.extend(value.to_le_bytes());
        }
        Meta::Bool(value) => {
            bytes.extend(BOOL.to_le_bytes());
            bytes.push(u8::from(*value));
        }
        Meta::Text(value) => {
            bytes.extend(TEXT.to_le_bytes());
            text(bytes, value);
        }
        Meta::Texts(values) => {
            list(TEXT, values.len());
            for value in values {
                text(bytes, value);
            }
        }
        Meta::I32s(values) => {
            list(I32, values.len());
            for value in values {
                bytes.extend(value.to_le_bytes());
            }
        }
        Meta::F32s(values) => {
            list(F32, values.len());
            for value in values {
                bytes.extend(value.to_le_bytes());
            }
        }
    }
}

fn ggml_number(kind: WeightType) -> u32 {
    match kind {
        WeightType::F16 => 1,
        WeightType::Q4_0 => 2,
        WeightType::Q5_0 => 6,
        WeightType::Q5_1 => 7,
        WeightType::Q8_0 => 8,
        WeightType::Q4_K => 12,
        WeightType::Q5_K => 13,
        WeightType::Q6_K => 14,
        WeightType::BF16 => 30,
        _ => 0,
    }
}
