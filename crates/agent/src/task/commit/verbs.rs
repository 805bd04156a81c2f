//! The forms of the verbs that begin commit messages.

/// How a message's first verb stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mood {
    /// “Add”.
    Imperative,
    /// “Adds”.
    Present,
    /// “Added”.
    Past,
    /// “Adding”.
    Gerund,
}

impl Mood {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Imperative => "imperative (Add …)",
            Self::Present => "third person (Adds …)",
            Self::Past => "past (Added …)",
            Self::Gerund => "gerund (Adding …)",
        }
    }
}

/// Verbs that form their past regularly, and begin most messages. Words that
/// are as often nouns at this place (“test”, “release”) are verbs only in the
/// other forms.
const REGULAR: &[&str] = &[
    "add",
    "fix",
    "remove",
    "update",
    "use",
    "refactor",
    "improve",
    "change",
    "move",
    "rename",
    "implement",
    "support",
    "allow",
    "handle",
    "avoid",
    "ensure",
    "enable",
    "disable",
    "replace",
    "clean",
    "correct",
    "introduce",
    "extract",
    "simplify",
    "convert",
    "create",
    "delete",
    "drop",
    "bump",
    "revert",
    "merge",
    "expose",
    "include",
    "ignore",
    "prevent",
    "optimize",
    "optimise",
    "reduce",
    "increase",
    "document",
    "clarify",
    "deprecate",
    "prepare",
    "return",
    "check",
    "skip",
    "pass",
    "print",
    "log",
    "load",
    "store",
    "cache",
    "parse",
    "render",
    "format",
    "validate",
    "verify",
    "test",
    "release",
    "configure",
    "install",
    "upgrade",
    "downgrade",
    "migrate",
    "port",
    "wrap",
    "unify",
    "reuse",
    "rework",
    "reorder",
    "reorganize",
    "restore",
    "restructure",
    "adjust",
    "apply",
    "assert",
    "call",
    "close",
    "compile",
    "complete",
    "define",
    "detect",
    "display",
    "export",
    "extend",
    "filter",
    "follow",
    "generate",
    "guard",
    "import",
    "initialize",
    "inline",
    "limit",
    "link",
    "list",
    "mark",
    "match",
    "mention",
    "modify",
    "normalize",
    "note",
    "omit",
    "open",
    "pin",
    "polish",
    "preserve",
    "propagate",
    "provide",
    "quote",
    "raise",
    "reject",
    "relax",
    "report",
    "require",
    "reset",
    "resolve",
    "respect",
    "save",
    "show",
    "sort",
    "specify",
    "start",
    "stop",
    "strip",
    "switch",
    "track",
    "tweak",
    "unwrap",
    "escape",
    "exclude",
    "expand",
    "hook",
    "tidy",
    "touch",
    "trim",
    "turn",
    "warn",
    "work",
    "describe",
    "explain",
    "silence",
    "declare",
    "default",
    "defer",
    "emit",
    "encode",
    "decode",
    "embed",
    "enforce",
    "fall",
    "force",
    "group",
    "improve",
    "invoke",
    "lock",
    "lower",
    "map",
    "order",
    "patch",
    "publish",
    "pull",
    "push",
    "query",
    "record",
    "register",
    "retry",
    "scan",
    "select",
    "separate",
    "share",
    "suppress",
    "sync",
    "toggle",
    "treat",
    "try",
    "unlock",
    "wait",
    "watch",
    "accept",
    "address",
    "align",
    "annotate",
];

/// Base, third person, past, gerund.
const IRREGULAR: &[[&str; 4]] = &[
    ["make", "makes", "made", "making"],
    ["write", "writes", "wrote", "writing"],
    ["build", "builds", "built", "building"],
    ["keep", "keeps", "kept", "keeping"],
    ["run", "runs", "ran", "running"],
    ["get", "gets", "got", "getting"],
    ["give", "gives", "gave", "giving"],
    ["take", "takes", "took", "taking"],
    ["bring", "brings", "brought", "bringing"],
    ["send", "sends", "sent", "sending"],
    ["find", "finds", "found", "finding"],
    ["hide", "hides", "hid", "hiding"],
    ["do", "does", "did", "doing"],
    ["tell", "tells", "told", "telling"],
    ["begin", "begins", "began", "beginning"],
    ["bind", "binds", "bound", "binding"],
    ["hold", "holds", "held", "holding"],
    ["rewrite", "rewrites", "rewrote", "rewriting"],
    ["rebuild", "rebuilds", "rebuilt", "rebuilding"],
    ["undo", "undoes", "undid", "undoing"],
    ["set", "sets", "set", "setting"],
    ["put", "puts", "put", "putting"],
    ["let", "lets", "let", "letting"],
    ["split", "splits", "split", "splitting"],
    ["cut", "cuts", "cut", "cutting"],
    ["read", "reads", "read", "reading"],
];

