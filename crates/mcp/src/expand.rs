//! `${VARIABLE}` and `${VARIABLE:-default}` in the texts of a configuration.

use std::collections::BTreeMap;

/// Puts the variables' values in. What comes out is not looked at again, so
/// that a value cannot name another variable. `Err` names a variable that is
/// not there and has no default.
pub(crate) fn expand(text: &str, variables: &BTreeMap<String, String>) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        out.push_str(&rest[..start]);
        let inside = &rest[start + 2..];
        let Some(end) = inside.find('}') else {
            rest = &rest[start..];
            break;
        };
        let (name, default) = match inside[..end].split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (&inside[..end], None),
        };
        if is_name(name) {
            // As in a shell, `:-` is for what is empty too.
            let value = variables.get(name).filter(|value| default.is_none() || !value.is_empty());
            match (value, default) {
                (Some(value), _) => out.push_str(value),
                (None, Some(default)) => out.push_str(default),
                (None, None) => return Err(name.to_owned()),
            }
        } else {
            out.push_str(&rest[start..=start + 2 + end]);
        }
        rest = &inside[end + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_put_in() {
        let variables: BTreeMap<String, String> =
            [("HOME", "/h"), ("EMPTY", ""), ("LOOP", "${HOME}")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into();
        let check = |text: &str, expect: Result<&str, &str>| {
            let expect = expect.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(expand(text, &variables), expect, "{text}");
        };
        check("plain $HOME", Ok("plain $HOME"));
        check("${HOME}/x and ${HOME}", Ok("/h/x and /h"));
        check("${NONE:-a b}", Ok("a b"));
        check("${NONE:-}", Ok(""));
        check("${EMPTY}|${EMPTY:-d}", Ok("|d"));
        check("${LOOP}", Ok("${HOME}"));
        check("${NONE}", Err("NONE"));
        check("${not a name} ${}", Ok("${not a name} ${}"));
        check("open ${HOME", Ok("open ${HOME"));
        check("ü${HOME}ü", Ok("ü/hü"));
    }
}
