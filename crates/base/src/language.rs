use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// A programming or markup language, known by file name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
#[allow(missing_docs, reason = "the variants are their names")]
pub enum Language {
    Bash,
    C,
    Cpp,
    CSharp,
    Css,
    Go,
    Html,
    Java,
    JavaScript,
    Json,
    Kotlin,
    Markdown,
    Php,
    Python,
    Ruby,
    Rust,
    Swift,
    Toml,
    Tsx,
    TypeScript,
    Yaml,
}

impl Language {
    /// All of them, by name.
    pub const ALL: [Self; 21] = [
        Self::Bash,
        Self::C,
        Self::Cpp,
        Self::CSharp,
        Self::Css,
        Self::Go,
        Self::Html,
        Self::Java,
        Self::JavaScript,
        Self::Json,
        Self::Kotlin,
        Self::Markdown,
        Self::Php,
        Self::Python,
        Self::Ruby,
        Self::Rust,
        Self::Swift,
        Self::Toml,
        Self::Tsx,
        Self::TypeScript,
        Self::Yaml,
    ];

    /// Reads the language from a file's name, or `None` where it says nothing.
    pub fn from_path(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        match name {
            "Gemfile" | "Rakefile" => return Some(Self::Ruby),
            ".bashrc" | ".profile" | ".zshrc" => return Some(Self::Bash),
            "Cargo.lock" | "Pipfile" => return Some(Self::Toml),
            _ => {}
        }
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        Some(match extension.as_str() {
            "bash" | "sh" | "zsh" => Self::Bash,
            "c" | "h" => Self::C,
            "cc" | "cpp" | "cxx" | "hh" | "hpp" | "hxx" => Self::Cpp,
            "cs" | "csx" => Self::CSharp,
            "css" | "scss" => Self::Css,
            "go" => Self::Go,
            "htm" | "html" => Self::Html,
            "java" => Self::Java,
            "cjs" | "js" | "jsx" | "mjs" => Self::JavaScript,
            "json" | "jsonc" => Self::Json,
            "kt" | "kts" => Self::Kotlin,
            "markdown" | "md" => Self::Markdown,
            "php" | "phtml" => Self::Php,
            "py" | "pyi" | "pyw" => Self::Python,
            "gemspec" | "rake" | "rb" | "ru" => Self::Ruby,
            "rs" => Self::Rust,
            "swift" => Self::Swift,
            "toml" => Self::Toml,
            "tsx" => Self::Tsx,
            "cts" | "mts" | "ts" => Self::TypeScript,
            "yaml" | "yml" => Self::Yaml,
            _ => return None,
        })
    }

    /// Whether it is for code, and not for data, pages or prose.
    pub fn is_code(self) -> bool {
        !matches!(self, Self::Html | Self::Json | Self::Markdown | Self::Toml | Self::Yaml)
    }

    /// The name that a Markdown code fence uses, such as `rust`.
    pub fn fence_name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::C => "c",
            Self::Cpp => "cpp",
            Self::CSharp => "csharp",
            Self::Css => "css",
            Self::Go => "go",
            Self::Html => "html",
            Self::Java => "java",
            Self::JavaScript => "javascript",
            Self::Json => "json",
            Self::Kotlin => "kotlin",
            Self::Markdown => "markdown",
            Self::Php => "php",
            Self::Python => "python",
            Self::Ruby => "ruby",
            Self::Rust => "rust",
            Self::Swift => "swift",
            Self::Toml => "toml",
            Self::Tsx => "tsx",
            Self::TypeScript => "typescript",
            Self::Yaml => "yaml",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.fence_name())
    }
}
