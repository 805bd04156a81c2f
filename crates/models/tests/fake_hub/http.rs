//! HTTP, as much as a hub needs.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use super::answer::{self, Answer, Body};
use super::{Request, State};

/// After so many bytes of a stored file it is counted what was sent.
const STORED_STEP: u64 = 1 << 20;

/// Answers requests until the other side has enough.
pub fn serve(state: &State, mut stream: TcpStream, elsewhere: bool) {
    let _ = stream.set_nodelay(true);
    let Ok(copy) = stream.try_clone() else { return };
    let mut reader = BufReader::new(copy);
    while let Some(request) = read(&mut reader, elsewhere) {
        if state.stopped.load(Ordering::Acquire) {
            return;
        }
        let head_only = request.method == "HEAD";
        state.script.lock().unwrap().requests.push(request.clone());
        let answer = answer::to(state, &request);
        if write(state, &mut stream, &answer, head_only).is_none() {
            let _ = stream.shutdown(std::net::Shutdown::Both);
            return;
        }
    }
}

fn read(reader: &mut impl BufRead, elsewhere: bool) -> Option<Request> {
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut request = Request { method, target, headers: BTreeMap::default(), elsewhere };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { return Some(request) };
        request.headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
}

/// `None` where the connection is over.
fn write(state: &State, stream: &mut TcpStream, answer: &Answer, head_only: bool) -> Option<()> {
    let mut head = format!("HTTP/1.1 {} x\r\n", answer.status);
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let Body { bytes, start, end, stored } = &answer.body;
    let bytes = &bytes[*start as usize..*end as usize];
    if answer.chunked {
        head.push_str("Transfer-Encoding: chunked\r\n");
    } else {
        let length = bytes.len() as i64 + answer.more;
        head.push_str(&format!("Content-Length: {length}\r\n"));
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).ok()?;
    if head_only {
        return Some(());
    }
    let flipped = answer.flip.filter(|at| (*start..*end).contains(at)).map(|at| at - start);
    let mut done: u64 = 0;
    let mut due = Instant::now();
    let pace = state.pace.load(Ordering::Acquire);
    if let (Some(place), 0) = (stored, pace) {
        return send_stored(state, stream, answer, &File::open(place).ok()?);
    }
    // Small steps, so that a slow pace is an even one.
    let step = if pace > 0 { answer.chunk.min((pace / 50).max(1) as usize) } else { answer.chunk };
    for chunk in bytes.chunks(step) {
        if answer.cut.is_some_and(|cut| done >= cut) {
            return None;
        }
        if answer.stall.is_some_and(|stall| done >= stall) {
            wait_until_closed(state, stream);
            return None;
        }
        let most = [answer.cut, answer.stall].into_iter().flatten().min();
        let most = most.map_or(chunk.len(), |most| chunk.len().min((most - done) as usize));
        let mut chunk = chunk[..most].to_vec();
        if let Some(at) = flipped.and_then(|at| at.checked_sub(done))
            && let Some(byte) = chunk.get_mut(at as usize)
        {
            *byte ^= 1;
        }
        if answer.chunked {
            stream.write_all(format!("{:x}\r\n", chunk.len()).as_bytes()).ok()?;
        }
        stream.write_all(&chunk).ok()?;
        if answer.chunked {
            stream.write_all(b"\r\n").ok()?;
        }
        done += chunk.len() as u64;
        if let Some(path) = &answer.path {
            *state.script.lock().unwrap().sent.entry(path.clone()).or_default() +=
                chunk.len() as u64;
        }
        if !answer.pause.is_zero() {
            thread::sleep(answer.pause);
        }
        if pace > 0 {
            // Time in which this process stood still is not made up for: all at
            // once would lie in the sockets of who is not there to read it.
            let took = Duration::from_secs_f64(chunk.len() as f64 / pace as f64);
            due = (due + took).max(Instant::now());
            thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        if state.stopped.load(Ordering::Acquire) {
            return None;
        }
    }
    if answer.chunked {
        stream.write_all(b"0\r\n\r\n").ok()?;
    }
    // A body that is shorter than it says leaves the other side waiting; one
    // that ends where it was cut ends the connection.
    if answer.cut.is_some() || answer.more < 0 {
        return None;
    }
    if answer.stall.is_some() || answer.more > 0 {
        wait_until_closed(state, stream);
        return None;
    }
    Some(())
}

/// Sends a part of a file. Linux does it by itself: no byte passes through this
/// program.
fn send_stored(state: &State, stream: &mut TcpStream, answer: &Answer, file: &File) -> Option<()> {
    let (mut at, end) = (answer.body.start, answer.body.end);
    while at < end {
        if state.stopped.load(Ordering::Acquire) {
            return None;
        }
        let sent = send_some(stream, file, at, (end - at).min(STORED_STEP)).ok()?;
        if sent == 0 {
            return None;
        }
        at += sent;
        if let Some(path) = &answer.path {
            *state.script.lock().unwrap().sent.entry(path.clone()).or_default() += sent;
        }
    }
    Some(())
}

#[cfg(target_os = "linux")]
fn send_some(stream: &mut TcpStream, file: &File, mut at: u64, most: u64) -> io::Result<u64> {
    Ok(rustix::fs::sendfile(stream, file, Some(&mut at), most as usize)? as u64)
}

#[cfg(not(target_os = "linux"))]
fn send_some(stream: &mut TcpStream, mut file: &File, at: u64, most: u64) -> io::Result<u64> {
    use std::io::{Read, Seek, SeekFrom};
    file.seek(SeekFrom::Start(at))?;
    io::copy(&mut file.take(most), stream)
}

/// Says nothing until the other side gives up.
fn wait_until_closed(state: &State, stream: &TcpStream) {
    let _ = stream.set_read_timeout(Some(Duration::from_millis(20)));
    let mut byte = [0];
    while !state.stopped.load(Ordering::Acquire) {
        match stream.peek(&mut byte) {
            Ok(0) => return,
            Ok(_) => thread::sleep(Duration::from_millis(5)),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}
