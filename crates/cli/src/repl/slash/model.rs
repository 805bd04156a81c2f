//! Which model answers.

use mlxcode_core::{ModelLibrary, ModelTask};
use mlxcode_terminal::{PickItem, Picked, Picker, PickerOptions, Role};

use super::Next;
use crate::args::Computing;
use crate::command::{Common, dirs, required_model};
use crate::exit::Outcome;
use crate::repl::{Repl, streams};

/// `/model`
pub(super) fn model(repl: &mut Repl<'_, '_>, rest: &str) -> Outcome<Next> {
    let chosen = if rest.is_empty() { pick(repl)? } else { Some(rest.to_owned()) };
    if let Some(name) = chosen {
        repl.host.renew_cancel();
        let wanted = Common {
            json: false,
            root: None,
            model: Some(name.clone()),
            over_memory: repl.common.over_memory,
            record: None,
            replay: None,
            route: repl.common.route.without_fallback(),
        };
        let config = repl.workspace.config().clone();
        let model = required_model(&Computing::default(), &wanted, repl.host, &config)?;
        repl.session.set_model(&model)?;
        repl.model = model;
        // `large` may stand for a model on another machine.
        repl.is_remote = wanted.is_remote(ModelTask::Chat, &repl.workspace);
    }
    let info = repl.model.info();
    let text =
        format!("the model is {}, with {} tokens of context", info.name, info.context_length);
    repl.say(Role::Faint, &text)?;
    Ok(Next::Stay)
}

/// Lets somebody choose among the installed models; `None` stays with the one
/// that answers.
fn pick(repl: &mut Repl<'_, '_>) -> Outcome<Option<String>> {
    let models = ModelLibrary::open(&dirs(repl.host)?)?.list()?;
    let now = repl.model.info().name.clone();
    if models.iter().all(|model| model.name == now) {
        return Ok(None);
    }
    let item = |name: &String| {
        let detail = if *name == now { "answers now".to_owned() } else { String::new() };
        PickItem { label: name.clone(), detail, ..PickItem::default() }
    };
    let items: Vec<PickItem> = models.iter().map(|model| item(&model.name)).collect();
    let question = "Which model answers?".to_owned();
    let options = PickerOptions { question, several: false, rows: None };
    let mut nobody = std::io::empty();
    let (keyboard, out) = streams(repl.host, &mut nobody);
    Ok(match Picker::new(&items, options, &repl.screen).pick(keyboard, out)? {
        Picked::Items(chosen) => {
            let name = chosen.first().and_then(|index| models.get(*index));
            name.map(|model| model.name.clone()).filter(|name| *name != now)
        }
        Picked::Nothing => None,
    })
}
