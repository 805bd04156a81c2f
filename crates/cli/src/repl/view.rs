//! The events of a turn, as a terminal shows them.

use std::io::{self, Write};

use mlxcode_core::{Compaction, ContextLedger, Event, ToolCall, TurnEnd};
use mlxcode_terminal::{
    Renderer, RendererOptions, Role, Screen, Size, cursor_place, shortened, visible,
};

use super::edit_blocks::EditBlocks;
use super::proposal;

/// Lines of what a check says: the first errors are what helps.
const CHECK_LINES: usize = 12;

/// Shows events one after the other.
pub(super) struct View {
    screen: Screen,
    shows_thinking: bool,
    blocks: EditBlocks,
    answer: Option<Renderer>,
    thought: Option<Renderer>,
    at_line_start: bool,
    thinks: bool,
}

impl View {
    pub fn new(screen: &Screen, shows_thinking: bool) -> Self {
        Self {
            screen: screen.clone(),
            shows_thinking,
            blocks: EditBlocks::default(),
            answer: None,
            thought: None,
            at_line_start: true,
            thinks: false,
        }
    }

    /// Whether nothing stands in the line yet, so that something else may.
    pub fn is_at_line_start(&self) -> bool {
        self.at_line_start
    }

    /// What is waited for, in words.
    pub fn doing(&self) -> &'static str {
        if self.thinks {
            "thinking"
        } else if self.blocks.is_hiding() {
            "writing an edit"
        } else {
            "working"
        }
    }

    /// Tells that the terminal has this size now.
    pub fn resize(&mut self, size: Size, out: &mut dyn Write) -> io::Result<()> {
        self.screen.set_columns(Some(size.columns));
        for renderer in [&mut self.thought, &mut self.answer].into_iter().flatten() {
            let anew = renderer.resize(size, || {
                out.flush().ok()?;
                cursor_place()
            });
            // It ends where the text ended before, at the end of a line or not.
            out.write_all(anew.as_bytes())?;
        }
        Ok(())
    }

    /// Shows an event.
    pub fn event(&mut self, event: &Event, out: &mut dyn Write) -> io::Result<()> {
        self.thinks = matches!(event, Event::Thinking { .. });
        match event {
            Event::Text { text } | Event::Explaining { text } => return self.text(text, out),
            Event::Thinking { text } => return self.thinking(text, out),
            Event::Started { .. }
            | Event::Decided { .. }
            | Event::ApprovalNeeded(_)
            | Event::PlanProposed { .. }
            | Event::Usage { .. } => return Ok(()),
            _ => self.finish_text(out)?,
        }
        match event {
            Event::Context(ledger) => self.context(ledger, out),
            Event::Compacted(compaction) => self.line(Role::Warning, &compacted(compaction), out),
            Event::ToolCalled { call } => self.called(call, "", out),
            Event::ToolAnswered { name, text, ok, .. } => self.answered(name, text, *ok, out),
            Event::Proposed(proposal) => proposal::show_refusals(proposal, &self.screen, out),
            Event::Applied { files, .. } => {
                let text = format!("changed {}; /undo takes it back", files.join(", "));
                self.line(Role::Success, &text, out)
            }
            Event::Checked { check, ok, output } => self.checked(check, *ok, output, out),
            Event::Repair { attempt, reason } => {
                let first = reason.lines().find(|line| !line.is_empty()).unwrap_or_default();
                let first = first.trim_end_matches(':');
                self.line(Role::Warning, &format!("trying again ({attempt}): {first}"), out)
            }
            Event::Notice { text } => self.line(Role::Warning, text, out),
            Event::Task { event, .. } => self.task(event, out),
            Event::Finished { reason, .. } => match ending(reason) {
                Some(text) => self.line(Role::Warning, &text, out),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// Shows what is held back of the text and ends the line.
    pub fn finish_text(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let rest = self.blocks.finish();
        if !rest.is_empty() {
            self.show_answer(&rest, out)?;
        }
        let answer = self.answer.take().map(|mut renderer| renderer.finish());
        let thought = self.thought.take().map(|mut renderer| renderer.finish());
        self.write(&thought.unwrap_or_default(), out)?;
        self.write(&answer.unwrap_or_default(), out)?;
        if !self.at_line_start {
            self.write("\n", out)?;
        }
        Ok(())
    }

    fn text(&mut self, text: &str, out: &mut dyn Write) -> io::Result<()> {
        if let Some(mut thought) = self.thought.take() {
            let end = thought.finish();
            self.write(&end, out)?;
            self.write("\n", out)?;
        }
        let shown = self.blocks.push(text);
        self.show_answer(&shown, out)?;
        if self.blocks.is_hiding() && !self.at_line_start {
            // The line is free for what tells that an edit is being written.
            let end = self.answer.take().map(|mut renderer| renderer.finish());
            self.write(&end.unwrap_or_default(), out)?;
        }
        Ok(())
    }

    fn show_answer(&mut self, text: &str, out: &mut dyn Write) -> io::Result<()> {
        let screen = &self.screen;
        let options = RendererOptions::default();
        let answer = self.answer.get_or_insert_with(|| Renderer::new(screen.clone(), options));
        let shown = answer.push(text);
        self.write(&shown, out)
    }

    fn thinking(&mut self, text: &str, out: &mut dyn Write) -> io::Result<()> {
        if !self.shows_thinking {
            return Ok(());
        }
        let screen = &self.screen;
        let thought = self.thought.get_or_insert_with(|| {
            Renderer::new(screen.clone(), RendererOptions { thinking: true })
        });
        let shown = thought.push(text);
        self.write(&shown, out)
    }

    fn context(&mut self, ledger: &ContextLedger, out: &mut dyn Write) -> io::Result<()> {
        if ledger.pieces.is_empty() {
            return Ok(());
        }
        let mut files: Vec<&str> = Vec::new();
        for path in ledger.pieces.iter().filter_map(|piece| piece.path.as_deref()) {
            if !files.contains(&path) {
                files.push(path);
            }
        }
        let named: Vec<&str> = files.iter().copied().take(3).collect();
        let more = files.len().saturating_sub(named.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let text = format!("looked at {}{more} ({} tokens)", named.join(", "), ledger.tokens);
        self.line(Role::Faint, &text, out)?;
        self.write("\n", out)
    }

    fn called(&mut self, call: &ToolCall, before: &str, out: &mut dyn Write) -> io::Result<()> {
        let arguments = match call.arguments.as_object() {
            Some(map) => map
                .values()
                .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                .collect::<Vec<_>>()
                .join(" "),
            None => String::new(),
        };
        let arguments = arguments.replace(['\n', '\t'], " ");
        let room = self.screen.columns().saturating_sub(call.name.len() + before.len() + 2);
        let text = format!("{before}{} {}", call.name, shortened(&arguments, room));
        self.line(Role::Attribute, text.trim_end(), out)
    }

    fn answered(
        &mut self,
        name: &str,
        text: &str,
        ok: bool,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let lines = text.lines().count();
        let first = text.lines().next().unwrap_or_default();
        let told = match (ok, lines) {
            (false, _) => format!("{name} did not work: {first}"),
            (true, 0 | 1) => first.to_owned(),
            (true, lines) => format!("{lines} lines"),
        };
        let told = shortened(&told, self.screen.columns().saturating_sub(4));
        let role = if ok { Role::Faint } else { Role::Warning };
        self.line(role, &format!("  {told}"), out)
    }

    fn checked(
        &mut self,
        check: &str,
        ok: bool,
        output: &str,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let (role, how) = match (ok, output.trim().is_empty()) {
            (true, true) => return self.line(Role::Success, &format!("{check}: fine"), out),
            // It did not run, or has something to say that is no error.
            (true, false) => (Role::Warning, "not failed, but says"),
            (false, _) => (Role::Error, "failed"),
        };
        self.line(role, &format!("{check}: {how}"), out)?;
        for line in output.lines().take(CHECK_LINES) {
            self.line(Role::Faint, &format!("  {line}"), out)?;
        }
        let more = output.lines().count().saturating_sub(CHECK_LINES);
        if more > 0 {
            self.line(Role::Faint, &format!("  and {more} lines more"), out)?;
        }
        Ok(())
    }

    /// Of a task that was given away, what it does is worth a line.
    fn task(&mut self, event: &Event, out: &mut dyn Write) -> io::Result<()> {
        match event {
            Event::ToolCalled { call } => self.called(call, "  task: ", out),
            Event::Task { event, .. } => self.task(event, out),
            _ => Ok(()),
        }
    }

    fn line(&mut self, role: Role, text: &str, out: &mut dyn Write) -> io::Result<()> {
        let line = self.screen.paint(role, &visible(text));
        self.write(&format!("{line}\n"), out)
    }

    fn write(&mut self, text: &str, out: &mut dyn Write) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        self.at_line_start = text.ends_with('\n');
        out.write_all(text.as_bytes())
    }
}

fn compacted(compaction: &Compaction) -> String {
    let Compaction { before_tokens, after_tokens, tool_results, passages, turns, summarised_by } =
        compaction;
    let by = summarised_by.as_ref().map(|model| format!(" by {model}")).unwrap_or_default();
    let mut parts = Vec::new();
    for (count, what) in [
        (tool_results, "answers of tools".to_owned()),
        (passages, "messages' passages of code".to_owned()),
        (turns, format!("turns, told in a summary{by}")),
    ] {
        if *count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    let what = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
    format!("the conversation was made shorter, {before_tokens} to {after_tokens} tokens{what}")
}

/// Why a turn ended, where that is worth a word.
fn ending(reason: &TurnEnd) -> Option<String> {
    Some(match reason {
        TurnEnd::Done => return None,
        TurnEnd::Cancelled => "stopped".to_owned(),
        TurnEnd::Declined => "nothing was changed".to_owned(),
        TurnEnd::Length => "the answer reached its limit of tokens".to_owned(),
        TurnEnd::Steps => "the turn took as many steps as it may".to_owned(),
        TurnEnd::Tokens => "the turn took as many tokens as it may".to_owned(),
        TurnEnd::Time => "the turn took as long as it may".to_owned(),
        TurnEnd::Loop => "the model did the same again and again".to_owned(),
        TurnEnd::Unrepaired => "the edits still do not fit, or a check still fails".to_owned(),
        TurnEnd::Failed { message, .. } => format!("it failed: {message}"),
        _ => "the turn ended".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_says_something_is_heard() {
        let screen = Screen::pipe();
        let shown = |ok: bool, output: &str| {
            let mut out = Vec::new();
            let event = Event::Checked { check: "ty".into(), ok, output: output.into() };
            View::new(&screen, true).event(&event, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(shown(true, "\n"), "ty: fine\n");
        assert_eq!(
            shown(true, "it did not run: it is not there"),
            "ty: not failed, but says\n  it did not run: it is not there\n"
        );
        assert_eq!(shown(false, "line 3"), "ty: failed\n  line 3\n");
    }
}
