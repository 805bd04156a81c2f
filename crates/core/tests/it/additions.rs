//! What others add to a conversation: servers of tools, plugins, checks and
//! models, and the user's yes to what a project brings.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mlxcode_core::{
    CancelToken, CheckReport, Checker, Decision, Dirs, Environment, Event, Model, Offer,
    OfferStanding, RelPath, ScriptedModel, Session, SessionSetup, ToolsWhen, Verdict, Workspace,
    adapted_model,
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A server in the shell: its first call brings another tool, whose list it
/// waits to be asked for.
const SERVER: &str = r#"#!/bin/sh
echo started >> "${LOG:-/dev/null}"
later=
number() { id=${line#*\"id\":}; id=${id%%[,\}]*}; }
answer() { printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$1"; }
list() { answer '{"tools":[{"name":"echo","description":"Says it again","inputSchema":{"type":"object"}}'"$later"']}'; }
while read -r line; do
  number
  case "$line" in
    *'"method":"initialize"'*) answer '{"protocolVersion":"2025-06-18","capabilities":{"tools":{"listChanged":true}},"serverInfo":{"name":"shell","version":"0.1"}}' ;;
    *'"method":"tools/list"'*) list ;;
    *'"method":"tools/call"'*)
      call=$id
      if [ -z "$later" ]; then
        later=',{"name":"late","description":"Comes later","inputSchema":{"type":"object"}}'
        printf '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n'
        read -r line; number; list
      fi
      id=$call; answer '{"content":[{"type":"text","text":"heard you"}]}' ;;
  esac
done
echo ended >> "${LOG:-/dev/null}"
"#;

struct Ground {
    folder: TempDir,
}

impl Ground {
    fn new(files: &[(&str, &str)]) -> Self {
        let ground = Self { folder: tempfile::tempdir().unwrap() };
        for (path, text) in [("a.py", "A = 1\n"), ("server.sh", SERVER)].iter().chain(files) {
            ground.write(&format!("tree/{path}"), text);
        }
        ground
    }

    fn write(&self, path: &str, text: &str) {
        let place = self.folder.path().join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.folder.path().join(path)).unwrap_or_default()
    }

    fn dirs(&self) -> Dirs {
        Dirs::under(&self.folder.path().join("home"))
    }

    fn workspace(&self) -> Workspace {
        Workspace::open(&self.folder.path().join("tree"), &self.dirs()).unwrap()
    }

    fn environment(&self) -> Environment {
        let mut environment = Environment::default();
        let path = std::env::var_os("PATH").unwrap_or_default();
        environment.variables.insert("PATH".into(), path);
        let log = self.folder.path().join("log");
        environment.variables.insert("LOG".into(), log.into());
        environment
    }

    fn session(&self, model: &Model, when: Option<ToolsWhen>) -> Session {
        let mut setup = SessionSetup::default();
        setup.tools_when = when;
        setup.environment = Some(self.environment());
        self.workspace().session(model, setup).unwrap()
    }
}

fn calls(names: &[&str]) -> Model {
    let call = |name: &&str| {
        format!("<tool_call>\n{{\"name\": \"{name}\", \"arguments\": {{}}}}\n</tool_call>")
    };
    let replies: Vec<String> = names.iter().map(call).chain(["Done.".to_owned()]).collect();
    Model::new(ScriptedModel::new(replies).good_at_tools())
}

fn play(session: &Session, words: &str) -> Vec<Event> {
    let mut turn = session.ask(words).unwrap();
    let mut events = Vec::new();
    while let Some(event) = turn.next() {
        if matches!(event, Event::ApprovalNeeded(_)) {
            turn.decide(Decision::Yes);
        }
        events.push(event);
    }
    events
}

fn notices(events: &[Event]) -> Vec<String> {
    let text = |event: &Event| match event {
        Event::Notice { text } => Some(text.clone()),
        _ => None,
    };
    events.iter().filter_map(text).collect()
}

fn answers(events: &[Event]) -> Vec<(String, bool)> {
    let text = |event: &Event| match event {
        Event::ToolAnswered { text, ok, .. } => Some((text.clone(), *ok)),
        _ => None,
    };
    events.iter().filter_map(text).collect()
}

fn servers() -> String {
    json!({"mcpServers": {
        "shell": {"command": "sh", "args": ["server.sh"]},
        "gone": {"command": "./not there"},
        "off": {"command": "sh", "disabled": true},
    }})
    .to_string()
}

