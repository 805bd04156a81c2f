//! Words of questions and of code.

use std::collections::HashMap;

/// Words that stand in every question and tell nothing of the code.
const STOP_WORDS: [&str; 64] = [
    "a", "about", "all", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can",
    "code", "could", "did", "do", "does", "done", "each", "explain", "find", "for", "from", "get",
    "has", "have", "here", "how", "if", "in", "into", "is", "it", "its", "made", "make", "me",
    "my", "of", "on", "or", "please", "show", "so", "that", "the", "their", "then", "there",
    "they", "this", "to", "used", "was", "we", "what", "when", "where", "which", "who", "why",
    "with",
];

/// Words that tell little: rare in code, and seldom what is looked for.
const WEAK_WORDS: [&str; 73] = [
    "actually", "after", "before", "being", "came", "come", "comes", "decide", "decided", "else",
    "ever", "every", "exactly", "given", "gives", "goes", "got", "handle", "handled", "handles",
    "happen", "happens", "inside", "instead", "like", "long", "many", "much", "must", "need",
    "needs", "not", "off", "old", "one", "only", "other", "our", "out", "outside", "over", "same",
    "several", "should", "since", "some", "such", "than", "them", "these", "those", "through",
    "too", "toward", "until", "up", "upon", "use", "uses", "using", "very", "via", "want", "way",
    "were", "while", "will", "within", "without", "would", "writing", "you", "your",
];

/// Words that programmers shorten, and what they shorten them to.
const SHORT_FORMS: [(&str, &str); 26] = [
    ("argument", "arg"),
    ("authentication", "auth"),
    ("authorization", "auth"),
    ("buffer", "buf"),
    ("command", "cmd"),
    ("configuration", "config"),
    ("connection", "conn"),
    ("context", "ctx"),
    ("database", "db"),
    ("dependency", "dep"),
    ("directory", "dir"),
    ("document", "doc"),
    ("environment", "env"),
    ("error", "err"),
    ("expression", "expr"),
    ("folder", "dir"),
    ("function", "fn"),
    ("implementation", "impl"),
    ("initialize", "init"),
    ("length", "len"),
    ("message", "msg"),
    ("parameter", "param"),
    ("reference", "ref"),
    ("request", "req"),
    ("response", "resp"),
    ("temporary", "tmp"),
];

/// What a weak word weighs beside another.
const WEAK_WEIGHT: f32 = 0.4;

/// What a word weighs that the question writes as a part of an identifier:
/// whoever writes `max_age` means the code's word.
const IDENTIFIER_WEIGHT: f32 = 1.5;

/// What two neighbours weigh beside what each of them weighs alone.
const PAIR_WEIGHT: f32 = 0.5;

/// The words of a question, stemmed, each once.
#[derive(Clone, Debug)]
pub struct Query {
    /// The words in the order of the question.
    pub terms: Vec<QueryTerm>,
    /// The term of each stem; short and long forms share one.
    numbers: HashMap<String, usize>,
    /// The term of two that follow each other.
    pairs: HashMap<(usize, usize), usize>,
    /// Whether a stem begins with these two bytes. A stem is a beginning of its
    /// word, so nearly all words of a text are passed over with one look.
    beginnings: Vec<bool>,
}

/// One word of a question.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryTerm {
    /// As the question writes it, in lower case.
    pub word: String,
    /// Of two neighbours of the question, the numbers of the two: `data class`
    /// also asks for `DataClass` and for `dataclass`. That nobody writes it so
    /// says nothing against a passage.
    pub parts: Option<[usize; 2]>,
    /// How much it tells, to 1.
    pub weight: f32,
}

