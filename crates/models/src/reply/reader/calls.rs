//! Calls, from their mark to their end.

use serde_json::Map;

use super::{ReplyReader, State};
use crate::reply::ReplyPiece;
use crate::reply::block::{Block, End, Kind, MAX_CALL_BYTES};
use crate::reply::body::{self, Calls, RawArguments, RawCall};
use crate::reply::fence::{self, LineIs, MAX_FENCE_BYTES, Quote};
use crate::reply::harmony;
use crate::reply::marks::{self, Found};

impl ReplyReader {
    pub(super) fn give(&mut self, calls: Calls, text: &str) {
        for call in calls {
            let piece = self.tools.piece(call, text);
            self.out.call(piece);
        }
    }

    pub(super) fn call(&mut self, mut block: Block, end: bool) -> (State, bool) {
        let text = &self.buffer[self.at..];
        let (body_end, after, is_open) = match block.scan(text, end, false, self.is_trusting) {
            End::Wait => return (State::Call(block), false),
            End::At { body_end, after, was_doubtful } => {
                self.is_trusting |= was_doubtful;
                (body_end, after, false)
            }
            End::Open => (text.len(), text.len(), true),
            End::NotOne => return self.not_a_call(&block),
            End::TooLong if block.kind == Kind::Bare => return self.not_a_call(&block),
            End::TooLong => return self.too_long(&block),
        };
        let body = &text[block.body..body_end];
        let calls = match block.kind {
            Kind::Bare => match fence::unmarked(body, is_open, &self.tools) {
                Some(calls) => calls,
                None => return self.not_a_call(&block),
            },
            // A closing mark that was written as an opening one.
            _ if body.trim().is_empty() && is_open && self.line.is_behind => Calls::new(),
            Kind::Marked(mark) if mark.close == marks::LLAMA_END => self.llama(body, is_open),
            _ => body::read(body, is_open),
        };
        let raw = text[..after].trim_end().to_owned();
        self.give(calls, &raw);
        self.at += after;
        self.behind();
        (State::Text, true)
    }

    /// What Llama writes behind its mark: calls, or Python for a tool that
    /// runs it.
    fn llama(&self, body: &str, is_open: bool) -> Calls {
        let calls = body::read(body, is_open);
        let are_known =
            calls.iter().all(|call| call.as_ref().is_ok_and(|call| self.tools.has(&call.name)));
        let runs = ["python", "ipython", "code_interpreter"];
        let runner = runs.into_iter().find(|name| self.tools.has(name));
        match runner {
            Some(name) if !are_known && !body.trim_start().starts_with(['{', '[']) => {
                let code = serde_json::Value::String(body.trim().to_owned());
                vec![Ok(RawCall::new(name, RawArguments::Positional(vec![code], Map::new())))]
            }
            _ => calls,
        }
    }

    /// What seemed to be a call is text, and is read as such.
    fn not_a_call(&mut self, block: &Block) -> (State, bool) {
        if block.kind == Kind::Bare {
            self.unmarked_from = self.offset + (self.at + block.scanned()) as u64;
        }
        let first = self.buffer[self.at..].chars().next().map_or(0, char::len_utf8);
        self.pass(self.at, self.at + first);
        let end = self.at + first;
        self.say(end);
        (State::Text, true)
    }

    fn too_long(&mut self, block: &Block) -> (State, bool) {
        /// As much of it as shows what it was.
        const SHOWN_BYTES: usize = 2048;
        let text = &self.buffer[self.at..];
        let shown = (0..=SHOWN_BYTES).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let text = text[..shown].to_owned();
        let reason = "The call is longer than a million bytes; make shorter ones.".to_owned();
        self.out.call(ReplyPiece::BrokenCall { text, reason });
        let close = match block.kind {
            Kind::Marked(mark) => mark.close,
            _ => marks::MESSAGE_ENDS[1],
        };
        let mut at = self.at + MAX_CALL_BYTES;
        while !self.buffer.is_char_boundary(at) {
            at += 1;
        }
        self.at = at;
        (State::Skip(close), true)
    }

