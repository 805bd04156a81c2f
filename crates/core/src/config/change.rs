//! Changing a text of JSON as a person would: everything else stays as it is.

use serde_json::Value;

use super::text::{Flaw, Member, Node, NodeKind, parse};

/// How far what is written anew is moved in, where the text does not show it.
const INDENT: &str = "  ";

/// The text with the value at a path of keys. Objects that are missing on the
/// way are made. `None` where something on the way is no object.
pub fn set(text: &str, path: &[String], value: &Value) -> Result<Option<String>, Flaw> {
    if text.trim().is_empty() {
        return set("{\n}\n", path, value);
    }
    let root = parse(text)?;
    let mut node = &root;
    for (depth, key) in path.iter().enumerate() {
        let NodeKind::Object(members) = &node.kind else { return Ok(None) };
        match members.iter().find(|member| member.key == *key) {
            Some(member) if depth + 1 == path.len() => {
                let written = written(value, &line_indent(text, member.start));
                return Ok(Some(spliced(text, member.value.start, member.value.end, &written)));
            }
            Some(member) => node = &member.value,
            None => {
                let rest = path[depth + 1..].iter().rev();
                let value = rest.fold(value.clone(), |value, key| {
                    Value::Object([(key.clone(), value)].into_iter().collect())
                });
                return Ok(Some(insert(text, node, members, key, &value)));
            }
        }
    }
    Ok(None)
}

/// The text without the value at a path of keys; `None` where it is not there.
pub fn unset(text: &str, path: &[String]) -> Result<Option<String>, Flaw> {
    let root = parse(text)?;
    let Some((key, above)) = path.split_last() else { return Ok(None) };
    let Some(NodeKind::Object(members)) = root.at(above).map(|node| &node.kind) else {
        return Ok(None);
    };
    let Some(number) = members.iter().position(|member| member.key == *key) else {
        return Ok(None);
    };
    let member = &members[number];
    let mut start = member.start;
    let mut end = member.comma_end.unwrap_or(member.value.end);
    // What is alone on its line takes the line with it, and what was said of it
    // there.
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = rest_of_line(text, end);
    if text[line_start..start].trim().is_empty()
        && let Some(line_end) = line_end
    {
        (start, end) = (line_start, line_end);
    } else {
        end += text[end..].len() - text[end..].trim_start_matches([' ', '\t']).len();
    }
    let mut changed = spliced(text, start, end, "");
    // A comma is left over before the end, where there was none after.
    if member.comma_end.is_none()
        && let Some(comma) = number.checked_sub(1).and_then(|before| members[before].comma_end)
    {
        changed.replace_range(comma - 1..comma, "");
    }
    Ok(Some(changed))
}

fn insert(text: &str, object: &Node, members: &[Member], key: &str, value: &Value) -> String {
    let key = Value::from(key).to_string();
    let outer = line_indent(text, object.start);
    let is_one_line = !text[object.start..object.end].contains('\n');
    let Some(last) = members.last() else {
        let inner = format!("{outer}{INDENT}");
        let member = format!("\n{inner}{key}: {}", written(value, &inner));
        // What stands in an empty object are comments.
        let inside = &text[object.start + 1..object.end - 1];
        let end = if inside.contains('\n') { String::new() } else { format!("\n{outer}") };
        return spliced(text, object.start + 1, object.start + 1, &format!("{member}{end}"));
    };
    if is_one_line {
        let at = last.comma_end.unwrap_or(last.value.end);
        let comma = if last.comma_end.is_some() { "" } else { "," };
        let value = serde_json::to_string(value).unwrap_or_default();
        return spliced(text, at, at, &format!("{comma} {key}: {value}"));
    }
    let inner = line_indent(text, last.start);
    let comma = if last.comma_end.is_some() { "," } else { "" };
    let member = format!("{inner}{key}: {}{comma}", written(value, &inner));
    let after = last.comma_end.unwrap_or(last.value.end);
    // What was said of the last member on its line stays there.
    let (at, member) = match rest_of_line(text, after) {
        Some(at) if at < object.end => (at, format!("{member}\n")),
        _ => (after, format!("\n{member}")),
    };
    let changed = spliced(text, at, at, &member);
    if last.comma_end.is_some() {
        return changed;
    }
    spliced(&changed, last.value.end, last.value.end, ",")
}

/// The byte after the line's end, where nothing but a comment is before it.
fn rest_of_line(text: &str, at: usize) -> Option<usize> {
    let end = text[at..].find('\n').map(|end| at + end + 1)?;
    let rest = text[at..end].trim();
    let is_block = rest.starts_with("/*") && rest.find("*/") == Some(rest.len().saturating_sub(2));
    (rest.is_empty() || rest.starts_with("//") || is_block).then_some(end)
}

