//! The paths of keys, as people write them: `edit.allow`, and where a name has
//! a dot of its own, `aliases."a.b"`.

/// The names of a path; `None` where it is none.
pub fn split(text: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut rest = text.trim();
    loop {
        let name = if let Some(quoted) = rest.strip_prefix('"') {
            let (name, after) = quoted.split_once('"')?;
            rest = after;
            name
        } else {
            let end = rest.find('.').unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            rest = after;
            name
        };
        if name.is_empty() || name.contains(['"', '\n']) {
            return None;
        }
        names.push(name.to_owned());
        if rest.is_empty() {
            return Some(names);
        }
        rest = rest.strip_prefix('.')?;
    }
}

/// A path of names as text.
pub fn join(names: &[String]) -> String {
    let word = |name: &String| {
        if name.contains('.') || name.is_empty() { format!("\"{name}\"") } else { name.clone() }
    };
    names.iter().map(word).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_split_and_joined() {
        for (text, names) in [
            ("model", vec!["model"]),
            ("edit.allow", vec!["edit", "allow"]),
            ("aliases.\"a.b\".c", vec!["aliases", "a.b", "c"]),
        ] {
            let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
            assert_eq!(split(text), Some(names.clone()));
            assert_eq!(join(&names), text);
        }
        for wrong in ["", ".", "a.", ".a", "a..b", "\"a", "\"a\"b", "a\"b"] {
            assert_eq!(split(wrong), None, "{wrong}");
        }
    }
}
