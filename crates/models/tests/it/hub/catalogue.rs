//! Catalogues that lie at addresses.

use std::time::{Duration, SystemTime};

use mlxcode_base::Diagnostic;
use mlxcode_models::hub::NetworkPolicy;
use mlxcode_models::{Catalogue, RemoteCatalogue, RemoteCatalogues, Result};

use super::Place;
use crate::fake_hub::{FakeFile, Fault};

const HOUR: Duration = Duration::from_hours(1);

/// A catalogue with one model.
fn list(name: &str) -> String {
    format!(
        "[[model]]\nname = \"{name}\"\nfamily = \"qwen2\"\nlicence = \"MIT\"\ncontext = 4096\n\
         good_at = \"tests\"\nedit_format = \"whole_file\"\ntools = false\ntags = [\"code\"]\n\
         [[model.size]]\ntag = \"1b\"\nparameters = 1_000_000\nlayers = 2\nkv_heads = 1\n\
         head_dim = 8\nfiles = [{{ format = \"Q8_0\", size_gb = 0.01, source = \"hf:org/{name}/a.gguf\" }}]\n"
    )
}

struct Ground {
    place: Place,
    url: String,
    now: SystemTime,
}

impl Ground {
    fn new() -> Self {
        let place = Place::new();
        let url = format!("{}/org/lists/resolve/main/list.toml?t=secret", place.fake.endpoint());
        let ground = Self { place, url, now: SystemTime::UNIX_EPOCH + 1_000_000 * HOUR };
        ground.publish(list("one"));
        ground
    }

    fn publish(&self, text: impl Into<Vec<u8>>) {
        let file = FakeFile::small("list.toml", text.into());
        self.place.fake.publish("org/lists", "main", vec![file]);
        self.place.fake.forget();
    }

    fn remote(&self) -> RemoteCatalogues {
        let options = self.place.options.clone();
        RemoteCatalogues::new(options, &self.place.path("catalogues"), self.now).unwrap()
    }

    fn fetch(&self) -> Result<RemoteCatalogue> {
        self.remote().fetch(&self.url)
    }

    /// Requests since something was published.
    fn asked(&self) -> usize {
        self.place.fake.requests().len()
    }
}

#[test]
fn a_list_is_fetched_and_asked_after_when_it_is_old() {
    let mut ground = Ground::new();
    assert_eq!(ground.remote().kept(&ground.url), None);
    let found = ground.fetch().unwrap();
    assert_eq!((&found.text, found.outdated), (&list("one"), None));
    assert!(!found.address.contains("secret"), "{}", found.address);
    let mut catalogue = Catalogue::default();
    catalogue.add(found.address.as_ref(), &found.text).unwrap();
    assert_eq!(catalogue.find("one").unwrap().file.source, "hf:org/one/a.gguf");

    // What it sent is counted when it is sent, which may be after it came.
    ground.place.fake.settle();
    ground.place.fake.forget();
    ground.now += HOUR / 2;
    assert_eq!(ground.fetch().unwrap().text, list("one"));
    assert_eq!(ground.asked(), 0, "it is new enough");
    ground.now += HOUR;
    assert_eq!(ground.fetch().unwrap().text, list("one"));
    assert_eq!((ground.asked(), ground.place.fake.sent("list.toml")), (1, 0), "it is unchanged");
    ground.fetch().unwrap();
    assert_eq!(ground.asked(), 1, "and new enough again");

    ground.publish(list("two"));
    ground.now += 2 * HOUR;
    assert_eq!(ground.fetch().unwrap().text, list("two"));
    assert_eq!(ground.remote().kept(&ground.url).unwrap().text, list("two"));
}

#[test]
fn what_cannot_be_fetched_leaves_the_copy() {
    let mut ground = Ground::new();
    ground.fetch().unwrap();
    let check = |ground: &mut Ground, words: &str| {
        ground.now += 2 * HOUR;
        let found = ground.fetch().unwrap();
        assert_eq!(found.text, list("one"), "{words}");
        let why = found.outdated.unwrap_or_default();
        assert!(why.contains(words) && !why.contains("secret"), "{why}");
    };
    let fake = &ground.place.fake;
    fake.fail("list.toml", Fault::Status(503, None), 1);
    check(&mut ground, "status 503");
    ground.place.fake.fail("list.toml", Fault::ErrorPage, 1);
    check(&mut ground, "list.toml:1: the document");
    ground.place.fake.fail("list.toml", Fault::Stall(100), 1);
    ground.publish(list("two"));
    check(&mut ground, "ended too early");
    ground.publish("#".repeat(5 << 20));
    check(&mut ground, "more than 4194304 bytes");
    ground.place.options.network = NetworkPolicy::Offline;
    check(&mut ground, "the network must not be used");
    assert_eq!(ground.asked(), 1, "offline, nobody is asked");
    ground.place.options.network = NetworkPolicy::Allowed;
    ground.place.fake.want_token("other");
    check(&mut ground, "status 401");

    ground.url = "http://127.0.0.1:1/list.toml?t=secret".to_owned();
    let error = ground.fetch().unwrap_err();
    assert_eq!(error.code(), "models.catalogue_not_fetched");
    assert!(error.to_string().starts_with("the catalogue http://127.0.0.1:1/list.toml was not"));
    for url in ["https://me:secret@a.b/c.toml", "https://", "https:///c.toml"] {
        ground.url = url.to_owned();
        let error = ground.fetch().unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
