//! The header of a safetensors file: any bytes give a header or an error, and
//! the tensors of a header fill the file exactly.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use mlxcode_models::SafetensorsHeader;

fuzz_target!(|bytes: &[u8]| {
    let size = bytes.len() as u64;
    let place = Path::new("fuzzed.safetensors");
    let Ok(header) = SafetensorsHeader::read_from(bytes, size, place) else { return };
    let mut spans: Vec<(u64, u64)> =
        header.tensors.values().map(|t| (t.offset, t.offset + t.size_bytes)).collect();
    spans.sort_unstable();
    assert!(spans.iter().all(|(_, end)| *end <= size));
    assert!(spans.windows(2).all(|pair| pair[0].1 == pair[1].0));
});
