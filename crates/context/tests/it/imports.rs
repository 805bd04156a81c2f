//! Where imports lead, language by language.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use mlxcode_base::RelPath;
use mlxcode_context::{FileSet, ImportResolver, ParseLimits, ParsedFile, Target, language_of};

/// Files in memory.
struct Files(BTreeMap<RelPath, String>);

impl FileSet for Files {
    fn paths(&self) -> Vec<RelPath> {
        self.0.keys().cloned().collect()
    }

    fn text(&self, path: &RelPath) -> Option<Cow<'_, str>> {
        self.0.get(path).map(|text| Cow::Borrowed(text.as_str()))
    }
}

/// What each import of `from` leads to: files, `-> package`, or `?`.
fn check(files: &[(&str, &str)], from: &str, text: &str, expect: &[&str]) {
    let mut all: BTreeMap<RelPath, String> = files
        .iter()
        .map(|(path, text)| (RelPath::new(path).unwrap(), (*text).to_owned()))
        .collect();
    let from = RelPath::new(from).unwrap();
    all.insert(from.clone(), text.to_owned());
    let files = Files(all);
    let resolver = ImportResolver::new(&files);
    let language = language_of(Path::new(from.as_str()), text).unwrap();
    let file = ParsedFile::parse(text, language, &ParseLimits::default()).unwrap();
    let found: Vec<String> = file
        .imports()
        .iter()
        .map(|import| match resolver.resolve(&from, language, import) {
            Target::Files(paths) => {
                let paths: Vec<&str> = paths.iter().map(RelPath::as_str).collect();
                paths.join(" ")
            }
            Target::External(name) => format!("-> {name}"),
            _ => "?".to_owned(),
        })
        .collect();
    assert_eq!(found, expect, "{from}: {text}");
}

#[test]
fn python() {
    let files = [
        ("pyproject.toml", ""),
        ("src/app/__init__.py", ""),
        ("src/app/port.py", ""),
        ("src/app/net/__init__.py", ""),
        ("src/app/net/bind.py", ""),
        ("src/space/inner/deep.py", ""),
        ("src/app/types.pyi", ""),
        ("tests/helper.py", ""),
    ];
    check(
        &files,
        "src/app/net/serve.py",
        "from . import bind, other\nfrom .bind import x\nfrom ..port import y\nfrom ...far import z\n",
        &[
            "src/app/net/bind.py src/app/net/__init__.py",
            "src/app/net/bind.py",
            "src/app/port.py",
            "?",
        ],
    );
    check(
        &files,
        "src/app/main.py",
        "import os.path\nimport app.net.bind\nfrom app import port\nfrom app.types import T\nimport app.port.name\n",
        &[
            "-> os",
            "src/app/net/bind.py",
            "src/app/port.py",
            "src/app/types.pyi",
            "src/app/port.py",
        ],
    );
    check(
        &files,
        "tests/test_port.py",
        "import helper\nfrom app.net import *\nfrom space.inner import deep\nimport space\n",
        &["tests/helper.py", "src/app/net/__init__.py", "src/space/inner/deep.py", "-> space"],
    );
}

#[test]
fn node() {
    let files = [
        (
            "tsconfig.base.json",
            "{ // shared\n \"compilerOptions\": { \"baseUrl\": \".\", \"paths\": { \"@app/*\": [\"web/src/*\"], \"@all\": [\"web/src/all.ts\"], }, }, }",
        ),
        ("web/tsconfig.json", "{\"extends\": \"../tsconfig.base\"}"),
        (
            "web/package.json",
            "{\"name\": \"web\", \"imports\": {\"#inner/*\": \"./src/inner/*.ts\"}}",
        ),
        ("web/src/port.ts", ""),
        ("web/src/all.ts", ""),
        ("web/src/panel/index.tsx", ""),
        ("web/src/inner/deep.ts", ""),
        ("web/src/style.css", ""),
        (
            "packages/core/package.json",
            "{\"name\": \"@my/core\", \"exports\": {\".\": {\"types\": \"./dist/index.d.ts\", \"import\": \"./src/index.ts\"}, \"./net/*\": \"./src/net/*.ts\"}}",
        ),
        ("packages/core/src/index.ts", ""),
        ("packages/core/src/net/bind.ts", ""),
        ("packages/old/package.json", "{\"name\": \"old\", \"main\": \"lib/main.js\"}"),
        ("packages/old/lib/main.js", ""),
    ];
    check(
        &files,
        "web/src/main.ts",
        "import './port'\nimport './port.js'\nimport './panel'\nimport './style.css'\nimport './none'\nimport '@app/port'\nimport '@all'\nimport '#inner/deep'\n",
        &[
            "web/src/port.ts",
            "web/src/port.ts",
            "web/src/panel/index.tsx",
            "web/src/style.css",
            "?",
            "web/src/port.ts",
            "web/src/all.ts",
            "web/src/inner/deep.ts",
        ],
    );
    check(
        &files,
        "web/src/other.js",
        "import '@my/core'\nimport '@my/core/net/bind'\nconst old = require('old')\nimport fs from 'node:fs'\nimport x from 'react/jsx'\n",
        &[
            "packages/core/src/index.ts",
            "packages/core/src/net/bind.ts",
            "packages/old/lib/main.js",
            "-> fs",
            "-> react",
        ],
    );
}

