//! The templates that come with the program.

use std::path::Path;

use super::{ProjectTemplate, manifest};

/// The files of a template, by their paths below its folder.
macro_rules! template {
    ($name:literal, [$($path:literal),* $(,)?]) => {
        (
            $name,
            include_str!(concat!("../../../scaffold/", $name, "/template.toml")),
            &[$(($path, include_bytes!(concat!("../../../scaffold/", $name, "/files/", $path)) as &[u8])),*],
        )
    };
}

/// A name, a manifest, and files.
type Embedded = (&'static str, &'static str, &'static [(&'static str, &'static [u8])]);

const ALL: &[Embedded] = &[
    template!(
        "fastapi",
        [
            ".gitignore",
            "README.md",
            "pyproject.toml",
            "src/{{ package }}/__init__.py",
            "src/{{ package }}/main.py",
            "tests/test_main.py",
        ]
    ),
    template!(
        "flask",
        [
            ".gitignore",
            "README.md",
            "pyproject.toml",
            "src/{{ package }}/__init__.py",
            "src/{{ package }}/templates/index.html",
            "tests/test_app.py",
        ]
    ),
    template!(
        "node-lib",
        [
            ".gitignore",
            "README.md",
            "package.json",
            "src/index.ts",
            "test/index.test.ts",
            "tsconfig.json",
        ]
    ),
    template!(
        "python",
        [
            ".gitignore",
            "README.md",
            "pyproject.toml",
            "src/{{ package }}/__init__.py",
            "src/{{ package }}/cli.py",
            "src/{{ package }}/py.typed",
            "tests/test_{{ package }}.py",
        ]
    ),
    template!(
        "react",
        [
            ".gitignore",
            "README.md",
            "index.html",
            "package.json",
            "src/App.test.tsx",
            "src/App.tsx",
            "src/main.tsx",
            "src/styles.css",
            "tsconfig.json",
            "vite.config.ts",
        ]
    ),
    template!(
        "rust-cli",
        [
            ".gitignore",
            "Cargo.toml",
            "README.md",
            "src/lib.rs.tmpl",
            "src/main.rs.tmpl",
            "tests/cli.rs.tmpl",
        ]
    ),
    template!("rust-lib", [".gitignore", "Cargo.toml", "README.md", "src/lib.rs.tmpl"]),
];

/// The templates that come with the program, by name.
pub fn built_in_templates() -> Vec<ProjectTemplate> {
    let templates = ALL.iter().filter_map(|(name, text, files)| {
        let files = files.iter().map(|(path, content)| {
            // Sources of Rust have another name here: they are no part of this crate.
            let path = path.strip_suffix(".tmpl").unwrap_or(path);
            (path.to_owned(), content.to_vec())
        });
        // The tests read every one of them.
        let mut template = manifest::read(name, Path::new(name), text, files.collect()).ok()?;
        template.is_built_in = true;
        Some(template)
    });
    templates.collect()
}

#[cfg(test)]
pub fn count() -> usize {
    ALL.len()
}
