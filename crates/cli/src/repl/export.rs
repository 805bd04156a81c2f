//! A conversation as a file.

use mlxcode_core::{Entry, Role};

/// The conversation in Markdown: who said what.
pub(super) fn markdown(entries: &[Entry], title: &str) -> String {
    let mut text = format!("# {title}\n");
    for entry in entries {
        let message = &entry.message;
        let (who, said) = match message.role {
            Role::User => ("You", entry.words.as_deref().unwrap_or(&message.content)),
            Role::Assistant => ("Model", message.content.as_str()),
            Role::Tool => ("Tool", message.content.as_str()),
            _ => continue,
        };
        text.push_str(&format!("\n## {who}\n\n"));
        for call in &message.tool_calls {
            text.push_str(&format!("Calls `{}` with `{}`\n\n", call.name, call.arguments));
        }
        if message.role == Role::Tool {
            let fence = fence(said);
            text.push_str(&format!("{fence}\n{}\n{fence}\n", said.trim_end()));
        } else if !said.trim().is_empty() {
            text.push_str(&format!("{}\n", said.trim()));
        }
    }
    text
}

/// A fence longer than any in the text.
fn fence(text: &str) -> String {
    let longest = text
        .lines()
        .map(|line| line.trim_start().bytes().take_while(|byte| *byte == b'`').count())
        .max()
        .unwrap_or(0);
    "`".repeat((longest + 1).max(3))
}

#[cfg(test)]
mod tests {
    use mlxcode_core::Message;

    use super::*;

    #[test]
    fn each_says_its_part() {
        let entry = |message, words: Option<&str>| Entry {
            turn: 1,
            message,
            words: words.map(str::to_owned),
            note: None,
        };
        let entries = [
            entry(Message::system("instructions"), None),
            entry(Message::user("passages\n\nwhy?"), Some("why?")),
            entry(Message::tool("1", "```\ncode\n```"), None),
            entry(Message::assistant("Because.\n"), None),
        ];
        assert_eq!(
            markdown(&entries, "A talk"),
            "# A talk\n\n## You\n\nwhy?\n\n## Tool\n\n````\n```\ncode\n```\n````\n\n\
             ## Model\n\nBecause.\n"
        );
    }
}
