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
}

impl Bar {
    pub fn new() -> Self {
        let bar = ProgressBar::hidden();
        // The template is ours; where it were wrong, indicatif's own style serves.
        if let Ok(style) = ProgressStyle::with_template("{msg:10} {wide_bar} {pos}/{len}") {
            bar.set_style(style);
        }
        Self { began: Instant::now(), stage: Cell::new(None), bar }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Bar {
    fn report(&self, stage: Stage, done: u64, total: Option<u64>) -> Pause<'_> {
        if self.stage.replace(Some(stage)) != Some(stage) {
            self.bar.set_message(match stage {
                Stage::Download => "Downloading",
                Stage::Cache => "Reading",
                Stage::Unpack => "Unpacking",
                Stage::Forward => "Forward",
                Stage::Backward => "Backward",
                Stage::Readback => "Reading back",
            });
        }
        if self.bar.is_hidden() && self.began.elapsed().as_secs_f32() > 1.0 {
            self.bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
        }
        self.bar.set_length(total.unwrap_or(done));
        self.bar.set_position(done);
        Box::pin(std::future::ready(Ok(())))
    }
}
