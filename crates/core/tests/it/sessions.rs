//! Old conversations, and how long they are kept.

use std::fs;

use mlxcode_core::{Dirs, NewSession, SessionFilter, Workspace};

#[test]
fn old_conversations_without_a_name_go_once_a_day() {
    const DAY_MS: u64 = 86_400_000;
    let temp = tempfile::tempdir().unwrap();
    let dirs = Dirs::under(&temp.path().join("home"));
    let root = temp.path().join("project");
    fs::create_dir_all(&root).unwrap();
    fs::create_dir_all(&dirs.config).unwrap();
    fs::write(dirs.config_file(), r#"{"session": {"keep_days": 3}}"#).unwrap();
    let workspace = Workspace::open(&root, &dirs).unwrap();
    let store = workspace.sessions().unwrap();
    let make = |name: Option<&str>| {
        let new = NewSession { name: name.map(str::to_owned), ..NewSession::default() };
        let id = store.create(&new).unwrap();
        store.summary(&id).unwrap().updated_ms
    };
    let made = make(None);
    make(Some("kept"));
    let delete = |now_ms: u64| workspace.delete_old_sessions(&store, now_ms).unwrap();
    assert_eq!(delete(made + 3 * DAY_MS), 0, "nothing is older than three days");
    assert_eq!(delete(made + 4 * DAY_MS - 1), 0, "it was looked within a day before");
    assert_eq!(delete(made + 4 * DAY_MS), 1);
    assert_eq!(store.list(&SessionFilter::default()).unwrap()[0].label(), "kept");
    // A clock that was set back does not keep old ones for ever.
    make(None);
    assert_eq!(delete(made - 9 * DAY_MS), 0);
    assert_eq!(delete(made + 9 * DAY_MS), 1);
}
