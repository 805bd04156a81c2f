//! The conversation: what `mlx-code` alone opens, and what `--print` says.

mod approve;
mod complete;
mod edit_blocks;
mod edited;
mod export;
mod opening;
mod print;
mod proposal;
mod record;
mod slash;
mod spinner;
mod turn;
mod view;

use std::io::{self, BufRead, Write};
use std::sync::Arc;

use mlxcode_core::{
    Config, Error, LineKeys, Mode, Model, ModelTask, NamedCommands, NewSession, ProposedChange,
    RelPath, Session, SessionLog, SessionSetup, SessionStore, ToolsWhen, Workspace,
};
use mlxcode_terminal::{KeyMap, Prompt, PromptOptions, Role, Screen, Theme, ThemeChoice, Typed};

use crate::args::{Computing, Conversation, ModeName, ToolsName};
use crate::command::approve::waiting_in;
use crate::command::forge;
use crate::command::route::summaries;
use crate::command::task::usual_surroundings;
use crate::command::{Common, dirs, relative, required_model};
use crate::exit::{Failure, Outcome, show_error, written};
use crate::exit_code::SUCCESS;
use crate::host::{Host, document_command};
use crate::look;
use approve::Pending;
use record::{Recorded, Recorder};
use slash::Next;
use turn::Totals;

/// The file of past inputs, beside the user's other state.
const HISTORY: &str = "inputs";

/// Runs the conversation, or says one thing.
pub fn run(args: &Conversation, common: &Common, host: &mut Host<'_>) -> Outcome {
    match &args.print {
        Some(text) => print::run(text, args, common, host),
        None => Repl::open(args, common, host)?.run(args),
    }
}

/// A conversation on a terminal.
struct Repl<'r, 'h> {
    host: &'r mut Host<'h>,
    common: &'r Common,
    screen: Screen,
    workspace: Workspace,
    model: Model,
    session: Session,
    /// Where conversations are kept; `None` where that cannot be opened.
    store: Option<Arc<SessionStore>>,
    recorder: Option<Arc<Recorder>>,
    /// When the model is given tools, where that was said here.
    tools: Option<ToolsWhen>,
    /// Whether what the model thinks is shown.
    shows_thinking: bool,
    /// The change that was shown last.
    change: Pending,
    /// The same, as it was proposed.
    proposed: Vec<ProposedChange>,
    /// Whether the model is on another machine.
    is_remote: bool,
    /// Questions with names.
    commands: NamedCommands,
    totals: Totals,
    /// Another prompt is wanted: its colours changed.
    is_stale: bool,
}

impl<'r, 'h> Repl<'r, 'h> {
    fn open(args: &Conversation, common: &'r Common, host: &'r mut Host<'h>) -> Outcome<Self> {
        let workspace = common.workspace(host)?;
        let pinned = relative(&workspace, host, &args.pinned)?;
        let screen = screen(args, workspace.config(), host)?;
        let model = required_model(&Computing::default(), common, host, workspace.config())?;
        let mode = args.mode.map_or(Mode::default(), ModeName::mode);
        let is_kept = workspace.config().session.is_recorded();
        let goes_on = args.goes_on || args.resume.is_some();
        let (store, broken) = match (is_kept || goes_on).then(|| workspace.sessions()) {
            Some(Ok(store)) => (Some(Arc::new(store)), None),
            Some(Err(error)) => (None, Some(error.sentence())),
            None => (None, None),
        };
        let recorded = store.as_ref().map(|store| wanted(args, store)).transpose()?.flatten();
        // What goes on is read; nothing is added to it where nothing is kept.
        let store = store.filter(|_| is_kept);
        let tools = args.tools.map(ToolsName::when);
        let is_remote = common.is_remote(ModelTask::Chat, &workspace);
        let mut begun =
            begin(&workspace, &model, (mode, tools), store.as_ref(), recorded.as_ref(), host)?;
        let summaries = summaries(&model, common, host, workspace.config())?;
        begun.session.set_summaries(summaries.as_ref())?;
        for path in pinned {
            begun.pin(path)?;
        }
        let mut repl = Self {
            host,
            common,
            screen,
            workspace,
            model,
            session: begun.session,
            store,
            recorder: begun.recorder,
            tools,
            shows_thinking: true,
            change: Pending::default(),
            proposed: Vec::new(),
            is_remote,
            commands: NamedCommands::default(),
            totals: Totals::default(),
            is_stale: false,
        };
        repl.greet()?;
        if let Some(text) = waiting_in(&repl.workspace, "/approve shows them") {
            repl.say(Role::Warning, &text)?;
        }
        repl.tell_own_words()?;
        if let Some(why) = broken {
            repl.say(Role::Warning, &format!("conversations are not kept: {why}"))?;
        }
        if let Some(recorded) = &recorded {
            repl.show_end(recorded)?;
        } else {
            repl.delete_old_sessions();
        }
        Ok(repl)
    }

