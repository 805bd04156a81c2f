//! The two tables of ARCHITECTURE.md that `cargo xtask layers` obeys.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::source;

/// The file that holds the tables.
pub const FILE: &str = "ARCHITECTURE.md";

/// Who may import whom.
#[derive(Debug, Default)]
pub struct Arrows {
    /// The rows of the arrow table, by package.
    pub packages: BTreeMap<String, Row>,
    /// The names that are bound to some packages, in the table's order.
    pub bound: Vec<Bound>,
}

/// A row of the arrow table.
#[derive(Debug)]
pub struct Row {
    /// The package's folder.
    pub folder: String,
    /// The packages that it may import.
    pub may_import: BTreeSet<String>,
    /// Where the row stands.
    pub line: usize,
}

/// A crate, or a path into std, that only some packages may name.
#[derive(Debug)]
pub struct Bound {
    /// `candle-core`, `tree-sitter*` or `std::process::Command`.
    pub name: String,
    /// The packages that may.
    pub packages: BTreeSet<String>,
}

impl Bound {
    /// Whether it stands for the crate of this name.
    pub fn is_crate(&self, name: &str) -> bool {
        match self.name.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => self.name == name,
        }
    }

    /// Its parts, where it is a path into std.
    pub fn path(&self) -> Option<Vec<&str>> {
        self.name.contains("::").then(|| self.name.split("::").collect())
    }
}

impl Arrows {
    /// Reads the tables of the workspace at `root`.
    pub fn read(root: &Path) -> Result<Self> {
        Self::parse(&source::read(&root.join(FILE))?)
    }

    fn parse(text: &str) -> Result<Self> {
        let rows = table(text, "arrows", 4)?;
        let short: BTreeMap<&str, &str> =
            rows.iter().map(|(_, cells)| (short_name(cells[0]), cells[1])).collect();
        let resolve = |cell: &str, line: usize| -> Result<BTreeSet<String>> {
            names(cell)
                .map(|name| match short.get(name) {
                    Some(package) => Ok((*package).to_owned()),
                    None => bail!("{FILE}:{line}: no row of the arrow table is called `{name}`"),
                })
                .collect()
        };
        let mut arrows = Self::default();
        for (line, cells) in &rows {
            let may_import = resolve(cells[3], *line)?;
            let row = Row { folder: cells[0].to_owned(), may_import, line: *line };
            if arrows.packages.insert(cells[1].to_owned(), row).is_some() {
                bail!("{FILE}:{line}: the package `{}` has two rows", cells[1]);
            }
        }
        for (line, cells) in table(text, "bound", 2)? {
            for name in names(cells[0]) {
                let packages = resolve(cells[1], line)?;
                arrows.bound.push(Bound { name: name.to_owned(), packages });
            }
        }
        arrows.refuse_cycle()?;
        Ok(arrows)
    }

    /// A table with a circle in it would allow anything along the circle.
    fn refuse_cycle(&self) -> Result<()> {
        let mut settled = BTreeSet::new();
        while settled.len() < self.packages.len() {
            let next = self.packages.iter().find(|(package, row)| {
                !settled.contains(*package) && row.may_import.is_subset(&settled)
            });
            let Some((package, _)) = next else {
                let left: Vec<_> =
                    self.packages.keys().filter(|package| !settled.contains(*package)).collect();
                bail!("{FILE}: the arrows run in a circle among {left:?}");
            };
            settled.insert(package.clone());
        }
        Ok(())
    }
}

/// The rows between `<!-- NAME:begin -->` and `<!-- NAME:end -->`, without the
/// heading, each with its line.
fn table<'a>(text: &'a str, name: &str, width: usize) -> Result<Vec<(usize, Vec<&'a str>)>> {
    let begin = format!("<!-- {name}:begin -->");
    let end = format!("<!-- {name}:end -->");
    let mut rows = Vec::new();
    let mut inside = false;
    for (index, line) in text.lines().enumerate() {
        let line_number = index + 1;
        if line.trim() == begin {
            inside = true;
        } else if line.trim() == end {
            // The heading and the line under it.
            return Ok(rows.split_off(2.min(rows.len())));
        } else if inside && let Some(row) = line.trim().strip_prefix('|') {
            let cells: Vec<&str> = row
                .trim_end_matches('|')
                .split('|')
                .map(|cell| cell.trim().trim_matches('`'))
                .collect();
            if cells.len() != width {
                bail!("{FILE}:{line_number}: the row has {} cells, not {width}", cells.len());
            }
            rows.push((line_number, cells));
        }
    }
    Err(anyhow::anyhow!("the markers `{begin}` and `{end}` are not there")).context(FILE)
}

/// The names in a cell; a dash stands for none.
fn names(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(',')
        .map(|name| name.trim().trim_matches('`'))
        .filter(|name| !matches!(*name, "" | "–"))
}

fn short_name(folder: &str) -> &str {
    folder.rsplit('/').next().unwrap_or(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(arrows: &str, bound: &str) -> String {
        format!(
            "# A\n<!-- arrows:begin -->\n| folder | package | what | may import |\n|---|---|---|---|\n\
             {arrows}<!-- arrows:end -->\n<!-- bound:begin -->\n| name | only in |\n|---|---|\n\
             {bound}<!-- bound:end -->\n"
        )
    }

    #[test]
    fn the_tables_are_read() {
        let text = tables(
            "| `crates/base` | `m-base` | words | – |\n| `crates/edit` | `m-edit` | edits | base |\n",
            "| `similar`, `tree-sitter*` | edit |\n| `std::net` | – |\n",
        );
        let arrows = Arrows::parse(&text).unwrap();
        assert!(arrows.packages["m-base"].may_import.is_empty());
        assert!(arrows.packages["m-edit"].may_import.contains("m-base"));
        assert_eq!((arrows.packages["m-edit"].line, arrows.bound.len()), (6, 3));
        assert!(arrows.bound[1].is_crate("tree-sitter-rust"));
        assert_eq!(arrows.bound[2].path(), Some(vec!["std", "net"]));
    }

    #[test]
    fn a_table_that_means_nothing_is_refused() {
        let one = "| `crates/a` | `a` | x | b |\n";
        let two = "| `crates/a` | `a` | x | b |\n| `crates/b` | `b` | x | a |\n";
        for (text, expect) in [
            (String::new(), "markers"),
            (tables(one, ""), "no row of the arrow table is called `b`"),
            (tables(two, ""), "circle"),
            (tables("| `crates/a` | `a` | x |\n", ""), "3 cells"),
        ] {
            let error = format!("{:#}", Arrows::parse(&text).unwrap_err());
            assert!(error.contains(expect), "{error}");
        }
    }
}
