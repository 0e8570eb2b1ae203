//! Attribution methods, and what they leave to be chosen.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::names::names;
use crate::request::RequestError;

/// An attribution method, by the name that the literature uses. `explain::attribution` has the formula of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The length of the gradient: ‖∂f/∂x‖₂ (Simonyan et al. 2014; the L2 norm as in LIT and Inseq). Never negative.
    Saliency,
    /// Gradient times input: Σ x·∂f/∂x (Captum's `InputXGradient`). Signed.
    GradXInput,
    /// The gradient along the line from a baseline (Sundararajan et al. 2017). Signed.
    IntegratedGradients,
    /// The mean of another method over noisy copies (Smilkov et al. 2017). Signed as the other is.
    #[serde(rename = "smoothgrad")]
    SmoothGrad,
    /// What is lost when a token is replaced (Zeiler & Fergus 2014; Captum's `Occlusion`). Signed.
    Occlusion,
    /// A linear model around the text (Ribeiro et al. 2016). Signed.
    Lime,
    /// Shapley values (Lundberg & Lee 2017). Signed.
    KernelShap,
    /// Owen values over a hierarchy of the text (SHAP's `PartitionExplainer`). Signed.
    PartitionShap,
    /// Attention itself: of one head, or the mean over a layer's. Never negative.
    Attention,
    /// Attention multiplied through all layers (Abnar & Zuidema 2020). Never negative.
    AttentionRollout,
    /// The greatest flow through all layers' attention (Abnar & Zuidema 2020). Never negative.
    AttentionFlow,
    /// Attention times its gradient, multiplied through all layers (Chefer et al. 2021). Never negative.
    AttentionGradient,
    /// How much a token's representation changes without another's value vectors (Mohebbi et al. 2023). Never negative.
    ValueZeroing,
}
names!(Method, "method", {
    Method::Saliency => "saliency", Method::GradXInput => "grad_x_input",
    Method::IntegratedGradients => "integrated_gradients", Method::SmoothGrad => "smoothgrad",
    Method::Occlusion => "occlusion", Method::Lime => "lime", Method::KernelShap => "kernel_shap",
    Method::PartitionShap => "partition_shap", Method::Attention => "attention",
    Method::AttentionRollout => "attention_rollout", Method::AttentionFlow => "attention_flow",
    Method::AttentionGradient => "attention_gradient", Method::ValueZeroing => "value_zeroing",
});

impl Method {
    /// Whether values can be negative, and so want a diverging colour scale. (Of [`Method::SmoothGrad`] it is said for its
    /// default base.)
    #[must_use]
    pub fn is_signed(self) -> bool {
        self != Self::Saliency && !self.is_of_attention()
    }

    /// Whether it reads attention maps, of one stack of blocks; encoder-decoder models have three.
    #[must_use]
    pub fn is_of_attention(self) -> bool {
        matches!(
            self,
            Self::Attention
                | Self::AttentionRollout
                | Self::AttentionFlow
                | Self::AttentionGradient
                | Self::ValueZeroing
        )
    }

    /// Whether it needs no more than the one run, forward and backward, that every explanation makes.
    #[must_use]
    pub fn is_single_run(self) -> bool {
        matches!(self, Self::Saliency | Self::GradXInput)
    }

    /// Whether it leaves units of the text out, so that [`Parameters::units`] bears on it.
    #[must_use]
    pub fn has_units(self) -> bool {
        matches!(self, Self::Lime | Self::KernelShap | Self::PartitionShap)
    }

    /// The name that people read.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Saliency => "Saliency",
            Self::GradXInput => "Gradient × input",
            Self::IntegratedGradients => "Integrated gradients",
            Self::SmoothGrad => "SmoothGrad",
            Self::Occlusion => "Occlusion",
            Self::Lime => "LIME",
            Self::KernelShap => "Kernel SHAP",
            Self::PartitionShap => "Partition SHAP",
            Self::Attention => "Attention",
            Self::AttentionRollout => "Attention rollout",
            Self::AttentionFlow => "Attention flow",
            Self::AttentionGradient => "Attention × gradient",
            Self::ValueZeroing => "Value zeroing",
        }
    }
}