    fn run(mut self, args: &Conversation) -> Outcome {
        let mut prompt = self.prompt(args)?;
        loop {
            if std::mem::take(&mut self.is_stale) {
                prompt = self.prompt(args)?;
            }
            prompt.set_words(self.words()?);
            let mut nobody = io::empty();
            let waiting = self.host.waiting.clone();
            let is_cooked = !self.screen.capabilities.cursor;
            let (keyboard, out) = streams(self.host, &mut nobody);
            // Where lines are read, an interrupt comes as a signal, and leaves.
            let typed = if is_cooked {
                waiting.during(|| prompt.read(keyboard, out))?
            } else {
                prompt.read(keyboard, out)?
            };
            if let Some(size) = (self.host.size)() {
                self.screen.set_columns(Some(size.columns));
            }
            let text = match typed {
                Typed::Leave => break,
                Typed::Input(text) => text,
            };
            match self.answer(&text) {
                Ok(Next::Stay) => {}
                Ok(Next::Leave) => break,
                // What went wrong is told, and the conversation goes on.
                Err(Failure::Error(error)) => {
                    written(self.host.output.flush())?;
                    show_error(&error, false, self.host);
                }
                Err(failure) => return Err(failure),
            }
            written(self.host.output.flush())?;
        }
        Ok(SUCCESS)
    }

    fn answer(&mut self, text: &str) -> Outcome<Next> {
        if let Some((name, rest)) = slash::parse(text) {
            return slash::run(self, name, rest);
        }
        self.turn(text, false)?;
        self.common.route.show(self.host)?;
        Ok(Next::Stay)
    }

    fn greet(&mut self) -> Outcome<()> {
        let (name, root) = (self.model.info().name.clone(), self.workspace.root().display());
        let text = format!("{name} in {root}. /help shows what there is.");
        self.say(Role::Faint, &text)
    }

    fn prompt(&mut self, args: &Conversation) -> Outcome<Prompt> {
        let options = |history, repl: &Self| -> Outcome<PromptOptions> {
            Ok(PromptOptions {
                keys: keys(args, repl.workspace.config()),
                history,
                completer: Some(Box::new(complete::Known::new(repl)?)),
                editor: edited::for_inputs(repl.host)?,
            })
        };
        let history = dirs(self.host)?.state.join(HISTORY);
        match Prompt::new(&self.screen, options(Some(history), self)?) {
            Ok(prompt) => Ok(prompt),
            Err(error) => {
                // Past inputs are a convenience; without them one can still talk.
                self.say(Role::Warning, &Error::from(error).sentence())?;
                Ok(Prompt::new(&self.screen, options(None, self)?)?)
            }
        }
    }

    /// What stands before the prompt: the mode, where it is not the usual one.
    fn words(&self) -> Outcome<&'static str> {
        let mode = self.session.mode()?;
        Ok(if mode == Mode::default() { "" } else { mode.as_str() })
    }

    /// Writes a line in the style of a role.
    fn say(&mut self, role: Role, text: &str) -> Outcome<()> {
        let text = self.screen.paint(role, &mlxcode_terminal::visible(text));
        written(writeln!(self.host.output, "{text}"))
    }
}

