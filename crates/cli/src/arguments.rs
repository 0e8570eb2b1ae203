//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use headlight_document::message::DeviceChoice;
use headlight_document::{
    AttentionDetail, Baseline, Hierarchy, Measure, Method, Parameters, Read, TargetSpec, Task, Units,
};

/// Shows what a language model attends to and which words its answer rests on.
#[derive(Debug, Parser)]
#[command(name = "headlight", version, max_term_width = 100)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Explain one text and print the explanation document.
    Explain(Box<Explain>),
    /// Go on with a text, token by token.
    Generate(Box<Generate>),
    /// Explain and measure every text of a file: one document a line, and a table of methods over all of them.
    Batch(Box<Batch>),
    /// Time a model's runs and print one JSON row for each kind of work and length.
    Bench(Bench),
    /// List, fetch or inspect models.
    Models {
        /// What to do with them.
        #[command(subcommand)]
        action: Option<Models>,
    },
}

/// One question.
#[derive(Debug, Args)]
pub struct Explain {
    /// A registered name (`headlight models`), a Hugging Face repository (owner/name, owner/name@revision), or a folder
    /// with a GGUF file, with config.json, tokenizer.json and weights as safetensors or ONNX, or with tokenizer.json and a
    /// Marian model (.bin).
    #[arg(long)]
    pub model: String,
    /// How a model is found.
    #[command(flatten)]
    pub place: Place,
    /// The text to explain.
    #[arg(long)]
    pub text: String,
    /// The second text: what the first is compared with, or the question about it.
    #[arg(long)]
    pub second_text: Option<String>,
    /// Another text, of as many tokens, whose activations are put into this one's run, one at a time: z and pattern of every
    /// head, and what enters each layer at every token.
    #[arg(long, value_name = "TEXT")]
    pub patch_from: Option<String>,
    /// Texts over which --profile and --ablate are averaged too: one on each line, as it is, as a JSON string, or as an object
    /// with "text".
    #[arg(long, value_name = "FILE")]
    pub texts: Option<PathBuf>,
    /// What is asked of the text.
    #[command(flatten)]
    pub asking: Asking,
    /// What a translation begins with for certain, token by token, by their numbers (headlight generate --format json names
    /// them): the model goes on from there by itself, and any of all these tokens can be the --target.
    #[arg(long, value_name = "ID,ID,…", value_delimiter = ',')]
    pub begun: Vec<u32>,
    /// How much attention to put into the document: none, summary or full.
    #[arg(long, default_value = "summary")]
    pub attention: AttentionDetail,
    /// Where to compute.
    #[arg(long, value_enum, default_value_t = Device::Auto)]
    pub device: Device,
    /// How to print the explanation.
    #[arg(long, value_enum, default_value_t = Format::Json)]
    pub format: Format,
    /// In which language --format html, svg and methods say what they say. The other formats have the same words in every
    /// language: JSON, CSV and BibTeX are read by programs, and text is what the terminal says.
    #[arg(long, value_enum, default_value_t = Language::English)]
    pub language: Language,
    /// What --format svg draws.
    #[arg(long, value_enum, default_value_t = Drawing::Tokens)]
    pub drawing: Drawing,
}

