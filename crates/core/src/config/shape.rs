//! What a configuration may hold, by the schema that is made of [`Config`].

use std::sync::OnceLock;

use schemars::schema_for;
use serde_json::Value;

use super::error::ConfigProblem;
use super::text::{Member, Node, NodeKind};
use super::{Config, key};

/// How many names that are written alike an error tells.
const MOST_NEAR: usize = 2;

/// The schema of a configuration file.
pub fn schema() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| schema_for!(Config).to_value())
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyShape {
    /// The key.
    pub key: String,
    /// What it sets, in a sentence or several.
    pub about: String,
    /// What it takes, such as `a whole number`.
    pub takes: String,
}

/// All keys that have a value of their own, in the order of the schema: what
/// lies in an object of settings, and maps as one.
pub fn keys() -> Vec<KeyShape> {
    let mut found = Vec::new();
    collect(schema(), &mut Vec::new(), &mut found);
    found
}

fn collect(shape: &Value, path: &mut Vec<String>, found: &mut Vec<KeyShape>) {
    let Some(properties) = resolved(shape)["properties"].as_object() else { return };
    for (name, shape) in properties {
        path.push(name.clone());
        if resolved(shape)["properties"].is_object() {
            collect(shape, path, found);
        } else {
            let about = shape["description"].as_str().unwrap_or_default();
            let about = about.split_whitespace().collect::<Vec<_>>().join(" ");
            found.push(KeyShape { key: key::join(path), about, takes: wanted(shape) });
        }
        path.pop();
    }
}

/// The shape at a path of keys; `None` where none is known.
pub fn at(path: &[String]) -> Option<&'static Value> {
    path.iter().try_fold(schema(), |shape, key| {
        let shape = resolved(shape);
        let named = shape["properties"].get(key);
        named.or_else(|| shape.get("additionalProperties").filter(|one| one.is_object()))
    })
}

