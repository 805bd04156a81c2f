//! What a template finds around it.

use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Rest, ValueKind};
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

/// What a template is told of the time.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// Nothing: there is no `strftime_now`.
    None,
    /// The date of today.
    Today,
    /// This moment.
    Fixed(SystemTime),
}

impl Clock {
    fn now(self) -> Option<Timestamp> {
        match self {
            Self::None => None,
            Self::Today => Some(Timestamp::now()),
            // Beyond what a calendar has, the epoch is as good.
            Self::Fixed(moment) => Some(Timestamp::try_from(moment).unwrap_or_default()),
        }
    }
}

/// The environment of one rendering.
pub fn environment<'s>(clock: Clock, meter: &Arc<Meter>) -> Result<Environment<'s>, Error> {
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
    environment.add_test("iterable", |value: &Value| is_iterable(value));
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
    if let Some(now) = clock.now() {
        environment.add_function("strftime_now", move |format: &str| strftime(format, now));
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
        ("format", _) => formatted(meter, value, args),
        _ => Ok(()),
    }
}

fn replaced(meter: &Meter, text: &Value, from: &Value, to: &Value) -> Result<(), Error> {
    // What is no text is refused, or shown, by the filter itself.
    let (text, from, to) = (text.to_string(), from.to_string(), to.to_string());
    let times = text.matches(&from).count() as u64;
    meter.text_fits(times.saturating_mul(to.len() as u64).saturating_add(text.len() as u64))
}

/// `str.format` puts values in as they are; with a width it could make a text
/// of any size.
fn formatted(meter: &Meter, text: &Value, args: &[Value]) -> Result<(), Error> {
    let text = text.as_str().unwrap_or_default();
    let mut fields = text.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    if fields.any(|field| field.contains([':', '!', '.', '['])) {
        return Err(refused("str.format takes no widths, conversions or attributes"));
    }
    let longest = args
        .iter()
        .map(|value| meter.length(value))
        .try_fold(0, |longest, next| next.map(|next| u64::max(longest, next)))?;
    let times = text.matches('{').count() as u64;
    meter.text_fits(times.saturating_mul(longest).saturating_add(text.len() as u64))
}

/// Python's: a text is iterable, `none` is not.
fn is_iterable(value: &Value) -> bool {
    match value.kind() {
        ValueKind::None => false,
        ValueKind::String => true,
        _ => value.try_iter().is_ok(),
    }
}

fn joined(meter: &Meter, list: &Value, between: &Value) -> Result<(), Error> {
    let count = list.try_iter()?.count() as u64;
    meter.text_fits(count.saturating_mul(meter.length(between)?))
}

/// The moment in the words of `format`, UTC.
fn strftime(format: &str, moment: Timestamp) -> Result<String, Error> {
    let moment = moment.to_zoned(TimeZone::UTC);
    jiff::fmt::strtime::format(format, &moment)
        .map_err(|error| Error::new(ErrorKind::InvalidOperation, error.to_string()))
}
