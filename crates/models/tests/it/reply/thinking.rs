//! Thoughts, and calls inside them.

use mlxcode_models::ReplyOptions;

use super::{check, check_with, tools};

const CALL: &str = r#"<tool_call>{"name": "list-files", "arguments": {}}</tool_call>"#;

#[test]
fn thoughts_are_apart() {
    for (open, close) in [
        ("<think>", "</think>"),
        ("<thinking>", "</thinking>"),
        ("<seed:think>", "</seed:think>"),
        ("[THINK]", "[/THINK]"),
        ("<|START_THINKING|>", "<|END_THINKING|>"),
        ("◁think▷", "◁/think▷"),
        ("<|channel>thought\n", "<channel|>"),
        ("Here is my thought process:", "Here is my response:"),
    ] {
        check(
            &format!("{open}\nIt is so.\n\n{close}\n\nYes."),
            &[r#"thinking "It is so.""#, r#"text "Yes.""#],
        );
    }
    check("<think>\n\n</think>\n\nYes.", &[r#"text "Yes.""#]);
    check("<think>a</think><response>Yes.</response>", &[r#"thinking "a""#, r#"text "Yes.""#]);
    check("\n<think>a</think>\n    code", &[r#"thinking "a""#, r#"text "    code""#]);
    // Left open, and between two texts.
    check("<think>It is", &[r#"thinking "It is""#]);
    check("A.\n<think>b</think>\nC.", &[r#"text "A.""#, r#"thinking "b""#, r#"text "C.""#]);
    // A mark that is spoken of.
    check("The <think> tag.", &[r#"text "The <think> tag.""#]);
    check("```\n<think>\n```", &[r#"text "```\n<think>\n```""#]);
    check(
        "<think>I write `</think>` here</think>Yes.",
        &[r#"thinking "I write `</think>` here""#, r#"text "Yes.""#],
    );
}

#[test]
fn the_prompt_may_open_a_thought() {
    let options = ReplyOptions { tools: tools(), starts_thinking: true, ..ReplyOptions::default() };
    check_with(&options, "Hm.\n</think>\n\nYes.", &[r#"thinking "Hm.""#, r#"text "Yes.""#]);
    check_with(&options, "<think>\nHm.</think>Yes.", &[r#"thinking "Hm.""#, r#"text "Yes.""#]);
    check_with(&options, "Hm.[/THINK]Yes.", &[r#"thinking "Hm.""#, r#"text "Yes.""#]);
    check_with(&options, "Hm.", &[r#"thinking "Hm.""#]);
    // Where nobody said so, the mark alone says nothing.
    check("Hm.\n</think>\n\nYes.", &[r#"text "Hm.\n\n\nYes.""#]);
}

#[test]
fn a_call_in_a_thought_counts_where_the_reply_ends_with_it() {
    let call = "call_1 list-files {}";
    check(&format!("<think>I look.\n{CALL}"), &[r#"thinking "I look.""#, call]);
    check(
        &format!("<think>I look.\n{CALL}\n{CALL}\n"),
        &[r#"thinking "I look.""#, call, "call_2 list-files {}"],
    );
    check(
        &format!("<think>I could say\n{CALL}\nbut no.</think>Yes."),
        &[&format!("thinking {:?}", format!("I could say\n{CALL}\nbut no.")), r#"text "Yes.""#],
    );
    check(
        "<think>I could say\n<tool_call>{\"name\": \"x\n</think>\nYes.",
        &[r#"thinking "I could say\n<tool_call>{\"name\": \"x""#, r#"text "Yes.""#],
    );
    check(&format!("<think>a</think>\n{CALL}"), &[r#"thinking "a""#, call]);
    check(
        &format!("{CALL}<think>a</think>{CALL}"),
        &[call, r#"thinking "a""#, "call_2 list-files {}"],
    );
}
