//! Markdown on terminals.

use mlxcode_terminal::{Renderer, RendererOptions, Screen, display_width};
use proptest::prelude::*;

use crate::screens::{ascii, colorful, colorless, plain, shown};

const RICH: &str = include_str!("documents/rich.md");

fn whole(text: &str, screen: Screen) -> String {
    let mut renderer = Renderer::new(screen, RendererOptions::default());
    renderer.push(text) + &renderer.finish()
}

fn in_pieces<'a>(pieces: impl IntoIterator<Item = &'a str>, screen: Screen) -> String {
    let mut renderer = Renderer::new(screen, RendererOptions::default());
    let mut shown: String = pieces.into_iter().map(|piece| renderer.push(piece)).collect();
    shown += &renderer.finish();
    shown
}

#[test]
fn a_rich_document_at_sixty_columns() {
    insta::assert_snapshot!(shown(&whole(RICH, colorful(60)), 60).join("\n"));
}

#[test]
fn a_rich_document_at_eighty_columns_without_colour() {
    insta::assert_snapshot!(shown(&whole(RICH, colorless(80)), 80).join("\n"));
}

#[test]
fn a_rich_document_at_120_columns_in_ascii() {
    insta::assert_snapshot!(shown(&whole(RICH, ascii(120)), 120).join("\n"));
}

#[test]
fn a_rich_document_for_those_who_hear_it() {
    let text = whole(RICH, plain(80));
    assert!(!text.contains('\x1b'), "no sequence");
    assert!(!text.contains(['│', '─', '•', '☑']), "no drawing");
    insta::assert_snapshot!(text);
}

#[test]
fn the_styles_of_a_rich_document() {
    insta::assert_snapshot!(whole(RICH, colorful(80)).replace('\x1b', "␛"));
}

#[test]
fn nothing_but_styles_and_links_reaches_the_terminal() {
    let text =
        whole("a\x1b[2Jb \x1b]0;x\x07 `c\x1b[1A` \u{9b}1m\n```\n\x1b[H\n```\n", colorful(80));
    let mut rest = text.as_str();
    while let Some((_, after)) = rest.split_once('\x1b') {
        let style = after.starts_with('[')
            && after[1..]
                .trim_start_matches(|c: char| c.is_ascii_digit() || c == ';')
                .starts_with('m');
        assert!(style || after.starts_with("]8;;") || after.starts_with('\\'), "{after:?}");
        rest = after;
    }
    assert!(!text.contains('\u{9b}') && !text.contains('\x07'));
}

#[test]
fn a_word_is_shown_when_it_is_certain() {
    let mut renderer = Renderer::new(colorless(80), RendererOptions::default());
    for (piece, expect) in [
        ("The an", "The"),
        ("swer is **not", " answer is"),
        (" so** e", " **not so**"),
        ("asy.\n", " easy."),
        ("\n```rust\nlet x", "\n\n```rust\n"),
        (" = 1;\nlet", "let x = 1;\n"),
        (" y;\n``", "let y;\n"),
        ("`\n| a |\n", "```\n"),
        ("|---|\n| 1 |\n", "\n"),
        ("\nend", "a\n─\n1\n"),
    ] {
        assert_eq!(renderer.push(piece), expect, "after {piece:?}");
    }
    assert_eq!(renderer.finish(), "\nend\n");
}

#[test]
fn a_mark_that_is_never_closed_does_not_hold_the_text_back() {
    let mut renderer = Renderer::new(colorless(80), RendererOptions::default());
    let shown = renderer.push(&format!("say *this {}", "and that ".repeat(100)));
    assert!(shown.starts_with("say *this and that"), "{shown}");
    assert!(shown.len() > 800, "{}", shown.len());
}

#[test]
fn a_script_without_spaces_is_shown_as_it_comes() {
    let mut renderer = Renderer::new(colorless(80), RendererOptions::default());
    assert_eq!(renderer.push("日本語の文章"), "日本語の文");
}

#[test]
fn thinking_is_faint() {
    let options = RendererOptions { thinking: true };
    let mut renderer = Renderer::new(colorful(80), options);
    let text = renderer.push("so **this** is\n") + &renderer.finish();
    assert_eq!(text.replace('\x1b', "␛"), "␛[2;3mso␛[0m ␛[1;2;3mthis␛[0m ␛[2;3mis␛[0m\n");
}

