//! What methods leave to be chosen, field by field.

use headlight_document::{Method, Parameters};

use crate::locale::{fill, heard, say};

/// A field for a whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// Points of integrated gradients' line.
    Steps,
    /// SmoothGrad's copies, LIME's texts.
    Samples,
    /// SmoothGrad's noise in percent.
    Noise,
    /// Partition SHAP's texts.
    Evaluations,
    /// The layer of attention and of value zeroing.
    Layer,
    /// Their head.
    Head,
    /// What random numbers begin with.
    Seed,
}

impl Number {
    /// Every field.
    pub const ALL: &[Self] =
        &[Self::Steps, Self::Samples, Self::Noise, Self::Evaluations, Self::Layer, Self::Head, Self::Seed];

    /// By which tests find it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Steps => "steps",
            Self::Samples => "samples",
            Self::Noise => "noise",
            Self::Evaluations => "evaluations",
            Self::Layer => "layer",
            Self::Head => "head",
            Self::Seed => "seed",
        }
    }

    /// What people read.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Steps => say("methods.field.steps"),
            Self::Samples => say("methods.field.samples"),
            Self::Noise => say("methods.field.noise"),
            Self::Evaluations => say("methods.field.evaluations"),
            Self::Layer => say("methods.field.layer"),
            Self::Head => say("methods.field.head"),
            Self::Seed => say("methods.field.seed"),
        }
    }

    /// Whether it bears on any of these methods.
    #[must_use]
    pub fn bears(self, methods: &[Method], base: Method) -> bool {
        let has = |method: Method| methods.contains(&method);
        match self {
            Self::Steps => {
                has(Method::IntegratedGradients) || (has(Method::SmoothGrad) && base == Method::IntegratedGradients)
            }
            Self::Samples => has(Method::SmoothGrad) || has(Method::Lime),
            Self::Noise => has(Method::SmoothGrad),
            Self::Evaluations => has(Method::PartitionShap),
            Self::Layer | Self::Head => has(Method::Attention) || has(Method::ValueZeroing),
            Self::Seed => has(Method::SmoothGrad) || has(Method::Lime) || has(Method::KernelShap),
        }
    }

    /// What stands in it; empty where nothing was chosen and there is no number for that.
    #[must_use]
    pub fn read(self, parameters: &Parameters) -> String {
        let optional = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
        match self {
            Self::Steps => parameters.steps.to_string(),
            Self::Samples => optional(parameters.samples),
            Self::Noise => parameters.noise.to_string(),
            Self::Evaluations => parameters.evaluations.to_string(),
            Self::Layer => optional(parameters.layer),
            Self::Head => optional(parameters.head),
            Self::Seed => parameters.seed.to_string(),
        }
    }

    /// The parameters with what was typed in it; nothing typed is the default.
    ///
    /// # Errors
    /// A sentence, where it is no whole number or out of bounds.
    pub fn write(self, parameters: &Parameters, typed: &str) -> Result<Parameters, String> {
        let (mut new, plain) = (*parameters, Parameters::default());
        let typed = typed.trim();
        let fault = |_| fill("methods.field.fault", &[&self.title(), &typed.chars().take(20).collect::<String>()]);
        if self == Self::Seed {
            new.seed = if typed.is_empty() { plain.seed } else { typed.parse().map_err(fault)? };
            return Ok(new);
        }
        let number = if typed.is_empty() { None } else { Some(typed.parse::<u32>().map_err(fault)?) };
        match self {
            Self::Steps => new.steps = number.unwrap_or(plain.steps),
            Self::Samples => new.samples = number,
            Self::Noise => new.noise = number.unwrap_or(plain.noise),
            Self::Evaluations => new.evaluations = number.unwrap_or(plain.evaluations),
            Self::Layer => new.layer = number,
            Self::Head => new.head = number,
            Self::Seed => {}
        }
        new.validate().map_err(|error| heard(&error.to_string()))?;
        Ok(new)
    }
}

/// Whether integrated gradients are among the methods, so that their baseline can be chosen.
#[must_use]
pub fn has_baseline(methods: &[Method], base: Method) -> bool {
    Number::Steps.bears(methods, base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_bears_on_a_method_is_offered() {
        let bearing = |methods: &[Method], base| -> Vec<&str> {
            Number::ALL.iter().filter(|field| field.bears(methods, base)).map(|field| field.name()).collect()
        };
        let plain = Method::GradXInput;
        assert!(bearing(&[Method::Saliency, plain, Method::Occlusion], plain).is_empty());
        assert_eq!(bearing(&[Method::IntegratedGradients], plain), ["steps"]);
        assert_eq!(bearing(&[Method::SmoothGrad], Method::IntegratedGradients), ["steps", "samples", "noise", "seed"]);
        assert_eq!(bearing(&[Method::ValueZeroing], plain), ["layer", "head"]);
        assert_eq!(bearing(&[Method::PartitionShap, Method::KernelShap], plain), ["evaluations", "seed"]);
    }

    #[test]
    fn what_is_typed_is_read_and_what_cannot_be_is_said() {
        let plain = Parameters::default();
        for &field in Number::ALL {
            let new = field.write(&plain, " 7 ").unwrap();
            assert_eq!(field.read(&new), "7");
            assert_eq!(field.write(&new, "").unwrap(), plain, "{}", field.name());
            assert!(field.write(&plain, "-1").unwrap_err().contains("no whole number"));
        }
        assert_eq!(Number::Samples.read(&plain), "");
        let error = Number::Steps.write(&plain, "0").unwrap_err();
        assert_eq!(error, "The number of steps is 0; it must be between 1 and 1000.");
    }
}
