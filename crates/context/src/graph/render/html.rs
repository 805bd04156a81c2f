use super::{Drawing, json};

/// The page, with a place for the document.
const PAGE: &str = include_str!("page.html");

/// Where the document goes.
const PLACE: &str = "/*GRAPH*/null";

/// Writes one page that needs nothing else.
pub fn render(drawing: &Drawing) -> String {
    // In a script nothing may look like its end, whatever a file is called.
    let document = json::document(drawing).to_string().replace('<', "\\u003c");
    PAGE.replacen(PLACE, &document, 1)
}

#[cfg(test)]
mod tests {
    use super::super::Drawn;
    use super::*;

    #[test]
    fn names_cannot_end_the_script() {
        assert_eq!(PAGE.matches(PLACE).count(), 1);
        let name = "</script><b>.py".to_owned();
        let node = Drawn { name, kind: "python".to_owned(), rank: 1.0, in_cycle: false };
        let page = render(&Drawing { nodes: vec![node], edges: Vec::new() });
        assert!(page.contains("\\u003c/script>\\u003cb>.py"));
        assert_eq!(page.matches("</script>").count(), PAGE.matches("</script>").count());
        assert!(!page.contains("http"));
    }
}
