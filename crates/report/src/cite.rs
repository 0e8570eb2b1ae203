//! A paragraph for a paper's section on methods, and BibTeX for what it cites.

use std::fmt::Write;

use headlight_document::{Attribution, Explanation, Faithfulness, Method};

use crate::format::number;
pub use crate::references::LIBRARY;
use crate::references::{self as papers, Reference};
use crate::{VERSION, words};

/// What a method is, for who has not heard of it, and where it comes from.
fn method(method: Method) -> (&'static str, Reference) {
    match method {
        Method::Saliency => ("the L2 norm of the target’s gradient at its embedding", papers::SIMONYAN),
        Method::GradXInput => {
            ("the inner product of its embedding with the target’s gradient there", papers::SHRIKUMAR)
        }
        Method::IntegratedGradients => (
            "the gradient integrated along the straight line from a baseline to its embedding, times their difference",
            papers::SUNDARARAJAN,
        ),
        Method::SmoothGrad => {
            ("the mean of another method’s values over noisy copies of the embeddings", papers::SMILKOV)
        }
        Method::Occlusion => ("the change of the target when it is replaced", papers::ZEILER),
        Method::Lime => ("its weight in a linear model fitted to texts with units replaced", papers::RIBEIRO),
        Method::KernelShap => ("its Shapley value among units that are there or replaced", papers::LUNDBERG),
        Method::PartitionShap => ("its Owen value over a hierarchy of the text’s units", papers::OWEN),
        Method::Attention => ("the attention that it gets, which need not say what an answer rests on", papers::JAIN),
        Method::AttentionRollout => ("its share of attention multiplied through all layers", papers::ABNAR),
        Method::AttentionFlow => ("the greatest flow that can reach it through all layers’ attention", papers::ABNAR),
        Method::AttentionGradient => {
            ("its share of attention times gradient, multiplied through all layers", papers::CHEFER)
        }
        Method::ValueZeroing => {
            ("how much the representation that is read changes without its value vectors", papers::MOHEBBI)
        }
    }
}

/// A text in the making, with what it cites.
#[derive(Default)]
struct Cited {
    text: String,
    cited: Vec<Reference>,
}

