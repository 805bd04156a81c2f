//! What a word has to look like to be a file's name.

/// Files that have no ending and are edited all the same.
const WITHOUT_ENDING: [&str; 14] = [
    "Brewfile",
    "CODEOWNERS",
    "Containerfile",
    "Dockerfile",
    "Gemfile",
    "GNUmakefile",
    "Jenkinsfile",
    "Justfile",
    "LICENSE",
    "Makefile",
    "Procfile",
    "README",
    "Rakefile",
    "Vagrantfile",
];

/// Endings of files that a model writes. A word with another ending may be a
/// version, a product or a method.
#[rustfmt::skip]
const KNOWN_ENDINGS: [&str; 96] = [
    "adoc", "bash", "bat", "bazel", "c", "cc", "cfg", "cjs", "clj", "cmake", "cmd", "conf",
    "cpp", "cs", "css", "csv", "cxx", "dart", "dockerfile", "editorconfig", "el", "env", "erb",
    "erl", "ex", "exs", "fish", "fs", "gitignore", "go", "gradle", "graphql", "groovy", "h",
    "hpp", "hs", "htm", "html", "hxx", "ini", "ipynb", "java", "jl", "js", "json", "jsonc",
    "jsx", "kt", "kts", "less", "lisp", "lock", "lua", "m", "md", "mdx", "mjs", "ml", "mm", "mod",
    "nix", "php", "pl", "plist", "proto", "ps1", "py", "pyi", "r", "rb", "rs", "rst", "sass",
    "scala", "scss", "sh", "sol", "sql", "svelte", "svg", "swift", "tex", "tf", "toml", "ts",
    "tsx", "txt", "vim", "vue", "wgsl", "xml", "yaml", "yml", "zig", "zsh", "metal",
];

/// Languages of commands.
const SHELLS: [&str; 14] = [
    "sh",
    "bash",
    "zsh",
    "fish",
    "shell",
    "console",
    "terminal",
    "shell-session",
    "shellsession",
    "powershell",
    "pwsh",
    "ps1",
    "cmd",
    "bat",
];

/// Whether a fence in `language` holds commands.
pub fn is_shell(language: &str) -> bool {
    SHELLS.iter().any(|shell| language.eq_ignore_ascii_case(shell))
}

/// Whether a fence in `language` below `path` holds commands, not the file.
pub fn is_command(language: &str, path: &str) -> bool {
    let ending = path.rsplit('/').next().and_then(|name| name.rsplit_once('.'));
    is_shell(language) && ending.is_some_and(|(_, ending)| is_known(path) && !is_shell(ending))
}

/// Whether a file of this name may hold JSON.
pub fn may_be_json(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let code = [
        "py", "rs", "js", "ts", "tsx", "jsx", "go", "java", "c", "h", "cpp", "hpp", "cs", "rb",
        "php", "md", "html", "css", "scss", "sh", "toml", "yaml", "yml", "txt", "sql", "kt",
        "swift", "lua", "vue", "svelte",
    ];
    name.rsplit_once('.').is_none_or(|(_, ending)| !code.contains(&ending))
}

/// Whether the path ends as files do that models write.
pub fn is_known(path: &str) -> bool {
    let ending = path.rsplit('/').next().and_then(|name| name.rsplit_once('.'));
    ending.is_some_and(|(_, ending)| {
        KNOWN_ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known))
    })
}

/// Whether the path names a file that has no ending, such as `Makefile`.
pub fn is_without_ending(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| WITHOUT_ENDING.contains(&name))
}

/// Whether one word is written like a path: it has a folder, an ending, or a
/// well-known name.
pub fn looks_like_path(word: &str) -> bool {
    if word.is_empty()
        || word.contains(|c: char| c.is_whitespace() || matches!(c, '`' | '"' | '<' | '>' | '|'))
        || word.ends_with(['.', '/', ','])
        // A colon belongs to a URL, or to a place in a file: `src/a.rs:10-20`.
        || word.contains(':')
    {
        return false;
    }
    let name = word.rsplit('/').next().unwrap_or(word);
    if WITHOUT_ENDING.contains(&name) {
        return true;
    }
    match name.rsplit_once('.') {
        Some((_, ending)) => {
            ending.len() <= 12 && ending.starts_with(|c: char| c.is_alphanumeric())
        }
        None => {
            word.contains('/') && name.chars().all(|c| c.is_alphanumeric() || "_-+".contains(c))
        }
    }
}