/// A project in parts, as the makers of new projects write them, and tests that
/// the closest project is not about.
#[test]
fn node_projects() {
    let files = [
        ("package.json", "{\"name\": \"all\"}"),
        ("tsconfig.json", "{\"compilerOptions\": {\"paths\": {\"~help\": [\"./test/help.ts\"]}}}"),
        ("test/help.ts", ""),
        (
            "web/tsconfig.json",
            "{\"files\": [], \"references\": [{\"path\": \"./tsconfig.app.json\"}, {\"path\": \"tools\"}]}",
        ),
        (
            "web/tsconfig.app.json",
            "{\"extends\": \"@my/base/web.json\", \"include\": [\"src\"], \"exclude\": [\"src/**/*.tool.ts\"]}",
        ),
        (
            "web/tools/tsconfig.json",
            "{\"compilerOptions\": {\"paths\": {\"@/*\": [\"./*\"]}}, \"include\": [\"**/*\", \"../src/**/*.tool.ts\"]}",
        ),
        ("base/package.json", "{\"name\": \"@my/base\"}"),
        (
            "base/web.json",
            "{\"compilerOptions\": {\"paths\": {\"@/*\": [\"${configDir}/src/*\"], \"#/*\": [\"${configDir}/src/*\"]}}}",
        ),
        ("web/src/port.ts", ""),
        ("web/src/types.d.ts", ""),
        ("web/tools/port.ts", ""),
    ];
    let text = "import '@/port'\nimport '~help'\nimport '#/port'\n";
    let app = ["web/src/port.ts", "test/help.ts", "web/src/port.ts"];
    let tool = ["web/tools/port.ts", "test/help.ts", "web/src/port.ts"];
    check(&files, "web/src/main.ts", text, &app);
    check(&files, "web/src/a.tool.ts", text, &tool);
    check(&files, "web/tools/main.ts", text, &tool);
    check(&files, "web/src/more.d.ts", "import './types.js'\n", &["web/src/types.d.ts"]);
}

/// Of the conditions that hold the first that is written decides, but sources
/// come before what is built, and what is not there is passed over.
#[test]
fn node_conditions() {
    let manifest = "{\"name\": \"one\", \"exports\": {\"types\": \"./built.d.ts\", \
        \"module\": \"./module.js\", \"import\": \"./import.mjs\"}}";
    let sources = "{\"name\": \"two\", \"exports\": {\".\": {\"import\": \"./import.mjs\", \
        \"source\": \"./source.ts\"}}}";
    let files = [
        ("one/package.json", manifest),
        ("one/module.js", ""),
        ("one/import.mjs", ""),
        ("two/package.json", sources),
        ("two/import.mjs", ""),
        ("two/source.ts", ""),
    ];
    let expect = ["one/module.js", "two/source.ts"];
    check(&files, "main.js", "import 'one'\nimport 'two'\n", &expect);
}

#[test]
fn rust() {
    let files = [
        ("crates/app/Cargo.toml", "[package]\nname = \"my-app\"\n"),
        ("crates/app/src/lib.rs", ""),
        ("crates/app/src/net/mod.rs", ""),
        ("crates/app/src/net/bind.rs", ""),
        ("crates/app/src/port.rs", ""),
        ("crates/app/src/port/inner.rs", ""),
        ("crates/app/src/odd_place.rs", ""),
        ("crates/base/Cargo.toml", "[lib]\nname = \"ground\"\n[package]\nname = \"base\"\n"),
        ("crates/base/src/lib.rs", ""),
        ("crates/base/src/text.rs", ""),
        ("crates/app/tests/it/main.rs", ""),
        ("crates/app/tests/it/helper.rs", ""),
    ];
    check(
        &files,
        "crates/app/src/lib.rs",
        "mod net;\nmod port;\n#[path = \"odd_place.rs\"]\nmod odd;\nmod none;\nuse net::bind;\nuse std::fmt;\n",
        &[
            "crates/app/src/net/mod.rs",
            "crates/app/src/port.rs",
            "crates/app/src/odd_place.rs",
            "?",
            "crates/app/src/net/bind.rs",
            "-> std",
        ],
    );
    check(
        &files,
        "crates/app/src/net/bind.rs",
        "use super::{serve, bind};\nuse crate::port::{inner, Port};\nuse crate::port::inner::Deep;\nuse ground::text::Text;\nuse super::super::port;\n",
        &[
            "crates/app/src/net/mod.rs crates/app/src/net/bind.rs",
            "crates/app/src/port/inner.rs crates/app/src/port.rs",
            "crates/app/src/port/inner.rs",
            "crates/base/src/text.rs",
            "crates/app/src/port.rs",
        ],
    );
    check(
        &files,
        "crates/app/src/port/inner.rs",
        "use super::Port;\nuse crate::Thing;\n",
        &["crates/app/src/port.rs", "crates/app/src/lib.rs"],
    );
    check(
        &files,
        "crates/app/tests/it/case.rs",
        "use crate::helper::x;\nuse my_app::port::Port;\n",
        &["crates/app/tests/it/helper.rs", "crates/app/src/port.rs"],
    );
}

