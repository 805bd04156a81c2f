//! When the items of a streamed reply come.

use mlxcode_edit::{BrokenReason, ParsedItem, ReplyParser};

/// Pushes line by line; `expect` counts the items after each line, the last
/// number after the end of the reply.
fn check(reply: &str, expect: &[usize]) {
    let mut parser = ReplyParser::new();
    let mut counts = Vec::new();
    let mut items: Vec<ParsedItem> = Vec::new();
    for line in reply.split_inclusive('\n') {
        items.extend(parser.push(line));
        counts.push(items.len());
    }
    items.extend(parser.finish());
    counts.push(items.len());
    assert_eq!(counts, expect, "{reply}");
}

#[test]
fn an_item_comes_with_the_line_that_ends_its_block() {
    check("a.txt\n<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n", &[0, 0, 0, 0, 0, 1, 1]);
    // A whole file may go on below a line that reads like its end: the next
    // block or the end of the reply tells.
    check("```txt a.txt\na\n```\ntext\n", &[0, 0, 0, 0, 1]);
    check("```txt a.txt\na\n```\n\n```txt b.txt\nb\n```\n", &[0, 0, 0, 0, 1, 1, 1, 2]);
    check("```diff\n--- a\n+++ a\n@@\n-a\n+b\n```\n", &[0, 0, 0, 0, 0, 0, 1, 1]);
    check(
        "*** Begin Patch\n*** Delete File: a\n*** Delete File: b\n*** End Patch\n",
        &[0, 0, 1, 2, 2],
    );
    // What is cut comes at the end, as broken.
    check("a.txt\n<<<<<<< SEARCH\na\n", &[0, 0, 0, 1]);
    check("```txt a.txt\na\n", &[0, 0, 1]);
}

#[test]
fn an_edit_with_bytes_that_are_no_utf8_is_broken() {
    let mut parser = ReplyParser::new();
    let mut items = parser.push_bytes(b"a.txt\n<<<<<<< SEARCH\na\n=======\n\xff");
    items.extend(parser.push_bytes(b"b\n>>>>>>> REPLACE\nb.txt\n<<<<<<< SEARCH\na\n=======\n\xc3"));
    items.extend(parser.push_bytes(b"\xb6\n>>>>>>> REPLACE\n"));
    items.extend(parser.finish());
    let [ParsedItem::Broken(broken), ParsedItem::Edit(edit)] = items.as_slice() else {
        panic!("{items:?}")
    };
    assert_eq!((broken.reason, broken.line), (BrokenReason::NotUtf8, 2));
    // Offsets are those of the bytes that came.
    assert_eq!((edit.range.start, edit.range.end), (56, 100));
}
