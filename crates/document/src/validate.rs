//! Whether a document that somebody hands over is one: every list as long as it must be, every number a number, nothing
//! larger than a page can show. Who draws a document that passes may rely on that.

use thiserror::Error;

use crate::explanation::{Attention, AttentionSummary, Attribution, Explanation, SCHEMA};
use crate::faithfulness::Faithfulness;
use crate::heads::{Ablation, HeadValues, Heads, Profile};
use crate::request::{MAX_METHODS, MAX_TEXT_BYTES};

/// The most tokens of a text, and the most that a model wrote.
pub const MAX_TOKENS: usize = 8192;

/// The most layers, and the most heads a layer.
pub const MAX_LAYERS: usize = 512;

/// The most candidates, spans and warnings.
const MAX_LISTED: usize = 1000;

/// The longest piece of text beside the input's own: a name, a sentence, a prompt.
pub(crate) const MAX_PIECE_BYTES: usize = 4 * MAX_TEXT_BYTES;

/// What is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// Made by a later Headlight, or by something else.
    #[error("it is of the schema “{given}”, and this version of Headlight reads {SCHEMA}")]
    Schema {
        /// What it says of itself, cut.
        given: String,
    },
    /// A list has another length than what it belongs to.
    #[error("its {what} has {given} entries where there must be {wanted}")]
    Length {
        /// Which list.
        what: &'static str,
        /// How long it is.
        given: usize,
        /// How long it must be.
        wanted: usize,
    },
    /// More than can be shown.
    #[error("its {what} is larger than can be shown")]
    TooLarge {
        /// What.
        what: &'static str,
    },
    /// Infinite, or no number at all.
    #[error("its {what} has something in it that is no number")]
    NoNumber {
        /// Which list.
        what: &'static str,
    },
    /// It speaks of a token, a head or an attribution that is not there.
    #[error("its {what} speaks of something that it does not have")]
    Nowhere {
        /// What speaks of it.
        what: &'static str,
    },
}

pub(crate) fn length(what: &'static str, given: usize, wanted: usize) -> Result<(), DocumentError> {
    if given == wanted { Ok(()) } else { Err(DocumentError::Length { what, given, wanted }) }
}

pub(crate) fn at_most(what: &'static str, given: usize, most: usize) -> Result<(), DocumentError> {
    if given <= most { Ok(()) } else { Err(DocumentError::TooLarge { what }) }
}

pub(crate) fn numbers<'a>(what: &'static str, all: impl IntoIterator<Item = &'a f64>) -> Result<(), DocumentError> {
    if all.into_iter().all(|one| one.is_finite()) { Ok(()) } else { Err(DocumentError::NoNumber { what }) }
}

fn weights(what: &'static str, all: &[f32]) -> Result<(), DocumentError> {
    if all.iter().all(|one| one.is_finite()) { Ok(()) } else { Err(DocumentError::NoNumber { what }) }
}

pub(crate) fn there(what: &'static str, is_there: bool) -> Result<(), DocumentError> {
    if is_there { Ok(()) } else { Err(DocumentError::Nowhere { what }) }
}

