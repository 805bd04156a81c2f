//! The colours.

use mlxcode_terminal::{DiffView, FileView, HunkView, LineView, Role};

use super::Next;
use crate::command::dirs;
use crate::exit::{Outcome, written};
use crate::look;
use crate::repl::Repl;

/// What a sample says.
const SAMPLE: &str = "## Heading\n\n*Emphasis*, **strong**, `code`, [a link](docs/README.md).\n\n\
    > a quotation\n\n```rust\n// a comment\nfn open(port: u16) -> Result<(), Error> { Ok(\"text\") }\n```\n";

/// `/theme`
pub(super) fn theme(repl: &mut Repl<'_, '_>, rest: &str) -> Outcome<Next> {
    if !rest.is_empty() {
        repl.screen.theme = look::theme(Some(rest), repl.workspace.config(), repl.host)?;
        repl.is_stale = true;
    }
    repl.show_markdown(SAMPLE)?;
    let lines = [
        LineView::Context("fn main() {".to_owned()),
        LineView::Removed("    open(80);".to_owned()),
        LineView::Added("    open(8080);".to_owned()),
        LineView::Context("}".to_owned()),
    ];
    let hunk = HunkView { old_line: 1, new_line: 1, lines: lines.to_vec() };
    let file = FileView { path: "sample.rs".to_owned(), hunks: vec![hunk], ..FileView::default() };
    written(DiffView::default().file(&mut *repl.host.output, &file, &repl.screen))?;
    for (role, text) in [
        (Role::Success, "what went well"),
        (Role::Warning, "what deserves care"),
        (Role::Error, "what went wrong"),
        (Role::Faint, "what is only said by the way"),
    ] {
        repl.say(role, text)?;
    }
    let names = look::themes(&dirs(repl.host)?).names();
    repl.say(Role::Faint, &format!("/theme NAME sets one of {}", names.join(", ")))?;
    Ok(Next::Stay)
}
