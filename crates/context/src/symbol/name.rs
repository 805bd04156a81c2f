//! Names out of the nodes that hold them.

use crate::syntax::Node;

/// A declaration nests no deeper than this; what does is made to.
const MOST_LEVELS: usize = 64;

/// What a declarator of C or C++ declares.
pub struct Declared<'t> {
    /// The node of its name.
    pub name: Node<'t>,
    /// Whether it is a function, and not a value that points to one.
    pub is_function: bool,
}

/// Goes down a declarator, `*(*f)(int)`, to its name.
pub fn declared(declarator: Node<'_>) -> Option<Declared<'_>> {
    let mut node = declarator;
    let mut is_function = false;
    for _ in 0..MOST_LEVELS {
        let inner = node.child_by_field_name("declarator");
        match node.kind() {
            "function_declarator" => is_function = true,
            // The name stands behind a pointer in parentheses: of the function
            // there is only the address.
            "parenthesized_declarator" => {
                let inside = node.named_children().next()?;
                if inside.kind() != "function_declarator" && inside.kind() != "identifier" {
                    is_function = false;
                }
            }
            "array_declarator" => is_function = false,
            kind if inner.is_none() && kind.ends_with("_declarator") => {}
            _ if inner.is_none() => return Some(Declared { name: node, is_function }),
            _ => {}
        }
        // References and parentheses hold their declarator without a field.
        node = inner.or_else(|| {
            node.named_children().find(|child| {
                let kind = child.kind();
                kind.ends_with("declarator") || kind.ends_with("identifier")
            })
        })?;
    }
    None
}

/// The last name of a written one, and what stands before it: of
/// `&crate::Parser<T>`, `Parser` and `crate`.
pub fn split(written: &str) -> (&str, Option<&str>) {
    let written = written.trim_start_matches(['&', '*', ' ', '\n']);
    if let Some(at) = written.find("operator") {
        let before = written[..at].strip_suffix("::");
        if at == 0 || before.is_some() {
            return (&written[at..], before.filter(|before| !before.is_empty()));
        }
    }
    let plain = match written.find('<') {
        Some(at) if at > 0 && !written[at..].contains(">::") => &written[..at],
        _ => written,
    };
    match plain.rfind("::") {
        Some(at) => (&plain[at + 2..], Some(&plain[..at]).filter(|before| !before.is_empty())),
        None => (plain, None),
    }
}

/// The text that a string literal or a key in quotes holds.
pub fn unquoted(written: &str) -> &str {
    let written = written.trim();
    for quote in ['"', '\'', '`'] {
        let inner = written.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        if let Some(inner) = inner {
            return inner;
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_last_ones() {
        for (written, expect) in [
            ("&crate::Parser<T>", ("Parser", Some("crate"))),
            ("Shape::area", ("area", Some("Shape"))),
            ("a::B<T>::c", ("c", Some("a::B<T>"))),
            ("operator<", ("operator<", None)),
            ("A::operator()", ("operator()", Some("A"))),
            ("cooperator", ("cooperator", None)),
            ("::f", ("f", None)),
            ("Guard<'_, T>", ("Guard", None)),
        ] {
            assert_eq!(split(written), expect, "{written}");
        }
    }
}
