//! Colours, as the configuration has them.

use std::fs;

use mlxcode_terminal::Surroundings;

use crate::ground::{Ground, Play, Ran};

fn configured(text: &str) -> Ground {
    let ground = Ground::new();
    let folder = ground.home().join("config/themes");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("sea.json"), r##"{"styles": {"added": {"color": "#010203"}}}"##).unwrap();
    fs::write(ground.home().join("config/config.json"), text).unwrap();
    ground
}

fn diff(ground: &Ground, no_color: Option<&str>) -> Ran {
    let terminal = Surroundings {
        is_terminal: true,
        term: Some("xterm-256color".to_owned()),
        colorterm: Some("truecolor".to_owned()),
        no_color: no_color.map(str::to_owned),
        ..Surroundings::default()
    };
    let input = crate::ground::SHOUT;
    let play = Play { input, columns: Some(80), terminal: Some(terminal), ..Play::default() };
    let ran = ground.play(&["apply", "-", "--dry-run"], play);
    assert_eq!(ran.code, 0, "{ran:?}");
    ran
}

#[test]
fn verbs_have_the_colours_of_the_configuration() {
    let usual = diff(&configured("{}"), None);
    assert!(usual.out.contains("\x1b[38;2;135;215;135m+"), "{usual:?}");
    let single = diff(&configured(r##"{"colors": {"added": "#040506"}}"##), None);
    assert!(single.out.contains("38;2;4;5;6m+"), "{single:?}");
    let own = diff(&configured(r#"{"theme": "sea"}"#), None);
    assert!(own.out.contains("38;2;1;2;3m+"), "{own:?}");
    let light = diff(&configured(r#"{"theme": "light"}"#), None);
    assert!(light.out.contains("38;2;0;111;0m+"), "{light:?}");
    for (text, no_color) in [(r#"{"theme": "none"}"#, None), (r#"{"theme": "sea"}"#, Some("1"))] {
        let none = diff(&configured(text), no_color);
        assert!(none.out.contains("+    return") && !none.out.contains("38;"), "{none:?}");
    }
    assert!(!diff(&configured(r#"{"theme": "sea"}"#), Some("1")).out.contains('\x1b'));
}

#[test]
fn wrong_colours_are_told_and_stop_nothing() {
    let ran = diff(&configured(r#"{"theme": "see"}"#), None);
    let expect = "the colours are the usual ones: there is no theme `see`";
    assert!(
        ran.err.contains(expect) && ran.err.contains("auto, dark, light, none, sea"),
        "{ran:?}"
    );
    let wrong = configured(r#"{"colors": {"aded": "red"}}"#);
    // All else works, and what is wrong can be taken away.
    assert_eq!(wrong.run(&["config", "set", "max_tokens", "512"]).code, 0);
    assert_eq!(wrong.run(&["config", "unset", "colors.aded"]).code, 0);
    let ran = diff(&configured(r#"{"colors": {"aded": "red"}}"#), None);
    assert!(ran.err.contains("nothing called `aded` has a colour"), "{ran:?}");

    let ground = configured("{}\n");
    for (args, code) in [
        (["config", "set", "colors.added", "blurple"], "`blurple`, for `added`, is no colour"),
        (["config", "set", "theme", "see"], "there is no theme `see`"),
    ] {
        let ran = ground.run(&args);
        assert!(ran.code != 0 && ran.err.contains(code), "{ran:?}");
        assert_eq!(fs::read_to_string(ground.home().join("config/config.json")).unwrap(), "{}\n");
    }
    assert_eq!(ground.run(&["config", "set", "colors.added", "bright-green"]).code, 0);
    assert_eq!(ground.run(&["config", "set", "theme", "sea"]).code, 0);
}
