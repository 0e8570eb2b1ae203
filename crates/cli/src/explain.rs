//! `headlight explain`.

use std::sync::LazyLock;
use std::time::Instant;

use headlight_document::{Explanation, Request, Task};
use headlight_engine::device::Adapter;
use headlight_engine::{Model, answer, choose};

use crate::arguments::{Explain, Format};
use crate::bar::Bar;
use crate::error::Error;
use crate::find::find;
use crate::{format, html};

static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Milliseconds since the first call.
pub fn clock() -> f64 {
    BEGAN.elapsed().as_secs_f64() * 1000.0
}

/// Answers the question and gives back what to print.
pub fn explain(arguments: &Explain) -> Result<String, Error> {
    let explanation = pollster::block_on(run(arguments))?;
    Ok(match arguments.format {
        Format::Json => serde_json::to_string(&explanation)? + "\n",
        Format::Text => format::text(&explanation),
        Format::Html => html::page(&explanation),
    })
}

async fn run(arguments: &Explain) -> Result<Explanation, Error> {
    let task = if arguments.second_text.is_some() { Task::Compare } else { Task::Continue };
    let mut request = Request::new(arguments.model.clone(), task, arguments.text.clone());
    request.second_text.clone_from(&arguments.second_text);
    request.read = arguments.read;
    request.methods.clone_from(&arguments.methods);
    request.attention = arguments.attention;
    if let Some(target) = &arguments.target {
        request.target = target.clone();
    }
    request.validate()?;
    let found = find(&arguments.model, &arguments.place)?;
    let files = found.files()?;
    let bar = Bar::new();
    let chosen = choose(arguments.device.into(), Adapter::default()).await?;
    let model = Model::open(found.entry, files, &chosen.device, &bar).await?;
    Ok(answer(&model, &chosen.info, &request, &bar, clock).await?)
}
