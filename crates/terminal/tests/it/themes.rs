//! Themes, on terminals with more and fewer colours.

use mlxcode_terminal::{Renderer, RendererOptions, Screen, Surroundings, Theme, ThemeChoice};

use crate::screens::terminal;

const TEXT: &str = "# Head\n`code` and [link](https://a.b)\n```rust\nlet x = 1; // one\n```\n";

#[test]
fn a_text_in_each_theme() {
    let depths = [
        ("true colour", Surroundings { colorterm: Some("truecolor".to_owned()), ..terminal() }),
        ("256 colours", terminal()),
        ("16 colours", Surroundings { term: Some("xterm".to_owned()), ..terminal() }),
        ("no colour", Surroundings { no_color: Some("1".to_owned()), ..terminal() }),
    ];
    let mut shown = String::new();
    for choice in [ThemeChoice::Dark, ThemeChoice::Light, ThemeChoice::None] {
        for (name, surroundings) in &depths {
            let capabilities = surroundings.capabilities();
            let screen = Screen::new(capabilities, Theme::new(&choice, &capabilities), Some(60));
            let mut renderer = Renderer::new(screen, RendererOptions::default());
            let text = renderer.push(TEXT) + &renderer.finish();
            shown.push_str(&format!("{choice:?}, {name}\n{}\n", text.replace('\x1b', "␛")));
        }
    }
    insta::assert_snapshot!(shown);
}
