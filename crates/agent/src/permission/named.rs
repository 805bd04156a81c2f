//! The files that the words of a reading command name.

use super::shell::SimpleCommand;
use super::wrapper::base_name;

/// Programs that open no file that they are given: their words are texts.
const WITHOUT_FILES: [&str; 23] = [
    "echo", "printf", "true", "false", "pwd", "whoami", "id", "groups", "uname", "arch", "nproc",
    "free", "uptime", "seq", "sleep", "expr", "tr", "basename", "dirname", "which", "type",
    "printenv", "command",
];

/// Programs whose first word is a text to look for.
const SEARCHERS: [&str; 4] = ["grep", "egrep", "fgrep", "rg"];

/// Programs that part lines at a sign which stands behind an option.
const PARTERS: [&str; 5] = ["cut", "paste", "column", "join", "sort"];

/// Letters that may stand before the value of a short option in one word.
const MOST_LETTERS: usize = 8;

/// A path that a word names, or may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named<'c> {
    pub path: &'c str,
    pub what: NamedBy,
}

/// How sure it is that a word names a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedBy {
    /// It is a file where it is one at all.
    Word,
    /// The shell puts the files in place that fit it.
    Pattern,
    /// It is a part of a word that may be the value of an option.
    Guess,
}

/// The files that a command names that only reads.
pub fn named(command: &SimpleCommand) -> Vec<Named<'_>> {
    let [program, arguments @ ..] = command.words.as_slice() else { return Vec::new() };
    let name = base_name(program);
    let is_text = WITHOUT_FILES.contains(&name);
    let sought = sought(name, arguments);
    let mut all = Vec::new();
    let mut add = |path, what| all.push(Named { path, what });
    for (at, word) in arguments.iter().enumerate() {
        if command.patterns.contains(word) {
            add(word.as_str(), NamedBy::Pattern);
            continue;
        }
        let is_format = name == "date" && word.starts_with('+');
        if is_text || is_format || sought == Some(at) || is_separator(name, arguments, at) {
            continue;
        }
        add(word, NamedBy::Word);
        if let Some((_, value)) = word.split_once('=') {
            add(value, NamedBy::Word);
        }
        if let Some(cluster) = word.strip_prefix('-').filter(|rest| !rest.starts_with('-')) {
            let value = cluster.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
            // `-d/` parts at a sign, and nobody reads the root of all.
            if value.len() < cluster.len() && value.starts_with(['/', '.']) && value != "/" {
                add(value, NamedBy::Word);
            }
            let starts = cluster.char_indices().map(|(start, _)| start).skip(1);
            for start in starts.take(MOST_LETTERS) {
                add(&cluster[start..], NamedBy::Guess);
            }
        }
        // `HEAD:path`, `:0:path`, `:/path` and `:(top)path`.
        if name == "git" {
            for (_, path) in [word.split_once(':'), word.rsplit_once(':')].into_iter().flatten() {
                let path = path.split_once(')').map_or(path, |(_, path)| path);
                add(path.trim_start_matches('/'), NamedBy::Guess);
            }
        }
    }
    if name == "cd" {
        let to: Vec<&str> =
            arguments.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
        // Without a word it goes to the home folder, and `-` is where it was.
        if arguments.iter().any(|word| word == "-") {
            add("~-", NamedBy::Word);
        } else if to.is_empty() {
            add("~", NamedBy::Word);
        }
    }
    all
}

/// Whether a command names files as they lie below another folder.
pub fn is_elsewhere(command: &SimpleCommand) -> bool {
    let is_git = command.words.first().is_some_and(|program| base_name(program) == "git");
    is_git && command.words.iter().any(|word| word == "-C")
}

/// The place of the text that a program looks for, where that is sure.
fn sought(name: &str, arguments: &[String]) -> Option<usize> {
    let first = match name {
        name if SEARCHERS.contains(&name) => 0,
        "git" if arguments.first().is_some_and(|verb| verb == "grep") => 1,
        _ => return None,
    };
    // With one of these, the first word may be a file.
    let may_be_file = arguments.iter().any(|word| match word.strip_prefix("--") {
        Some("") => true,
        Some(long) => long.starts_with('f') || long.starts_with("reg") || long.starts_with("type"),
        None => word.starts_with('-') && word.contains(['e', 'f']),
    });
    let at = first + arguments[first..].iter().position(|word| !word.starts_with('-'))?;
    // The value of a long option.
    let is_value = at > first && {
        let before = &arguments[at - 1];
        before.starts_with("--") && !before.contains('=')
    };
    (!may_be_file && !is_value).then_some(at)
}

fn is_separator(name: &str, arguments: &[String], at: usize) -> bool {
    let before = at.checked_sub(1).map(|before| arguments[before].as_str());
    PARTERS.contains(&name) && arguments[at] == "/" && matches!(before, Some("-d" | "-t" | "-s"))
}

#[cfg(test)]
mod tests {
    use super::super::wrapper::commands;
    use super::*;

    #[test]
    fn words_that_name_files_are_told_from_texts() {
        for (line, expect) in [
            ("cat a b/c", &["a", "b/c"][..]),
            ("echo /etc/passwd ../x", &[]),
            ("echo a/*", &["a/*"]),
            ("grep -n /etc/ x", &["-n", "x"]),
            ("grep -e x /etc/y", &["-e", "x", "/etc/y"]),
            ("grep -rf/etc/y x", &["-rf/etc/y", "/etc/y", "x"]),
            ("grep -f../y x", &["-f../y", "../y", "x"]),
            ("grep -- -x /etc/y", &["--", "-x", "/etc/y"]),
            ("grep --file=../y x", &["--file=../y", "../y", "x"]),
            ("grep --exclude-from /etc/y x", &["--exclude-from", "/etc/y", "x"]),
            ("rg --files /etc", &["--files", "/etc"]),
            ("rg -I /x/ src", &["-I", "src"]),
            ("git grep -n /x/ src", &["grep", "-n", "src"]),
            ("git diff /x/ src", &["diff", "/x/", "src"]),
            ("cut -d/ -f1 x", &["-d/", "-f1", "x"]),
            ("cut -d / -f 1 x", &["-d", "-f", "1", "x"]),
            ("date +/%Y", &[]),
            ("tr / _", &[]),
            ("ls -I/usr/include", &["-I/usr/include", "/usr/include"]),
            ("cd", &["~"]),
            ("cd -", &["-", "~-"]),
            ("cd -P src", &["-P", "src"]),
        ] {
            let all = commands(line).unwrap();
            let sure = named(&all[0]).into_iter().filter(|one| one.what != NamedBy::Guess);
            assert_eq!(sure.map(|one| one.path).collect::<Vec<_>>(), expect, "{line}");
        }
        for (line, expect) in [
            ("grep -fsecrets/key x", "secrets/key"),
            ("git show HEAD:secrets/key", "secrets/key"),
            ("git show :/secrets/key", "secrets/key"),
            ("git show :0:secrets/key", "secrets/key"),
            ("git diff ':(top)secrets/key'", "secrets/key"),
        ] {
            let all = commands(line).unwrap();
            let guess = Named { path: expect, what: NamedBy::Guess };
            assert!(named(&all[0]).contains(&guess), "{line}");
        }
    }
}
