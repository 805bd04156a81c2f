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

impl OcrLanguages {
    /// The languages of these names.
    ///
    /// # Errors
    /// A name that none can have, and a list without any.
    pub fn of(names: &[String]) -> Result<Self, AttachmentError> {
        // A plus would make two of one, which nobody means in a list.
        let joined = names.join("+");
        if names.iter().any(|name| name.contains('+')) {
            return Err(AttachmentError::BadLanguages { languages: joined });
        }
        joined.parse()
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
    let said = String::from_utf8_lossy(&end.errors);
    // Where one of several is missing, it reads the others and succeeds: their
    // letters would be wrong, and nobody would know why.
    let missing = missing_languages(&said);
    if !missing.is_empty() {
        return Err(AttachmentError::NoLanguageData { languages: missing });
    }
    if said.contains("load any languages") {
        let languages = languages.0.split('+').map(str::to_owned).collect();
        return Err(AttachmentError::NoLanguageData { languages });
    }
    if end.is_ok() {
        return Ok(String::from_utf8_lossy(&end.output).into_owned());
    }
    Err(failed(TESSERACT, name, &end))
}

/// The languages of which it says that it has no data.
fn missing_languages(said: &str) -> Vec<String> {
    let after = |line: &str| {
        let (_, rest) = line.split_once("Failed loading language '")?;
        rest.split_once('\'').map(|(name, _)| name.to_owned())
    };
    said.lines().filter_map(after).collect()
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
    fn what_is_missing_is_told_by_name() {
        // What tesseract 5.5 writes.
        let said = "Error opening data file /usr/share/tessdata/deu.traineddata\nPlease make sure \
                    the TESSDATA_PREFIX environment variable is set to your \"tessdata\" \
                    directory.\nFailed loading language 'deu'\n";
        assert_eq!(missing_languages(said), ["deu"]);
        assert!(missing_languages("Estimating resolution as 300\n").is_empty());
        let names = |names: &[&str]| {
            OcrLanguages::of(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(names(&["eng", "deu"]).unwrap().to_string(), "eng+deu");
        assert!(names(&[]).is_err() && names(&["eng+deu"]).is_err());
    }

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
