//! A graph of an index says what a graph of the tree itself says.

use std::path::Path;
use std::sync::Arc;

use mlxcode_base::{CancelToken, Root};
use mlxcode_context::{
    CodeBase, CodeGraph, CodeIndex, FileSet as _, IndexedTree, NodeId, WalkOptions,
};

use crate::Tree;

struct Both {
    code: CodeBase,
    of_code: CodeGraph,
    tree: Arc<IndexedTree>,
    of_index: CodeGraph,
}

fn both(root: &Root) -> Both {
    let (options, cancel) = (WalkOptions::default(), CancelToken::new());
    let code = CodeBase::open(root, &options, &cancel).unwrap();
    let of_code = CodeGraph::new(code.facts().unwrap());
    let place = tempfile::tempdir().unwrap();
    let index = CodeIndex::open(&place.path().join("index"), root, options).unwrap();
    index.update(&cancel, &()).unwrap();
    let tree = index.tree().unwrap();
    let of_index = CodeGraph::of_index(&tree);
    Both { code, of_code, tree, of_index }
}

impl Both {
    /// Another graph of the same index, in which nothing was asked yet.
    fn fresh(&self) -> CodeGraph {
        CodeGraph::of_index(&self.tree)
    }

    /// Compares what is said of all nodes and, of each `step`th name, where it
    /// is defined.
    fn check(&self, step: usize) {
        let (one, other) = (&self.of_code, &self.of_index);
        let files: Vec<NodeId> = one.files().collect();
        assert_eq!(files, other.files().collect::<Vec<_>>());
        assert_eq!(one.node_count(), other.node_count());
        for file in &files {
            assert_eq!(one.node(*file), other.node(*file));
            let path = one.node(*file).path;
            assert_eq!(self.code.text(&path), self.tree.text(&path));
            // Definitions are asked for one by one, before all is joined.
            for name in one.names_in(*file).iter().step_by(step) {
                let at = name.range.start;
                let expect = one.definition(&self.code, &path, at).unwrap();
                let found = other.definition(&*self.tree, &path, at).unwrap();
                assert_eq!(expect, found, "{path} at {at}: {}", name.name);
            }
        }
        let users = |graph: &CodeGraph, nodes: &[NodeId]| graph.references(&self.code, nodes);
        let edges: Vec<_> = one.symbol_edges().collect();
        let mut targets: Vec<NodeId> = edges.iter().map(|(_, to, _)| *to).collect();
        targets.extend(&files);
        targets.sort_unstable();
        targets.dedup();
        let last = [targets.first(), targets.last()].into_iter().flatten().copied();
        let some: Vec<NodeId> = targets.iter().step_by(step).copied().chain(last).collect();
        for node in some {
            assert_eq!(one.node(node), other.node(node));
            assert_eq!(users(one, &[node]), users(other, &[node]), "{:?}", one.node(node));
            assert_eq!(one.callees(node), other.callees(node));
        }
        let fresh = self.fresh();
        assert_eq!(edges, fresh.symbol_edges().collect::<Vec<_>>());
        assert_eq!(one.file_edges().collect::<Vec<_>>(), fresh.file_edges().collect::<Vec<_>>());
        assert_eq!(one.unreferenced(), fresh.unreferenced());
        assert_eq!(one.repo_map(&[], 2_000, &str::len), fresh.repo_map(&[], 2_000, &str::len));
    }
}

#[test]
fn small_trees_are_the_same() {
    let tree = Tree::new(&[
        ("app/__init__.py", b"from .port import Port as P\nfrom . import net\n"),
        (
            "app/port.py",
            b"from .base import Base\n\nLIMIT = 9\n\n\nclass Port(Base):\n    def __init__(self, number):\n        self.number = number\n\n    def open(self):\n        count = self.number\n        self.bind(count)\n        return LIMIT\n\n\ndef made(kind):\n    class Own(kind):\n        @kind\n        def run(self):\n            pass\n    return Own\n",
        ),
        ("app/base.py", b"class Base:\n    def bind(self, count):\n        pass\n"),
        ("app/net.py", b"def listen(port):\n    pass\n"),
        ("main.py", b"import app\nfrom app import P, net as n\n\n\ndef main(port: P):\n    n.listen(port)\n    app.net.listen()\n    port.open()\n"),
        ("web/package.json", b"{\"name\": \"web\"}"),
        ("web/port.ts", b"export class Port { open() { return this; } }\nexport default function make() { return new Port(); }\n"),
        ("web/index.ts", b"export * from './port';\nexport { Port as Q } from './port';\n"),
        ("web/main.ts", b"import build, { Port } from './port';\nimport { Q as R } from '.';\nbuild();\nnew R().open();\nnew Port();\n"),
        ("net/go.mod", b"module example.org/net\n"),
        ("net/port.go", b"package net\n\ntype Port struct{ n int }\n\nfunc (p *Port) Open() int { return p.n }\n"),
        ("net/main.go", b"package net\n\nfunc run(port *Port) { port.Open() }\n"),
        ("c/port.h", b"int open_port(int number);\n"),
        ("c/port.c", b"#include \"port.h\"\nint open_port(int number) { return number; }\n"),
        ("README.md", b"# Ports\n"),
    ]);
    both(&tree.root).check(1);
}

#[test]
fn the_sources_of_this_crate_are_the_same() {
    let root = Root::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    both(&root).check(37);
}

/// `GRAPH_TREE=FOLDER cargo test --release -p mlxcode-context --test it -- --ignored large_tree`
#[test]
#[ignore = "reads a tree that is named"]
fn a_large_tree_is_the_same() {
    let folder = std::env::var_os("GRAPH_TREE").unwrap();
    both(&Root::open(Path::new(&folder)).unwrap()).check(199);
}

#[test]
fn a_file_that_changed_since_has_no_references_until_the_next_update() {
    let tree = Tree::new(&[
        ("port.py", b"def bind():\n    pass\n"),
        ("main.py", b"from port import bind\n\nbind()\n"),
    ]);
    let both = both(&tree.root);
    std::fs::write(tree.root.path().join("main.py"), "bind = 1\n").unwrap();
    let graph = both.fresh();
    let bind = graph.find("port.py:bind");
    assert_eq!(graph.references(&*both.tree, &bind), []);
    assert_eq!(both.of_code.references(&both.code, &bind).len(), 2);
    assert!(!both.tree.is_damaged());
}
