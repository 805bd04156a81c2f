use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Writes `count` source files below `target`, fifty a folder.
///
/// Each is a copy of one of the sources below `seed` (`.rs`, `.py` and `.js`
/// files, by name) in which every `fn`, `def` and `function` is numbered, so
/// that sizes and words are those of real code and no two files are the same.
pub fn grow(target: &Path, seed: &Path, count: usize) -> io::Result<()> {
    let mut sources = Vec::new();
    collect(seed, &mut sources)?;
    sources.sort();
    if sources.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "no source files to copy"));
    }
    for number in 0..count {
        let source = &sources[number % sources.len()];
        let text = fs::read_to_string(source)?;
        let folder = target.join(format!("part_{:03}", number / 50));
        fs::create_dir_all(&folder)?;
        let name = source.file_name().unwrap_or_default().to_string_lossy();
        fs::write(folder.join(format!("n{number}_{name}")), numbered(&text, number))?;
    }
    Ok(())
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && name != "target" && name != "node_modules" {
                collect(&path, found)?;
            }
        } else if path.extension().is_some_and(|e| e == "rs" || e == "py" || e == "js") {
            found.push(path);
        }
    }
    Ok(())
}

fn numbered(text: &str, number: usize) -> String {
    let mut out = String::with_capacity(text.len() + 256);
    for line in text.split_inclusive('\n') {
        let keyword = ["fn ", "def ", "function "].into_iter().find_map(|word| {
            let start = line.find(word)? + word.len();
            let length = line[start..].find(|c: char| !c.is_alphanumeric() && c != '_')?;
            Some(start + length)
        });
        match keyword {
            Some(end) => {
                out.push_str(&line[..end]);
                out.push_str(&format!("_{number}"));
                out.push_str(&line[end..]);
            }
            None => out.push_str(line),
        }
    }
    out
}
