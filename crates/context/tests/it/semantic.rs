//! Search by vectors.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::{fmt, fs, thread};

use mlxcode_base::{BoxDiagnostic, CancelToken, Embedder};
use mlxcode_context::{CodeIndex, Error, Hit, HitReason, SearchKind, SearchOptions};

use crate::support::{Ground, update};

fn ground() -> Ground {
    let ground = Ground::new();
    for (name, text) in [
        ("net/a.py", "def open_socket(host):\n    socket.connect(host, timeout)\n"),
        ("net/b.py", "def retry(peer):\n    peer.timeout = 1\n    connect(peer, host)\n"),
        ("net/c.py", "def close(peer):\n    peer.socket.close(timeout)\n"),
        ("draw/a.py", "def circle(canvas):\n    canvas.fill(colour, radius)\n"),
        ("draw/b.py", "def palette(colour):\n    return colour.circle(canvas)\n"),
        ("draw/c.py", "def square(canvas):\n    canvas.line(radius, colour)\n"),
    ] {
        ground.write(name, text);
    }
    ground
}

fn search(index: &CodeIndex, query: &str) -> Vec<Hit> {
    index.search(query, &SearchOptions::default().kind(SearchKind::Semantic)).unwrap()
}

#[test]
fn passages_on_the_subject_are_found_without_its_words() {
    let ground = ground();
    let index = ground.index("index");
    update(&index);
    let hits = search(&index, "radius");
    assert!(hits.len() >= 3, "{hits:?}");
    assert!(hits[..3].iter().all(|hit| hit.path.as_str().starts_with("draw/")), "{hits:?}");
    // One of these three does not hold the word.
    assert!(hits[..3].iter().any(|hit| hit.words.is_empty()), "{hits:?}");
    assert!(hits.iter().all(|hit| hit.reasons[0] == HitReason::Meaning));
    assert!(search(&index, "unheard-of").is_empty());
}

#[test]
fn vectors_follow_the_files() {
    let ground = ground();
    let index = ground.index("index");
    update(&index);
    assert!(search(&index, "radius").iter().any(|hit| hit.path.as_str() == "draw/c.py"));
    ground.write("draw/c.py", "def square(peer):\n    peer.connect(host, timeout)\n");
    ground.remove("draw/b.py");
    update(&index);
    let hits = search(&index, "timeout of a peer");
    assert!(hits[..4].iter().any(|hit| hit.path.as_str() == "draw/c.py"), "{hits:?}");
    let hits = search(&index, "radius");
    assert!(hits.iter().all(|hit| hit.path.as_str() != "draw/b.py"), "{hits:?}");
}

/// Knows two subjects by their words.
#[derive(Debug)]
struct Subjects {
    id: &'static str,
    asked: AtomicUsize,
    dimensions: usize,
}

