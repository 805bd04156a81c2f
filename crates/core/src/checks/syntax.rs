//! What the grammars cannot read. They are always there.

use mlxcode_base::LineIndex;
use mlxcode_context::{DiagnosticLevel, syntax_errors};

use super::Changed;
use super::finding::{Finding, Looked};

/// One mistake can leave a grammar with many: the first places tell where.
const MOST: usize = 200;

pub(super) fn look(all: &[Changed]) -> Looked {
    let mut found = Vec::new();
    for one in all {
        let errors = one.language.and_then(|language| syntax_errors(language, &one.text));
        let index = LineIndex::new(&one.text);
        for error in errors.into_iter().flatten().take(MOST) {
            // The place after a sign that is missing may be the next line.
            let before = one.text[..error.range.start].trim_end().len();
            let at =
                if error.missing.is_some() { before.saturating_sub(1) } else { error.range.start };
            let message = match &error.missing {
                Some(sign) => format!("`{sign}` is missing here or before"),
                None => "this cannot be read".to_owned(),
            };
            found.push(Finding {
                path: one.path.clone(),
                line: index.line_of(at),
                level: DiagnosticLevel::Error,
                code: None,
                message,
            });
        }
        found.dedup_by(|a, b| a.path == b.path && a.line == b.line && a.message == b.message);
    }
    Looked::Found(found)
}
