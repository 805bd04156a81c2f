//! The linters and compilers that are known, the cheapest of each language.

use mlxcode_base::Language;

use super::format::Format;

/// A program that may be asked.
pub(super) struct Known {
    /// As people know it.
    pub name: &'static str,
    pub program: &'static str,
    pub languages: &'static [Language],
    pub args: &'static [&'static str],
    pub place: Place,
    /// Whether the files follow as arguments; else it looks at all of a
    /// project.
    pub takes_files: bool,
    /// What keeps it from the network, and from other compilers.
    pub environment: &'static [(&'static str, &'static str)],
    pub format: Format,
    /// The statuses with which it has looked; any other tells that it failed.
    pub statuses: &'static [i32],
    /// Whether it reads the project and runs nothing of it: no build script, no
    /// settings that are a program, no compiler with the project's flags.
    pub only_reads: bool,
}

/// Where a program is run.
pub(super) enum Place {
    /// In the root of the tree.
    Root,
    /// In the nearest folder above a file that holds one of these; nowhere
    /// where none does.
    Nearest(&'static [&'static str]),
    /// In the folder of a file, below one that holds this.
    Own(&'static str),
}

const SCRIPTS: &[Language] = &[Language::JavaScript, Language::TypeScript, Language::Tsx];

pub(super) const KNOWN: [Known; 6] = [
    Known {
        name: "ruff check",
        program: "ruff",
        languages: &[Language::Python],
        args: &[
            "check",
            "--output-format=json",
            "--no-fix",
            // It would write into the tree.
            "--no-cache",
            "--force-exclude",
            "--quiet",
            "--",
        ],
        place: Place::Root,
        takes_files: true,
        environment: &[],
        format: Format::Ruff,
        statuses: &[0, 1],
        only_reads: true,
    },
    Known {
        name: "ty check",
        program: "ty",
        languages: &[Language::Python],
        args: &["check", "--output-format=gitlab", "--no-progress", "--force-exclude"],
        place: Place::Root,
        takes_files: true,
        environment: &[],
        format: Format::GitLab,
        statuses: &[0, 1],
        only_reads: true,
    },
    Known {
        name: "cargo check",
        program: "cargo",
        languages: &[Language::Rust],
        args: &["check", "--quiet", "--message-format=json", "--offline", "--all-targets"],
        place: Place::Nearest(&["Cargo.toml"]),
        takes_files: false,
        environment: &[("CARGO_TERM_COLOR", "never")],
        format: Format::Cargo,
        statuses: &[0, 101],
        only_reads: false,
    },
    Known {
        name: "tsc",
        program: "tsc",
        languages: &[Language::TypeScript, Language::Tsx],
        args: &["--noEmit", "--pretty", "false"],
        place: Place::Nearest(&["tsconfig.json"]),
        takes_files: false,
        environment: &[],
        format: Format::Tsc,
        statuses: &[0, 1, 2],
        only_reads: true,
    },
    Known {
        name: "eslint",
        program: "eslint",
        languages: SCRIPTS,
        args: &["--format=json", "--no-color", "--no-warn-ignored", "--"],
        place: Place::Nearest(&[
            "eslint.config.js",
            "eslint.config.mjs",
            "eslint.config.cjs",
            "eslint.config.ts",
        ]),
        takes_files: true,
        environment: &[],
        format: Format::Eslint,
        statuses: &[0, 1],
        only_reads: false,
    },
    Known {
        name: "go vet",
        program: "go",
        languages: &[Language::Go],
        args: &["vet", "."],
        place: Place::Own("go.mod"),
        takes_files: false,
        environment: &[("GOTOOLCHAIN", "local"), ("GOPROXY", "off"), ("GOFLAGS", "-mod=readonly")],
        format: Format::Lines,
        statuses: &[0, 1, 2],
        only_reads: false,
    },
];
