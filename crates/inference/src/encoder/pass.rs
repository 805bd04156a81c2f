//! The operations that a model like BERT is written in, over the tokens of
//! some texts, which lie one after the other without padding.
//!
//! One thread computes all of it: who has many texts has them computed on
//! several, each with its own.

use std::ops::Range;

use mlxcode_kernels::{
    Activations, Attention, AttentionScratch, AttentionShape, CacheShape, CacheType, CachedHead,
    KernelsRef, Output, PAGE_TOKENS, Pages, Partial, Scratch, TokenMut, Vectors,
};
use mlxcode_models::{EncoderActivation, EncoderConfig};

use super::activation::{gelu, gelu_tanh};
use super::weights::{Embeddings, Linear, Norm};
use super::{Computing, Text};

/// Tokens that a product reads weights once for.
const GEMV_TOKENS: usize = 8;

/// Tokens that attend at once, as if they were heads that share their keys: as
/// many as fill a tile.
const TOGETHER: usize = 8;

/// The states of some texts on their way through the layers.
pub struct Pass<'p> {
    config: &'p EncoderConfig,
    kernels: KernelsRef,
    vectors: &'static Vectors,
    texts: &'p [Text],
    rows: usize,
    attention: Attention,
    /// `[rows, hidden]`.
    x: Vec<f32>,
    /// The same as products take it.
    states: Activations,
    query: Vec<f32>,
    key: Vec<f32>,
    value: Vec<f32>,
    /// What attention mixed.
    mixed: Activations,
    /// Queries of a block in one head, and what they attend to: `[8, head_dim]`.
    block: [Vec<f32>; 2],
    /// `[rows, inner]`.
    inner: Vec<f32>,
    /// The same as products take it.
    widened: Activations,
    pages: Pages,
    /// The pages of each text.
    sequences: Vec<Vec<u32>>,
    partial: Partial,
    scratch: Scratch,
    attention_scratch: AttentionScratch,
}

impl<'p> Pass<'p> {
    /// Room for some texts.
    pub fn new(config: &'p EncoderConfig, computing: &Computing, texts: &'p [Text]) -> Self {
        let kernels = computing.kernels;
        let rows: usize = texts.iter().map(|text| text.tokens.len()).sum();
        let (hidden, inner, head_dim) =
            (config.hidden_size, config.intermediate_size, config.head_dim());
        let shape = AttentionShape {
            heads: config.num_heads * TOGETHER,
            kv_heads: config.num_heads,
            head_dim,
            scale: 1.0 / (head_dim as f32).sqrt(),
            window: None,
        };
        let mut pages = 0;
        let mut sequence = |text: &Text| {
            let first = pages;
            pages += text.tokens.len().div_ceil(PAGE_TOKENS) as u32;
            (first..pages).collect()
        };
        let sequences = texts.iter().map(&mut sequence).collect();
        let kind = if computing.is_exact { CacheType::F32 } else { CacheType::Bf16 };
        let cache = CacheShape { layers: 1, kv_heads: config.num_heads, head_dim, kind };
        let states = || vec![0.0; rows * hidden];
        Self {
            config,
            kernels,
            vectors: computing.vectors,
            texts,
            rows,
            attention: Attention::new(computing.tier, shape),
            x: states(),
            states: kernels.activations(rows, hidden),
            query: states(),
            key: states(),
            value: states(),
            mixed: kernels.activations(rows, hidden),
            block: [vec![0.0; TOGETHER * head_dim], vec![0.0; TOGETHER * head_dim]],
            inner: vec![0.0; rows * inner],
            widened: kernels.activations(rows, inner),
            pages: Pages::new(cache, pages as usize),
            sequences,
            partial: Partial::new(&shape),
            scratch: Scratch::default(),
            attention_scratch: AttentionScratch::default(),
        }
    }

