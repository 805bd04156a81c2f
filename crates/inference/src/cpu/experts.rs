//! Networks of which a few answer for each token.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use mlxcode_kernels::{Activations, Cells, KernelsRef};
use mlxcode_models::Experts as ExpertsConfig;

use super::layer::{Experts, Linear};
use super::step::{Rows, Step, part};

/// Room for what experts compute. A **pair** is a token and one of the
/// experts that answer for it; pairs of one expert lie together.
#[derive(Debug)]
pub struct ExpertState {
    /// `[rows, experts]`.
    scores: Cells<f32>,
    /// `[rows, used]`: the experts of a token.
    chosen: Cells<u32>,
    /// `[rows, used]`: their weights.
    weights: Cells<f32>,
    /// `[pairs, hidden]`.
    input: Activations,
    /// `[pairs, inner]`.
    up: Cells<f32>,
    /// The gate, then `silu(gate) · up`, of the same shape.
    gated: Activations,
    /// `[pairs, hidden]`.
    output: Cells<f32>,
    /// `[rows, used]`: where the pair of a token's expert lies.
    place: Cells<u32>,
    groups: Mutex<Vec<Group>>,
}

/// The pairs of one expert.
#[derive(Clone, Debug)]
struct Group {
    expert: usize,
    pairs: Range<usize>,
}

impl ExpertState {
    pub fn new(kernels: KernelsRef, hidden: usize, experts: &ExpertsConfig, rows: usize) -> Self {
        let (pairs, inner) = (rows * experts.used, experts.intermediate_size);
        Self {
            scores: Cells::new(rows * experts.count),
            chosen: Cells::new(pairs),
            weights: Cells::new(pairs),
            input: kernels.activations(pairs, hidden),
            up: Cells::new(pairs * inner),
            gated: kernels.activations(pairs, inner),
            output: Cells::new(pairs * hidden),
            place: Cells::new(pairs),
            groups: Mutex::default(),
        }
    }
}

