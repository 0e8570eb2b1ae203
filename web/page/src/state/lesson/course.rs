//! How far somebody has come in a lesson.

use super::{Given, Lesson, Verdict};

/// A lesson that is open.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// The lesson.
    pub lesson: Lesson,
    /// The step that is read; none before the first.
    pub step: Option<usize>,
    /// The steps whose question was answered rightly, or that had none and were read.
    pub solved: Vec<bool>,
    /// What was put in at this step.
    pub given: Given,
    /// What came of it.
    pub verdict: Option<Verdict>,
    /// How often an answer was wrong at this step.
    pub wrong: u32,
    /// Whether the page was put to this step's setting.
    pub is_set: bool,
}

impl Course {
    /// A lesson at its beginning; `remembered` is what [`Self::progress`] gave the last time.
    #[must_use]
    pub fn new(lesson: Lesson, remembered: Option<&str>) -> Self {
        let count = lesson.steps.len();
        let mut solved = vec![false; count];
        for at in remembered.unwrap_or_default().split(',').filter_map(|at| at.parse::<usize>().ok()) {
            if let Some(solved) = solved.get_mut(at) {
                *solved = true;
            }
        }
        Self { lesson, step: None, solved, given: Given::default(), verdict: None, wrong: 0, is_set: false }
    }

    /// What is remembered: the solved steps, counted from 0.
    #[must_use]
    pub fn progress(&self) -> String {
        let solved = self.solved.iter().enumerate().filter(|(_, solved)| **solved).map(|(at, _)| at.to_string());
        solved.collect::<Vec<_>>().join(",")
    }

    /// How many steps are solved.
    #[must_use]
    pub fn count(&self) -> usize {
        self.solved.iter().filter(|solved| **solved).count()
    }

    /// Where to go on: the first step that is not solved, and the first of all once every one is.
    #[must_use]
    pub fn next_open(&self) -> usize {
        self.solved.iter().position(|solved| !solved).unwrap_or(0)
    }

    /// Goes to a step.
    pub fn go(&mut self, step: usize) {
        self.step = Some(step.min(self.lesson.steps.len().saturating_sub(1)));
        self.given = Given::default();
        self.verdict = None;
        self.wrong = 0;
        self.is_set = false;
        self.read();
    }

    /// A step that asks nothing is solved by being read.
    fn read(&mut self) {
        if let Some(at) = self.step
            && self.lesson.steps.get(at).is_some_and(|step| step.question.is_none())
        {
            self.solve(at);
        }
    }

    fn solve(&mut self, at: usize) {
        if let Some(solved) = self.solved.get_mut(at) {
            *solved = true;
        }
    }

    /// Takes what came of an answer.
    pub fn judge(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Right => {
                if let Some(at) = self.step {
                    self.solve(at);
                }
            }
            Verdict::Wrong => self.wrong += 1,
            _ => {}
        }
        self.verdict = Some(verdict);
    }

    /// Changes what was put in: what came of it before is of no more use.
    pub fn give(&mut self, change: impl FnOnce(&mut Given)) {
        change(&mut self.given);
        self.verdict = None;
    }
}