/// The names that are known beside the one at a path that is not.
pub fn near(path: &[String]) -> Vec<String> {
    let Some((last, above)) = path.split_last() else { return Vec::new() };
    let Some(shape) = at(above) else { return near(above) };
    let names = resolved(shape)["properties"].as_object();
    let names = names.map(|names| names.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
    let near = mlxcode_base::nearest(last, names.into_iter(), MOST_NEAR);
    near.into_iter().map(|name| key::join(&[above, &[name]].concat())).collect()
}

/// The first thing in a file that is not as it should be.
pub fn check(node: &Node) -> Result<(), (usize, ConfigProblem)> {
    check_at(node, schema(), &mut Vec::new())
}

fn check_at(
    node: &Node,
    shape: &Value,
    path: &mut Vec<String>,
) -> Result<(), (usize, ConfigProblem)> {
    let shape = resolved(shape);
    if let Some(ways) = shape["anyOf"].as_array().or(shape["oneOf"].as_array()) {
        let fits = |way: &&Value| check_at(node, way, &mut path.clone()).is_ok();
        if ways.iter().any(|way| fits(&way)) {
            return Ok(());
        }
        // The way that is meant is the one of the same kind.
        if let Some(way) = ways.iter().find(|way| is_kind(node, resolved(way))) {
            return check_at(node, way, path);
        }
        return Err((node.start, wrong(node, shape, path)));
    }
    if !is_kind(node, shape) {
        return Err((node.start, wrong(node, shape, path)));
    }
    match &node.kind {
        NodeKind::Object(members) => {
            members.iter().try_for_each(|member| check_member(member, shape, path))
        }
        NodeKind::List(items) => {
            let inner = &shape["items"];
            items.iter().try_for_each(|item| check_at(item, inner, path))
        }
        NodeKind::Plain(value) => {
            if in_range(value, shape) {
                Ok(())
            } else {
                Err((node.start, wrong(node, shape, path)))
            }
        }
    }
}

fn check_member(
    member: &Member,
    shape: &Value,
    path: &mut Vec<String>,
) -> Result<(), (usize, ConfigProblem)> {
    path.push(member.key.clone());
    let named = shape["properties"].get(&member.key);
    let other = shape.get("additionalProperties").filter(|one| one.is_object());
    let checked = match named.or(other) {
        Some(shape) => check_at(&member.value, shape, path),
        // A map of anything.
        None if shape["additionalProperties"] == Value::Bool(true) => Ok(()),
        None => {
            let problem = ConfigProblem::UnknownKey { key: key::join(path), near: near(path) };
            Err((member.start, problem))
        }
    };
    path.pop();
    checked
}

fn wrong(node: &Node, shape: &Value, path: &[String]) -> ConfigProblem {
    let found = match &node.kind {
        NodeKind::Object(_) => "an object".to_owned(),
        NodeKind::List(_) => "a list".to_owned(),
        NodeKind::Plain(value) => value.to_string(),
    };
    ConfigProblem::WrongType { key: key::join(path), wanted: wanted(shape), found }
}

/// Follows a reference to a definition.
fn resolved(shape: &Value) -> &Value {
    let name = shape["$ref"].as_str().and_then(|place| place.strip_prefix("#/$defs/"));
    name.and_then(|name| schema()["$defs"].get(name)).unwrap_or(shape)
}

fn kinds(shape: &Value) -> Vec<&str> {
    match &shape["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ if shape["enum"].is_array() || shape["const"].is_string() => vec!["string"],
        _ => Vec::new(),
    }
}

fn is_kind(node: &Node, shape: &Value) -> bool {
    let kinds = kinds(shape);
    let kind = match &node.kind {
        NodeKind::Object(_) => "object",
        NodeKind::List(_) => "array",
        NodeKind::Plain(Value::Null) => "null",
        NodeKind::Plain(Value::Bool(_)) => "boolean",
        NodeKind::Plain(Value::String(_)) => "string",
        NodeKind::Plain(Value::Number(number)) => {
            if (number.is_u64() || number.is_i64()) && kinds.contains(&"integer") {
                "integer"
            } else {
                "number"
            }
        }
        NodeKind::Plain(_) => "",
    };
    kinds.is_empty() || kinds.contains(&kind)
}

fn in_range(value: &Value, shape: &Value) -> bool {
    let words = shape["enum"].as_array();
    let is_word = words.is_none_or(|words| words.contains(value))
        && shape.get("const").is_none_or(|word| word == value);
    let at_least = shape["minimum"].as_f64();
    let at_most = shape["maximum"].as_f64();
    let number = value.as_f64();
    is_word
        && number.zip(at_least).is_none_or(|(number, least)| number >= least)
        && number.zip(at_most).is_none_or(|(number, most)| number <= most)
}

/// What a shape takes, in words.
pub fn wanted(shape: &Value) -> String {
    let shape = resolved(shape);
    if let Some(ways) = shape["anyOf"].as_array().or(shape["oneOf"].as_array()) {
        let mut ways: Vec<String> =
            ways.iter().filter(|way| way["type"] != "null").map(wanted).collect();
        ways.dedup();
        return ways.join(" or ");
    }
    if let Some(words) = shape["enum"].as_array() {
        let words: Vec<String> =
            words.iter().filter_map(Value::as_str).map(|word| format!("`{word}`")).collect();
        return words.join(" or ");
    }
    if let Some(word) = shape["const"].as_str() {
        return format!("`{word}`");
    }
    let kinds = kinds(shape);
    match kinds.iter().find(|kind| **kind != "null").copied() {
        Some("string") => "a text".to_owned(),
        Some("integer") => {
            let most = shape["maximum"].as_u64().map(|most| format!(" of at most {most}"));
            match shape["minimum"].as_i64() {
                Some(least) if least > 0 => format!("a whole number from {least}"),
                _ => format!("a whole number{}", most.unwrap_or_default()),
            }
        }
        Some("number") => "a number".to_owned(),
        Some("boolean") => "`true` or `false`".to_owned(),
        Some("array") => {
            let inner = resolved(&shape["items"]);
            if inner["type"] == "string" { "a list of texts" } else { "a list" }.to_owned()
        }
        Some("object") => match shape.get("additionalProperties").filter(|one| one.is_object()) {
            Some(inner) => format!("an object of names, each with {}", wanted(inner)),
            None => "an object".to_owned(),
        },
        _ => "a value".to_owned(),
    }
}
