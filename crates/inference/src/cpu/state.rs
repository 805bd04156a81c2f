//! The numbers of a batch on their way through the layers.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::attend::AttendPlan;
use super::experts::ExpertState;
use super::{Batch, CpuModel};
use mlxcode_kernels::{Activations, Cells, Partial};

/// What runs keep between them: room for the states of a batch, which grows.
#[derive(Debug, Default)]
pub struct States {
    state: Option<State>,
}

impl States {
    /// Room for a batch, ready for a step.
    pub(super) fn room(&mut self, model: &CpuModel, batch: &Batch<'_>) -> &State {
        let kept = self.state.take().filter(|state| state.fits(batch));
        let state = self.state.insert(kept.unwrap_or_else(|| State::new(model, batch)));
        state.plan = AttendPlan::new(batch);
        let shape = model.attention_shape(0);
        let partial = || Mutex::new(Partial::new(&shape));
        let partials = state.plan.partials(shape.kv_heads).max(state.partials.len());
        state.partials.resize_with(partials, partial);
        state.stop_after.store(NEVER, Ordering::SeqCst);
        state
    }
}

/// Room for some rows, and what the workers of a step tell one another.
#[derive(Debug)]
pub struct State {
    rows: usize,
    asked: usize,
    /// The states, `[rows, hidden]`.
    pub x: Cells<f32>,
    /// After a norm.
    pub normed: Activations,
    /// `[rows, heads · head_dim]`.
    pub query: Cells<f32>,
    /// `[rows, kv_heads · head_dim]`.
    pub key: Cells<f32>,
    /// The same.
    pub value: Cells<f32>,
    /// Cosines, then sines, `[rows, head_dim]`.
    pub angles: Cells<f32>,
    /// What attention mixed, `[rows, heads · head_dim]`.
    pub mixed: Cells<f32>,
    /// The same as products take it.
    pub attended: Activations,
    /// `[rows, inner]`.
    pub up: Cells<f32>,
    /// The gate, then `silu(gate) · up`, of the same shape.
    pub gated: Activations,
    /// The rows that get logits, after the last norm.
    pub last: Activations,
    /// `[asked, vocabulary]`.
    pub logits: Cells<f32>,
    /// What experts need besides.
    pub experts: Option<ExpertState>,
    /// Who attends to what.
    pub plan: AttendPlan,
    /// Partial results of attention, `[partials of the plan, kv_heads]`.
    pub partials: Vec<Mutex<Partial>>,
    /// The layer after which the step ends early.
    stop_after: AtomicUsize,
}

/// No layer has this number.
const NEVER: usize = usize::MAX;

impl State {
    /// Room for a batch, rounded up so that it seldom has to grow.
    fn new(model: &CpuModel, batch: &Batch<'_>) -> Self {
        let rows = batch.rows().len().next_power_of_two();
        let asked = batch.asked().len().next_power_of_two();
        let (config, kernels) = (&model.config, model.kernels);
        let heads = config.num_heads * config.head_dim;
        let kv_heads = config.num_kv_heads * config.head_dim;
        let dense = (0..config.num_layers).any(|layer| config.experts_of(layer).is_none());
        let inner = if dense { config.intermediate_size } else { 0 };
        Self {
            rows,
            asked,
            x: Cells::new(rows * config.hidden_size),
            normed: kernels.activations(rows, config.hidden_size),
            query: Cells::new(rows * heads),
            key: Cells::new(rows * kv_heads),
            value: Cells::new(rows * kv_heads),
            angles: Cells::new(rows * config.head_dim),
            mixed: Cells::new(rows * heads),
            attended: kernels.activations(rows, heads),
            up: Cells::new(rows * inner),
            gated: kernels.activations(rows, inner),
            last: kernels.activations(asked, config.hidden_size),
            logits: Cells::new(asked * config.vocab_size),
            experts: config
                .experts
                .as_ref()
                .map(|experts| ExpertState::new(kernels, config.hidden_size, experts, rows)),
            plan: AttendPlan::default(),
            partials: Vec::new(),
            stop_after: AtomicUsize::new(NEVER),
        }
    }

    fn fits(&self, batch: &Batch<'_>) -> bool {
        batch.rows().len() <= self.rows && batch.asked().len() <= self.asked
    }

    /// Ends the step after a layer.
    pub fn stop_after(&self, layer: usize) {
        self.stop_after.store(layer, Ordering::SeqCst);
    }

    /// Whether the step ends before a layer.
    pub fn ends_before(&self, layer: usize) -> bool {
        self.stop_after.load(Ordering::SeqCst) < layer
    }

    /// Whether the step ended early.
    pub fn was_stopped(&self) -> bool {
        self.stop_after.load(Ordering::SeqCst) != NEVER
    }

    /// The logits of a batch that has run.
    pub fn logits_of(&self, batch: &Batch<'_>, vocabulary: usize) -> Vec<Vec<f32>> {
        let logits = self.logits.chunks_exact(vocabulary).take(batch.asked().len());
        logits.map(<[f32]>::to_vec).collect()
    }
}
