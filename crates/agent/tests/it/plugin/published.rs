//! Plugins that others published.

use std::path::{Path, PathBuf};

use mlxcode_agent::plugin::{Plugin, Skill};

/// Folders below this one in which something lies, as deep as there are any.
fn folders(folder: &Path, holds: &dyn Fn(&Path) -> bool, found: &mut Vec<PathBuf>) {
    if holds(folder) {
        found.push(folder.to_owned());
    }
    let Ok(entries) = folder.read_dir() else { return };
    let mut below: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    below.sort();
    for path in below.iter().filter(|path| path.is_dir() && !path.is_symlink()) {
        folders(path, holds, found);
    }
}

#[test]
#[ignore = "needs plugins that others published, see CONTRIBUTING.md"]
fn published_plugins_are_read() {
    let root = std::env::var_os("PLUGINS_TREE").expect("PLUGINS_TREE names a folder with plugins");
    let root = PathBuf::from(root);
    let mut found = Vec::new();
    folders(&root, &|folder| folder.join(".claude-plugin/plugin.json").is_file(), &mut found);
    let (mut skills, mut commands, mut roles, mut hooks, mut servers) = (0, 0, 0, 0, 0);
    let mut problems = Vec::new();
    for folder in &found {
        let plugin = Plugin::read(folder).unwrap_or_else(|error| panic!("{error}"));
        skills += plugin.skills.len();
        commands += plugin.commands.len();
        roles += plugin.roles.len();
        hooks += plugin.hooks.len();
        servers += usize::from(plugin.servers.is_some());
        for command in &plugin.commands {
            assert!(!command.question("a b", &plugin.root).unwrap().trim().is_empty());
        }
        problems.extend(plugin.problems);
    }
    println!(
        "{} plugins: {skills} skills, {commands} commands, {roles} roles, {hooks} hooks, {servers} with servers",
        found.len()
    );
    let mut alone = Vec::new();
    folders(&root, &|folder| folder.join("SKILL.md").is_file(), &mut alone);
    let mut read = 0;
    for folder in &alone {
        match Skill::read(&folder.join("SKILL.md"), &mut problems) {
            Ok(skill) => {
                read += 1;
                assert!(!skill.instructions(None).unwrap().is_empty());
                println!("{}\u{1f}{}\u{1f}{}", skill.path.display(), skill.name, skill.description);
            }
            Err(error) => println!("not read: {error}"),
        }
    }
    println!("{read} of {} skills", alone.len());
    for problem in problems {
        let path = problem.path.strip_prefix(&root).unwrap_or(&problem.path);
        println!(
            "{}{}: {}",
            path.display(),
            problem.line.map(|line| format!(":{line}")).unwrap_or_default(),
            problem.text
        );
    }
    assert!(!found.is_empty());
}
