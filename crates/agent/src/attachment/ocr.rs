//! The text of a picture, read by the installed `tesseract`.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use mlxcode_base::CancelToken;

use super::error::AttachmentError;
use super::limits;
use crate::program::{ProgramCall, ProgramEnd, ProgramInput, ProgramRunner, ProgramStop};

/// The name of the program.
pub const TESSERACT: &str = "tesseract";

/// The text of a page has some thousand letters.
const TEXT_BYTES: usize = 1 << 20;

/// The languages of the texts in pictures, as `tesseract` names them: `eng`,
/// or `eng+deu`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OcrLanguages(String);

impl Default for OcrLanguages {
    fn default() -> Self {
        Self("eng".to_owned())
    }
}

impl FromStr for OcrLanguages {
    type Err = AttachmentError;

    fn from_str(text: &str) -> Result<Self, AttachmentError> {
        // A name is that of a file of data, in a folder for each script.
        let is_name = |name: &str| {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
            name.starts_with(char::is_alphanumeric)
                && name.split('/').all(|part| !part.is_empty() && part.chars().all(is_plain))
        };
        if text.split('+').all(is_name) {
            return Ok(Self(text.to_owned()));
        }
        Err(AttachmentError::BadLanguages { languages: text.to_owned() })
    }
}

impl fmt::Display for OcrLanguages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads the text of a picture.
pub fn text_of(
    runner: &dyn ProgramRunner,
    program: &Path,
    name: &str,
    picture: ProgramInput,
    languages: &OcrLanguages,
    cancel: &CancelToken,
) -> Result<String, AttachmentError> {
    let mut call = ProgramCall::new(program).args(["stdin", "stdout", "-l", &languages.0]);
    // More threads take longer, and the processor is the model's.
    call.environment.push(("OMP_THREAD_LIMIT".into(), "1".into()));
    call.input = picture;
    call.time = limits::SCAN_TIME;
    call.output_bytes = TEXT_BYTES;
    call.memory_bytes = Some(limits::READER_MEMORY);
    let end = run(runner, call, TESSERACT, name, cancel)?;
    if end.is_ok() {
        return Ok(String::from_utf8_lossy(&end.output).into_owned());
    }
    let said = String::from_utf8_lossy(&end.errors);
    if said.contains("loading language") || said.contains("load any languages") {
        return Err(AttachmentError::NoLanguageData { languages: languages.to_string() });
    }
    Err(failed(TESSERACT, name, &end))
}

/// Runs a program that reads an attachment; its time and output have limits,
/// and reaching them is an error.
pub fn run(
    runner: &dyn ProgramRunner,
    call: ProgramCall,
    program: &str,
    name: &str,
    cancel: &CancelToken,
) -> Result<ProgramEnd, AttachmentError> {
    let time = call.time;
    let end = runner
        .run(call, cancel)
        .map_err(|source| AttachmentError::Start { program: program.to_owned(), source })?;
    let (name, program) = (name.to_owned(), program.to_owned());
    match end.stopped {
        Some(ProgramStop::Cancelled) => Err(AttachmentError::Cancelled),
        Some(ProgramStop::Time) => Err(AttachmentError::Slow { name, program, time }),
        Some(ProgramStop::Output) => {
            let reason = "it wrote more than it may".to_owned();
            Err(AttachmentError::Failed { name, program, reason })
        }
        None => Ok(end),
    }
}

/// What a program that failed said last, or how it ended.
pub fn failed(program: &str, name: &str, end: &ProgramEnd) -> AttachmentError {
    let said = String::from_utf8_lossy(&end.errors);
    let last = said.lines().map(str::trim).rfind(|line| !line.is_empty());
    let reason = match (last, end.status) {
        // A line is enough, and its letters are those of a line.
        (Some(last), _) => last.chars().filter(|c| !c.is_control()).take(200).collect(),
        (None, Some(status)) => format!("it ended with status {status}"),
        (None, None) => "it crashed, or needed too much memory".to_owned(),
    };
    AttachmentError::Failed { name: name.to_owned(), program: program.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_names_and_nothing_else() {
        for good in ["eng", "eng+deu", "chi_sim", "script/Latin", "eng+script/Cyrillic"] {
            assert_eq!(good.parse::<OcrLanguages>().unwrap().to_string(), good);
        }
        for bad in ["", "+", "eng+", "-c", "../x", "/etc", "eng deu", "script//x", "e\n"] {
            assert!(bad.parse::<OcrLanguages>().is_err(), "{bad}");
        }
    }
}
