//! A conversation that does work.
//!
//! The principal type is [`Session`]: what was said, seen and done, turn by
//! turn. A [`SessionTurn`] is read as an iterator of [`Event`]s: the model's
//! answer as it comes, its edits before and after they are written, the tools
//! that it calls, and what somebody has to decide.
//!
//! A [`Turn`] is less: one question, the passages that matter for it and the
//! answer. Applying the edits in it is the caller's decision.

#![forbid(unsafe_code)]

mod attachment;
mod error;
pub mod permission;
pub mod plugin;
mod program;
mod prompt;
mod prompts;
pub mod recording;
mod session;
pub mod session_store;
pub mod task;
mod tool;
mod turn;

pub use attachment::{
    Attached, AttachedFile, AttachmentError, AttachmentOptions, AttachmentReader, DOCUMENT_BYTES,
    DocumentCommand, DocumentFailure, DocumentLine, OcrLanguages, PageRange,
};
pub use error::{Error, Result};
pub use permission::{
    Answer, DecidedBy, Grant, PermissionConfig, PermissionError, PermissionRule, Permissions,
    RuleSource, Ruling,
};
pub use program::{
    DirectRunner, ProgramCall, ProgramEnd, ProgramInput, ProgramRunner, ProgramStop, find_program,
};
pub use prompt::Task;
pub use prompts::{BUILT_IN as BUILT_IN_PROMPTS, BuiltInPrompt, PromptError, PromptPlace, Prompts};
pub use session::{
    Additions, Approval, CheckReport, Checker, Compaction, ContextLedger, Decision, Entry, Event,
    FilePart, Ground, Input, LedgerPiece, Mode, ModePolicy, OfferedTool, PartOfFile, Policy,
    Proposal, ProposedChange, Session, SessionHooks, SessionLog, SessionOptions, SessionParts,
    SessionTurn, ToolsWhen, TurnEnd, TurnLimits, Verdict,
};
pub use tool::{
    Access, CommandRun, CommandRunner, Lookup, MOST_TOLD_BYTES, Outcome, RunTool, SkillFile,
    SkillTool, Tool, ToolBox, ToolError, ToolResult, ToolSource, World,
};
pub use turn::{CONTEXT_TOKENS, Turn, TurnEvent, TurnRequest};
