//! Decisions: judged by the policy, asked of somebody, told and written down.

use std::time::Instant;

use mlxcode_edit::{Actor, AuditedDecision};

use super::event::{Approval, Decision, Event};
use super::policy::{Mode, Verdict};
use super::worker::Worker;
use crate::tool::Access;

impl Worker<'_> {
    /// What the policy says.
    pub fn judge(&self, tool: &str, access: &Access) -> Verdict {
        let mode = if self.plans { Mode::ReadOnly } else { self.state.mode };
        self.parts.policy.judge(mode, tool, access)
    }

    /// Says what was judged, and asks somebody where that is wanted. What was
    /// decided, and why where the policy said no.
    pub fn carry_out(
        &mut self,
        id: &str,
        tool: &str,
        access: &Access,
        what: &str,
        verdict: Verdict,
    ) -> (Decision, Option<String>) {
        match verdict {
            Verdict::Allow { rule } => {
                self.decided(id, tool, what, true, rule);
                (Decision::Yes, None)
            }
            Verdict::Deny { why } => {
                self.decided(id, tool, what, false, why.clone());
                (Decision::Because(format!("It is not allowed: {why}.")), Some(why))
            }
            Verdict::Ask { why } => {
                let approval = Approval {
                    id: id.to_owned(),
                    what: what.to_owned(),
                    why,
                    access: access.clone(),
                };
                let decision = self.ask(tool, approval);
                if decision == Decision::Always {
                    self.parts.policy.remember(tool, access);
                }
                (decision, None)
            }
        }
    }

    pub fn ask(&mut self, tool: &str, approval: Approval) -> Decision {
        let asked = Instant::now();
        self.emit(Event::ApprovalNeeded(approval.clone()));
        let mut decision = self.out.decision(&self.cancel);
        while let Decision::Why(question) = decision {
            self.explain(&approval, question.as_deref());
            self.emit(Event::ApprovalNeeded(approval.clone()));
            decision = self.out.decision(&self.cancel);
        }
        self.waited += asked.elapsed();
        self.decided_by_person(tool, &approval, &decision);
        decision
    }

    /// A yes to some of the files is a no to the others, and each is told.
    fn decided_by_person(&mut self, tool: &str, approval: &Approval, decision: &Decision) {
        let (id, by) = (approval.id.as_str(), "a person");
        if let Access::Write { paths } = &approval.access {
            let is_named = |path: &String| match decision {
                Decision::Only(wanted) => wanted.contains(path),
                Decision::Parts(parts) | Decision::PartsBecause(parts, _) => {
                    parts.iter().any(|part| part.is_of(path))
                }
                _ => true,
            };
            // A file that gets another path is named by the one that it has.
            let is_taken = |path: &String| {
                let from = self.moves.iter().find(|(_, to)| to == path);
                is_named(from.map_or(path, |(from, _)| from))
            };
            let (taken, left): (Vec<String>, Vec<String>) =
                paths.iter().cloned().partition(is_taken);
            if !left.is_empty() {
                for (paths, allowed) in [(taken, true), (left, false)] {
                    if !paths.is_empty() {
                        let what = Access::Write { paths: paths.clone() }.to_string();
                        self.write_down(id, tool, &what, (allowed, by), paths);
                    }
                }
                return;
            }
        }
        let allowed = !matches!(decision, Decision::No | Decision::Because(_));
        self.decided(id, tool, &approval.what, allowed, by.to_owned());
    }

    /// Tells what was decided, and writes it down.
    fn decided(&mut self, id: &str, tool: &str, what: &str, allowed: bool, by: String) {
        self.write_down(id, tool, what, (allowed, &by), Vec::new());
    }

    fn write_down(
        &mut self,
        id: &str,
        tool: &str,
        what: &str,
        (allowed, by): (bool, &str),
        files: Vec<String>,
    ) {
        let decision = AuditedDecision::new(what, allowed, by);
        let noted = self.parts.ground.note_decision(self.actor(tool), decision);
        self.emit(Event::Decided { id: id.to_owned(), allowed, files, by: by.to_owned() });
        if let Err(error) = noted {
            let text = format!("the audit log does not know of it: {error}");
            self.emit(Event::Notice { text });
        }
    }

    /// Who does what a tool does.
    pub fn actor(&self, tool: &str) -> Actor {
        Actor::new(tool)
            .with_model(self.parts.model.info().name.clone())
            .with_session(self.options.name.clone())
    }
}
