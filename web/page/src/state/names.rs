//! What the page calls what the documents know by a name of their own: methods, measures, their parameters, and why a question
//! cannot be asked.

use headlight_document::{Measure, Method};

use crate::locale::say;

/// A method's name.
#[must_use]
pub fn method(method: Method) -> &'static str {
    match method {
        Method::Saliency => say("names.saliency"),
        Method::GradXInput => say("names.grad_x_input"),
        Method::IntegratedGradients => say("names.integrated_gradients"),
        Method::SmoothGrad => say("names.smoothgrad"),
        Method::Occlusion => say("names.occlusion"),
        Method::Lime => say("names.lime"),
        Method::KernelShap => say("names.kernel_shap"),
        Method::PartitionShap => say("names.partition_shap"),
        Method::Attention => say("names.attention"),
        Method::AttentionRollout => say("names.attention_rollout"),
        Method::AttentionFlow => say("names.attention_flow"),
        Method::AttentionGradient => say("names.attention_gradient"),
        Method::ValueZeroing => say("names.value_zeroing"),
    }
}

/// A measure's name.
#[must_use]
pub fn measure(measure: Measure) -> &'static str {
    match measure {
        Measure::Curves => say("names.curves"),
        Measure::Erasure => say("names.erasure"),
        Measure::TauLoo => say("names.tau_loo"),
        Measure::SensitivityMax => say("names.sensitivity_max"),
        Measure::Randomization => say("names.randomization"),
    }
}

/// What a document's parameter is called; one that the page does not know keeps its name.
#[must_use]
pub fn parameter(name: &str) -> &str {
    match name {
        "base" => say("names.parameter.base"),
        "baseline" => say("names.parameter.baseline"),
        "evaluations" => say("names.parameter.evaluations"),
        "head" => say("names.parameter.head"),
        "hierarchy" => say("names.parameter.hierarchy"),
        "layer" => say("names.parameter.layer"),
        "noise" => say("names.parameter.noise"),
        "replacement" => say("names.parameter.replacement"),
        "samples" => say("names.parameter.samples"),
        "seed" => say("names.parameter.seed"),
        "steps" => say("names.parameter.steps"),
        "units" => say("names.parameter.units"),
        other => other,
    }
}

/// What a parameter's value is called, where it is one of several; anything else stays as it is.
#[must_use]
pub fn option(name: &str) -> &str {
    match name {
        "all" => say("names.option.all"),
        "balanced" => say("names.option.balanced"),
        "grad_x_input" => say("names.option.grad_x_input"),
        "integrated_gradients" => say("names.option.integrated_gradients"),
        "last" => say("names.option.last"),
        "mask" => say("names.option.mask"),
        "mean" => say("names.option.mean"),
        "pad" => say("names.option.pad"),
        "saliency" => say("names.option.saliency"),
        "selection" => say("names.option.selection"),
        "sentence" => say("names.option.sentence"),
        "text" => say("names.option.text"),
        "token" => say("names.option.token"),
        "unk" => say("names.option.unk"),
        "word" => say("names.option.word"),
        "zero" => say("names.option.zero"),
        other => other,
    }
}
