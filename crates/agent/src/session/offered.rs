//! The tools that are there in a session: its own, and those of others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mlxcode_models::ModelInfo;

use super::event::Event;
use super::options::ToolsWhen;
use super::policy::Verdict;
use super::worker::Worker;
use super::{Session, SessionParts};
use crate::error::{Error, Result};
use crate::tool::{Access, SkillFile, Tool, ToolBox};

/// Of a model's context, in tokens, the part that the descriptions of others'
/// tools may take. More would leave too little for the code.
const SHARE: usize = 4;

/// The bytes of a token in such descriptions, which are JSON.
const TOKEN_BYTES: usize = 3;

/// A tool of a session, and whether it may be used.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OfferedTool {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: String,
    /// The server that offers it, where one does.
    pub server: Option<String>,
    /// What the policy says of its usual use.
    pub verdict: Verdict,
}

impl Session {
    /// Whether the model is given tools.
    pub fn has_tools(&self) -> bool {
        self.options.tools.gives(self.parts.model.info())
    }

    /// The tools, given to the model or not, with what the policy says of them
    /// in the mode of the session. Servers that were not needed yet are not
    /// started for it.
    pub fn tools(&self) -> Result<Vec<OfferedTool>> {
        let mode = self.mode()?;
        let mut tools = self.parts.tools.clone();
        if let Some(source) = &self.parts.additions.tools {
            add(&mut tools, source.known(), self.parts.model.info());
        }
        let offered = tools.iter().map(|tool| {
            let (spec, access) = (tool.spec(), tool.usual_access());
            let verdict = self.parts.policy.judge(mode, &spec.name, &access);
            let server = server(access);
            let (name, description) = (spec.name.clone(), spec.description.clone());
            OfferedTool { name, description, server, verdict }
        });
        Ok(offered.collect())
    }

    /// The skills, also those that only a person uses.
    pub fn skills(&self) -> &[SkillFile] {
        &self.parts.additions.skills
    }
}

impl Worker<'_> {
    /// Looks which tools others offer now. The first time, servers start.
    pub fn gather_tools(&mut self) {
        let parts: &SessionParts = self.parts;
        let is_first = self.state.turn == 1 && self.steps == 0 && !self.is_inner();
        if is_first && self.options.tools == ToolsWhen::On && !parts.model.info().tools {
            let text = "this model cannot be told of tools: its changes are blocks of edits";
            self.emit(Event::Notice { text: text.to_owned() });
        }
        let Some(source) = &parts.additions.tools else { return };
        if self.is_inner() || !self.options.tools.gives(parts.model.info()) {
            return;
        }
        let mut told = Vec::new();
        let more = source.tools(&self.cancel, &mut |text| told.push(text));
        for text in told {
            self.emit(Event::Notice { text });
        }
        let mut tools = parts.tools.clone();
        let left_out = add(&mut tools, more, parts.model.info());
        let own: BTreeSet<String> = parts.tools.names().collect();
        let served: BTreeSet<String> = tools.names().filter(|name| !own.contains(name)).collect();
        self.tools = tools;
        if self.state.served.as_ref() == Some(&served) {
            return;
        }
        if !left_out.is_empty() {
            let text = format!(
                "{} tools of servers do not fit into this model's context and are left out: {}; \
                 `tools` of a server names those that it shall have",
                left_out.len(),
                left_out.join(", ")
            );
            self.emit(Event::Notice { text });
        }
        let before = self.state.served.replace(served.clone());
        if let Some(text) = before.and_then(|before| changed(&before, &served)) {
            self.emit(Event::Notice { text });
        }
    }

    /// The skills that a person asks for, as the model reads them.
    pub fn skills(&self, names: &[String]) -> Result<String> {
        let all = &self.parts.additions.skills;
        let mut text = String::new();
        for name in names {
            let skill = SkillFile::find(all, name)
                .ok_or_else(|| Error::UnknownSkill { name: name.clone() })?;
            let told = skill.told().map_err(|error| Error::BadSkill {
                name: name.clone(),
                reason: error.to_string(),
            })?;
            text.push_str(&told);
            text.push('\n');
        }
        Ok(text)
    }
}

/// Adds tools of others as far as there is room for them, and never in the
/// place of one that is there. The names of those that are left out.
fn add(tools: &mut ToolBox, more: Vec<Arc<dyn Tool>>, model: &ModelInfo) -> Vec<String> {
    let mut room = model.context_length / SHARE * TOKEN_BYTES;
    // The first of each server, then the second: one that has many leaves room
    // for the others.
    let mut counts: BTreeMap<Option<String>, usize> = BTreeMap::new();
    let mut turns: Vec<(usize, usize)> = Vec::new();
    for (place, tool) in more.iter().enumerate() {
        let count = counts.entry(server(tool.usual_access())).or_default();
        turns.push((*count, place));
        *count += 1;
    }
    turns.sort_unstable();
    let mut fits = vec![false; more.len()];
    for (_, place) in turns {
        let spec = more[place].spec();
        let size = spec.name.len() + spec.description.len() + spec.parameters.to_string().len();
        if let Some(left) = room.checked_sub(size) {
            room = left;
            fits[place] = true;
        }
    }
    let mut left_out = Vec::new();
    for (tool, fits) in more.into_iter().zip(fits) {
        let name = &tool.spec().name;
        if tools.tool(name).is_some() {
            continue;
        }
        if fits {
            tools.add_shared(tool);
        } else {
            left_out.push(name.clone());
        }
    }
    left_out
}

fn server(access: Access) -> Option<String> {
    match access {
        Access::Mcp { server, .. } => Some(server),
        _ => None,
    }
}

/// What came and what went.
fn changed(before: &BTreeSet<String>, after: &BTreeSet<String>) -> Option<String> {
    let named = |one: &BTreeSet<String>, other: &BTreeSet<String>| {
        one.difference(other).cloned().collect::<Vec<_>>().join(", ")
    };
    let (came, went) = (named(after, before), named(before, after));
    Some(match (came.as_str(), went.as_str()) {
        ("", "") => return None,
        (came, "") => format!("servers offer more tools now: {came}"),
        ("", went) => format!("servers offer fewer tools now: {went} went"),
        (came, went) => format!("servers offer other tools now: {came} came, {went} went"),
    })
}