impl Cited {
    fn say(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Names papers in brackets.
    fn cite(&mut self, papers: &[Reference]) {
        let named: Vec<&str> = papers.iter().map(|paper| paper.cited).collect();
        // Writing to a string cannot fail.
        let _ = write!(self.text, " ({})", named.join("; "));
        for paper in papers {
            if !self.cited.contains(paper) {
                self.cited.push(*paper);
            }
        }
    }
}

fn paragraph_of(document: &Explanation) -> Cited {
    let mut all = Cited::default();
    let (model, target) = (&document.model, &document.target);
    all.say(&format!(
        "We explained {title} ({id}; family {family}, {layers} layers of {heads} heads; SHA-256 of its weights {hash}; licence \
         {license}) with Headlight {VERSION}, which ran it on the device “{device}”. The text was cut into {tokens} tokens, \
         special tokens included. What is explained is {what}",
        title = model.title,
        id = model.id,
        family = model.family,
        layers = model.layers,
        heads = model.heads,
        hash = if model.sha256.is_empty() { "not known" } else { &model.sha256 },
        license = model.license,
        device = model.device,
        tokens = document.input.tokens.len(),
        what = words::target(document),
    ));
    if target.foil.is_some() {
        all.cite(&[papers::YIN]);
    }
    all.say(&format!("; its value is {}.", number(target.value)));
    for attribution in &document.attributions {
        method_of(&mut all, attribution);
    }
    if let Some(found) = &document.faithfulness {
        faithfulness(&mut all, found);
    }
    if !document.layers.is_empty() {
        all.say(" Gradient × activation was taken at each layer’s output and in each head.");
    }
    heads(&mut all, document);
    if !document.attention.is_empty() {
        all.say(" Attention weights are those of every layer and head after the softmax, drawn after BertViz");
        all.cite(&[papers::VIG]);
        all.say(".");
    }
    all
}

fn method_of(all: &mut Cited, attribution: &Attribution) {
    let (what, paper) = method(attribution.method);
    all.say(&format!(" {}", attribution.method.title()));
    all.cite(if attribution.method == Method::PartitionShap {
        &[papers::OWEN, papers::LUNDBERG]
    } else {
        std::slice::from_ref(&paper)
    });
    all.say(&format!(" gives each token {what}"));
    let parameters = words::parameters(attribution);
    if !parameters.is_empty() {
        all.say(&format!("; parameters: {parameters}"));
    }
    let checks = &attribution.checks;
    if let Some(error) = checks.completeness_error {
        all.say(&format!("; the values’ sum is {} off what it should be", number(error)));
    }
    if let Some(r2) = checks.r2 {
        all.say(&format!("; R² {r2:.2}"));
    }
    all.say(".");
    if let Some(distrust) = &checks.distrust {
        all.say(&format!(" {distrust}"));
    }
}

fn faithfulness(all: &mut Cited, found: &Faithfulness) {
    let has = |is: fn(&headlight_document::Measured) -> bool| found.methods.iter().any(is);
    all.say(&format!(
        " Faithfulness was measured by the target’s probability, with tokens replaced by “{}” ({} texts):",
        found.replacement, found.evaluations
    ));
    let mut gap = " ";
    let mut measure = |all: &mut Cited, is_there: bool, what: &str, by: &[Reference]| {
        if is_there {
            all.say(gap);
            all.say(what);
            all.cite(by);
            gap = ", ";
        }
    };
    measure(
        all,
        has(|one| one.deletion.is_some() || one.insertion.is_some()),
        "deletion and insertion curves",
        &[papers::SAMEK, papers::PETSIUK],
    );
    measure(all, has(|one| one.erasure.is_some()), "comprehensiveness and sufficiency over tenths", &[papers::DEYOUNG]);
    measure(all, has(|one| one.tau_loo.is_some()), "Kendall’s τ with leaving one token out", &[papers::ATTANASIO]);
    measure(all, has(|one| one.sensitivity_max.is_some()), "the greatest sensitivity to small changes", &[papers::YEH]);
    measure(
        all,
        has(|one| one.randomization.is_some()),
        "rank correlation with an untrained model",
        &[papers::ADEBAYO],
    );
    if let Some(random) = &found.random {
        all.say(&format!(", beside {} random orders (seed {})", random.orders, random.seed));
    }
    all.say(".");
}

fn heads(all: &mut Cited, document: &Explanation) {
    let Some(found) = document.heads() else { return };
    let parts: [(bool, &str, &[Reference]); 6] = [
        (
            !found.profiles.is_empty(),
            " Heads were profiled by where they look and by gradient",
            &[papers::CLARK, papers::BELINKOV, papers::MICHEL],
        ),
        (found.lens.is_some(), " The target was read after each layer by the logit lens", &[papers::LENS]),
        (found.direct.is_some(), " The logit was shared out over what heads and MLPs write", &[papers::ELHAGE]),
        (found.ablation.is_some(), " Each head and each MLP was taken out in turn", &[papers::MICHEL]),
        (found.patching.is_some(), " Activations of another text were patched in", &[papers::MENG]),
        (found.induction.is_some(), " Induction scores were taken on repeated random tokens", &[papers::OLSSON]),
    ];
    for (is_there, what, by) in parts {
        if is_there {
            all.say(what);
            all.cite(by);
            all.say(".");
        }
    }
}

/// Says in one paragraph what was done: the model with its hash, the target, each method with its parameters, measures, and
/// where they come from.
#[must_use]
pub fn paragraph(document: &Explanation) -> String {
    paragraph_of(document).text
}

/// BibTeX entries of Headlight and of every paper that [`paragraph`] cites, which `library` has ([`LIBRARY`]). The year is that of
/// the use, where it is known.
#[must_use]
pub fn bibtex(document: &Explanation, year: Option<&str>, library: &str) -> String {
    let year = year.map_or_else(String::new, |year| format!("  year = {{{year}}},\n"));
    let mut entries = format!(
        "@software{{headlight,\n  title = {{Headlight: what a language model attends to and which words its answer rests on}},\n  \
         author = {{{{Headlight contributors}}}},\n{year}  version = {{{VERSION}}},\n  license = {{MIT OR Apache-2.0}}\n}}\n"
    );
    for entry in paragraph_of(document).cited.into_iter().filter_map(|paper| paper.entry(library)) {
        entries.push('\n');
        entries.push_str(entry);
        entries.push('\n');
    }
    entries
}
