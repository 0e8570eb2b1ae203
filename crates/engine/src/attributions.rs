//! A method's values as a document has them.

use std::collections::BTreeMap;

use headlight_document::{Attribution, Checks, Method};

use crate::error::EngineError;
use crate::methods::Found;
use crate::results::Values;

/// Where values belong.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// Tokens of the input.
    pub tokens: usize,
    /// Whether the input goes to an encoder, so that what a decoder has read has values too.
    pub is_read_first: bool,
    /// How many written tokens stand before the target. The token that begins every text was not written: it has a value, and
    /// no place among the written. Nothing after the target bears on it.
    pub before: usize,
    /// The target in the run that the document shows.
    pub value: f64,
}

impl Layout {
    /// Values of the one run.
    pub fn once(&self, values: &Values) -> Result<Attribution, EngineError> {
        self.check(values.input.len() == self.tokens, values.input.len())?;
        Ok(Attribution {
            method: values.method,
            parameters: BTreeMap::new(),
            values: doubles(&values.input),
            standard_errors: None,
            units: None,
            output_values: values.written.as_deref().map(|written| self.written(&doubles(written))),
            checks: Checks { target_value: self.value, ..Checks::default() },
        })
    }

    /// Values of a method that asks again.
    pub fn again(&self, method: Method, found: Found) -> Result<Attribution, EngineError> {
        let Found { mut values, standard_errors, units, parameters, checks } = found;
        self.check(values.len() >= self.tokens, values.len())?;
        let written = values.split_off(self.tokens);
        let standard_errors = standard_errors.map(|mut errors| {
            errors.truncate(self.tokens);
            errors
        });
        let output_values = self.is_read_first.then(|| self.written(&written));
        Ok(Attribution { method, parameters, values, standard_errors, units, output_values, checks })
    }

    fn written(&self, written: &[f64]) -> Vec<f64> {
        written.get(1..=self.before).unwrap_or_default().to_vec()
    }

    fn check(&self, is_so: bool, found: usize) -> Result<(), EngineError> {
        let tokens = self.tokens;
        let fault = || EngineError::Device(format!("{found} values came back for {tokens} tokens"));
        if is_so { Ok(()) } else { Err(fault()) }
    }
}

pub(crate) fn doubles(values: &[f32]) -> Vec<f64> {
    values.iter().copied().map(f64::from).collect()
}
