//! A bar on standard error for work that takes more than a moment.

use std::cell::Cell;
use std::time::Instant;

use headlight_document::message::Stage;
use headlight_engine::Progress;
use headlight_engine::progress::Pause;
use indicatif::{ProgressBar, ProgressStyle};

/// Shows nothing for the first second, nor where standard error is no terminal.
pub struct Bar {
    began: Instant,
    stage: Cell<Option<Stage>>,
    bar: ProgressBar,
    /// Whether lines are counted, and not what each is made of.
    is_of_lines: bool,
}

impl Bar {
    pub fn new() -> Self {
        let bar = ProgressBar::hidden();
        Self { began: Instant::now(), stage: Cell::new(None), bar, is_of_lines: false }
    }

    /// A bar over the lines of a file.
    pub fn lines(total: usize) -> Self {
        let mut bar = Self::new();
        bar.is_of_lines = true;
        if let Ok(style) = ProgressStyle::with_template("{msg:11} {wide_bar} {pos}/{len} {eta} left") {
            bar.bar.set_style(style);
        }
        bar.bar.set_message("Texts");
        bar.bar.set_length(total as u64);
        bar
    }

    /// So many lines are done.
    pub fn line(&self, done: usize) {
        self.appear();
        self.bar.set_position(done as u64);
    }
}

impl Bar {
    /// Shows how much of a download has come, in bytes.
    pub fn bytes(&self, done: u64, total: u64) {
        self.show(Stage::Download, done, Some(total));
    }

    fn show(&self, stage: Stage, done: u64, total: Option<u64>) {
        if self.stage.replace(Some(stage)) != Some(stage) {
            let counts = if matches!(stage, Stage::Download | Stage::Cache | Stage::Verify) {
                "{msg:11} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}"
            } else {
                "{msg:11} {wide_bar} {pos}/{len}"
            };
            // The templates are ours; where one were wrong, indicatif's own style serves.
            if let Ok(style) = ProgressStyle::with_template(counts) {
                self.bar.set_style(style);
            }
            self.bar.set_message(match stage {
                Stage::Download => "Downloading",
                Stage::Cache => "Reading",
                Stage::Verify => "Checking",
                Stage::Unpack => "Unpacking",
                Stage::Forward => "Forward",
                Stage::Backward => "Backward",
                Stage::Attribute => "Method",
                Stage::Readback => "Reading back",
                Stage::Generate => "Writing",
            });
        }
        self.appear();
        self.bar.set_length(total.unwrap_or(done));
        self.bar.set_position(done);
    }

    fn appear(&self) {
        if self.bar.is_hidden() && self.began.elapsed().as_secs_f32() > 1.0 {
            self.bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Bar {
    fn report(&self, stage: Stage, done: u64, total: Option<u64>) -> Pause<'_> {
        if !self.is_of_lines {
            self.show(stage, done, total);
        }
        Box::pin(std::future::ready(Ok(())))
    }
}
