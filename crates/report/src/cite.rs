//! A paragraph for a paper's section on methods, and BibTeX for what it cites.

use headlight_document::{Attribution, Explanation, Faithfulness, Measured, Method};

use crate::format::number;
pub use crate::references::LIBRARY;
use crate::references::{self as papers, Reference};
use crate::{Texts, VERSION, words};

/// Where a method comes from.
fn origin(method: Method) -> &'static [Reference] {
    match method {
        Method::Saliency => &[papers::SIMONYAN],
        Method::GradXInput => &[papers::SHRIKUMAR],
        Method::IntegratedGradients => &[papers::SUNDARARAJAN],
        Method::SmoothGrad => &[papers::SMILKOV],
        Method::Occlusion => &[papers::ZEILER],
        Method::Lime => &[papers::RIBEIRO],
        Method::KernelShap => &[papers::LUNDBERG],
        Method::PartitionShap => &[papers::OWEN, papers::LUNDBERG],
        Method::Attention => &[papers::JAIN],
        Method::AttentionRollout | Method::AttentionFlow => &[papers::ABNAR],
        Method::AttentionGradient => &[papers::CHEFER],
        Method::ValueZeroing => &[papers::MOHEBBI],
    }
}

/// A text in the making, with what it cites.
struct Cited<'a> {
    texts: Texts<'a>,
    text: String,
    cited: Vec<Reference>,
}

impl Cited<'_> {
    /// Names papers in brackets.
    fn cite(&mut self, papers: &[Reference]) -> String {
        for paper in papers {
            if !self.cited.contains(paper) {
                self.cited.push(*paper);
            }
        }
        let named: Vec<&str> = papers.iter().map(|paper| paper.cited).collect();
        self.texts.fill("cite", &[&named.join(self.texts.say("cite.then"))])
    }

    /// Says something with the papers that it comes from.
    fn say(&mut self, key: &str, papers: &[Reference]) {
        let cited = self.cite(papers);
        self.text.push_str(&self.texts.fill(key, &[&cited]));
    }
}

fn paragraph_of<'a>(document: &Explanation, texts: Texts<'a>) -> Cited<'a> {
    let mut all = Cited { texts, text: String::new(), cited: Vec::new() };
    let (model, target) = (&document.model, &document.target);
    let hash = if model.sha256.is_empty() { texts.say("paper.hash.unknown") } else { &model.sha256 };
    let contrast = if target.foil.is_some() { all.cite(&[papers::YIN]) } else { String::new() };
    all.text = texts.fill(
        "paper.model",
        &[
            &model.title,
            &model.id,
            &model.family,
            &model.layers,
            &model.heads,
            &hash,
            &model.license,
            &VERSION,
            &model.device,
            &document.input.tokens.len(),
            &words::target(document, texts),
            &contrast,
            &number(target.value),
        ],
    );
    for attribution in &document.attributions {
        method_of(&mut all, attribution);
    }
    if let Some(found) = &document.faithfulness {
        faithfulness(&mut all, found);
    }
    if !document.layers.is_empty() {
        all.text.push_str(texts.say("paper.layers"));
    }
    heads(&mut all, document);
    if !document.attention.is_empty() {
        all.say("paper.attention", &[papers::VIG]);
    }
    all
}

fn method_of(all: &mut Cited<'_>, attribution: &Attribution) {
    let (texts, method, checks) = (all.texts, attribution.method, &attribution.checks);
    let mut more = String::new();
    let parameters = words::parameters(attribution, texts);
    if !parameters.is_empty() {
        more.push_str(&texts.fill("paper.method.parameters", &[&parameters]));
    }
    if let Some(error) = checks.completeness_error {
        more.push_str(&texts.fill("paper.method.off", &[&number(error)]));
    }
    if let Some(r2) = checks.r2 {
        more.push_str(&texts.fill("paper.method.r2", &[&format_args!("{r2:.2}")]));
    }
    let cited = all.cite(origin(method));
    let what = format!("what.{}", method.name());
    all.text.push_str(&texts.fill("paper.method", &[&texts.method(method), &cited, &texts.say(&what), &more]));
    if let Some(distrust) = &checks.distrust {
        all.text.push_str(&texts.fill("paper.method.distrust", &[&texts.heard(distrust)]));
    }
}

fn faithfulness(all: &mut Cited<'_>, found: &Faithfulness) {
    let texts = all.texts;
    let has = |is: fn(&Measured) -> bool| found.methods.iter().any(is);
    let measures: [(bool, &str, &[Reference]); 5] = [
        (
            has(|one| one.deletion.is_some() || one.insertion.is_some()),
            "paper.faithful.curves",
            &[papers::SAMEK, papers::PETSIUK],
        ),
        (has(|one| one.erasure.is_some()), "paper.faithful.erasure", &[papers::DEYOUNG]),
        (has(|one| one.tau_loo.is_some()), "paper.faithful.tau", &[papers::ATTANASIO]),
        (has(|one| one.sensitivity_max.is_some()), "paper.faithful.sensitivity", &[papers::YEH]),
        (has(|one| one.randomization.is_some()), "paper.faithful.untrained", &[papers::ADEBAYO]),
    ];
    let mut told = Vec::new();
    for (_, key, by) in measures.into_iter().filter(|(is_there, ..)| *is_there) {
        let cited = all.cite(by);
        told.push(texts.fill(key, &[&cited]));
    }
    let told = told.join(texts.say("paper.faithful.then"));
    let random = found
        .random
        .as_ref()
        .map_or_else(String::new, |random| texts.fill("paper.faithful.random", &[&random.orders, &random.seed]));
    all.text.push_str(&texts.fill("paper.faithful", &[&found.replacement, &found.evaluations, &told, &random]));
}

fn heads(all: &mut Cited<'_>, document: &Explanation) {
    let Some(found) = document.heads() else { return };
    let parts: [(bool, &str, &[Reference]); 6] = [
        (!found.profiles.is_empty(), "paper.profile", &[papers::CLARK, papers::BELINKOV, papers::MICHEL]),
        (found.lens.is_some(), "paper.lens", &[papers::LENS]),
        (found.direct.is_some(), "paper.direct", &[papers::ELHAGE]),
        (found.ablation.is_some(), "paper.ablation", &[papers::MICHEL]),
        (found.patching.is_some(), "paper.patching", &[papers::MENG]),
        (found.induction.is_some(), "paper.induction", &[papers::OLSSON]),
    ];
    for (_, key, by) in parts.into_iter().filter(|(is_there, ..)| *is_there) {
        all.say(key, by);
    }
}

/// Says in one paragraph what was done: the model with its hash, the target, each method with its parameters, measures, and
/// where they come from.
#[must_use]
pub fn paragraph(document: &Explanation, texts: Texts<'_>) -> String {
    paragraph_of(document, texts).text
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
    for entry in paragraph_of(document, Texts::english()).cited.into_iter().filter_map(|paper| paper.entry(library)) {
        entries.push('\n');
        entries.push_str(entry);
        entries.push('\n');
    }
    entries
}
