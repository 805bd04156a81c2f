//! The header of a GGUF file: any bytes give a header or an error, and what a
//! header says of its tensors is true.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use mlxcode_models::GgufHeader;

fuzz_target!(|bytes: &[u8]| {
    let size = bytes.len() as u64;
    let Ok(header) = GgufHeader::read_from(bytes, size, Path::new("fuzzed.gguf")) else { return };
    assert!(header.alignment.is_power_of_two());
    let mut spans: Vec<(u64, u64)> =
        header.tensors.iter().map(|t| (t.offset, t.offset + t.size_bytes)).collect();
    spans.sort_unstable();
    assert!(spans.iter().all(|(start, end)| start % header.alignment == 0 && *end <= size));
    assert!(spans.windows(2).all(|pair| pair[0].1 <= pair[1].0));
});
