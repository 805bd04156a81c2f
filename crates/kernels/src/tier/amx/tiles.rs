//! AMX's registers: eight tiles of sixteen rows of 64 bytes.

use std::arch::asm;

use crate::output::Block;
use crate::packed::TILE_ROWS;
use crate::source::GROUP;
use crate::vector::lanes::Lanes;

/// Bytes of a tile.
pub const TILE_BYTES: usize = 1024;

/// Bytes of a tile's row.
const STRIDE: usize = 64;

/// Tokens, and rows of weights, that are multiplied together: two tiles.
pub const BLOCK: usize = 2 * TILE_ROWS;

/// States as bfloat16, from a token and a column on: rows are `stride` numbers
/// apart.
#[derive(Clone, Copy, Debug)]
pub struct States<'a> {
    pub bits: &'a [u16],
    pub stride: usize,
}

/// What `ldtilecfg` reads (Intel's Software Developer's Manual, volume 1,
/// chapter 18): palette 1, and for each of eight tiles its bytes a row and its
/// rows.
#[repr(C, align(64))]
struct Config {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

/// The right to use the registers: they are configured while this lives.
pub struct Tiles(std::marker::PhantomData<*mut ()>);

impl Tiles {
    /// Configures this thread's registers. To be called where
    /// [`available`](super::machine::available) says so.
    pub fn configure() -> Self {
        debug_assert!(super::machine::available());
        let (mut row_bytes, mut rows) = ([0; 16], [0; 16]);
        row_bytes[..8].fill(STRIDE as u16);
        rows[..8].fill(16);
        let config = Config { palette: 1, start_row: 0, reserved: [0; 14], row_bytes, rows };
        // SAFETY: the machine has the instruction, and the configuration is a
        // valid one of 64 bytes. Registers that hold values are named.
        unsafe {
            asm!(
                "ldtilecfg [{config}]",
                config = in(reg) &raw const config,
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack, readonly, preserves_flags),
            );
        }
        Self(std::marker::PhantomData)
    }

