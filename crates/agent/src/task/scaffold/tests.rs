use super::*;

fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn every_template_of_ours_renders() {
    let all = built_in_templates();
    assert_eq!(all.len(), built_in::count());
    for template in &all {
        let made = template.render("", &values(&[("name", "my-app")])).unwrap();
        assert!(made.files.iter().any(|path| path.as_str() == "README.md"), "{}", template.name);
        assert!(!made.next.is_empty(), "{}", template.name);
        for operation in &made.operations {
            let FileOperation::Create { path, content, .. } = operation else { panic!() };
            assert!(!path.as_str().contains(['{', '}']), "{path}");
            let text = String::from_utf8_lossy(content);
            // Pages of Flask are templates themselves.
            let own = path.as_path().extension().is_some_and(|ending| ending == "html");
            assert!(own || !text.contains("{{ name") && !text.contains("{{ package"), "{path}");
            let ends = text.is_empty() || text.ends_with('\n');
            assert!(ends && !text.ends_with("\n\n"), "{}: {path}", template.name);
        }
    }
}

#[test]
fn values_are_checked_and_misprints_told() {
    let all = built_in_templates();
    let template = ProjectTemplate::named("rust-lib", &all).unwrap();
    for bad in ["", "9lives", "a b", "a/b", "../x", "{{ name }}"] {
        let error = template.render("", &values(&[("name", bad)])).unwrap_err();
        assert!(matches!(error, TaskError::BadValue { .. }), "{bad}: {error:?}");
    }
    let error = template.render("", &values(&[("nmae", "x")])).unwrap_err();
    assert!(
        matches!(&error, TaskError::Unknown { choices, .. } if choices == &["name"]),
        "{error:?}"
    );
    let error = ProjectTemplate::named("rust-lb", &all).unwrap_err();
    assert!(
        matches!(&error, TaskError::Unknown { choices, .. } if choices == &["rust-lib"]),
        "{error:?}"
    );
}

#[test]
#[allow(clippy::disallowed_methods, reason = "tests make the files they need")]
fn a_folder_holds_templates_of_ones_own() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("mine");
    std::fs::create_dir_all(place.join("files/{{ name }}")).unwrap();
    let write = |path: &str, text: &str| std::fs::write(place.join(path), text).unwrap();
    write("files/{{ name }}/a.txt", "Hello, {{ who }}!\n");
    write("files/run.sh", "#!/bin/sh\n");
    write("files/page.html", "{{ untouched }}\n");
    write("files/docker", "x\n");
    write(
        "template.toml",
        "description = 'Mine.'\nraw = ['.html']\nnext = ['cd {{ name }}']\n[[variables]]\nname = 'name'\nkind = 'name'\n[[variables]]\nname = 'who'\ndefault = '{{ name | upper }}'\n[[variables]]\nname = 'docker'\nkind = 'bool'\ndefault = 'no'\n[[files]]\npath = 'run.sh'\nexecutable = true\n[[files]]\npath = 'docker'\nwhen = 'docker'\n",
    );
    let all = ProjectTemplate::all(&[folder.path(), &folder.path().join("none")]).unwrap();
    let template = ProjectTemplate::named("mine", &all).unwrap();
    let made = template.render("sub", &values(&[("name", "app")])).unwrap();
    let files: Vec<_> = made
        .operations
        .iter()
        .map(|operation| match operation {
            FileOperation::Create { path, content, executable } => {
                (path.as_str(), String::from_utf8_lossy(content), *executable)
            }
            _ => panic!(),
        })
        .collect();
    assert_eq!(
        files,
        [
            ("sub/page.html", "{{ untouched }}\n".into(), false),
            ("sub/run.sh", "#!/bin/sh\n".into(), true),
            ("sub/app/a.txt", "Hello, APP!\n".into(), false),
        ]
    );
    assert_eq!(made.next, ["cd app"]);
    assert_eq!(
        template.render("", &values(&[("name", "a"), ("docker", "yes")])).unwrap().files.len(),
        4
    );
    write("template.toml", "description = 'Mine.'\n[[files]]\npath = 'gone'\n");
    let error = ProjectTemplate::all(&[folder.path()]).unwrap_err();
    assert!(
        error.to_string().ends_with("template.toml:3: the template has no file `gone`"),
        "{error}"
    );
}
