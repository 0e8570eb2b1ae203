//! `headlight bench`.

use std::fmt::Write;

use headlight_document::message::DeviceInfo;
use headlight_engine::bench::{Timed, Work, measure, measure_method};
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
        if arguments.methods {
            methods(&mut rows, &id, &model, &chosen.info, tokens, usize::from(arguments.runs)).await?;
            continue;
        }
        for (work, name) in [(Work::Forward, "forward"), (Work::ForwardBackward, "forward-backward")] {
            let mut times = measure(&model, work, tokens, usize::from(arguments.runs) + 1, clock).await?;
            let [median, least] = middle(&mut times);
            let row = json!({
                "name": format!("{id}-{name}"), "tokens": tokens, "device": chosen.info.name,
                "median_ms": median, "min_ms": least, "runs": times.len(),
            });
            // Writing to a string cannot fail.
            let _ = writeln!(rows, "{row}");
        }
    }
    Ok(rows)
}

/// Times methods, and what as many single runs would take as each stands for.
async fn methods(
    rows: &mut String,
    id: &str,
    model: &Model,
    info: &DeviceInfo,
    tokens: usize,
    runs: usize,
) -> Result<(), Error> {
    for (single, many, names) in [
        (Timed::GradXInput, Timed::IntegratedGradients, ["grad_x_input", "integrated_gradients"]),
        (Timed::Value, Timed::Lime, ["value", "lime"]),
    ] {
        // Turn by turn, so that both meet the same machine.
        let (mut singles, mut all) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            singles.extend(measure_method(model, info, single, tokens, 8, clock).await?.split_off(1));
            all.extend(measure_method(model, info, many, tokens, 1, clock).await?);
        }
        let (one, of_many) = (middle(&mut singles), middle(&mut all));
        for (name, times, count, of) in [(names[0], singles, 1, one), (names[1], all, many.runs(), of_many)] {
            let row = json!({
                "name": format!("{id}-{name}"), "tokens": tokens, "device": info.name, "median_ms": of[0],
                "min_ms": of[1], "runs": times.len(), "single_runs": count,
                "ratio_to_single": of[0] / (one[0] * count as f64),
            });
            let _ = writeln!(rows, "{row}");
        }
    }
    Ok(())
}

/// Drops the first time, which is not counted, and gives the median and the least of the others.
fn middle(times: &mut Vec<f64>) -> [f64; 2] {
    if times.len() > 1 {
        times.remove(0);
    }
    times.sort_by(f64::total_cmp);
    [times.get(times.len() / 2), times.first()].map(|time| time.copied().unwrap_or(f64::NAN))
}
