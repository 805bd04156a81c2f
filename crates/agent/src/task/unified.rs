//! A diff of git as files, hunks and lines.

/// One file of a diff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffFile {
    /// Its path after the change; of a removed one, before.
    pub path: String,
    /// Of a renamed one, its path before.
    pub from: Option<String>,
    /// Whether it is new.
    pub is_new: bool,
    /// Whether it goes.
    pub is_deleted: bool,
    /// Whether its content is no text.
    pub is_binary: bool,
    /// What changes in it.
    pub hunks: Vec<DiffHunk>,
}

/// Some neighbouring lines that change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffHunk {
    /// What git writes behind the numbers: the head of the function.
    pub heading: String,
    /// Its lines.
    pub lines: Vec<DiffLine>,
}

/// A line of a hunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffLine {
    /// What becomes of it.
    pub kind: LineKind,
    /// Its number before, from one.
    pub old: Option<usize>,
    /// Its number after, from one.
    pub new: Option<usize>,
    /// Its text, without the line's end.
    pub text: String,
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// It stays.
    Same,
    /// It is new.
    Added,
    /// It goes.
    Removed,
}

impl DiffFile {
    /// A file that is new.
    pub fn of_new(path: &str, text: &str) -> Self {
        let lines = text.lines().enumerate().map(|(index, line)| DiffLine {
            kind: LineKind::Added,
            old: None,
            new: Some(index + 1),
            text: line.to_owned(),
        });
        Self {
            path: path.to_owned(),
            from: None,
            is_new: true,
            is_deleted: false,
            is_binary: false,
            hunks: vec![DiffHunk { heading: String::new(), lines: lines.collect() }],
        }
    }

    /// Lines that come and lines that go.
    pub fn counts(&self) -> (usize, usize) {
        let of = |kind| {
            let lines = self.hunks.iter().flat_map(|hunk| &hunk.lines);
            lines.filter(|line| line.kind == kind).count()
        };
        (of(LineKind::Added), of(LineKind::Removed))
    }

    /// The file in few words: `src/a.rs (new, +3 -0)`.
    pub fn title(&self) -> String {
        let (added, removed) = self.counts();
        let what = match (self.is_new, self.is_deleted, &self.from) {
            (true, ..) => "new, ".to_owned(),
            (_, true, _) => "removed, ".to_owned(),
            (_, _, Some(from)) => format!("renamed from {from}, "),
            _ => String::new(),
        };
        let size =
            if self.is_binary { "binary".to_owned() } else { format!("+{added} -{removed}") };
        format!("{} ({what}{size})", self.path)
    }

    /// Whether nobody wrote it by hand: a lock file, something minified, a
    /// snapshot.
    pub fn is_generated(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        let known = [
            "Cargo.lock",
            "package-lock.json",
            "yarn.lock",
            "pnpm-lock.yaml",
            "poetry.lock",
            "uv.lock",
            "Pipfile.lock",
            "Gemfile.lock",
            "composer.lock",
            "go.sum",
            "flake.lock",
            "bun.lock",
        ];
        let endings =
            [".min.js", ".min.css", ".map", ".snap", ".svg", ".pb.go", "_pb2.py", ".lockb"];
        known.contains(&name) || endings.iter().any(|ending| name.ends_with(ending))
    }

    /// The hunks as a diff, for a model that writes of the change as a whole.
    pub fn render(&self) -> String {
        let mut text = format!("--- {}\n", self.title());
        for hunk in &self.hunks {
            text.push_str(&hunk.render());
        }
        text
    }
}

impl DiffHunk {
    /// As a diff has it, without the numbers.
    pub fn render(&self) -> String {
        let mut text = format!("@@ {}\n", self.heading).replace("@@ \n", "@@\n");
        for line in &self.lines {
            text.push(line.kind.sign());
            text.push_str(&line.text);
            text.push('\n');
        }
        text
    }

    /// With the number that each line has after the change, so that a model can
    /// name it.
    pub fn numbered(&self) -> String {
        let mut text = format!("@@ {}\n", self.heading).replace("@@ \n", "@@\n");
        for line in &self.lines {
            let number = line.new.map(|number| number.to_string()).unwrap_or_default();
            text.push_str(&format!("{number:>5} {} {}\n", line.kind.sign(), line.text));
        }
        text
    }
}

impl LineKind {
    fn sign(self) -> char {
        match self {
            Self::Same => ' ',
            Self::Added => '+',
            Self::Removed => '-',
        }
    }
}

