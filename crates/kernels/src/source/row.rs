//! What the numbers of a row stand for, type by type: the definition that all
//! kernels are held to.

use crate::source::{
    E2M1_DOUBLED, GROUP, IQ4_NL, Source, affine_at, bf16_at, e4m3, e8m0, f16_at, f32_at,
    group_codes, scales_of_q3_k, scales_of_q4_k,
};
use crate::weight_type::WeightType;

impl Source<'_> {
    /// Writes the numbers of one row.
    ///
    /// # Panics
    /// Where `row` is none of the matrix or `out` is not as long as a row.
    pub fn dequantise_row(&self, row: usize, out: &mut [f32]) {
        assert_eq!(out.len(), self.columns);
        let bytes = self.row_bytes(row);
        match self.kind {
            WeightType::F32 => fill(out, |i| f32_at(bytes, i)),
            WeightType::F16 => fill(out, |i| f16_at(bytes, i)),
            WeightType::BF16 => fill(out, |i| bf16_at(bytes, i)),
            _ => {
                for (group, out) in out.chunks_exact_mut(GROUP).enumerate() {
                    let codes = group_codes(self, bytes, group);
                    self.dequantise_group(row, bytes, group, &codes, out);
                }
            }
        }
    }

    /// `codes` are the group's; scales are read here.
    fn dequantise_group(
        &self,
        row: usize,
        bytes: &[u8],
        group: usize,
        codes: &[u8; GROUP],
        out: &mut [f32],
    ) {
        let q = |i: usize| f32::from(codes[i]);
        let block = |size: usize| &bytes[group * size..(group + 1) * size];
        // Eight groups are a block of the K-quants; `s` is the place in it.
        let s = group % 8;
        let wide = |size: usize| &bytes[group / 8 * size..(group / 8 + 1) * size];
        match self.kind {
            WeightType::Q4_0 => {
                let d = f16_at(block(18), 0);
                fill(out, |i| d * (q(i) - 8.0));
            }
            WeightType::Q4_1 => {
                let (d, m) = (f16_at(block(20), 0), f16_at(block(20), 1));
                fill(out, |i| d * q(i) + m);
            }
            WeightType::Q5_0 => {
                let d = f16_at(block(22), 0);
                fill(out, |i| d * (q(i) - 16.0));
            }
            WeightType::Q5_1 => {
                let (d, m) = (f16_at(block(24), 0), f16_at(block(24), 1));
                fill(out, |i| d * q(i) + m);
            }
            WeightType::Q8_0 => {
                let d = f16_at(block(34), 0);
                fill(out, |i| d * (q(i) - 128.0));
            }
            WeightType::IQ4_NL => {
                let d = f16_at(block(18), 0);
                fill(out, |i| d * f32::from(IQ4_NL[codes[i] as usize]));
            }
            WeightType::MXFP4 => {
                let d = e8m0(block(17)[0]);
                fill(out, |i| d * f32::from(E2M1_DOUBLED[codes[i] as usize]) * 0.5);
            }
            WeightType::Q2_K => {
                let bytes = wide(84);
                let (d, min) = (f16_at(&bytes[80..], 0), f16_at(&bytes[80..], 1));
                fill(out, |i| {
                    let scale = bytes[s * 2 + i / 16];
                    d * f32::from(scale & 15) * q(i) - min * f32::from(scale >> 4)
                });
            }
            WeightType::Q3_K => {
                let bytes = wide(110);
                let (d, scales) = (f16_at(&bytes[108..], 0), scales_of_q3_k(&bytes[96..]));
                fill(out, |i| d * f32::from(scales[s * 2 + i / 16]) * (q(i) - 4.0));
            }
            WeightType::Q4_K | WeightType::Q5_K => {
                let bytes = wide(self.kind.block().1);
                let (d, min) = (f16_at(bytes, 0), f16_at(bytes, 1));
                let (scales, mins) = scales_of_q4_k(&bytes[4..]);
                let (scale, min) = (d * f32::from(scales[s]), min * f32::from(mins[s]));
                fill(out, |i| scale * q(i) - min);
            }
            WeightType::Q6_K => {
                let bytes = wide(210);
                let d = f16_at(&bytes[208..], 0);
                fill(out, |i| d * f32::from(bytes[192 + s * 2 + i / 16] as i8) * (q(i) - 32.0));
            }
            WeightType::MlxAffine { group: columns, scale: float, .. } => {
                let (scale, bias) = affine_at(self, float, row, group * GROUP / columns as usize);
                fill(out, |i| q(i) * scale + bias);
            }
            WeightType::MlxMxfp4 => {
                let d = e8m0(self.scales[row * (self.columns / 32) + group]);
                fill(out, |i| d * f32::from(E2M1_DOUBLED[codes[i] as usize]) * 0.5);
            }
            WeightType::MlxMxfp8 => {
                let d = e8m0(self.scales[row * (self.columns / 32) + group]);
                fill(out, |i| d * e4m3(codes[i]));
            }
            WeightType::MlxNvfp4 => {
                let scales = &self.scales[row * (self.columns / 16) + group * 2..];
                fill(out, |i| {
                    e4m3(scales[i / 16]) * f32::from(E2M1_DOUBLED[codes[i] as usize]) * 0.5
                });
            }
            WeightType::F32 | WeightType::F16 | WeightType::BF16 => {}
        }
    }
}

fn fill(out: &mut [f32], value: impl Fn(usize) -> f32) {
    for (i, out) in out.iter_mut().enumerate() {
        *out = value(i);
    }
}