/// The white space that the line of a byte begins with.
fn line_indent(text: &str, at: usize) -> String {
    let line = text[..at].rsplit('\n').next().unwrap_or_default();
    line.chars().take_while(|c| matches!(c, ' ' | '\t')).collect()
}

/// A value over several lines, where it has several.
fn written(value: &Value, indent: &str) -> String {
    let is_short = match value {
        Value::Array(items) => items.iter().all(|item| !item.is_array() && !item.is_object()),
        Value::Object(_) => false,
        _ => true,
    };
    let compact = serde_json::to_string(value).unwrap_or_default();
    // A list of words is read best on one line, while it fits there.
    if is_short && compact.len() <= 80 {
        let Value::Array(items) = value else { return compact };
        let items: Vec<String> = items.iter().map(Value::to_string).collect();
        return format!("[{}]", items.join(", "));
    }
    let pretty = serde_json::to_string_pretty(value).unwrap_or(compact);
    pretty.replace('\n', &format!("\n{indent}"))
}

fn spliced(text: &str, start: usize, end: usize, with: &str) -> String {
    format!("{}{with}{}", &text[..start], &text[end..])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path(dotted: &str) -> Vec<String> {
        dotted.split('.').map(str::to_owned).collect()
    }

    fn check(text: &str, at: &str, value: Value, expect: &str) {
        assert_eq!(set(text, &path(at), &value).unwrap().as_deref(), Some(expect), "{text} {at}");
        assert_eq!(parse(expect).unwrap().at(&path(at)).unwrap().to_value(), value);
    }

    #[test]
    fn what_is_set_leaves_the_rest() {
        check("", "model", json!("x"), "{\n  \"model\": \"x\"\n}\n");
        check("{}", "a.b", json!(1), "{\n  \"a\": {\n    \"b\": 1\n  }\n}");
        check("{ // none\n}\n", "a", json!(1), "{\n  \"a\": 1 // none\n}\n");
        check("{\"a\": 1}", "a", json!([1, "x"]), "{\"a\": [1, \"x\"]}");
        check("{\"a\": 1}", "b", json!(true), "{\"a\": 1, \"b\": true}");
        check("{\"a\": 1,}", "b", json!(true), "{\"a\": 1, \"b\": true}");
        let text = "{\n\t// first\n\t\"a\" : 1, // one\n\n\t\"b\": {\n\t\t\"c\": 2 /* two */\n\t} // b\n}\n";
        check(text, "a", json!(3), &text.replace(": 1", ": 3"));
        check(text, "b.c", json!(3), &text.replace("2 /*", "3 /*"));
        check(
            text,
            "b.d",
            json!("x"),
            &text.replace("2 /* two */\n", "2, /* two */\n\t\t\"d\": \"x\"\n"),
        );
        check(
            text,
            "e",
            json!(["p", "q"]),
            &text.replace("} // b\n", "}, // b\n\t\"e\": [\"p\", \"q\"]\n"),
        );
        check("{\n  \"a\": 1,\n}\n", "b", json!(2), "{\n  \"a\": 1,\n  \"b\": 2,\n}\n");
        check("{\n  \"a\": 1 }", "b", json!(2), "{\n  \"a\": 1,\n  \"b\": 2 }");
        assert_eq!(set("{\"a\": 1}", &path("a.b"), &json!(2)), Ok(None));
        assert_eq!(set("[]", &path("a"), &json!(2)), Ok(None));
    }

    #[test]
    fn what_is_unset_takes_its_line() {
        let check = |text: &str, at: &str, expect: Option<&str>| {
            let changed = unset(text, &path(at)).unwrap();
            assert_eq!(changed.as_deref(), expect, "{text} {at}");
            if let Some(text) = changed {
                assert!(parse(&text).unwrap().at(&path(at)).is_none());
            }
        };
        let text =
            "{\n  // of a\n  \"a\": 1, // one\n  \"b\": {\n    \"c\": 2\n  },\n  \"d\": 3\n}\n";
        check(text, "a", Some(&text.replace("  \"a\": 1, // one\n", "")));
        check(text, "b.c", Some(&text.replace("    \"c\": 2\n", "")));
        check(text, "d", Some(&text.replace("},\n  \"d\": 3\n", "}\n")));
        check(text, "x", None);
        check(text, "a.x", None);
        check("{\"a\": 1, \"b\": 2}", "a", Some("{\"b\": 2}"));
        check("{\"a\": 1, \"b\": 2}", "b", Some("{\"a\": 1 }"));
        check("{\"a\": 1}", "a", Some("{}"));
        check("{\n  \"a\": 1,\n}\n", "a", Some("{\n}\n"));
    }
}
