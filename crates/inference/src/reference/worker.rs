//! One request at a time, token by token.

use std::sync::mpsc::Receiver;

use mlxcode_models::FinishReason;

use super::decoder::{Cache, Decoder};
use crate::engine::{Answer, Next, Order, Voice};
use crate::error::{Error, Result};

/// Tokens of a prompt that run at once: enough for the matrices, few enough
/// that a cancelled prompt, looked for before each layer, ends soon.
const PREFILL_TOKENS: usize = 128;

/// Works until nobody can send orders any more.
pub fn work(decoder: &Decoder, voice: &Voice, orders: &Receiver<Order>) {
    for order in orders {
        // Who does not wait for a reply any more does not get it.
        let _ = match order {
            Order::Generate(request) => {
                let (mut answer, tokens) = Answer::new(*request, voice.clone());
                let outcome = run(decoder, &mut answer, &tokens);
                answer.finish(outcome);
                continue;
            }
            Order::Save { reply, .. } => reply.send(Err(Error::NoPrompts)).is_ok(),
            Order::Restore { reply, .. } => reply.send(Err(Error::NoPrompts)).is_ok(),
        };
    }
}

fn run(decoder: &Decoder, answer: &mut Answer, tokens: &[u32]) -> Result<FinishReason> {
    let mut cache = decoder.cache();
    let Some(mut logits) = prefill(decoder, answer, tokens, &mut cache)? else {
        return Ok(FinishReason::Cancelled);
    };
    answer.start(tokens)?;
    loop {
        match answer.next(&mut logits)? {
            Next::End(reason) => return Ok(reason),
            Next::Token(id) => {
                let state = decoder.run(&[id], &mut cache, &|| answer.is_cancelled())?;
                let Some(state) = state else { return Ok(FinishReason::Cancelled) };
                logits = decoder.logits(&state)?.flatten_all()?.to_vec1()?;
            }
        }
    }
}

/// The logits after the prompt; `None` where it was cancelled.
fn prefill(
    decoder: &Decoder,
    answer: &Answer,
    tokens: &[u32],
    cache: &mut Cache,
) -> Result<Option<Vec<f32>>> {
    let mut last = None;
    for part in tokens.chunks(PREFILL_TOKENS) {
        let Some(states) = decoder.run(part, cache, &|| answer.is_cancelled())? else {
            return Ok(None);
        };
        last = Some(states.narrow(0, part.len() - 1, 1)?);
    }
    let logits = |state| Ok(decoder.logits(&state)?.flatten_all()?.to_vec1()?);
    last.map(logits).transpose()
}
