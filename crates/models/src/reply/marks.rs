//! The marks that models set around thoughts and calls.

/// A mark that begins something, where it stands in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A thought, to this mark.
    Thought(&'static str),
    /// A call, or several.
    Call(&'static CallMark),
    /// The header of a message of gpt-oss.
    Header,
    /// The end of a message of gpt-oss.
    MessageEnd,
    /// It says nothing.
    Dropped,
}

/// How calls are set off from text.
#[derive(Debug, PartialEq, Eq)]
pub struct CallMark {
    pub open: &'static str,
    /// What ends them; empty where only the end of their JSON does.
    pub close: &'static str,
    /// Whether the opening mark is part of the call.
    pub is_inside: bool,
}

const fn call(open: &'static str, close: &'static str) -> CallMark {
    CallMark { open, close, is_inside: false }
}

const fn inside(open: &'static str, close: &'static str) -> CallMark {
    CallMark { open, close, is_inside: true }
}

/// Where one is the beginning of another, the longer counts.
pub static CALLS: [CallMark; 29] = [
    // Hermes, Qwen, GLM, Granite 4 and many others.
    call("<tool_call>", "</tool_call>"),
    // Granite 3, Phi-4 mini.
    call("<|tool_call|>", "<|/tool_call|>"),
    // Gemma 4.
    call("<|tool_call>", "<tool_call|>"),
    // Apriel, Jamba, Hunyuan.
    call("<tool_calls>", "</tool_calls>"),
    // Nemotron.
    call("<TOOLCALL>", "</TOOLCALL>"),
    call("<seed:tool_call>", "</seed:tool_call>"),
    call("<minimax:tool_call>", "</minimax:tool_call>"),
    // Olmo 3, and models that were taught by another's replies.
    call("<function_calls>", "</function_calls>"),
    call("<tool_use>", "</tool_use>"),
    call("<｜DSML｜function_calls>", "</｜DSML｜function_calls>"),
    call("<｜DSML｜tool_calls>", "</｜DSML｜tool_calls>"),
    // Command.
    call("<|START_ACTION|>", "<|END_ACTION|>"),
    // LFM2.
    call("<|tool_call_start|>", "<|tool_call_end|>"),
    // Kimi K2.
    call("<|tool_calls_section_begin|>", "<|tool_calls_section_end|>"),
    inside("<|tool_call_begin|>", "<|tool_call_end|>"),
    // DeepSeek, with what its distilled models make of the mark.
    call("<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>"),
    call("<｜tool_calls_begin｜>", "<｜tool_calls_end｜>"),
    call("<｜tool calls begin｜>", "<｜tool calls end｜>"),
    call("<｜tool\\_calls\\_begin｜>", "<｜tool\\_calls\\_end｜>"),
    inside("<｜tool▁call▁begin｜>", "<｜tool▁call▁end｜>"),
    // InternLM.
    call("<|action_start|><|plugin|>", "<|action_end|>"),
    // Qwen3-Coder and Llama, where the tag around is left out.
    inside("<function=", "</function>"),
    inside("<function name=", "</function>"),
    inside("<invoke name=", "</invoke>"),
    inside("<｜DSML｜invoke name=", "</｜DSML｜invoke>"),
    // Mistral: the JSON ends where it ends.
    call("[TOOL_CALLS]", ""),
    // Phi-4 mini, Firefunction.
    call("functools[", ""),
    // Llama 3.
    call("<|python_tag|>", LLAMA_END),
    call("<|assistant_tool_call|>", LLAMA_END),
];

/// What ends a turn of Llama that calls tools.
pub const LLAMA_END: &str = "<|eom_id|>";

/// Marks around thoughts.
pub const THOUGHTS: [(&str, &str); 13] = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<reflection>", "</reflection>"),
    ("<scratchpad>", "</scratchpad>"),
    ("<seed:think>", "</seed:think>"),
    ("<mm:think>", "</mm:think>"),
    ("[THINK]", "[/THINK]"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|inner_prefix|>", "<|inner_suffix|>"),
    // Gemma 4.
    ("<|channel>thought", "<channel|>"),
    ("◁think▷", "◁/think▷"),
];

/// How Granite 3.2 begins and ends a thought: at the beginning of a reply only.
pub const WORDS: [(&str, &str); 2] = [
    ("Here is my thought process:", "Here is my response:"),
    ("Here's my thought process:", "Here's my response:"),
];

/// Marks around an answer that follows a thought.
pub const ANSWERS: [(&str, &str); 2] = [("<response>", "</response>"), ("<answer>", "</answer>")];

const DROPPED: [&str; 6] = [
    "<|START_RESPONSE|>",
    "<|END_RESPONSE|>",
    "<|START_TEXT|>",
    "<|END_TEXT|>",
    "<|channel>final",
    "<|eom_id|>",
];

/// What begins a channel of gpt-oss.
pub const CHANNEL: &str = "<|channel|>";
/// What begins a turn of gpt-oss.
pub const START: &str = "<|start|>";
/// What begins the text of a message of gpt-oss.
pub const MESSAGE: &str = "<|message|>";
/// What ends a message of gpt-oss.
pub const MESSAGE_ENDS: [&str; 3] = ["<|end|>", "<|call|>", "<|return|>"];

/// What the beginning of a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<T> {
    /// This, so many bytes long.
    Whole(T, usize),
    /// The beginning of something, if more comes.
    Part,
    /// Neither.
    Nothing,
}

