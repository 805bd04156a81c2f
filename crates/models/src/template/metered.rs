//! A compiled template whose every step that makes something is counted.
//!
//! minijinja's fuel counts steps, not what they make, and its operators cannot
//! be replaced. So the compiled steps are rewritten: in front of an operator
//! stands a check of its operands, behind what makes a value its count.

use std::sync::Arc;

use minijinja::machinery::{Instruction, Instructions, tokenize};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::ValueKind;
use minijinja::{Environment, Error, Value, machinery};

use super::meter::{Meter, refused};

/// The number one, which the compiler does not know.
const ONE: &str = "__one__";

/// No name that a template can write.
const KEPT: &str = "%kept";
const HELD: &str = "%held";
const ADD: &str = "%add";
const MULTIPLY: &str = "%multiply";
const JOIN: &str = "%join";
const CONTAINS: &str = "%contains";

/// The number that says that a filter is looked up each time.
const NOT_CACHED: u8 = !0;

/// The compiler computes what is constant, uncounted: it would repeat a text
/// a hundred million times. With a factor that it does not know, it cannot.
pub fn without_constant_products(source: &str, syntax: &SyntaxConfig) -> String {
    let mut result = String::with_capacity(source.len());
    let mut from = 0;
    // What cannot be read is refused when it is compiled.
    for (token, span) in tokenize(source, false, syntax.clone()).map_while(Result::ok) {
        let until = span.end_offset as usize;
        if matches!(token, machinery::Token::Mul) {
            result.push_str(&source[from..until]);
            result.push_str(ONE);
            result.push('*');
            from = until;
        }
    }
    result + &source[from..]
}

/// Adds what the rewritten steps call.
pub fn add_checks(environment: &mut Environment<'_>, meter: &Arc<Meter>) {
    environment.add_global(ONE, 1);
    let own = Arc::clone(meter);
    environment.add_filter(KEPT, move |value: Value| own.kept(value));
    let own = Arc::clone(meter);
    environment.add_filter(HELD, move |value: Value| own.held(value));
    let mut pair = |name, check: fn(&Meter, &Value, &Value) -> Result<(), Error>| {
        let own = Arc::clone(meter);
        environment.add_filter(name, move |left: Value, right: Value| {
            check(&own, &left, &right)?;
            // The first is unpacked last, and so lies on top again.
            Ok::<_, Error>(Value::from(vec![right, left]))
        });
    };
    pair(ADD, |meter, left, right| match (left.as_str(), right.as_str()) {
        (Some(left), Some(right)) => meter.text_fits(left.len() as u64 + right.len() as u64),
        _ => Ok(()),
    });
    pair(MULTIPLY, |meter, left, right| {
        let times = |value: &Value| value.as_usize().map(|times| times as u64);
        let (value, Some(times)) =
            (if times(left).is_some() { (right, times(left)) } else { (left, times(right)) })
        else {
            return Ok(());
        };
        if let Some(text) = value.as_str() {
            return meter.text_fits((text.len() as u64).saturating_mul(times));
        }
        let count = value.len().unwrap_or(0) as u64;
        meter.items_fit(count.saturating_mul(times))
    });
    pair(JOIN, |meter, left, right| {
        let bytes = meter.length(left)?.saturating_add(meter.length(right)?);
        meter.text_fits(bytes)
    });
    pair(CONTAINS, |meter, value, container| {
        let shown = container.kind() == ValueKind::String && value.kind() != ValueKind::String;
        if shown { meter.shown(value) } else { Ok(()) }
    });
}

/// Rewrites the steps of a template.
pub fn metered<'s>(
    instructions: &Instructions<'s>,
    name: &'s str,
) -> Result<Instructions<'s>, Error> {
    let old: Vec<(&Instruction<'s>, usize)> = (0..)
        .map_while(|at| Some((instructions.get(at)?, instructions.get_line(at).unwrap_or(0))))
        .collect();
    let mut places = Vec::with_capacity(old.len() + 1);
    let mut steps = Vec::with_capacity(2 * old.len());
    for (instruction, line) in old {
        places.push(steps.len() as u32);
        steps.extend(expanded(instruction)?.into_iter().map(|step| (step, line)));
    }
    places.push(steps.len() as u32);
    let mut result = Instructions::new(name, instructions.source());
    for (mut step, line) in steps {
        if let Some(target) = target(&mut step) {
            let place = places.get(*target as usize);
            *target = *place.ok_or_else(|| refused("a step leads nowhere"))?;
        }
        result.add_with_line(step, u16::try_from(line).unwrap_or(u16::MAX));
    }
    Ok(result)
}

/// What stands in the place of a step.
fn expanded<'s>(instruction: &Instruction<'s>) -> Result<Vec<Instruction<'s>>, Error> {
    let check = |name, count| Instruction::ApplyFilter(name, Some(count), NOT_CACHED);
    let step = instruction.clone();
    Ok(match instruction {
        Instruction::EmitRaw(text) => {
            vec![Instruction::LoadConst(Value::from(*text)), Instruction::Emit]
        }
        Instruction::Add => pair(ADD, step),
        Instruction::Mul => pair(MULTIPLY, step),
        Instruction::StringConcat => vec![check(JOIN, 2), Instruction::UnpackList(2), step],
        Instruction::In | Instruction::CompareAndPreserve(_) => {
            vec![check(CONTAINS, 2), Instruction::UnpackList(2), step]
        }
        Instruction::SetAttr(_) => {
            vec![Instruction::Swap, check(HELD, 1), Instruction::Swap, step]
        }
        Instruction::BuildList(_)
        | Instruction::BuildTuple(_)
        | Instruction::BuildMap(_)
        | Instruction::Slice
        | Instruction::ApplyFilter(..)
        | Instruction::CallFunction(..)
        | Instruction::CallMethod(..)
        | Instruction::CallObject(_)
        | Instruction::EndCapture => vec![step, check(KEPT, 1)],
        Instruction::UnpackLists(_) => return Err(refused("lists cannot be taken apart here")),
        // They would run steps that were not rewritten.
        Instruction::Include(_)
        | Instruction::LoadBlocks
        | Instruction::CallBlock(_)
        | Instruction::FastSuper
        | Instruction::ExportLocals => return Err(refused("there is but one template")),
        _ => vec![step],
    })
}

/// A check of two operands, the operator, and the count of what it makes.
fn pair<'s>(name: &'static str, step: Instruction<'s>) -> Vec<Instruction<'s>> {
    let check = |name, count| Instruction::ApplyFilter(name, Some(count), NOT_CACHED);
    vec![check(name, 2), Instruction::UnpackList(2), step, check(KEPT, 1)]
}

/// The step that a step leads to.
fn target<'i>(step: &'i mut Instruction<'_>) -> Option<&'i mut u32> {
    match step {
        Instruction::Jump(target)
        | Instruction::JumpIfFalse(target)
        | Instruction::JumpIfFalseOrPop(target)
        | Instruction::JumpIfTrueOrPop(target)
        | Instruction::Iterate(target)
        | Instruction::BuildMacro(_, target, _) => Some(target),
        _ => None,
    }
}