impl Explanation {
    /// Checks a document that nobody vouches for.
    ///
    /// # Errors
    /// Says what is wrong with it first.
    pub fn validate(&self) -> Result<(), DocumentError> {
        if self.schema != SCHEMA {
            return Err(DocumentError::Schema { given: self.schema.chars().take(60).collect() });
        }
        self.validate_texts()?;
        self.validate_answer()?;
        let tokens = self.input.tokens.len();
        at_most("list of methods", self.attributions.len(), 2 * MAX_METHODS)?;
        for attribution in &self.attributions {
            attribution.validate(tokens, self.output.tokens.len())?;
        }
        at_most("attention", self.attention.len(), 3)?;
        for attention in &self.attention {
            attention.validate()?;
        }
        for agreement in &self.agreement {
            there("agreement", agreement.pair.iter().all(|&at| at < self.attributions.len()))?;
            numbers("agreement", agreement.spearman.iter().chain(&agreement.top_3))?;
        }
        if let Some(changed) = &self.changed {
            there("changed model", changed.intervention.is_bounded())?;
            at_most("changed answer", changed.top.len(), MAX_LISTED)?;
            numbers(
                "changed answer",
                changed.top.iter().flat_map(|one| [&one.logit, &one.prob]).chain([&changed.value]),
            )?;
        }
        if let Some(faithfulness) = &self.faithfulness {
            faithfulness.validate(tokens + self.output.tokens.len(), self.attributions.len())?;
        }
        for layers in &self.layers {
            at_most("layers", layers.layers.max(layers.heads), MAX_LAYERS)?;
            at_most("layers", layers.tokens, MAX_TOKENS)?;
            length("layers’ values", layers.outputs.len(), layers.layers * layers.tokens)?;
            length("heads’ values", layers.z.len(), layers.layers * layers.heads * layers.tokens)?;
            weights("layers’ values", &layers.outputs)?;
            weights("heads’ values", &layers.z)?;
        }
        if let Some(written) = &self.written {
            written.validate()?;
        }
        if self.heads.is_some() {
            let heads = self.heads().ok_or(DocumentError::Nowhere { what: HEADS })?;
            heads.validate()?;
        }
        numbers("times", self.timing_ms.values())?;
        if let Some(request) = &self.request {
            there("question", request.validate().is_ok())?;
        }
        Ok(())
    }

    fn validate_texts(&self) -> Result<(), DocumentError> {
        let model = &self.model;
        at_most("model", model.layers.max(model.heads).max(model.key_value_heads), MAX_LAYERS)?;
        let input = &self.input;
        at_most("list of tokens", input.tokens.len(), MAX_TOKENS)?;
        at_most("answer", self.output.tokens.len(), MAX_TOKENS)?;
        let names = [&model.id, &model.title, &model.sha256, &model.family, &model.license, &model.device];
        at_most("model’s name", names.iter().map(|name| name.len()).sum(), 4000)?;
        let texts =
            std::iter::once(&input.text).chain(&input.second_text).chain(&input.prompt).chain(&self.output.text);
        at_most("text", texts.map(String::len).max().unwrap_or(0), MAX_PIECE_BYTES)?;
        let pieces =
            input.tokens.iter().map(|token| &token.text).chain(self.output.tokens.iter().map(|token| &token.text));
        at_most("list of tokens", pieces.map(String::len).sum(), 4 * MAX_PIECE_BYTES)?;
        for token in &input.tokens {
            let is_piece = token.source < 2 && token.start <= token.end && token.end <= MAX_PIECE_BYTES;
            there("list of tokens", is_piece && token.word.is_none_or(|word| word < MAX_TOKENS))?;
        }
        at_most("list of warnings", self.warnings.len(), MAX_LISTED)?;
        at_most("list of warnings", self.warnings.iter().map(String::len).sum(), MAX_PIECE_BYTES)
    }

    fn validate_answer(&self) -> Result<(), DocumentError> {
        let (output, target) = (&self.output, &self.target);
        let tokens = self.input.tokens.len();
        at_most("answer", output.top.len().max(output.spans.len()).max(self.agreement.len()), MAX_LISTED)?;
        let names = output.top.iter().map(|one| &one.text).chain(output.spans.iter().map(|one| &one.text));
        let labels = output.labels.iter().map(|one| &one.label).chain([&target.text]);
        at_most("answer", names.chain(labels).map(String::len).sum(), MAX_PIECE_BYTES)?;
        if !output.labels.is_empty() {
            length("list of labels", output.labels.len(), tokens)?;
        }
        let pairs = output.top.iter().flat_map(|one| [&one.logit, &one.prob]);
        let spans = output.spans.iter().flat_map(|one| [&one.logit, &one.prob]);
        let probs = output.tokens.iter().map(|one| &one.prob).chain(output.labels.iter().map(|one| &one.prob));
        numbers("answer", pairs.chain(spans).chain(probs).chain([&target.value]))?;
        there("answer", output.spans.iter().all(|span| span.start <= span.end && span.end < tokens))?;
        let places = tokens.max(output.tokens.len());
        there("target", target.position.iter().chain(&target.end).all(|&at| at <= places))
    }
}

