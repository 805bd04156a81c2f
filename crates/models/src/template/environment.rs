//! What a template finds around it.

use std::sync::{Arc, OnceLock};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Rest};
use minijinja::{Environment, Error, ErrorKind, State, Value};
use minijinja_contrib::pycompat;

use super::meter::{Meter, is_namespace, refused};
use super::metered::add_checks;
use super::tojson;

/// Steps that a template may take: far more than any real one does for the
/// longest conversation, and still done in a second.
const FUEL: u64 = 10_000_000;

/// Filters that show their values, which may be larger than they are.
const SHOWING: [&str; 17] = [
    "capitalize",
    "e",
    "escape",
    "float",
    "indent",
    "int",
    "join",
    "lines",
    "list",
    "lower",
    "replace",
    "safe",
    "split",
    "string",
    "title",
    "trim",
    "upper",
];

/// Tests that do.
const SHOWING_TESTS: [&str; 3] = ["endingwith", "in", "startingwith"];

/// No chat template needs them. A number can make what they make of any size;
/// what `chain` makes is computed while it is read, and could hold itself.
const LEFT_OUT: [&str; 6] = ["batch", "chain", "format", "pprint", "slice", "sum"];

/// As transformers sets Jinja up.
pub fn syntax() -> Result<SyntaxConfig, Error> {
    SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()
}

/// The environment of one rendering.
pub fn environment<'s>(date: bool, meter: &Arc<Meter>) -> Result<Environment<'s>, Error> {
    let mut environment = Environment::new();
    environment.set_syntax(syntax()?);
    environment.set_fuel(Some(FUEL));
    add_checks(&mut environment, meter);
    for name in LEFT_OUT {
        environment.remove_filter(name);
    }
    environment.remove_global("debug");
    for name in SHOWING {
        let own = Arc::clone(meter);
        environment.add_filter(name, move |args: Rest<Value>| {
            result_fits(&own, name, &args)?;
            plain().empty_state().apply_filter(name, &args)
        });
    }
    for name in SHOWING_TESTS {
        let own = Arc::clone(meter);
        environment.add_test(name, move |args: Rest<Value>| {
            args.iter().try_for_each(|value| own.shown(value))?;
            plain().empty_state().perform_test(name, &args)
        });
    }
    let own = Arc::clone(meter);
    let tojson =
        move |value: Value, options: Kwargs| tojson::tojson(&value, &options, own.longest());
    environment.add_filter("tojson", tojson);
    let own = Arc::clone(meter);
    environment.set_unknown_method_callback(move |state: &mut State<'_, '_>, value, name, args| {
        method_fits(&own, value, name, args)?;
        pycompat::unknown_method_callback(state, value, name, args)
    });
    let own = Arc::clone(meter);
    environment.set_formatter(move |out, _state, value| {
        own.shown(value)?;
        Ok(write!(out, "{value}")?)
    });
    if date {
        environment.add_function("strftime_now", strftime_now);
    }
    environment.add_function("raise_exception", |words: &str| -> Result<(), Error> {
        Err(Error::new(ErrorKind::InvalidOperation, words.to_owned()))
    });
    Ok(environment)
}

/// minijinja's own filters.
fn plain() -> &'static Environment<'static> {
    static PLAIN: OnceLock<Environment<'static>> = OnceLock::new();
    PLAIN.get_or_init(Environment::new)
}

/// Counts what a filter may make of its arguments before it does.
fn result_fits(meter: &Meter, name: &str, args: &[Value]) -> Result<(), Error> {
    for value in args {
        meter.shown(value)?;
    }
    match (name, args) {
        ("replace", [text, from, to, ..]) => replaced(meter, text, from, to),
        ("join", [list, between, ..]) => joined(meter, list, between),
        ("indent", [text, rest @ ..]) => {
            let lines = text.as_str().map_or(0, |text| text.matches('\n').count() as u64 + 1);
            let widest = rest.iter().filter_map(Value::as_usize).max();
            // A width by name stands in a map.
            let by_name = rest.iter().find_map(|value| value.get_attr("width").ok()?.as_usize());
            let widest = widest.max(by_name).unwrap_or(4) as u64;
            meter.text_fits(lines.saturating_mul(widest))
        }
        _ => Ok(()),
    }
}

/// The same for a method of Python's.
fn method_fits(meter: &Meter, value: &Value, name: &str, args: &[Value]) -> Result<(), Error> {
    if is_namespace(value) {
        return Err(refused("a namespace has no methods"));
    }
    if value.as_str().is_none() {
        return Ok(());
    }
    for value in [value].into_iter().chain(args) {
        meter.shown(value)?;
    }
    match (name, args) {
        ("replace", [from, to, ..]) => replaced(meter, value, from, to),
        ("join", [list]) => joined(meter, list, value),
        ("format", _) => Err(refused("there is no str.format")),
        _ => Ok(()),
    }
}

fn replaced(meter: &Meter, text: &Value, from: &Value, to: &Value) -> Result<(), Error> {
    // What is no text is refused, or shown, by the filter itself.
    let (text, from, to) = (text.to_string(), from.to_string(), to.to_string());
    let times = text.matches(&from).count() as u64;
    meter.text_fits(times.saturating_mul(to.len() as u64).saturating_add(text.len() as u64))
}

fn joined(meter: &Meter, list: &Value, between: &Value) -> Result<(), Error> {
    let count = list.try_iter()?.count() as u64;
    meter.text_fits(count.saturating_mul(meter.length(between)?))
}

/// Today's date in the words of `format`, UTC.
fn strftime_now(format: &str) -> Result<String, Error> {
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    jiff::fmt::strtime::format(format, &now)
        .map_err(|error| Error::new(ErrorKind::InvalidOperation, error.to_string()))
}