/// What stands for "nothing there", for [`Method::IntegratedGradients`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Baseline {
    /// Nought for every token, special tokens included.
    #[default]
    Zero,
    /// The mask token in the place of all but special tokens; where there is none, the token for what is unknown, or the
    /// one that ends a text.
    Mask,
    /// The padding token, likewise.
    Pad,
    /// The token for what is unknown, likewise.
    Unk,
    /// The mean of all embeddings, likewise.
    Mean,
}
names!(Baseline, "baseline", {
    Baseline::Zero => "zero", Baseline::Mask => "mask", Baseline::Pad => "pad", Baseline::Unk => "unk",
    Baseline::Mean => "mean",
});

/// What is left out together by methods that leave out parts of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Units {
    /// Each token by itself.
    #[default]
    Token,
    /// The tokens of a word.
    Word,
    /// The tokens of a sentence.
    Sentence,
    /// Each stretch of the text that a person picked ([`Request::selection`](crate::Request::selection)); the rest by words.
    Selection,
}
names!(Units, "kind of unit", {
    Units::Token => "token", Units::Word => "word", Units::Sentence => "sentence", Units::Selection => "selection",
});

/// The tree over a text's units that [`Method::PartitionShap`] goes down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Hierarchy {
    /// Along words, clauses and sentences, as SHAP reads them off punctuation and conjunctions (its `Text` masker's).
    #[default]
    Text,
    /// Halves of halves.
    Balanced,
}
names!(Hierarchy, "hierarchy", { Hierarchy::Text => "text", Hierarchy::Balanced => "balanced" });

/// What methods leave to be chosen. Each is at its reference's default where nothing is said. Written as
/// `steps=20 units=word`: what differs from that alone, so that a link stays short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Where [`Method::IntegratedGradients`] begins.
    pub baseline: Baseline,
    /// How many points of the line it goes through.
    pub steps: u32,
    /// How many copies [`Method::SmoothGrad`] makes (5 where there is none), or how many texts [`Method::Lime`] draws (5000).
    pub samples: Option<u32>,
    /// How many texts [`Method::Lime`] draws, where that is another number than `samples`.
    pub lime_samples: Option<u32>,
    /// What [`Method::SmoothGrad`] smooths: saliency, grad_x_input or integrated_gradients.
    pub base: Method,
    /// Its noise: the standard deviation in percent of the greatest embedding entry less the least.
    pub noise: u32,
    /// How many texts [`Method::PartitionShap`] asks about.
    pub evaluations: u32,
    /// The tree that it goes down.
    pub hierarchy: Hierarchy,
    /// What is left out together.
    pub units: Units,
    /// The layer of [`Method::Attention`] and [`Method::ValueZeroing`], counted from 0: the last one, and all one after the
    /// other, where there is none.
    pub layer: Option<u32>,
    /// Their head in that layer: the mean over all heads, and all at once, where there is none.
    pub head: Option<u32>,
    /// What random numbers begin with.
    pub seed: u64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            baseline: Baseline::Zero,
            steps: 50,
            samples: None,
            lime_samples: None,
            base: Method::GradXInput,
            noise: 10,
            evaluations: 500,
            hierarchy: Hierarchy::Text,
            units: Units::Token,
            layer: None,
            head: None,
            seed: 0,
        }
    }
}

impl Parameters {
    /// Whether nothing was chosen.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Keeps work within bounds, whoever asks for it.
    ///
    /// # Errors
    /// [`RequestError::OutOfBounds`] says which number is, [`RequestError::UnknownName`] that a method cannot be smoothed.
    pub fn validate(&self) -> Result<(), RequestError> {
        let bounds = [
            ("The number of steps", self.steps, 1, 1000),
            ("The number of samples", self.samples.unwrap_or(1), 1, 20_000),
            ("The number of LIME’s samples", self.lime_samples.unwrap_or(1), 1, 20_000),
            ("The noise in percent", self.noise, 0, 1000),
            ("The number of evaluations", self.evaluations, 2, 20_000),
        ];
        for (what, given, least, most) in bounds {
            if !(least..=most).contains(&given) {
                return Err(RequestError::OutOfBounds { what, given, least, most });
            }
        }
        if self.base.is_single_run() || self.base == Method::IntegratedGradients {
            return Ok(());
        }
        let known = "saliency, grad_x_input, integrated_gradients".to_owned();
        Err(RequestError::UnknownName {
            what: "method that can be smoothed",
            given: self.base.name().to_owned(),
            known,
        })
    }
}