    /// `x = E[token] + P[position] + T[0]`.
    pub fn embed(&mut self, embeddings: &Embeddings) {
        let hidden = self.config.hidden_size;
        let mut position = vec![0.0; hidden];
        let places = self.texts.iter().flat_map(|text| {
            let positions = self.config.positions_of(&text.tokens);
            text.tokens.iter().copied().zip(positions)
        });
        for ((token, place), x) in places.zip(self.x.chunks_exact_mut(hidden)) {
            // The model was checked to have a row for each of its tokens.
            let token = (token as usize).min(embeddings.tokens.rows() - 1);
            self.kernels.row(&embeddings.tokens, token, x);
            let place = place.min(embeddings.positions.rows() - 1);
            self.kernels.row(&embeddings.positions, place, &mut position);
            self.vectors.add(x, &position);
            self.vectors.add(x, &embeddings.kind);
        }
    }

    /// `x = (x − mean(x)) / √(var(x) + ε) · weight + bias` (Ba, Kiros and
    /// Hinton, "Layer Normalization", 2016).
    pub fn norm(&mut self, norm: &Norm) {
        let (hidden, eps) = (self.config.hidden_size, self.config.norm_eps);
        for (row, x) in self.x.chunks_exact_mut(hidden).enumerate() {
            let mean = x.iter().sum::<f32>() / hidden as f32;
            let mut squares = 0.0;
            for number in &mut *x {
                *number -= mean;
                squares += *number * *number;
            }
            let factor = 1.0 / (squares / hidden as f32 + eps).sqrt();
            for ((number, weight), bias) in x.iter_mut().zip(&norm.weight).zip(&norm.bias) {
                *number = *number * factor * weight + bias;
            }
            // SAFETY: `self` is borrowed alone.
            let mut token = unsafe { self.states.token_mut(row) };
            token.values[..hidden].copy_from_slice(x);
            finish(self.kernels, self.vectors, self.rows, &mut token);
        }
    }

    /// `q = W_q x`, `k = W_k x`, `v = W_v x`.
    pub fn project(&mut self, query: &Linear, key: &Linear, value: &Linear) {
        let Self { kernels, vectors, states, scratch, .. } = self;
        for (linear, out) in
            [(query, &mut self.query), (key, &mut self.key), (value, &mut self.value)]
        {
            Product { kernels: *kernels, vectors, linear, input: states }.set(out, scratch);
        }
    }

    /// `softmax(q Kᵀ / √d) V` in every head, over all tokens of a text.
    pub fn attend(&mut self) {
        let mut first = 0;
        for (number, text) in self.texts.iter().enumerate() {
            let rows = first..first + text.tokens.len();
            first = rows.end;
            self.keep(number, rows.clone());
            for head in 0..self.config.num_heads {
                for start in rows.clone().step_by(TOGETHER) {
                    let block = start..(start + TOGETHER).min(rows.end);
                    self.attend_block(number, head, rows.len(), block);
                }
            }
        }
        for row in 0..self.rows {
            // SAFETY: `self` is borrowed alone.
            let mut token = unsafe { self.mixed.token_mut(row) };
            finish(self.kernels, self.vectors, self.rows, &mut token);
        }
    }

    /// Puts the keys and values of a text into its pages.
    fn keep(&mut self, text: usize, rows: Range<usize>) {
        let (hidden, head_dim) = (self.config.hidden_size, self.config.head_dim());
        for (place, row) in rows.enumerate() {
            let (page, slot) = (self.sequences[text][place / PAGE_TOKENS], place % PAGE_TOKENS);
            let row = row * hidden..(row + 1) * hidden;
            let keys = self.key[row.clone()].chunks_exact(head_dim);
            let values = self.value[row].chunks_exact(head_dim);
            for (head, (key, value)) in keys.zip(values).enumerate() {
                // SAFETY: `self` is borrowed alone.
                unsafe { self.pages.write(page, 0, head, slot, key, value) };
            }
        }
    }