/// No line is wider than the terminal, but for code and addresses, which a
/// terminal wraps itself so that they can be copied.
#[test]
fn lines_fit() {
    let text: String = RICH.split("```").step_by(2).collect();
    for columns in [20, 30, 60, 80, 120] {
        for line in whole(&text, colorless(columns)).lines() {
            let narrow = display_width(line) <= columns;
            assert!(narrow || line.contains("http"), "{columns}: {line:?}");
        }
    }
}

/// The pieces of a text, cut where `cuts` say.
fn cut<'a>(text: &'a str, cuts: &[usize]) -> Vec<&'a str> {
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (text.len() + 1)).collect();
    ends.push(text.len());
    ends.sort_unstable();
    let mut pieces = Vec::new();
    let mut from = 0;
    for mut end in ends {
        while !text.is_char_boundary(end) {
            end += 1;
        }
        if end > from {
            pieces.push(&text[from..end]);
            from = end;
        }
    }
    pieces
}

fn characters(text: &str) -> impl Iterator<Item = &str> {
    text.char_indices().map(|(at, character)| &text[at..at + character.len_utf8()])
}

#[test]
fn a_character_at_a_time_gives_the_same() {
    for columns in [24, 60, 120] {
        for screen in [colorful(columns), colorless(columns), plain(columns)] {
            assert_eq!(in_pieces(characters(RICH), screen.clone()), whole(RICH, screen));
        }
    }
}

/// Marks, so that what is made of them is Markdown now and then.
fn fragment() -> impl Strategy<Value = String> {
    let marks = prop::sample::select(vec![
        "*",
        "**",
        "_",
        "~~",
        "~",
        "`",
        "``",
        "```",
        "[",
        "](",
        ")",
        "](https://a.b)",
        "<",
        ">",
        "<b>",
        "<https://a>",
        "\\",
        "&amp;",
        "!",
        "#",
        "# ",
        "- ",
        "1. ",
        "2) ",
        "> ",
        "| a | b |",
        "|---|---|",
        "|",
        "---",
        "===",
        "\n",
        "\n\n",
        "  \n",
        "\r\n",
        " ",
        "    ",
        "\t",
        "word",
        "a b",
        "日本",
        "、",
        "（",
        "👩\u{200d}💻",
        "e\u{301}",
        "\x1b[2K",
        "```rust\n",
        "fn x() {}",
        "- [ ] ",
        "[a]: b",
        "\u{fdd0}",
        "x_y_z",
        "2*3",
    ]);
    prop::collection::vec(marks, 0..40).prop_map(|marks| marks.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_way_of_cutting_gives_the_same(
        text in fragment(),
        cuts in prop::collection::vec(0_usize..400, 0..12),
        columns in 20_usize..100,
    ) {
        let screen = colorful(columns);
        let expect = whole(&text, screen.clone());
        prop_assert_eq!(in_pieces(cut(&text, &cuts), screen.clone()), expect.clone());
        prop_assert_eq!(in_pieces(characters(&text), screen), expect);
    }

    /// Every letter and digit that came is shown.
    #[test]
    fn nothing_is_lost(text in fragment()) {
        // An entity and an address become something else, and an image gets a
        // word of its own; a number may be a list's, which stays.
        let text = text.replace("&amp;", "").replace("](https://a.b)", "").replace(['\x1b', '!'], "");
        let shown = whole(&text, colorless(80));
        let letters = |text: &str| -> String {
            text.chars().filter(|c| c.is_alphabetic() && *c != 'x').collect()
        };
        prop_assert_eq!(letters(&shown), letters(&text), "{:?}", shown);
    }
}

/// Every README of the crates that this was built with.
#[test]
#[ignore = "reads the registry's sources; run by the command in CONTRIBUTING.md"]
fn readmes_of_others() {
    let home = std::env::var("CARGO_HOME")
        .unwrap_or_else(|_| format!("{}/.cargo", std::env::var("HOME").unwrap()));
    let mut count = 0;
    for registry in std::fs::read_dir(format!("{home}/registry/src")).unwrap() {
        for package in std::fs::read_dir(registry.unwrap().path()).unwrap() {
            for name in ["README.md", "CHANGELOG.md"] {
                let path = package.as_ref().unwrap().path().join(name);
                let Ok(text) = std::fs::read_to_string(&path) else { continue };
                let text = &text[..text.floor_char_boundary(60_000)];
                let expect = whole(text, colorless(72));
                let cuts: Vec<usize> = (0..200).map(|at| at * 7919).collect();
                assert_eq!(in_pieces(cut(text, &cuts), colorless(72)), expect, "{path:?}");
                assert_eq!(in_pieces(characters(text), colorless(72)), expect, "{path:?}");
                count += 1;
            }
        }
    }
    assert!(count > 100, "{count} documents");
}