impl fmt::Display for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let default = Self::default();
        let mut gap = "";
        let mut tell = |is_said: bool, name: &str, value: &dyn fmt::Display| {
            if is_said {
                write!(f, "{gap}{name}={value}")?;
                gap = " ";
            }
            Ok(())
        };
        tell(self.baseline != default.baseline, "baseline", &self.baseline)?;
        tell(self.steps != default.steps, "steps", &self.steps)?;
        tell(self.samples.is_some(), "samples", &self.samples.unwrap_or_default())?;
        tell(self.lime_samples.is_some(), "lime_samples", &self.lime_samples.unwrap_or_default())?;
        tell(self.base != default.base, "base", &self.base)?;
        tell(self.noise != default.noise, "noise", &self.noise)?;
        tell(self.evaluations != default.evaluations, "evaluations", &self.evaluations)?;
        tell(self.hierarchy != default.hierarchy, "hierarchy", &self.hierarchy)?;
        tell(self.units != default.units, "units", &self.units)?;
        tell(self.layer.is_some(), "layer", &self.layer.unwrap_or_default())?;
        tell(self.head.is_some(), "head", &self.head.unwrap_or_default())?;
        tell(self.seed != default.seed, "seed", &self.seed)
    }
}

impl FromStr for Parameters {
    type Err = RequestError;

    fn from_str(given: &str) -> Result<Self, RequestError> {
        let unknown = |part: &str| RequestError::UnknownName {
            what: "parameter with a value",
            given: part.chars().take(60).collect(),
            known:
                "baseline, steps, samples, lime_samples, base, noise, evaluations, hierarchy, units, layer, head, seed"
                    .to_owned(),
        };
        let mut read = Self::default();
        for part in given.split_whitespace() {
            let (name, value) = part.split_once('=').ok_or_else(|| unknown(part))?;
            let number = || value.parse::<u32>().map_err(|_| unknown(part));
            match name {
                "baseline" => read.baseline = value.parse()?,
                "steps" => read.steps = number()?,
                "samples" => read.samples = Some(number()?),
                "lime_samples" => read.lime_samples = Some(number()?),
                "base" => read.base = value.parse()?,
                "noise" => read.noise = number()?,
                "evaluations" => read.evaluations = number()?,
                "hierarchy" => read.hierarchy = value.parse()?,
                "units" => read.units = value.parse()?,
                "layer" => read.layer = Some(number()?),
                "head" => read.head = Some(number()?),
                "seed" => read.seed = value.parse().map_err(|_| unknown(part))?,
                _ => return Err(unknown(part)),
            }
        }
        Ok(read)
    }
}

impl Serialize for Parameters {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Parameters {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_bounded_and_short_where_nothing_is_said() {
        assert!(Parameters::default().is_default());
        assert_eq!(Parameters::default().validate(), Ok(()));
        let read: Parameters = "steps=20 base=saliency".parse().unwrap();
        assert_eq!(read, Parameters { steps: 20, base: Method::Saliency, ..Parameters::default() });
        let all = "baseline=mean steps=3 samples=7 lime_samples=9 base=saliency noise=25 evaluations=9 hierarchy=balanced units=word layer=2 head=1 seed=18446744073709551615";
        let every: Parameters = all.parse().unwrap();
        assert_eq!((every.to_string().as_str(), Parameters::default().to_string().as_str()), (all, ""));
        assert_eq!(serde_json::from_str::<Parameters>(&serde_json::to_string(&every).unwrap()).unwrap(), every);
        for bad in ["steps", "steps=x", "pace=3", "units=line", "seed=-1"] {
            assert!(bad.parse::<Parameters>().is_err(), "{bad}");
        }
        for bad in [
            Parameters { steps: 0, ..read },
            Parameters { steps: 1001, ..read },
            Parameters { samples: Some(1_000_000), ..read },
            Parameters { lime_samples: Some(0), ..read },
            Parameters { noise: 1001, ..read },
            Parameters { evaluations: 1, ..read },
            Parameters { base: Method::SmoothGrad, ..read },
        ] {
            assert!(bad.validate().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_method_is_written_as_it_is_named() {
        for method in Method::ALL {
            assert_eq!(serde_json::to_value(method).unwrap(), method.name());
        }
    }
}