impl Attribution {
    fn validate(&self, tokens: usize, written: usize) -> Result<(), DocumentError> {
        length("list of values", self.values.len(), tokens)?;
        numbers("list of values", &self.values)?;
        if let Some(errors) = &self.standard_errors {
            length("list of standard errors", errors.len(), tokens)?;
            numbers("list of standard errors", errors)?;
        }
        if let Some(values) = &self.output_values {
            at_most("list of values", values.len(), written)?;
            numbers("list of values", values)?;
        }
        let units = self.units.iter().flatten();
        there("list of units", units.clone().flatten().all(|&at| at < tokens + written))?;
        at_most("list of units", units.clone().map(Vec::len).sum::<usize>().max(units.count()), 2 * MAX_TOKENS)?;
        at_most("method’s parameters", self.parameters.len(), 100)?;
        let checks = &self.checks;
        let figures = [checks.baseline_value, checks.completeness_error, checks.r2, checks.share];
        numbers("checks", figures.iter().flatten().chain([&checks.target_value]))?;
        at_most("checks", checks.distrust.as_ref().map_or(0, String::len), MAX_PIECE_BYTES)
    }
}

impl Attention {
    fn validate(&self) -> Result<(), DocumentError> {
        let what = "attention";
        at_most(what, self.layers.max(self.heads), MAX_LAYERS)?;
        at_most(what, self.rows.max(self.columns), MAX_TOKENS)?;
        let heads = self.layers * self.heads;
        // At most 2⁴⁴, which overflows where a number has 32 bits.
        let size = |rows: usize, columns: usize| heads.checked_mul(rows * columns);
        let too_large = DocumentError::TooLarge { what };
        if let Some(values) = &self.values {
            length(what, values.len(), size(self.rows, self.columns).ok_or(too_large.clone())?)?;
            weights(what, values)?;
        }
        if let Some(overview) = &self.overview {
            let is_small = overview.rows <= self.rows && overview.columns <= self.columns;
            there("overview of attention", is_small)?;
            length(
                "overview of attention",
                overview.values.len(),
                size(overview.rows, overview.columns).ok_or(too_large)?,
            )?;
            weights("overview of attention", &overview.values)?;
        }
        if let Some(summary) = &self.summary {
            summary.validate(heads, self.columns)?;
        }
        Ok(())
    }
}

impl AttentionSummary {
    fn validate(&self, heads: usize, columns: usize) -> Result<(), DocumentError> {
        let what = "figures of attention";
        for list in [&self.entropy, &self.distance] {
            length(what, list.len(), heads)?;
            weights(what, list)?;
        }
        for (list, wanted) in [(&self.peak, heads), (&self.alignment, heads), (&self.received, columns)] {
            if !list.is_empty() {
                length(what, list.len(), wanted)?;
            }
            weights(what, list)?;
        }
        Ok(())
    }
}

impl Faithfulness {
    fn validate(&self, tokens: usize, attributions: usize) -> Result<(), DocumentError> {
        let what = "measurements";
        there(what, self.tokens.iter().all(|&at| at < tokens))?;
        at_most(what, self.tokens.len(), MAX_TOKENS)?;
        at_most(what, self.replacement.len(), MAX_PIECE_BYTES)?;
        length(what, self.methods.len(), attributions)?;
        numbers(what, [&self.value, &self.empty_value])?;
        let points = self.tokens.len() + 1;
        if let Some(random) = &self.random {
            for band in [&random.deletion, &random.insertion] {
                for list in [&band.least, &band.mean, &band.greatest] {
                    length("random orders", list.len(), points)?;
                    numbers("random orders", list)?;
                }
                at_most("random orders", band.areas.len(), MAX_TOKENS)?;
                numbers("random orders", &band.areas)?;
            }
            numbers("random orders", random.aopc_comprehensiveness.iter().chain(&random.aopc_sufficiency))?;
        }
        for measured in &self.methods {
            for curve in measured.deletion.iter().chain(&measured.insertion) {
                length("curves", curve.values.len(), points)?;
                numbers("curves", curve.values.iter().chain([&curve.area, &curve.better_than]))?;
            }
            if let Some(erasure) = &measured.erasure {
                for list in [&erasure.comprehensiveness, &erasure.sufficiency] {
                    length(what, list.len(), erasure.tenths.len())?;
                    numbers(what, list)?;
                }
                at_most(what, erasure.tenths.len(), 10)?;
                numbers(what, erasure.aopc_comprehensiveness.iter().chain(&erasure.aopc_sufficiency))?;
            }
            numbers(what, measured.tau_loo.iter().chain(&measured.sensitivity_max).chain(&measured.randomization))?;
            at_most(what, measured.verdicts.iter().map(String::len).sum(), MAX_PIECE_BYTES)?;
        }
        Ok(())
    }
}

