use super::Drawing;

/// Writes Graphviz' language.
pub fn render(drawing: &Drawing) -> String {
    let mut out = String::from("digraph code {\n  rankdir=LR;\n  node [shape=box];\n");
    for (number, node) in drawing.nodes.iter().enumerate() {
        let colour = if node.in_cycle { ", color=red" } else { "" };
        out.push_str(&format!("  n{number} [label={}{colour}];\n", quoted(&node.name)));
    }
    for (from, to, _) in &drawing.edges {
        out.push_str(&format!("  n{from} -> n{to};\n"));
    }
    out.push_str("}\n");
    out
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for char in text.chars() {
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            char if char.is_control() => out.push(' '),
            char => out.push(char),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_end_their_quotes() {
        assert_eq!(quoted("a\"b\\\n"), "\"a\\\"b\\\\ \"");
    }
}
