//! What a server says, made fit to be shown.

use serde_json::Value;

/// The most characters of a server's message that an error repeats.
const MOST_CHARACTERS: usize = 400;

/// The server's own message in the body of a refusal, in one line, without
/// what a terminal would obey and without the key; empty where there is none.
pub fn message_in(body: &[u8], key: Option<&str>) -> String {
    let text = String::from_utf8_lossy(body);
    let found = match serde_json::from_str::<Value>(&text) {
        Ok(value) => in_document(&value).unwrap_or_default(),
        // A page of a proxy says nothing that is worth showing.
        Err(_) if text.trim_start().starts_with('<') => String::new(),
        Err(_) => text.into_owned(),
    };
    one_line(&found, key)
}

/// The message of an error document, as the servers write it.
fn in_document(value: &Value) -> Option<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let error = value.get("error").unwrap_or(value);
    text(error)
        .or_else(|| error.get("message").and_then(text))
        .or_else(|| value.get("message").and_then(text))
        .or_else(|| value.get("detail").and_then(text))
        .or_else(|| value.pointer("/detail/0/msg").and_then(text))
}

/// One line of bounded length.
pub fn one_line(text: &str, key: Option<&str>) -> String {
    let shown = text.split_whitespace().map(|word| {
        let word: String = word.chars().filter(|c| is_shown(*c)).collect();
        if shows_key(&word, key) { "***".to_owned() } else { word }
    });
    let mut line = String::new();
    let mut count = 0;
    for word in shown.filter(|word| !word.is_empty()) {
        count += word.chars().count() + 1;
        if count > MOST_CHARACTERS {
            let left = MOST_CHARACTERS.saturating_sub(count - word.chars().count());
            line.extend(word.chars().take(left).chain(['…']));
            return line.trim_start().to_owned();
        }
        line.push(' ');
        line.push_str(&word);
    }
    line.trim_start().to_owned()
}

/// No control character, and none of those that reorder or hide others.
fn is_shown(c: char) -> bool {
    let hidden = matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}');
    !c.is_control() && !hidden
}

/// Whether a word is the key or, as servers like to write it, its ends.
fn shows_key(word: &str, key: Option<&str>) -> bool {
    // Enough to tell keys of one owner apart, too few to be of use.
    const BEGINNING: usize = 8;
    let begins = |key: &str| {
        let beginning: String = key.chars().take(BEGINNING).collect();
        word.contains(key) || (key.len() > BEGINNING && word.contains(&beginning))
    };
    word.contains("***") || key.is_some_and(begins)
}

/// The names that are like the one that was not found, the nearest first.
pub fn near(name: &str, names: &[String]) -> Vec<String> {
    const MOST: usize = 5;
    let wanted = name.to_lowercase();
    let mut scored: Vec<(usize, &String)> = names
        .iter()
        .filter_map(|other| {
            let low = other.to_lowercase();
            let within = low.contains(&wanted) || wanted.contains(&low);
            let distance = distance(&wanted, &low);
            let most = wanted.chars().count().max(low.chars().count()) / 2;
            (within || distance <= most).then_some((if within { 0 } else { distance }, other))
        })
        .collect();
    scored.sort();
    scored.into_iter().take(MOST).map(|(_, name)| name.clone()).collect()
}

/// Levenshtein's distance. Names are short; longer ones are cut.
fn distance(a: &str, b: &str) -> usize {
    const MOST: usize = 100;
    let b: Vec<char> = b.chars().take(MOST).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(MOST).enumerate() {
        let mut before = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let changed = before + usize::from(x != *y);
            before = row[j + 1];
            row[j + 1] = changed.min(before + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_message_of_each_kind_of_server() {
        let check = |body: &str, expect: &str| {
            assert_eq!(message_in(body.as_bytes(), Some("sk-secret-key-1")), expect, "{body}");
        };
        check(r#"{"error":{"message":"no such\nmodel","code":404}}"#, "no such model");
        check(
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
            "Overloaded",
        );
        check(r#"{"error":"model 'x' not found"}"#, "model 'x' not found");
        check(r#"{"detail":[{"loc":["body"],"msg":"field required"}]}"#, "field required");
        check(r#"{"detail":"Not Found"}"#, "Not Found");
        check("plain text", "plain text");
        check("<html><body>502", "");
        check(r#"{"error":{"code":1}}"#, "");
        check(r#"{"error":"wrong key sk-secret-key-1."}"#, "wrong key ***");
        check(r#"{"error":"wrong key: sk-secret*****9xyz"}"#, "wrong key: ***");
        check("{\"error\":\"a\\u001b[31mred\\u202e \\u0007\"}", "a[31mred");
    }

    #[test]
    fn a_message_is_bounded() {
        let long = one_line(&"word ".repeat(1000), None);
        assert!(long.chars().count() <= MOST_CHARACTERS + 1, "{}", long.chars().count());
        let one = one_line(&"x".repeat(10_000), None);
        assert!(one.chars().count() <= MOST_CHARACTERS + 1);
    }

    #[test]
    fn near_names_come_first() {
        let names = ["gpt-4o", "gpt-4o-mini", "text-embedding-3", "o3"].map(str::to_owned);
        assert_eq!(near("gpt-4o-mni", &names)[..2], ["gpt-4o", "gpt-4o-mini"]);
        assert_eq!(near("gtp-4o", &names)[0], "gpt-4o");
        assert!(near("qwen", &names).is_empty());
    }
}
