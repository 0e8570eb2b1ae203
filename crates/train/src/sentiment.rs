//! The recipe for the sentiment classifier: what it is trained on, how, and what is written down.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufReader, Cursor};
use std::path::{Path, PathBuf};
use std::time::Instant;

use burn::tensor::Device;
use burn_optim::{AdamWConfig, ModuleOptimizer};
use headlight_catalogue::MOVIE_SNIPPETS;
use headlight_models::{Config, PostNormEncoder, Silent, Stack, bert};
use headlight_text::Tokenizer;
use headlight_weights::{Merged, SafetensorsFile, TensorSource, adapter_scale};
use pollster::block_on;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::adapter::{Adapter, Place, places};
use crate::batches::{self, Example, Examples};
use crate::error::Error;
use crate::step::{Score, Workers};
use crate::{curve, file, snippets};
use headlight_explain::Random;

/// The model that is adapted.
pub const BASE: &str = "minilm";
/// The adapter's file.
pub const ADAPTER_FILE: &str = "adapter_model.safetensors";
/// The adapter's description, as PEFT has it.
pub const ADAPTER_CONFIG: &str = "adapter_config.json";
/// What the adapted model's `config.json` is.
pub const CONFIG: &str = "config.json";
/// What came of the training.
pub const METRICS: &str = "metrics.json";
/// The picture of the training.
pub const CURVE: &str = "learning-curve.svg";
/// The accuracy that is asked for on what is held out.
pub const TARGET: f64 = 0.82;

/// Everything that a run's result depends on, besides the data and the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// Decides what is held out, where the adapter starts, and the order of the texts.
    pub seed: u64,
    /// The adapter's rank.
    pub rank: usize,
    /// PEFT's `lora_alpha`: the addition is multiplied with `alpha / rank`.
    pub alpha: f64,
    /// Whether the encoder is left as it is and only the head learns: a baseline.
    pub frozen: bool,
    /// How often every text is learnt from.
    pub epochs: usize,
    /// The highest learning rate of AdamW. It rises to it linearly and falls to zero linearly.
    pub rate: f64,
    /// The share of steps in which it rises.
    pub warm_up: f64,
    /// AdamW's decoupled weight decay.
    pub weight_decay: f32,
    /// How many batches a step takes, each in a thread of its own.
    pub batches: usize,
    /// How many texts a batch has at most, all of one length.
    pub batch: usize,
    /// The most tokens of a text.
    pub tokens: usize,
    /// How often an epoch the held-out texts are looked at, for the curve alone: nothing is chosen by them.
    pub looks: usize,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            seed: 2014,
            rank: 8,
            alpha: 16.0,
            frozen: false,
            epochs: 2,
            rate: 5e-4,
            warm_up: 0.06,
            weight_decay: 0.01,
            batches: 2,
            batch: 16,
            tokens: 64,
            looks: 3,
        }
    }
}

impl Recipe {
    /// What the adapter's additions are multiplied with.
    #[must_use]
    pub fn scale(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "ranks are small")]
        let rank = self.rank as f64;
        self.alpha / rank
    }

    /// The learning rate at `step` of `steps`, both counted from 1.
    #[expect(clippy::cast_precision_loss, reason = "steps are few")]
    fn rate_at(&self, step: usize, steps: usize) -> f64 {
        let (step, steps) = (step as f64, steps as f64);
        let top = (self.warm_up * steps).max(1.0);
        self.rate * (step / top).min((steps - step + 1.0) / (steps - top + 1.0)).min(1.0)
    }
}

/// One point of the learning curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Steps so far.
    pub step: usize,
    /// Epochs so far.
    pub epoch: f64,
    /// The mean loss of the steps since the last point; none before the first step.
    pub train_loss: Option<f64>,
    /// The mean loss on what is held out.
    pub held_out_loss: f64,
    /// The accuracy on what is held out.
    pub held_out_accuracy: f64,
    /// Seconds since the first step.
    pub seconds: f64,
}

