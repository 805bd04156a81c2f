//! MLX's affine quantisation: a group of numbers becomes whole numbers of some
//! bits, a scale and a bias (`affine_quantize` in MLX, as its CPU computes it).

/// Smaller steps between two codes are not used.
const LEAST_SCALE: f32 = 1e-7;
/// Adding and taking this rounds a number below 2^22 to a whole one, ties to
/// even.
const ROUNDING: f32 = 12_582_912.0;

/// Quantises `values`, whole groups of `group` numbers, to codes of `bits` bits,
/// lowest bits first, with `scales` and `biases` for each group.
///
/// # Panics
/// Where the slices' lengths do not belong together.
pub fn affine(
    values: &[f32],
    bits: u8,
    group: usize,
    codes: &mut [u8],
    scales: &mut [f32],
    biases: &mut [f32],
) {
    let groups = values.chunks_exact(group);
    let bytes = codes.chunks_exact_mut(group / 8 * usize::from(bits));
    for (((values, codes), scale), bias) in groups.zip(bytes).zip(scales).zip(biases) {
        let grid = Grid::of(values, bits);
        grid.pack(values, bits, codes);
        (*scale, *bias) = (grid.scale, grid.bias);
    }
}

/// The numbers that the codes of a group can stand for.
struct Grid {
    scale: f32,
    bias: f32,
    most: f32,
}

impl Grid {
    /// The end that is further from zero is a code's value, and so is zero.
    fn of(values: &[f32], bits: u8) -> Self {
        let (low, high) = ends(values);
        let most = f32::from((1_u16 << bits) - 1);
        let below = low.abs() > high.abs();
        let step = ((high - low) / most).max(LEAST_SCALE);
        let (mut scale, edge) = if below { (step, low) } else { (-step, high) };
        let steps = (edge / scale).round_ties_even();
        let mut bias = 0.0;
        if steps != 0.0 {
            (scale, bias) = (edge / steps, edge);
        }
        Self { scale, bias, most }
    }

    /// Eight codes fill `bits` bytes.
    fn pack(&self, values: &[f32], bits: u8, out: &mut [u8]) {
        for (values, out) in
            values.as_chunks::<64>().0.iter().zip(out.chunks_exact_mut(8 * usize::from(bits)))
        {
            self.pack_some(values, bits, out);
        }
        // A group of 32 is half of that.
        if let (rest @ [_, ..], done) = (values.as_chunks::<64>().1, values.len() / 64 * 64) {
            let out = &mut out[done / 8 * usize::from(bits)..];
            if let Some(rest) = rest.first_chunk::<32>() {
                self.pack_some(rest, bits, out);
            }
        }
    }

    fn pack_some<const N: usize>(&self, values: &[f32; N], bits: u8, out: &mut [u8]) {
        let mut codes = [0_u8; N];
        for (code, value) in codes.iter_mut().zip(values) {
            let place = ((value - self.bias) / self.scale).clamp(0.0, self.most);
            *code = (place + ROUNDING).to_bits() as u8;
        }
        if bits == 8 {
            out.copy_from_slice(&codes);
            return;
        }
        let bytes = usize::from(bits);
        for (eight, out) in codes.as_chunks::<8>().0.iter().zip(out.chunks_exact_mut(bytes)) {
            let word = gather(u64::from_le_bytes(*eight), bits).to_le_bytes();
            out.copy_from_slice(&word[..bytes]);
        }
    }
}

/// Eight numbers of a byte each to `bits` bits each, of which no other bit is
/// set: to pairs, to fours, to all.
fn gather(word: u64, bits: u8) -> u64 {
    let step = |word: u64, odd: u64, shift: u8| (word & !odd) | ((word & odd) >> shift);
    let word = step(word, 0xff00_ff00_ff00_ff00, 8 - bits);
    let word = step(word, 0xffff_0000_ffff_0000, 16 - 2 * bits);
    step(word, 0xffff_ffff_0000_0000, 32 - 4 * bits)
}

/// The lowest and the highest of some numbers.
fn ends(values: &[f32]) -> (f32, f32) {
    let (mut low, mut high) = ([f32::INFINITY; 8], [f32::NEG_INFINITY; 8]);
    for eight in values.as_chunks::<8>().0 {
        for j in 0..8 {
            low[j] = if eight[j] < low[j] { eight[j] } else { low[j] };
            high[j] = if eight[j] > high[j] { eight[j] } else { high[j] };
        }
    }
    let least = low.into_iter().fold(f32::INFINITY, f32::min);
    (least, high.into_iter().fold(f32::NEG_INFINITY, f32::max))
}
