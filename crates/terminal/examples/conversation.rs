//! Asks for inputs and shows them as Markdown; `/pick` opens a picker and
//! `/approve` asks about a change. The tests drive it in a terminal of their
//! own.
//!
//! `cargo run -p mlxcode-terminal --example conversation -- [--vi] [--history FILE]`

use std::io::{self, BufRead, IsTerminal, Write};

use mlxcode_terminal::{
    ApprovalView, Completer, Completion, Completions, DiffView, FileView, HunkView, KeyMap,
    LineView, PendingFile, PendingHunk, PickItem, Picker, PickerOptions, Prompt, PromptOptions,
    Renderer, RendererOptions, Result, Screen, Surroundings, Theme, ThemeChoice, Typed,
};

struct Words;

impl Completer for Words {
    fn candidates(&mut self, wanted: Completions<'_>) -> Vec<Completion> {
        let of = |words: &[&str]| -> Vec<Completion> {
            let detail = |word: &str| Some(format!("about {word}"));
            words
                .iter()
                .map(|word| Completion {
                    text: (*word).to_owned(),
                    detail: detail(word),
                    space: true,
                })
                .collect()
        };
        match wanted {
            Completions::Command(_) => of(&["approve", "help", "model", "pick"]),
            Completions::Argument { command: "model", .. } => of(&["qwen-coder", "smollm"]),
            Completions::Argument { .. } => Vec::new(),
            Completions::Mention(_) => of(&["README.md", "src/lib.rs", "src/main.rs"]),
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "the caller reads the environment, the library never")]
fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().collect();
    let variable = |name: &str| std::env::var(name).ok();
    let surroundings = Surroundings {
        is_terminal: io::stdout().is_terminal(),
        term: variable("TERM"),
        term_program: variable("TERM_PROGRAM"),
        colorterm: variable("COLORTERM"),
        is_vte_or_konsole: variable("VTE_VERSION").is_some(),
        no_color: variable("NO_COLOR"),
        clicolor_force: variable("CLICOLOR_FORCE"),
        colorfgbg: variable("COLORFGBG"),
        locale: variable("LC_ALL").or_else(|| variable("LANG")),
        plain: args.iter().any(|arg| arg == "--plain"),
    };
    let capabilities = surroundings.capabilities();
    let theme = Theme::new(&ThemeChoice::Auto, &capabilities);
    let columns = || crossterm::terminal::size().ok().map(|(columns, _)| usize::from(columns));
    let mut screen = Screen::new(capabilities, theme, columns());
    let keys = if args.iter().any(|arg| arg == "--vi") { KeyMap::Vi } else { KeyMap::Emacs };
    let history = args.iter().position(|arg| arg == "--history").and_then(|at| args.get(at + 1));
    let options = PromptOptions {
        keys,
        history: history.map(Into::into),
        completer: Some(Box::new(Words)),
        editor: Some(Box::new(|text| Ok(format!("{text} edited")))),
    };
    let mut prompt = Prompt::new(&screen, options)?;
    let mut keyboard = io::stdin().lock();
    let mut out = io::stdout();
    loop {
        match prompt.read(&mut keyboard, &mut out)? {
            Typed::Leave => break,
            Typed::Input(text) => {
                screen.set_columns(columns());
                answer(&text, &screen, &mut keyboard, &mut out)?;
            }
        }
    }
    writeln!(out, "left")?;
    Ok(())
}

fn answer(
    text: &str,
    screen: &Screen,
    keyboard: &mut dyn BufRead,
    out: &mut dyn Write,
) -> Result<()> {
    match text {
        "/pick" => {
            let items: Vec<PickItem> = (1..=40)
                .map(|number| PickItem {
                    label: format!("session {number}"),
                    detail: format!("{number} turns"),
                    preview: format!("what was asked in {number}"),
                })
                .collect();
            let question = "Which session?".to_owned();
            let options = PickerOptions { question, rows: Some(5), several: false };
            let picked = Picker::new(&items, options, screen).pick(keyboard, out)?;
            writeln!(out, "picked: {picked:?}")?;
        }
        "/approve" => {
            let files = [change("src/a.rs"), change("src/b.rs")];
            let mut view = ApprovalView::new(&files, DiffView::default(), screen);
            view.show(out)?;
            let decision = view.ask(keyboard, out)?;
            writeln!(out, "decided: {decision:?}")?;
        }
        _ => {
            writeln!(out, "{} lines, {} bytes", text.lines().count(), text.len())?;
            let mut renderer = Renderer::new(screen.clone(), RendererOptions::default());
            let shown = renderer.push(text.lines().take(5).collect::<Vec<_>>().join("\n").as_str());
            write!(out, "{shown}{}", renderer.finish())?;
        }
    }
    out.flush()?;
    Ok(())
}

fn change(path: &str) -> PendingFile {
    let hunk = |line| HunkView {
        old_line: line,
        new_line: line,
        lines: vec![
            LineView::Removed("let a = 1;".to_owned()),
            LineView::Added("let a = 2;".to_owned()),
        ],
    };
    let view = FileView {
        action: "edit".to_owned(),
        path: path.to_owned(),
        hunks: vec![hunk(1), hunk(20)],
        ..FileView::default()
    };
    PendingFile { view, hunks: vec![PendingHunk { index: 0 }, PendingHunk { index: 1 }] }
}