/// What is wrong with figures of heads is told in one word: they are a part that a page reads as a whole.
const HEADS: &str = "figures of heads";

impl Heads {
    fn validate(&self) -> Result<(), DocumentError> {
        let Self { profiles, over_texts, lens, direct, ablation, patching, induction } = self;
        profiles.iter().try_for_each(Profile::validate)?;
        ablation.iter().try_for_each(Ablation::validate)?;
        if let Some(over) = over_texts {
            numbers(HEADS, &over.values)?;
            over.profiles.iter().try_for_each(Profile::validate)?;
            over.ablation.iter().try_for_each(Ablation::validate)?;
        }
        if let Some(lens) = lens {
            let points = lens.values.len();
            at_most(HEADS, points, MAX_LAYERS + 1)?;
            numbers(HEADS, lens.values.iter().chain(lens.logits.iter().chain(&lens.log_probs).flatten()))?;
            let lists = lens.logits.iter().chain(&lens.log_probs).map(Vec::len);
            let others = lens.ranks.iter().map(Vec::len).chain(lens.best.iter().map(Vec::len));
            lists.chain(others).try_for_each(|count| length(HEADS, count, points))?;
            at_most(HEADS, lens.best.iter().flatten().map(|one| one.text.len()).sum(), MAX_PIECE_BYTES)?;
        }
        if let Some(direct) = direct {
            direct.heads.iter().try_for_each(HeadValues::validate)?;
            at_most(HEADS, direct.mlps.len().max(direct.recurrence.len()), MAX_LAYERS)?;
            let rest = [&direct.logit, &direct.embedding, &direct.biases, &direct.rest];
            numbers(HEADS, direct.mlps.iter().chain(&direct.recurrence).chain(rest))?;
        }
        if let Some(patching) = patching {
            at_most(HEADS, patching.text.len(), MAX_PIECE_BYTES)?;
            numbers(HEADS, [&patching.value, &patching.other_value])?;
            patching.z.iter().chain(&patching.pattern).try_for_each(HeadValues::validate)?;
            for residual in &patching.residual {
                at_most(HEADS, residual.layers, MAX_LAYERS + 1)?;
                at_most(HEADS, residual.tokens, MAX_TOKENS)?;
                length(HEADS, residual.values.len(), residual.layers * residual.tokens)?;
                numbers(HEADS, &residual.values)?;
            }
        }
        induction.iter().try_for_each(|induction| induction.scores.validate())
    }
}

impl Profile {
    fn validate(&self) -> Result<(), DocumentError> {
        at_most(HEADS, self.layers.max(self.heads), MAX_LAYERS)?;
        length(HEADS, self.values.len(), self.layers * self.heads)?;
        for head in &self.values {
            let shares = [
                head.distance,
                head.previous,
                head.next,
                head.same,
                head.first,
                head.special,
                head.duplicate,
                head.induction,
            ];
            numbers(HEADS, shares.iter().flatten().chain([&head.entropy, &head.importance]))?;
            at_most(HEADS, head.labels.len(), 8)?;
        }
        Ok(())
    }
}

impl Ablation {
    fn validate(&self) -> Result<(), DocumentError> {
        numbers(HEADS, [&self.factor, &self.value])?;
        self.heads.iter().try_for_each(HeadValues::validate)?;
        for mlps in &self.mlps {
            at_most(HEADS, mlps.values.len(), MAX_LAYERS)?;
            numbers(HEADS, &mlps.values)?;
        }
        Ok(())
    }
}

impl HeadValues {
    fn validate(&self) -> Result<(), DocumentError> {
        at_most(HEADS, self.layers.max(self.heads), MAX_LAYERS)?;
        length(HEADS, self.values.len(), self.layers * self.heads)?;
        numbers(HEADS, &self.values)
    }
}
