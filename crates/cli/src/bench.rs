//! `headlight bench`.

use std::fmt::Write;

use headlight_document::Method;
use headlight_document::message::DeviceInfo;
use headlight_engine::Model;
use headlight_engine::bench::{Timed, Work, measure, measure_method};
use serde_json::json;

use crate::arguments::Bench;
use crate::bar::Bar;
use crate::device;
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
    let chosen = device::chosen(arguments.device).await?;
    let model = Model::open(found.entry, files, &chosen.device, &bar).await?;
    let mut rows = String::new();
    for tokens in arguments.tokens.iter().copied().filter(|tokens| *tokens > 0) {
        for method in &arguments.methods {
            time(&mut rows, &id, &model, &chosen.info, *method, [tokens, usize::from(arguments.runs)]).await?;
        }
        if !arguments.methods.is_empty() {
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

/// Times a method, and what as many single runs would take as it stands for.
async fn time(
    rows: &mut String,
    id: &str,
    model: &Model,
    info: &DeviceInfo,
    method: Method,
    [tokens, runs]: [usize; 2],
) -> Result<(), Error> {
    let (single, name, many) = match method {
        Method::GradXInput => (Timed::GradXInput, "grad_x_input", None),
        Method::IntegratedGradients => (Timed::GradXInput, "grad_x_input", Some(Timed::IntegratedGradients)),
        Method::Lime => (Timed::Value, "value", Some(Timed::Lime)),
        other => return Err(Error::NotTimed { method: other }),
    };
    // Turn by turn, so that both meet the same machine.
    let (mut singles, mut all) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        singles.extend(measure_method(model, info, single, tokens, 8, clock).await?.split_off(1));
        if let Some(many) = many {
            all.extend(measure_method(model, info, many, tokens, 1, clock).await?);
        }
    }
    let one = middle(&mut singles);
    let mut rows_of = vec![(name, singles, 1, one)];
    if let Some(many) = many {
        let found = middle(&mut all);
        rows_of.push((method.name(), all, many.runs(), found));
    }
    for (name, times, count, of) in rows_of {
        let row = json!({
            "name": format!("{id}-{name}"), "tokens": tokens, "device": info.name, "median_ms": of[0],
            "min_ms": of[1], "runs": times.len(), "single_runs": count,
            "ratio_to_single": of[0] / (one[0] * count as f64),
        });
        // Writing to a string cannot fail.
        let _ = writeln!(rows, "{row}");
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
