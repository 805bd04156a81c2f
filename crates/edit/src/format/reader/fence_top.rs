//! What the first lines of a fence say that it holds.

use super::{OwnedLine, Place, ReplyParser};
use crate::format::call_block::CallBlock;
use crate::format::fence::Fence;
use crate::format::path_line::{self, Says};
use crate::format::unified_diff::{self, UnifiedDiff};
use crate::format::whole_file::WholeFile;
use crate::format::{Line, Naming, ParsedItem, apply_patch, search_replace};

impl ReplyParser {
    /// The first line in a fence decides what the fence holds.
    pub(super) fn fence_top(&mut self, line: Line<'_>, out: &mut Vec<ParsedItem>) {
        let Some((fence, origin)) = self.fence.clone() else { return };
        self.place = Place::Outside;
        if fence.closes(line.text) || self.begin(line, out) {
            if fence.closes(line.text) {
                self.settle(out);
                self.fence = None;
            }
            return;
        }
        if apply_patch::is_shell_call(line.text) {
            // The envelope stands in a here-document below.
            return;
        }
        let inner = fence.inner(line.text);
        let is_diff = matches!(fence.language.as_str(), "diff" | "patch")
            || unified_diff::opens(inner)
            || (fence.path.is_none()
                && opens_plain_diff(&fence, inner)
                && self.above.get().is_none());
        if is_diff {
            self.settle(out);
            let above = std::mem::take(&mut self.above);
            self.place = Place::Diff(Box::new(UnifiedDiff::in_fence(fence, above)));
            return self.line(line, out);
        }
        let named = match (&fence.path, self.above.get()) {
            (Some(path), _) => Some((path.clone(), Naming::Clear)),
            (None, Some(above))
                if above.says == Says::File
                    && !path_line::is_command(&fence.language, &above.path) =>
            {
                Some((above.path.clone(), above.naming))
            }
            _ => None,
        };
        let may_call = matches!(fence.language.as_str(), "json" | "jsonc" | "tool_call")
            || (fence.language.is_empty() && named.is_none());
        let is_call = may_call && inner.trim_start().starts_with(['{', '[']);
        if is_call && named.as_ref().is_none_or(|(path, _)| !path_line::may_be_json(path)) {
            let above = self.above.take().map(|above| above.path);
            let path = above.or_else(|| fence.path.clone());
            self.settle(out);
            self.place = Place::Call(Box::new(CallBlock::in_fence(fence, path, origin)));
            return self.line(line, out);
        }
        if named.is_none() && line.text.trim().is_empty() {
            self.place = Place::FenceTop;
            return;
        }
        if named.is_none()
            && let Some(path) = path_line::comment(inner)
        {
            self.place = Place::FenceComment(path, vec![OwnedLine::of(line)]);
            return;
        }
        if named.is_none()
            && let Some(path) = path_line::alone(line.text)
        {
            if path_line::is_shell(&fence.language) {
                // The first command may look like a path.
                self.place = Place::FenceComment(path, vec![OwnedLine::of(line)]);
                return;
            }
            // The path may stand inside, above the first block.
            self.above.set(path);
            return;
        }
        self.above.clear();
        self.place = Place::Whole(Box::new(WholeFile::open(fence, named, origin)));
        self.line(line, out);
    }

    /// What stands below such a comment tells whether blocks follow, or the
    /// file itself.
    pub(super) fn fence_comment(&mut self, line: Line<'_>, out: &mut Vec<ParsedItem>) {
        let (Some((fence, origin)), Place::FenceComment(path, mut lines)) =
            (self.fence.clone(), std::mem::take(&mut self.place))
        else {
            return;
        };
        if line.text.trim().is_empty() {
            lines.push(OwnedLine::of(line));
            self.place = Place::FenceComment(path, lines);
            return;
        }
        let is_file = path.naming == Naming::Comment;
        if search_replace::opens(line.text) || (fence.closes(line.text) && is_file) {
            self.above.set(path);
            return self.line(line, out);
        }
        let named = is_file.then_some((path.path, path.naming));
        let mut whole = WholeFile::open(fence, named, origin);
        for line in &lines {
            whole.line(line.line());
        }
        self.above.clear();
        self.place = Place::Whole(Box::new(whole));
        self.line(line, out);
    }
}

/// Whether the first line of a fence is `--- ` and a file. In a fence with a
/// language, such as YAML, words behind it are no file.
fn opens_plain_diff(fence: &Fence, line: &str) -> bool {
    let name = line.strip_prefix("--- ");
    name.is_some_and(|name| fence.language.is_empty() || name.contains(['/', '.']))
}
