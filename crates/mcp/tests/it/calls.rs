//! What goes well.

use std::collections::BTreeMap;

use mlxcode_base::CancelToken;
use mlxcode_mcp::ServerState;
use serde_json::json;

use crate::scripted::server;
use crate::{call, options, soon, start};

#[test]
fn a_tool_is_called() {
    let servers = start(&[("one", server("plain"))], options());
    let status = &servers.servers()[0];
    assert_eq!(status.state, ServerState::Running);
    assert_eq!(status.title.as_deref(), Some("A scripted server"));
    assert_eq!(status.protocol.as_deref(), Some("2025-06-18"));
    assert_eq!(status.instructions.as_deref(), Some("Ask it anything."));
    let tools = servers.tools();
    assert_eq!(tools.len(), status.tools);
    assert_eq!((tools[0].name.as_str(), tools[0].hints.read_only), ("one__echo", Some(true)));
    let output = call(&servers, "one__echo", json!({"größe": [1, "ü"]})).unwrap();
    assert_eq!(output.text, r#"echo {"größe":[1,"ü"]}"#);
    assert!(!output.is_error);
}

#[test]
fn a_tool_tells_how_far_it_is() {
    let servers = start(&[("one", server("plain"))], options());
    let mut heard = Vec::new();
    let output = servers.call("one__count", json!({}), &CancelToken::new(), &mut |progress| {
        heard.push((progress.done, progress.total, progress.message.unwrap_or_default()));
    });
    assert_eq!(output.unwrap().text, "counted");
    let step = |number: f64, text: &str| (number, Some(3.0), text.to_owned());
    assert_eq!(heard, [step(1.0, "step 1"), step(2.0, "step 2"), step(3.0, "step 3")]);
}

#[test]
fn a_tool_that_fails_answers() {
    let servers = start(&[("one", server("plain"))], options());
    let output = call(&servers, "one__fail", json!({})).unwrap();
    assert!(output.is_error);
    assert_eq!(output.text, "no such file");
}

#[test]
fn pictures_come_as_they_are() {
    let servers = start(&[("one", server("plain"))], options());
    let output = call(&servers, "one__picture", json!(null)).unwrap();
    assert_eq!(
        (output.images[0].mime_type.as_str(), output.images[0].base64.as_str()),
        ("image/png", "AAAA")
    );
}

#[test]
fn a_list_that_changes_is_read_again() {
    let servers = start(&[("one", server("plain"))], options());
    let before = servers.tools_version();
    assert!(!servers.tools().iter().any(|tool| tool.own_name == "later"));
    call(&servers, "one__change", json!({})).unwrap();
    soon("the new list", || servers.tools_version() != before);
    assert_eq!(call(&servers, "one__later", json!({})).unwrap().text, "later {}");
}

#[test]
fn servers_and_tools_of_any_name_are_told_apart() {
    let servers = start(&[("a b", server("plain")), ("größer", server("plain"))], options());
    let tools = servers.tools();
    let mut names: Vec<_> = tools.iter().map(|tool| tool.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), tools.len());
    for (own_name, server) in [("größe", "a b"), ("größte", "a b"), ("größe", "größer")] {
        let tool = tools.iter().find(|tool| tool.own_name == own_name && tool.server == server);
        let output = call(&servers, &tool.unwrap().name, json!({})).unwrap();
        assert_eq!(output.text, format!("{own_name} {{}}"));
    }
}

#[test]
fn only_allowed_tools_are_there() {
    let mut limited = server("plain");
    limited.tools = Some(vec!["echo".into(), "none".into()]);
    let servers = start(&[("one", limited)], options());
    let names: Vec<_> = servers.tools().into_iter().map(|tool| tool.name).collect();
    assert_eq!(names, ["one__echo"]);
    let error = call(&servers, "one__fail", json!({})).unwrap_err();
    assert!(error.to_string().contains("no MCP server has a tool"), "{error}");
    assert!(servers.logs("one").unwrap()[0].text.contains("`none`"));
}

