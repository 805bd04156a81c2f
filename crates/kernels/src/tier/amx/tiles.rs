//! AMX's registers: eight tiles of sixteen rows of 64 bytes.

use std::arch::asm;

/// Bytes of a tile.
pub const TILE_BYTES: usize = 1024;

/// Bytes of a tile's row.
const STRIDE: usize = 64;

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

    /// Adds the products of two tiles of tokens with two tiles of rows, over
    /// all their columns: `sums` is `[token tile 2][row tile 2]` tiles of
    /// `[token 16][row 16]` f32. They start from zero where `first` says so.
    ///
    /// # Panics
    /// Where the slices are not as long as one another, or `sums` is not four
    /// tiles.
    #[allow(clippy::unused_self, reason = "it shows that the registers are configured")]
    pub fn add(&self, states: [&[u8]; 2], weights: [&[u8]; 2], sums: &mut [u8], first: bool) {
        let length = states[0].len();
        assert!(length > 0 && length.is_multiple_of(TILE_BYTES));
        assert!(states[1].len() == length && weights.iter().all(|tiles| tiles.len() == length));
        assert_eq!(sums.len(), 4 * TILE_BYTES);
        let base = sums.as_mut_ptr();
        // Between the three parts, the registers keep their values: nothing
        // else uses them, and a compiler does not know them.
        // SAFETY: the registers are configured as tiles of 1024 bytes; the
        // sums are four of these, states and weights `length / 1024` each.
        unsafe {
            if first {
                asm!(
                    "tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3",
                    out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                    options(nostack, nomem, preserves_flags),
                );
            } else {
                asm!(
                    "tileloadd tmm0, [{sums} + {stride}]",
                    "tileloadd tmm1, [{sums} + {stride} + 1024]",
                    "tileloadd tmm2, [{sums} + {stride} + 2048]",
                    "tileloadd tmm3, [{sums} + {stride} + 3072]",
                    sums = in(reg) base,
                    stride = in(reg) STRIDE,
                    out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                    options(nostack, readonly, preserves_flags),
                );
            }
            asm!(
                "2:",
                "tileloadd tmm6, [{b0} + {stride}]",
                "tileloadd tmm4, [{a0} + {stride}]",
                "tileloadd tmm7, [{b1} + {stride}]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tileloadd tmm5, [{a1} + {stride}]",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tdpbf16ps tmm3, tmm5, tmm7",
                "add {a0}, 1024",
                "add {a1}, 1024",
                "add {b0}, 1024",
                "add {b1}, 1024",
                "dec {count}",
                "jnz 2b",
                a0 = inout(reg) states[0].as_ptr() => _,
                a1 = inout(reg) states[1].as_ptr() => _,
                b0 = inout(reg) weights[0].as_ptr() => _,
                b1 = inout(reg) weights[1].as_ptr() => _,
                count = inout(reg) length / TILE_BYTES => _,
                stride = in(reg) STRIDE,
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack, readonly),
            );
            asm!(
                "tilestored [{sums} + {stride}], tmm0",
                "tilestored [{sums} + {stride} + 1024], tmm1",
                "tilestored [{sums} + {stride} + 2048], tmm2",
                "tilestored [{sums} + {stride} + 3072], tmm3",
                sums = in(reg) base,
                stride = in(reg) STRIDE,
                options(nostack, preserves_flags),
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
