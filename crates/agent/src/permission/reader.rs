//! Commands that only read.

use super::shell::SimpleCommand;
use super::wrapper::system_name;

/// Programs that write nothing and start nothing, whatever their options.
const PLAIN: [&str; 67] = [
    "ls",
    "cat",
    "head",
    "tail",
    "wc",
    "nl",
    "cut",
    "tr",
    "comm",
    "paste",
    "column",
    "fold",
    "fmt",
    "rev",
    "tac",
    "od",
    "hexdump",
    "strings",
    "stat",
    "du",
    "df",
    "pwd",
    "echo",
    "printf",
    "true",
    "false",
    "test",
    "[",
    "basename",
    "dirname",
    "realpath",
    "readlink",
    "which",
    "type",
    "whoami",
    "id",
    "groups",
    "uname",
    "arch",
    "nproc",
    "free",
    "uptime",
    "ps",
    "lscpu",
    "locale",
    "cmp",
    "md5sum",
    "sha1sum",
    "sha224sum",
    "sha256sum",
    "sha384sum",
    "sha512sum",
    "cksum",
    "b2sum",
    "sum",
    "seq",
    "expr",
    "sleep",
    "jq",
    "grep",
    "egrep",
    "fgrep",
    "printenv",
    "tsort",
    "join",
    "expand",
    "unexpand",
];

/// Variables that change how something is shown, and nothing else.
const HARMLESS: [&str; 17] = [
    "CI",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "LC_CTYPE",
    "LC_MESSAGES",
    "TZ",
    "NO_COLOR",
    "FORCE_COLOR",
    "CLICOLOR",
    "CARGO_TERM_COLOR",
    "RUST_BACKTRACE",
    "RUST_LOG",
    "COLUMNS",
    "LINES",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONUNBUFFERED",
];

/// Whether a variable may be set without what is run becoming something else.
pub fn is_harmless(name: &str) -> bool {
    HARMLESS.contains(&name)
}

/// Whether a command reads and does nothing else, its redirections aside.
pub fn only_reads(command: &SimpleCommand) -> bool {
    let [program, arguments @ ..] = command.words.as_slice() else {
        return false;
    };
    let Some(name) = system_name(program) else { return false };
    if command.is_open || !command.assignments.iter().all(|(name, _)| is_harmless(name)) {
        return false;
    }
    let none_of = |options: &[&str]| !has_option(arguments, options);
    let operands = || arguments.iter().filter(|word| !word.starts_with('-')).count();
    PLAIN.contains(&name)
        || match name {
            "rg" => {
                none_of(&["--pre", "--hostname-bin", "--search-zip"]) && !has_letter(arguments, 'z')
            }
            "find" => !arguments.iter().any(|word| writes_in_find(word)),
            "fd" | "fdfind" => {
                none_of(&["--exec", "--exec-batch"])
                    && !has_letter(arguments, 'x')
                    && !has_letter(arguments, 'X')
            }
            "sort" => {
                none_of(&["--output", "--compress-program", "--temporary-directory"])
                    && !has_letter(arguments, 'o')
                    && !has_letter(arguments, 'T')
            }
            // The second operand is written.
            "uniq" => operands() < 2,
            "diff" => none_of(&["--output"]),
            "tree" => {
                none_of(&["--output"]) && !has_letter(arguments, 'o') && !has_letter(arguments, 'R')
            }
            "file" => {
                none_of(&["--compile", "--uncompress"])
                    && !has_letter(arguments, 'C')
                    && !has_letter(arguments, 'z')
                    && !has_letter(arguments, 'Z')
            }
            "date" => {
                none_of(&["--set"])
                    && !has_letter(arguments, 's')
                    && arguments.iter().all(|word| word.starts_with(['-', '+']))
            }
            "hostname" | "env" => arguments.is_empty(),
            "command" => matches!(arguments.first().map(String::as_str), Some("-v" | "-V")),
            "cd" => true,
            "sed" => prints_lines(arguments),
            "git" => git_reads(arguments),
            "cargo" | "rustc" | "rustup" | "node" | "npm" | "python" | "python3" | "go" | "gcc"
            | "clang" | "make" | "java" | "ruby" | "pip" | "uv" | "pnpm" | "yarn" | "deno"
            | "bun" => {
                matches!(arguments, [only] if only == "--version" || only == "-V" && name != "go")
            }
            _ => false,
        }
}