/// What is asked of a text.
#[derive(Clone, Debug, Args)]
pub struct Asking {
    /// What to do with the text: continue, classify, label, answer, translate, fill or compare. Left out, it follows from
    /// the model and the target.
    #[arg(long)]
    pub task: Option<Task>,
    /// A label among which a causal model chooses, for the task classify. May be given several times.
    #[arg(long = "label")]
    pub labels: Vec<String>,
    /// An attribution method: saliency, grad_x_input, integrated_gradients, smoothgrad, occlusion, lime, kernel_shap,
    /// partition_shap, attention, attention_rollout, attention_flow, attention_gradient or value_zeroing. May be given several
    /// times.
    #[arg(long = "method", default_value = "grad_x_input")]
    pub methods: Vec<Method>,
    /// A piece of the text that is left out as one, wherever it stands; the rest goes by words. May be given several times.
    #[arg(long = "select", value_name = "PIECE")]
    pub select: Vec<String>,
    /// How methods that leave something to be chosen run.
    #[command(flatten)]
    pub tuning: Tuning,
    /// What to measure of the methods' values: curves, erasure, tau_loo, sensitivity_max or randomization. May be given several
    /// times.
    #[arg(long = "measure")]
    pub measures: Vec<Measure>,
    /// Put gradient times activation of every layer and head into the document too.
    #[arg(long)]
    pub layers: bool,
    /// Say of every head what it looks at, and how much it matters by gradient.
    #[arg(long)]
    pub profile: bool,
    /// Read the target after each layer (the logit lens).
    #[arg(long)]
    pub lens: bool,
    /// Share the target's logit out among heads, MLPs and embeddings.
    #[arg(long)]
    pub direct: bool,
    /// Say what the target loses without each head and each MLP: one run for each of them.
    #[arg(long)]
    pub ablate: bool,
    /// Measure how much each head of a causal model looks at what came after the same token, on repeated random tokens.
    #[arg(long)]
    pub induction: bool,
    /// What to explain: next, next:TOKEN, next:#ID; label, label:NAME, label:NAME@POSITION; mask, mask:TOKEN@POSITION;
    /// span, span:START-END; output, output:TOKEN@STEP; similarity. What is left out, the model chooses. Positions count
    /// tokens from 0, special tokens included.
    #[arg(long)]
    pub target: Option<TargetSpec>,
    /// What to hold the target against: a token (or #ID), or a label's name. The difference of both is explained.
    #[arg(long)]
    pub foil: Option<String>,
    /// As what to read it: logit, log_prob or prob.
    #[arg(long, default_value = "logit")]
    pub read: Read,
}

/// A text to go on with.
#[derive(Debug, Args)]
pub struct Generate {
    /// A registered name, a repository or a folder: of a causal model, or of a translator.
    #[arg(long)]
    pub model: String,
    /// How a model is found.
    #[command(flatten)]
    pub place: Place,
    /// The text.
    #[arg(long)]
    pub text: String,
    /// What follows the text for certain, or what its translation begins with, token by token, by their numbers: it is told
    /// again, and gone on with from there.
    #[arg(long, value_name = "ID,ID,…", value_delimiter = ',')]
    pub begun: Vec<u32>,
    /// How many tokens are written at most, after what is certain.
    #[arg(long, default_value_t = 32)]
    pub tokens: usize,
    /// What scores are divided by before a token is drawn; 0 takes the most probable one.
    #[arg(long, default_value_t = 0.0)]
    pub temperature: f64,
    /// Draw among this many of the most probable tokens.
    #[arg(long)]
    pub top_k: Option<usize>,
    /// Draw among the most probable tokens that have this much of the probability together.
    #[arg(long, default_value_t = 1.0)]
    pub top_p: f64,
    /// What random numbers begin with.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Say what each written token rests on: saliency and gradient x input of all that stands before it.
    #[arg(long)]
    pub triangle: bool,
    /// As what each token is read for that: logit, log_prob or prob.
    #[arg(long, default_value = "logit")]
    pub read: Read,
    /// Say where the model looks as it writes each token: its attention to all that stands before it (self), or a translator's
    /// to the text that it translates (cross). Left open, a translator's is cross.
    #[arg(long, value_name = "KIND", num_args = 0..=1, default_missing_value = "auto")]
    pub gaze: Option<Gazes>,
    /// The layer of that attention, counted from 0; the last one if left out.
    #[arg(long, requires = "gaze")]
    pub layer: Option<usize>,
    /// Its head in that layer, counted from 0; the mean of the layer's heads if left out.
    #[arg(long, requires = "layer")]
    pub head: Option<usize>,
    /// Where to compute.
    #[arg(long, value_enum, default_value_t = Device::Auto)]
    pub device: Device,
    /// How to print what is written: the text, as it comes, or every step with its candidates.
    #[arg(long, value_enum, default_value_t = GenerateFormat::Text)]
    pub format: GenerateFormat,
}

