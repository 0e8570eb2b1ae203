//! What every method that runs the model many times starts from: one text, and the number that is explained of it.

use burn::tensor::{Tensor, TensorData, Transaction};
use headlight_models::pulse::{Beat, Stage};
use headlight_models::run::{Gradients, Inside, track};
use headlight_models::{
    Architecture, Capture, Captures, Head, Input, Pooling, Pulse, RunError, Summing, Transformer, run,
};

use crate::ExplainError;
use crate::beside::beside;
use crate::target::{Over, Target};

/// One text, the model that reads it, and the number that is explained.
///
/// Where the model has an encoder besides, a method's values come one after the other for the text that the encoder reads
/// and for what the decoder has read: both are attributed jointly.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    /// The model.
    pub model: &'a dyn Transformer,
    /// The text: a batch of one.
    pub input: &'a Input,
    /// The number. Each choice in it is settled ([`Target::settled`]), or other runs would be asked about other tokens.
    pub target: &'a Target,
    /// How many sequences may run at once.
    pub most: usize,
    /// How many threads they may be shared among: 1 where the device is no CPU, or there are no threads.
    pub threads: usize,
    /// Hears of every step.
    pub pulse: &'a dyn Pulse,
    /// Hears what a method that asks many times would say already, where anybody wants to know.
    pub estimates: Option<&'a Estimates<'a>>,
}

/// Hears of an estimate: values as the method gives them, so far, and the share of the work that they come from.
pub type Estimates<'a> = dyn Fn(&[f64], f64) + 'a;

/// When a method tells what it would say: as soon as there is something, and whenever its work has doubled since.
#[derive(Debug)]
pub(crate) struct Doubling {
    next: usize,
}

impl Doubling {
    /// From `first` pieces of work on.
    pub fn from(first: usize) -> Self {
        Self { next: first }
    }

    /// Whether `done` pieces are twice as many as last time.
    pub fn is_at(&mut self, done: usize) -> bool {
        let is_at = done >= self.next;
        if is_at {
            self.next = 2 * done;
        }
        is_at
    }
}

impl std::fmt::Debug for Case<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Case").field("target", self.target).field("most", &self.most).finish_non_exhaustive()
    }
}

impl<'a> Case<'a> {
    /// How many tokens are attributed: those of the encoder's text, then the model's own.
    #[must_use]
    pub fn tokens(&self) -> usize {
        sides(self.input).map(|side| side.dims()[1]).sum()
    }

    /// Cuts `count` sequences into batches: the range of each, and what hears of it. `passes` is 2 where each is taken back
    /// down too.
    pub(crate) fn batches(
        &self,
        count: usize,
        passes: usize,
    ) -> impl Iterator<Item = (std::ops::Range<usize>, Part<'a>)> {
        let (most, pulse) = (self.most.max(1), self.pulse);
        let batches = count.div_ceil(most);
        (0..batches).map(move |index| {
            let range = index * most..count.min((index + 1) * most);
            (range, Part::new(pulse, index, batches, passes))
        })
    }

    /// The target's value for each sequence of `input`.
    pub(crate) async fn values(&self, input: Input, pulse: &dyn Pulse) -> Result<Vec<f64>, ExplainError> {
        self.values_of(self.target, input, pulse).await
    }

    /// The value of another target for each sequence of `input`.
    pub(crate) async fn values_of(
        &self,
        target: &Target,
        input: Input,
        pulse: &dyn Pulse,
    ) -> Result<Vec<f64>, ExplainError> {
        let (model, threads) = (self.model, self.threads);
        let parts = beside(input, threads, pulse, async move |input, pulse| {
            let run = run::run(model, input, Capture::none(), pulse).await?;
            Ok(target.read(model, run.hidden)?.value)
        });
        let [values] = read([Tensor::cat(parts.await?, 0)]).await?;
        Ok(values)
    }

