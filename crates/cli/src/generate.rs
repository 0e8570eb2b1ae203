//! `headlight generate`.

use std::io::Write;

use headlight_document::{Generated, Generation, Sampling, Step};
use headlight_engine::device::Adapter;
use headlight_engine::{Model, Progress, Quiet, choose, generate};

use crate::arguments::{Generate, GenerateFormat};
use crate::bar::Bar;
use crate::error::Error;
use crate::find::find;

/// Goes on with the text and gives back what to print; as text, each token is printed as soon as it is there.
pub fn run(arguments: &Generate) -> Result<String, Error> {
    let generated = pollster::block_on(written(arguments))?;
    Ok(match arguments.format {
        GenerateFormat::Json => serde_json::to_string(&generated)? + "\n",
        GenerateFormat::Text => "\n".to_owned(),
    })
}

async fn written(arguments: &Generate) -> Result<Generated, Error> {
    let generation = Generation {
        model: arguments.model.clone(),
        text: arguments.text.clone(),
        written: Vec::new(),
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
    let chosen = choose(arguments.device.into(), Adapter::default()).await?;
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
    Ok(generate(&model, &generation, progress, &tell).await?)
}