impl Step<'_> {
    /// `x = x + Σ_e p_e network_e(h)` over the likeliest experts of each token.
    pub fn add_experts(&self, experts: &Experts) {
        let Some(state) = &self.state.experts else { return };
        self.route(experts, state);
        if self.worker.index() == 0 {
            let groups = group(self.rows(), experts, state);
            *state.groups.lock().unwrap_or_else(PoisonError::into_inner) = groups;
        }
        self.worker.barrier();
        self.gather(experts.used, state);
        let groups = state.groups.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.products(
            experts,
            &groups,
            |network| &network.gate,
            &state.input,
            state.gated.values(),
        );
        let inner = experts.networks.first().map_or(0, |network| network.gate.weight.rows());
        self.products(experts, &groups, |network| &network.up, &state.input, (&state.up, inner));
        self.worker.barrier();
        self.gate(self.rows() * experts.used, inner, &state.gated, &state.up);
        let output = (&state.output, self.model.config.hidden_size);
        self.products(experts, &groups, |network| &network.down, &state.gated, output);
        self.worker.barrier();
        self.combine(experts.used, state);
    }

    /// Chooses the experts of each token.
    fn route(&self, experts: &Experts, state: &ExpertState) {
        let input = self.state.normed.view(0..self.rows());
        let router = &experts.router;
        self.each_tiles(router.weight.tiles(), self.rows(), |tiles| {
            self.product_of_tiles(router, tiles, &input, Rows::of(&state.scores, router), false);
        });
        self.worker.barrier();
        let (count, used) = (experts.networks.len(), experts.used);
        let mut order: Vec<u32> = Vec::with_capacity(count);
        self.worker.each(self.rows(), 1, |rows| {
            for row in rows {
                // SAFETY: each row is given to one worker.
                let (scores, chosen, weights) = unsafe {
                    (
                        state.scores.part_mut(part(row, count)),
                        state.chosen.part_mut(part(row, used)),
                        state.weights.part_mut(part(row, used)),
                    )
                };
                self.model.vectors.softmax(scores);
                order.clear();
                order.extend(0..count as u32);
                // The first of equals, as in PyTorch on a CPU.
                order.sort_by(|a, b| scores[*b as usize].total_cmp(&scores[*a as usize]));
                chosen.copy_from_slice(&order[..used]);
                for (weight, expert) in weights.iter_mut().zip(&*chosen) {
                    *weight = scores[*expert as usize];
                }
                if experts.normalise {
                    let sum: f32 = weights.iter().sum();
                    for weight in weights {
                        *weight /= sum;
                    }
                }
            }
        });
        self.worker.barrier();
    }

    /// Puts the input of each pair where its expert reads it.
    fn gather(&self, used: usize, state: &ExpertState) {
        let normed = &self.state.normed;
        self.worker.each(self.rows(), 1, |rows| {
            for row in rows {
                for place in &state.place[part(row, used)] {
                    // SAFETY: each pair has a place of its own, and each row is
                    // given to one worker.
                    unsafe { state.input.copy_token(*place as usize, normed, row) };
                }
            }
        });
        self.worker.barrier();
    }

    /// The same matrix of all experts that answer, each with its pairs; the
    /// results are `[pairs, stride]`.
    fn products(
        &self,
        experts: &Experts,
        groups: &[Group],
        matrix: impl Fn(&super::GatedNetwork) -> &Linear,
        input: &Activations,
        (out, stride): (&Cells<f32>, usize),
    ) {
        let Some(first) = experts.networks.first() else { return };
        let tiles = matrix(first).weight.tiles();
        let product = |group: &Group, tiles: Range<usize>| {
            let linear = matrix(&experts.networks[group.expert]);
            let input = input.view(group.pairs.clone());
            let numbers = &out.view(group.pairs.start * stride..group.pairs.end * stride);
            self.product_of_tiles(linear, tiles, &input, Rows { numbers, stride }, false);
        };
        match groups {
            [one] => self.each_tiles(tiles, one.pairs.len(), |tiles| product(one, tiles)),
            _ => self.worker.each(groups.len(), 1, |range| {
                groups[range].iter().for_each(|group| product(group, 0..tiles));
            }),
        }
    }

    /// Adds up what the experts of each token say.
    fn combine(&self, used: usize, state: &ExpertState) {
        let hidden = self.model.config.hidden_size;
        self.worker.each(self.rows(), 1, |rows| {
            for row in rows {
                // SAFETY: each row is given to one worker.
                let x = unsafe { self.state.x.part_mut(part(row, hidden)) };
                let weights = &state.weights[part(row, used)];
                for (weight, place) in weights.iter().zip(&state.place[part(row, used)]) {
                    let output = &state.output[part(*place as usize, hidden)];
                    self.model.vectors.scale_add(x, *weight, output);
                }
            }
        });
        self.worker.barrier();
    }
}

/// Gives every pair a place, those of one expert together.
fn group(rows: usize, experts: &Experts, state: &ExpertState) -> Vec<Group> {
    let pairs = rows * experts.used;
    let chosen = &state.chosen[..pairs];
    let mut ends = vec![0_u32; experts.networks.len()];
    for expert in chosen {
        ends[*expert as usize] += 1;
    }
    let mut next = 0;
    let mut groups = Vec::new();
    for (expert, end) in ends.iter_mut().enumerate() {
        let first = next;
        next += *end;
        *end = first;
        if next > first {
            groups.push(Group { expert, pairs: first as usize..next as usize });
        }
    }
    // SAFETY: the other workers wait at a barrier.
    let places = unsafe { state.place.part_mut(0..pairs) };
    for (place, expert) in places.iter_mut().zip(chosen) {
        let end = &mut ends[*expert as usize];
        *place = *end;
        *end += 1;
    }
    groups
}