/// The streams of a conversation. `nobody` stands in for a keyboard that is
/// not there.
fn streams<'s>(
    host: &'s mut Host<'_>,
    nobody: &'s mut io::Empty,
) -> (&'s mut dyn BufRead, &'s mut dyn Write) {
    let keyboard: &mut dyn BufRead = match &mut host.keyboard {
        Some(keyboard) => &mut **keyboard,
        None => nobody,
    };
    (keyboard, &mut *host.output)
}

/// Which keys edit the line.
fn keys(args: &Conversation, config: &Config) -> KeyMap {
    let is_vi = args.vi || (config.keys == Some(LineKeys::Vi) && !args.emacs);
    if is_vi { KeyMap::Vi } else { KeyMap::Emacs }
}

/// What the output can show. What is wrong with the colours that are configured
/// was told before.
fn screen(args: &Conversation, config: &Config, host: &Host<'_>) -> Outcome<Screen> {
    let mut surroundings = host.terminal.clone();
    surroundings.plain |= args.plain;
    let mut capabilities = surroundings.capabilities();
    // The line editor draws on the stream of messages.
    capabilities.cursor &= host.live;
    let theme = match look::theme(args.theme.as_deref(), config, host) {
        Ok(theme) => theme,
        Err(error) if args.theme.is_some() => return Err(error.into()),
        Err(_) => Theme::new(&ThemeChoice::Auto, &capabilities),
    };
    Ok(Screen::new(capabilities, theme, host.output_columns))
}

/// A conversation that began or goes on.
struct Begun {
    session: Session,
    recorder: Option<Arc<Recorder>>,
}

impl Begun {
    /// Shows a file whole in each turn.
    fn pin(&self, path: RelPath) -> Outcome<()> {
        if let Some(recorder) = &self.recorder {
            recorder.pin(path.as_str(), true);
        }
        Ok(self.session.pin(path)?)
    }
}

/// Begins a conversation, which is written into `store`, or goes on with one.
fn begin(
    workspace: &Workspace,
    model: &Model,
    (mode, tools): (Mode, Option<ToolsWhen>),
    store: Option<&Arc<SessionStore>>,
    recorded: Option<&Recorded>,
    host: &Host<'_>,
) -> Outcome<Begun> {
    let recorder = store.map(|store| {
        let new = NewSession {
            model: model.info().name.clone(),
            root: workspace.root().display().to_string(),
            mode: mode.as_str().to_owned(),
            ..NewSession::default()
        };
        Arc::new(Recorder::new(Arc::clone(store), new, recorded))
    });
    let mut setup = SessionSetup::default();
    setup.options.mode = mode;
    setup.tools_when = tools;
    setup.environment = Some(host.environment.clone());
    setup.offline = host.hub.offline;
    setup.commands = Some(usual_surroundings());
    setup.programs = host.servers.clone();
    setup.documents = document_command();
    setup.published = forge::reader(workspace, host).ok();
    setup.log = recorder.clone().map(|recorder| recorder as Arc<dyn SessionLog>);
    if let Some(recorded) = recorded {
        setup.entries.clone_from(&recorded.entries);
        setup.last_turn = recorded.turns.into();
        setup.options.name = recorded.id.to_string();
    }
    let session = workspace.session(model, setup)?;
    for path in recorded.into_iter().flat_map(|recorded| &recorded.pinned) {
        // A path that was written down and is none any more is no loss.
        if let Ok(path) = RelPath::new(path) {
            session.pin(path)?;
        }
    }
    Ok(Begun { session, recorder })
}

/// The conversation that the arguments ask to go on with.
fn wanted(args: &Conversation, store: &SessionStore) -> Outcome<Option<Recorded>> {
    let id = match &args.resume {
        Some(typed) => Some(store.find(typed)?),
        None if args.goes_on => store.latest()?,
        None => None,
    };
    id.map(|id| record::read(store, &id)).transpose()
}
