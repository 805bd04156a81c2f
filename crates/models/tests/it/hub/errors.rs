//! What the hub refuses, and what is refused of it.

use mlxcode_base::Diagnostic;
use mlxcode_models::hub::Token;

use super::{Place, kinds, names};
use crate::fake_hub::{FakeFile, Fault};

#[test]
fn a_refusal_says_what_to_do() {
    let check = |status: u16, code: &'static str, token: bool, expect: &str, help: &str| {
        let mut place = Place::new();
        place.fake.publish("org/name", "main", kinds()[0].1.clone());
        place.fake.refuse("org/name", status, code);
        if token {
            place.options.token = Some(Token::new("hf_secret").unwrap());
        }
        let error = place.pull("hf:org/name").unwrap_err();
        assert_eq!(error.code(), expect);
        let said = format!("{error} {} {error:?}", error.help().unwrap());
        assert!(said.contains(help), "{said}");
        assert!(said.contains("org/name"), "{said}");
        assert!(!said.contains("hf_secret"), "{said}");
    };
    check(401, "GatedRepo", false, "models.gated", "HF_TOKEN");
    check(403, "GatedRepo", true, "models.gated", "the token lacks it");
    check(401, "RepoNotFound", false, "models.repo_not_found", "HF_TOKEN");
    check(401, "", false, "models.repo_not_found", "HF_TOKEN");
    check(404, "RepoNotFound", true, "models.repo_not_found", "spelling");
    check(404, "RevisionNotFound", false, "models.revision_not_found", "a branch, a tag");
    check(403, "", true, "models.forbidden", "permission");
    check(404, "", false, "models.repo_not_found", "spelling");
    check(418, "", false, "models.bad_answer", "HF_ENDPOINT");
}

#[test]
fn a_revision_is_asked_for_as_it_is_written() {
    let place = Place::new();
    let (_, files, _) = kinds()[0].clone();
    let commit = place.fake.publish("org/name", "refs/pr/1", files);
    place.pull("hf:org/name@refs%2Fpr%2F1").unwrap();
    let asked = &place.fake.requests()[0].target;
    assert_eq!(asked, "/api/models/org/name/revision/refs%2Fpr%2F1");
    let refs = place.cache().join("models--org--name/refs/refs/pr/1");
    assert_eq!(std::fs::read_to_string(refs).unwrap(), commit);
    let error = place.pull("hf:org/name@other").unwrap_err();
    assert_eq!(error.code(), "models.revision_not_found");
}

#[test]
fn a_token_is_told_to_the_hub_alone() {
    let mut place = Place::new();
    let (_, files, _) = kinds()[2].clone();
    place.fake.publish("org/name", "main", files);
    place.fake.want_token("hf_secret");
    let error = place.pull("hf:org/name").unwrap_err();
    assert_eq!(error.code(), "models.repo_not_found");
    place.fake.forget();
    place.options.token = Some(Token::new("hf_secret").unwrap());
    place.pull("hf:org/name").unwrap();
    let requests = place.fake.requests();
    assert!(requests.iter().any(|request| request.elsewhere));
    for request in requests {
        let sent = request.headers.get("authorization").map(String::as_str);
        let expect = if request.elsewhere { None } else { Some("Bearer hf_secret") };
        assert_eq!(sent, expect, "{request:?}");
    }
}

#[test]
fn a_listing_that_leads_out_of_its_folder_is_refused() {
    for path in
        ["../x.gguf", "/etc/x.gguf", "a/../../x.gguf", "a//x.gguf", "..\\x.gguf", "C:/x.gguf"]
    {
        let place = Place::new();
        let files = vec![FakeFile::small("a.gguf", "a"), FakeFile::small(path, "x")];
        place.fake.publish("org/name", "main", files);
        let error = place.pull("hf:org/name/a.gguf").unwrap_err();
        assert_eq!(error.code(), "models.unsafe_path", "{path}");
        assert!(names(&place.cache()).is_empty());
    }
}

#[test]
fn a_hub_that_asks_for_a_long_wait_is_obeyed() {
    let place = Place::new();
    let (_, files, path) = kinds()[0].clone();
    place.fake.publish("org/name", "main", files);
    place.fake.fail(path, Fault::Status(429, Some(3600)), u64::MAX);
    let error = place.pull("hf:org/name").unwrap_err();
    assert_eq!(error.code(), "models.rate_limited");
    assert!(error.to_string().contains("3600 s"), "{error}");
    let asked = place.fake.requests().iter().filter(|r| r.target.contains("resolve")).count();
    assert_eq!(asked, 1);
}

#[test]
fn a_wait_that_the_server_asks_for_is_waited() {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    let mut place = Place::new();
    let (_, files, path) = kinds()[0].clone();
    place.fake.publish("org/name", "main", files);
    place.fake.fail(path, Fault::Status(503, Some(7)), 1);
    let slept = Arc::new(Mutex::new(Duration::ZERO));
    let sum = Arc::clone(&slept);
    place.options.retry.sleep = Arc::new(move |time| *sum.lock().unwrap() += time);
    place.pull("hf:org/name").unwrap();
    assert!(*slept.lock().unwrap() >= Duration::from_secs(7), "{slept:?}");
}