    /// Attends from some tokens of a text to all of it, in one head.
    fn attend_block(&mut self, text: usize, head: usize, length: usize, rows: Range<usize>) {
        let (hidden, head_dim) = (self.config.hidden_size, self.config.head_dim());
        let at = |row: usize| row * hidden + head * head_dim..row * hidden + (head + 1) * head_dim;
        let [queries, mixed] = &mut self.block;
        for (query, row) in queries.chunks_exact_mut(head_dim).zip(rows.clone()) {
            query.copy_from_slice(&self.query[at(row)]);
        }
        let sequence = &self.sequences[text];
        let cached = CachedHead { pages: &self.pages, sequence, layer: 0, kv_head: head };
        let (partial, scratch) = (&mut self.partial, &mut self.attention_scratch);
        self.attention.attend_token(&cached, length, 0..length, queries, partial, scratch);
        Partial::merge(std::iter::once(&*partial), mixed);
        for (mixed, row) in mixed.chunks_exact(head_dim).zip(rows) {
            // SAFETY: `self` is borrowed alone.
            let token = unsafe { self.mixed.token_mut(row) };
            token.values[head * head_dim..(head + 1) * head_dim].copy_from_slice(mixed);
        }
    }

    /// `x = x + W a`, `a` what attention mixed.
    pub fn add_attended(&mut self, linear: &Linear) {
        let (kernels, vectors) = (self.kernels, self.vectors);
        Product { kernels, vectors, linear, input: &self.mixed }
            .add(&mut self.x, &mut self.scratch);
    }

    /// `u = gelu(W x)`.
    pub fn widen(&mut self, linear: &Linear) {
        let (kernels, vectors) = (self.kernels, self.vectors);
        Product { kernels, vectors, linear, input: &self.states }
            .set(&mut self.inner, &mut self.scratch);
        let activate = match self.config.activation {
            EncoderActivation::GeluTanh => gelu_tanh,
            EncoderActivation::Relu => |numbers: &mut [f32]| {
                for number in numbers {
                    *number = number.max(0.0);
                }
            },
            _ => gelu,
        };
        let inner = self.config.intermediate_size;
        for (row, numbers) in self.inner.chunks_exact_mut(inner).enumerate() {
            activate(numbers);
            // SAFETY: `self` is borrowed alone.
            let mut token = unsafe { self.widened.token_mut(row) };
            token.values[..inner].copy_from_slice(numbers);
            finish(kernels, vectors, self.rows, &mut token);
        }
    }

    /// `x = x + W u`.
    pub fn add_narrowed(&mut self, linear: &Linear) {
        let (kernels, vectors) = (self.kernels, self.vectors);
        Product { kernels, vectors, linear, input: &self.widened }
            .add(&mut self.x, &mut self.scratch);
    }

    /// The states of each text, `[tokens, hidden]`.
    pub fn states(&self) -> impl Iterator<Item = &[f32]> {
        let hidden = self.config.hidden_size;
        let mut rest = &self.x[..];
        self.texts.iter().map(move |text| {
            let (states, after) = rest.split_at(text.tokens.len() * hidden);
            rest = after;
            states
        })
    }
}

/// Makes of a state what products take.
fn finish(kernels: KernelsRef, vectors: &Vectors, rows: usize, token: &mut TokenMut<'_>) {
    if rows > GEMV_TOKENS && kernels.takes_bf16() {
        vectors.round(token);
    } else {
        vectors.quantise(token);
    }
}

/// A matrix, its bias and what it is multiplied with.
struct Product<'a> {
    kernels: KernelsRef,
    vectors: &'a Vectors,
    linear: &'a Linear,
    input: &'a Activations,
}

impl Product<'_> {
    /// `out = W h + b`.
    fn set(&self, out: &mut [f32], scratch: &mut Scratch) {
        for row in out.chunks_exact_mut(self.linear.bias.len()) {
            row.copy_from_slice(&self.linear.bias);
        }
        self.product(out, scratch);
    }

    /// `out = out + W h + b`.
    fn add(&self, out: &mut [f32], scratch: &mut Scratch) {
        for row in out.chunks_exact_mut(self.linear.bias.len()) {
            self.vectors.add(row, &self.linear.bias);
        }
        self.product(out, scratch);
    }

    fn product(&self, out: &mut [f32], scratch: &mut Scratch) {
        let weight = &self.linear.weight;
        let mut output = Output::new(out, weight.rows()).adding();
        if self.input.tokens() <= GEMV_TOKENS {
            self.kernels.gemv(weight, 0..weight.tiles(), self.input, &mut output);
        } else {
            self.kernels.gemm(weight, 0..weight.tiles(), self.input, &mut output, scratch);
        }
    }
}