#[test]
fn go() {
    let files = [
        ("go.mod", "module example.com/app // the app\n\ngo 1.22\n"),
        ("net/bind.go", ""),
        ("net/bind_test.go", ""),
        ("net/free.go", ""),
        ("tool/go.mod", "module example.com/app/tool\n"),
        ("tool/run/run.go", ""),
    ];
    check(
        &files,
        "main.go",
        "package main\nimport (\n\"fmt\"\n\"example.com/app/net\"\n\"example.com/app/tool/run\"\n\"example.com/apple\"\n)\n",
        &["-> fmt", "net/bind.go net/free.go", "tool/run/run.go", "-> example.com/apple"],
    );
}

#[test]
fn java_and_kotlin() {
    let files = [
        ("core/src/main/java/com/app/Port.java", ""),
        ("core/src/main/java/com/app/net/Bind.java", ""),
        ("core/src/main/java/com/app/net/Free.java", ""),
        ("web/src/main/kotlin/com/web/helpers.kt", ""),
    ];
    check(
        &files,
        "core/src/main/java/com/app/Main.java",
        "import java.util.List;\nimport com.app.Port;\nimport com.app.Port.Inner;\nimport static com.app.net.Bind.LIMIT;\nimport com.app.net.*;\n",
        &[
            "-> java.util.List",
            "core/src/main/java/com/app/Port.java",
            "core/src/main/java/com/app/Port.java",
            "core/src/main/java/com/app/net/Bind.java",
            "core/src/main/java/com/app/net/Bind.java core/src/main/java/com/app/net/Free.java",
        ],
    );
    check(
        &files,
        "web/src/main/kotlin/com/web/Main.kt",
        "import com.web.help\nimport com.app.Port\n",
        &["web/src/main/kotlin/com/web/helpers.kt", "core/src/main/java/com/app/Port.java"],
    );
}

#[test]
fn c_and_cpp() {
    let files = [("src/port.h", ""), ("include/app/net.h", ""), ("other/net.h", "")];
    check(
        &files,
        "src/main.c",
        "#include \"port.h\"\n#include <app/net.h>\n#include <stdio.h>\n#include \"none.h\"\n",
        &["src/port.h", "include/app/net.h", "-> stdio.h", "?"],
    );
}

#[test]
fn ruby_and_php() {
    let files = [
        ("lib/app/port.rb", ""),
        ("bin/helper.rb", ""),
        (
            "composer.json",
            "{\"autoload\": {\"psr-4\": {\"App\\\\\": \"src/\", \"App\\\\Test\\\\\": [\"tests\"]}}}",
        ),
        ("src/Net/Port.php", ""),
        ("tests/PortTest.php", ""),
        ("src/helper.php", ""),
    ];
    check(
        &files,
        "bin/run.rb",
        "require 'app/port'\nrequire_relative 'helper'\nrequire 'json/add'\n",
        &["lib/app/port.rb", "bin/helper.rb", "-> json"],
    );
    check(
        &files,
        "src/Main.php",
        "<?php\nuse App\\Net\\Port;\nuse App\\Test\\PortTest;\nuse Other\\Thing;\nrequire 'helper.php';\n",
        &["src/Net/Port.php", "tests/PortTest.php", "-> Other\\Thing", "src/helper.php"],
    );
}

#[test]
fn pages_styles_and_scripts() {
    let files =
        [("web/style.css", ""), ("web/base.css", ""), ("web/app.js", ""), ("run/lib.sh", "")];
    check(
        &files,
        "web/index.html",
        "<link href=\"style.css?v=1\"><script src=\"/web/app.js\"></script><script src=\"https://a.b/c.js\"></script>",
        &["web/style.css", "web/app.js", "-> https://a.b/c.js"],
    );
    check(&files, "web/style.css", "@import 'base.css';\n", &["web/base.css"]);
    check(&files, "run/main.sh", "source ./lib.sh\n. $ROOT/x.sh\n", &["run/lib.sh", "?"]);
}
