//! How texts and identifiers fall into words, and words into stems.

/// Calls `take` with each word of `text` in lower case. Identifiers are cut
/// where their letters change case and at underscores: `parseReply` and
/// `parse_reply` hold the same two words, `HTTPServer` holds `http` and `server`.
pub fn each_word(text: &str, mut take: impl FnMut(&str)) {
    let mut word = String::with_capacity(32);
    let mut flush = |word: &mut String| {
        if !word.is_empty() {
            take(word);
            word.clear();
        }
    };
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut before = ' ';
    while let Some(byte) = bytes.get(at) {
        // Nearly all of code is ASCII, which needs no tables.
        if byte.is_ascii() {
            at += 1;
            if byte.is_ascii_alphanumeric() {
                let hump = byte.is_ascii_uppercase()
                    && (before.is_lowercase()
                        || before.is_ascii_digit()
                        || (before.is_uppercase() && is_lower(text, at)));
                if hump {
                    flush(&mut word);
                }
                word.push(char::from(byte.to_ascii_lowercase()));
            } else {
                flush(&mut word);
            }
            before = char::from(*byte);
            continue;
        }
        let Some(c) = text[at..].chars().next() else { break };
        at += c.len_utf8();
        if c.is_alphanumeric() {
            let hump = c.is_uppercase()
                && (before.is_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_uppercase() && is_lower(text, at)));
            if hump {
                flush(&mut word);
            }
            word.extend(c.to_lowercase());
        } else {
            flush(&mut word);
        }
        before = c;
    }
    flush(&mut word);
}

/// Whether a small letter stands at that place.
fn is_lower(text: &str, at: usize) -> bool {
    match text.as_bytes().get(at) {
        Some(byte) if byte.is_ascii() => byte.is_ascii_lowercase(),
        Some(_) => text[at..].starts_with(char::is_lowercase),
        None => false,
    }
}

/// Calls `take` with each identifier of `text` that is made of several words:
/// `parse_reply` and `parseReply`, and not `parse`.
pub fn each_identifier<'t>(text: &'t str, mut take: impl FnMut(&'t str)) {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    for whole in text.split(|c: char| !is_part(c)) {
        let name = whole.trim_matches('_');
        let hump = |pair: &[u8]| !pair[0].is_ascii_uppercase() && pair[1].is_ascii_uppercase();
        // The `PS` of `HTTPServer`.
        let end = |three: &[u8]| {
            three[..2].iter().all(u8::is_ascii_uppercase) && three[2].is_ascii_lowercase()
        };
        let bytes = name.as_bytes();
        let several = name.contains('_') || bytes.windows(2).any(hump) || bytes.windows(3).any(end);
        if several && name.contains(char::is_alphabetic) {
            take(name);
        }
    }
}

/// Takes the endings off a word that inflection and derivation put there.
///
/// A short form of Porter's idea ("An algorithm for suffix stripping", 1980):
/// the longest ending that leaves at least three letters goes.
pub fn stem(word: &str) -> &str {
    const ENDINGS: [&str; 20] = [
        "ations", "ation", "ating", "ators", "ator", "ings", "able", "ated", "ates", "ing", "ions",
        "ate", "ers", "ies", "ion", "ed", "er", "es", "s", "e",
    ];
    if word.len() < 4 || word.ends_with("ss") || !word.is_ascii() {
        return word;
    }
    let cut = ENDINGS.iter().find_map(|ending| {
        let rest = word.strip_suffix(ending)?;
        (rest.len() >= 3).then_some(rest)
    });
    let rest = cut.unwrap_or(word);
    // `entries` and `entry`, `applied` and `apply`.
    let rest = rest.strip_suffix(['y', 'i']).filter(|rest| rest.len() >= 3).unwrap_or(rest);
    // `running` and `run`.
    let bytes = rest.as_bytes();
    match bytes {
        [.., a, b] if a == b && rest.len() > 3 && cut.is_some() && *b != b's' && *b != b'l' => {
            &rest[..rest.len() - 1]
        }
        _ => rest,
    }
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_fall_into_words() {
        let words = |text: &str| {
            let mut words = Vec::new();
            each_word(text, |word| words.push(word.to_owned()));
            words.join(" ")
        };
        for (text, expect) in [
            ("parseReply", "parse reply"),
            ("parse_reply(2)", "parse reply 2"),
            ("HTTPServer", "http server"),
            ("utf8Text", "utf8 text"),
            ("Größe::ändern", "größe ändern"),
            ("", ""),
        ] {
            assert_eq!(words(text), expect, "{text}");
        }
    }

    #[test]
    fn identifiers_of_several_words_are_found_whole() {
        let mut found = Vec::new();
        let text = "parse(__all__, parse_reply, parseReply, HTTPServer, X_1, _a, größe_neu, 1_000)";
        each_identifier(text, |whole| found.push(whole));
        assert_eq!(found, ["parse_reply", "parseReply", "HTTPServer", "X_1", "größe_neu"]);
    }

    #[test]
    fn forms_of_one_word_share_a_stem() {
        for forms in [
            &["entry", "entries"][..],
            &["apply", "applies", "applied"],
            &["run", "running"],
            &["configure", "configuration", "configured"],
            &["parse", "parser", "parsing", "parses"],
            &["cancel", "cancels"],
            &["generate", "generator", "generation"],
        ] {
            let stems: Vec<&str> = forms.iter().map(|form| stem(form)).collect();
            assert!(stems.iter().all(|one| *one == stems[0]), "{forms:?} {stems:?}");
        }
        assert_ne!(stem("class"), stem("clas"));
    }
}
