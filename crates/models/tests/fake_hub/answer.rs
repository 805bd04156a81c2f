//! What the hub says to a request.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{FakeFile, Fault, PAGE, Request, Script, State};

pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Body,
    /// The file whose bytes are counted.
    pub path: Option<String>,
    pub cut: Option<u64>,
    pub stall: Option<u64>,
    pub flip: Option<u64>,
    /// By how much `Content-Length` is wrong.
    pub more: i64,
    pub chunked: bool,
    pub chunk: usize,
    pub pause: Duration,
}

pub struct Body {
    pub bytes: Arc<Vec<u8>>,
    pub start: u64,
    pub end: u64,
    /// A file that holds the same bytes.
    pub stored: Option<PathBuf>,
}

impl Answer {
    fn new(status: u16, bytes: Arc<Vec<u8>>) -> Self {
        let end = bytes.len() as u64;
        Self {
            status,
            headers: Vec::new(),
            body: Body { bytes, start: 0, end, stored: None },
            path: None,
            cut: None,
            stall: None,
            flip: None,
            more: 0,
            chunked: false,
            chunk: 64 << 10,
            pause: Duration::ZERO,
        }
    }

    fn text(status: u16, text: &str) -> Self {
        Self::new(status, Arc::new(text.as_bytes().to_vec()))
    }

    fn json(text: &str) -> Self {
        Self::text(200, text).with("Content-Type", "application/json")
    }

