//! `mlx-code context`: what a model would be shown, and why.

use mlxcode_core::{
    CodePlace, ContextOptions, CursorOptions, InputError, LeftOut, ModelLibrary, PackedContext,
    PackedCursor, PromptTokens, Workspace,
};

use crate::args::Context;
use crate::command::{Common, dirs, place, relative};
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{self, ContextOutput, CursorOutput, LeftOutOutput, PieceOutput};
use crate::output::progress::ProgressLine;
use crate::output::{Style, visible};

/// Runs the verb.
pub fn run(args: &Context, common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    let files = relative(&workspace, host, &args.files)?;
    let line = ProgressLine::new(host.live && !common.json);
    let counter = counter(&workspace, common, host, &line)?;
    if let Some(at) = &args.at {
        let (path, row, column) = cursor(&workspace, host, at)?;
        let mut options = CursorOptions::default();
        options.open = files;
        options.tokens = args.tokens;
        options.counter = counter.clone();
        options.cancel = host.cancel.clone();
        let packed = workspace.cursor_context(&path, row, column, &options, &line);
        line.clear();
        return show_cursor(&packed?, &counter, common, host);
    }
    let question = args.question.as_deref().unwrap_or_default();
    let mut options = ContextOptions::default();
    options.files = files;
    options.tokens = args.tokens;
    options.counter = counter.clone();
    options.with_map = !args.no_map;
    options.cancel = host.cancel.clone();
    let packed = workspace.context(question, &options, &line);
    line.clear();
    show(question, &packed?, &counter, common, host)
}

/// The tokens of the model that was named, else of the one that `ask` would
/// take; an estimate where none is installed.
fn counter(
    workspace: &Workspace,
    common: &Common,
    host: &Host<'_>,
    line: &ProgressLine,
) -> Outcome<PromptTokens> {
    if let (None, Some(model)) = (&common.model, &host.model) {
        return Ok(PromptTokens::of_model(model));
    }
    let library = ModelLibrary::open(&dirs(host)?)?;
    let name = match &common.model {
        Some(name) => Some(name.clone()),
        // Of several, none is the one: nothing is asked of it here.
        None => library.default_model(workspace.config()).ok().flatten(),
    };
    let Some(name) = name else { return Ok(PromptTokens::estimate()) };
    let counter = library.prompt_tokens(&host.current_dir, &name, line, &host.cancel);
    line.clear();
    Ok(counter?)
}

fn cursor(
    workspace: &Workspace,
    host: &Host<'_>,
    typed: &str,
) -> Outcome<(mlxcode_core::RelPath, usize, usize)> {
    match place(workspace, host, typed)? {
        CodePlace::Position { path, line, column: Some(column), .. } => Ok((path, line, column)),
        _ => Err(InputError::NoPlace { place: typed.to_owned() }.into()),
    }
}

fn show(
    question: &str,
    packed: &PackedContext,
    counter: &PromptTokens,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    if common.json {
        json::write(host, &ContextOutput::new(question, packed, counter.is_estimate()))?;
        return Ok(SUCCESS);
    }
    let pieces: Vec<PieceOutput> = packed.pieces.iter().map(PieceOutput::new).collect();
    ledger(&pieces, packed.tokens, packed.budget, counter, host)?;
    let style = Style::for_output(host);
    for one in &packed.attachments {
        let place = style.place(&one.path);
        written(writeln!(
            host.output,
            "   file  {place}  {}, {} bytes",
            one.media_type, one.size_bytes
        ))?;
    }
    left_out(&packed.left_out, host)?;
    prompt(&packed.render(), host)?;
    Ok(SUCCESS)
}

fn show_cursor(
    packed: &PackedCursor,
    counter: &PromptTokens,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    if common.json {
        json::write(host, &CursorOutput::new(packed, counter.is_estimate()))?;
        return Ok(SUCCESS);
    }
    let pieces: Vec<PieceOutput> = packed.ledger().map(PieceOutput::new).collect();
    ledger(&pieces, packed.tokens, packed.budget, counter, host)?;
    left_out(&packed.left_out, host)?;
    let style = Style::for_output(host);
    prompt(&packed.before, host)?;
    written(writeln!(host.output, "\n{}", style.strong("[cursor]")))?;
    prompt(&packed.behind, host)?;
    Ok(SUCCESS)
}

/// What is in it: tokens, place, reason.
fn ledger(
    pieces: &[PieceOutput],
    tokens: usize,
    budget: usize,
    counter: &PromptTokens,
    host: &mut Host<'_>,
) -> Outcome<()> {
    let style = Style::for_output(host);
    let counted = if counter.is_estimate() { ", counted as four bytes each" } else { "" };
    let sum = style.strong(format!("{tokens} of {budget} tokens{counted}"));
    written(writeln!(host.output, "{sum}"))?;
    for one in pieces {
        let (place, reason) = (style.place(one.place()), style.dim(&one.reason));
        written(writeln!(host.output, "{:>7}  {place}  {reason}", one.tokens))?;
    }
    Ok(())
}

fn left_out(left_out: &[LeftOut], host: &mut Host<'_>) -> Outcome<()> {
    let style = Style::for_output(host);
    if !left_out.is_empty() {
        written(writeln!(host.output, "\n{}", style.strong("Left out:")))?;
    }
    for one in left_out.iter().map(LeftOutOutput::new) {
        let (place, reason) = (style.place(one.place()), style.dim(&one.reason));
        written(writeln!(host.output, "         {place}  {reason}"))?;
    }
    Ok(())
}

fn prompt(text: &str, host: &mut Host<'_>) -> Outcome<()> {
    if !text.is_empty() {
        written(writeln!(host.output))?;
    }
    for line in text.lines() {
        written(writeln!(host.output, "{}", visible(line)))?;
    }
    Ok(())
}