    /// The case run forward and backward once, with what `capture` asks for.
    pub(crate) async fn inside(&self, capture: Capture) -> Result<(Captures, Gradients), ExplainError> {
        let mut tracked = track(self.model, self.input.clone(), capture, self.pulse).await?;
        let reading = self.target.read(self.model, tracked.hidden(self.model))?;
        let captures = std::mem::take(&mut tracked.captures);
        Ok((captures, tracked.backward(reading.seed, self.pulse).await?))
    }

    /// The tokens whose hidden state the target is read from, counted over all tokens of the case.
    pub(crate) fn target_rows(&self) -> Vec<usize> {
        let tokens = self.tokens();
        let before = tokens - self.input.embeddings.dims()[1].min(tokens);
        let whole = || (before..tokens).collect();
        if let Some((first, last)) = self.target.places() {
            let both = if first == last { vec![first] } else { vec![first, last] };
            return both.into_iter().map(|place| before + place).collect();
        }
        match (self.target.read_over(), self.model.head()) {
            (Over::Labels, Head::Labels(head)) => match head.pooling {
                Pooling::First => vec![before],
                Pooling::Last => vec![tokens.saturating_sub(1)],
                Pooling::Mean => whole(),
            },
            _ => whole(),
        }
    }

    /// A layer and a head of the model's own stack, where they are there.
    pub(crate) fn place(
        &self,
        layer: Option<usize>,
        head: Option<usize>,
    ) -> Result<(Option<usize>, Option<usize>), ExplainError> {
        let Architecture { layers, heads, .. } = self.model.architecture();
        if let Some(layer) = layer.filter(|layer| *layer >= layers) {
            return Err(ExplainError::NoSuchLayer { layer, layers });
        }
        if let Some(head) = head.filter(|head| *head >= heads) {
            return Err(ExplainError::NoSuchHead { head, heads });
        }
        Ok((layer, head))
    }

    /// Tells what a method would say after `done` of `total` pieces of work.
    pub(crate) fn estimate(&self, done: usize, total: usize, values: impl FnOnce() -> Option<Vec<f64>>) {
        if let Some(tell) = self.estimates.filter(|_| done < total)
            && let Some(values) = values().filter(|values| values.iter().all(|value| value.is_finite()))
        {
            tell(&values, done as f64 / total as f64);
        }
    }

    /// Says how far a method is.
    pub(crate) async fn beat(&self, done: usize, total: usize) -> Result<(), ExplainError> {
        Ok(self.pulse.beat(Stage::Attribute, done, total).await.map_err(RunError::from)?)
    }

    /// The target for each sequence of `input` (`[batch]`), and its gradient there, with products that add up as `summing`
    /// says.
    pub(crate) async fn gradients(
        &self,
        input: Input,
        summing: Summing,
        pulse: &dyn Pulse,
    ) -> Result<(Tensor<1>, Gradients), ExplainError> {
        let (model, target, threads) = (self.model, self.target, self.threads);
        let parts = beside(input, threads, pulse, async move |input, pulse| {
            // Here, in the thread that does the work.
            let work = summing.within(async {
                let mut tracked = track(model, input, Capture::none(), pulse).await?;
                let reading = target.read(model, tracked.hidden(model))?;
                tracked.captures = Captures::default();
                let gradients = tracked.backward(reading.seed, pulse).await?;
                Ok((reading.value, gradients.embeddings, gradients.source))
            });
            work.await
        });
        let (mut values, mut own, mut source) = (Vec::new(), Vec::new(), Vec::new());
        for (value, embeddings, other) in parts.await? {
            values.push(value);
            own.push(embeddings);
            source.extend(other);
        }
        let source = (!source.is_empty()).then(|| Tensor::cat(source, 0));
        let gradients = Gradients { embeddings: Tensor::cat(own, 0), source, inside: Inside::default() };
        Ok((Tensor::cat(values, 0), gradients))
    }
}

/// The embeddings of an input: of the encoder's text, where there is one, then the model's own.
pub(crate) fn sides(input: &Input) -> impl Iterator<Item = &Tensor<3>> {
    input.source.iter().chain(std::iter::once(&input.embeddings))
}

