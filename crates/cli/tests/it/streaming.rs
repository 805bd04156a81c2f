//! An answer that comes piece by piece, from a server on loopback.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use serde_json::json;

use crate::conversation::open;
use crate::ground::Ground;

/// A server whose answer is what is sent to it, piece by piece, until nobody
/// sends any more.
pub fn server() -> (String, Sender<&'static str>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://127.0.0.1:{}/v1", listener.local_addr().unwrap().port());
    let (sender, pieces) = channel();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Who hung up does not matter.
            let _ = answer(stream, &pieces);
        }
    });
    (url, sender)
}

fn answer(mut stream: TcpStream, pieces: &Receiver<&'static str>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    if head.starts_with("GET") {
        let said = json!({"data": [{"id": "coder", "owned_by": "x", "context_length": 8192}]});
        let said = said.to_string();
        return write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
             connection: close\r\n\r\n{said}",
            said.len()
        );
    }
    let length = head.lines().find_map(|line| {
        line.to_lowercase().strip_prefix("content-length: ").and_then(|n| n.parse().ok())
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
    )?;
    for piece in pieces {
        let event = json!({"choices": [{"delta": {"content": piece}}]});
        write!(stream, "data: {event}\n\n")?;
    }
    write!(stream, "data: {}\n\n", json!({"choices": [{"delta": {}, "finish_reason": "stop"}]}))?;
    write!(stream, "data: [DONE]\n\n")
}

const BEGIN: &str = "A first paragraph.\n\n- an item that is being written when the terminal \
                     takes another width, which happens about here, ";

#[test]
fn a_terminal_takes_another_width_while_an_answer_comes() {
    let ground = Ground::new();
    let (url, pieces) = server();
    let mut terminal = open(&ground, &[], &["--model", &url], 60);
    terminal.send("tell me\r");
    pieces.send(BEGIN).unwrap();
    terminal.wait_for("which happens about");
    terminal.resize((100, 30));
    pieces.send("and that goes on for some more words ").unwrap();
    // Wider lines are laid out anew in their place.
    terminal.wait_for(
        "• an item that is being written when the terminal takes another width, which happens about \
         here, and\n  that goes on for some more",
    );
    assert_eq!(terminal.contents().matches("an item that").count(), 1);
    // Nobody knows whether narrower ones were wrapped or cut off.
    terminal.resize((50, 30));
    pieces.send("until it comes to its end, which is not far away now.\n\n").unwrap();
    terminal.wait_for("some more words until it comes\n  to its end");
    pieces
        .send("| a | table |\n|---|---|\n| of cells | that are broken into several lines |\n")
        .unwrap();
    pieces.send("| as the | terminal is as narrow as it is now |\n\nThe end.\n").unwrap();
    drop(pieces);
    terminal.wait_for("The end.");
    let screen = terminal.contents();
    assert_eq!(screen.matches("A first paragraph.").count(), 1, "{screen}");
    let end = screen.split("until it").nth(1).unwrap();
    assert!(end.lines().all(|line| line.chars().count() <= 50), "{screen}");
    assert!(end.contains("table"), "{screen}");
    terminal.wait_for_prompt();
    terminal.send("\x04");
    assert_eq!(terminal.wait_for_end(), 0);
}

const CHANGE: &str = "greet.py\n```python\n<<<<<<< SEARCH\n    return \"hello\"\n=======\n    \
                      return \"good morning\"\n>>>>>>> REPLACE\n```\n";

#[test]
fn what_is_typed_while_an_answer_comes_is_no_answer_and_not_shown_in_it() {
    let ground = Ground::new();
    let (url, pieces) = server();
    let mut terminal = open(&ground, &[], &["--model", &url], 80);
    terminal.send("be friendlier\r");
    pieces.send("I make it friendlier, as far ").unwrap();
    terminal.wait_for("I make it friendlier, as");
    terminal.send("yes, thank you");
    pieces.send("as that goes.\n\n").unwrap();
    terminal.wait_for("I make it friendlier, as far as that");
    pieces.send(CHANGE).unwrap();
    drop(pieces);
    terminal.wait_for("Apply the change to greet.py?");
    terminal.send("?");
    terminal.wait_for_times("Apply the change to greet.py?", 2);
    let screen = terminal.contents();
    assert!(!screen.contains("thank"), "{screen}");
    assert!(ground.read("greet.py").contains("\"hello\""), "nothing is written yet");
    // What is typed for the question is seen.
    terminal.send("n");
    terminal.wait_for("What should it do instead?");
    terminal.send("because");
    terminal.wait_for("because");
    terminal.send("\x03");
}

#[test]
fn what_is_typed_while_an_answer_comes_is_there_for_the_next_prompt() {
    let ground = Ground::new();
    let (url, pieces) = server();
    let mut terminal = open(&ground, &[], &["--model", &url], 80);
    terminal.send("tell me\r");
    pieces.send("It greets everybody who ").unwrap();
    terminal.wait_for("It greets everybody");
    terminal.send("and then");
    pieces.send("comes along.\n").unwrap();
    drop(pieces);
    terminal.wait_for("It greets everybody who comes along.");
    terminal.wait_for("› and then");
    terminal.send("\x03");
    terminal.wait_for_prompt();
    terminal.send("\x04");
    assert_eq!(terminal.wait_for_end(), 0);
}

#[test]
fn an_interrupt_leaves_what_was_typed() {
    let ground = Ground::new();
    let (url, pieces) = server();
    let mut terminal = open(&ground, &[], &["--model", &url], 80);
    terminal.send("tell me\r");
    pieces.send("It greets everybody who ").unwrap();
    terminal.wait_for("It greets everybody");
    terminal.send("and then\x03");
    pieces.send("comes along.\n").unwrap();
    terminal.wait_for("stopped");
    terminal.wait_for("› and then");
    assert!(!terminal.contents().contains("^C"), "{}", terminal.contents());
    terminal.send("\x03");
    terminal.wait_for_prompt();
    terminal.send("\x04");
    assert_eq!(terminal.wait_for_end(), 0);
}
