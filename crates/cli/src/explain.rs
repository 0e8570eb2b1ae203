//! `headlight explain`.

use std::io::{self, Write};
use std::sync::LazyLock;
use std::time::Instant;

use headlight_document::{Explanation, HeadFigure, Request, RequestError, Task, Token, Units};
use headlight_engine::{Model, answer};
use headlight_report::texts::{CHINESE, Files};
use headlight_report::{Texts, cite, csv, drawings, html};

use crate::arguments::{Asking, Drawing, Explain, Format, Language};
use crate::bar::Bar;
use crate::batch::{self, line::Line};
use crate::device;
use crate::error::Error;
use crate::find::find;
use crate::format;

static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Milliseconds since the first call.
pub fn clock() -> f64 {
    BEGAN.elapsed().as_secs_f64() * 1000.0
}

/// Answers the question and gives back what to print.
pub fn explain(arguments: &Explain) -> Result<String, Error> {
    let files = match arguments.language {
        Language::English => None,
        Language::Chinese => Some(Files::read(CHINESE)?),
    };
    let texts = match &files {
        Some(files) => files.texts("zh-Hans"),
        None => Texts::english(),
    };
    let explanation = pollster::block_on(run(arguments))?;
    Ok(match arguments.format {
        Format::Json => serde_json::to_string(&explanation)? + "\n",
        Format::Text => format::text(&explanation),
        Format::Html => printed(|out| html::write(&explanation, None, cite::LIBRARY, texts, out))?,
        Format::Csv => printed(|out| csv::write(&explanation, out))?,
        Format::Svg => drawing(&explanation, arguments.drawing, texts)? + "\n",
        Format::Methods => cite::paragraph(&explanation, texts) + "\n",
        Format::Bibtex => cite::bibtex(&explanation, None, cite::LIBRARY),
    })
}

/// What is written to a file elsewhere, as a text.
fn printed(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<String, Error> {
    let mut bytes = Vec::new();
    write(&mut bytes).map_err(Error::Output)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn drawing(explanation: &Explanation, drawing: Drawing, texts: Texts<'_>) -> Result<String, Error> {
    let found = match drawing {
        Drawing::Tokens => explanation.attributions.first().map(|one| drawings::tokens(explanation, one, texts, false)),
        Drawing::Candidates => {
            (!explanation.output.top.is_empty()).then(|| drawings::candidates(explanation, texts, false))
        }
        Drawing::Attention => explanation.attention.first().and_then(|one| drawings::grid(one, texts, false)),
    };
    found.ok_or(Error::NothingToDraw)
}

async fn run(arguments: &Explain) -> Result<Explanation, Error> {
    let found = find(&arguments.model, &arguments.place)?;
    // What is wrong with the request itself is said before a model is opened.
    let texts = match &arguments.texts {
        Some(path) => batch::read(path, Line::plain)?.into_iter().map(|line| line.text).collect(),
        None => Vec::new(),
    };
    if let Some(task) = arguments.asking.task {
        request(arguments, task, texts.clone()).validate()?;
    } else if arguments.text.trim().is_empty() {
        return Err(RequestError::EmptyText.into());
    }
    if let Some(piece) = arguments.asking.select.iter().find(|piece| !arguments.text.contains(piece.as_str())) {
        return Err(Error::NoSuchPiece { piece: piece.clone() });
    }
    let files = found.files()?;
    let bar = Bar::new();
    let chosen = device::chosen(arguments.device).await?;
    let model = Model::open(found.entry, files, &chosen.device, &bar).await?;
    let task = arguments.asking.task;
    let task = task.unwrap_or_else(|| model.task(arguments.asking.target.as_ref(), arguments.second_text.is_some()));
    if !arguments.begun.is_empty() && task != Task::Translate {
        return Err(Error::NothingBegun { task });
    }
    let request = request(arguments, task, texts);
    let mut explanation = answer(&model, &chosen.info, &request, &bar, clock).await?;
    // Somebody else's machine has no such folder.
    let model = explanation.model.id.clone();
    explanation.request = Some(Box::new(Request { model, ..request }));
    Ok(explanation)
}

fn request(arguments: &Explain, task: Task, texts: Vec<String>) -> Request {
    let mut request = arguments.asking.request(&arguments.model, task, &arguments.text);
    request.second_text.clone_from(&arguments.second_text);
    request.patch.clone_from(&arguments.patch_from);
    request.texts = texts;
    request.begun.clone_from(&arguments.begun);
    request.attention = arguments.attention;
    request
}

impl Asking {
    /// The question about one text.
    pub fn request(&self, model: &str, task: Task, text: &str) -> Request {
        let mut request = Request::new(model, task, text);
        request.labels.clone_from(&self.labels);
        request.read = self.read;
        request.methods.clone_from(&self.methods);
        request.parameters = (&self.tuning).into();
        for piece in self.select.iter().filter(|piece| !piece.is_empty()) {
            request.parameters.units = Units::Selection;
            let found = text.match_indices(piece.as_str());
            request.selection.extend(found.map(|(from, piece)| (0, from, from + piece.len())));
        }
        request.measures.clone_from(&self.measures);
        request.layers = self.layers;
        let figures = [
            (self.profile, HeadFigure::Profile),
            (self.lens, HeadFigure::Lens),
            (self.direct, HeadFigure::Direct),
            (self.ablate, HeadFigure::Ablation),
            (self.induction, HeadFigure::Induction),
        ];
        request.heads = figures.into_iter().filter(|(wanted, _)| *wanted).map(|(_, figure)| figure).collect();
        request.foil = self.foil.as_deref().map(Token::from);
        if let Some(target) = &self.target {
            request.target = target.clone();
        }
        request
    }
}
