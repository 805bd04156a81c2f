//! Several sequences at once, one step after the other.
//!
//! A step takes the newest token of every answer that is on its way and, where
//! a prompt is still to be read, a part of it: answers go on while prompts are
//! read, and the weights are read once for all.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, TryRecvError};

use mlxcode_kernels::PAGE_TOKENS;
use mlxcode_models::FinishReason;

use super::answer::{Answer, Next, Order, Request, Voice};
use super::prefix::{PrefixCache, Sequence};
use super::snapshot;
use crate::cpu::{Batch, CpuModel, Logits, Run, States};
use crate::error::{Error, Result};

/// Sequences that run at once: products read weights once for eight tokens.
const SEQUENCES: usize = 8;

/// Tokens of a prompt in one step: enough for the matrices.
pub const PREFILL_TOKENS: usize = 512;

/// The same while answers wait for their next token.
const SHARED_PREFILL_TOKENS: usize = 128;

/// What the worker of a model does.
#[derive(Debug)]
pub struct Scheduler {
    model: CpuModel,
    voice: Voice,
    cache: PrefixCache,
    states: States,
    waiting: VecDeque<Box<Request>>,
    active: Vec<Active>,
    /// Of the model's files.
    fingerprint: String,
}

/// A sequence that is being computed.
#[derive(Debug)]
struct Active {
    answer: Answer,
    sequence: Sequence,
    /// Pages that it may need in all.
    reserved: usize,
    /// The prompt, then the newest token of the answer: what is to be computed
    /// is what the sequence does not have yet.
    tokens: Vec<u32>,
    prompt: usize,
}

impl Active {
    /// Tokens that are not computed yet.
    fn rest(&self) -> &[u32] {
        &self.tokens[self.sequence.len()..]
    }

    fn reads_prompt(&self) -> bool {
        self.sequence.len() < self.prompt
    }
}

impl Scheduler {
    pub fn new(model: CpuModel, voice: Voice, cache: PrefixCache, fingerprint: String) -> Self {
        let (states, waiting, active) = Default::default();
        Self { model, voice, cache, states, waiting, active, fingerprint }
    }

    /// Works until nobody can send orders any more.
    pub fn work(mut self, orders: &Receiver<Order>) {
        let mut later = None;
        loop {
            if self.active.is_empty() && self.waiting.is_empty() {
                match later.take().map_or_else(|| orders.recv(), Ok) {
                    Ok(order) => self.obey(order),
                    Err(_) => return,
                }
            }
            // What is not an answer waits until those before it are given.
            while later.is_none() {
                match orders.try_recv() {
                    Ok(Order::Generate(request)) => self.waiting.push_back(request),
                    Ok(order) => later = Some(order),
                    // The answers on their way are given all the same.
                    Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
                }
            }
            self.admit();
            self.end_cancelled();
            self.step();
        }
    }

    /// Nobody is being answered now.
    fn obey(&mut self, order: Order) {
        // Who does not wait for the reply any more does not get it.
        let _ = match order {
            Order::Generate(request) => {
                self.waiting.push_back(request);
                return;
            }
            Order::Save { most_bytes, reply } => {
                let bytes = snapshot::save(&self.cache, &self.fingerprint, most_bytes);
                reply.send(Ok(bytes)).is_ok()
            }
            Order::Restore { bytes, reply } => {
                let known = snapshot::restore(&mut self.cache, &self.fingerprint, &bytes);
                reply.send(known).is_ok()
            }
        };
    }

    /// Begins what waits, as long as there is room for all of it.
    fn admit(&mut self) {
        while self.active.len() < SEQUENCES {
            let Some(request) = self.waiting.front() else { return };
            let positions = request.tokens.len() + request.max_tokens;
            let reserved = positions.div_ceil(PAGE_TOKENS) + 1;
            let owed =
                |active: &Active| active.reserved.saturating_sub(active.sequence.pages().len());
            let owed: usize = self.active.iter().map(owed).sum();
            // A lone sequence always fits: the context is no longer than the
            // pages.
            if !self.active.is_empty() && owed + reserved > self.cache.available() {
                return;
            }
            let Some(request) = self.waiting.pop_front() else { return };
            let (answer, tokens) = Answer::new(*request, self.voice.clone());
            let sequence = self.cache.begin(&tokens);
            let prompt = tokens.len();
            self.active.push(Active { answer, sequence, reserved, tokens, prompt });
        }
    }

    fn end_cancelled(&mut self) {
        let cancelled = |active: &Active| active.answer.is_cancelled();
        for place in (0..self.active.len()).rev() {
            if cancelled(&self.active[place]) {
                self.end(place, Ok(FinishReason::Cancelled));
            }
        }
    }

    fn end(&mut self, place: usize, outcome: Result<FinishReason>) {
        let Active { answer, sequence, .. } = self.active.remove(place);
        self.cache.end(sequence);
        answer.finish(outcome);
    }

    /// Computes one step of all sequences.
    fn step(&mut self) {
        let shares = self.shares();
        for (place, count) in shares.iter().enumerate().rev() {
            let Active { sequence, .. } = &mut self.active[place];
            let positions = sequence.len() + count;
            if !self.cache.extend(sequence, positions) {
                self.end(place, Err(Error::Pages));
                return;
            }
        }
        let runs = self.active.iter().zip(&shares).filter(|(_, count)| **count > 0);
        let runs = runs.map(|(active, count)| {
            let last = *count == active.rest().len();
            Run {
                tokens: &active.rest()[..*count],
                position: active.sequence.len(),
                pages: active.sequence.pages(),
                logits: if last { Logits::Last } else { Logits::None },
            }
        });
        let batch = Batch::new(runs.collect());
        if batch.rows().is_empty() {
            return;
        }
        // Others still want theirs where one is cancelled.
        let senders: Vec<_> = self.active.iter().map(|active| active.answer.sender()).collect();
        let stop = || senders.iter().all(|sender| sender.is_cancelled());
        let pages = self.cache.pages();
        let Some(logits) = self.model.run(&batch, pages, &mut self.states, &stop) else { return };
        drop(batch);
        let mut logits = logits.into_iter();
        let mut ended = Vec::new();
        for (place, (active, count)) in self.active.iter_mut().zip(&shares).enumerate() {
            let (first, reading) = (active.sequence.len(), active.reads_prompt());
            let computed = &active.tokens[first..first + count];
            active.sequence.computed(computed);
            if *count == 0 || active.sequence.len() < active.tokens.len() {
                continue;
            }
            let Some(mut logits) = logits.next() else { continue };
            let started = if reading { active.answer.start(&active.tokens) } else { Ok(()) };
            match started.and_then(|()| active.answer.next(&mut logits)) {
                Ok(Next::Token(id)) => active.tokens.push(id),
                Ok(Next::End(reason)) => ended.push((place, Ok(reason))),
                Err(error) => ended.push((place, Err(error))),
            }
        }
        for (place, outcome) in ended.into_iter().rev() {
            self.end(place, outcome);
        }
    }

    /// How many tokens of each sequence are computed in the next step.
    fn shares(&self) -> Vec<usize> {
        let answers = self.active.iter().filter(|active| !active.reads_prompt()).count();
        let mut room = if answers > 0 { SHARED_PREFILL_TOKENS } else { PREFILL_TOKENS };
        let share = |active: &Active| {
            if !active.reads_prompt() {
                return active.rest().len();
            }
            let count = active.rest().len().min(room);
            room -= count;
            count
        };
        self.active.iter().map(share).collect()
    }
}
