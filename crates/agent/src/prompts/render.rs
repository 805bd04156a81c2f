//! Templates with their values.

use std::io;

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};

/// Steps of one template: each prompt of ours takes a few hundred.
const MOST_STEPS: u64 = 1_000_000;

/// What a template may write, far beyond any context.
const MOST_TEXT_BYTES: usize = 16 << 20;

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    /// The line, from one.
    pub line: Option<usize>,
    /// What is wrong there.
    pub reason: String,
}

/// Renders a template. A name that has no value is an error.
pub(crate) fn render(source: &str, values: &Value) -> Result<String, Flaw> {
    let environment = environment()?;
    let template = environment.template_from_str(source).map_err(|error| flaw(&error))?;
    let mut sink = Sink(Vec::new());
    template.render_captured_to(values.clone(), &mut sink).map_err(|error| flaw(&error))?;
    String::from_utf8(sink.0)
        .map_err(|_| Flaw { line: None, reason: "it gives no text".to_owned() })
}

/// Looks whether a text is a template at all.
pub(crate) fn check(source: &str) -> Result<(), Flaw> {
    let environment = environment()?;
    let checked = environment.template_from_str(source).map(drop);
    checked.map_err(|error| flaw(&error))
}

fn environment<'source>() -> Result<Environment<'source>, Flaw> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(MOST_STEPS));
    // Tags that stand alone on a line leave no line behind.
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.map_err(|error| flaw(&error))?);
    Ok(environment)
}

fn flaw(error: &minijinja::Error) -> Flaw {
    // The context that it shows would repeat a whole diff.
    let reason = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    Flaw { line: error.line(), reason }
}

/// Takes so many bytes and no more.
struct Sink(Vec<u8>);

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MOST_TEXT_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use minijinja::context;

    use super::*;

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let wrong = |source: &str| render(source, &context! { a => "1" }).unwrap_err();
        assert_eq!(wrong("one\n{{ b }}").line, Some(2));
        assert_eq!(wrong("{% for x in %}").line, Some(1));
        assert_eq!(check("{% for x in %}").unwrap_err().line, Some(1));
        let endless =
            "{% for i in range(9999) %}{% for j in range(9999) %}{{ a }}{% endfor %}{% endfor %}";
        assert!(wrong(endless).reason.contains("fuel"), "{:?}", wrong(endless));
        wrong("{% for i in range(9999) %}{{ 'x' * 100000 }}{% endfor %}");
        wrong("{% include '/etc/passwd' %}");
    }
}
