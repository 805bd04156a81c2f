mod calls;
mod look;
mod thought;

use super::block::Block;
use super::body::Calls;
use super::fence::Quote;
use super::output::{Output, Voice};
use super::resolve::Tools;
use super::{ReplyOptions, ReplyPiece};

/// The most bytes of space between calls inside a thought.
const MAX_SPACE_BYTES: usize = 4096;

/// Reads a reply apart while it is written.
///
/// However a reply is cut into pieces, what comes out is the same, texts and
/// thoughts in a row joined. Text is given out at once, a call when it is
/// whole. What is kept is a call's text, a million bytes at most; the time is
/// linear in the reply's length.
///
/// ```
/// use mlxcode_models::{ReplyOptions, ReplyPiece, ReplyReader, ToolSpec};
/// use serde_json::json;
///
/// let read_file = ToolSpec {
///     name: "read_file".into(),
///     description: "Reads a file.".into(),
///     parameters: json!({"type": "object", "properties": {"path": {"type": "string"}}}),
/// };
/// let options = ReplyOptions { tools: vec![read_file], ..ReplyOptions::default() };
/// let mut reader = ReplyReader::new(options);
/// let mut pieces = reader.push("I look.\n<tool_call>{\"name\": \"read_file\", ");
/// pieces.extend(reader.push("\"arguments\": {\"path\": \"a.txt\"}}</tool_call>"));
/// pieces.extend(reader.finish());
/// let [ReplyPiece::Text(text), ReplyPiece::ToolCall(call)] = &pieces[..] else { panic!() };
/// assert_eq!((text.as_str(), call.name.as_str()), ("I look.", "read_file"));
/// ```
#[derive(Clone, Debug)]
pub struct ReplyReader {
    pub(super) tools: Tools,
    out: Output,
    buffer: String,
    /// Where in the buffer begins what is not decided.
    at: usize,
    /// How many bytes were taken off the buffer's beginning.
    offset: u64,
    state: State,
    line: Line,
    /// Whether a header of gpt-oss was seen.
    is_harmony: bool,
    /// Whether a call seemed to end in a string and did.
    is_trusting: bool,
    /// Before this place no call begins that nothing marks.
    unmarked_from: u64,
    /// Before this place no call begins inside a thought.
    held_from: u64,
    /// What ends the answer that a mark began.
    answer_end: Option<&'static str>,
}

/// What is known of the line that is being read.
#[derive(Clone, Copy, Debug)]
struct Line {
    /// Only spaces were seen in it.
    is_start: bool,
    /// The byte before.
    before: u8,
    quote: Option<Quote>,
    /// Nothing was said since a call or a thought ended.
    is_behind: bool,
    /// Nothing was said at all.
    is_first: bool,
}

#[derive(Clone, Debug)]
enum State {
    Text,
    Thought(Close),
    /// A call, or several between the same marks.
    Call(Block),
    /// A message of gpt-oss to this tool.
    Message(Block, String),
    /// A fence that may hold calls.
    Fence {
        quote: Quote,
        body: usize,
        scanned: usize,
    },
    /// Calls inside a thought, which count where the reply ends with them.
    Held {
        close: Close,
        calls: Vec<(usize, Calls)>,
        end: usize,
        block: Option<Block>,
    },
    /// The rest of a call that is too long.
    Skip(&'static str),
}

/// What ends a thought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Close {
    /// Any closing mark: the template opened it.
    Any,
    Mark(&'static str),
    /// The end of a message of gpt-oss.
    Message,
}

/// What stands at a place of a text.
enum Look {
    /// So many bytes of text.
    Pass(usize),
    /// So many bytes that say nothing. They may begin an answer, which the
    /// mark beside them ends.
    Drop(usize, Option<&'static str>),
    Wait,
    /// Something else begins behind so many bytes.
    Enter(State, usize),
    /// Nothing of the text is a mark before the next line.
    Opening(Quote, usize),
    Closing(usize),
    Header,
}

impl ReplyReader {
    /// A reader before the first word.
    pub fn new(options: ReplyOptions) -> Self {
        let state = if options.starts_thinking { State::Thought(Close::Any) } else { State::Text };
        let mut out = Output::default();
        if options.starts_thinking {
            out.turn(Voice::Thought);
        }
        Self {
            tools: Tools::new(options.tools, options.calls_before),
            out,
            buffer: String::new(),
            at: 0,
            offset: 0,
            state,
            line: Line {
                is_start: true,
                before: b'\n',
                quote: None,
                is_behind: false,
                is_first: true,
            },
            is_harmony: false,
            is_trusting: false,
            unmarked_from: 0,
            held_from: 0,
            answer_end: None,
        }
    }

