//! The operations that layers are written in.
//!
//! All workers of a team run the same step. Each operation is split between
//! them and ends with a barrier, so that what one writes the others may read
//! in the next.

use std::cell::RefCell;
use std::ops::Range;

use mlxcode_kernels::{
    Activations, AttentionScratch, Cells, Output, Pages, Partial, Scratch, TokenMut, Worker,
};

use super::layer::{GatedNetwork, Linear};
use super::state::State;
use super::{Batch, CpuModel};

/// Tokens that a product reads weights once for.
const GEMV_TOKENS: usize = 8;

/// Tiles that a worker takes at once are multiples of these: their streams are
/// full, and so are the pairs that many tokens are multiplied with, see
/// `mlxcode_kernels::Kernels`.
const TILES_OF_FEW: usize = 8;
const TILES_OF_MANY: usize = 2;

/// Parts that a product is cut into for each worker: one that comes late
/// leaves no more than its share undone. Many tokens go through the caches once
/// for each part.
const PARTS_OF_FEW: usize = 4;
const PARTS_OF_MANY: usize = 2;

/// Where the rows of a product go: `[tokens, stride]`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows<'c> {
    pub numbers: &'c Cells<f32>,
    pub stride: usize,
}

impl<'c> Rows<'c> {
    /// `[tokens, rows]`.
    pub fn of(numbers: &'c Cells<f32>, linear: &Linear) -> Self {
        Self { numbers, stride: linear.weight.rows() }
    }

    /// States that become the input of another product.
    fn states(states: &'c Activations) -> Self {
        let (numbers, stride) = states.values();
        Self { numbers, stride }
    }
}

/// One worker's part in running a batch through a model.
#[derive(Debug)]
pub struct Step<'s> {
    pub(super) model: &'s CpuModel,
    pub(super) batch: &'s Batch<'s>,
    pub(super) pages: &'s Pages,
    pub(super) state: &'s State,
    pub(super) worker: &'s Worker<'s>,
    scratch: RefCell<Scratch>,
    pub(super) attention: RefCell<AttentionScratch>,
    pub(super) partial: RefCell<Partial>,
}

impl<'s> Step<'s> {
    pub fn new(
        model: &'s CpuModel,
        batch: &'s Batch<'s>,
        pages: &'s Pages,
        state: &'s State,
        worker: &'s Worker<'s>,
    ) -> Self {
        let partial = Partial::new(&model.attention_shape(0));
        Self {
            model,
            batch,
            pages,
            state,
            worker,
            scratch: RefCell::default(),
            attention: RefCell::default(),
            partial: RefCell::new(partial),
        }
    }

    /// Rows of the batch.
    pub(super) fn rows(&self) -> usize {
        self.batch.rows().len()
    }

    /// Whether the step ends before a layer. All workers hear the same: the
    /// first asks, and the others learn of it a layer later.
    pub fn is_stopped(&self, layer: usize, stop: &(dyn Fn() -> bool + Sync)) -> bool {
        if self.state.ends_before(layer) {
            return true;
        }
        if self.worker.index() == 0 && stop() {
            self.state.stop_after(layer);
        }
        false
    }

    /// `x = E[token]`, and the angles of the positions.
    pub fn embed(&self) {
        let (model, state) = (self.model, self.state);
        let (hidden, head) = (model.config.hidden_size, model.config.head_dim);
        self.worker.each(self.rows(), 1, |rows| {
            for row in rows {
                let token = self.batch.rows()[row];
                // SAFETY: each row is given to one worker.
                let (x, angles) = unsafe {
                    (state.x.part_mut(part(row, hidden)), state.angles.part_mut(part(row, head)))
                };
                // The engine refuses a token beyond the vocabulary before it comes here.
                let place = (token.token as usize).min(model.embedding.weight.rows() - 1);
                model.kernels.row(&model.embedding.weight, place, x);
                let (cos, sin) = angles.split_at_mut(head / 2);
                model.rope.angles(token.position, cos, sin);
            }
        });
        self.worker.barrier();
    }

    /// `h = x / √(mean(x²) + ε) · weight` (Zhang and Sennrich, "Root Mean
    /// Square Layer Normalization", 2019).
    pub fn norm(&self, weight: &[f32]) {
        self.norm_rows(weight, self.rows(), |row| row, &self.state.normed);
    }

    fn norm_rows(
        &self,
        weight: &[f32],
        count: usize,
        row_of: impl Fn(usize) -> usize,
        out: &Activations,
    ) {
        let hidden = self.model.config.hidden_size;
        let eps = self.model.config.rms_norm_eps as f32;
        self.worker.each(count, 1, |range| {
            for place in range {
                // SAFETY: each row is given to one worker, and `x` is only read.
                let mut token = unsafe { out.token_mut(place) };
                let x = &self.state.x[part(row_of(place), hidden)];
                self.model.vectors.rms_norm(x, weight, eps, &mut token.values[..hidden]);
                self.finish(&mut token, count);
            }
        });
        self.worker.barrier();
    }

    /// `q = W_q h`, `k = W_k h`, `v = W_v h`.
    pub fn project(&self, query: &Linear, key: &Linear, value: &Linear) {
        let (rows, state) = (0..self.rows(), self.state);
        let input = state.normed.view(rows);
        for (linear, out) in [(query, &state.query), (key, &state.key), (value, &state.value)] {
            self.product(linear, &input, Rows::of(out, linear), false);
        }
        self.worker.barrier();
    }

    /// `x = x + W a`, `a` what attention mixed.
    pub fn add_attended(&self, linear: &Linear) {
        let input = self.state.attended.view(0..self.rows());
        self.product(linear, &input, Rows::of(&self.state.x, linear), true);
        self.worker.barrier();
    }