/// Hears how the training goes.
pub trait Progress {
    /// Something worth a line.
    fn say(&self, text: &str);
    /// `done` of `total` steps are behind, the last with this loss.
    fn step(&self, done: usize, total: usize, loss: f32);
}

/// The model, what it learns from, and what is held out.
pub struct Session {
    recipe: Recipe,
    places: Vec<Place>,
    width: usize,
    workers: Workers,
    train: Examples,
    held_out: Examples,
    counts: Value,
}

/// The files of a registered model in the cache.
fn model_folder(cache: &Path) -> PathBuf {
    cache.join("models").join(BASE)
}

fn weights(cache: &Path) -> Result<SafetensorsFile<BufReader<File>>, Error> {
    let path = model_folder(cache).join("model.safetensors");
    let file = File::open(&path).map_err(Error::io("read", &path))?;
    Ok(SafetensorsFile::open(BufReader::new(file))?)
}

fn config(cache: &Path) -> Result<Vec<u8>, Error> {
    let path = model_folder(cache).join("config.json");
    fs::read(&path).map_err(Error::io("read", &path))
}

/// The base model as it is in the cache.
///
/// # Errors
/// [`Error`] where a file is missing or wrong.
pub fn base_model(cache: &Path) -> Result<PostNormEncoder, Error> {
    open(&config(cache)?, &mut weights(cache)?)
}

/// The base model with the adapter of this file merged into it: a classifier, with its head.
///
/// # Errors
/// [`Error`] where a file cannot be read or the adapter does not fit.
pub fn merged_model(cache: &Path, adapter: &[u8]) -> Result<PostNormEncoder, Error> {
    let adapter = SafetensorsFile::open(Cursor::new(adapter))?;
    let scale = adapter_scale(adapter.metadata())?;
    let config = merged_config(&config(cache)?)?.to_string();
    open(config.as_bytes(), &mut Merged::new(weights(cache)?, adapter, scale)?)
}

fn open(config: &[u8], source: &mut dyn TensorSource) -> Result<PostNormEncoder, Error> {
    Ok(block_on(bert::open(&Config::from_json(config)?, source, &Device::flex(), &Silent))?)
}

/// The first `count` snippets of at most `words` words of those that a recipe with this seed holds out, fetched if need be:
/// texts that the classifier did not learn from.
///
/// # Errors
/// [`Error`] where the data cannot be had or is wrong.
pub fn held_out(
    cache: &Path,
    seed: u64,
    [count, words]: [usize; 2],
    say: &dyn Fn(&str),
) -> Result<Vec<snippets::Snippet>, Error> {
    let path = headlight_catalogue::fetch_dataset(cache, &MOVIE_SNIPPETS, say)?;
    let found = snippets::read(&fs::read(&path).map_err(Error::io("read", &path))?)?;
    let (_, mut held_out) = snippets::split(found.kept, seed);
    held_out.retain(|snippet| snippet.text.split_whitespace().count() <= words);
    held_out.truncate(count);
    Ok(held_out)
}

/// Reads the snippets out of the cache, and divides them by the recipe's seed into those to learn from and those that
/// are held out; with what is counted of them.
///
/// # Errors
/// [`Error`] where a file is missing or wrong.
pub fn data(cache: &Path, recipe: &Recipe) -> Result<(Examples, Examples, Value), Error> {
    let path = headlight_catalogue::fetch_dataset(cache, &MOVIE_SNIPPETS, &|_| {})?;
    let found = snippets::read(&fs::read(&path).map_err(Error::io("read", &path))?)?;
    let path = model_folder(cache).join("tokenizer.json");
    let tokenizer = Tokenizer::from_json(&fs::read(&path).map_err(Error::io("read", &path))?)?;
    let (lines, neutral, repeated) = (found.lines, found.neutral, found.repeated);
    let (train, held_out) = snippets::split(found.kept, recipe.seed);
    let train = batches::encode(&tokenizer, &train, recipe.tokens)?;
    let held_out = batches::encode(&tokenizer, &held_out, recipe.tokens)?;
    let positive = |examples: &[Example]| examples.iter().filter(|example| example.label == 1).count();
    let counts = json!({
        "lines": lines, "neutral_left_out": neutral, "repeated_left_out": repeated,
        "train": train.len(), "train_positive": positive(&train),
        "held_out": held_out.len(), "held_out_positive": positive(&held_out),
    });
    Ok((train, held_out, counts))
}

