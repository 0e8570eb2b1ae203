//! `headlight-train`: what `cargo xtask train sentiment` runs, and the texts that its classifier did not learn from.

#![allow(clippy::print_stderr, reason = "a command line tool says on standard error how it goes")]
#![allow(clippy::print_stdout, reason = "a command line tool prints its answer")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use headlight_train::Error;
use headlight_train::sentiment::{Progress, Recipe, held_out, run};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

const USAGE: &str = "\
headlight-train sentiment --adapter FOLDER --docs FOLDER --checkpoints FOLDER
                          [--seed N] [--rank N] [--alpha X] [--epochs N] [--rate X] [--looks N] [--frozen]
headlight-train held-out COUNT WORDS
                          prints the first COUNT texts of at most WORDS words that the sentiment recipe holds out, one line of
                          JSON each";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match train(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn train(arguments: &[String]) -> Result<(), Error> {
    let usage = |what: String| Error::Usage(format!("{what}\n{USAGE}"));
    let cache =
        headlight_catalogue::cache().ok_or_else(|| Error::Usage("Set HEADLIGHT_CACHE: HOME is not set.".to_owned()))?;
    let mut rest = arguments.iter();
    match rest.next().map(String::as_str) {
        Some("sentiment") => {}
        Some("held-out") => {
            let numbers: Vec<usize> = rest.filter_map(|number| number.parse().ok()).collect();
            let numbers = numbers.try_into().map_err(|_| usage("held-out takes two numbers.".to_owned()))?;
            for snippet in held_out(&cache, Recipe::default().seed, numbers, &|text| eprintln!("{text}"))? {
                let label = if snippet.positive { "positive" } else { "negative" };
                println!("{}", json!({ "text": snippet.text, "label": label }));
            }
            return Ok(());
        }
        _ => return Err(usage("There are sentiment, a recipe, and held-out.".to_owned())),
    }
    let mut recipe = Recipe::default();
    let mut folders: [Option<PathBuf>; 3] = [None, None, None];
    while let Some(option) = rest.next() {
        if option == "--frozen" {
            recipe.frozen = true;
            continue;
        }
        let value = rest.next().ok_or_else(|| usage(format!("{option} takes a value, or is no option.")))?;
        let wrong = || usage(format!("{option} does not take {value}."));
        match option.as_str() {
            "--adapter" => folders[0] = Some(value.into()),
            "--docs" => folders[1] = Some(value.into()),
            "--checkpoints" => folders[2] = Some(value.into()),
            "--seed" => recipe.seed = value.parse().map_err(|_| wrong())?,
            "--rank" => recipe.rank = value.parse().ok().filter(|rank| (1..=64).contains(rank)).ok_or_else(wrong)?,
            "--alpha" => recipe.alpha = positive(value).ok_or_else(wrong)?,
            "--epochs" => recipe.epochs = value.parse().ok().filter(|count| *count > 0).ok_or_else(wrong)?,
            "--rate" => recipe.rate = positive(value).ok_or_else(wrong)?,
            "--looks" => recipe.looks = value.parse().ok().filter(|count| *count > 0).ok_or_else(wrong)?,
            _ => return Err(usage(format!("There is no option {option}."))),
        }
    }
    let [Some(adapter), Some(docs), Some(checkpoints)] = folders else {
        return Err(usage("Three folders are needed.".to_owned()));
    };
    run(&cache, &recipe, [&adapter, &docs, &checkpoints], &Bar::new())
}

fn positive(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value: &f64| value.is_finite() && *value > 0.0)
}

/// A bar where standard error is a terminal; lines with the time everywhere.
struct Bar {
    bar: ProgressBar,
    began: Instant,
}

impl Bar {
    fn new() -> Self {
        let bar = ProgressBar::new(0);
        // The template is ours; where it were wrong, indicatif's own style serves.
        if let Ok(style) = ProgressStyle::with_template("{wide_bar} step {pos} of {len}, {msg}, {eta} left") {
            bar.set_style(style);
        }
        Self { bar, began: Instant::now() }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Bar {
    fn say(&self, text: &str) {
        let began = self.began;
        self.bar.suspend(|| eprintln!("{:5.0} s  {text}", began.elapsed().as_secs_f64()));
    }

    fn step(&self, done: usize, total: usize, loss: f32) {
        self.bar.set_length(total as u64);
        self.bar.set_position(done as u64);
        self.bar.set_message(format!("loss {loss:.3}"));
        // A log wants to know, too, how long it will take.
        if self.bar.is_hidden() && done.is_multiple_of(50) {
            self.say(&format!("step {done} of {total}, loss {loss:.3}"));
        }
    }
}