    /// `x = x + W_down (silu(W_gate h) · W_up h)` (Shazeer, "GLU Variants
    /// Improve Transformer", 2020).
    pub fn add_gated(&self, network: &GatedNetwork) {
        let state = self.state;
        let input = state.normed.view(0..self.rows());
        if self.is_fused(network) {
            let weights = [&network.gate.weight, &network.up.weight];
            let tiles = weights[0].tiles();
            self.worker.each(tiles, self.tiles_at_once(tiles, self.rows()), |tiles| {
                let scratch = &mut self.scratch.borrow_mut();
                // SAFETY: each tile is given to one worker.
                unsafe { self.model.kernels.gated(weights, tiles, &input, &state.gated, scratch) };
            });
            self.worker.barrier();
        } else {
            self.product(&network.gate, &input, Rows::states(&state.gated), false);
            self.product(&network.up, &input, Rows::of(&state.up, &network.up), false);
            self.worker.barrier();
            self.gate(self.rows(), network.gate.weight.rows(), &state.gated, &state.up);
        }
        let input = state.gated.view(0..self.rows());
        self.product(&network.down, &input, Rows::of(&state.x, &network.down), true);
        self.worker.barrier();
    }

    /// Whether the gated unit is made in one go: for many tokens, where the
    /// product after it needs no more of it than bfloat16.
    fn is_fused(&self, network: &GatedNetwork) -> bool {
        let GatedNetwork { gate, up, down } = network;
        let kernels = self.model.kernels;
        self.rows() > GEMV_TOKENS
            && gate.bias.is_none()
            && up.bias.is_none()
            && kernels.multiplies_gated(&gate.weight, &up.weight)
            && kernels.multiplies_gated(&down.weight, &down.weight)
    }

    /// Makes of a state what products of `tokens` take.
    pub(super) fn finish(&self, token: &mut TokenMut<'_>, tokens: usize) {
        // Experts have a few tokens each.
        let many = tokens > GEMV_TOKENS && self.state.experts.is_none();
        if many && self.model.kernels.takes_bf16() {
            self.model.vectors.round(token);
        } else {
            self.model.vectors.quantise(token);
        }
    }

    /// `gate = silu(gate) · up`, quantised.
    pub(super) fn gate(&self, rows: usize, inner: usize, gate: &Activations, up: &Cells<f32>) {
        self.worker.each(rows, 1, |range| {
            for row in range {
                // SAFETY: each row is given to one worker.
                let mut token = unsafe { gate.token_mut(row) };
                self.model.vectors.silu_mul(&mut token.values[..inner], &up[part(row, inner)]);
                self.model.vectors.quantise(&mut token);
            }
        });
        self.worker.barrier();
    }

    /// The logits of the rows that asked for them.
    pub fn logits(&self) {
        let (state, asked) = (self.state, self.batch.asked());
        if asked.is_empty() {
            return;
        }
        self.norm_rows(&self.model.norm, asked.len(), |place| asked[place], &state.last);
        let input = state.last.view(0..asked.len());
        let output = self.model.output();
        self.product(output, &input, Rows::of(&state.logits, output), false);
    }

    /// A product, without a barrier after it.
    fn product(&self, linear: &Linear, input: &Activations, out: Rows<'_>, add: bool) {
        let tiles = linear.weight.tiles();
        self.worker.each(tiles, self.tiles_at_once(tiles, input.tokens()), |tiles| {
            self.product_of_tiles(linear, tiles, input, out, add);
        });
    }

    /// How many tiles of a matrix a worker takes at once.
    pub(super) fn tiles_at_once(&self, tiles: usize, tokens: usize) -> usize {
        let threads = self.worker.threads();
        if threads == 1 {
            return tiles;
        }
        let share = tiles.div_ceil(threads);
        let (parts, whole) = match tokens {
            0..=GEMV_TOKENS => (PARTS_OF_FEW, TILES_OF_FEW),
            _ => (PARTS_OF_MANY, TILES_OF_MANY),
        };
        tiles.div_ceil(threads * parts).next_multiple_of(whole).min(share)
    }

    /// The product of some tiles; no other worker has them.
    pub(super) fn product_of_tiles(
        &self,
        linear: &Linear,
        tiles: Range<usize>,
        input: &Activations,
        out: Rows<'_>,
        add: bool,
    ) {
        let Rows { numbers, stride } = out;
        let (weight, kernels) = (&linear.weight, self.model.kernels);
        let rows = weight.rows();
        if let Some(bias) = &linear.bias {
            let own = tiles.start * 16..(tiles.end * 16).min(rows);
            for token in 0..input.tokens() {
                let range = token * stride + own.start..token * stride + own.end;
                // SAFETY: these rows of the product are this worker's.
                let out = unsafe { numbers.part_mut(range) };
                if add {
                    self.model.vectors.add(out, &bias[own.clone()]);
                } else {
                    out.copy_from_slice(&bias[own.clone()]);
                }
            }
        }
        // SAFETY: as above; there is a row for each token of the input.
        let output = unsafe { Output::of_cells(numbers, stride) };
        let mut output = if add || linear.bias.is_some() { output.adding() } else { output };
        if input.tokens() <= GEMV_TOKENS {
            kernels.gemv(weight, tiles, input, &mut output);
        } else {
            let scratch = &mut self.scratch.borrow_mut();
            kernels.gemm(weight, tiles, input, &mut output, scratch);
        }
    }
}

/// Where the numbers of a row lie.
pub(super) fn part(row: usize, columns: usize) -> Range<usize> {
    row * columns..(row + 1) * columns
}
