//! Secrets that a change would publish.

use super::unified::{DiffFile, LineKind};

/// What looks like a secret.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Leak {
    /// The file.
    pub path: String,
    /// The line after the change.
    pub line: usize,
    /// What it looks like, such as `an AWS access key`.
    pub kind: &'static str,
}

/// Beginnings of tokens that their makers gave a form, with how many letters
/// and digits follow at least.
const FORMS: &[(&str, usize, &str)] = &[
    ("AKIA", 16, "an AWS access key"),
    ("ASIA", 16, "an AWS access key"),
    ("ghp_", 36, "a GitHub token"),
    ("gho_", 36, "a GitHub token"),
    ("ghs_", 36, "a GitHub token"),
    ("ghu_", 36, "a GitHub token"),
    ("github_pat_", 50, "a GitHub token"),
    ("glpat-", 20, "a GitLab token"),
    ("xoxb-", 20, "a Slack token"),
    ("xoxp-", 20, "a Slack token"),
    ("AIza", 35, "a Google key"),
    ("ya29.", 20, "a Google token"),
    ("sk_live_", 20, "a Stripe key"),
    ("rk_live_", 20, "a Stripe key"),
    ("sk-ant-", 20, "an Anthropic key"),
    ("sk-proj-", 20, "an OpenAI key"),
    ("hf_", 30, "a Hugging Face token"),
    ("npm_", 36, "an npm token"),
    ("pypi-AgEIcHlwaS5vcmc", 20, "a PyPI token"),
    ("dop_v1_", 40, "a DigitalOcean token"),
    ("SG.", 40, "a SendGrid key"),
];

/// Names whose values are secrets.
const NAMES: &[&str] = &[
    "password",
    "passwd",
    "secret",
    "api_key",
    "apikey",
    "api-key",
    "token",
    "private_key",
    "access_key",
];

/// Words in values that only stand for a secret.
const STAND_INS: &[&str] = &[
    "example",
    "changeme",
    "placeholder",
    "your",
    "xxxx",
    "dummy",
    "test",
    "fake",
    "sample",
    "todo",
    "redacted",
    "env",
    "secret",
    "password",
    "token",
    "1234567",
    "none",
    "null",
];

/// What the lines that a change brings seem to give away. It knows the forms
/// that makers of tokens document, and literals under telling names that look
/// drawn by lot.
pub fn leaks(files: &[DiffFile]) -> Vec<Leak> {
    let mut found = Vec::new();
    for file in files {
        for line in file.hunks.iter().flat_map(|hunk| &hunk.lines) {
            if line.kind != LineKind::Added {
                continue;
            }
            if let (Some(kind), Some(number)) = (leak_in(&line.text), line.new) {
                found.push(Leak { path: file.path.clone(), line: number, kind });
            }
        }
    }
    found
}

fn leak_in(line: &str) -> Option<&'static str> {
    if line.contains("-----BEGIN") && line.contains("PRIVATE KEY-----") {
        return Some("a private key");
    }
    let formed = FORMS.iter().find(|(start, count, _)| {
        line.match_indices(start).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            let body = &line[at + start.len()..];
            let length = body
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || "_-.".contains(*c))
                .count();
            before.is_none_or(|c| !c.is_ascii_alphanumeric())
                && length >= *count
                && !is_stand_in(body)
        })
    });
    if let Some((_, _, kind)) = formed {
        return Some(kind);
    }
    if let Some(at) = line.find("://")
        && let Some((user, _)) = line[at + 3..].split_once('@')
        && let Some((_, password)) = user.split_once(':')
        && password.len() >= 6
        && !user.contains(['/', ' ', '"', '\'', '$', '{', '<', '%'])
        && !is_stand_in(password)
    {
        return Some("a password in an address");
    }
    let lower = line.to_ascii_lowercase();
    let named = NAMES.iter().any(|name| lower.contains(name));
    (named && literals(line).any(|value| looks_drawn(value) && !is_stand_in(value)))
        .then_some("a value that looks drawn by lot under a telling name")
}

/// The texts in quotes.
fn literals(line: &str) -> impl Iterator<Item = &str> {
    ['"', '\'', '`'].into_iter().flat_map(move |quote| line.split(quote).skip(1).step_by(2))
}

fn is_stand_in(value: &str) -> bool {
    let lower: String = value.chars().take(60).collect::<String>().to_ascii_lowercase();
    STAND_INS.iter().any(|word| lower.contains(word))
}

/// Letters of both cases and digits without a word's form, long enough, and of
/// many different signs.
fn looks_drawn(value: &str) -> bool {
    let plain = value.chars().all(|c| c.is_ascii_alphanumeric() || "+/=_-.~!@#$%^&*".contains(c));
    if !(16..=200).contains(&value.len()) || !plain {
        return false;
    }
    let has = |test: fn(&char) -> bool| value.chars().any(|c| test(&c));
    let kinds =
        [has(char::is_ascii_digit), has(char::is_ascii_lowercase), has(char::is_ascii_uppercase)];
    entropy(value) > 3.4 && kinds[0] && (kinds[1] || kinds[2])
}

/// Bits a character (Shannon 1948).
fn entropy(text: &str) -> f64 {
    let mut counts = [0_usize; 256];
    text.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let length = text.len() as f64;
    let share = |count: usize| count as f64 / length;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| -share(*count) * share(*count).log2())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_told_from_what_only_looks_like_one() {
        let check =
            |line: &str, expect: bool| assert_eq!(leak_in(line).is_some(), expect, "{line}");
        let drawn = "Zx8kQ2mV9pLr4TnB7wYc";
        check(&format!("key = \"{}{}\"", "AKIA", "Q3EGRIKZW2TPLMN5"), true);
        check(&format!("{}{}", "ghp_", "a8Zk2".repeat(8)), true);
        check(&format!("{}BEGIN RSA {}", "-----", "PRIVATE KEY-----"), true);
        check(&format!("password = '{drawn}'"), true);
        check(&format!("url = 'postgres://app:{drawn}@db/x'"), true);
        check(&format!("title = '{drawn}'"), false);
        check("password = os.environ['APP_PASSWORD_2024_LONG']", false);
        check("token = \"your-token-goes-here-123\"", false);
        check("let token = tokenizer.decode_stream(buffer);", false);
        check("assert secret == \"the quick brown fox 1\"", false);
        check("AKIAIOSFODNN7EXAMPLE", false);
        check("https://user:${PASSWORD}@host/x", false);
    }
}