    /// Adds the products of [`BLOCK`] tokens with [`BLOCK`] rows of weights,
    /// over all columns of these: two tiles by two. Sums start from zero where
    /// `fresh` says so.
    ///
    /// # Panics
    /// Where the weights are not whole tiles, as many of both, or `states` or
    /// `sums` end before the last of them.
    #[allow(clippy::unused_self, reason = "it shows that the registers are configured")]
    pub fn add(&self, states: States<'_>, weights: [&[u8]; 2], sums: &mut Block<'_>, fresh: bool) {
        let groups = weights[0].len() / TILE_BYTES;
        assert!(groups > 0 && weights.iter().all(|tiles| tiles.len() == groups * TILE_BYTES));
        assert!((BLOCK - 1) * states.stride + groups * GROUP <= states.bits.len());
        assert!(sums.tokens() == BLOCK && sums.rows() == BLOCK);
        let (lower, state_stride) = (TILE_ROWS * states.stride, 2 * states.stride);
        let (base, stride) = (sums.base(), 4 * sums.stride());
        let below = base.wrapping_byte_add(TILE_ROWS * stride);
        // States are read once for these weights, so they are kept out of the
        // first cache (`t1`). Between the three parts, the registers keep their values: nothing
        // else uses them, and a compiler does not know them.
        // SAFETY: the registers are configured as tiles of sixteen rows of 64
        // bytes. The sums are two by two of these; so are the states for each
        // group, and the weights are `groups` tiles each.
        unsafe {
            if fresh {
                asm!(
                    "tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3",
                    out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                    options(nostack, nomem, preserves_flags),
                );
            } else {
                asm!(
                    "tileloadd tmm0, [{base} + {stride}]",
                    "tileloadd tmm1, [{base} + {stride} + 64]",
                    "tileloadd tmm2, [{below} + {stride}]",
                    "tileloadd tmm3, [{below} + {stride} + 64]",
                    base = in(reg) base,
                    below = in(reg) below,
                    stride = in(reg) stride,
                    out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                    options(nostack, readonly, preserves_flags),
                );
            }
            asm!(
                "2:",
                "tileloadd tmm6, [{b0} + {stride}]",
                "tileloaddt1 tmm4, [{a0} + {state_stride}]",
                "tileloadd tmm7, [{b1} + {stride}]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tileloaddt1 tmm5, [{a1} + {state_stride}]",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tdpbf16ps tmm3, tmm5, tmm7",
                "add {a0}, 64",
                "add {a1}, 64",
                "add {b0}, 1024",
                "add {b1}, 1024",
                "dec {count}",
                "jnz 2b",
                a0 = inout(reg) states.bits.as_ptr() => _,
                a1 = inout(reg) states.bits.as_ptr().add(lower) => _,
                b0 = inout(reg) weights[0].as_ptr() => _,
                b1 = inout(reg) weights[1].as_ptr() => _,
                count = inout(reg) groups => _,
                stride = in(reg) STRIDE,
                state_stride = in(reg) state_stride,
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack, readonly),
            );
            asm!(
                "tilestored [{base} + {stride}], tmm0",
                "tilestored [{base} + {stride} + 64], tmm1",
                "tilestored [{below} + {stride}], tmm2",
                "tilestored [{below} + {stride} + 64], tmm3",
                base = in(reg) base,
                below = in(reg) below,
                stride = in(reg) stride,
                options(nostack, preserves_flags),
            );
        }
    }

    /// Writes the products of two times [`BLOCK`] tokens with sixteen rows of
    /// weights, over all columns of these: `[token][row]`, two tiles by one for
    /// each. Both at once, since a product waits for the one before it in its
    /// tile.
    ///
    /// # Panics
    /// Where the weights are not whole tiles, `states` end before the last of
    /// them, or have two strides.
    #[allow(clippy::unused_self, reason = "it shows that the registers are configured")]
    pub fn narrow(&self, states: [States<'_>; 2], weights: &[u8], out: [&mut [Lanes; BLOCK]; 2]) {
        let groups = weights.len() / TILE_BYTES;
        assert!(groups > 0 && weights.len() == groups * TILE_BYTES);
        let row = states[0].stride;
        for states in &states {
            assert!(states.stride == row);
            assert!((BLOCK - 1) * row + groups * GROUP <= states.bits.len());
        }
        let [first, second] = states.map(|states| states.bits.as_ptr());
        let [out, below] = out.map(|out| out.as_mut_ptr());
        // SAFETY: the registers are configured as tiles of sixteen rows of 64
        // bytes. The results are two by two of these; so are the states for
        // each group, and the weights are `groups` tiles.
        unsafe {
            asm!(
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "tilezero tmm3",
                "2:",
                "tileloadd tmm6, [{b} + {stride}]",
                "tileloadd tmm4, [{a0} + {row}]",
                "tileloadd tmm5, [{a1} + {row}]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tileloadd tmm7, [{a2} + {row}]",
                "tdpbf16ps tmm1, tmm5, tmm6",
                "tileloadd tmm4, [{a3} + {row}]",
                "tdpbf16ps tmm2, tmm7, tmm6",
                "tdpbf16ps tmm3, tmm4, tmm6",
                "add {a0}, 64",
                "add {a1}, 64",
                "add {a2}, 64",
                "add {a3}, 64",
                "add {b}, 1024",
                "dec {count}",
                "jnz 2b",
                "tilestored [{out} + {stride}], tmm0",
                "tilestored [{out} + {stride} + 1024], tmm1",
                "tilestored [{below} + {stride}], tmm2",
                "tilestored [{below} + {stride} + 1024], tmm3",
                a0 = inout(reg) first => _,
                a1 = inout(reg) first.add(TILE_ROWS * row) => _,
                a2 = inout(reg) second => _,
                a3 = inout(reg) second.add(TILE_ROWS * row) => _,
                b = inout(reg) weights.as_ptr() => _,
                count = inout(reg) groups => _,
                out = in(reg) out,
                below = in(reg) below,
                stride = in(reg) STRIDE,
                row = in(reg) 2 * row,
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack),
            );
        }
    }

    /// Adds the products of sixteen tokens, `[group]` tiles, with two times
    /// sixteen rows of weights: one tile by two.
    ///
    /// # Panics
    /// Where there are not as many whole tiles of each.
    #[allow(clippy::unused_self, reason = "it shows that the registers are configured")]
    pub fn add_wide(&self, states: &[u8], weights: [&[u8]; 2], sums: [&mut [Lanes; TILE_ROWS]; 2]) {
        let groups = states.len() / TILE_BYTES;
        assert!(groups > 0 && states.len() == groups * TILE_BYTES);
        assert!(weights.iter().all(|tiles| tiles.len() == states.len()));
        let [first, second] = sums;
        // SAFETY: the registers are configured as tiles of sixteen rows of 64
        // bytes; so are the sums, and all others are `groups` of them.
        unsafe {
            asm!(
                "tileloadd tmm0, [{c0} + {stride}]",
                "tileloadd tmm1, [{c1} + {stride}]",
                "2:",
                "tileloadd tmm4, [{a} + {stride}]",
                "tileloadd tmm6, [{b0} + {stride}]",
                "tileloadd tmm7, [{b1} + {stride}]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "add {a}, 1024",
                "add {b0}, 1024",
                "add {b1}, 1024",
                "dec {count}",
                "jnz 2b",
                "tilestored [{c0} + {stride}], tmm0",
                "tilestored [{c1} + {stride}], tmm1",
                a = inout(reg) states.as_ptr() => _,
                b0 = inout(reg) weights[0].as_ptr() => _,
                b1 = inout(reg) weights[1].as_ptr() => _,
                count = inout(reg) groups => _,
                c0 = in(reg) first.as_mut_ptr(),
                c1 = in(reg) second.as_mut_ptr(),
                stride = in(reg) STRIDE,
                out("tmm0") _, out("tmm1") _, out("tmm4") _, out("tmm6") _, out("tmm7") _,
                options(nostack),
            );
        }
    }
}

impl Drop for Tiles {
    /// A system keeps registers that are in use for every switch of threads.
    fn drop(&mut self) {
        // SAFETY: the machine has the instruction; nobody has values there.
        unsafe {
            asm!(
                "tilerelease",
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack, nomem, preserves_flags),
            );
        }
    }
}
