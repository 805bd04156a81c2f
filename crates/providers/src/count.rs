//! How many tokens a text probably has, where nobody can be asked.

use mlxcode_models::{Chat, Message, Prompt};

/// What frames a message: its role and the marks around it. Templates use
/// three to seven tokens.
const MESSAGE: usize = 8;

/// What frames a picture costs more; servers count some hundred to some
/// thousand tokens for one.
const IMAGE: usize = 1600;

/// Counts the tokens of a prompt: rather too many than too few.
pub fn estimate(prompt: &Prompt) -> usize {
    match prompt {
        Prompt::Text(text) => estimate_text(text),
        Prompt::Chat(chat) => estimate_chat(chat),
        _ => 0,
    }
}

fn estimate_chat(chat: &Chat) -> usize {
    let messages: usize = chat.messages.iter().map(estimate_message).sum();
    let tools = chat.tools.iter().map(|tool| {
        let parameters = tool.parameters.to_string();
        MESSAGE
            + estimate_text(&tool.name)
            + estimate_text(&tool.description)
            + estimate_text(&parameters)
    });
    MESSAGE + messages + tools.sum::<usize>()
}

/// Counts a message as it stands in a conversation.
pub fn estimate_message(message: &Message) -> usize {
    let calls = message.tool_calls.iter().map(|call| {
        MESSAGE + estimate_text(&call.name) + estimate_text(&call.arguments.to_string())
    });
    MESSAGE
        + estimate_text(&message.content)
        + message.thinking.as_deref().map_or(0, estimate_text)
        + calls.sum::<usize>()
        + message.images.len() * IMAGE
}

/// Counts as byte-pair tokenizers cut: a word is a token for each few letters,
/// and takes the blank before it along; a digit is one, and leaves the blank; so is each mark, but a
/// row of the same is one for four; a line's end with its indentation is one.
pub fn estimate_text(text: &str) -> usize {
    // In quarters of a token.
    let mut quarters = 0;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let mut run = 1;
        let mut take = |same: &dyn Fn(char) -> bool| {
            while chars.next_if(|next| same(*next)).is_some() {
                run += 1;
            }
            run
        };
        quarters += match c {
            // Common words are one token; parts of names have three letters
            // or more.
            'a'..='z' | 'A'..='Z' => {
                let letters: usize = take(&|next| next.is_ascii_lowercase());
                4 * letters.div_ceil(6)
            }
            '0'..='9' => 4,
            ' ' => {
                let blanks = take(&|next| next == ' ');
                match chars.peek() {
                    // Rows of blanks are tokens of their own up to a length.
                    _ if blanks > 1 => 4 * blanks.div_ceil(16),
                    Some('0'..='9') => 4,
                    _ => 0,
                }
            }
            '\n' | '\r' | '\t' => 4 * usize::div_ceil(take(&|next| next == c), 4),
            _ if c.is_ascii() => 4 * usize::div_ceil(take(&|next| next == c), 4),
            // Two bytes: letters of alphabets, some two to a token.
            '\u{80}'..='\u{7ff}' => 3,
            // Three bytes: a sign of Chinese or Japanese is about a token.
            '\u{800}'..='\u{ffff}' => 5,
            _ => 12,
        };
    }
    quarters.div_ceil(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_rather_too_many() {
        // What the tokenizer of GPT-4 (cl100k) gives for these is known from
        // its documentation and its users' examples.
        let check = |text: &str, real: usize| {
            let count = estimate_text(text);
            // A short text may be off by a token in five.
            assert!(
                5 * count >= 4 * real && count <= 2 * real + 2,
                "{text:?}: {count}, really {real}"
            );
        };
        check("", 0);
        check("tiktoken is great!", 6);
        check("antidisestablishmentarianism", 6);
        check("2 + 2 = 4", 7);
        check("お誕生日おめでとう", 9);
        check("hello world", 2);
    }

    #[test]
    fn everything_in_a_message_counts() {
        let plain = Prompt::messages([Message::user("hello")]);
        let mut message = Message::user("hello");
        message.images.push(mlxcode_models::Image {
            media_type: "image/png".to_owned(),
            base64: "x".repeat(100_000),
        });
        let with_image = Prompt::messages([message]);
        assert_eq!(estimate(&with_image) - estimate(&plain), IMAGE);
        assert!(estimate(&Prompt::text("a b c")) == 3);
    }
}
