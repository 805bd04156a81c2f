//! Whatever comes, it is read the same in any pieces, and nothing fails.

use mlxcode_models::{ReplyOptions, ReplyPiece, ReplyReader};
use proptest::prelude::*;

use super::{shown, tools};

/// Marks and the pieces of calls; any words may stand between them.
const WORDS: [&str; 66] = [
    "<tool_call>",
    "</tool_call>",
    "<think>",
    "</think>",
    "[TOOL_CALLS]",
    "[ARGS]",
    "[CALL_ID]",
    "<|python_tag|>",
    "<|eom_id|>",
    "<function=read_file>",
    "</function>",
    "<parameter=path>",
    "</parameter>",
    "<arg_key>path</arg_key>",
    "<arg_value>",
    "</arg_value>",
    "<|channel|>",
    "analysis",
    "commentary to=functions.read_file",
    "<|message|>",
    "<|end|>",
    "<|call|>",
    "<|start|>assistant",
    "<｜tool▁calls▁begin｜>",
    "<｜tool▁call▁begin｜>",
    "<｜tool▁sep｜>",
    "<｜tool▁call▁end｜>",
    "<｜tool▁calls▁end｜>",
    "<|tool_calls_section_begin|>",
    "<|tool_call_begin|>",
    "<|tool_call_argument_begin|>",
    "<|tool_call_end|>",
    "<invoke name=\"",
    "<minimax:tool_call>",
    "</invoke>",
    "```",
    "```json",
    "`",
    "~~~",
    "\n",
    "\n\n",
    " ",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    "\\",
    ",",
    ":",
    "\"name\"",
    "\"read_file\"",
    "\"arguments\"",
    "\"path\"",
    "\"a\"",
    "read_file(",
    "path='a'",
    ")",
    "<<<<<<< SEARCH",
    ">>>>>>> REPLACE",
    "◁think▷",
    "é",
    "{\"name\": \"read_file\", \"arguments\": {\"path\": \"a\"}}",
    "functools[",
    "<|\"|>",
];

fn reply() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        12 => prop::sample::select(&WORDS[..]).prop_map(str::to_owned),
        1 => "\\PC{0,6}",
    ];
    prop::collection::vec(word, 0..40).prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_cuts_give_the_same_pieces(
        reply in reply(),
        cuts in prop::collection::vec(1_usize..20, 1..8),
        starts_thinking: bool,
        has_tools: bool,
    ) {
        let tools = if has_tools { tools() } else { Vec::new() };
        let options = ReplyOptions { tools, starts_thinking, ..ReplyOptions::default() };
        let mut pieces = Vec::new();
        let mut rest = reply.as_str();
        for cut in cuts.iter().cycle() {
            let end = (*cut..rest.len()).find(|at| rest.is_char_boundary(*at));
            let (piece, below) = rest.split_at(end.unwrap_or(rest.len()));
            pieces.push(piece);
            rest = below;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(shown(&options, &pieces), shown(&options, &[&reply]));
    }

    #[test]
    fn words_alone_stay_as_they_are(reply in "[a-zA-Z .,é\n]{0,200}") {
        let mut reader = ReplyReader::new(ReplyOptions { tools: tools(), ..ReplyOptions::default() });
        let mut said = String::new();
        for piece in reader.push(&reply).into_iter().chain(reader.finish()) {
            let ReplyPiece::Text(text) = piece else { panic!("{piece:?}") };
            said.push_str(&text);
        }
        prop_assert_eq!(said, reply);
    }
}
