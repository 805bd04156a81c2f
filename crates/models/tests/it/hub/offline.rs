//! Without the network, and with a hub that is away.

use mlxcode_base::Diagnostic;
use mlxcode_models::hub::NetworkPolicy;

use super::{Place, kinds};

#[test]
fn offline_nobody_is_asked() {
    let mut place = Place::new();
    let (_, files, _) = kinds()[2].clone();
    let commit = place.fake.publish("org/name", "main", files);
    place.options.network = NetworkPolicy::Offline;
    // A name that does not exist would take a moment and another error.
    place.options.endpoint = "https://hub.invalid".to_owned();
    let error = place.pull("hf:org/name").unwrap_err();
    assert_eq!(error.code(), "models.offline");

    place.options.network = NetworkPolicy::Allowed;
    place.options.endpoint = place.fake.endpoint();
    let path = place.pull("hf:org/name").unwrap().path;
    place.options.network = NetworkPolicy::Offline;
    place.fake.forget();
    // A branch is where it was seen last.
    assert_eq!(place.pull("hf:org/name").unwrap().path, path);
    assert_eq!(place.pull(&format!("hf:org/name@{commit}")).unwrap().path, path);
    let error = place.pull("hf:org/name@v2").unwrap_err();
    assert_eq!(error.code(), "models.offline");
    assert!(place.fake.requests().is_empty());
}

#[test]
fn offline_half_a_model_is_none() {
    let mut place = Place::new();
    let (_, files, path) = kinds()[2].clone();
    place.fake.publish("org/name", "main", files);
    let pulled = place.pull("hf:org/name").unwrap();
    std::fs::remove_file(pulled.path.join(path)).unwrap();
    place.options.network = NetworkPolicy::Offline;
    assert_eq!(place.pull("hf:org/name").unwrap_err().code(), "models.offline");
}

#[test]
fn a_hub_that_is_away_leaves_what_is_here() {
    let mut place = Place::new();
    let (_, files, path) = kinds()[1].clone();
    let commit = place.fake.publish("org/name", "main", files);
    place.pull("hf:org/name").unwrap();
    // Nobody listens there.
    place.options.endpoint = "http://127.0.0.1:1".to_owned();
    place.options.retry.attempts_without_progress = 2;
    let error = place.pull("hf:org/name").unwrap_err();
    assert_eq!(error.code(), "models.hub_unreachable");
    let cached = format!("hf:org/name@{commit}");
    assert!(error.help().unwrap().contains(&cached), "{:?}", error.help());
    place.pull(&cached).unwrap();
    let error = place.pull(&format!("hf:org/name/{path}")).unwrap_err();
    assert!(error.help().unwrap().contains(&format!("{cached}/{path}")), "{:?}", error.help());
    assert!(place.pull("hf:org/other").unwrap_err().help().unwrap().contains("HF_ENDPOINT"));
}

#[test]
fn a_branch_that_moved_is_followed_and_the_old_state_stays() {
    let place = Place::new();
    let mut files = kinds()[1].1.clone();
    let old = place.fake.publish("org/name", "main", files.clone());
    let before = place.pull("hf:org/name").unwrap().path;
    files.push(crate::fake_hub::FakeFile::small("README.md", "new"));
    let new = place.fake.publish("org/name", "main", files);
    place.fake.forget();
    let after = place.pull("hf:org/name").unwrap();
    assert_ne!((before.clone(), old), (after.path, new));
    // The same bytes under a new commit are not fetched again.
    assert_eq!((after.fetched_bytes, place.fake.sent("large.gguf")), (0, 0));
    assert!(before.exists());
}