/// Many questions of one kind.
#[derive(Debug, Args)]
pub struct Batch {
    /// A registered name, a repository or a folder.
    #[arg(long)]
    pub model: String,
    /// How a model is found.
    #[command(flatten)]
    pub place: Place,
    /// The texts: on each line a JSON string, or an object with \"text\" and, if wanted, \"second_text\", \"target\", \"foil\" and
    /// \"rationale\": a list of pieces [first byte, byte after the last] that a person holds to be the reasons.
    #[arg(long, value_name = "FILE")]
    pub input: PathBuf,
    /// Where the documents go, one a line. What is there already is gone on with.
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,
    /// What is asked of each text.
    #[command(flatten)]
    pub asking: Asking,
    /// A list of words with valences (word, tab, number from -4 to 4), to hold explanations of a sentiment against where
    /// nobody has marked reasons: a proxy.
    #[arg(long, value_name = "FILE")]
    pub lexicon: Option<PathBuf>,
    /// How much attention to put into the documents: none, summary or full.
    #[arg(long, default_value = "none")]
    pub attention: AttentionDetail,
    /// Where to compute.
    #[arg(long, value_enum, default_value_t = Device::Auto)]
    pub device: Device,
    /// How to print the table over all texts.
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    pub format: TableFormat,
}

/// How methods run that leave something to be chosen.
#[derive(Clone, Debug, Args)]
pub struct Tuning {
    /// Where integrated_gradients begins: zero, mask, pad, unk or mean.
    #[arg(long, default_value = "zero")]
    pub baseline: Baseline,
    /// How many points of the line from there integrated_gradients goes through.
    #[arg(long, default_value_t = 50)]
    pub steps: u32,
    /// How many copies smoothgrad makes (5 if left out), or how many texts lime draws (5000).
    #[arg(long)]
    pub samples: Option<u32>,
    /// How many texts lime draws, where that is another number than --samples.
    #[arg(long, value_name = "N")]
    pub lime_samples: Option<u32>,
    /// What smoothgrad smooths: saliency, grad_x_input or integrated_gradients.
    #[arg(long, default_value = "grad_x_input")]
    pub base: Method,
    /// smoothgrad's noise, in percent of the greatest embedding entry less the least.
    #[arg(long, default_value_t = 10)]
    pub noise: u32,
    /// How many texts partition_shap asks about.
    #[arg(long, default_value_t = 500)]
    pub evaluations: u32,
    /// The tree over the text that partition_shap goes down: text (along words, clauses and sentences) or balanced.
    #[arg(long, default_value = "text")]
    pub hierarchy: Hierarchy,
    /// What lime, kernel_shap and partition_shap leave out together: token, word, sentence, or selection (see --select).
    #[arg(long, default_value = "token")]
    pub units: Units,
    /// The layer of attention (the last one if left out) and of value_zeroing (all), counted from 0.
    #[arg(long)]
    pub layer: Option<u32>,
    /// Their head in that layer, counted from 0; all heads if left out.
    #[arg(long)]
    pub head: Option<u32>,
    /// What random numbers begin with.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
}

impl From<&Tuning> for Parameters {
    fn from(tuning: &Tuning) -> Self {
        let &Tuning {
            baseline,
            steps,
            samples,
            lime_samples,
            base,
            noise,
            evaluations,
            hierarchy,
            units,
            layer,
            head,
            seed,
        } = tuning;
        Self { baseline, steps, samples, lime_samples, base, noise, evaluations, hierarchy, units, layer, head, seed }
    }
}

