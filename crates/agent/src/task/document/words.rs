//! What a model says of a symbol: words under labels, whatever it put around
//! them.

/// The parts of a comment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DocWords {
    /// The first sentence.
    pub summary: String,
    /// What else there is to say.
    pub details: Vec<String>,
    /// Parameters by name.
    pub parameters: Vec<(String, String)>,
    /// What comes back.
    pub returns: String,
    /// What can go wrong: a name, where there is one, and when.
    pub errors: Vec<(String, String)>,
}

impl DocWords {
    /// Reads a reply. Parameters that the code does not have are left out.
    /// `None` where there is no sentence.
    pub fn read(reply: &str, code: &str) -> Option<Self> {
        let mut words = Self::default();
        let mut in_code = false;
        for line in reply.lines() {
            let trimmed = line.trim();
            // Models repeat the code, which is no part of a comment.
            if trimmed.starts_with("```") {
                in_code = !in_code;
                continue;
            }
            let plain = trimmed
                .trim_start_matches(['/', '*', '#', '-', ' ', '"', '>'])
                .trim_end_matches("*/")
                .trim();
            if plain.is_empty() || (in_code && !has_label(plain)) {
                continue;
            }
            words.take(plain, code);
        }
        words.summary = sentence(&words.summary);
        words.summary.chars().any(char::is_alphabetic).then_some(words)
    }

    fn take(&mut self, line: &str, code: &str) {
        let (label, rest) = match line.split_once(':') {
            Some((label, rest)) => {
                (label.trim_matches(['*', '`', ' ']), rest.trim_start_matches('*').trim())
            }
            None => ("", line),
        };
        let upper = label.to_uppercase();
        let value = clean(rest);
        match upper.split_whitespace().next().unwrap_or_default() {
            "SUMMARY" => self.summary = value,
            "DETAILS" | "DETAIL" if !value.is_empty() => self.details.push(sentence(&value)),
            "DETAILS" | "DETAIL" => {}
            "PARAM" | "PARAMETER" | "ARG" => {
                let (name, text) = match label.split_once(' ') {
                    Some((_, name)) => (name.trim().to_owned(), value),
                    None => match rest.split_once([':', '-']) {
                        Some((name, text)) => {
                            (name.trim().trim_matches('`').to_owned(), clean(text))
                        }
                        None => return,
                    },
                };
                let name = name
                    .trim_matches(['`', '*'])
                    .split([' ', '(', ':'])
                    .next()
                    .unwrap_or_default()
                    .to_owned();
                let known = is_word(&name) && code.contains(&name);
                if known
                    && !text.is_empty()
                    && !self.parameters.iter().any(|(other, _)| *other == name)
                {
                    self.parameters.push((name, sentence(&text)));
                }
            }
            "RETURNS" | "RETURN" => {
                self.returns = if is_nothing(&value) { String::new() } else { sentence(&value) }
            }
            "ERROR" | "ERRORS" | "RAISES" | "THROWS" => {
                if is_nothing(&value) {
                    return;
                }
                let named = label.split_once(' ').map(|(_, name)| name.trim().to_owned());
                let (name, text) = match named {
                    Some(name) => (name, value),
                    None => match value.split_once(": ") {
                        Some((name, text)) if is_word(name) => (name.to_owned(), text.to_owned()),
                        _ => (String::new(), value),
                    },
                };
                self.errors.push((name, sentence(&text)));
            }
            _ if self.summary.is_empty() => {
                let all = clean(line);
                if !is_talk(&all) {
                    self.summary = all;
                }
            }
            _ => {}
        }
    }
}

fn has_label(line: &str) -> bool {
    let label = line.split([':', ' ']).next().unwrap_or_default().trim_matches('*').to_uppercase();
    ["SUMMARY", "DETAILS", "PARAM", "RETURNS", "ERROR", "ERRORS"].contains(&label.as_str())
}

fn is_talk(text: &str) -> bool {
    let lower = text.to_lowercase();
    lower.starts_with("sure")
        || lower.starts_with("here is")
        || lower.starts_with("here's")
        || lower.ends_with(':')
}

fn is_word(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_.:".contains(c))
}

fn is_nothing(text: &str) -> bool {
    let plain = text.trim_end_matches('.').to_lowercase();
    ["", "none", "nothing", "n/a", "no", "void", "-"].contains(&plain.as_str())
}

/// Without what would end a comment or a text in quotes.
fn clean(text: &str) -> String {
    text.replace("*/", "")
        .replace("\"\"\"", "\"")
        .replace("'''", "'")
        .trim()
        .trim_matches('"')
        .trim()
        .to_owned()
}

fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() || text.ends_with(['.', '!', '?', '`']) && !text.ends_with("..") {
        return text.to_owned();
    }
    format!("{text}.")
}
