//! Several methods side by side: which there are, and when an answer is about the question on the page.

use std::collections::BTreeMap;
use std::sync::Arc;

use headlight_document::{
    AttentionDetail, Attribution, Explanation, Intervention, Measure, Method, Parameters, Request, Task,
};
use headlight_statistics::{Plausibility, plausibility};

use super::marks::{self, Mark};

/// Methods of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// What they have in common.
    pub title: &'static str,
    /// The methods.
    pub methods: &'static [Method],
}

/// Every method, in the order in which they are shown.
pub const GROUPS: &[Group] = &[
    Group {
        title: "methods.group.gradients",
        methods: &[Method::Saliency, Method::GradXInput, Method::IntegratedGradients, Method::SmoothGrad],
    },
    Group {
        title: "methods.group.leaving_out",
        methods: &[Method::Occlusion, Method::Lime, Method::KernelShap, Method::PartitionShap],
    },
    Group {
        title: "methods.group.attention",
        methods: &[
            Method::Attention,
            Method::AttentionRollout,
            Method::AttentionFlow,
            Method::AttentionGradient,
            Method::ValueZeroing,
        ],
    },
];

/// What is ticked before anybody ticked anything.
pub const TICKED: &[Method] = &[Method::Saliency, Method::GradXInput, Method::IntegratedGradients, Method::Occlusion];

/// What is measured before anybody chose.
pub const MEASURED: &[Measure] = &[Measure::Curves, Measure::Erasure];

/// Whether a method can be had for a task: those of attention read one stack of blocks, and a translator has two.
#[must_use]
pub fn is_offered(method: Method, task: Task) -> bool {
    !(method.is_of_attention() && task == Task::Translate)
}

/// Ticks something, or takes its tick away; `all` says in which order ticks are kept.
pub fn toggle<T: Copy + PartialEq>(ticked: &mut Vec<T>, one: T, all: &[T]) {
    let is_ticked = |other: &T| ticked.contains(other) != (*other == one);
    *ticked = all.iter().copied().filter(is_ticked).collect();
}

/// An answer to a comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// The document.
    pub document: Arc<Explanation>,
    /// The question.
    pub request: Request,
}

/// Whether two questions are about the same number of the same model on the same text, however it is explained.
#[must_use]
pub fn same_subject(a: &Request, b: &Request) -> bool {
    let subject = |request: &Request| Request {
        methods: Vec::new(),
        parameters: Parameters::default(),
        selection: Vec::new(),
        measures: Vec::new(),
        layers: false,
        heads: Vec::new(),
        patch: None,
        texts: Vec::new(),
        intervention: Intervention::default(),
        attention: AttentionDetail::None,
        ..request.clone()
    };
    subject(a) == subject(b)
}

/// What a document on the same question would be with these attributions alone: an estimate of a comparison.
#[must_use]
pub fn estimated(document: &Explanation, attributions: Vec<Attribution>) -> Explanation {
    Explanation {
        schema: document.schema.clone(),
        model: document.model.clone(),
        input: document.input.clone(),
        output: document.output.clone(),
        target: document.target.clone(),
        warnings: document.warnings.clone(),
        attributions,
        agreement: Vec::new(),
        faithfulness: None,
        layers: Vec::new(),
        heads: None,
        changed: None,
        written: None,
        attention: Vec::new(),
        timing_ms: BTreeMap::new(),
        request: None,
    }
}

/// How the rows of a comparison agree with a person's marks, one entry a method; none where nothing is marked.
#[must_use]
pub fn plausible(document: &Explanation, marks: &[Mark]) -> Vec<Option<Plausibility>> {
    let places = document.input.places();
    let marked = marks::marked(&places, marks);
    let ranked: Vec<usize> =
        (0..places.len()).filter(|&at| document.input.tokens.get(at).is_some_and(|token| !token.special)).collect();
    let marked: Vec<bool> = ranked.iter().map(|&at| marked.get(at).copied().unwrap_or_default()).collect();
    let of = |values: &[f64]| {
        let values: Vec<f64> = ranked.iter().filter_map(|&at| values.get(at).copied()).collect();
        plausibility(&values, &marked)
    };
    document.attributions.iter().map(|attribution| of(&attribution.values)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_is_in_one_group() {
        let all: Vec<Method> = GROUPS.iter().flat_map(|group| group.methods).copied().collect();
        assert_eq!(all.len(), Method::ALL.len());
        assert!(Method::ALL.iter().all(|method| all.contains(method)));
        assert!(GROUPS[2].methods.iter().all(|method| method.is_of_attention()));
        assert!(!is_offered(Method::Attention, Task::Translate) && is_offered(Method::Lime, Task::Translate));
    }

    #[test]
    fn ticks_stay_in_order() {
        let mut ticked = TICKED.to_vec();
        toggle(&mut ticked, Method::SmoothGrad, Method::ALL);
        toggle(&mut ticked, Method::Saliency, Method::ALL);
        assert_eq!(ticked, [Method::GradXInput, Method::IntegratedGradients, Method::SmoothGrad, Method::Occlusion]);
    }

    #[test]
    fn how_a_text_is_explained_is_no_other_subject() {
        let one = Request::new("sentiment", Task::Classify, "good");
        let mut other = one.clone();
        other.methods = vec![Method::Lime];
        other.measures = MEASURED.to_vec();
        other.parameters.steps = 3;
        other.layers = true;
        assert!(same_subject(&one, &other));
        other.read = headlight_document::Read::Prob;
        assert!(!same_subject(&one, &other));
    }
}
