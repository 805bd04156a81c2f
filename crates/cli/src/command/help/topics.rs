//! The pages of the documentation, by what they are about.

/// A topic.
pub struct Topic {
    /// Its name.
    pub name: &'static str,
    /// What it is about, in a few words.
    pub about: &'static str,
    page: &'static str,
    /// The part of the page that matters; all of it without.
    heading: Option<&'static str>,
}

macro_rules! topic {
    ($name:literal, $about:literal, $page:literal) => {
        topic!($name, $about, $page, None)
    };
    ($name:literal, $about:literal, $page:literal, $heading:expr) => {
        Topic {
            name: $name,
            about: $about,
            page: include_str!(concat!("../../../docs/", $page, ".md")),
            heading: $heading,
        }
    };
}

/// All topics, by name.
pub const TOPICS: &[Topic] = &[
    topic!("attachments", "pictures and PDFs", "attachments"),
    topic!("catalogue", "which models there are", "catalogue"),
    topic!("checks", "what is looked at after a change", "checks"),
    topic!("code", "how code is understood", "code-understanding"),
    topic!("commands", "commands and aliases of your own", "commands"),
    topic!("configuration", "what can be set, and where", "config"),
    topic!("context", "what of the code a model is shown", "context"),
    topic!("conversation", "talking with it, in a terminal", "conversation"),
    topic!("converting", "models in other formats", "convert"),
    topic!("editing", "how edits are read and placed", "editing"),
    topic!("formats", "the files that models come in", "formats"),
    topic!("hardware", "the machine, and what fits into it", "hardware"),
    topic!("keys", "typing in a conversation", "conversation", Some("Typing")),
    topic!("mcp", "servers of tools", "mcp"),
    topic!("models", "the library of models", "library"),
    topic!("performance", "how fast it is", "performance"),
    topic!("permissions", "what may be done without asking", "permissions"),
    topic!("plugins", "what others add", "plugins"),
    topic!("prompts", "what a model is told, and how to change it", "prompts"),
    topic!("providers", "models on other machines", "providers"),
    topic!("pulling", "fetching models", "pulling"),
    topic!("sandbox", "how commands are confined", "sandbox"),
    topic!("scripts", "answers for programs", "conversation", Some("Scripts")),
    topic!("search", "finding places in the code", "search"),
    topic!("secrets", "tokens and where they are kept", "secrets"),
    topic!("sessions", "conversations that were kept", "sessions"),
    topic!("tasks", "commits, reviews, tests and other named work", "tasks"),
    topic!("undo", "applying, taking back, looking up changes", "journal"),
    topic!("upkeep", "keeping models sound", "upkeep"),
];

impl Topic {
    /// What there is to say, in Markdown.
    pub fn text(&self) -> String {
        let Some(heading) = self.heading else { return self.page.to_owned() };
        let begin = format!("## {heading}");
        let mut lines = self.page.lines().skip_while(|line| *line != begin);
        let first = lines.next().unwrap_or_default().trim_start_matches('#');
        let rest: Vec<&str> = lines.take_while(|line| !line.starts_with("## ")).collect();
        format!("#{first}\n{}\n", rest.join("\n").trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_has_a_page() {
        assert!(TOPICS.is_sorted_by_key(|topic| topic.name));
        for topic in TOPICS {
            let text = topic.text();
            assert!(text.starts_with("# ") && text.len() > 300, "{}: {text}", topic.name);
        }
        let keys = TOPICS.iter().find(|topic| topic.name == "keys").unwrap().text();
        assert!(keys.starts_with("# Typing\n") && keys.contains("Ctrl-R"), "{keys}");
        assert!(!keys.contains("## "), "{keys}");
    }
}