#[test]
fn servers_start_with_the_first_turn_and_end_with_the_session() {
    let ground = Ground::new(&[(".mcp.json", &servers())]);
    let workspace = ground.workspace();
    for offer in workspace.offers().unwrap() {
        workspace.approve(&offer).unwrap();
    }
    let mut session = ground.session(&calls(&["shell__echo", "shell__late"]), None);
    assert!(session.has_tools());
    assert_eq!(ground.text("log"), "", "nothing starts before it is needed");
    assert!(session.servers().unwrap().iter().all(|server| server.status.is_none()));

    let events = play(&session, "call it");
    let told = notices(&events);
    assert!(told[0].starts_with("the server gone has failed"), "{told:?}");
    assert!(told.contains(&"servers offer more tools now: shell__late".to_owned()), "{told:?}");
    let heard = ("heard you".to_owned(), true);
    assert_eq!(answers(&events), [heard.clone(), heard]);
    assert!(events.iter().any(|event| matches!(event, Event::ApprovalNeeded(_))));
    let tools = session.tools().unwrap();
    let echo = tools.iter().find(|tool| tool.name == "shell__echo").unwrap();
    assert!(matches!(&echo.verdict, Verdict::Ask { .. }), "one yes is for one call: {echo:?}");
    let late = tools.iter().find(|tool| tool.name == "shell__late").unwrap();
    assert_eq!(late.server.as_deref(), Some("shell"));
    assert_eq!(ground.text("log"), "started\n");

    session.renew(&workspace).unwrap();
    assert_eq!(ground.text("log"), "started\nended\n");
    drop(session);
    assert_eq!(ground.text("log"), "started\nended\n");
}

#[test]
fn a_session_without_tools_starts_no_server() {
    let ground = Ground::new(&[]);
    let own = json!({"mcp_servers": {"shell": {"command": "sh", "args": ["server.sh"]}}});
    ground.write("home/config/config.json", &own.to_string());
    let model = Model::new(ScriptedModel::new(["Yes.", "Yes."]).with_tools());
    let session = ground.session(&model, None);
    play(&session, "is it?");
    assert!(!session.has_tools() && ground.text("log").is_empty());
    // The configuration switches them on, and who opens the session goes before.
    let mut config = own;
    config["tools"] = json!("on");
    ground.write("home/config/config.json", &config.to_string());
    assert!(ground.session(&model, None).has_tools());
    assert!(!ground.session(&model, Some(ToolsWhen::Off)).has_tools());
}

