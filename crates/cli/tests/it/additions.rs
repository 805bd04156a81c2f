//! What others add, in a conversation and for scripts: approved, shown, used.
#![cfg(unix)]

use serde_json::{Value, json};

use crate::conversation::open;
use crate::ground::{Ground, Play, TOOL_SERVER};
use crate::streaming::server;

const CALL: &str =
    "<tool_call>\n{\"name\": \"shell__echo\", \"arguments\": {\"text\": \"hi\"}}\n</tool_call>";

fn ground() -> Ground {
    let ground = Ground::new();
    ground.write("server.sh", TOOL_SERVER);
    let servers = json!({"mcpServers": {"shell": {"command": "sh", "args": ["server.sh"]}}});
    ground.write(".mcp.json", &servers.to_string());
    let checks = json!({"checks": [{"files": "*.py", "run": "echo ran > checked"}]});
    ground.write(".mlx-code.json", &checks.to_string());
    ground.write(
        ".mlx-code/skills/tidy/SKILL.md",
        "---\nname: tidy\ndescription: Tidies up.\n---\nSweep the floor.\n",
    );
    ground
}

#[test]
fn a_script_lists_approves_and_revokes() {
    let ground = ground();
    let ran = ground.run(&["approve"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.starts_with("server:shell  waits\n"), "{}", ran.out);
    assert!(ran.out.contains("\n  sh server.sh\n"), "{}", ran.out);
    assert!(ran.out.contains("checks  waits\n"), "{}", ran.out);
    assert!(ran.out.contains("\n  echo ran > checked  after changes of *.py\n"), "{}", ran.out);
    assert!(ran.err.contains("brings 2 things that wait for your yes: server:shell, checks"));

    let ran = ground.run(&["approve", "server:shell"]);
    assert!(ran.out.starts_with("server:shell  approved\n") && !ran.out.contains("checks"));
    let ran = ground.run(&["mcp", "call", "shell__echo"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "heard nothing\n"), "{ran:?}");
    let standings = |args: &[&str]| -> Vec<String> {
        let document = ground.run(&[args, &["--json"]].concat()).document();
        let offers = document["offers"].as_array().unwrap().clone();
        let word = |offer: &Value| {
            format!("{} {}", offer["id"].as_str().unwrap(), offer["standing"].as_str().unwrap())
        };
        offers.iter().map(word).collect()
    };
    assert_eq!(standings(&["approve"]), ["server:shell approved", "checks waits"]);
    assert_eq!(standings(&["approve", "--all"]), ["checks approved"]);
    assert_eq!(standings(&["approve", "checks", "--revoke"]), ["checks waits"]);
    let ran = ground.run(&["approve", "chekcs"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.contains("did you mean `checks`?"), "{}", ran.err);
    // What was approved one by one is taken back with the others.
    ground.run(&["mcp", "revoke"]);
    assert_eq!(standings(&["approve"]), ["server:shell waits", "checks waits"]);
    let plain = Ground::new();
    assert_eq!(plain.run(&["approve"]).out, "this project brings nothing that needs your yes\n");
}

#[test]
fn a_script_is_told_what_waits_and_uses_what_is_approved() {
    let ground = ground();
    let print = |replies: &[&str], more: &[&str]| {
        let args = [&["--print", "call it", "--tools", "on"], more].concat();
        ground.play(&args, Play { replies: Some(replies), ..Play::default() })
    };
    let ran = print(&[CALL, "It said nothing."], &["--mode", "full"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("2 things that wait for your yes"), "{}", ran.err);
    let document = print(&[CALL, "No."], &["--mode", "full", "--output-format", "json"]).document();
    assert!(document["notices"][0].as_str().unwrap().contains("server:shell"), "{document}");

    ground.run(&["approve", "--all"]);
    let ran = print(&[CALL, "Done."], &["--mode", "full", "--output-format", "stream-json"]);
    assert!(
        ran.out.contains("\"heard nothing\"") && !ran.out.contains("for your yes"),
        "{}",
        ran.out
    );
    // Nobody is there to ask, and the mode does not allow it.
    let ran = print(&[CALL, "Done."], &["--output-format", "stream-json"]);
    assert!(!ran.out.contains("\"heard nothing\""), "{}", ran.out);
    assert!(ran.out.contains("the mode is read-only"), "{}", ran.out);
}

/// A prompt of a project.
const LATIN: &str = "Answer in Latin.\n";

#[test]
fn a_projects_prompts_are_among_what_waits() {
    let ground = Ground::new();
    ground.write(".mlx-code/prompts/session.md", LATIN);
    ground.write(".mlx-code/prompts/sesion.md", LATIN);
    let ran = ground.run(&["approve"]);
    assert!(ran.out.starts_with("prompts  waits\n"), "{}", ran.out);
    assert!(ran.out.contains("  session.md  replaces what a model is told: "), "{}", ran.out);
    assert!(ran.out.contains("  sesion.md  has the name of no prompt"), "{}", ran.out);
    assert!(ran.err.contains("1 thing that waits for your yes: prompts;"), "{}", ran.err);
    // Both ways to say it are one.
    let trusted =
        || ground.run(&["prompts", "list", "--json"]).document()["project"]["is_trusted"].clone();
    assert!(ground.run(&["approve", "prompts"]).out.starts_with("prompts  approved\n"));
    assert_eq!(trusted(), true);
    ground.run(&["approve", "prompts", "--revoke"]);
    assert_eq!(trusted(), false);
    ground.run(&["prompts", "trust"]);
    assert!(ground.run(&["approve"]).out.starts_with("prompts  approved\n"));
    ground.write(".mlx-code/prompts/session.md", "Answer in Greek.\n");
    assert!(ground.run(&["approve"]).out.starts_with("prompts  changed\n"));
    assert_eq!(trusted(), false);
}

#[test]
fn prompts_count_from_the_next_turn_on() {
    let ground = Ground::new();
    ground.write(".mlx-code/prompts/session.md", LATIN);
    let (url, pieces) = server();
    pieces.send("Greet does.").unwrap();
    drop(pieces);
    let record = ground.path("../recording.jsonl");
    let args = ["--model", &url, "--record", record.to_str().unwrap()];
    let mut terminal = open(&ground, &[], &args, 100);
    terminal.wait_for("this project brings 1 thing that waits for your yes: prompts;");
    terminal.send("/approve\r");
    terminal.wait_for("session.md  replaces what a model is told");
    terminal.send("y");
    terminal.wait_for("1 allowed");
    terminal.wait_for_prompt();
    terminal.send("who greets?\r");
    terminal.wait_for("Greet does.");
    terminal.wait_for_prompt();
    terminal.send("\x04");
    assert_eq!(terminal.wait_for_end(), 0);
    let asked = std::fs::read_to_string(record).unwrap();
    assert!(asked.contains("Answer in Latin."), "{asked}");
}

#[test]
fn a_person_looks_and_says_yes() {
    let ground = ground();
    let mut terminal = open(&ground, &[CALL, "Done.", "Swept."], &["--tools", "on"], 100);
    terminal.wait_for("this project brings 2 things that wait for your yes: server:shell, checks");
    terminal.send("/mcp\r");
    terminal.wait_for("shell  waits for your yes");
    terminal.wait_for_prompt();
    terminal.send("/approve\r");
    terminal.wait_for("sh server.sh");
    terminal.wait_for("Allow it?");
    terminal.send("y");
    terminal.wait_for("echo ran > checked  after changes of *.py");
    terminal.send("n");
    terminal.wait_for("1 allowed");
    terminal.wait_for_prompt();
    terminal.clear();
    terminal.send("call it\r");
    terminal.wait_for("Call echo of the server shell?");
    terminal.send("y");
    terminal.wait_for("heard nothing");
    terminal.wait_for("Done.");
    terminal.wait_for_prompt();
    terminal.clear();
    terminal.send("/mcp\r");
    terminal.wait_for("shell  runs, 2 tools  shell 0.1");
    terminal.wait_for_prompt();
    terminal.clear();
    terminal.send("/tools\r");
    terminal.wait_for("scripted is given these tools:");
    terminal.wait_for("shell__echo  asks");
    terminal.wait_for("read         allowed");
    terminal.wait_for_prompt();
    terminal.clear();
    terminal.send("/skill\r");
    terminal.wait_for("tidy  Tidies up.");
    terminal.wait_for_prompt();
    terminal.send("/skill tidy the kitchen\r");
    terminal.wait_for("Swept.");
    terminal.wait_for_prompt();
    terminal.clear();
    terminal.send("/tools off\r");
    terminal.wait_for("scripted is given no tools");
    terminal.wait_for_prompt();
    terminal.clear();
    terminal.send("/approve\r");
    terminal.wait_for("echo ran > checked");
    terminal.send("q");
    terminal.wait_for("0 allowed");
    terminal.wait_for_prompt();
    terminal.send("/quit\r");
    assert_eq!(terminal.wait_for_end(), 0);

    // What changes is asked for again.
    let changed = ground.read(".mcp.json").replace("server.sh", "other.sh");
    ground.write(".mcp.json", &changed);
    let mut terminal = open(&ground, &[], &[], 100);
    terminal.wait_for("server:shell");
    terminal.send("/approve server:shell\r");
    terminal.wait_for("changed since you said yes");
    terminal.wait_for("sh other.sh");
    terminal.send("n");
    terminal.wait_for("0 allowed");
}
