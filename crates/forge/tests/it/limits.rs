//! What is refused, and what never leaves.

use mlxcode_base::{CancelToken, Diagnostic, ErrorKind};
use mlxcode_forge::{Error, Forge, ForgeKind, ForgeOptions, Host, Token};

use crate::fake::{Answer, Fake, ok};

fn issue(answer: Answer) -> (Fake, Error) {
    let fake = Fake::new(vec![("GET /repos/a/b/issues/1", answer)]);
    let error = fake.forge(ForgeKind::GitHub).issue("a/b", 1, &CancelToken::new()).unwrap_err();
    (fake, error)
}

fn refusal(status: u16, headers: &[(&'static str, &str)], text: &str) -> Answer {
    let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    (status, headers, text.to_owned())
}

#[test]
fn the_end_of_a_limit_is_told() {
    let headers = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1700000000")];
    let (_, error) = issue(refusal(403, &headers, r#"{"message":"API rate limit exceeded"}"#));
    let Error::RateLimited { when, at_s, .. } = &error else { panic!("{error:?}") };
    assert_eq!((when.as_str(), *at_s), ("at 2023-11-14T22:13:20Z", Some(1_700_000_000)));
    assert_eq!(error.kind(), ErrorKind::ResourceExhausted);
    let (_, error) = issue(refusal(429, &[("retry-after", "60")], ""));
    assert!(error.to_string().ends_with("it answers again in 60 s"), "{error}");
    let (_, error) = issue(refusal(
        403,
        &[("x-ratelimit-remaining", "12")],
        r#"{"message":"Resource not accessible"}"#,
    ));
    assert!(
        matches!(&error, Error::Refused { message, .. } if message == "Resource not accessible"),
        "{error:?}"
    );
}

#[test]
fn refusals_have_their_kinds() {
    let check = |answer: Answer, code: &str| {
        let (_, error) = issue(answer);
        assert_eq!(error.code(), code, "{error:?}");
        assert!(!format!("{error:?} {error}").contains("t0ken"));
    };
    check(refusal(401, &[], r#"{"message":"Bad credentials"}"#), "forge.refused");
    check(refusal(404, &[], ""), "forge.not_found");
    check(
        refusal(422, &[], r#"{"message":"Validation Failed","errors":[{"message":"x"}]}"#),
        "forge.invalid",
    );
    check(refusal(502, &[], "<html>"), "forge.unreachable");
    check(ok("<html>"), "forge.bad_answer");
    check(ok(r#"{"number":"x"}"#), "forge.bad_answer");
}

#[test]
fn a_token_stays_with_its_host() {
    let other = Fake::new(Vec::new());
    let elsewhere = format!("{}/repos/a/b/issues/1", other.address);
    let (_, error) = issue(refusal(301, &[("location", &elsewhere)], ""));
    assert!(error.to_string().contains("another host"), "{error}");
    let link = format!("<{elsewhere}>; rel=\"next\"");
    let (_, error) = issue(refusal(200, &[("link", &link)], "{}"));
    assert!(error.to_string().contains("elsewhere"), "{error}");
    assert!(other.asked().is_empty());
}

#[test]
fn a_repository_that_moved_is_found() {
    let body = r#"{"number":1,"title":"t","state":"open","html_url":"u"}"#;
    let fake = Fake::new(vec![
        (
            "GET /repos/a/b/issues/1",
            refusal(301, &[("location", "$HOST/repositories/7/issues/1")], ""),
        ),
        ("GET /repositories/7/issues/1", ok(body)),
        ("GET /repos/a/b/issues/1/comments?per_page=100", ok("[]")),
    ]);
    let found = fake.forge(ForgeKind::GitHub).issue("a/b", 1, &CancelToken::new()).unwrap();
    assert_eq!(found.title, "t");
}

#[test]
fn offline_nothing_is_sent() {
    let fake = Fake::new(Vec::new());
    let host = Host::with_api("git.example.org", ForgeKind::GitHub, &fake.address).unwrap();
    let mut options = ForgeOptions::default();
    options.offline = true;
    let forge = Forge::new(&host, &options).unwrap();
    let error = forge.issue("a/b", 1, &CancelToken::new()).unwrap_err();
    assert_eq!(error.code(), "forge.offline");
    // What is on this machine may be asked where somebody says so, and nothing else.
    options.loopback_offline = true;
    let far = Forge::new(&Host::usual()[0], &options).unwrap();
    assert_eq!(far.issue("a/b", 1, &CancelToken::new()).unwrap_err().code(), "forge.offline");
    let near = Forge::new(&host, &options).unwrap();
    assert_eq!(near.issue("a/b", 1, &CancelToken::new()).unwrap_err().code(), "forge.not_found");
    let cancel = CancelToken::new();
    cancel.cancel();
    let error = fake.forge(ForgeKind::GitHub).issue("a/b", 1, &cancel).unwrap_err();
    assert!(matches!(error, Error::Cancelled));
    assert_eq!(fake.asked().len(), 1);
}

#[test]
fn an_interface_is_reached_by_tls_or_on_this_machine() {
    let check = |api: &str, expect: bool| {
        let host = Host::with_api("git.example.org", ForgeKind::GitLab, api);
        assert_eq!(host.is_ok(), expect, "{api}");
        assert!(!format!("{host:?}").contains("secret"));
    };
    check("https://git.example.org/api/v4", true);
    check("http://127.0.0.1:8080/api/v4", true);
    check("http://[::1]:8080", true);
    check("http://git.example.org/api/v4", false);
    check("http://10.0.0.1/api/v4", false);
    check("ftp://127.0.0.1", false);
    check("https://me:secret@git.example.org", false);
    check("git.example.org", false);
    assert!(Token::new("a b").is_err());
    assert_eq!(format!("{:?}", Token::new(" abc\n").unwrap()), "Token(…)");
}
