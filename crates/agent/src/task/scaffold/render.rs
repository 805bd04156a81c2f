//! Texts of templates with their values.

use std::collections::BTreeMap;

use minijinja::Value;

use crate::task::error::TaskResult;
use crate::task::text::render_text;

/// Renders a text; its last line end stays.
pub fn text(name: &str, source: &str, values: &BTreeMap<String, String>) -> TaskResult<String> {
    let rendered = render_text(name, source, &of(values))?;
    let ends = source.ends_with('\n') && !rendered.ends_with('\n') && !rendered.is_empty();
    Ok(if ends { rendered + "\n" } else { rendered })
}

/// Whether an expression holds: a variable that is `yes`, or a comparison.
pub fn holds(name: &str, when: &str, values: &BTreeMap<String, String>) -> TaskResult<bool> {
    let source = format!("{{% if {when} %}}yes{{% endif %}}");
    Ok(render_text(name, &source, &of(values))? == "yes")
}

/// `yes` and `no` are true and false, so that a template can ask for them.
fn of(values: &BTreeMap<String, String>) -> Value {
    let pairs = values.iter().map(|(name, value)| {
        let value = match value.as_str() {
            "yes" => Value::from(true),
            "no" => Value::from(false),
            text => Value::from(text),
        };
        (name.clone(), value)
    });
    Value::from_pairs(pairs)
}
