//! The names that models call tools by.

use std::collections::HashSet;

use mlxcode_base::ContentHash;

/// What stands between a server's name and its tool's.
const BETWEEN: &str = "__";

/// How long a name may be, for the strictest of the services.
const MOST_CHARS: usize = 64;

/// How many hexadecimal digits tell names apart that would be one.
const DIGITS: usize = 6;

/// `server__tool`, of letters, digits, `_` and `-` and 64 at most. Where that
/// is not what the two are called, or is taken, a hash of both follows, so
/// that the same tool has the same name each time.
pub(crate) fn qualified(server: &str, tool: &str, taken: &HashSet<String>) -> String {
    let plain = format!("{server}{BETWEEN}{tool}");
    let safe = format!("{}{BETWEEN}{}", safe(server), safe(tool));
    if safe == plain && safe.len() <= MOST_CHARS && !taken.contains(&safe) {
        return safe;
    }
    let mut turn = 0_u32;
    loop {
        let hash = ContentHash::of(format!("{server}\0{tool}\0{turn}").as_bytes()).to_string();
        let kept = &safe[..safe.len().min(MOST_CHARS - DIGITS - 1)];
        let name = format!("{}_{}", kept.trim_end_matches('_'), &hash[..DIGITS]);
        if !taken.contains(&name) {
            return name;
        }
        turn += 1;
    }
}

/// Letters, digits, `_` and `-`; all else is one `_` a run.
fn safe(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || c == '-' || c == '_' {
            out.push(c);
        } else if !out.ends_with('_') {
            out.push('_');
        }
    }
    // Some services ask for a letter or `_` first.
    if !out.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        out.insert(0, '_');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alone(server: &str, tool: &str) -> String {
        qualified(server, tool, &HashSet::new())
    }

    #[test]
    fn plain_names_stay() {
        assert_eq!(alone("git", "git_status"), "git__git_status");
        assert_eq!(alone("my-fs", "read-file"), "my-fs__read-file");
    }

    #[test]
    fn every_name_is_one_that_models_may_call() {
        let long = "x".repeat(200);
        let names = [
            ("größe", "maß.nehmen"),
            ("服务", "工具"),
            ("a b", "c/d"),
            ("7zip", "pack"),
            ("", ""),
            (long.as_str(), "y"),
            ("s", long.as_str()),
            ("🦀", "🦀🦀"),
        ];
        let mut seen = HashSet::new();
        for (server, tool) in names {
            let name = alone(server, tool);
            let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            assert!(name.len() <= 64 && name.chars().all(allowed), "{name}");
            assert!(!name.starts_with(|c: char| c.is_ascii_digit() || c == '-'), "{name}");
            assert_eq!(name, alone(server, tool));
            assert!(seen.insert(name));
        }
    }

    #[test]
    fn two_tools_never_share_a_name() {
        let mut taken = HashSet::new();
        for (server, tool) in [("a__b", "c"), ("a", "b__c"), ("服", "工"), ("务", "具")] {
            assert!(taken.insert(qualified(server, tool, &taken)), "{server} {tool}");
        }
    }
}