/// What to time.
#[derive(Debug, Args)]
pub struct Bench {
    /// A registered name, a repository or a folder.
    #[arg(long)]
    pub model: String,
    /// How a model is found.
    #[command(flatten)]
    pub place: Place,
    /// How many tokens. May be given several times.
    #[arg(long = "tokens", default_values_t = [32, 128])]
    pub tokens: Vec<usize>,
    /// How many runs of each, after one that is not counted.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub runs: u16,
    /// Time a method instead: grad_x_input; integrated_gradients (50 steps) or lime (1000 samples), beside the single runs that
    /// they are made of. May be given several times.
    #[arg(long = "method")]
    pub methods: Vec<Method>,
    /// Where to compute.
    #[arg(long, value_enum, default_value_t = Device::Cpu)]
    pub device: Device,
}

/// What to do with models.
#[derive(Clone, Debug, Default, Subcommand)]
pub enum Models {
    /// List the models that are here.
    #[default]
    List,
    /// Fetch models: the named ones, or all that are registered.
    Fetch {
        /// Registered names, or repositories.
        ids: Vec<String>,
        /// How a model is found.
        #[command(flatten)]
        place: Place,
    },
    /// Say what a model is made of.
    Inspect {
        /// A registered name, a repository or a folder.
        model: String,
        /// How a model is found.
        #[command(flatten)]
        place: Place,
    },
}

/// How a model that is not registered is found. A token for what is not for everybody is taken from HF_TOKEN.
#[derive(Clone, Debug, Default, Args)]
pub struct Place {
    /// The hub to fetch repositories from, instead of https://huggingface.co; HEADLIGHT_HUB says the same.
    #[arg(long, value_name = "URL")]
    pub hub_base: Option<String>,
    /// The weights' file, or the GGUF quantisation (Q8_0), where it is not the usual one.
    #[arg(long, value_name = "NAME")]
    pub weights: Option<String>,
    /// Download over 300 MB without asking.
    #[arg(long)]
    pub yes: bool,
}

/// Where to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Device {
    /// A graphics processor where one works, else the CPU.
    Auto,
    /// The CPU.
    Cpu,
    /// A graphics processor through wgpu, or an error.
    Webgpu,
}

impl From<Device> for DeviceChoice {
    fn from(device: Device) -> Self {
        match device {
            Device::Auto => Self::Auto,
            Device::Cpu => Self::Cpu,
            Device::Webgpu => Self::Webgpu,
        }
    }
}

/// How to print an explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The explanation document.
    Json,
    /// A few lines for a terminal.
    Text,
    /// A report in one file that fetches nothing and runs nothing.
    Html,
    /// One drawing, which --drawing chooses.
    Svg,
    /// Every number, a row each.
    Csv,
    /// A paragraph for a paper: method, parameters, model and its hash.
    Methods,
    /// Entries for Headlight and for what that paragraph cites.
    Bibtex,
}

/// The language of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// English.
    #[value(name = "en")]
    English,
    /// Simplified Chinese.
    #[value(name = "zh")]
    Chinese,
}

/// A drawing of an explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Drawing {
    /// The text in the colours of the first method.
    Tokens,
    /// The candidates as bars.
    Candidates,
    /// Every head's attention, with --attention full.
    Attention,
}

/// Which attention is looked at as tokens are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Gazes {
    /// A translator's to the text, another model's to all that stands before.
    Auto,
    /// To what was written, and of a model that only goes on with texts to the text too.
    #[value(name = "self")]
    Own,
    /// To the text that is translated.
    Cross,
}

/// How to print what is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GenerateFormat {
    /// Every step with its candidates.
    Json,
    /// The text.
    Text,
}

/// How to print a table over many texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TableFormat {
    /// Every figure, with how many texts it is the mean of.
    Json,
    /// For a terminal.
    Text,
    /// One self-contained page.
    Html,
    /// For a document.
    Markdown,
}