impl Embedder for Subjects {
    fn id(&self) -> &str {
        self.id
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, BoxDiagnostic> {
        self.asked.fetch_add(texts.len(), Ordering::Relaxed);
        let holds = |text: &str, word: &str| f32::from(u8::from(text.contains(word)));
        let one = |text: &&str| vec![holds(text, "peer"), holds(text, "canvas")];
        Ok(texts.iter().map(one).collect())
    }
}

#[test]
fn a_model_gives_the_vectors_where_there_is_one() {
    let ground = ground();
    let model = |id, dimensions| Arc::new(Subjects { id, asked: AtomicUsize::new(0), dimensions });
    let one = model("one", 2);
    let index = ground.index("index").with_embedder(one.clone());
    update(&index);
    let hits = search(&index, "the canvas");
    let paths: Vec<&str> = hits.iter().map(|hit| hit.path.as_str()).collect();
    assert_eq!(paths, ["draw/a.py", "draw/b.py", "draw/c.py"]);
    assert_eq!(one.asked.load(Ordering::Relaxed), 7);
    search(&index, "a peer");
    assert_eq!(one.asked.load(Ordering::Relaxed), 8, "vectors are kept");

    // Vectors of another model are not compared with.
    let other = model("other", 2);
    let index = ground.index("index").with_embedder(other.clone());
    search(&index, "the canvas");
    assert_eq!(other.asked.load(Ordering::Relaxed), 7);

    // They are kept beside one another, the newest few.
    let again = |model: &Arc<Subjects>| {
        let before = model.asked.load(Ordering::Relaxed);
        search(&ground.index("index").with_embedder(model.clone()), "the canvas");
        model.asked.load(Ordering::Relaxed) - before
    };
    assert_eq!((again(&one), again(&other)), (1, 1));
    let (third, fourth) = (model("third", 2), model("fourth", 2));
    assert_eq!((again(&third), again(&fourth)), (7, 7));
    assert_eq!((again(&other), again(&third), again(&one)), (1, 1, 7));
    search(&ground.index("index"), "the canvas");

    let wrong = ground.index("index").with_embedder(model("wrong", 3));
    let failed = wrong.search("x", &SearchOptions::default().kind(SearchKind::Semantic));
    assert!(matches!(failed, Err(Error::BadVectors { .. })), "{failed:?}");
}

/// Fails, or stops everything, after some texts.
#[derive(Debug)]
struct Ending {
    left: AtomicUsize,
    cancel: CancelToken,
}

impl Embedder for Ending {
    fn id(&self) -> &'static str {
        "ending"
    }

    fn dimensions(&self) -> usize {
        1
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, BoxDiagnostic> {
        if self.left.fetch_sub(texts.len(), Ordering::Relaxed) <= texts.len() {
            self.cancel.cancel();
        }
        Ok(vec![vec![1.0]; texts.len()])
    }
}

#[test]
fn vectors_that_were_made_outlast_a_stop() {
    let ground = Ground::new();
    for number in 0..1100 {
        ground.write(&format!("{number:04}.py"), &format!("def f_{number}():\n    pass\n"));
    }
    let ending = |left| {
        let (left, cancel) = (AtomicUsize::new(left), CancelToken::new());
        Arc::new(Ending { left, cancel })
    };
    let first = ending(900);
    let index = ground.index("index").with_embedder(first.clone());
    update(&index);
    let stopped = index.update_vectors(&first.cancel, &());
    assert!(matches!(stopped, Err(Error::Cancelled)), "{stopped:?}");
    let second = ending(10_000);
    let index = ground.index("index").with_embedder(second.clone());
    index.update_vectors(&second.cancel, &()).unwrap();
    // The first 512 are there.
    assert_eq!(10_000 - second.left.load(Ordering::Relaxed), 1100 - 512);
}

/// The file with the packed vectors, beside the index.
fn packed(ground: &Ground) -> std::path::PathBuf {
    let folder = ground.index("index").path().parent().unwrap().to_owned();
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files = files.filter(|path| path.to_string_lossy().contains("-vectors-"));
    let found = files.next().unwrap();
    assert_eq!(files.next(), None, "nothing unfinished is left");
    found
}

#[test]
fn packed_vectors_give_what_the_tables_give() {
    let ground = ground();
    let index = ground.index("index");
    update(&index);
    let expect = search(&index, "radius");
    assert!(!expect.is_empty());
    let file = packed(&ground);
    let sound = fs::read(&file).unwrap();
    assert_eq!(search(&index, "radius"), expect);

    // Whatever becomes of the copy, the answer is the same, and it is made again.
    let check = |bytes: &[u8]| {
        fs::write(&file, bytes).unwrap();
        assert_eq!(search(&ground.index("index"), "radius"), expect, "{} bytes", bytes.len());
        assert_eq!(fs::read(&file).unwrap(), sound);
    };
    check(&[]);
    check(b"no vectors");
    check(&sound[..sound.len() - 1]);
    check(&[&sound[..60], &[!sound[60]], &sound[61..]].concat());
    // A copy of another index.
    let other = ground.index("other/index");
    update(&other);
    search(&other, "radius");
    let folder = other.path().parent().unwrap();
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let foreign = { entries }.find(|path| path.to_string_lossy().contains("-vectors-")).unwrap();
    check(&fs::read(foreign).unwrap());
    fs::remove_file(&file).unwrap();
    assert_eq!(search(&index, "radius"), expect);
    assert_eq!(fs::read(&file).unwrap(), sound);

    // It is what answers: the tables are not looked at while it is whole.
    let tables = rusqlite::Connection::open(index.path()).unwrap();
    tables.execute("DELETE FROM vector", []).unwrap();
    assert_eq!(search(&index, "radius"), expect);
    assert_eq!(search(&ground.index("index"), "radius"), expect);

    // Not once the tree is another.
    ground.write("draw/d.py", "def arc(canvas):\n    canvas.arc(radius)\n");
    update(&index);
    let hits = search(&index, "radius");
    assert!(hits.iter().any(|hit| hit.path.as_str() == "draw/d.py"), "{hits:?}");
    assert_eq!(search(&index, "radius"), hits);
}

#[test]
fn an_index_made_anew_takes_no_packed_vectors_of_the_old_one() {
    let ground = ground();
    let index = ground.index("index");
    update(&index);
    let expect = search(&index, "radius");
    let (file, path) = (packed(&ground), index.path().to_owned());
    let old = fs::read(&file).unwrap();
    drop(index);
    fs::write(&path, "no database").unwrap();
    let index = ground.index("index");
    assert!(!file.exists());
    ground.remove("draw/c.py");
    update(&index);
    // As one writes that began before.
    fs::write(&file, &old).unwrap();
    let hits = search(&index, "radius");
    assert!(hits.len() < expect.len(), "{hits:?}");
    assert_eq!(search(&index, "radius"), hits);
}

/// Knows two subjects; when it is first asked for vectors, something happens.
struct Meanwhile {
    subjects: Subjects,
    once: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl fmt::Debug for Meanwhile {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.subjects.fmt(to)
    }
}

impl Embedder for Meanwhile {
    fn id(&self) -> &str {
        self.subjects.id()
    }

