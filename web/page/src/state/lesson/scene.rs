//! What a rule is held against: the learner's own run, as far as it has been computed.

use headlight_document::{
    Attribution, Changed, Curve, Erasure, Explanation, Faithfulness, HeadProfile, Heads, Measured, Neurons,
};

use super::rule::Rule;
use crate::state::form::Form;
use crate::state::format::number;
use crate::state::inside::{products, scores};
use crate::state::pieces::visible;
use crate::state::{attention, heads};

/// What must be there before a rule can be held against the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The model's answer to what the page says now.
    Run,
    /// A head is to be opened.
    Head,
    /// Its weights, which only short texts bring along.
    Weights,
    /// Its queries and keys.
    Neurons,
    /// A token is to be picked.
    Pick,
    /// No such token is in the text.
    Token(String),
    /// It is not among the ten best answers.
    Candidate(String),
    /// A method is to be run, in "Methods, side by side".
    Method(String),
    /// Something is to be measured there.
    Measure,
    /// Figures of heads.
    Profile,
    /// Something is to be changed of the model.
    Changed,
    /// The numbers do not give one, such as a division by nought.
    NoNumber,
}

/// The learner's run.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// What is chosen on the page.
    pub form: &'a Form,
    /// The answer on the page, where it is one to that.
    pub document: Option<&'a Explanation>,
    /// The comparison of methods, where it is about the same.
    pub compared: Option<&'a Explanation>,
    /// What heads do, where that is about the same.
    pub heads: Option<&'a Heads>,
    /// The inside of the open head.
    pub neurons: Option<&'a Neurons>,
    /// What the changed model answers.
    pub changed: Option<&'a Changed>,
}

type Found<T> = Result<T, Missing>;

