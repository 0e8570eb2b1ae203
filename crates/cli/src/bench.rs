//! `headlight bench`.

use std::fmt::Write;

use headlight_engine::bench::{Work, measure};
use headlight_engine::device::Adapter;
use headlight_engine::{Model, choose};
use serde_json::json;

use crate::arguments::Bench;
use crate::bar::Bar;
use crate::error::Error;
use crate::explain::clock;
use crate::find::find;

/// Times and gives back one JSON row a line: name, tokens, device, median and least milliseconds, runs.
pub fn bench(arguments: &Bench) -> Result<String, Error> {
    pollster::block_on(run(arguments))
}

async fn run(arguments: &Bench) -> Result<String, Error> {
    let found = find(&arguments.model, &arguments.place)?;
    let files = found.files()?;
    let id = found.entry.id.clone();
    let bar = Bar::new();
    let chosen = choose(arguments.device.into(), Adapter::default()).await?;
    let model = Model::open(found.entry, files, &chosen.device, &bar).await?;
    let mut rows = String::new();
    for tokens in arguments.tokens.iter().copied().filter(|tokens| *tokens > 0) {
        for (work, name) in [(Work::Forward, "forward"), (Work::ForwardBackward, "forward-backward")] {
            let mut times = measure(&model, work, tokens, usize::from(arguments.runs) + 1, clock).await?;
            times.remove(0);
            times.sort_by(f64::total_cmp);
            let row = json!({
                "name": format!("{id}-{name}"), "tokens": tokens, "device": chosen.info.name,
                "median_ms": times[times.len() / 2], "min_ms": times[0], "runs": times.len(),
            });
            // Writing to a string cannot fail.
            let _ = writeln!(rows, "{row}");
        }
    }
    Ok(rows)
}