/// Reads a diff as git writes it. What is no diff is passed over.
pub fn split_diff(diff: &str) -> Vec<DiffFile> {
    let mut files: Vec<DiffFile> = Vec::new();
    // The next lines before and after, and how many of each the hunk has.
    let mut at = [0_usize; 4];
    for line in diff.split('\n') {
        if (at[2] > 0 || at[3] > 0)
            && let Some(hunk) = files.last_mut().and_then(|file| file.hunks.last_mut())
        {
            take_line(hunk, line, &mut at);
            continue;
        }
        if let Some(names) = line.strip_prefix("diff --git ") {
            files.push(DiffFile {
                path: name_of_header(names),
                from: None,
                is_new: false,
                is_deleted: false,
                is_binary: false,
                hunks: Vec::new(),
            });
            continue;
        }
        let Some(file) = files.last_mut() else { continue };
        if let Some((numbers, heading)) = hunk_header(line) {
            at = numbers;
            file.hunks.push(DiffHunk { heading, lines: Vec::new() });
        } else if line.starts_with("new file mode") {
            file.is_new = true;
        } else if line.starts_with("deleted file mode") {
            file.is_deleted = true;
        } else if line.starts_with("Binary files ") || line == "GIT binary patch" {
            file.is_binary = true;
        } else if let Some(from) = line.strip_prefix("rename from ") {
            file.from = Some(unquoted(from));
        } else if let Some(to) = line.strip_prefix("rename to ") {
            file.path = unquoted(to);
        } else if let Some(name) = line.strip_prefix("+++ ").or_else(|| line.strip_prefix("--- ")) {
            let name = unquoted(name.trim_end_matches('\t'));
            if let Some(path) = name.strip_prefix("b/").or_else(|| name.strip_prefix("a/")) {
                path.clone_into(&mut file.path);
            }
        }
    }
    files
}

fn take_line(hunk: &mut DiffHunk, line: &str, at: &mut [usize; 4]) {
    let [old, new, old_left, new_left] = at;
    let mut push = |kind, old, new, text: &str| {
        hunk.lines.push(DiffLine { kind, old, new, text: text.trim_end_matches('\r').to_owned() });
    };
    match line.as_bytes().first() {
        Some(b'+') => {
            push(LineKind::Added, None, Some(*new), &line[1..]);
            (*new, *new_left) = (*new + 1, new_left.saturating_sub(1));
        }
        Some(b'-') => {
            push(LineKind::Removed, Some(*old), None, &line[1..]);
            (*old, *old_left) = (*old + 1, old_left.saturating_sub(1));
        }
        Some(b'\\') => {}
        _ => {
            push(LineKind::Same, Some(*old), Some(*new), line.strip_prefix(' ').unwrap_or(line));
            (*old, *new) = (*old + 1, *new + 1);
            (*old_left, *new_left) = (old_left.saturating_sub(1), new_left.saturating_sub(1));
        }
    }
}

fn hunk_header(line: &str) -> Option<([usize; 4], String)> {
    let (ranges, heading) = line.strip_prefix("@@ -")?.split_once(" @@")?;
    let (old, new) = ranges.split_once(" +")?;
    let range = |text: &str| -> Option<(usize, usize)> {
        match text.split_once(',') {
            Some((first, count)) => Some((first.parse().ok()?, count.parse().ok()?)),
            None => Some((text.parse().ok()?, 1)),
        }
    };
    let ((old, old_count), (new, new_count)) = (range(old)?, range(new)?);
    Some(([old, new, old_count, new_count], heading.trim().to_owned()))
}

/// The second name of `a/x b/x`: the same as the first where no line below
/// says otherwise.
fn name_of_header(names: &str) -> String {
    let half = names.len() / 2;
    let same = names.get(half + 1..).and_then(|right| right.strip_prefix("b/"));
    let left = names.get(..half).and_then(|left| left.strip_prefix("a/"));
    match (left, same) {
        (Some(left), Some(right)) if left == right => right.to_owned(),
        _ => unquoted(names.rsplit(" b/").next().unwrap_or(names)),
    }
}

/// A name as git quotes it where it holds quotes or control signs.
fn unquoted(name: &str) -> String {
    let Some(inner) = name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return name.to_owned();
    };
    inner.replace("\\\"", "\"").replace("\\\\", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIFF: &str = "diff --git a/a b.rs b/a b.rs\nindex 1..2 100644\n--- a/a b.rs\t\n+++ b/a b.rs\t\n@@ -10,3 +10,4 @@ fn a() {\n one\n-two\n+TWO\n+-- three\n\n\\ No newline at end of file\ndiff --git a/x.png b/x.png\nnew file mode 100644\nBinary files /dev/null and b/x.png differ\ndiff --git a/old b/new\nsimilarity index 100%\nrename from old\nrename to new\ndiff --git a/gone b/gone\ndeleted file mode 100644\n--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n";

    #[test]
    fn a_diff_is_read() {
        let files = split_diff(DIFF);
        let titles: Vec<_> = files.iter().map(DiffFile::title).collect();
        let expect = [
            "a b.rs (+2 -1)",
            "x.png (new, binary)",
            "new (renamed from old, +0 -0)",
            "gone (removed, +0 -1)",
        ];
        assert_eq!(titles, expect);
        let numbers: Vec<_> =
            files[0].hunks[0].lines.iter().map(|line| (line.old, line.new)).collect();
        let expect = [
            (Some(10), Some(10)),
            (Some(11), None),
            (None, Some(11)),
            (None, Some(12)),
            (Some(12), Some(13)),
        ];
        assert_eq!(numbers, expect);
        let shown = files[0].hunks[0].numbered();
        assert_eq!(
            shown,
            "@@ fn a() {\n   10   one\n      - two\n   11 + TWO\n   12 + -- three\n   13   \n"
        );
    }

    #[test]
    fn what_is_no_diff_is_passed_over() {
        for text in
            ["", "hello", "@@ -1 +1 @@\n-x\n+y", "diff --git \n@@ -a +b @@", "diff --git a/ü b/ü"]
        {
            for file in split_diff(text) {
                file.render();
            }
        }
    }
}
