//! Finding what was said.

use rusqlite::{OptionalExtension, params};
use serde_json::Value;

use super::error::SessionError;
use super::limits::QUERY_WORDS;
use super::record::{RecordKind, findable};
use super::{Problem, Result, SessionId, SessionStore, number};

/// Characters of a snippet before the first word that was found.
const BEFORE: usize = 40;

/// Characters of a snippet in all.
const SNIPPET: usize = 160;

/// A place in a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionHit {
    /// The session; of several that share it, the one that began first.
    pub session: SessionId,
    /// Its name, else its title.
    pub label: String,
    /// The turn.
    pub turn: u32,
    /// The record.
    pub seq: u64,
    /// What the record tells of.
    pub kind: RecordKind,
    /// When, in milliseconds since 1970.
    pub time_ms: u64,
    /// The text around the first word that was found, as one line.
    pub snippet: String,
}

impl SessionStore {
    /// Finds the records that hold all words of `query`, the best first: BM25
    /// as SQLite's FTS5 computes it. A word in quotes with others is a phrase,
    /// and one that ends in `*` the beginning of a word. Case and accents are
    /// ignored.
    pub fn search(&self, query: &str, limit: usize) -> Result<Vec<SessionHit>> {
        let terms = terms(query);
        if terms.is_empty() {
            return Err(SessionError::NoWords { query: query.to_owned() });
        }
        let expression: Vec<String> = terms.iter().map(Term::expression).collect();
        self.read(|file| {
            let mut found = file.prepare_cached(
                "SELECT rowid FROM said WHERE said MATCH ?1 ORDER BY rank, rowid DESC LIMIT ?2",
            )?;
            let mut place = file.prepare_cached(
                "SELECT key, name, title, turn, seq, kind, time_ms, data
                 FROM record JOIN session ON session.id = record.session
                 JOIN body ON body.id = record.body
                 WHERE record.body = ?1 ORDER BY session.id LIMIT 1",
            )?;
            let mut hits = Vec::new();
            let mut bodies = found.query(params![expression.join(" "), limit as i64])?;
            while let Some(row) = bodies.next()? {
                let body: i64 = row.get(0)?;
                let hit = place
                    .query_row([body], |row| {
                        let name: Option<String> = row.get(1)?;
                        let title: String = row.get(2)?;
                        let kind = RecordKind::from(row.get::<_, String>(5)?);
                        let key: String = row.get(0)?;
                        let (turn, seq, time_ms) = (row.get(3)?, number(row, 4)?, number(row, 6)?);
                        let data: String = row.get(7)?;
                        Ok((key, name.unwrap_or(title), turn, seq, kind, time_ms, data))
                    })
                    .optional()?;
                let damage = || Problem::Damage(format!("text {body} was changed"));
                let (key, label, turn, seq, kind, time_ms, data) = hit.ok_or_else(damage)?;
                let data: Value = serde_json::from_str(&data).map_err(|_| damage())?;
                let snippet = snippet(findable(&kind, &data).unwrap_or_default(), &terms);
                let session = key.parse().map_err(Problem::Damage)?;
                hits.push(SessionHit { session, label, turn, seq, kind, time_ms, snippet });
            }
            Ok(hits)
        })
    }
}

/// What has to stand in a text.
struct Term {
    /// Lower case; a word, or several in a row.
    text: String,
    is_prefix: bool,
}

impl Term {
    /// As FTS5 reads it: always in quotes, so that nothing in it is an operator.
    fn expression(&self) -> String {
        let star = if self.is_prefix { "*" } else { "" };
        format!("\"{}\"{star}", self.text.replace('"', "\"\""))
    }
}

/// The words and phrases of a query.
fn terms(query: &str) -> Vec<Term> {
    let has_letters = |text: &str| text.chars().any(char::is_alphanumeric);
    let mut terms = Vec::new();
    for (number, part) in query.split('"').enumerate() {
        let phrases: Vec<&str> =
            if number % 2 == 1 { vec![part] } else { part.split_whitespace().collect() };
        for phrase in phrases.into_iter().filter(|phrase| has_letters(phrase)) {
            let is_prefix = phrase.ends_with('*');
            // A zero byte would end the expression.
            let text = phrase.trim_end_matches('*').replace('\0', " ").to_lowercase();
            terms.push(Term { text, is_prefix });
        }
    }
    terms.truncate(QUERY_WORDS);
    terms
}

/// The text around the first word that was found, as one line.
fn snippet(text: &str, terms: &[Term]) -> String {
    let folded = text.to_lowercase();
    // Lower case may be longer or shorter, in bytes and in characters: the place
    // is a guess then, which shows another part of the same text.
    let at = terms.iter().filter_map(|term| folded.find(&term.text)).min().unwrap_or(0);
    let place = folded[..at].chars().count();
    let skipped = place.saturating_sub(BEFORE);
    let shown: String = text.chars().skip(skipped).take(SNIPPET).collect();
    let is_cut = text.chars().count() > skipped + SNIPPET;
    let line = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    let (head, tail) = (if skipped > 0 { "…" } else { "" }, if is_cut { "…" } else { "" });
    format!("{head}{line}{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expression(query: &str) -> String {
        terms(query).iter().map(Term::expression).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn queries_are_words_and_phrases_and_never_operators() {
        for (query, expect) in [
            ("Port open", r#""port" "open""#),
            (r#"a "b C" d"#, r#""a" "b c" "d""#),
            ("conf*", r#""conf"*"#),
            ("a OR NEAR(b) -c", r#""a" "or" "near(b)" "-c""#),
            (r#"half "open"#, r#""half" "open""#),
            ("* -- ''", ""),
        ] {
            assert_eq!(expression(query), expect, "{query}");
        }
    }

    #[test]
    fn snippets_show_the_word_in_one_line() {
        let text = format!("{}the port\nis open{}", "word ".repeat(30), " word".repeat(60));
        let shown = snippet(&text, &terms("PORT"));
        assert!(shown.starts_with('…') && shown.ends_with('…'), "{shown}");
        assert!(shown.contains("the port is open") && !shown.contains('\n'), "{shown}");
        assert!(shown.chars().count() <= SNIPPET + 2);
        assert_eq!(snippet("short", &terms("none")), "short");
        // Characters whose lower case is longer.
        assert_eq!(snippet("İİİ x", &terms("x")), "İİİ x");
    }
}
