//! Manifests in JSON, as programs of Node read them.

use serde_json::Value;

use super::files::Index;

/// What stands in a file; `None` where it is no JSON.
pub fn json(index: &Index<'_>, path: &str) -> Option<Value> {
    serde_json::from_str(&without_comments(&index.text(path)?)).ok()
}

/// A tsconfig may hold comments, and commas behind the last.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let len = match next {
            '"' => {
                let mut escaped = false;
                let end = rest[1..].find(|c| {
                    let ends = c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    ends
                });
                let len = end.map_or(rest.len(), |end| end + 2);
                out.push_str(&rest[..len]);
                len
            }
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            ']' | '}' => {
                let kept = out.trim_end().trim_end_matches(',').len();
                out.truncate(kept);
                out.push(next);
                1
            }
            _ => {
                out.push(next);
                next.len_utf8()
            }
        };
        rest = &rest[len..];
    }
    out
}
