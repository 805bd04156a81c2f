//! The arguments of a call, as models write them: tolerant where the meaning
//! is sure.

use mlxcode_base::RelPath;
use serde_json::Value;

use super::{ToolError, ToolResult};

/// A text that has to be there.
pub fn text<'a>(arguments: &'a Value, name: &str) -> ToolResult<&'a str> {
    optional_text(arguments, name)?
        .ok_or_else(|| ToolError::new(format!("the argument `{name}` is missing")))
}

/// A text that may be missing or null.
pub fn optional_text<'a>(arguments: &'a Value, name: &str) -> ToolResult<Option<&'a str>> {
    match arguments.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(ToolError::new(format!("the argument `{name}` is no text"))),
    }
}

/// A whole number that may be missing, or written as a text.
pub fn number(arguments: &Value, name: &str) -> ToolResult<Option<usize>> {
    let wrong = || ToolError::new(format!("the argument `{name}` is no whole number"));
    match arguments.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) => text.trim().parse().map(Some).map_err(|_| wrong()),
        Some(value) => value.as_u64().map(|number| Some(number as usize)).ok_or_else(wrong),
    }
}

/// A truth that may be missing, or written as a text.
pub fn truth(arguments: &Value, name: &str) -> ToolResult<bool> {
    match arguments.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(truth)) => Ok(*truth),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(true),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(false),
        Some(_) => Err(ToolError::new(format!("the argument `{name}` is neither true nor false"))),
    }
}

/// A path below the root. Models write `./a` and `/a` for it too.
pub fn path(written: &str) -> ToolResult<RelPath> {
    let trimmed = written.trim().trim_start_matches("./");
    RelPath::new(trimmed).map_err(|error| {
        ToolError::new(format!("{error}; write the path from the root of the project"))
    })
}

/// A folder below the root; `None` for the root itself.
pub fn folder(written: Option<&str>) -> ToolResult<Option<RelPath>> {
    match written.map(|folder| folder.trim().trim_end_matches('/')) {
        None | Some("" | ".") => Ok(None),
        Some(folder) => path(folder).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_sure_is_understood_and_the_rest_told() {
        let arguments = json!({"a": "x", "n": "12", "t": "True", "bad": [1], "none": null});
        assert_eq!(text(&arguments, "a"), Ok("x"));
        assert_eq!(number(&arguments, "n"), Ok(Some(12)));
        assert_eq!(number(&arguments, "none"), Ok(None));
        assert_eq!(truth(&arguments, "t"), Ok(true));
        assert_eq!(truth(&arguments, "missing"), Ok(false));
        assert!(text(&arguments, "missing").unwrap_err().to_string().contains("`missing`"));
        assert!(text(&arguments, "bad").is_err() && number(&arguments, "bad").is_err());
        assert!(truth(&arguments, "a").is_err() && number(&json!({"n": -1}), "n").is_err());
        assert_eq!(path("./src/a.rs").unwrap().as_str(), "src/a.rs");
        assert!(path("../a").is_err() && path("/etc/passwd").is_err());
        assert_eq!(folder(Some("./")), Ok(None));
        assert_eq!(folder(Some("src/")).unwrap().unwrap().as_str(), "src");
    }
}
