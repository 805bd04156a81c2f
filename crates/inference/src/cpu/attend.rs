//! Attention, split between workers.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mlxcode_kernels::{Attention, CachedHead, Output, PAGE_TOKENS, Partial, Queries};

use super::Batch;
use super::step::{Step, part};

/// Positions that one worker attends to for one token: a long context is
/// shared. The same for every batch and any number of threads, so that neither
/// changes the result.
const SPAN: usize = 512;

/// Positions that one worker attends to for one token.
pub const fn attention_span() -> usize {
    SPAN
}

/// Tokens of a run from which on they are taken in blocks.
const BLOCK_FROM: usize = 4;

/// Tokens of a block.
const BLOCK: usize = 32;

/// Who attends to what, for one head of keys and values.
#[derive(Debug, Default)]
pub struct AttendPlan {
    tasks: Vec<Task>,
    merges: Vec<Merge>,
    partials: usize,
}

/// What one worker does at once.
#[derive(Debug)]
enum Task {
    /// Some tokens of a run, all positions.
    Block { run: usize, first_row: usize, tokens: Range<usize> },
    /// One token, all positions.
    Token { row: usize },
    /// One token, some positions.
    Span { row: usize, span: Range<usize>, partial: usize },
}

/// The spans of one token.
#[derive(Debug)]
struct Merge {
    row: usize,
    partials: Range<usize>,
}

impl AttendPlan {
    pub fn new(batch: &Batch<'_>) -> Self {
        let mut plan = Self::default();
        let mut first_row = 0;
        for (run, tokens) in batch.runs().iter().map(|run| run.tokens.len()).enumerate() {
            if tokens >= BLOCK_FROM {
                // The last tokens see most: they come first, so that no worker
                // is left with one at the end.
                let starts = (0..tokens).step_by(BLOCK).rev();
                plan.tasks.extend(starts.map(|start| Task::Block {
                    run,
                    first_row,
                    tokens: start..(start + BLOCK).min(tokens),
                }));
            } else {
                (first_row..first_row + tokens).for_each(|row| plan.token(row, batch));
            }
            first_row += tokens;
        }
        plan
    }

    fn token(&mut self, row: usize, batch: &Batch<'_>) {
        let length = batch.rows()[row].position + 1;
        if length <= SPAN {
            self.tasks.push(Task::Token { row });
            return;
        }
        let first = self.partials;
        for start in (0..length).step_by(SPAN) {
            let span = start..(start + SPAN).min(length);
            self.tasks.push(Task::Span { row, span, partial: self.partials });
            self.partials += 1;
        }
        self.merges.push(Merge { row, partials: first..self.partials });
    }

    /// Partial results, for all heads of keys and values.
    pub fn partials(&self, kv_heads: usize) -> usize {
        self.partials * kv_heads
    }
}

impl Step<'_> {
    /// `softmax(q Kᵀ / √d) V` in every head, over the positions that each
    /// token may see.
    pub fn attend(&self, layer: usize) {
        let (state, model) = (self.state, self.model);
        let shape = model.attention_shape(layer);
        let attention = Attention::new(model.computing.tier, shape);
        let kv_heads = shape.kv_heads;
        let plan = &state.plan;
        self.worker.each(plan.tasks.len() * kv_heads, 1, |range| {
            for number in range {
                // Tasks of one run follow one another for each head.
                let (head, task) = (number / plan.tasks.len(), number % plan.tasks.len());
                self.attend_task(&attention, layer, head, &plan.tasks[task]);
            }
        });
        self.worker.barrier();
        if !plan.merges.is_empty() {
            self.worker.each(plan.merges.len() * kv_heads, 1, |range| {
                for number in range {
                    self.merge(&attention, number % kv_heads, &plan.merges[number / kv_heads]);
                }
            });
            self.worker.barrier();
        }
        let columns = shape.heads * shape.head_dim;
        self.worker.each(self.rows(), 1, |rows| {
            for row in rows {
                // SAFETY: each row is given to one worker.
                let mut token = unsafe { state.attended.token_mut(row) };
                token.values[..columns].copy_from_slice(&state.mixed[part(row, columns)]);
                self.finish(&mut token, self.rows());
            }
        });
        self.worker.barrier();
    }

    fn attend_task(&self, attention: &Attention, layer: usize, kv_head: usize, task: &Task) {
        let state = self.state;
        let shape = attention.shape();
        let cached = |run: usize| CachedHead {
            pages: self.pages,
            sequence: self.batch.runs()[run].pages,
            layer,
            kv_head,
        };
        let one = |row: usize, span: Range<usize>, partial: &mut Partial| {
            let token = self.batch.rows()[row];
            let queries = &state.query[heads_of(attention, row, kv_head)];
            let (cached, length) = (cached(token.run), token.position + 1);
            let scratch = &mut self.attention.borrow_mut();
            attention.attend_token(&cached, length, span, queries, partial, scratch);
        };
        match task {
            Task::Token { row } => {
                let partial = &mut self.partial.borrow_mut();
                one(*row, 0..self.batch.rows()[*row].position + 1, partial);
                // SAFETY: each head of each row is given to one worker.
                let out = unsafe { state.mixed.part_mut(heads_of(attention, *row, kv_head)) };
                Partial::merge(std::iter::once(&**partial), out);
            }
            Task::Span { row, span, partial } => {
                let partial = &state.partials[partial * shape.kv_heads + kv_head];
                one(*row, span.clone(), &mut lock(partial));
            }
            Task::Block { run, first_row, tokens } => {
                let columns = shape.heads * shape.head_dim;
                let end = first_row + self.batch.runs()[*run].tokens.len();
                let rows = first_row * columns..end * columns;
                let queries = Queries { numbers: &state.query[rows.clone()], stride: columns };
                let mixed = state.mixed.view(rows);
                // SAFETY: each head of each block is given to one worker.
                let mut output = unsafe { Output::of_cells(&mixed, columns) };
                let scratch = &mut self.attention.borrow_mut();
                let position = self.batch.runs()[*run].position;
                let tokens = tokens.clone();
                let cached = cached(*run);
                attention.attend_block(&cached, position, tokens, &queries, &mut output, scratch);
            }
        }
    }

    /// Puts the spans of a token together, in their order.
    fn merge(&self, attention: &Attention, kv_head: usize, merge: &Merge) {
        let shape = attention.shape();
        let of = |partial: usize| &self.state.partials[partial * shape.kv_heads + kv_head];
        let parts: Vec<_> = merge.partials.clone().map(|partial| lock(of(partial))).collect();
        // SAFETY: each head of each row is given to one worker.
        let out = unsafe { self.state.mixed.part_mut(heads_of(attention, merge.row, kv_head)) };
        Partial::merge(parts.iter().map(|part| &**part), out);
    }

    /// The page of a position of a run, and the slot in it.
    pub(super) fn place(&self, run: usize, position: usize) -> (u32, usize) {
        let pages = self.batch.runs()[run].pages;
        (pages[position / PAGE_TOKENS], position % PAGE_TOKENS)
    }
}

/// Where the query heads of a row lie that share a head of keys.
fn heads_of(attention: &Attention, row: usize, kv_head: usize) -> Range<usize> {
    let shape = attention.shape();
    part(row * shape.kv_heads + kv_head, shape.group() * shape.head_dim)
}

fn lock(partial: &Mutex<Partial>) -> MutexGuard<'_, Partial> {
    partial.lock().unwrap_or_else(PoisonError::into_inner)
}