    fn refused(status: u16, code: &str) -> Self {
        Self::text(status, "{\"error\": \"no\"}").with("X-Error-Code", code)
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// Answers one request.
pub fn to(state: &State, request: &Request) -> Answer {
    let mut script = state.script.lock().unwrap();
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let path = unescape(path);
    if request.elsewhere {
        return large(state, &mut script, request, &path, query);
    }
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let (repo, rest) = match &parts[..] {
        ["api", "models", org, name, rest @ ..] | [org, name, rest @ ..] => {
            (format!("{org}/{name}"), rest)
        }
        _ => return Answer::refused(404, "RepoNotFound"),
    };
    if let Some((status, code)) = script.refusals.get(&repo) {
        return Answer::refused(*status, code);
    }
    if let Some(token) = &script.token
        && request.headers.get("authorization") != Some(&format!("Bearer {token}"))
    {
        return Answer::refused(401, "");
    }
    let Some(found) = script.repos.get(&repo) else {
        return Answer::refused(404, "RepoNotFound");
    };
    let (kind, rest) = match rest {
        ["revision" | "tree" | "resolve", ..] => (rest[0], rest[1..].join("/")),
        [] => ("revision", "main".to_owned()),
        _ => return Answer::refused(404, "EntryNotFound"),
    };
    // A revision may have a `/`; the longest that is known is meant.
    let known = found.branches.keys().chain(found.commits.keys());
    let revision = known.filter(|name| rest.starts_with(name.as_str())).max_by_key(|r| r.len());
    let Some(revision) = revision.cloned() else {
        return Answer::refused(404, "RevisionNotFound");
    };
    let commit = found.branches.get(&revision).unwrap_or(&revision).clone();
    let files = found.commits[&commit].clone();
    match kind {
        "revision" => {
            let name = |file: &FakeFile| file.path.replace('\\', "\\\\");
            let names = files.iter().map(|file| format!("{{\"rfilename\": \"{}\"}}", name(file)));
            let names = names.collect::<Vec<_>>().join(", ");
            Answer::json(&format!(
                "{{\"id\": \"{repo}\", \"modelId\": \"{repo}\", \"sha\": \"{commit}\", \
                 \"private\": false, \"tags\": [], \"downloads\": 0, \"likes\": 0, \
                 \"siblings\": [{names}]}}"
            ))
        }
        "tree" => tree(state, &repo, &revision, &files, query),
        _ => {
            let path = rest[revision.len()..].trim_start_matches('/');
            match files.iter().find(|file| file.path == path) {
                Some(file) => resolve(state, &mut script, request, &commit, file),
                None => Answer::refused(404, "EntryNotFound").with("X-Repo-Commit", commit),
            }
        }
    }
}

fn tree(state: &State, repo: &str, revision: &str, files: &[FakeFile], query: &str) -> Answer {
    let from = query.split('&').find_map(|pair| pair.strip_prefix("cursor="));
    let from: usize = from.map_or(0, |cursor| cursor.parse().unwrap());
    let entry = |file: &FakeFile| {
        let size = file.bytes.len();
        let lfs = if file.lfs {
            let oid = file.sha256();
            format!(", \"lfs\": {{\"oid\": \"{oid}\", \"size\": {size}, \"pointerSize\": 134}}")
        } else {
            String::new()
        };
        let oid = if file.lfs { "f".repeat(40) } else { file.git() };
        let path = file.path.replace('\\', "\\\\");
        format!(
            "{{\"type\": \"file\", \"oid\": \"{oid}\", \"size\": {size}, \"path\": \"{path}\"{lfs}}}"
        )
    };
    let shown: Vec<String> = files.iter().skip(from).take(PAGE).map(entry).collect();
    let answer = Answer::json(&format!("[{}]", shown.join(",")));
    if from + PAGE >= files.len() {
        return answer;
    }
    let next = format!(
        "<http://{}/api/models/{repo}/tree/{}?recursive=true&expand=false&cursor={}>; rel=\"next\"",
        state.hub,
        revision.replace('/', "%2F"),
        from + PAGE
    );
    answer.with("Link", next)
}

fn resolve(
    state: &State,
    script: &mut Script,
    request: &Request,
    commit: &str,
    file: &FakeFile,
) -> Answer {
    if file.lfs {
        let place = format!("http://{}/{}?Signature=secret", state.elsewhere, file.sha256());
        return Answer::text(302, "")
            .with("Location", place)
            .with("X-Repo-Commit", commit)
            .with("X-Linked-Etag", format!("\"{}\"", file.sha256()))
            .with("X-Linked-Size", file.bytes.len().to_string());
    }
    let etag = file.git();
    bytes(state, script, request, file, &etag).with("X-Repo-Commit", commit)
}

fn large(state: &State, script: &mut Script, request: &Request, path: &str, query: &str) -> Answer {
    let all = script.repos.values().flat_map(|repo| repo.commits.values()).flatten();
    let found = all.filter(|file| file.lfs).find(|file| file.sha256() == path[1..]).cloned();
    match found {
        // Its own address tells who may read; a token has no business here.
        Some(_) if query != "Signature=secret" => Answer::text(403, "expired"),
        Some(file) => {
            let etag = format!("e-{}", &file.sha256()[..16]);
            bytes(state, script, request, &file, &etag)
        }
        None => Answer::text(404, "gone"),
    }
}

fn bytes(
    state: &State,
    script: &mut Script,
    request: &Request,
    file: &FakeFile,
    etag: &str,
) -> Answer {
    let number = state.answers.fetch_add(1, Ordering::Relaxed);
    let fault = match script.faults.get_mut(&file.path) {
        // Who only asks for the headers meets no fault.
        Some((fault, times)) if *times > 0 && request.method != "HEAD" => {
            *times -= 1;
            Some(*fault)
        }
        _ => None,
    };
    let etag = match fault {
        Some(Fault::ChangedEtag) => format!("\"{etag}-{number}\""),
        _ => format!("\"{etag}\""),
    };
    let size = file.bytes.len() as u64;
    let mut answer = Answer::new(200, Arc::clone(&file.bytes))
        .with("ETag", etag.clone())
        .with("Content-Type", "application/octet-stream");
    if request.headers.get("if-none-match") == Some(&etag) && fault.is_none() {
        return Answer::text(304, "").with("ETag", etag);
    }
    answer.path = Some(file.path.clone());
    answer.body.stored = file.stored.clone().filter(|_| fault.is_none());
    let same = request.headers.get("if-range").is_none_or(|if_range| *if_range == etag);
    let range = request.headers.get("range").filter(|_| same && fault != Some(Fault::NoRange));
    if let Some((start, end)) = range.and_then(|range| range_of(range, size)) {
        if start >= size {
            return Answer::text(416, "").with("Content-Range", format!("bytes */{size}"));
        }
        answer.status = 206;
        let off = u64::from(fault == Some(Fault::OtherRange));
        let said = format!("bytes {}-{}/{size}", start + off, end - 1 + off);
        answer = answer.with("Content-Range", said).with("Accept-Ranges", "bytes");
        (answer.body.start, answer.body.end) = (start, end);
    }
    match fault {
        Some(Fault::Status(status, wait)) => {
            let answer = Answer::text(status, "later");
            return match wait {
                Some(wait) => answer.with("Retry-After", wait.to_string()),
                None => answer,
            };
        }
        Some(Fault::NoSuchRange) => {
            return Answer::text(416, "").with("Content-Range", format!("bytes */{size}"));
        }
        Some(Fault::ErrorPage) => {
            let page = "<html>Please log in to this network.</html>";
            return Answer::text(200, page).with("Content-Type", "text/html");
        }
        Some(Fault::Cut(after)) => answer.cut = Some(after),
        Some(Fault::Stall(after)) => answer.stall = Some(after),
        Some(Fault::Trickle(ms)) => {
            answer.chunk = 1;
            answer.pause = Duration::from_millis(ms);
        }
        Some(Fault::Corrupt(at)) => answer.flip = Some(at),
        Some(Fault::WrongLength(more)) => answer.more = more,
        Some(Fault::Chunked) => answer.chunked = true,
        _ => {}
    }
    answer
}

fn range_of(text: &str, size: u64) -> Option<(u64, u64)> {
    let (start, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let end = last.parse::<u64>().map_or(size, |last| last + 1).min(size);
    Some((start.parse().ok()?, end))
}

fn unescape(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let pair = [bytes.next().unwrap(), bytes.next().unwrap()];
            let digits = std::str::from_utf8(&pair).unwrap();
            out.push(u8::from_str_radix(digits, 16).unwrap());
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).unwrap()
}