impl Session {
    /// Opens model and data, which have to be in the cache.
    ///
    /// # Errors
    /// [`Error`] where a file is missing or wrong.
    pub fn open(cache: &Path, recipe: Recipe) -> Result<Self, Error> {
        let (train, held_out, counts) = data(cache, &recipe)?;
        let mut models = Vec::with_capacity(recipe.batches);
        for _ in 0..recipe.batches {
            models.push(base_model(cache)?);
        }
        let width = models.first().map_or(0, |model| model.architecture().width);
        let places = models.first_mut().map(places).unwrap_or_default();
        let workers = Workers::new(models, (!recipe.frozen).then(|| recipe.scale()));
        Ok(Self { recipe, places, width, workers, train, held_out, counts })
    }

    /// Trains, and calls `checkpoint` after every epoch.
    ///
    /// # Errors
    /// [`Error::Diverged`] where the loss is no longer a number; [`Error::Device`]; what `checkpoint` returns.
    pub fn train(
        &mut self,
        progress: &dyn Progress,
        mut checkpoint: impl FnMut(usize, &Adapter, &[Place]) -> Result<(), Error>,
    ) -> Result<(Adapter, Vec<Point>), Error> {
        let recipe = self.recipe.clone();
        let device = Device::flex().autodiff();
        let start = &mut Random::new(recipe.seed, 2);
        let mut adapter = Adapter::new(&self.places, self.width, recipe.rank, start, &device);
        let mut optimizer = optimizer(&recipe);
        let mut order = Random::new(recipe.seed, 3);
        let held_out = batches::in_order(&self.held_out, 4 * recipe.batch);

        let began = Instant::now();
        let mut points = vec![point(0, 0.0, None, self.workers.score(&adapter, &held_out)?, began)];
        report(progress, &points);
        let epoch_steps = batches::in_order(&self.train, recipe.batch).len().div_ceil(recipe.batches);
        let steps = epoch_steps * recipe.epochs;
        let mut done = 0;
        let mut since = Vec::new();
        for epoch in 1..=recipe.epochs {
            let batches = batches::shuffled(&self.train, recipe.batch, &mut order);
            for (index, batches) in batches.chunks(recipe.batches.max(1)).enumerate() {
                done += 1;
                let batches: Vec<&[Example]> = batches.iter().map(Vec::as_slice).collect();
                let (gradients, loss) = self.workers.gradients(&adapter, &batches)?;
                if !loss.is_finite() {
                    return Err(Error::Diverged { step: done, loss });
                }
                adapter = optimizer.step(recipe.rate_at(done, steps), adapter, gradients);
                since.push(f64::from(loss));
                progress.step(done, steps, loss);
                // Points at even distances, the last at the epoch's end.
                let looks = |steps: usize| steps * recipe.looks / epoch_steps;
                if looks(index + 1) > looks(index) {
                    #[expect(clippy::cast_precision_loss, reason = "steps are few")]
                    let (at, mean) = (done as f64 / epoch_steps as f64, since.iter().sum::<f64>() / since.len() as f64);
                    let score = self.workers.score(&adapter, &held_out)?;
                    points.push(point(done, at, Some(mean), score, began));
                    report(progress, &points);
                    since.clear();
                }
            }
            checkpoint(epoch, &adapter, &self.places)?;
        }
        Ok((adapter, points))
    }
}

fn optimizer(recipe: &Recipe) -> ModuleOptimizer {
    AdamWConfig::new().with_weight_decay(recipe.weight_decay).with_epsilon(1e-8).init()
}

