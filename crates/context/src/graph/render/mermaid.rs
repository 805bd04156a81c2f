use super::Drawing;

/// Writes Mermaid's language.
pub fn render(drawing: &Drawing) -> String {
    let mut out = String::from("flowchart LR\n");
    for (number, node) in drawing.nodes.iter().enumerate() {
        out.push_str(&format!("  n{number}[\"{}\"]\n", escaped(&node.name)));
    }
    for (from, to, _) in &drawing.edges {
        out.push_str(&format!("  n{from} --> n{to}\n"));
    }
    let rings = drawing.nodes.iter().enumerate().filter(|(_, node)| node.in_cycle);
    let rings: Vec<String> = rings.map(|(number, _)| format!("n{number}")).collect();
    if !rings.is_empty() {
        out.push_str("  classDef cycle stroke:#c00,stroke-width:2px\n");
        out.push_str(&format!("  class {} cycle\n", rings.join(",")));
    }
    out
}

/// Signs that mean something in a label are written by their numbers.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for char in text.chars() {
        match char {
            '"' | '#' | '<' | '>' | '&' | '`' | '[' | ']' | '{' | '}' | '\\' => {
                out.push_str(&format!("#{};", u32::from(char)));
            }
            char if char.is_control() => out.push(' '),
            char => out.push(char),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_end_their_labels() {
        assert_eq!(escaped("a\"]b"), "a#34;#93;b");
    }
}