/// Base forms that are nouns as often.
const NOUNS: &[&str] = &[
    "test", "release", "format", "log", "cache", "port", "link", "list", "document", "note",
    "default", "map", "group", "order", "patch", "query", "record", "lock", "hook", "support",
    "change", "update", "work", "filter", "export", "import", "upgrade", "share", "report",
    "limit", "start", "escape", "address",
];

/// Doubles the last consonant: “dropped”, “stripping”.
fn doubles(base: &str) -> bool {
    [
        "drop", "skip", "wrap", "trim", "strip", "pin", "log", "stop", "scan", "map", "omit",
        "defer", "unwrap", "emit",
    ]
    .contains(&base)
}

fn forms(base: &'static str) -> [String; 4] {
    if let Some(found) = IRREGULAR.iter().find(|forms| forms[0] == base) {
        return found.map(str::to_owned);
    }
    let doubled =
        if doubles(base) { format!("{base}{}", &base[base.len() - 1..]) } else { base.to_owned() };
    let stem_y = base.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u']));
    let third = match stem_y {
        Some(stem) => format!("{stem}ies"),
        None if base.ends_with(['s', 'x']) || base.ends_with("ch") || base.ends_with("sh") => {
            format!("{base}es")
        }
        None => format!("{base}s"),
    };
    let past = match stem_y {
        Some(stem) => format!("{stem}ied"),
        None if base.ends_with('e') => format!("{base}d"),
        None => format!("{doubled}ed"),
    };
    let gerund = match base.strip_suffix('e') {
        Some(stem) => format!("{stem}ing"),
        None => format!("{doubled}ing"),
    };
    [base.to_owned(), third, past, gerund]
}

/// The verb that a word is a form of, and which; `None` of other words, and of
/// those that are nouns as often.
pub fn mood_of(word: &str) -> Option<Mood> {
    let lower = word.to_lowercase();
    let (base, mood) = find(&lower)?;
    (mood != Mood::Imperative || !NOUNS.contains(&base)).then_some(mood)
}

/// The same verb in another form; `None` of words that are no verb here.
pub fn in_mood(word: &str, mood: Mood) -> Option<String> {
    let (base, _) = find(&word.to_lowercase())?;
    let all = forms(base);
    let new = match mood {
        Mood::Imperative => &all[0],
        Mood::Present => &all[1],
        Mood::Past => &all[2],
        Mood::Gerund => &all[3],
    };
    let upper = word.chars().next().is_some_and(char::is_uppercase);
    Some(if upper { capital(new) } else { new.clone() })
}

fn find(lower: &str) -> Option<(&'static str, Mood)> {
    let bases = REGULAR.iter().copied().chain(IRREGULAR.iter().map(|forms| forms[0]));
    let moods = [Mood::Imperative, Mood::Present, Mood::Past, Mood::Gerund];
    bases.into_iter().find_map(|base| {
        let place = forms(base).iter().position(|form| form == lower)?;
        Some((base, moods[place]))
    })
}

/// The text with its first letter as a capital.
pub fn capital(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// The text with its first letter small, unless the word is written in
/// capitals throughout or holds a sign of code.
pub fn small(text: &str) -> String {
    let word = text.split_whitespace().next().unwrap_or_default();
    let code = word.contains(['_', '(', '`', '.', '/', ':', '<']);
    let capitals = word.chars().skip(1).any(char::is_uppercase);
    let single = word.chars().count() == 1 && word != "A";
    if code || capitals || single {
        return text.to_owned();
    }
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_are_known_in_all_forms() {
        for (word, expect) in [
            ("Add", Some(Mood::Imperative)),
            ("adds", Some(Mood::Present)),
            ("Fixed", Some(Mood::Past)),
            ("Fixes", Some(Mood::Present)),
            ("simplified", Some(Mood::Past)),
            ("Dropping", Some(Mood::Gerund)),
            ("removing", Some(Mood::Gerund)),
            ("wrote", Some(Mood::Past)),
            ("Passes", Some(Mood::Present)),
            ("Test", None),
            ("Tests", Some(Mood::Present)),
            ("Parser", None),
            ("", None),
        ] {
            assert_eq!(mood_of(word), expect, "{word}");
        }
    }

    #[test]
    fn verbs_are_put_into_another_form() {
        for (word, mood, expect) in [
            ("Added", Mood::Imperative, Some("Add")),
            ("uses", Mood::Imperative, Some("use")),
            ("Stripped", Mood::Imperative, Some("Strip")),
            ("Fix", Mood::Past, Some("Fixed")),
            ("apply", Mood::Present, Some("applies")),
            ("Made", Mood::Imperative, Some("Make")),
            ("Parser", Mood::Past, None),
        ] {
            assert_eq!(in_mood(word, mood).as_deref(), expect, "{word}");
        }
    }

    #[test]
    fn the_first_letter_is_small_but_in_names() {
        for (text, expect) in [
            ("Add x", "add x"),
            ("HTTP client", "HTTP client"),
            ("`Foo` is", "`Foo` is"),
            ("GitHub is", "GitHub is"),
            ("", ""),
        ] {
            assert_eq!(small(text), expect);
        }
    }
}
