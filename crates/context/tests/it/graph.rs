//! Small trees: where names are defined, who uses them, what depends on what.

use mlxcode_context::{Certainty, CodeGraph, CodePlace, Confidence, GraphFormat, NodeId};

use crate::Tree;

struct Graph {
    code: mlxcode_context::CodeBase,
    graph: CodeGraph,
}

fn graph(files: &[(&str, &str)]) -> Graph {
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
    let code = Tree::new(&files).open();
    let graph = CodeGraph::new(code.facts().unwrap());
    Graph { code, graph }
}

impl Graph {
    /// Where the name at a place is defined: `path:line`, with a `?` where
    /// that is only likely.
    fn definition(&self, place: &str) -> String {
        let found = self.graph.definitions_at(&self.code, &CodePlace::read(place)).unwrap();
        let shown = found.iter().map(|one| {
            let likely = if one.certainty == Certainty::Likely { "?" } else { "" };
            format!("{}:{}{likely}", one.path, one.lines.first)
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    fn names(&self, nodes: impl IntoIterator<Item = NodeId>) -> Vec<String> {
        nodes.into_iter().map(|node| self.graph.node(node).name()).collect()
    }

    fn node(&self, name: &str) -> NodeId {
        self.graph.find(name)[0]
    }
}

#[track_caller]
fn check(files: &[(&str, &str)], expect: &[(&str, &str)]) {
    let graph = graph(files);
    for (place, expect) in expect {
        assert_eq!(graph.definition(place), *expect, "{place}");
    }
}

const PYTHON: [(&str, &str); 5] = [
    ("app/__init__.py", "from .port import Port as Port\nfrom . import net\n"),
    (
        "app/port.py",
        "from .base import Base\n\nLIMIT = 9\n\n\nclass Port(Base):\n    rate = 1\n\n    def __init__(self, number):\n        self.number = number\n\n    def open(self):\n        count = self.number\n        self.bind(count)\n        return self.rate + LIMIT\n",
    ),
    ("app/base.py", "class Base:\n    def bind(self, count):\n        pass\n"),
    ("app/net.py", "def listen(port: \"Port | None\" = None):\n    pass\n"),
    (
        "main.py",
        "import app\nimport json\nfrom app import Port, net\n\n\ndef main(port: Port):\n    app.net.listen()\n    net.listen(port)\n    port.open()\n    json.dumps(port)\n    other.unknown()\n    other.open_all_ports()\n\n\ndef rate():\n    return len(Port.rate)\n",
    ),
];

#[test]
fn python_names_are_found_by_scopes_imports_and_classes() {
    check(
        &PYTHON,
        &[
            // A variable of the function, and a field that `self.number =` makes.
            ("app/port.py:14:19", "app/port.py:13"),
            ("app/port.py:13:22", "app/port.py:10"),
            // A method of the class that it inherits from, in another file.
            ("app/port.py:14:14", "app/base.py:2"),
            // A value of the class, and one of the module.
            ("app/port.py:15:21", "app/port.py:7"),
            ("app/port.py:15:28", "app/port.py:3"),
            // Through a package that hands it on.
            ("main.py:3:17", "app/port.py:6"),
            ("main.py:6:16", "app/port.py:6"),
            ("main.py:7:13", "app/net.py:1"),
            ("main.py:8:9", "app/net.py:1"),
            // By the type of a parameter.
            ("main.py:9:10", "app/port.py:12"),
            ("main.py:16:21", "app/port.py:7"),
            // Not of this tree, and not known.
            ("main.py:10:10", ""),
            ("main.py:11:11", ""),
            ("main.py:16:12", ""),
            // A definition is its own.
            ("app/base.py:2:9", "app/base.py:2"),
        ],
    );
}

#[test]
fn names_of_types_are_their_own() {
    check(
        &[
            ("src/port.ts", "export type T = number;\nexport type K = string;\n"),
            (
                "src/main.ts",
                "import { T, K } from './port';\nexport type Box<T> = { held: T };\nexport interface Of<K> extends Array<K> {\n  get(key: K): T;\n}\ntype Item<L> = L extends Array<infer K> ? K : T;\ntype All<M> = { [K in keyof M]: M[K] };\nclass Held<T> { value: T; open(): T { return this.value; } }\nfunction make(keys) {\n  const made = {};\n  made.open = () => 1;\n  return open(Object.open_all_ports);\n}\n",
            ),
            ("src/ports.ts", "export class Ports { open_all_ports() {} }\n"),
        ],
        &[
            // Parameters of types, before what is imported under their names.
            ("src/main.ts:2:30", "src/main.ts:2"),
            ("src/main.ts:3:38", "src/main.ts:3"),
            ("src/main.ts:4:12", "src/main.ts:3"),
            ("src/main.ts:4:16", "src/port.ts:1"),
            ("src/main.ts:6:43", "src/main.ts:6"),
            ("src/main.ts:6:47", "src/port.ts:1"),
            ("src/main.ts:7:35", "src/main.ts:7"),
            ("src/main.ts:8:24", "src/main.ts:8"),
            ("src/main.ts:8:35", "src/main.ts:8"),
            // A member that is made in a function is no name there, and what
            // stands behind a library's name is not this tree's.
            ("src/main.ts:12:10", ""),
            ("src/main.ts:12:22", ""),
        ],
    );
}

#[test]
fn types_are_told_by_what_is_written() {
    check(
        &[
            (
                "src/net.ts",
                "export interface $Box<T> {\n  open(): T;\n}\nexport class Port {\n  close() {}\n}\nexport type Named<T> = $Box<T>;\n",
            ),
            (
                "src/main.ts",
                "import * as net from './net';\nimport { Port } from './net';\nexport const $one: net.$Box<Port> = make();\n$one.open();\nfunction f<T extends net.Port>(a: T, b: net.Named<T> | null) {\n  a.close();\n  b.open();\n  const c = new Port();\n  c.close();\n  const d: net.Port | string = c;\n  d.close();\n  return () => { const c: net.$Box<Port> = $one; c.open(); };\n}\n",
            ),
            (
                "app/port.py",
                "class Port:\n    def close(self):\n        pass\n\n\nclass Pipe:\n    def close(self):\n        pass\n",
            ),
            (
                "app/main.py",
                "from . import port\n\n\ndef main(other):\n    one = port.Port()\n    one.close()\n    two: \"port.Pipe | None\" = other\n    two.close()\n    three = port.Port().close()\n    three.close()\n    one = port.Pipe()\n    one.close()\n",
            ),
            ("app/__init__.py", ""),
        ],
        &[
            ("src/main.ts:4:6", "src/net.ts:2"),
            ("src/main.ts:6:5", "src/net.ts:5"),
            ("src/main.ts:7:5", "src/net.ts:2"),
            ("src/main.ts:9:5", "src/net.ts:5"),
            // Of several types none is taken.
            ("src/main.ts:11:5", ""),
            // The innermost of the name.
            ("src/main.ts:12:52", "src/net.ts:2"),
            ("app/main.py:6:9", "app/port.py:2"),
            ("app/main.py:8:9", "app/port.py:7"),
            ("app/main.py:10:11", ""),
            // What it was given last.
            ("app/main.py:12:9", "app/port.py:7"),
        ],
    );
}

#[test]
fn what_takes_a_function_tells_its_parameters() {
    check(
        &[
            (
                "src/net.ts",
                "export interface Port {\n  open(): void;\n  onOpen: (event: Opened, n: number) => void;\n  on(name: string, f: Handler): void;\n}\nexport interface Opened {\n  at: number;\n}\nexport type Handler = (event: Opened) => void;\nexport interface $make<T> {\n  made: T;\n}\nexport function $make<T extends { x: 1 }, D = T[\"x\"]>(\n  name: string,\n  f: (one: T, two: D) => void\n): $make<T> {\n  return f as any;\n}\n",
            ),
            (
                "src/main.ts",
                "import * as net from './net';\nexport const $A: net.$make<net.Port> = net.$make(\"$A\", (one, two) => {\n  one.open();\n  one.onOpen = (event) => event.at;\n  one.on(\"open\", async (event) => {\n    event.at;\n  });\n  two.open();\n});\nconst b = net.$make<net.Port>(\"$B\", (one) => one.open());\nconst c = net.$make(\"$C\", (one) => one.open());\nfunction f(port: net.Port, own: any) {\n  port.onOpen = own((event) => event.at);\n  const on = own;\n  on((event) => event.at);\n}\n",
            ),
            ("src/other.ts", "export class Other { open() {} }\n"),
        ],
        &[
            ("src/main.ts:3:7", "src/net.ts:2"),
            ("src/main.ts:4:33", "src/net.ts:7"),
            ("src/main.ts:6:11", "src/net.ts:7"),
            ("src/main.ts:8:7", ""),
            ("src/main.ts:10:50", "src/net.ts:2"),
            // Nothing says what is made.
            ("src/main.ts:11:40", ""),
            ("src/main.ts:13:38", ""),
            ("src/main.ts:15:23", ""),
        ],
    );
}

#[test]
fn modules_of_javascript_hand_names_on() {
    check(
        &[
            (
                "src/port.ts",
                "export class Port {\n  count = 0;\n  open(): number { return this.count; }\n}\nexport default function make(): Port { return new Port(); }\n",
            ),
            ("src/index.ts", "export * from './port';\nexport { make } from './make';\n"),
            (
                "src/make.ts",
                "import build, { Port as P } from './port';\nexport function make(port: P) { port.open(); return build(); }\n",
            ),
            (
                "src/main.ts",
                "import * as all from './index';\nimport { Port, make } from '.';\nall.make(new Port());\nconst text = String(1);\n",
            ),
        ],
        &[
            ("src/port.ts:3:31", ""),
            ("src/port.ts:3:32", "src/port.ts:2"),
            ("src/make.ts:2:22", "src/make.ts:2"),
            ("src/make.ts:2:28", "src/port.ts:1"),
            ("src/make.ts:2:38", "src/port.ts:3"),
            ("src/make.ts:2:53", "src/port.ts:5"),
            ("src/main.ts:3:5", "src/make.ts:2"),
            ("src/main.ts:3:14", "src/port.ts:1"),
            ("src/main.ts:4:14", ""),
        ],
    );
}

#[test]
fn names_of_exported_objects_and_of_javascript_itself_are_no_others() {
    check(
        &[
            ("src/hooks.ts", "export const useState = () => 1;\n"),
            (
                "src/index.ts",
                "import { useState } from './hooks';\nexport { useState };\nexport default { useState };\n",
            ),
            ("src/list.ts", "export class List { forEach() {} forEachPort() {} }\n"),
            (
                "src/main.ts",
                "import { useState } from './index';\nuseState();\nfunction f(all) {\n  all.forEach();\n  all.forEachPort();\n}\n",
            ),
            ("lib/port.js", "exports.open_port = () => 1;\n"),
            ("lib/main.mjs", "import { open_port } from './port.js';\nopen_port();\n"),
        ],
        &[
            ("src/index.ts:2:10", "src/hooks.ts:1"),
            ("src/main.ts:2:1", "src/hooks.ts:1"),
            ("src/main.ts:4:7", ""),
            ("src/main.ts:5:7", "src/list.ts:1?"),
            ("lib/main.mjs:2:1", "lib/port.js:1"),
        ],
    );
}

#[test]
fn other_languages_have_their_own_scopes() {
    check(
        &[
            ("Cargo.toml", "[package]\nname = \"app\"\n"),
            (
                "src/lib.rs",
                "mod port;\nuse port::Port;\npub fn run(port: &Port) {\n    port.open();\n    let other = Port::new();\n}\n",
            ),
            (
                "src/port.rs",
                "pub struct Port {\n    count: u8,\n}\nimpl Port {\n    pub fn new() -> Self {\n        Self { count: 0 }\n    }\n    pub fn open(&self) -> u8 {\n        self.count\n    }\n}\n",
            ),
        ],
        &[
            ("src/lib.rs:2:11", "src/port.rs:1"),
            ("src/lib.rs:4:10", "src/port.rs:8"),
            ("src/lib.rs:5:23", "src/port.rs:5"),
            ("src/port.rs:9:14", "src/port.rs:2"),
        ],
    );
    check(
        &[
            ("go.mod", "module example.org/app\n"),
            (
                "main.go",
                "package main\n\nimport \"example.org/app/net\"\n\nfunc main() {\n\tnet.Listen(limit)\n}\n",
            ),
            ("limit.go", "package main\n\nconst limit = 9\n"),
            ("net/net.go", "package net\n\nfunc Listen(n int) {\n}\n"),
        ],
        &[("main.go:6:6", "net/net.go:3"), ("main.go:6:13", "limit.go:3")],
    );
    check(
        &[
            (
                "src/a/Port.java",
                "package a;\n\npublic class Port extends Base {\n    int open() {\n        return count() + rate;\n    }\n}\n",
            ),
            (
                "src/a/Base.java",
                "package a;\n\nclass Base {\n    int rate;\n    int count() {\n        return 1;\n    }\n}\n",
            ),
            (
                "src/b/Main.java",
                "package b;\n\nimport a.Port;\n\nclass Main {\n    void run(Port port) {\n        port.open();\n    }\n}\n",
            ),
        ],
        &[
            ("src/a/Port.java:5:16", "src/a/Base.java:5"),
            ("src/a/Port.java:5:26", "src/a/Base.java:4"),
            ("src/b/Main.java:6:14", "src/a/Port.java:3"),
            ("src/b/Main.java:7:14", "src/a/Port.java:4"),
        ],
    );
    check(
        &[
            ("port.h", "#define LIMIT 9\nint port_open(int number);\n"),
            (
                "main.c",
                "#include \"port.h\"\nint main(void) {\n    int count = LIMIT;\n    return port_open(count);\n}\n",
            ),
        ],
        &[("main.c:3:17", "port.h:1"), ("main.c:4:12", "port.h:2"), ("main.c:4:22", "main.c:3")],
    );
}

#[test]
fn types_that_inherit_in_a_ring_end() {
    check(
        &[
            (
                "a.py",
                "from b import P\n\n\nclass O(P.Q):\n    def f(self):\n        return self.none\n\n\nclass S(S.T):\n    def f(self):\n        return self.none\n",
            ),
            ("b.py", "from a import O\n\n\nclass P(O.R):\n    pass\n"),
        ],
        &[("a.py:6:21", ""), ("a.py:11:21", ""), ("a.py:4:9", "b.py:4")],
    );
}

#[test]
fn users_are_the_other_way_round() {
    let graph = graph(&PYTHON);
    let place = CodePlace::read("app/net.py:1:5");
    let nodes = graph.graph.nodes_of(&graph.code, &place).unwrap();
    let users = graph.graph.callers(&graph.code, &nodes);
    let users: Vec<(String, usize)> =
        users.into_iter().map(|one| (one.inside.unwrap_or_default(), one.line)).collect();
    assert_eq!(users, [("main".to_owned(), 7), ("main".to_owned(), 8)]);

    let main = graph.node("main.py:main");
    assert_eq!(
        graph.names(graph.graph.callees(main)),
        ["app/net.py:listen", "app/port.py:Port.open"]
    );
    let files = graph.graph.dependencies(graph.node("main.py"), Some(1));
    let files = graph.names(files.into_iter().map(|one| one.node));
    assert!(files.contains(&"app/__init__.py".to_owned()), "{files:?}");
    let impact = graph.graph.impact(graph.node("app/base.py:Base.bind"));
    let impact = graph.names(impact.into_iter().map(|one| one.node));
    assert_eq!(impact, ["app/port.py:Port.open", "main.py:main"]);
    let way = graph.graph.path(graph.node("main.py"), graph.node("app/base.py")).unwrap();
    assert_eq!(graph.names(way).last().unwrap(), "app/base.py");
    assert_eq!(graph.graph.path(graph.node("app/base.py"), graph.node("main.py")), None);
}

#[test]
fn members_that_share_a_declaration_are_used_together() {
    let graph = graph(&[
        (
            "src/net.ts",
            "export interface Port {\n  open(): void;\n}\nexport interface Tcp extends Port {\n  open(): void;\n}\nexport interface Udp extends Port {\n  open(): void;\n}\nexport interface Tls extends Tcp {\n  open(): void;\n}\nexport interface File {\n  open(): void;\n}\n",
        ),
        (
            "src/main.ts",
            "import { Port, Tcp, Udp, Tls, File } from './net';\nfunction f(port: Port, tcp: Tcp, udp: Udp, tls: Tls, file: File) {\n  port.open();\n  tcp.open();\n  udp.open();\n  tls.open();\n  file.open();\n}\n",
        ),
        (
            "app.py",
            "class Port:\n    def open(self):\n        pass\n\n\nclass Tcp(Port):\n    def open(self):\n        pass\n\n\ndef f(port: Port, tcp: Tcp):\n    port.open()\n    tcp.open()\n",
        ),
    ]);
    let users = |place: &str| -> Vec<usize> {
        let nodes = graph.graph.nodes_of(&graph.code, &CodePlace::read(place)).unwrap();
        let users = graph.graph.callers(&graph.code, &nodes);
        users.into_iter().map(|one| one.line).collect()
    };
    for declared in ["src/net.ts:2:3", "src/net.ts:5:3", "src/net.ts:8:3", "src/net.ts:11:3"] {
        assert_eq!(users(declared), [3, 4, 5, 6], "{declared}");
    }
    assert_eq!(users("src/net.ts:14:3"), [7]);
    // Only JavaScript and TypeScript count so.
    assert_eq!(users("app.py:2:9"), [12]);
}

#[test]
fn rings_of_files_are_found() {
    let graph = graph(&[
        ("a.py", "import b\n"),
        ("b.py", "import c\n"),
        ("c.py", "import a\n"),
        ("d.py", "import a\n"),
    ]);
    let rings = graph.graph.cycles();
    assert_eq!(rings.len(), 1);
    assert_eq!(graph.names(rings[0].clone()), ["a.py", "b.py", "c.py"]);
}

#[test]
fn what_nobody_uses_is_told_with_a_confidence() {
    let graph = graph(&[
        (
            "app.py",
            "def used():\n    pass\n\n\ndef open_api():\n    pass\n\n\ndef _left():\n    pass\n\n\n@route(\"/\")\ndef page():\n    used()\n\n\ndef main():\n    thing.maybe()\n\n\ndef maybe():\n    pass\n",
        ),
        ("tests/test_app.py", "def test_it():\n    pass\n"),
    ]);
    let found = graph.graph.unreferenced();
    let found: Vec<(String, Confidence)> =
        found.iter().map(|one| (graph.graph.node(one.node).name(), one.confidence)).collect();
    assert_eq!(
        found,
        [
            ("app.py:_left".to_owned(), Confidence::High),
            ("app.py:maybe".to_owned(), Confidence::Medium),
            ("app.py:open_api".to_owned(), Confidence::Low),
        ]
    );
}

#[test]
fn a_map_never_goes_beyond_its_budget() {
    let graph = graph(&PYTHON);
    let count = |text: &str| text.len();
    let whole = graph.graph.repo_map(&[], 10_000, &count);
    assert!(whole.text.contains("app/net.py:\n  def listen("), "{}", whole.text);
    assert!(whole.text.contains("    def open(self)"), "{}", whole.text);
    for most in [0, 20, 60, 100, 200] {
        let map = graph.graph.repo_map(&[], most, &count);
        assert!(map.tokens <= most && map.tokens == map.text.len(), "{most}: {map:?}");
    }
    let near = graph.graph.repo_map(&[graph.node("app/base.py")], 60, &count);
    assert!(near.text.contains("class Base") || near.text.contains("def bind"), "{}", near.text);
}

#[test]
fn graphs_are_written_for_others() {
    let graph = graph(&[("a.py", "import b\n"), ("b.py", "import a\n")]);
    let nodes: Vec<NodeId> = graph.graph.files().collect();
    let render = |format| graph.graph.render(&nodes, format);
    assert_eq!(
        render(GraphFormat::Dot),
        "digraph code {\n  rankdir=LR;\n  node [shape=box];\n  n0 [label=\"a.py\", color=red];\n  n1 [label=\"b.py\", color=red];\n  n0 -> n1;\n  n1 -> n0;\n}\n"
    );
    assert_eq!(
        render(GraphFormat::Mermaid),
        "flowchart LR\n  n0[\"a.py\"]\n  n1[\"b.py\"]\n  n0 --> n1\n  n1 --> n0\n  classDef cycle stroke:#c00,stroke-width:2px\n  class n0,n1 cycle\n"
    );
    let json: serde_json::Value = serde_json::from_str(&render(GraphFormat::Json)).unwrap();
    assert_eq!(json["nodes"][0]["name"], "a.py");
    assert_eq!(json["edges"].as_array().unwrap().len(), 2);
    let page = render(GraphFormat::Html);
    assert!(page.starts_with("<!doctype html>") && page.contains("\"name\":\"a.py\""));
}

#[test]
fn what_is_not_there_is_an_error() {
    let graph = graph(&PYTHON);
    let code = |place: &str| {
        let error = graph.graph.definitions_at(&graph.code, &CodePlace::read(place)).unwrap_err();
        mlxcode_base::Diagnostic::code(&error)
    };
    assert_eq!(code("nothing"), "context.name_not_found");
    assert_eq!(code("none.py:1"), "context.file_not_found");
    assert_eq!(code("main.py:900"), "context.no_such_line");
    assert_eq!(code("main.py:0"), "context.no_such_line");
    // A column behind the end of a line names nothing.
    assert_eq!(graph.definition("main.py:1:99"), "");
}