impl Scene<'_> {
    fn run(&self) -> Found<&Explanation> {
        self.document.ok_or(Missing::Run)
    }

    /// Whether a rule holds.
    ///
    /// # Errors
    /// What must be computed before that can be said.
    pub fn truth(&self, rule: &Rule) -> Found<bool> {
        let Rule::Call(name, takes) = rule else { return Ok(false) };
        let number = |at: usize| takes.get(at).map_or(Err(Missing::NoNumber), |rule| self.number(rule));
        let text = text(takes, 0);
        Ok(match *name {
            "ran" => self.run().is_ok(),
            "top" => self.run()?.output.top.first().is_some_and(|best| best.text.trim() == text.trim()),
            "top_written" => {
                let run = self.run()?;
                run.output.top.first().is_some_and(|best| {
                    let best = best.text.trim();
                    best.chars().any(char::is_alphabetic)
                        && run.input.tokens.iter().any(|token| token.text.trim() == best)
                })
            }
            "above" => number(0)? > number(1)?,
            "below" => number(0)? < number(1)?,
            "near" => (number(0)? - number(1)?).abs() <= number(2)?,
            "same" => self.token(takes.first())? == self.token(takes.get(1))?,
            // What is missing counts only where nothing else decides.
            "all" => self.decide(takes, false)?,
            "any" => self.decide(takes, true)?,
            "not" => !takes.first().map_or(Ok(false), |rule| self.truth(rule))?,
            "head" => {
                let (layer, head) = self.form.head.ok_or(Missing::Head)?;
                number(0)? == layer as f64 && number(1)? == head as f64
            }
            "written" => self.run()?.input.text.contains(text),
            "foil" => self.run()?.target.foil.as_ref().is_some_and(|foil| foil.text.trim() == text.trim()),
            _ => false,
        })
    }

    fn decide(&self, rules: &[Rule], by: bool) -> Found<bool> {
        let mut missing = None;
        for rule in rules {
            match self.truth(rule) {
                Ok(truth) if truth == by => return Ok(by),
                Ok(_) => {}
                Err(what) => missing = missing.or(Some(what)),
            }
        }
        missing.map_or(Ok(!by), Err)
    }

    /// A number of the run.
    ///
    /// # Errors
    /// What must be computed before.
    pub fn number(&self, rule: &Rule) -> Found<f64> {
        let (name, takes) = match rule {
            Rule::Number(number) => return Ok(*number),
            Rule::Text(_) => return Err(Missing::NoNumber),
            Rule::Call(name, takes) => (*name, takes),
        };
        let number = |at: usize| takes.get(at).map_or(Err(Missing::NoNumber), |rule| self.number(rule));
        let token = |at: usize| self.token(takes.get(at));
        let text = |at: usize| text(takes, at);
        let found = match name {
            "probability" => self.candidate(text(0))?.prob,
            "logit" => self.candidate(text(0))?.logit,
            "target" => self.run()?.target.value,
            "changed" => self.changed.ok_or(Missing::Changed)?.value,
            "tokens" => self.run()?.input.tokens.len() as f64,
            "attention" => {
                let at = token(1)?;
                self.row(token(0)?)?.get(at).copied().map(f64::from).ok_or(Missing::Weights)?
            }
            "row" => self.row(token(0)?)?.iter().copied().map(f64::from).sum(),
            "product" => {
                let all = products(self.neurons.ok_or(Missing::Neurons)?, token(0)?, token(1)?);
                all.ok_or(Missing::Neurons)?.into_iter().map(f64::from).sum()
            }
            "score" => {
                let of_query = scores(self.neurons.ok_or(Missing::Neurons)?, token(0)?);
                of_query.get(token(1)?).copied().flatten().map(f64::from).ok_or(Missing::NoNumber)?
            }
            "width" => self.neurons.ok_or(Missing::Neurons)?.width as f64,
            "attribution" => {
                let at = token(1)?;
                self.method(text(0))?.values.get(at).copied().ok_or(Missing::Run)?
            }
            "total" => self.method(text(0))?.values.iter().sum(),
            "spearman" => self.spearman(text(0), text(1))?,
            "comprehensiveness" => self.erased(text(0), |one| one.aopc_comprehensiveness)?,
            "sufficiency" => self.erased(text(0), |one| one.aopc_sufficiency)?,
            "deletion" if text(0) == "random" => {
                let random = self.measured()?.0.random.as_ref().ok_or(Missing::Measure)?;
                mean(&random.deletion.areas)?
            }
            "deletion" => self.curve(text(0))?.area,
            "better" => self.curve(text(0))?.better_than,
            "share" => share(self.profile()?, text(0)).unwrap_or(0.0),
            "heads_above" => {
                let least = number(1)?;
                let all = self.profiles()?.1;
                all.iter().filter(|one| share(one, text(0)).is_some_and(|share| share > least)).count() as f64
            }
            "repeated" => self.by_head(heads::Column::Repeated)?,
            "ablation" => self.by_head(heads::Column::Ablation)?,
            "plus" => number(0)? + number(1)?,
            "minus" => number(0)? - number(1)?,
            "times" => number(0)? * number(1)?,
            "over" => number(0)? / number(1)?,
            "root" => number(0)?.sqrt(),
            "exp" => number(0)?.exp(),
            _ => return Err(Missing::NoNumber),
        };
        if found.is_finite() { Ok(found) } else { Err(Missing::NoNumber) }
    }

    /// The place of a token.
    fn token(&self, rule: Option<&Rule>) -> Found<usize> {
        let tokens = &self.run()?.input.tokens;
        let nth = |text: &str, nth: usize| {
            let mut found = (0..tokens.len()).filter(|&at| tokens[at].text.trim() == text.trim());
            found.nth(nth).ok_or_else(|| Missing::Token(text.to_owned()))
        };
        let (name, takes) = match rule.ok_or(Missing::NoNumber)? {
            Rule::Number(at) => {
                let at = *at as usize;
                return if at < tokens.len() { Ok(at) } else { Err(Missing::Token(at.to_string())) };
            }
            Rule::Text(text) => return nth(text, 0),
            Rule::Call(name, takes) => (*name, takes),
        };
        match name {
            "picked" => self.form.token.filter(|&at| at < tokens.len()).ok_or(Missing::Pick),
            "last" => Ok(tokens.len().saturating_sub(1)),
            "token" => {
                nth(text(takes, 0), takes.get(1).map_or(Ok(1.0), |rule| self.number(rule))?.max(1.0) as usize - 1)
            }
            "before" => self.token(takes.first())?.checked_sub(1).ok_or(Missing::NoNumber),
            "strongest" => self.best(text(takes, 0), f64::abs),
            "greatest" => self.best(text(takes, 0), |value| value),
            "least" => self.best(text(takes, 0), |value| -value),
            "looked_at" => {
                let row = self.row(self.token(takes.first())?)?;
                attention::strongest(row, 1).first().map(|found| found.0).ok_or(Missing::Weights)
            }
            _ => Err(Missing::NoNumber),
        }
    }

    /// The token of which a method's value is greatest, of those that stand for text.
    fn best(&self, method: &str, by: impl Fn(f64) -> f64) -> Found<usize> {
        let tokens = &self.run()?.input.tokens;
        let values = &self.method(method)?.values;
        let ranked = (0..values.len()).rev().filter(|&at| tokens.get(at).is_some_and(|token| !token.special));
        ranked.max_by(|&a, &b| by(values[a]).total_cmp(&by(values[b]))).ok_or(Missing::Run)
    }

    fn candidate(&self, text: &str) -> Found<&headlight_document::Candidate> {
        let top = &self.run()?.output.top;
        let exact = top.iter().find(|one| one.text == text);
        let found = exact.or_else(|| top.iter().find(|one| one.text.trim() == text.trim()));
        found.ok_or_else(|| Missing::Candidate(text.trim().to_owned()))
    }

    /// The weights that a token of the open head gives.
    fn row(&self, query: usize) -> Found<&[f32]> {
        let (layer, head) = self.form.head.ok_or(Missing::Head)?;
        let found = attention::chosen(&self.run()?.attention, self.form.kind).ok_or(Missing::Weights)?;
        let map = found.head(layer, head).ok_or(Missing::Weights)?;
        map.chunks_exact(found.columns.max(1)).nth(query).ok_or(Missing::Weights)
    }

    fn method(&self, name: &str) -> Found<&Attribution> {
        let run = self.run()?;
        let compared = self.compared.map(|document| &document.attributions);
        let mut all = run.attributions.iter().chain(compared.into_iter().flatten());
        all.find(|one| one.method.name() == name).ok_or_else(|| Missing::Method(name.to_owned()))
    }

    fn spearman(&self, first: &str, second: &str) -> Found<f64> {
        let need = |name: &str| Missing::Method(name.to_owned());
        let place =
            |document: &Explanation, name: &str| document.attributions.iter().position(|one| one.method.name() == name);
        let document = self.compared.ok_or_else(|| need(second))?;
        let a = place(document, first).ok_or_else(|| need(first))?;
        let b = place(document, second).ok_or_else(|| need(second))?;
        let pair = document.agreement.iter().find(|one| one.pair == [a, b] || one.pair == [b, a]);
        pair.and_then(|one| one.spearman).ok_or(Missing::NoNumber)
    }

    fn measured(&self) -> Found<(&Faithfulness, &[Measured])> {
        let found = self.compared.and_then(|document| document.faithfulness.as_ref()).ok_or(Missing::Measure)?;
        Ok((found, &found.methods))
    }

    fn measured_of(&self, name: &str) -> Found<&Measured> {
        let found = self.measured()?.1.iter().find(|one| one.method.name() == name);
        found.ok_or_else(|| Missing::Method(name.to_owned()))
    }

    fn curve(&self, name: &str) -> Found<&Curve> {
        self.measured_of(name)?.deletion.as_ref().ok_or(Missing::Measure)
    }

    fn erased(&self, name: &str, of: impl Fn(&Erasure) -> Option<f64>) -> Found<f64> {
        if name == "random" {
            let random = self.measured()?.0.random.as_ref().ok_or(Missing::Measure)?;
            let as_erasure = Erasure {
                aopc_comprehensiveness: random.aopc_comprehensiveness,
                aopc_sufficiency: random.aopc_sufficiency,
                ..Erasure::default()
            };
            return of(&as_erasure).ok_or(Missing::Measure);
        }
        // Where nothing is positive, nothing is left out.
        Ok(of(self.measured_of(name)?.erasure.as_ref().ok_or(Missing::Measure)?).unwrap_or(0.0))
    }

    fn profiles(&self) -> Found<(usize, &[HeadProfile])> {
        let all = &self.heads.ok_or(Missing::Profile)?.profiles;
        let found = self.form.kind.and_then(|kind| all.iter().find(|one| one.kind == kind)).or_else(|| all.last());
        found.map(|one| (one.heads, &*one.values)).ok_or(Missing::Profile)
    }

    fn profile(&self) -> Found<&HeadProfile> {
        let (layer, head) = self.form.head.ok_or(Missing::Head)?;
        let (heads, all) = self.profiles()?;
        all.get(layer * heads + head).ok_or(Missing::Profile)
    }

    /// A figure of the open head that is none of its profile.
    fn by_head(&self, column: heads::Column) -> Found<f64> {
        let (layer, head) = self.form.head.ok_or(Missing::Head)?;
        let all = self.heads.ok_or(Missing::Profile)?;
        let values = match column {
            heads::Column::Ablation => all.ablation.as_ref().and_then(|found| found.heads.last()),
            _ => all.induction.as_ref().map(|found| &found.scores),
        };
        let found = values
            .filter(|values| head < values.heads)
            .and_then(|values| values.values.get(layer * values.heads + head));
        found.copied().ok_or(Missing::Profile)
    }

    /// A value as a sentence has it; a dash where it is not there yet.
    #[must_use]
    pub fn shown(&self, rule: &Rule) -> String {
        if let Ok(at) = self.token(Some(rule)) {
            let token = self.document.and_then(|document| document.input.tokens.get(at));
            return token.map_or_else(String::new, |token| visible(token.text.trim()));
        }
        self.number(rule).map_or_else(|_| "–".to_owned(), number)
    }
}

fn text(takes: &[Rule], at: usize) -> &str {
    match takes.get(at) {
        Some(Rule::Text(text)) => text,
        _ => "",
    }
}

fn share(profile: &HeadProfile, name: &str) -> Option<f64> {
    match name {
        "previous" => profile.previous,
        "next" => profile.next,
        "same" => profile.same,
        "first" => profile.first,
        "special" => profile.special,
        "duplicate" => profile.duplicate,
        _ => profile.induction,
    }
}

fn mean(values: &[f64]) -> Found<f64> {
    if values.is_empty() { Err(Missing::Measure) } else { Ok(values.iter().sum::<f64>() / values.len() as f64) }
}
