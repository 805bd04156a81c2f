//! Tokens: kept, shown to nobody, given to no child.

use serde_json::Value;

use crate::documents::promised;
use crate::ground::{Ground, Play, Ran};

const TOKEN: &str = "hf_SomethingNobodyMaySee";

fn set(ground: &Ground, extra: &[&str], input: &str) -> Ran {
    let args = [&["secret", "set", "huggingface"], extra].concat();
    ground.play(&args, Play { input, ..Play::default() })
}

fn shows_nothing(ran: &Ran) {
    assert!(!ran.out.contains(TOKEN) && !ran.err.contains(TOKEN), "{ran:?}");
}

#[test]
fn a_secret_is_kept_told_of_and_forgotten() {
    let ground = Ground::new();
    let ran = ground.run(&["secret", "get", "huggingface"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.contains("mlx-code secret set huggingface"), "{}", ran.err);
    assert_eq!(ground.run(&["secret", "list"]).out, "no secret is kept\n");

    let ran = set(&ground, &[], &format!("{TOKEN}\r\n"));
    assert_eq!((ran.code, ran.out.as_str()), (0, "kept huggingface in the encrypted file\n"));
    assert!(ran.err.contains("there is no keychain: there is no session bus"), "{}", ran.err);
    shows_nothing(&ran);

    let ran = ground.run(&["secret", "get", "huggingface"]);
    assert_eq!(ran.out, "huggingface: *** (in the encrypted file)\n");
    let ran = ground.run(&["secret", "get", "huggingface", "--reveal"]);
    assert_eq!(ran.out, format!("{TOKEN}\n"));
    let ran = ground.run(&["secret", "list"]);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("huggingface  the encrypted file\n", ""));
    let ran = ground.run(&["secret", "rm", "huggingface"]);
    assert_eq!(ran.out, "forgot huggingface, which was in the encrypted file\n");
    assert_eq!(ground.run(&["secret", "rm", "huggingface"]).code, 3);
}

#[test]
fn what_cannot_be_kept_is_refused_and_not_repeated() {
    let ground = Ground::new();
    let check = |ran: Ran, code: u8, words: &str| {
        assert_eq!(ran.code, code, "{ran:?}");
        assert!(ran.err.contains(words), "{}", ran.err);
        shows_nothing(&ran);
    };
    check(set(&ground, &[], " \n"), 2, "the secret is empty");
    check(set(&ground, &[], &format!("{TOKEN}{}", "x".repeat(70_000))), 2, "longer than 65536");
    check(set(&ground, &["--in", "keychain"], TOKEN), 10, "there is no keychain");
    check(set(&ground, &["--passphrase"], TOKEN), 2, "cannot ask for it");
    // Typed in the wrong place.
    check(ground.run(&["secret", "set", TOKEN]), 2, "that cannot be a secret's name");
    let typed = Play { input: TOKEN, typed: Some("one\ntwo\n"), ..Play::default() };
    let ran = ground.play(&["secret", "set", "huggingface", "--passphrase"], typed);
    check(ran, 2, "the two are not the same");
    assert_eq!(ground.run(&["secret", "list"]).out, "no secret is kept\n");
}

#[test]
fn documents_of_secrets_keep_their_schemas() {
    let ground = Ground::new();
    let json = |args: &[&str], schema: &str| {
        let ran =
            ground.play(&[args, &["--json"]].concat(), Play { input: TOKEN, ..Play::default() });
        let document = ran.document();
        promised(schema, &document);
        document
    };
    assert_eq!(json(&["secret", "set", "a"], "secret-set")["places"][0], "file");
    assert_eq!(json(&["secret", "get", "a"], "secret-get")["value"], Value::Null);
    assert_eq!(json(&["secret", "get", "a", "--reveal"], "secret-get")["value"], TOKEN);
    let list = json(&["secret", "list"], "secret-list");
    assert_eq!(list["secrets"][0]["name"], "a");
    assert_eq!(list["unreachable"][0]["place"], "keychain");
    assert_eq!(json(&["secret", "rm", "a"], "secret-rm")["places"][0], "file");
}

/// The program itself, with a token in its environment.
#[test]
fn a_token_of_the_environment_is_found_and_not_shown() {
    let ground = Ground::new();
    let run = |args: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_mlx-code"));
        command.args(args).env_clear().env("MLX_CODE_HOME", ground.home());
        let ran = command.env("HF_TOKEN", TOKEN).output().unwrap();
        assert!(ran.stderr.is_empty(), "{ran:?}");
        String::from_utf8(ran.stdout).unwrap()
    };
    assert_eq!(run(&["secret", "get", "huggingface"]), "huggingface: *** (in the environment)\n");
    assert_eq!(run(&["secret", "list"]), "huggingface  the environment\n");
    assert!(!run(&["hardware", "--json"]).contains(TOKEN));
}
