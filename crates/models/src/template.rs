//! The model's own words around a conversation.

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, ErrorKind as JinjaKind, Value, context};
use serde_json::Value as Json;

use crate::chat::{Message, Role};
use crate::error::{Error, Result};

/// Steps that a template may take: far more than any real one does for the
/// longest conversation, and still done in a second.
const FUEL: u64 = 50_000_000;

/// A chat template, as the model's makers wrote it.
#[derive(Debug)]
pub struct ChatTemplate {
    environment: Environment<'static>,
    bos_token: Option<String>,
    eos_token: Option<String>,
}

impl ChatTemplate {
    /// Compiles a template.
    pub(crate) fn new(
        source: &str,
        bos_token: Option<String>,
        eos_token: Option<String>,
    ) -> Result<Self> {
        let mut environment = Environment::new();
        // As transformers sets Jinja up.
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(|error| refused(&error))?);
        environment.set_fuel(Some(FUEL));
        environment
            .set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function(
            "raise_exception",
            |words: String| -> Result<(), minijinja::Error> {
                Err(minijinja::Error::new(JinjaKind::InvalidOperation, words))
            },
        );
        environment
            .add_template_owned("chat", source.to_owned())
            .map_err(|error| refused(&error))?;
        Ok(Self { environment, bos_token, eos_token })
    }

    /// Lays a conversation out as the model was trained to read it. With
    /// `answer`, the text ends where the model's answer begins.
    ///
    /// A template that knows no system message gets the instructions in front
    /// of the first user message.
    pub fn render(&self, messages: &[Message], answer: bool) -> Result<String> {
        match self.render_as_is(messages, answer) {
            Err(error) => match without_system(messages) {
                Some(joined) => self.render_as_is(&joined, answer),
                None => Err(error),
            },
            rendered => rendered,
        }
    }

    fn render_as_is(&self, messages: &[Message], answer: bool) -> Result<String> {
        let template = self.environment.get_template("chat").map_err(|error| refused(&error))?;
        template
            .render(context! {
                messages => messages.iter().map(value_of).collect::<Value>(),
                add_generation_prompt => answer,
                bos_token => &self.bos_token,
                eos_token => &self.eos_token,
            })
            .map_err(|error| refused(&error))
    }
}

fn value_of(message: &Message) -> Value {
    Value::from_pairs([("role", message.role.as_str()), ("content", message.content.as_str())])
}

fn without_system(messages: &[Message]) -> Option<Vec<Message>> {
    let [system, user, rest @ ..] = messages else { return None };
    if system.role != Role::System || user.role != Role::User {
        return None;
    }
    let joined = Message::user(format!("{}\n\n{}", system.content, user.content));
    Some(std::iter::once(joined).chain(rest.iter().cloned()).collect())
}

fn refused(error: &minijinja::Error) -> Error {
    Error::Template { reason: error.to_string() }
}

/// Finds the template in the text of a `tokenizer_config.json`: one, or a list
/// of named ones of which `default` is meant.
pub fn of_tokenizer_config(config: &Json) -> Option<&str> {
    match config.get("chat_template")? {
        Json::String(template) => Some(template),
        Json::Array(named) => {
            let template =
                |one: &'_ Json| one.get("name").and_then(Json::as_str) == Some("default");
            let chosen = named.iter().find(|one| template(one)).or_else(|| named.first())?;
            chosen.get("template")?.as_str()
        }
        _ => None,
    }
}

/// A special token of a `tokenizer_config.json`: a text, or an object with one.
pub fn special_token(config: &Json, name: &str) -> Option<String> {
    let value = config.get(name)?;
    value.as_str().or_else(|| value.get("content")?.as_str()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The newline behind a block tag goes, the one behind a value stays.
    const CHATML: &str = "{% for message in messages %}\n    {% if true %}\n{{ '<|im_start|>' + message['role'] + '\\n' + message['content'].strip() + '<|im_end|>' }}\n    {% endif %}\n{% endfor %}\n{% if add_generation_prompt %}\n{{ '<|im_start|>assistant' }}\n{% endif %}\n";

    #[test]
    fn renders_as_jinja_does() {
        let template = ChatTemplate::new(CHATML, None, None).unwrap();
        let messages = [Message::system("Be brief."), Message::user(" Hi ")];
        assert_eq!(
            template.render(&messages, true).unwrap(),
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
        );
    }

    #[test]
    fn a_template_without_system_messages_gets_the_instructions_all_the_same() {
        let source = "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}[{{ m.content }}]{% endfor %}";
        let template = ChatTemplate::new(source, None, None).unwrap();
        let messages = [Message::system("Rules."), Message::user("Hi")];
        assert_eq!(template.render(&messages, true).unwrap(), "[Rules.\n\nHi]");
        let error = template.render(&[Message::system("Rules.")], true).unwrap_err();
        assert!(error.to_string().contains("no system"), "{error}");
    }

    #[test]
    fn an_endless_template_ends() {
        let source =
            "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}";
        let template = ChatTemplate::new(source, None, None).unwrap();
        assert!(matches!(template.render(&[], true), Err(Error::Template { .. })));
        assert!(matches!(ChatTemplate::new("{% for %}", None, None), Err(Error::Template { .. })));
    }
}
