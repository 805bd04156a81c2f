//! The small scales of ggml's K-quants (ggml's `block_q4_K`, `block_q3_K`).

/// Eight scales and eight minima of six bits each.
#[inline]
pub fn scales_of_q4_k(bytes: &[u8]) -> ([u8; 8], [u8; 8]) {
    let (mut scales, mut mins) = ([0; 8], [0; 8]);
    for i in 0..4 {
        scales[i] = bytes[i] & 63;
        mins[i] = bytes[i + 4] & 63;
        scales[i + 4] = (bytes[i + 8] & 15) | ((bytes[i] >> 6) << 4);
        mins[i + 4] = (bytes[i + 8] >> 4) | ((bytes[i + 4] >> 6) << 4);
    }
    (scales, mins)
}

/// Sixteen signed scales of six bits each.
#[inline]
pub fn scales_of_q3_k(bytes: &[u8]) -> [i8; 16] {
    let mut scales = [0; 16];
    for (i, scale) in scales.iter_mut().enumerate() {
        let low = if i < 8 { bytes[i] & 15 } else { bytes[i - 8] >> 4 };
        let high = (bytes[8 + i % 4] >> (2 * (i / 4))) & 3;
        *scale = (low | (high << 4)) as i8 - 32;
    }
    scales
}