impl Query {
    /// Reads the words of a question.
    pub fn new(question: &str) -> Self {
        let mut query = Self {
            terms: Vec::new(),
            numbers: HashMap::new(),
            pairs: HashMap::new(),
            beginnings: vec![false; 1 << 16],
        };
        let mut pairs = Vec::new();
        let mut before: Option<usize> = None;
        each_word(question, |word| {
            let number = Self::tells(word).then(|| query.add(word, None));
            pairs.extend(before.zip(number));
            before = number;
        });
        for (first, second) in pairs {
            let word = format!("{}{}", query.terms[first].word, query.terms[second].word);
            let number = query.add(&word, Some([first, second]));
            if query.terms[number].parts.is_some() {
                // As the question writes it, where it is told.
                query.terms[number].word =
                    format!("{} {}", query.terms[first].word, query.terms[second].word);
            }
            query.pairs.insert((first, second), number);
        }
        each_identifier(question, |whole| {
            each_word(whole, |word| {
                let number = query.numbers.get(stem(word)).copied();
                if let Some(term) = number.and_then(|number| query.terms.get_mut(number)) {
                    term.weight = term.weight.max(IDENTIFIER_WEIGHT);
                }
            });
        });
        for (long, short) in SHORT_FORMS.map(|(long, short)| (stem(long), stem(short))) {
            let number = query.numbers.get(long).or_else(|| query.numbers.get(short)).copied();
            if let Some(number) = number {
                query.numbers.entry(long.to_owned()).or_insert(number);
                query.numbers.entry(short.to_owned()).or_insert(number);
            }
        }
        for place in query.numbers.keys().filter_map(|stem| beginning(stem)) {
            query.beginnings[place] = true;
        }
        query
    }

    /// Tells whether a word is worth looking for.
    pub fn tells(word: &str) -> bool {
        word.chars().nth(1).is_some() && !STOP_WORDS.contains(&word)
    }

    fn add(&mut self, word: &str, parts: Option<[usize; 2]>) -> usize {
        let next = self.terms.len();
        let number = *self.numbers.entry(stem(word).to_owned()).or_insert(next);
        if number == next {
            let weak = WEAK_WORDS.contains(&word);
            let weight = match parts {
                Some(_) => PAIR_WEIGHT,
                None if weak => WEAK_WEIGHT,
                None => 1.0,
            };
            self.terms.push(QueryTerm { word: word.to_owned(), parts, weight });
        }
        number
    }

    /// The stems that are counted, each with the number of its term.
    pub fn stems(&self) -> Vec<(&str, usize)> {
        let mut stems: Vec<(&str, usize)> =
            self.numbers.iter().map(|(stem, number)| (stem.as_str(), *number)).collect();
        stems.sort_unstable_by_key(|(stem, number)| (*number, *stem));
        stems
    }

    /// Tells whether a word of the question begins so.
    pub fn asks(&self, beginning: &str) -> bool {
        self.terms.iter().any(|term| term.word.starts_with(beginning))
    }

    /// Counts how often each term occurs in `text`, and how many words it has.
    pub fn count(&self, text: &str) -> (Vec<u32>, u32) {
        let mut counts = vec![0; self.terms.len()];
        let mut words = 0;
        let mut before: Option<usize> = None;
        each_word(text, |word| {
            words += 1;
            let known = beginning(word).is_some_and(|place| self.beginnings[place]);
            let number = known.then(|| self.numbers.get(stem(word)).copied()).flatten();
            if let Some(number) = number {
                counts[number] += 1;
                if let Some(pair) = before.and_then(|before| self.pairs.get(&(before, number))) {
                    counts[*pair] += 1;
                }
            }
            before = number;
        });
        (counts, words)
    }
}

/// The place of a word's first two bytes among all such pairs.
fn beginning(word: &str) -> Option<usize> {
    match word.as_bytes() {
        [first, second, ..] => Some(usize::from(*first) << 8 | usize::from(*second)),
        _ => None,
    }
}

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

    #[test]
    fn a_question_is_its_telling_words() {
        let query = Query::new("Where is the configuration read?");
        let words: Vec<_> = query.terms.iter().map(|term| term.word.as_str()).collect();
        assert_eq!(words, ["configuration", "read", "configuration read"]);
        assert_eq!(query.count("fn read_config() { configure(); }").0, [2, 1, 0]);
        assert_eq!(query.count("configuration_read; config.read").0, [2, 2, 2]);
    }

    #[test]
    fn neighbours_are_also_looked_for_as_one_word() {
        let query = Query::new("how is a data class of the git ignore file made?");
        assert_eq!(
            query.count("dataclasses GitIgnore gitignore classof").0,
            [0, 0, 1, 1, 0, 1, 2, 0]
        );
    }
}