    fn dimensions(&self) -> usize {
        self.subjects.dimensions()
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, BoxDiagnostic> {
        let once = self.once.lock().unwrap().take();
        if let Some(once) = once {
            once();
        }
        self.subjects.embed(texts)
    }
}

#[test]
fn what_changes_while_vectors_are_made_is_found_by_the_next_search() {
    let ground = Arc::new(ground());
    update(&ground.index("index"));
    let meanwhile = {
        let ground = ground.clone();
        Box::new(move || {
            ground.write("net/d.py", "def listen(peer):\n    peer.listen(host)\n");
            update(&ground.index("index"));
        })
    };
    let subjects = Subjects { id: "one", asked: AtomicUsize::new(0), dimensions: 2 };
    let model = Arc::new(Meanwhile { subjects, once: Mutex::new(Some(meanwhile)) });
    let index = ground.index("index").with_embedder(model);
    assert!(!search(&index, "a peer").is_empty());
    let hits = search(&index, "a peer");
    assert!(hits.iter().any(|hit| hit.path.as_str() == "net/d.py"), "{hits:?}");
}

#[test]
fn several_search_while_the_tree_changes() {
    let ground = ground();
    let index = ground.index("index");
    update(&index);
    search(&index, "radius");
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let index = ground.index("index");
                for _ in 0..20 {
                    let hits = search(&index, "radius");
                    assert!(hits.iter().any(|hit| hit.path.as_str() == "draw/a.py"), "{hits:?}");
                }
            });
        }
        for number in 0..10 {
            ground.write("net/c.py", &format!("def close_{number}(peer):\n    peer.close()\n"));
            update(&index);
        }
    });
    let hits = search(&index, "peer close");
    assert!(hits.iter().any(|hit| hit.text.contains("close_9")), "{hits:?}");
    packed(&ground);
}
