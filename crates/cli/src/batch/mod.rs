//! `headlight batch`: methods and measures over a file of texts, one document a line, and a table over all of them.

mod lexicon;
pub mod line;
mod output;
mod summary;
mod table;

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use headlight_document::{Explanation, Request};
use headlight_engine::{Model, answer};
use serde_json::json;

use self::lexicon::Lexicon;
use self::line::Line;
use self::output::Output;
use self::summary::Summary;
use crate::arguments::{Batch, TableFormat};
use crate::bar::Bar;
use crate::device;
use crate::error::Error;
use crate::explain::clock;
use crate::find::find;

/// Answers every line and gives back the table.
pub fn batch(arguments: &Batch) -> Result<String, Error> {
    let lines = read(&arguments.input, Line::parse)?;
    let lexicon = arguments.lexicon.as_deref().map(Lexicon::read).transpose()?;
    pollster::block_on(run(arguments, &lines))?;
    let mut summary = Summary::default();
    // What was answered earlier counts as what was answered now.
    for (line, document) in lines.iter().zip(output::documents(&arguments.output)?) {
        match document? {
            Some(document) => summary.add(line, &document, lexicon.as_ref()),
            None => summary.failed += 1,
        }
    }
    let finished = summary.finish();
    Ok(match arguments.format {
        TableFormat::Json => serde_json::to_string_pretty(&finished)? + "\n",
        TableFormat::Text => table::text(&finished),
        TableFormat::Html => table::page(&finished),
        TableFormat::Markdown => table::markdown(&finished),
    })
}

/// Every line of a file as `parse` reads it, empty ones left out.
pub fn read(path: &Path, parse: fn(&str) -> Result<Line, String>) -> Result<Vec<Line>, Error> {
    let unreadable = |error| Error::Read { path: path.to_owned(), error };
    let file = BufReader::new(File::open(path).map_err(unreadable)?);
    let mut lines = Vec::new();
    for (index, line) in file.lines().enumerate() {
        let line = line.map_err(unreadable)?;
        if !line.trim().is_empty() {
            lines.push(parse(&line).map_err(|reason| Error::Line { line: index + 1, reason })?);
        }
    }
    Ok(lines)
}

async fn run(arguments: &Batch, lines: &[Line]) -> Result<(), Error> {
    let found = find(&arguments.model, &arguments.place)?;
    let first = lines.first().ok_or_else(|| Error::Line { line: 1, reason: "there are no texts".to_owned() })?;
    // The question without a text, as the output remembers it: other questions' answers are not gone on with.
    let asked = |line: &Line, task| -> Result<Request, Error> {
        let mut request = arguments.asking.request(&arguments.model, task, &line.text);
        request.attention = arguments.attention;
        line.put_into(&mut request)?;
        Ok(request)
    };
    let files = found.files()?;
    let opening = Bar::new();
    let chosen = device::chosen(arguments.device).await?;
    let model = Model::open(found.entry, files, &chosen.device, &opening).await?;
    drop(opening);
    let target = arguments.asking.target.as_ref();
    let task = arguments.asking.task.unwrap_or_else(|| model.task(target, first.second_text.is_some()));
    let template = serde_json::to_string(&asked(&Line { text: "-".to_owned(), ..Line::default() }, task)?)?;
    let mut output = Output::open(&arguments.output, &template, lines)?;
    let bar = Bar::lines(lines.len());
    for line in lines.iter().skip(output.answered()) {
        bar.line(output.answered());
        let request = asked(line, task)?;
        let written = match answer(&model, &chosen.info, &request, &bar, clock).await {
            Ok(document) => serde_json::to_string(&document)?,
            // One text that cannot be answered does not hold up the others.
            Err(error) => {
                json!({ "schema": output::FAILURE, "text": line.text, "error": error.to_string() }).to_string()
            }
        };
        output.write(&written)?;
    }
    Ok(())
}

/// A line of output as it is read back: none where the text could not be answered.
type Answered = Result<Option<Explanation>, Error>;
