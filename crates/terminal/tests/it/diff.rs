//! Changes on terminals.

use mlxcode_terminal::{DiffView, FileView, HunkView, LineView, Screen, display_width};

use crate::screens::{colorful, colorless, plain, shown};

fn change() -> FileView {
    let lines = [
        (' ', "fn total(items: &[Item]) -> u64 {"),
        (
            '-',
            "    let mut sum = 0; // the sum of what is there, which is never more than it seems",
        ),
        ('-', "    for item in items {"),
        ('-', "        sum += item.price;"),
        (
            '+',
            "    let mut sum = 0_u64; // the sum of what is there, which is never more than it seems",
        ),
        ('+', "    for item in items.iter() {"),
        ('+', "\tsum += item.price * item.count; // 日本語のコメント"),
        ('+', "        log(\"\u{1b}[31m\u{202e}\");"),
        (' ', "    }"),
        (' ', "    sum"),
        ('\\', "No newline at end of file"),
    ];
    let lines = lines.map(|(sign, text)| match sign {
        '-' => LineView::Removed(text.to_owned()),
        '+' => LineView::Added(text.to_owned()),
        '\\' => LineView::Note(text.to_owned()),
        _ => LineView::Context(text.to_owned()),
    });
    FileView {
        action: "edit".to_owned(),
        path: "src/total.rs".to_owned(),
        moved_to: Some("src/sum.rs".to_owned()),
        notes: vec!["becomes executable".to_owned()],
        hunks: vec![HunkView { old_line: 98, new_line: 98, lines: lines.to_vec() }],
    }
}

fn render(view: DiffView, screen: &Screen) -> String {
    let mut out = Vec::new();
    view.file(&mut out, &change(), screen).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_change_at_sixty_columns() {
    insta::assert_snapshot!(shown(&render(DiffView::default(), &colorful(60)), 60).join("\n"));
}

#[test]
fn a_change_at_120_columns() {
    insta::assert_snapshot!(shown(&render(DiffView::default(), &colorful(120)), 120).join("\n"));
}

#[test]
fn a_change_for_those_who_hear_it() {
    insta::assert_snapshot!(render(DiffView::default(), &plain(120)));
}

#[test]
fn the_styles_of_a_change() {
    insta::assert_snapshot!(render(DiffView::default(), &colorful(80)).replace('\x1b', "␛"));
}

#[test]
fn lines_fit() {
    for side_by_side in [Some(false), Some(true)] {
        for columns in [40, 60, 80, 121] {
            for line in render(DiffView { side_by_side }, &colorless(columns)).lines().skip(2) {
                assert!(display_width(line) <= columns, "{columns}: {line:?}");
            }
        }
    }
}
