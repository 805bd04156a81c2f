//! Thoughts, and the calls inside them.

use super::{Close, MAX_SPACE_BYTES, ReplyReader, State};
use crate::reply::block::{Block, End, MAX_CALL_BYTES};
use crate::reply::body::{self, Calls};
use crate::reply::marks::{self, Found};
use crate::reply::output::Voice;

/// What ends or interrupts a thought.
enum InThought {
    End,
    /// The mark that opened it, once more.
    Again,
    Call(Block),
}

impl ReplyReader {
    pub(super) fn thought(&mut self, close: Close, end: bool) -> (State, bool) {
        let mut i = self.at;
        while i < self.buffer.len() {
            let byte = self.buffer.as_bytes()[i];
            if !marks::may_begin(byte) && byte != b'H' {
                self.pass(i, i + 1);
                i += 1;
                continue;
            }
            match self.look_in_thought(close, i, end) {
                Found::Part => break,
                Found::Nothing => {
                    self.pass(i, i + 1);
                    i += 1;
                }
                Found::Whole(InThought::End, length) => {
                    self.think(i);
                    self.at = i + length;
                    self.out.turn(Voice::Said);
                    self.behind();
                    return (State::Text, true);
                }
                Found::Whole(InThought::Again, length) => {
                    self.think(i);
                    self.at = i + length;
                    i = self.at;
                }
                Found::Whole(InThought::Call(block), _) => {
                    self.think(i);
                    let calls = Vec::new();
                    return (State::Held { close, calls, end: 0, block: Some(block) }, true);
                }
            }
        }
        self.think(i);
        (State::Thought(close), false)
    }

    fn think(&mut self, end: usize) {
        self.out.write(Voice::Thought, &self.buffer[self.at..end]);
        self.at = end;
    }

    fn look_in_thought(&self, close: Close, i: usize, end: bool) -> Found<InThought> {
        let rest = &self.buffer[i..];
        let ends: Vec<(&str, usize)> = match close {
            Close::Mark(mark) => vec![(mark, 0)],
            Close::Any => marks::THOUGHTS.iter().map(|(_, close)| (*close, 0)).collect(),
            Close::Message => marks::MESSAGE_ENDS
                .iter()
                .map(|mark| (*mark, 0))
                .chain([(marks::START, 1), (marks::CHANNEL, 1)])
                .collect(),
        };
        match marks::longest(rest, end, ends.into_iter()) {
            Found::Part => return Found::Part,
            Found::Whole(1, _) => return Found::Whole(InThought::End, 0),
            Found::Whole(_, length) => {
                // A thought about the mark.
                let next = rest.as_bytes().get(length);
                return match (self.line.before, next) {
                    (b'`', None) if !end => Found::Part,
                    (b'`', Some(b'`')) => Found::Nothing,
                    _ => Found::Whole(InThought::End, length),
                };
            }
            Found::Nothing => {}
        }
        if close == Close::Message {
            return Found::Nothing;
        }
        if self.line.is_first || self.line.is_behind {
            let opens = marks::THOUGHTS.iter().map(|(open, _)| (*open, ()));
            match marks::longest(rest, end, opens) {
                Found::Part => return Found::Part,
                Found::Whole((), length) => return Found::Whole(InThought::Again, length),
                Found::Nothing => {}
            }
        }
        let is_old = self.offset + (i as u64) < self.held_from;
        if !self.line.is_start || is_old || self.tools.is_empty() {
            return Found::Nothing;
        }
        match marks::longest(rest, end, marks::CALLS.iter().map(|mark| (mark.open, mark))) {
            Found::Part => Found::Part,
            Found::Nothing => Found::Nothing,
            Found::Whole(mark, length) => {
                Found::Whole(InThought::Call(Block::marked(mark)), length)
            }
        }
    }

    /// Calls in a thought. `at` is where, behind what is not decided, the last
    /// of them ended.
    pub(super) fn held(
        &mut self,
        close: Close,
        mut calls: Vec<(usize, Calls)>,
        mut at: usize,
        block: Option<Block>,
        end: bool,
    ) -> (State, bool) {
        if let Some(mut block) = block {
            let text = &self.buffer[self.at + at..];
            match block.scan(text, end, true, self.is_trusting) {
                End::Wait => {
                    return (State::Held { close, calls, end: at, block: Some(block) }, false);
                }
                End::At { body_end, after, was_doubtful } => {
                    self.is_trusting |= was_doubtful;
                    let read = body::read(&text[block.body..body_end], false);
                    at += after;
                    calls.push((at, read));
                }
                End::Open => {
                    let read = body::read(&text[block.body..], true);
                    let is_call = read
                        .iter()
                        .any(|call| call.as_ref().is_ok_and(|call| self.tools.has(&call.name)));
                    if is_call {
                        at = self.buffer.len() - self.at;
                        calls.push((at, read));
                    } else {
                        return self.no_call_in_thought(close, at, &block);
                    }
                }
                End::TooLong | End::NotOne => return self.no_call_in_thought(close, at, &block),
            }
        }
        let rest = &self.buffer[self.at + at..];
        let text = rest.trim_start_matches([' ', '\n', '\r', '\t']);
        if text.is_empty() && end {
            self.calls_of(calls);
            return (State::Text, true);
        }
        let behind = at + rest.len() - text.len();
        if behind > MAX_CALL_BYTES || behind - at > MAX_SPACE_BYTES {
            return self.only_thought(close, at);
        }
        if text.is_empty() {
            return (State::Held { close, calls, end: at, block: None }, false);
        }
        match marks::longest(text, end, marks::CALLS.iter().map(|mark| (mark.open, mark))) {
            Found::Part => (State::Held { close, calls, end: at, block: None }, false),
            Found::Nothing => self.only_thought(close, at),
            Found::Whole(mark, _) => {
                let block = Some(Block::marked(mark));
                (State::Held { close, calls, end: behind, block }, true)
            }
        }
    }

    fn no_call_in_thought(&mut self, close: Close, at: usize, block: &Block) -> (State, bool) {
        self.held_from = self.offset + (self.at + at + block.scanned()) as u64;
        self.only_thought(close, at + block.body.max(1))
    }

    /// What looked like calls is part of the thought, for so many bytes.
    fn only_thought(&mut self, close: Close, length: usize) -> (State, bool) {
        let mut end = (self.at + length).min(self.buffer.len());
        while !self.buffer.is_char_boundary(end) {
            end += 1;
        }
        self.pass(self.at, end);
        self.think(end);
        (State::Thought(close), true)
    }

    /// The reply ends with calls inside a thought: they are calls.
    fn calls_of(&mut self, calls: Vec<(usize, Calls)>) {
        let mut from = 0;
        for (to, calls) in calls {
            let text = self.buffer[self.at + from..self.at + to].trim().to_owned();
            self.give(calls, &text);
            from = to;
        }
        self.at = self.buffer.len();
        self.behind();
    }
}
