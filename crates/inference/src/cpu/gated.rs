//! The gated unit of a layer.

use mlxcode_kernels::{Activations, Cells, TILE_ROWS};

use super::layer::GatedNetwork;
use super::step::{GEMV_TOKENS, Rows, Step, part};

impl Step<'_> {
    /// `x = x + W_down (silu(W_gate h) · W_up h)` (Shazeer, "GLU Variants
    /// Improve Transformer", 2020).
    pub fn add_gated(&self, network: &GatedNetwork) {
        let state = self.state;
        let input = state.normed.view(0..self.rows());
        if self.is_fused(network) {
            let weights = [&network.gate.weight, &network.up.weight];
            self.each_tiles(weights[0].tiles(), self.rows(), |tiles| {
                let scratch = &mut self.scratch.borrow_mut();
                // SAFETY: each tile is given to one worker.
                unsafe { self.model.kernels.gated(weights, tiles, &input, &state.gated, scratch) };
            });
            self.worker.barrier();
        } else if self.rows() <= GEMV_TOKENS {
            self.gate_few(network, &input);
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

    /// `silu(W_gate h) · W_up h`, quantised, of few tokens: whoever has tiles of
    /// both makes the columns whole, and nobody waits for another.
    fn gate_few(&self, network: &GatedNetwork, input: &Activations) {
        let (GatedNetwork { gate, up, .. }, state) = (network, self.state);
        let inner = gate.weight.rows();
        self.each_tiles(gate.weight.tiles(), self.rows(), |tiles| {
            let columns = tiles.start * TILE_ROWS..(tiles.end * TILE_ROWS).min(inner);
            self.product_of_tiles(gate, tiles.clone(), input, Rows::states(&state.gated), false);
            self.product_of_tiles(up, tiles, input, Rows::of(&state.up, up), false);
            for row in 0..self.rows() {
                let of_row = row * inner + columns.start..row * inner + columns.end;
                // SAFETY: each tile is given to one worker, with its columns.
                let (mut gated, up) = unsafe {
                    (state.gated.columns_mut(row, columns.clone()), state.up.part_mut(of_row))
                };
                self.model.vectors.silu_mul(gated.values, up);
                self.model.vectors.quantise(&mut gated);
            }
        });
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
}