/// The longest of `marks` that `text` begins with. While a longer one may
/// still come and the text is not at its `end`, it is a part.
pub fn longest<'m, T: Copy>(
    text: &str,
    end: bool,
    marks: impl Iterator<Item = (&'m str, T)>,
) -> Found<T> {
    let mut best: Option<(T, usize)> = None;
    let mut is_part = false;
    for (mark, value) in marks {
        if text.starts_with(mark) {
            if best.is_none_or(|(_, length)| mark.len() > length) {
                best = Some((value, mark.len()));
            }
        } else if mark.starts_with(text) {
            is_part = true;
        }
    }
    match best {
        _ if is_part && !end => Found::Part,
        Some((value, length)) => Found::Whole(value, length),
        None => Found::Nothing,
    }
}

/// What begins in a text at a byte that may begin a mark.
pub fn mark_at(text: &str, end: bool, has_tools: bool, is_harmony: bool) -> Found<Mark> {
    let thoughts = THOUGHTS.iter().map(|(open, close)| (*open, Mark::Thought(close)));
    let dropped = DROPPED.iter().map(|mark| (*mark, Mark::Dropped));
    let calls = CALLS.iter().filter(|_| has_tools).map(|mark| (mark.open, Mark::Call(mark)));
    let headers = [(CHANNEL, Mark::Header)].into_iter();
    let more = is_harmony.then_some((START, Mark::Header)).into_iter();
    let ends = MESSAGE_ENDS.iter().filter(|_| is_harmony).map(|mark| (*mark, Mark::MessageEnd));
    longest(text, end, thoughts.chain(dropped).chain(calls).chain(headers).chain(more).chain(ends))
}

/// The bytes that marks begin with.
pub fn may_begin(byte: u8) -> bool {
    // The last is the first byte of `◁`.
    matches!(byte, b'<' | b'[' | 0xe2)
}

/// Whether a special token has to be shown to a [`crate::ReplyReader`]: it is
/// one of its marks, and the model's template speaks of it or of the mark that
/// it belongs to.
pub fn shown(token: &str, template: &str) -> bool {
    // Beside the mark that a template speaks of stand others that it may not.
    const BESIDE: [(&str, &[&str]); 3] = [
        ("[TOOL_CALLS]", &["[CALL_ID]", "[ARGS]"]),
        (CHANNEL, &[START, MESSAGE, "<|constrain|>", "<|end|>", "<|call|>", "<|return|>"]),
        ("<|tool_call>", &["<|\"|>", "<tool_call|>"]),
    ];
    const INNER: [&str; 10] = [
        "<|tool_call_end|>",
        "<|tool_call_argument_begin|>",
        "<｜tool▁sep｜>",
        "｜DSML｜",
        "<|plugin|>",
        "<|action_start|>",
        "<arg_key>",
        "</arg_key>",
        "<arg_value>",
        "</arg_value>",
    ];
    let beside =
        |(mark, beside): &(&str, &[&str])| beside.contains(&token) && template.contains(mark);
    let thoughts = || {
        THOUGHTS
            .iter()
            .chain(&ANSWERS)
            .any(|(open, close)| open.starts_with(token) || *close == token)
    };
    let calls = || CALLS.iter().any(|mark| mark.open == token || mark.close == token);
    if BESIDE.iter().any(beside) {
        return true;
    }
    // Runs of letters of a mark are no mark.
    let is_mark = INNER.contains(&token)
        || token == CHANNEL
        || token.len() > 2 && (calls() || thoughts())
        || DROPPED.iter().any(|mark| mark.starts_with(token) && token.ends_with('>'));
    is_mark && template.contains(token)
}

/// The mark of a thought that `text` ends with, but for space.
pub fn thought_at_end(text: &str) -> Option<&'static str> {
    let text = text.trim_end();
    let open = THOUGHTS.iter().map(|(open, _)| *open).find(|open| text.ends_with(open));
    open.filter(|_| !text.ends_with("<|channel>thought"))
}