/// Whether one of the long options is there, written out or cut short as GNU
/// programs take it, with a value behind `=` or without.
fn has_option(arguments: &[String], options: &[&str]) -> bool {
    arguments.iter().any(|word| {
        let name = word.split('=').next().unwrap_or_default();
        name.len() > 2
            && name.starts_with("--")
            && options.iter().any(|option| option.starts_with(name) || name.starts_with(option))
    })
}

/// Whether a letter stands in a cluster of short options. What is the value of
/// another one counts as well: it is asked once too often.
fn has_letter(arguments: &[String], letter: char) -> bool {
    arguments
        .iter()
        .any(|word| word.starts_with('-') && !word.starts_with("--") && word[1..].contains(letter))
}

fn writes_in_find(word: &str) -> bool {
    ["-exec", "-ok", "-delete", "-fprint", "-fls"].iter().any(|action| word.starts_with(action))
}

/// `sed -n '1,20p' FILE…`: anything else of it can write and start programs.
fn prints_lines(arguments: &[String]) -> bool {
    let [silent, script, files @ ..] = arguments else { return false };
    let numbers = script.strip_suffix('p').unwrap_or_default();
    silent == "-n"
        && !numbers.is_empty()
        && numbers.chars().all(|character| character.is_ascii_digit() || ",$".contains(character))
        && files.iter().all(|file| !file.starts_with('-'))
}

fn git_reads(arguments: &[String]) -> bool {
    let mut rest = arguments;
    loop {
        match rest {
            [option, behind @ ..] if option == "--no-pager" || option == "-P" => rest = behind,
            [option, _folder, behind @ ..] if option == "-C" => rest = behind,
            _ => break,
        }
    }
    let [verb, arguments @ ..] = rest else { return false };
    let first = arguments.first().map(String::as_str);
    // What these write or start, whichever command they stand at.
    if has_option(
        arguments,
        &[
            "--output",
            "--ext-diff",
            "--open-files-in-pager",
            "--exec",
            "--upload-pack",
            "--filters",
            "--textconv",
        ],
    ) {
        return false;
    }
    let all_are = |known: &[&str]| arguments.iter().all(|word| known.contains(&word.as_str()));
    match verb.as_str() {
        "status" | "diff" | "log" | "show" | "blame" | "annotate" | "ls-files" | "ls-tree"
        | "rev-list" | "describe" | "shortlog" | "cat-file" | "merge-base" | "name-rev"
        | "whatchanged" | "diff-tree" | "diff-index" | "diff-files" | "count-objects"
        | "version" | "for-each-ref" | "show-ref" | "var" | "check-ignore" | "check-attr"
        | "cherry" | "range-diff" | "show-branch" | "--version" => true,
        "rev-parse" => first != Some("--parseopt") && first != Some("--sq-quote"),
        "grep" => !has_letter(arguments, 'O'),
        "branch" => all_are(&[
            "-a",
            "-r",
            "-v",
            "-vv",
            "--all",
            "--remotes",
            "--list",
            "--show-current",
            "--verbose",
            "-l",
        ]),
        "tag" => all_are(&["-l", "--list", "-n"]),
        "remote" => all_are(&["-v", "--verbose"]) || first == Some("get-url"),
        "stash" => matches!(first, Some("list" | "show")),
        "worktree" => first == Some("list"),
        "reflog" => matches!(first, None | Some("show" | "HEAD")),
        "config" => {
            matches!(
                first,
                Some("--get" | "--get-all" | "--get-regexp" | "--list" | "-l" | "get" | "list")
            )
        }
        _ => false,
    }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
