//! What is mended in a call, and what is told back.

use super::check;

fn call(json: &str) -> String {
    format!("<tool_call>\n{json}\n</tool_call>")
}

#[test]
fn json_is_mended_where_its_meaning_is_sure() {
    for json in [
        r#"{"name": "read_file", "arguments": {"path": "a.rs",},}"#,
        r"{'name': 'read_file', 'arguments': {'path': 'a.rs'}}",
        r#"{name: "read_file", arguments: {path: "a.rs"}}"#,
        r#"{"name": "read_file", "arguments": {"path": "a.rs"}"#,
        r#"{"name": "read_file", "arguments": {"path": "a.rs""#,
        r#"{"name": "read_file", "arguments": {"path": "a.rs"}}}"#,
        r#"{{"name": "read_file", "arguments": {{"path": "a.rs"}}}}"#,
        r"{“name”: “read_file”, “arguments”: {“path”: “a.rs”}}",
        r#"{"name": "read_file", "arguments": "{\"path\": \"a.rs\"}"}"#,
        r#"{"name": "functions.read_file", "arguments": {"path": "a.rs"}}"#,
        r#"{"name": "Read-File", "arguments": {"path": "a.rs"}}"#,
        r#"{"name": "readFile", "parameters": {"path": "a.rs"}}"#,
        r#"{"type": "function", "function": {"name": "read_file", "arguments": {"path": "a.rs"}}}"#,
        r#"{"tool_calls": [{"name": "read_file", "arguments": {"path": "a.rs"}}]}"#,
        r#"{"read_file": {"path": "a.rs"}}"#,
        r#"{"name": "read_file", "path": "a.rs"}"#,
        r#"{"arguments": {"path": "a.rs"}, "name": "read_file"}"#,
        r#"read_file {"path": "a.rs"}"#,
        r#"{"name": "read_file", "arguments": {"arguments": {"path": "a.rs"}}}"#,
    ] {
        check(&call(json), &[r#"call_1 read_file {"path":"a.rs"}"#]);
    }
    check(
        &call(r#"{"name": "read_file", "arguments": {"path": "a.rs", "line": "12"}}"#),
        &[r#"call_1 read_file {"path":"a.rs","line":12}"#],
    );
    check(
        &call(
            "{\"name\": \"write_file\", \"arguments\": {\"path\": \"a\", \"content\": \"b\nc\td\"}}",
        ),
        &[r#"call_1 write_file {"path":"a","content":"b\nc\td"}"#],
    );
    check(
        &call(r#"{"name": "write_file", "arguments": {"path": "a", "content": "\d\'"}}"#),
        &[r#"call_1 write_file {"path":"a","content":"\\d'"}"#],
    );
    check(
        &call(r#"{"name": "list-files", "arguments": {"deep": True}}"#),
        &[r#"call_1 list-files {"deep":true}"#],
    );
    for json in [
        r#"{"name": "list-files"}"#,
        r#"{"name": "list-files", "arguments": null}"#,
        r#"{"name": "list-files", "arguments": ""}"#,
    ] {
        check(&call(json), &["call_1 list-files {}"]);
    }
}

#[test]
fn the_rest_is_told_back() {
    let no_tool =
        "broken There is no tool `fly`; there are read_file, write_file, list-files, edit.";
    check(&call(r#"{"name": "fly", "arguments": {}}"#), &[no_tool]);
    check("<tool_call>\n<function=fly>\n</function>\n</tool_call>", &[no_tool]);
    check("[TOOL_CALLS]fly{}", &[no_tool]);
    let quote = "broken The arguments are no JSON: \
                 a quote inside a string needs a backslash before it.";
    check(
        &call(r#"{"name": "write_file", "arguments": {"path": "a", "content": "say "hi""}}"#),
        &[quote],
    );
    let cut_off = "broken The call is cut off; write it again, whole, with a shorter text.";
    let begun = r#"<tool_call>{"name": "write_file", "arguments": {"path": "a", "content": "fn m"#;
    check(begun, &[cut_off]);
    check("<tool_call>\n<function=read_file>\n<parameter=path>\na", &[cut_off]);
    check(
        r#"<tool_call>{"name": "write_file", "arguments": {"path": "a""#,
        &["broken The call of `write_file` ends before its argument `content`; \
           write it again, whole."],
    );
    check(
        &call(r#"{"name": "read_file", "arguments": [1, 2]}"#),
        &["broken The arguments of `read_file` must be a JSON object."],
    );
    check(
        &call(r#"{"arguments": {"path": "a"}, "x": 1}"#),
        &["broken The call does not say which tool it means: it needs a name."],
    );
    check(&call(""), &["broken The call is empty: it needs the tool's name and its arguments."]);
    check(
        "<|python_tag|>import os\nprint(os.name)",
        &["broken The arguments are no valid JSON object; write the call again."],
    );
    check(
        "```tool_code\nread_file(path=name)\n```",
        &[r#"text "```tool_code\nread_file(path=name)\n```""#],
    );
}

#[test]
fn the_text_goes_on_behind_a_broken_call() {
    check(
        "<tool_call>{\"name\": \"fly\", \"arguments\": {\"a\": \"b}}</tool_call>\nWell.",
        &[
            "broken The call is cut off; write it again, whole, with a shorter text.",
            r#"text "Well.""#,
        ],
    );
}
