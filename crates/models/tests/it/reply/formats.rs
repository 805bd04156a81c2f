//! The notations of calls.

use mlxcode_models::ReplyOptions;

use super::{check, check_with, shown, tools};

const READ_A: &str = r#"call_1 read_file {"path":"a.rs"}"#;
const READ_B: &str = r#"call_2 read_file {"path":"b.rs"}"#;

#[test]
fn json_between_tags() {
    let call = r#"{"name": "read_file", "arguments": {"path": "a.rs"}}"#;
    let other = r#"{"name": "read_file", "arguments": {"path": "b.rs"}}"#;
    check(&format!("<tool_call>\n{call}\n</tool_call>"), &[READ_A]);
    check(
        &format!("I look.\n\n<tool_call>{call}</tool_call>\n<tool_call>{other}</tool_call>\n"),
        &[r#"text "I look.""#, READ_A, READ_B],
    );
    // Several between the same tags, and tags that are not closed.
    check(&format!("<tool_call>{call}\n{other}</tool_call>"), &[READ_A, READ_B]);
    check(&format!("<tool_call>[{call}, {other}]</tool_call>"), &[READ_A, READ_B]);
    check(&format!("<tool_call>{call}<tool_call>{other}"), &[READ_A, READ_B]);
    check(&format!("<tool_call>{call}<tool_call>"), &[READ_A]);
    check(&format!("<tool_call>{call}\nNow I wait."), &[READ_A, r#"text "Now I wait.""#]);
    check(&format!("<tool_call>\n```json\n{call}\n```\n</tool_call>"), &[READ_A]);
    // Granite, Phi, Nemotron, Apriel, Command, InternLM.
    check(&format!("<|tool_call|>[{call}]"), &[READ_A]);
    check(&format!("<|tool_call|>[{call}]<|/tool_call|>"), &[READ_A]);
    check(&format!("functools[{call}, {other}]"), &[READ_A, READ_B]);
    check(&format!("<TOOLCALL>[{call}]</TOOLCALL>"), &[READ_A]);
    check(&format!("<tool_calls>[{call}]</tool_calls>"), &[READ_A]);
    check(&format!("<|action_start|><|plugin|>\n{call}<|action_end|>"), &[READ_A]);
    check(
        concat!(
            r#"<|START_THINKING|>I look.<|END_THINKING|><|START_ACTION|>["#,
            r#"{"tool_call_id": "0", "tool_name": "read_file", "parameters": {"path": "a.rs"}}"#,
            r#"]<|END_ACTION|>"#
        ),
        &[r#"thinking "I look.""#, READ_A],
    );
    check("<|START_RESPONSE|>Hello.<|END_RESPONSE|>", &[r#"text "Hello.""#]);
}

#[test]
fn marks_in_strings_do_not_end_calls() {
    let reply = concat!(
        "<tool_call>{\"name\": \"write_file\", \"arguments\": {\"path\": \"a.md\", ",
        "\"content\": \"Say <tool_call>x</tool_call>\\nor \\\"</tool_call>\\\".\"}}</tool_call>Done."
    );
    let call = concat!(
        r#"call_1 write_file {"path":"a.md","content":"Say <tool_call>x</tool_call>\nor "#,
        r#"\"</tool_call>\"."}"#
    );
    check(reply, &[call, r#"text "Done.""#]);
    let reply = concat!(
        "<tool_call>\n<function=write_file>\n<parameter=path>\na.md\n</parameter>\n",
        "<parameter=content>\n<tool_call>\n</tool_call>\n</function> is a tag\n</parameter>\n",
        "</function>\n</tool_call>"
    );
    check(
        reply,
        &[concat!(
            r#"call_1 write_file {"path":"a.md","content":"#,
            r#""<tool_call>\n</tool_call>\n</function> is a tag"}"#
        )],
    );
}

#[test]
fn values_between_tags() {
    let inner = "<function=read_file>\n<parameter=path>\na.rs\n</parameter>\n</function>";
    check(&format!("<tool_call>\n{inner}\n</tool_call>"), &[READ_A]);
    check(inner, &[READ_A]);
    check(&format!("<seed:tool_call>\n{inner}\n</seed:tool_call>"), &[READ_A]);
    check(
        concat!(
            "<tool_call><function=read_file><parameter=path>a.rs</parameter>",
            "<parameter=line>7</parameter></function></tool_call>"
        ),
        &[r#"call_1 read_file {"path":"a.rs","line":7}"#],
    );
    // A closing tag that is missing.
    check(
        "<tool_call>\n<function=read_file>\n<parameter=path>\na.rs\n</function>\n</tool_call>",
        &[READ_A],
    );
    check(
        "<tool_call>\n<function=read_file>\n<parameter=path>\na.rs\n</parameter>\n</tool_call>",
        &[READ_A],
    );
    check(
        concat!(
            "<minimax:tool_call>\n<invoke name=\"read_file\">\n<parameter name=\"path\">a.rs",
            "</parameter>\n</invoke>\n<invoke name=\"read_file\">\n<parameter name=\"path\">b.rs",
            "</parameter>\n</invoke>\n</minimax:tool_call>"
        ),
        &[READ_A, READ_B],
    );
    check(
        concat!(
            "<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"read_file\">\n<｜DSML｜parameter ",
            "name=\"path\" string=\"true\">a.rs</｜DSML｜parameter>\n</｜DSML｜invoke>\n",
            "</｜DSML｜function_calls>"
        ),
        &[READ_A],
    );
    check(
        concat!(
            "<tool_call>read_file\n<arg_key>path</arg_key>\n<arg_value>a.rs</arg_value>\n",
            "<arg_key>line</arg_key>\n<arg_value>3</arg_value>\n</tool_call>"
        ),
        &[r#"call_1 read_file {"path":"a.rs","line":3}"#],
    );
    check("<tool_call>list-files\n</tool_call>", &["call_1 list-files {}"]);
    check("<tool_call>list-files</tool_call>", &["call_1 list-files {}"]);
}

#[test]
fn types_of_values_between_tags() {
    let call = |name: &str, value: &str| {
        let parameter = format!("<parameter={name}>\n{value}\n</parameter>");
        format!("<tool_call>\n<function=edit>\n{parameter}\n</function>\n</tool_call>")
    };
    let check = |name: &str, value: &str, expect: &str| {
        super::check(&call(name, value), &[&format!(r#"call_1 edit {{"{name}":{expect}}}"#)]);
    };
    check("edits", r#"[{"a": 1}]"#, r#"[{"a":1}]"#);
    check("edits", r"[{'a': True}]", r#"[{"a":true}]"#);
    check("limit", "3", "3");
    check("limit", "2.5", "2.5");
    check("limit", "null", "null");
    check("limit", "many", r#""many""#);
    check("note", "null", "null");
    check("note", "5", r#""5""#);
    check("note", r#"{"a": 1}"#, r#""{\"a\": 1}""#);
    check("any", "5", "5");
    check("any", "plain words", r#""plain words""#);
}

#[test]
fn mistral() {
    let call = r#"{"name": "read_file", "arguments": {"path": "a.rs"}}"#;
    let other = r#"{"name": "read_file", "arguments": {"path": "b.rs"}, "id": "123456789"}"#;
    check(&format!("[TOOL_CALLS][{call}, {other}]"), &[READ_A, READ_B]);
    check(&format!("I look.[TOOL_CALLS] [{call}]"), &[r#"text "I look.""#, READ_A]);
    check(&format!("[TOOL_CALLS]{call}"), &[READ_A]);
    check(r#"[TOOL_CALLS]read_file{"path": "a.rs"}"#, &[READ_A]);
    check(
        concat!(
            r#"[TOOL_CALLS]read_file[CALL_ID]abc123def[ARGS]{"path": "a.rs"}"#,
            r#"[TOOL_CALLS]read_file[ARGS]{"path": "b.rs"}"#
        ),
        &[READ_A, READ_B],
    );
    check(&format!("[TOOL_CALLS][{call}]\nMore."), &[READ_A, r#"text "More.""#]);
    check("[TOOL_CALLS] not json at all", &[r#"text "[TOOL_CALLS] not json at all""#]);
}

#[test]
fn llama() {
    let call = r#"{"name": "read_file", "parameters": {"path": "a.rs"}}"#;
    let other = r#"{"name": "read_file", "parameters": {"path": "b.rs"}}"#;
    check(&format!("<|python_tag|>{call}"), &[READ_A]);
    check(&format!("<|python_tag|>{call}; {other}<|eom_id|>"), &[READ_A, READ_B]);
    check(r#"<|python_tag|>read_file.call(path="a.rs")"#, &[READ_A]);
    check(call, &[READ_A]);
    check(&format!("{call}; {other}"), &[READ_A, READ_B]);
    check(&format!("[{call}, {other}]"), &[READ_A, READ_B]);
    check(&format!("I look.\n\n{call}\n"), &[r#"text "I look.""#, READ_A]);
    check(r#"<function=read_file>{"path": "a.rs"}</function>"#, &[READ_A]);
    check(r#"<function=read_file{"path": "a.rs"}</function>"#, &[READ_A]);
    check(r#"[read_file(path="a.rs"), read_file(path='b.rs')]"#, &[READ_A, READ_B]);
    // JSON that is an answer.
    let answer = "{\n  \"name\": \"read_file\",\n  \"version\": 1\n}";
    check(answer, &[&format!("text {answer:?}")]);
    let answer = r#"{"name": "other", "parameters": {}}"#;
    check(answer, &[&format!("text {answer:?}")]);
    let answer = "- [ ] a\n[1] b\n{x}\n[a](b)";
    check(answer, &[&format!("text {answer:?}")]);
}

#[test]
fn gpt_oss() {
    check(
        concat!(
            "<|channel|>analysis<|message|>I look.<|end|><|start|>assistant<|channel|>commentary ",
            "to=functions.read_file <|constrain|>json<|message|>{\"path\": \"a.rs\"}<|call|>"
        ),
        &[r#"thinking "I look.""#, READ_A],
    );
    check(
        concat!(
            "<|start|>assistant<|channel|>analysis<|message|>So.<|end|><|start|>assistant ",
            "to=functions.list-files<|channel|>commentary json<|message|>{}"
        ),
        &[r#"text "<|start|>assistant""#, r#"thinking "So.""#, "call_1 list-files {}"],
    );
    check(
        concat!(
            "<|channel|>commentary<|message|>First I look.<|end|><|start|>assistant<|channel|>",
            "final<|message|>Here:\n```\n<|end|>"
        ),
        &[r#"text "First I look.\n\nHere:\n```\n""#],
    );
    check("The `<|channel|>` token", &[r#"text "The `<|channel|>` token""#]);
}

#[test]
fn sections() {
    check(
        concat!(
            "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>read_file\n```json\n",
            "{\"path\": \"a.rs\"}\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function",
            "<｜tool▁sep｜>read_file\n```json\n{\"path\": \"b.rs\"}\n```<｜tool▁call▁end｜>",
            "<｜tool▁calls▁end｜>"
        ),
        &[READ_A, READ_B],
    );
    check(
        concat!(
            "I look.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>read_file<｜tool▁sep｜>",
            "{\"path\": \"a.rs\"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>"
        ),
        &[r#"text "I look.""#, READ_A],
    );
    check(
        concat!(
            "<|tool_calls_section_begin|><|tool_call_begin|>functions.read_file:0",
            "<|tool_call_argument_begin|>{\"path\": \"a.rs\"}<|tool_call_end|><|tool_call_begin|>",
            "functions.read_file:1<|tool_call_argument_begin|>{\"path\": \"b.rs\"}",
            "<|tool_call_end|><|tool_calls_section_end|>"
        ),
        &[READ_A, READ_B],
    );
}

#[test]
fn python() {
    check(
        r#"<|tool_call_start|>[read_file(path="a.rs"), read_file(path='b.rs')]<|tool_call_end|>"#,
        &[READ_A, READ_B],
    );
    check(
        "<function_calls>\nread_file(path=\"a.rs\")\nread_file(path=\"b.rs\")\n</function_calls>",
        &[READ_A, READ_B],
    );
    check("```tool_code\nprint(default_api.read_file(path='a.rs'))\n```", &[READ_A]);
    check("```tool_code\nread_file(\"a.rs\")\n```\n", &[READ_A]);
    check(
        "<|tool_call>call:read_file{line:2,path:<|\"|>a.rs<|\"|>}<tool_call|>",
        &[r#"call_1 read_file {"line":2,"path":"a.rs"}"#],
    );
    check(
        "```python\nfor name in names:\n    read_file(name)\n```",
        &[r#"text "```python\nfor name in names:\n    read_file(name)\n```""#],
    );
}

#[test]
fn a_fence_that_holds_a_call_of_a_tool_is_one() {
    let call = r#"{"name": "read_file", "arguments": {"path": "a.rs"}}"#;
    check(&format!("I look.\n```json\n{call}\n```\n"), &[r#"text "I look.""#, READ_A]);
    check(&format!("```\n<tool_call>\n{call}\n</tool_call>\n```"), &[READ_A]);
    check(&format!("```xml\n{}\n```", xml()), &[READ_A]);
    for text in [
        // No such tool; more than a call; another language; a tag that is quoted.
        "A call:\n```json\n{\"name\": \"x\", \"arguments\": {}}\n```\nSo.".to_owned(),
        "```\n<tool_call>\n{\"name\": \"x\", \"arguments\": {}}\n</tool_call>\n```".to_owned(),
        format!("```\nWrite this:\n<tool_call>{call}</tool_call>\n```"),
        format!("```rust\n<tool_call>{call}</tool_call>\n```"),
        "Write `<tool_call>` and `</tool_call>` around it.".to_owned(),
        "The <tool_call> tag begins one.".to_owned(),
        format!("`{call}`"),
        "```json\n{\"name\": \"demo\", \"version\": \"1\"}\n```".to_owned(),
        format!("<<<<<<< SEARCH\n<tool_call>{call}</tool_call>\n=======\n>>>>>>> REPLACE"),
    ] {
        check(&text, &[&format!("text {text:?}")]);
    }
}

fn xml() -> &'static str {
    "<tool_call>\n<function=read_file>\n<parameter=path>a.rs</parameter>\n</function>\n</tool_call>"
}

#[test]
fn without_tools_nothing_is_a_call() {
    let call = r#"{"name": "read_file", "arguments": {"path": "a.rs"}}"#;
    for text in [
        format!("<tool_call>{call}</tool_call>"),
        format!("[TOOL_CALLS][{call}]"),
        call.to_owned(),
        format!("```json\n{call}\n```"),
    ] {
        check_with(&ReplyOptions::default(), &text, &[&format!("text {text:?}")]);
    }
}

#[test]
fn identities_go_on_from_those_before() {
    let options = ReplyOptions { tools: tools(), calls_before: 4, ..ReplyOptions::default() };
    let call = r#"<tool_call>{"name": "list-files"}</tool_call>"#;
    assert_eq!(shown(&options, &[call, call]), "call_5 list-files {}\ncall_6 list-files {}");
}
