//! The file of documents, one a line, which a run that was cut off goes on with.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use headlight_document::Explanation;
use serde_json::Value;

use super::Answered;
use super::line::Line;
use crate::error::Error;

/// The schema of a line that stands for a text that could not be answered.
pub const FAILURE: &str = "headlight/failure@1";

/// The file, open at its end.
pub struct Output {
    path: PathBuf,
    file: File,
    answered: usize,
}

impl Output {
    /// Opens `path` behind the last whole line, after checking that it answers the same question (`template`, kept in a file
    /// beside it) about the same texts.
    pub fn open(path: &Path, template: &str, lines: &[Line]) -> Result<Self, Error> {
        let failed = |error| Error::Write { path: path.to_owned(), error };
        let question = question(path);
        let file = OpenOptions::new().create(true).read(true).append(true).open(path).map_err(failed)?;
        let is_new = file.metadata().map_err(failed)?.len() == 0;
        if is_new {
            fs::write(&question, template).map_err(|error| Error::Write { path: question.clone(), error })?;
        } else if fs::read_to_string(&question).ok().as_deref() != Some(template) {
            return Err(Error::OtherBatch { path: path.to_owned() });
        }
        let (mut whole, mut answered) = (0_u64, 0);
        let mut reader = BufReader::new(&file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = reader.read_until(b'\n', &mut line).map_err(failed)?;
            // The last line may have been cut off.
            if read == 0 || line.last() != Some(&b'\n') {
                break;
            }
            let text = serde_json::from_slice::<Value>(&line).ok().and_then(|document| {
                let text = document.pointer("/input/text").or_else(|| document.get("text"))?;
                Some(text.as_str()?.to_owned())
            });
            if text.is_none() || text.as_deref() != lines.get(answered).map(|line| line.text.as_str()) {
                return Err(Error::OtherBatch { path: path.to_owned() });
            }
            whole += read as u64;
            answered += 1;
        }
        file.set_len(whole).map_err(failed)?;
        Ok(Self { path: path.to_owned(), file, answered })
    }

    /// How many texts have a line.
    pub fn answered(&self) -> usize {
        self.answered
    }

    /// Adds a line.
    pub fn write(&mut self, line: &str) -> Result<(), Error> {
        let failed = |error| Error::Write { path: self.path.clone(), error };
        self.file.write_all(format!("{line}\n").as_bytes()).and_then(|()| self.file.flush()).map_err(failed)?;
        self.answered += 1;
        Ok(())
    }
}

fn question(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".question");
    PathBuf::from(name)
}

/// Every line of a whole file, read as it is asked for.
pub fn documents(path: &Path) -> Result<impl Iterator<Item = Answered>, Error> {
    let path = path.to_owned();
    let file = File::open(&path).map_err(|error| Error::Read { path: path.clone(), error })?;
    Ok(BufReader::new(file).lines().map(move |line| {
        let line = line.map_err(|error| Error::Read { path: path.clone(), error })?;
        // A failure has no place in the document's type.
        if line.contains(FAILURE) && serde_json::from_str::<Value>(&line)?.get("error").is_some() {
            return Ok(None);
        }
        Ok(Some(serde_json::from_str::<Explanation>(&line)?))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        Line { text: text.to_owned(), ..Line::default() }
    }

    #[test]
    fn a_cut_off_line_is_written_again_and_another_question_is_refused() {
        let path = std::env::temp_dir().join(format!("headlight-batch-{}", std::process::id()));
        let _ = (fs::remove_file(&path), fs::remove_file(question(&path)));
        let lines = [line("a"), line("b")];
        let mut output = Output::open(&path, "one", &lines).unwrap();
        output.write(r#"{"input": {"text": "a"}}"#).unwrap();
        drop(output);
        OpenOptions::new().append(true).open(&path).unwrap().write_all(br#"{"input": {"te"#).unwrap();
        let again = Output::open(&path, "one", &lines).unwrap();
        assert_eq!(again.answered(), 1);
        drop(again);
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1);
        assert!(matches!(Output::open(&path, "two", &lines), Err(Error::OtherBatch { .. })));
        assert!(matches!(Output::open(&path, "one", &lines[1..]), Err(Error::OtherBatch { .. })));
        let _ = (fs::remove_file(&path), fs::remove_file(question(&path)));
    }
}