#[test]
fn lists_come_in_pages_and_each_tool_once() {
    let pages = start(&[("a", server("pages")), ("b", server("twice"))], options());
    let names: Vec<_> = pages.tools().into_iter().map(|tool| tool.name).collect();
    assert_eq!(names, ["a__echo", "a__fail", "b__echo", "b__fail"]);
    assert!(pages.logs("b").unwrap()[0].text.contains("listed twice"));
}

#[test]
fn a_tool_that_cannot_be_read_spoils_no_other() {
    let servers = start(&[("one", server("sloppy")), ("two", server("endless"))], options());
    let names: Vec<_> = servers.tools().into_iter().map(|tool| tool.name).collect();
    assert_eq!(names, ["one__echo", "two__echo"]);
}

#[test]
fn resources_and_prompts_are_read() {
    let servers = start(&[("one", server("plain"))], options());
    let cancel = CancelToken::new();
    let resources = servers.resources(None, &cancel).unwrap();
    assert_eq!((resources[0].uri.as_str(), resources[0].name.as_str()), ("note://1", "one"));
    let texts = servers.read_resource("one", "note://1", &cancel).unwrap();
    assert_eq!((texts[0].text.as_str(), texts[0].is_base64), ("first note", false));
    assert_eq!((texts[1].text.as_str(), texts[1].is_base64), ("AAAA", true));
    let error = servers.read_resource("one", "note://2", &cancel).unwrap_err();
    assert!(error.to_string().contains("there is no such note"), "{error}");

    let prompts = servers.prompts(Some("one"), &cancel).unwrap();
    assert!(prompts[0].arguments[0].is_required);
    let arguments = BTreeMap::from([("who".to_owned(), "Ada".to_owned())]);
    let messages = servers.prompt("one", "greet", &arguments, &cancel).unwrap();
    assert_eq!((messages[0].role.as_str(), messages[0].text.as_str()), ("user", "Greet Ada."));
    assert_eq!(messages[1].role, "assistant");
}

#[test]
fn what_a_server_logs_is_kept() {
    let servers = start(&[("one", server("plain"))], options());
    call(&servers, "one__log", json!({})).unwrap();
    soon("the line", || !servers.logs("one").unwrap().is_empty());
    let line = &servers.logs("one").unwrap()[0];
    assert_eq!((line.level.as_str(), line.logger.as_deref()), ("warning", Some("disk")));
    assert_eq!(line.text, r#"{"free":3}"#);
}

#[test]
fn calls_from_many_threads_meet_their_answers() {
    let servers = start(&[("one", server("plain")), ("two", server("plain"))], options());
    std::thread::scope(|scope| {
        for number in 0..8 {
            let servers = &servers;
            scope.spawn(move || {
                let tool = ["one__echo", "two__echo"][number % 2];
                for turn in 0..20 {
                    let output = call(servers, tool, json!({"n": number * 100 + turn})).unwrap();
                    assert_eq!(output.text, format!(r#"echo {{"n":{}}}"#, number * 100 + turn));
                }
            });
        }
    });
}

#[test]
fn a_server_of_the_newest_revision_is_met() {
    let servers = start(&[("new", server("newest"))], options());
    let status = &servers.servers()[0];
    assert_eq!(status.protocol.as_deref(), Some("2026-07-28"), "{:?}", status.error);
    assert_eq!(call(&servers, "new__echo", json!({})).unwrap().text, "echo {}");
}

#[test]
fn a_program_gets_no_secret_but_those_in_its_env() {
    let mut options = options();
    options.environment.insert("HF_TOKEN".into(), "hf_secret".into());
    options.environment.insert("EDITOR".into(), "vi".into());
    options.variables.insert("HF_TOKEN".into(), "hf_secret".into());
    let mut given = server("plain");
    given.env.insert("HF_TOKEN".into(), "${HF_TOKEN}".into());
    let servers = start(&[("bare", server("plain")), ("given", given)], options);
    let names = |tool: &str| call(&servers, tool, json!({})).unwrap().text;
    let (bare, given) = (names("bare__environment"), names("given__environment"));
    assert!(bare.contains("EDITOR") && !bare.contains("HF_TOKEN"), "{bare}");
    assert!(given.contains("HF_TOKEN"), "{given}");
    // Nor what surrounds the tests.
    assert!(!bare.contains("CARGO"), "{bare}");
}
