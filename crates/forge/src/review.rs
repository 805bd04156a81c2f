use serde::Serialize;

/// What a reviewer says of a change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Review {
    /// What is said of the whole, in Markdown.
    pub body: String,
    /// What is said of lines.
    pub comments: Vec<ReviewComment>,
    /// Whether it may go in.
    pub verdict: Verdict,
}

/// What is said of some lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewComment {
    /// The file, by its path after the change.
    pub path: String,
    /// The first line after the change; that of `last` for a single one.
    pub first: u64,
    /// The last line after the change.
    pub last: u64,
    /// What, in Markdown.
    pub body: String,
    /// What the lines should be instead, for the author to accept with a click.
    pub suggestion: Option<String>,
}

/// Whether a change may go in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// Nothing is said of that.
    #[default]
    Comment,
    /// It may.
    Approve,
    /// Not as it is.
    RequestChanges,
}

/// A review that stands where it was posted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PostedReview {
    /// Its page.
    pub url: String,
    /// Comments that stand on their lines.
    pub on_lines: usize,
    /// Comments of lines that the change does not show: these are in its text.
    pub in_text: usize,
}

impl ReviewComment {
    /// Its text with the suggestion in the fence that hosts know. `above` is
    /// how GitLab counts the lines.
    pub(crate) fn text(&self, fence: &str) -> String {
        let Some(suggestion) = &self.suggestion else { return self.body.clone() };
        // A fence within needs a longer one around it.
        let longest = suggestion.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let ticks = "`".repeat(longest.max(2) + 1);
        let inner = suggestion.trim_end_matches('\n');
        let line = if inner.is_empty() { String::new() } else { format!("{inner}\n") };
        format!("{}\n\n{ticks}{fence}\n{line}{ticks}", self.body.trim_end())
    }

    /// A line for the text of a review whose change does not show its lines.
    pub(crate) fn as_line(&self) -> String {
        let lines = if self.first < self.last {
            format!("{}-{}", self.first, self.last)
        } else {
            self.last.to_string()
        };
        format!("`{}:{lines}`: {}", self.path.replace('`', "'"), self.body.trim())
    }
}

impl Review {
    /// Parts the comments that have a line in the change from those that go
    /// into the text, and gives that text.
    pub(crate) fn parted(
        &self,
        shown: impl Fn(&ReviewComment) -> bool,
    ) -> (Vec<&ReviewComment>, usize, String) {
        let (on_lines, others): (Vec<_>, Vec<_>) =
            self.comments.iter().partition(|comment| shown(comment));
        let mut text = self.body.trim().to_owned();
        for comment in &others {
            text.push_str(if text.is_empty() { "" } else { "\n\n" });
            text.push_str(&comment.as_line());
        }
        (on_lines, others.len(), text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suggestion_stands_in_a_fence_that_it_cannot_close() {
        let mut comment = ReviewComment {
            path: "a.md".to_owned(),
            first: 3,
            last: 4,
            body: "Shorter.".to_owned(),
            suggestion: Some("```\nx\n```\n".to_owned()),
        };
        let text = comment.text("suggestion");
        assert_eq!(text, "Shorter.\n\n````suggestion\n```\nx\n```\n````");
        comment.suggestion = Some(String::new());
        assert_eq!(comment.text("suggestion"), "Shorter.\n\n```suggestion\n```");
        assert_eq!(comment.as_line(), "`a.md:3-4`: Shorter.");
    }
}
