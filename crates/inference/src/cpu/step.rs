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

use super::layer::Linear;
use super::state::State;
use super::{Batch, CpuModel};

/// Tokens that a product reads weights once for.
pub(super) const GEMV_TOKENS: usize = 8;

/// Tiles that a worker takes at once are multiples of these: their streams are
/// full, and so are the pairs that many tokens are multiplied with, see
/// `mlxcode_kernels::Kernels`, and the groups of columns that states are
/// quantised in.
const TILES_OF_FEW: usize = 4;
const TILES_OF_MANY: usize = 2;

/// Parts that a product of many tokens is cut into for each worker: one that
/// comes late leaves no more than its share undone.
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
    pub(super) fn states(states: &'c Activations) -> Self {
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
    pub(super) scratch: RefCell<Scratch>,
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
    pub(super) fn product(&self, linear: &Linear, input: &Activations, out: Rows<'_>, add: bool) {
        self.each_tiles(linear.weight.tiles(), input.tokens(), |tiles| {
            self.product_of_tiles(linear, tiles, input, out, add);
        });
    }

    /// Gives the tiles of a matrix to the workers, some at once. Few tokens
    /// wait for whoever reads weights last; many go through the caches once for
    /// each part.
    pub(super) fn each_tiles(&self, tiles: usize, tokens: usize, part: impl FnMut(Range<usize>)) {
        if tokens <= GEMV_TOKENS {
            self.worker.share(tiles, TILES_OF_FEW, part);
        } else {
            let threads = self.worker.threads();
            let parts = if threads == 1 { 1 } else { threads * PARTS_OF_MANY };
            self.worker.each(tiles, tiles.div_ceil(parts).next_multiple_of(TILES_OF_MANY), part);
        }
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
