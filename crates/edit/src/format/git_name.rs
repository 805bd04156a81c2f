//! File names as git writes them: quoted like a C string where they hold
//! anything but printable ASCII.

/// Reads one name; a name without quotes stands for itself.
pub fn unquoted(text: &str) -> String {
    let text = text.trim();
    let Some(body) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return text.to_owned();
    };
    let mut name = Vec::new();
    let mut rest = body.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first != b'\\' {
            name.push(*first);
            continue;
        }
        let digits = rest.iter().take(3).take_while(|b| matches!(b, b'0'..=b'7')).count();
        if digits == 3 {
            let value =
                rest[..3].iter().fold(0_u32, |sum, digit| sum * 8 + u32::from(digit - b'0'));
            // Three octal digits go to 511; git writes bytes.
            name.push(u8::try_from(value).unwrap_or(b'?'));
            rest = &rest[3..];
        } else if let Some((escaped, tail)) = rest.split_first() {
            name.push(match escaped {
                b'a' => 7,
                b'b' => 8,
                b't' => b'\t',
                b'n' => b'\n',
                b'v' => 11,
                b'f' => 12,
                b'r' => b'\r',
                other => *other,
            });
            rest = tail;
        }
    }
    String::from_utf8_lossy(&name).into_owned()
}

/// The new name of `a/old b/new`, as it stands behind `diff --git `, without
/// its prefix.
pub fn of_pair(pair: &str) -> Option<String> {
    let name = match pair.rsplit_once(" \"b/") {
        Some((_, quoted)) if pair.ends_with('"') => unquoted(&format!("\"{quoted}")),
        _ => pair.rsplit_once(" b/")?.1.to_owned(),
    };
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names() {
        for (text, name) in [
            ("b/a.txt", "b/a.txt"),
            (r#""b/gr\303\266.txt""#, "b/grö.txt"),
            (r#""b/a \"b\"\\c\td""#, "b/a \"b\"\\c\td"),
            (r#""b/\1""#, "b/1"),
            (r#""b/\777""#, "b/?"),
            ("\"", "\""),
            ("my file.txt", "my file.txt"),
        ] {
            assert_eq!(unquoted(text), name, "{text}");
        }
        assert_eq!(of_pair(r#""a/\303\266" "b/\303\266""#).as_deref(), Some("ö"));
        assert_eq!(of_pair("a/x y b/x y").as_deref(), Some("x y"));
        assert_eq!(of_pair("x y"), None);
    }
}
