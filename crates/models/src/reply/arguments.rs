//! Gives arguments the types that a tool's schema asks for.

use serde_json::{Map, Value};

use super::body::{ARGUMENTS, TextValue};
use super::json;

/// What a schema says of one argument.
#[allow(clippy::struct_excessive_bools, reason = "a schema allows any of the types")]
#[derive(Clone, Copy, Debug, Default)]
struct Types {
    string: bool,
    number: bool,
    integer: bool,
    boolean: bool,
    array: bool,
    object: bool,
    null: bool,
}

/// How deep alternatives are followed in a schema.
const MAX_ALTERNATIVES: usize = 4;

impl Types {
    fn of(schema: &Value, property: &str) -> Self {
        let mut types = Self::default();
        if let Some(property) = schema.get("properties").and_then(|all| all.get(property)) {
            types.add(property, 0);
        }
        types
    }

    fn add(&mut self, schema: &Value, depth: usize) {
        match schema.get("type") {
            Some(Value::String(name)) => self.add_name(name),
            Some(Value::Array(names)) => {
                names.iter().filter_map(Value::as_str).for_each(|name| self.add_name(name));
            }
            _ => {}
        }
        for value in schema.get("enum").and_then(Value::as_array).into_iter().flatten() {
            self.string |= value.is_string() && schema.get("type").is_none();
        }
        if depth < MAX_ALTERNATIVES {
            for key in ["anyOf", "oneOf", "allOf"] {
                for schema in schema.get(key).and_then(Value::as_array).into_iter().flatten() {
                    self.add(schema, depth + 1);
                }
            }
        }
    }

    fn add_name(&mut self, name: &str) {
        match name {
            "string" | "str" | "text" => self.string = true,
            "number" | "float" => self.number = true,
            "integer" | "int" => self.integer = true,
            "boolean" | "bool" => self.boolean = true,
            "array" | "list" => self.array = true,
            "object" | "dict" => self.object = true,
            "null" => self.null = true,
            _ => {}
        }
    }

    fn are_unknown(self) -> bool {
        let Self { string, number, integer, boolean, array, object, null } = self;
        !(string || number || integer || boolean || array || object || null)
    }

    fn allow(self, value: &Value) -> bool {
        match value {
            Value::Null => self.null,
            Value::Bool(_) => self.boolean,
            Value::Number(number) => self.number || (self.integer && !number.is_f64()),
            Value::String(_) => self.string,
            Value::Array(_) => self.array,
            Value::Object(_) => self.object,
        }
    }
}

/// Arguments that were written as texts.
pub fn of_texts(pairs: Vec<(String, TextValue)>, schema: &Value) -> Map<String, Value> {
    let mut map = Map::new();
    for (key, TextValue { text, is_string }) in pairs {
        let types = Types::of(schema, &key);
        let value = match is_string {
            Some(true) if types.are_unknown() => Value::String(text),
            Some(false) if types.are_unknown() => {
                json::parse_whole(text.trim()).unwrap_or(Value::String(text))
            }
            _ => of_text(text, types),
        };
        map.insert(key, value);
    }
    unwrap(map, schema)
}

fn of_text(text: String, types: Types) -> Value {
    if types.string {
        let is_null = types.null && matches!(text.trim(), "null" | "None");
        return if is_null { Value::Null } else { Value::String(text) };
    }
    match json::parse_whole(text.trim()) {
        // Without a schema, a text in quotes keeps them off.
        Ok(value) if types.are_unknown() || types.allow(&value) => value,
        Ok(Value::Number(number)) if types.integer && is_whole(&number) => whole(&number),
        _ => word(&text, types).unwrap_or(Value::String(text)),
    }
}

/// Words that JSON does not know.
fn word(text: &str, types: Types) -> Option<Value> {
    let text = text.trim();
    if types.boolean && text.eq_ignore_ascii_case("true") {
        return Some(Value::Bool(true));
    }
    if types.boolean && text.eq_ignore_ascii_case("false") {
        return Some(Value::Bool(false));
    }
    None
}

fn is_whole(number: &serde_json::Number) -> bool {
    // Beyond this, a float does not tell neighbours apart.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    number.as_f64().is_some_and(|value| value.fract() == 0.0 && value.abs() < EXACT)
}

#[allow(clippy::cast_possible_truncation, reason = "`is_whole` says that it is exact")]
fn whole(number: &serde_json::Number) -> Value {
    number.as_f64().map_or(Value::Null, |value| Value::from(value as i64))
}

/// Arguments that came as JSON: a value whose type is another's is changed
/// where it says the same.
pub fn of_json(map: Map<String, Value>, schema: &Value) -> Map<String, Value> {
    let typed = map.into_iter().map(|(key, value)| {
        let types = Types::of(schema, &key);
        let value =
            if types.are_unknown() || types.allow(&value) { value } else { like(value, types) };
        (key, value)
    });
    unwrap(typed.collect(), schema)
}

fn like(value: Value, types: Types) -> Value {
    match value {
        Value::String(text) => of_text(text, types),
        Value::Number(number) if types.integer && is_whole(&number) => whole(&number),
        // A name or a version that looks like a number.
        Value::Number(number) if types.string => Value::String(number.to_string()),
        other => other,
    }
}

/// Arguments that lie in another object: `{"arguments": {"path": "a"}}`.
fn unwrap(mut map: Map<String, Value>, schema: &Value) -> Map<String, Value> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let (Some(properties), 1) = (properties, map.len()) else { return map };
    let Some(key) = map.keys().next().cloned() else { return map };
    if properties.contains_key(&key) || !ARGUMENTS.contains(&key.as_str()) {
        return map;
    }
    let inner = match map.remove(&key) {
        Some(Value::String(text)) => match json::parse_whole(&text) {
            Ok(inner) => inner,
            Err(_) => Value::String(text),
        },
        Some(inner) => inner,
        None => return map,
    };
    match inner {
        Value::Object(inner) if inner.keys().all(|key| properties.contains_key(key)) => {
            of_json(inner, schema)
        }
        other => Map::from_iter([(key, other)]),
    }
}

/// The arguments that a call has to have and has not.
pub fn lacking<'s>(map: &Map<String, Value>, schema: &'s Value) -> Option<&'s str> {
    let required = schema.get("required").and_then(Value::as_array)?;
    required.iter().filter_map(Value::as_str).find(|name| !map.contains_key(*name))
}