    pub(super) fn skip(&mut self, close: &'static str, end: bool) -> (State, bool) {
        let text = &self.buffer[self.at..];
        let found = if close.is_empty() { None } else { text.find(close) };
        if let Some(found) = found {
            self.at += found + close.len();
            self.behind();
            return (State::Text, true);
        }
        // The mark may be cut in two.
        let kept = if end { 0 } else { close.len() };
        let mut at = self.buffer.len().saturating_sub(kept).max(self.at);
        while !self.buffer.is_char_boundary(at) {
            at += 1;
        }
        self.at = at;
        (State::Skip(close), false)
    }

    pub(super) fn message(&mut self, mut block: Block, name: String, end: bool) -> (State, bool) {
        let text = &self.buffer[self.at..];
        let (body_end, after, is_open) = match block.scan(text, end, false, self.is_trusting) {
            End::Wait => return (State::Message(block, name), false),
            End::At { body_end, after, was_doubtful } => {
                self.is_trusting |= was_doubtful;
                (body_end, after, false)
            }
            End::Open => (text.len(), text.len(), true),
            End::TooLong | End::NotOne => return self.too_long(&block),
        };
        let calls = harmony::call(&name, &text[block.body..body_end], is_open);
        let raw = text[..after].trim_end().to_owned();
        self.give(calls, &raw);
        self.at += after;
        self.behind();
        (State::Text, true)
    }

    pub(super) fn fence(
        &mut self,
        quote: Quote,
        body: usize,
        scanned: usize,
        end: bool,
    ) -> (State, bool) {
        let text = &self.buffer[self.at..];
        if scanned == body {
            match fence::may_be_call(&text[body..], end, &self.tools) {
                Found::Part => return (State::Fence { quote, body, scanned }, false),
                Found::Nothing => return self.quoted(quote, body),
                Found::Whole((), _) => {}
            }
        }
        let mut at = scanned;
        loop {
            let Some(newline) = text[at..].find('\n') else {
                at = text.len();
                break;
            };
            at += newline;
            let next = at + 1;
            if next > MAX_FENCE_BYTES {
                return self.quoted(quote, body);
            }
            let line = text[next..].trim_start_matches([' ', '\t']);
            if line.is_empty() && !end {
                break;
            }
            let found = match line.is_empty() {
                true => Found::Nothing,
                false => fence::line(line, end, Some(quote)),
            };
            match found {
                Found::Part => break,
                Found::Whole(LineIs::Closing, length) => {
                    let after = text.len() - line.len() + length;
                    return self.fenced(quote, body, next, after);
                }
                _ => at = next,
            }
        }
        if text.len() > 2 * MAX_FENCE_BYTES {
            return self.quoted(quote, body);
        }
        if end {
            // The fence is left open where the reply ends.
            let length = text.len();
            return self.fenced(quote, body, length, length);
        }
        (State::Fence { quote, body, scanned: at }, false)
    }

    fn fenced(&mut self, quote: Quote, body: usize, to: usize, after: usize) -> (State, bool) {
        let is_open = to == self.buffer.len() - self.at;
        let inner = &self.buffer[self.at + body..self.at + to];
        let Some(calls) = fence::unmarked(inner, is_open, &self.tools) else {
            return self.quoted(quote, body);
        };
        let raw = self.buffer[self.at..self.at + after].to_owned();
        self.give(calls, &raw);
        self.at += after;
        self.behind();
        (State::Text, true)
    }

    /// The fence quotes.
    fn quoted(&mut self, quote: Quote, body: usize) -> (State, bool) {
        self.line.quote = Some(quote);
        self.pass(self.at, self.at + body);
        let end = self.at + body;
        self.say(end);
        (State::Text, true)
    }
}