/// Both sides of an input through a function, which is told where the side's tokens begin.
pub(crate) fn each(input: &Input, mut change: impl FnMut(&Tensor<3>, usize) -> Tensor<3>) -> Input {
    let before = input.source.as_ref().map_or(0, |source| source.dims()[1]);
    Input {
        source: input.source.as_ref().map(|source| change(source, 0)),
        embeddings: change(&input.embeddings, before),
        types: input.types.clone(),
    }
}

/// As [`each`], over two inputs of the same sides.
pub(crate) fn zip(one: &Input, two: &Input, mut join: impl FnMut(&Tensor<3>, &Tensor<3>) -> Tensor<3>) -> Input {
    Input {
        source: one.source.as_ref().zip(two.source.as_ref()).map(|(one, two)| join(one, two)),
        embeddings: join(&one.embeddings, &two.embeddings),
        types: one.types.clone(),
    }
}

/// Numbers as a column `[count, 1, 1]`, beside `like`.
pub(crate) fn column(values: &[f64], like: &Tensor<3>) -> Tensor<3> {
    tensor(values.iter().copied(), [values.len(), 1, 1], like)
}

/// Numbers as a tensor, on the device of `like`.
pub(crate) fn tensor<const D: usize>(
    values: impl Iterator<Item = f64>,
    shape: [usize; D],
    like: &Tensor<3>,
) -> Tensor<D> {
    #[expect(clippy::cast_possible_truncation, reason = "models compute in single precision")]
    let values: Vec<f32> = values.map(|value| value as f32).collect();
    Tensor::from_data(TensorData::new(values, shape), &like.device())
}

/// Brings tensors back from the device, in one transaction.
pub(crate) async fn read<const D: usize, const N: usize>(
    tensors: [Tensor<D>; N],
) -> Result<[Vec<f64>; N], ExplainError> {
    let transaction = tensors.into_iter().fold(Transaction::default(), Transaction::register);
    <[Vec<f64>; N]>::try_from(values(transaction).await?).map_err(|_| lost())
}

/// All numbers of a transaction, tensor by tensor.
pub(crate) async fn values(transaction: Transaction) -> Result<Vec<Vec<f64>>, ExplainError> {
    let data = transaction.execute_async().await.map_err(|error| ExplainError::Device(error.to_string()))?;
    let numbers = |data: TensorData| {
        let values = data.try_into_vec::<f32>().map_err(|error| ExplainError::Device(format!("{error:?}")))?;
        match values.iter().all(|value| value.is_finite()) {
            true => Ok(values.into_iter().map(f64::from).collect()),
            false => Err(ExplainError::Device("it returned values that are not numbers".to_owned())),
        }
    };
    data.into_iter().map(numbers).collect()
}

/// What a device owes.
pub(crate) fn lost() -> ExplainError {
    ExplainError::Device("a result is missing".to_owned())
}

/// Passes the beats of one run among several on, as one piece of work.
pub(crate) struct Part<'a> {
    pulse: &'a dyn Pulse,
    index: usize,
    runs: usize,
    /// 2 where each run is taken back down too, so that forward and backward are its halves.
    passes: usize,
}

impl<'a> Part<'a> {
    /// The run `index` of `runs`.
    pub fn new(pulse: &'a dyn Pulse, index: usize, runs: usize, passes: usize) -> Self {
        Self { pulse, index, runs, passes }
    }
}

impl Pulse for Part<'_> {
    fn beat(&self, stage: Stage, done: usize, total: usize) -> Beat<'_> {
        let (done, parts) = match stage {
            Stage::Forward => (done, self.passes),
            Stage::Backward => ((self.passes - 1) * total + done, self.passes),
            // What is several runs itself counts them as one.
            Stage::Unpack | Stage::Attribute => (done, 1),
        };
        self.pulse.beat(Stage::Attribute, self.index * parts * total + done, self.runs * parts * total)
    }
}
