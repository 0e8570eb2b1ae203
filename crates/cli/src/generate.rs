//! `headlight generate`.

use std::fmt::Write as _;
use std::io::Write;

use headlight_document::{Generated, Generation, Piece, Sampling, Step, Trace, Triangle};
use headlight_engine::{Model, Progress, Quiet, generate, trace};

use crate::arguments::{Generate, GenerateFormat};
use crate::bar::Bar;
use crate::device;
use crate::error::Error;
use crate::find::find;

/// Goes on with the text and gives back what to print; as text, each token is printed as soon as it is there.
pub fn run(arguments: &Generate) -> Result<String, Error> {
    let generated = pollster::block_on(written(arguments))?;
    Ok(match arguments.format {
        GenerateFormat::Json => serde_json::to_string(&generated)? + "\n",
        GenerateFormat::Text => "\n".to_owned() + &generated.triangle.as_ref().map_or_else(String::new, reasons),
    })
}

async fn written(arguments: &Generate) -> Result<Generated, Error> {
    let generation = Generation {
        model: arguments.model.clone(),
        text: arguments.text.clone(),
        written: Vec::new(),
        replay: false,
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
    if arguments.triangle && !generated.steps.is_empty() {
        let written = generated.steps.iter().map(|step| step.token.id).collect();
        let (model_id, text, read) = (generation.model, generation.text, arguments.read);
        let asked = Trace { model: model_id, text, written, steps: Vec::new(), read, gaze: None };
        generated.triangle = Some(trace(&model, &chosen.info, &asked, &bar, &|_: &Triangle| {}).await?);
    }
    Ok(generated)
}

/// Each token with what speaks most for it.
fn reasons(triangle: &Triangle) -> String {
    const SHOWN: usize = 3;
    let mut lines = String::from("\nWhat each token rests on most, by gradient x input:\n");
    for (written, row) in triangle.written.iter().zip(&triangle.rows) {
        let mut all: Vec<(&Piece, f64)> = triangle.columns.iter().zip(row.grad_x_input.iter().copied()).collect();
        all.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        let most = all.iter().take(SHOWN).map(|(piece, value)| format!("{:?} {value:+.3}", piece.text));
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "{:>16}  {}", format!("{:?}", written.text), most.collect::<Vec<_>>().join("  "));
    }
    lines
}
