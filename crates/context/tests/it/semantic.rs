//! Search by vectors.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mlxcode_base::{BoxDiagnostic, Embedder};
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

    let wrong = ground.index("index").with_embedder(model("wrong", 3));
    let failed = wrong.search("x", &SearchOptions::default().kind(SearchKind::Semantic));
    assert!(matches!(failed, Err(Error::BadVectors { .. })), "{failed:?}");
}
