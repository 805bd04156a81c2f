//! What a question can name, beside symbols: files, folders and patterns.

use ignore::gitignore::GitignoreBuilder;
use mlxcode_base::{LineRange, RelPath};

/// Whether a path is `name` or lies so in some folder.
pub fn ends_in(path: &RelPath, name: &str) -> bool {
    let rest = path.as_str().strip_suffix(name);
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}

/// Of several files with the same name, the outermost.
pub fn outermost<'p>(paths: impl Iterator<Item = &'p RelPath>) -> Option<&'p RelPath> {
    paths.min_by_key(|path| path.parts().count())
}

/// Takes lines off a file's name: `a:7`, `a:7-9`, a compiler's `a:7:12`, and
/// `a#L7-L9` as web pages link.
pub fn split_lines(word: &str) -> (&str, Option<LineRange>) {
    if let Some((name, lines)) = word.split_once("#L") {
        return (name, line_range(&lines.replace('L', "")));
    }
    let Some((name, last)) = word.rsplit_once(':') else { return (word, None) };
    if let Some((name, line)) = name.rsplit_once(':')
        && let (Some(line), Some(_)) = (line_range(line), line_range(last))
    {
        return (name, Some(line));
    }
    match line_range(last) {
        Some(lines) => (name, Some(lines)),
        None => (word, None),
    }
}

fn line_range(text: &str) -> Option<LineRange> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some(LineRange::new(first.parse().ok()?, last.parse().ok()?))
}

/// Tells whether a word is a pattern of paths: `src/**/*.rs`, `*.{py,pyi}`.
pub fn is_pattern(word: &str) -> bool {
    word.contains('*') && word.contains(['.', '/']) && !word.starts_with(['!', '#'])
}

/// The files that fit a pattern, in their order. One without a slash is of
/// files in any folder, one with a slash is meant from the root.
pub fn fitting(pattern: &str, files: &[RelPath]) -> Vec<RelPath> {
    let mut builder = GitignoreBuilder::new("");
    // The rules of `.gitignore` know no braces.
    let added = expanded(pattern).iter().all(|one| builder.add_line(None, one.as_str()).is_ok());
    let Some(rules) = builder.build().ok().filter(|_| added) else { return Vec::new() };
    let fits = |path: &&RelPath| rules.matched(path.as_path(), false).is_ignore();
    files.iter().filter(fits).cloned().collect()
}

/// One pattern for each of the choices in the first braces.
fn expanded(pattern: &str) -> Vec<String> {
    let braces = pattern.split_once('{').and_then(|(before, rest)| {
        let (choices, behind) = rest.split_once('}')?;
        Some((before, choices, behind))
    });
    let Some((before, choices, behind)) = braces else { return vec![pattern.to_owned()] };
    choices.split(',').map(|choice| format!("{before}{choice}{behind}")).collect()
}

/// The files of a folder, in their order; none for what is no folder.
pub fn in_folder(folder: &str, files: &[RelPath]) -> Vec<RelPath> {
    let start = format!("{}/", folder.trim_end_matches('/'));
    files.iter().filter(|path| path.as_str().starts_with(&start)).cloned().collect()
}