fn point(step: usize, epoch: f64, train_loss: Option<f64>, score: Score, began: Instant) -> Point {
    let (held_out_loss, held_out_accuracy) = (score.loss, score.accuracy());
    Point { step, epoch, train_loss, held_out_loss, held_out_accuracy, seconds: began.elapsed().as_secs_f64() }
}

fn report(progress: &dyn Progress, points: &[Point]) {
    let Some(point) = points.last() else { return };
    let train = point.train_loss.map_or_else(String::new, |loss| format!("training loss {loss:.4}, "));
    let Point { step, epoch, held_out_loss, held_out_accuracy, seconds, .. } = point;
    let accuracy = held_out_accuracy * 100.0;
    progress.say(&format!(
        "step {step}, epoch {epoch:.2}, {seconds:.0} s: {train}held out: loss {held_out_loss:.4}, {accuracy:.1} % right"
    ));
}

/// The file of an adapter, with what has to be known to use it.
///
/// # Errors
/// [`Error::Device`] where the device does not give its values.
pub fn adapter_file(adapter: &Adapter, places: &[Place], recipe: &Recipe) -> Result<Vec<u8>, Error> {
    let metadata =
        [("format", "pt".to_owned()), ("lora_alpha", recipe.alpha.to_string()), ("r", recipe.rank.to_string())];
    let metadata: BTreeMap<_, _> = metadata.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    Ok(file::half_precision(&adapter.tensors(places)?, &metadata))
}

/// How the base model with the adapter of this file merged into it does on what the recipe's seed holds out.
///
/// # Errors
/// [`Error`] where a file cannot be read or the adapter does not fit.
pub fn score_merged(cache: &Path, adapter: &[u8], recipe: &Recipe) -> Result<Score, Error> {
    let (_, held_out, _) = data(cache, recipe)?;
    let mut models = Vec::with_capacity(recipe.batches);
    for _ in 0..recipe.batches {
        models.push(merged_model(cache, adapter)?);
    }
    let places = models.first_mut().map(places).unwrap_or_default();
    let mut source = SafetensorsFile::open(Cursor::new(adapter))?;
    let head = Adapter::read(&places, recipe.rank, &mut source, &Device::flex())?;
    Workers::new(models, None).score(&head, &batches::in_order(&held_out, 4 * recipe.batch))
}

/// Fetches what is needed, trains, and writes the adapter, its configuration, metrics and the picture.
///
/// `adapter_folder` gets what ships, `docs_folder` the picture, `checkpoints` an adapter for every epoch.
///
/// # Errors
/// Any [`Error`], each a sentence.
pub fn run(
    cache: &Path,
    recipe: &Recipe,
    [adapter_folder, docs_folder, checkpoints]: [&Path; 3],
    progress: &dyn Progress,
) -> Result<(), Error> {
    headlight_catalogue::fetch(cache, &[BASE.to_owned()], &|text| progress.say(text))?;
    headlight_catalogue::fetch_dataset(cache, &MOVIE_SNIPPETS, &|text| progress.say(text))?;
    for folder in [adapter_folder, docs_folder, checkpoints] {
        fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    }
    let began = Instant::now();
    let mut session = Session::open(cache, recipe.clone())?;
    progress.say(&format!("Learning from {} snippets, {} held out.", session.train.len(), session.held_out.len()));
    let (adapter, points) = session.train(progress, |epoch, adapter, places| {
        let name = format!("epoch-{epoch}.safetensors");
        write(&checkpoints.join(name), &adapter_file(adapter, places, recipe)?)
    })?;
    let seconds = began.elapsed().as_secs_f64();

    let bytes = adapter_file(&adapter, &session.places, recipe)?;
    // What counts is what is in the file, rounded and merged.
    let score = if recipe.frozen {
        session.workers.score(&adapter, &batches::in_order(&session.held_out, 4 * recipe.batch))?
    } else {
        score_merged(cache, &bytes, recipe)?
    };
    progress.say(&format!(
        "Held out: {} of {} right, {:.2} %; the adapter has {} bytes; {:.0} s.",
        score.right(),
        score.texts(),
        score.accuracy() * 100.0,
        bytes.len(),
        seconds
    ));
    let sha256 = headlight_catalogue::hash::of_reader(bytes.as_slice()).map_err(Error::io("read", adapter_folder))?.1;
    let metrics = json!({
        "recipe": recipe,
        "data": session.counts,
        "held_out": {
            "accuracy": score.accuracy(), "right": score.right(), "texts": score.texts(), "loss": score.loss,
            "counts_by_label_and_answer": score.counts,
        },
        "adapter": { "bytes": bytes.len(), "sha256": sha256 },
        "seconds": seconds.round(),
        "points": points,
    });
    write(&adapter_folder.join(ADAPTER_FILE), &bytes)?;
    write_json(&adapter_folder.join(ADAPTER_CONFIG), &adapter_config(recipe))?;
    write_json(&adapter_folder.join(CONFIG), &merged_config(&config(cache)?)?)?;
    write_json(&adapter_folder.join(METRICS), &metrics)?;
    curve::draw(&points, TARGET, &docs_folder.join(CURVE))
}

