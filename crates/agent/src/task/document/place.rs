//! Where a comment goes.

use mlxcode_context::Symbol;

use super::render::DocStyle;

/// A place in a text, and what stands before a line there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocPlace {
    /// The byte that it goes before.
    pub at: usize,
    /// The white space of its lines.
    pub indent: String,
}

/// The place of a symbol's comment: above it and its attributes, or, in
/// Python, at the head of its body. `None` where it shares its line with
/// something else.
pub fn of(text: &str, symbol: &Symbol, style: DocStyle) -> Option<DocPlace> {
    if style.is_docstring() {
        return of_body(text, symbol);
    }
    let start = text[..symbol.range.start].rfind('\n').map_or(0, |end| end + 1);
    let indent = &text[start..symbol.range.start];
    // `export`, `pub` and the like belong to what they stand before.
    let stem = indent.trim_start();
    let known = ["export ", "export default ", "default ", "pub ", "public "];
    if !stem.is_empty() && !known.contains(&stem) {
        return None;
    }
    let indent = indent[..indent.len() - stem.len()].to_owned();
    Some(DocPlace { at: start, indent })
}

/// Behind the line on which the head ends, where the body begins on its own.
fn of_body(text: &str, symbol: &Symbol) -> Option<DocPlace> {
    let head = symbol.name_range.end;
    let mut depth = 0_usize;
    let mut quote = None;
    let mut colon = None;
    for (offset, sign) in text[head..symbol.range.end].char_indices() {
        if let Some(open) = quote {
            quote = Some(open).filter(|open| *open != sign);
            continue;
        }
        match sign {
            '"' | '\'' => quote = Some(sign),
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            ':' if depth == 0 => {
                colon = Some(head + offset + 1);
                break;
            }
            _ => {}
        }
    }
    let colon = colon?;
    let end = colon + text[colon..].find('\n')?;
    let rest = text[colon..end].trim();
    if !rest.is_empty() && !rest.starts_with('#') {
        return None;
    }
    let body = text[end + 1..symbol.range.end].lines().find(|line| !line.trim().is_empty())?;
    let indent = body[..body.len() - body.trim_start().len()].to_owned();
    Some(DocPlace { at: end + 1, indent })
}
