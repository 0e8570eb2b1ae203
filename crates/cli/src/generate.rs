//! `headlight generate`.

use std::fmt::Write as _;
use std::io::Write;

use headlight_document::{
    AttentionKind, Gaze, Generated, Generation, Piece, Row, Sampling, Step, Task, Trace, Triangle, Whose,
};
use headlight_engine::{Model, Progress, Quiet, generate, trace};

use crate::arguments::{Gazes, Generate, GenerateFormat};
use crate::bar::Bar;
use crate::device;
use crate::error::Error;
use crate::find::find;

/// Goes on with the text and gives back what to print; as text, each token is printed as soon as it is there.
pub fn run(arguments: &Generate) -> Result<String, Error> {
    let generated = pollster::block_on(written(arguments))?;
    Ok(match arguments.format {
        GenerateFormat::Json => serde_json::to_string(&generated)? + "\n",
        GenerateFormat::Text => {
            let reasons = generated.triangle.as_ref().map_or_else(String::new, |triangle| {
                let title = "What each token rests on most, by gradient x input:";
                lines(title, triangle, |row| &row.grad_x_input, |value| format!("{value:+.3}"))
            });
            let looks = generated.gazed.as_ref().map_or_else(String::new, |gazed| {
                let title = format!("Where the model looks as it writes each token{}:", of(gazed));
                lines(&title, gazed, |row| &row.attention, |weight| format!("{weight:.3}"))
            });
            format!("\n{reasons}{looks}")
        }
    })
}

async fn written(arguments: &Generate) -> Result<Generated, Error> {
    let generation = Generation {
        model: arguments.model.clone(),
        text: arguments.text.clone(),
        written: arguments.begun.clone(),
        replay: !arguments.begun.is_empty(),
        most: arguments.tokens,
        sampling: Sampling {
            temperature: arguments.temperature,
            top_k: arguments.top_k,
            top_p: arguments.top_p,
            seed: arguments.seed,
        },
    };
    generation.validate()?;
    let found = find(&arguments.model, &arguments.place)?;
    let files = found.files()?;
    let bar = Bar::new();
    let chosen = device::chosen(arguments.device).await?;
    let model = Model::open(found.entry, files, &chosen.device, &bar).await?;
    let streams = arguments.format == GenerateFormat::Text;
    let tell = |step: &Step| {
        if streams {
            let mut out = std::io::stdout().lock();
            // Whoever reads it may have gone; what was written is given back all the same.
            let _ = out.write_all(step.adds.as_bytes()).and_then(|()| out.flush());
        }
    };
    // While text is printed, a bar would be printed into it.
    let progress: &dyn Progress = if streams { &Quiet } else { &bar };
    let mut generated = generate(&model, &generation, progress, &tell).await?;
    let written: Vec<u32> = generated.steps.iter().map(|step| step.token.id).collect();
    if written.is_empty() {
        return Ok(generated);
    }
    let (model_id, text, read) = (generation.model, generation.text, arguments.read);
    let mut asked = Trace { model: model_id, text, written, steps: Vec::new(), read, gaze: None };
    if arguments.triangle {
        generated.triangle = Some(trace(&model, &chosen.info, &asked, &bar, &|_: &Triangle| {}).await?);
    }
    if let Some(which) = arguments.gaze {
        let kind = match which {
            Gazes::Auto if model.task(None, false) == Task::Translate => AttentionKind::Cross,
            Gazes::Auto | Gazes::Own => AttentionKind::SelfAttention,
            Gazes::Cross => AttentionKind::Cross,
        };
        let head = |layer| arguments.head.map_or(Whose::Layer(layer), |head| Whose::Head(layer, head));
        asked.gaze = Some(Gaze { kind, whose: arguments.layer.map(head) });
        generated.gazed = Some(trace(&model, &chosen.info, &asked, &bar, &|_: &Triangle| {}).await?);
    }
    Ok(generated)
}

/// Whose attention it is.
fn of(gazed: &Triangle) -> String {
    match gazed.gazed.map(|of| of.whose) {
        Some(Whose::Head(layer, head)) => format!(" (layer {layer}, head {head})"),
        Some(Whose::Layer(layer)) => format!(" (layer {layer}, mean of its heads)"),
        _ => String::new(),
    }
}

/// Each token with what has most of its row.
fn lines(title: &str, triangle: &Triangle, values: fn(&Row) -> &[f64], said: fn(f64) -> String) -> String {
    const SHOWN: usize = 3;
    let mut lines = format!("\n{title}\n");
    for (written, row) in triangle.written.iter().zip(&triangle.rows) {
        let mut all: Vec<(&Piece, f64)> = triangle.columns.iter().zip(values(row).iter().copied()).collect();
        all.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        let most = all.iter().take(SHOWN).map(|(piece, value)| format!("{:?} {}", piece.text, said(*value)));
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "{:>16}  {}", format!("{:?}", written.text), most.collect::<Vec<_>>().join("  "));
    }
    lines
}