    /// Takes more of the reply and gives what became certain.
    pub fn push(&mut self, text: &str) -> Vec<ReplyPiece> {
        self.buffer.push_str(text);
        self.run(false);
        self.compact();
        self.out.take()
    }

    /// Ends the reply and gives the rest. A call that is cut off is broken; a
    /// thought that is left open was one.
    pub fn finish(&mut self) -> Vec<ReplyPiece> {
        self.run(true);
        self.compact();
        self.out.finish();
        self.out.take()
    }

    fn compact(&mut self) {
        if self.at > 0 {
            self.buffer.drain(..self.at);
            self.offset += self.at as u64;
            self.at = 0;
        }
    }

    fn run(&mut self, end: bool) {
        loop {
            let state = std::mem::replace(&mut self.state, State::Text);
            let (state, goes_on) = match state {
                State::Text => self.text(end),
                State::Thought(close) => self.thought(close, end),
                State::Call(block) => self.call(block, end),
                State::Message(block, name) => self.message(block, name, end),
                State::Fence { quote, body, scanned } => self.fence(quote, body, scanned, end),
                State::Held { close, calls, end: at, block } => {
                    self.held(close, calls, at, block, end)
                }
                State::Skip(close) => self.skip(close, end),
            };
            self.state = state;
            if !goes_on {
                break;
            }
        }
    }

    fn text(&mut self, end: bool) -> (State, bool) {
        let mut i = self.at;
        while i < self.buffer.len() {
            if !self.buffer.is_char_boundary(i) {
                i += 1;
                continue;
            }
            match self.look(i, end) {
                Look::Wait => {
                    self.say(i);
                    return (State::Text, false);
                }
                Look::Pass(length) => {
                    self.pass(i, i + length);
                    i += length;
                }
                Look::Drop(length, answer_end) => {
                    self.answer_end = answer_end;
                    self.say(i);
                    self.at = i + length;
                    i = self.at;
                    self.line.is_start = true;
                }
                Look::Opening(quote, length) => {
                    self.line.quote = Some(quote);
                    self.pass(i, i + length);
                    i += length;
                }
                Look::Closing(length) => {
                    self.line.quote = None;
                    self.pass(i, i + length);
                    i += length;
                }
                Look::Enter(state, length) => {
                    self.say(i);
                    self.at = i + length;
                    self.enter(&state);
                    return (state, true);
                }
                Look::Header => {
                    self.say(i);
                    match self.header(end) {
                        Some(step) => return step,
                        None => {
                            self.pass(i, i + 1);
                            i += 1;
                        }
                    }
                }
            }
        }
        self.say(i);
        (State::Text, false)
    }

    /// Says the text up to `end`.
    fn say(&mut self, end: usize) {
        self.out.write(Voice::Said, &self.buffer[self.at..end]);
        self.at = end;
    }

    /// Follows lines through a text.
    fn pass(&mut self, from: usize, to: usize) {
        for &byte in &self.buffer.as_bytes()[from..to] {
            match byte {
                b'\n' => self.line.is_start = true,
                b' ' | b'\t' | b'\r' => {}
                _ => {
                    self.line.is_start = false;
                    self.line.is_behind = false;
                    self.line.is_first = false;
                }
            }
            self.line.before = byte;
        }
    }

    fn enter(&mut self, state: &State) {
        match state {
            State::Thought(_) => {
                self.out.turn(Voice::Thought);
                self.behind();
            }
            State::Fence { .. } | State::Call(_) => {}
            _ => self.behind(),
        }
    }

    /// A call or a thought has ended.
    fn behind(&mut self) {
        self.line.is_start = true;
        self.line.is_behind = true;
        self.line.is_first = false;
        self.line.before = b'\n';
    }
}