/// As PEFT writes it for these modules.
fn adapter_config(recipe: &Recipe) -> Value {
    json!({
        "peft_type": "LORA", "task_type": null, "base_model_name_or_path": "sentence-transformers/all-MiniLM-L6-v2",
        "r": recipe.rank, "lora_alpha": recipe.alpha, "lora_dropout": 0.0, "bias": "none", "fan_in_fan_out": false,
        "target_modules":
            ["query", "key", "value", "attention.output.dense", "intermediate.dense", "output.dense"],
        "modules_to_save": ["classifier"], "inference_mode": true,
    })
}

/// The base's configuration, as that of a classifier of two labels over the mean of the hidden states.
fn merged_config(base: &[u8]) -> Result<Value, Error> {
    let wrong = |_| Error::Usage("The base model's config.json is no JSON object.".to_owned());
    let mut config: serde_json::Map<String, Value> = serde_json::from_slice(base).map_err(wrong)?;
    for (key, value) in [
        ("architectures", json!(["BertForSequenceClassification"])),
        ("id2label", json!({"0": "negative", "1": "positive"})),
        ("label2id", json!({"negative": 0, "positive": 1})),
        ("problem_type", json!("single_label_classification")),
        ("headlight_pooling", json!("mean")),
    ] {
        config.insert(key.to_owned(), value);
    }
    Ok(Value::Object(config))
}

fn write_json(path: &Path, value: &Value) -> Result<(), Error> {
    write(path, format!("{value:#}\n").as_bytes())
}

/// At once and whole.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let partial = path.with_extension("partial");
    fs::write(&partial, bytes).map_err(Error::io("write", &partial))?;
    fs::rename(&partial, path).map_err(Error::io("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_rises_to_its_top_and_falls_towards_zero() {
        let recipe = Recipe { rate: 1.0, warm_up: 0.1, ..Recipe::default() };
        let rates: Vec<f64> = (1..=100).map(|step| recipe.rate_at(step, 100)).collect();
        assert!((rates[0] - 0.1).abs() < 1e-9 && (rates[9] - 1.0).abs() < 1e-9);
        assert!(rates[..10].is_sorted() && rates[9..].is_sorted_by(|a, b| a > b));
        assert!(rates[99] > 0.0 && rates[99] < 0.02);
    }

    #[test]
    fn the_merged_configuration_is_that_of_a_classifier() {
        let config = merged_config(br#"{"model_type":"bert","architectures":["BertModel"]}"#).unwrap();
        assert_eq!(config["model_type"], "bert");
        assert_eq!(config["architectures"][0], "BertForSequenceClassification");
        assert_eq!(config["id2label"]["1"], "positive");
        assert!(merged_config(b"[]").is_err());
    }
}