#[test]
fn what_a_project_brings_waits_for_a_yes_to_just_that() {
    let ground = Ground::new(&[
        (".mcp.json", &servers()),
        (".mlx-code.json", r#"{"checks": [{"files": "*.py", "run": "echo wrong; exit 1"}]}"#),
        (".mlx-code/plugins/p/.plugin/plugin.json", r#"{"name": "guard"}"#),
        (
            ".mlx-code/plugins/p/hooks/hooks.json",
            r#"{"hooks": {"SessionStart": [{"hooks": [{"type": "command", "command": "echo \"$X\""}]}]}}"#,
        ),
    ]);
    let workspace = ground.workspace();
    let standings = |workspace: &Workspace| -> Vec<(String, OfferStanding)> {
        let offers = workspace.offers().unwrap();
        offers.iter().map(|offer| (offer.id(), offer.standing)).collect()
    };
    let all = |standing: OfferStanding| {
        ["server:gone", "server:shell", "checks", "plugin:guard"]
            .map(|id| (id.to_owned(), standing))
            .to_vec()
    };
    assert_eq!(standings(&workspace), all(OfferStanding::Waits));
    let offers = workspace.offers().unwrap();
    let lines: Vec<&str> =
        offers.iter().flat_map(|offer| &offer.lines).map(String::as_str).collect();
    assert_eq!(
        lines,
        [
            "./not there",
            "sh server.sh",
            "echo wrong; exit 1  after changes of *.py",
            "echo \"$X\"  at SessionStart"
        ]
    );

    // Nothing of it counts yet.
    let edit = "a.py\n```\n<<<<<<< SEARCH\nA = 1\n=======\nA = 2\n>>>>>>> REPLACE\n```\n";
    let checked = |session: &Session| {
        let events = play(session, "two");
        events
            .iter()
            .any(|event| matches!(event, Event::Checked { check, .. } if check.contains("wrong")))
    };
    let model = || Model::new(ScriptedModel::new([edit, "Well.", "Well.", "Well.", "Well."]));
    assert!(!checked(&ground.session(&model(), None)));

    for offer in &offers {
        workspace.approve(offer).unwrap();
    }
    assert_eq!(standings(&workspace), all(OfferStanding::Approved));
    ground.write("tree/a.py", "A = 1\n");
    assert!(checked(&ground.session(&model(), None)));

    // What changes is asked for again, and what stays is not.
    ground.write(
        "tree/.mlx-code.json",
        r#"{"max_tokens": 500, "checks": [{"files": "*.py", "run": "rm -r ."}]}"#,
    );
    ground.write("tree/.mlx-code/plugins/p/more", "");
    let mut changed: Value = serde_json::from_str(&servers()).unwrap();
    changed["mcpServers"]["shell"]["args"] = json!(["other.sh"]);
    ground.write("tree/.mcp.json", &changed.to_string());
    let workspace = ground.workspace();
    let mut expect = all(OfferStanding::Changed);
    expect[0].1 = OfferStanding::Approved;
    assert_eq!(standings(&workspace), expect);
    assert!(
        !workspace.offers().unwrap().iter().any(|one| one.id() == "checks" && !one.is_waiting())
    );

    // What was looked at is approved, and not what came to it since.
    let seen = workspace.offers().unwrap();
    ground.write("tree/.mlx-code/plugins/p/more", "evil");
    workspace.approve(Offer::find(&seen, "plugin:guard").unwrap()).unwrap();
    let now = workspace.offers().unwrap();
    assert!(Offer::find(&now, "plugin:guard").unwrap().is_waiting());

    let gone = Offer::find(&now, "server:gone").unwrap();
    workspace.revoke(gone).unwrap();
    assert_eq!(standings(&workspace)[0].1, OfferStanding::Waits);
    let error = Offer::find(&now, "server:shel").unwrap_err();
    assert_eq!(error.code(), "offers.unknown");
    assert_eq!(error.help().unwrap(), "did you mean `server:shell`?");
}

#[test]
fn plugins_that_are_enabled_are_heard_in_conversations() {
    let ground = Ground::new(&[(
        ".mlx-code/skills/ours/SKILL.md",
        "---\nname: ours\ndescription: As we do it.\n---\nSo.\n",
    )]);
    let hooks = json!({"name": "guard", "hooks": {"SessionStart": [{"hooks": [
        {"type": "command", "command": ["cat", "${PLUGIN_ROOT}/words"]}]}]}});
    ground.write("home/data/plugins/guard/.plugin/plugin.json", &hooks.to_string());
    ground.write("home/data/plugins/guard/words", "mind the gap");
    ground.write(
        "home/data/plugins/guard/skills/mine/SKILL.md",
        "---\nname: mine\ndescription: As I do it.\n---\nMine.\n",
    );
    ground.write(
        "home/config/skills/own/SKILL.md",
        "---\nname: own\ndescription: As you do it.\n---\nOwn.\n",
    );
    let scripted = Arc::new(ScriptedModel::new(["Yes."]));
    let model = Model::new(Heard(Arc::clone(&scripted)));
    let session = ground.session(&model, None);
    let names: Vec<String> = session.skills().iter().map(mlxcode_core::SkillFile::name).collect();
    assert_eq!(names, ["guard:mine", "own", "ours"]);
    play(&session, "is it?");
    let prompt = scripted.prompts().remove(0);
    let messages = prompt.as_messages();
    assert!(messages[0].content.contains("- guard:mine: As I do it.\n"), "{}", messages[0].content);
    assert!(messages[1].content.contains("mind the gap"), "{}", messages[1].content);

    // Without surroundings no program of theirs is started.
    let scripted = Arc::new(ScriptedModel::new(["Yes."]));
    let model = Model::new(Heard(Arc::clone(&scripted)));
    let session = ground.workspace().session(&model, SessionSetup::default()).unwrap();
    play(&session, "is it?");
    assert!(!scripted.prompts()[0].as_messages()[1].content.contains("mind the gap"));
}

/// A model of which a test keeps what it was asked.
struct Heard(Arc<ScriptedModel>);

impl mlxcode_core::backend::LanguageModel for Heard {
    fn info(&self) -> &mlxcode_core::ModelInfo {
        self.0.info()
    }

    fn count_tokens(
        &self,
        prompt: &mlxcode_core::Prompt,
    ) -> Result<usize, mlxcode_core::backend::Error> {
        self.0.count_tokens(prompt)
    }

    fn generate(
        &self,
        request: mlxcode_core::GenerateRequest,
    ) -> Result<mlxcode_core::backend::Generation, mlxcode_core::backend::Error> {
        self.0.generate(request)
    }
}

/// A server of OpenAI's protocol in Python, which answers each chat alike.
const ADAPTER: &str = r#"
import http.server, json, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *a): pass
    def send(self, kind, body):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.send("application/json", json.dumps({"object": "list", "data": [{"id": "mine-7b", "object": "model"}]}).encode())
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        part = {"id": "1", "object": "chat.completion.chunk", "model": "mine-7b", "choices": [{"index": 0, "delta": {"content": "I am yours."}, "finish_reason": None}]}
        end = {"id": "1", "object": "chat.completion.chunk", "model": "mine-7b", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        body = "".join("data: %s\n\n" % json.dumps(one) for one in (part, end)) + "data: [DONE]\n\n"
        self.send("text/event-stream", body.encode())
open(sys.argv[2], "w").write(str(os.getpid()))
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"#;

#[test]
fn a_plugins_model_answers_and_ends() {
    let ground = Ground::new(&[]);
    let pid = ground.folder.path().join("pid");
    let manifest = json!({"name": "p", "models": {"adapters": [{"name": "mine",
        "command": ["python3", "${PLUGIN_ROOT}/serve.py", "${PORT}", pid]}]}});
    ground.write("home/data/plugins/p/.plugin/plugin.json", &manifest.to_string());
    ground.write("home/data/plugins/p/serve.py", ADAPTER);
    let (workspace, environment) = (ground.workspace(), ground.environment());
    let open = |reference: &str| {
        adapted_model(&workspace, reference, &environment, &CancelToken::new()).unwrap()
    };
    assert!(open("other/mine-7b").is_none() && open("mine").is_none());
    assert!(!pid.exists(), "nothing starts that nobody named");
    let model = open("p:mine/mine-7b").unwrap();
    assert_eq!(model.info().name, "p:mine/mine-7b");
    let events = play(&ground.session(&model, None), "who are you?");
    let text: String = events
        .iter()
        .filter_map(|event| match event {
            Event::Text { text } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(text, "I am yours.", "{events:?}");
    let process = format!("/proc/{}", ground.text("pid"));
    let runs = || {
        let stat = fs::read_to_string(format!("{process}/stat"));
        stat.is_ok_and(|stat| !stat.contains(") Z "))
    };
    assert!(runs() || cfg!(not(target_os = "linux")));
    drop(model);
    assert!(!runs());
}

/// Counts what it is asked to look at.
struct Counts(AtomicUsize);

impl Checker for Counts {
    fn check(&self, files: &[RelPath], _: &CancelToken, _: &mut dyn FnMut(CheckReport)) {
        self.0.fetch_add(files.len(), Ordering::SeqCst);
    }
}

#[test]
fn what_a_caller_chose_goes_before_the_configuration() {
    let ground = Ground::new(&[("greet.py", "def greet_people():\n    return 1\n")]);
    ground.write("home/config/config.json", r#"{"context_tokens": 2000}"#);
    let edit = |from: u8, to: u8| {
        format!("a.py\n<<<<<<< SEARCH\nA = {from}\n=======\nA = {to}\n>>>>>>> REPLACE\n")
    };
    let workspace = ground.workspace();
    let counts = Arc::new(Counts(AtomicUsize::new(0)));
    let mut setup = SessionSetup::default();
    setup.checker = Some(Arc::clone(&counts) as Arc<dyn Checker>);
    let model = Model::new(ScriptedModel::new([edit(1, 2), edit(2, 3)]));
    let mut session = workspace.session(&model, setup).unwrap();
    play(&session, "make it two");
    assert_eq!(counts.0.load(Ordering::SeqCst), 1);
    session.renew(&workspace).unwrap();
    play(&session, "make it three");
    assert_eq!((counts.0.load(Ordering::SeqCst), ground.text("tree/a.py")), (2, "A = 3\n".into()));
    let shown = |tokens: Option<usize>| {
        let mut setup = SessionSetup::default();
        setup.options.context_tokens = tokens;
        let model = Model::new(ScriptedModel::new(["It is 1."]));
        let session = ground.workspace().session(&model, setup).unwrap();
        play(&session, "what does greet_people return?");
        let pieces = session.context().unwrap().pieces;
        pieces.iter().any(|piece| piece.path.as_deref() == Some("greet.py"))
    };
    assert_eq!((shown(None), shown(Some(0))), (true, false));
}

#[test]
fn a_file_with_another_name_keeps_its_old_mistakes() {
    let ground = Ground::new(&[("b.py", "# one\nx = (1\n")]);
    let patch = "*** Begin Patch\n*** Update File: b.py\n*** Move to: c.py\n@@\n-# one\n+# two\n\
                 *** End Patch\n";
    let model = Model::new(ScriptedModel::new([patch, "It was to be mended."]));
    let session = ground.workspace().session(&model, SessionSetup::default()).unwrap();
    let events = play(&session, "call it c.py");
    assert_eq!(ground.text("tree/c.py"), "# two\nx = (1\n", "{events:?}");
    let checked = events.iter().filter_map(|event| match event {
        Event::Checked { check, ok, .. } => Some((check.as_str(), *ok)),
        _ => None,
    });
    assert_eq!(checked.collect::<Vec<_>>(), [("syntax", true)]);
}
