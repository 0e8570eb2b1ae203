//! What can be typed.

use clap::{Args, Parser, Subcommand, ValueEnum};
use headlight_document::message::DeviceChoice;
use headlight_document::{AttentionDetail, Method, Read, TargetSpec, Task};

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
    Explain(Explain),
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
    /// What to do with the text: continue, classify, label, answer, translate, fill or compare. Left out, it follows from
    /// the model and the target.
    #[arg(long)]
    pub task: Option<Task>,
    /// A label among which a causal model chooses, for the task classify. May be given several times.
    #[arg(long = "label")]
    pub labels: Vec<String>,
    /// An attribution method: saliency or grad_x_input. May be given several times.
    #[arg(long = "method", default_value = "grad_x_input")]
    pub methods: Vec<Method>,
    /// What to explain: next, next:TOKEN, next:#ID; label, label:NAME, label:NAME@POSITION; mask, mask:TOKEN@POSITION;
    /// span, span:START-END; output, output:TOKEN@STEP; similarity. What is left out, the model chooses. Positions count
    /// tokens from 0, special tokens included.
    #[arg(long)]
    pub target: Option<TargetSpec>,
    /// As what to read it: logit, log_prob or prob.
    #[arg(long, default_value = "logit")]
    pub read: Read,
    /// How much attention to put into the document: none, summary or full.
    #[arg(long, default_value = "summary")]
    pub attention: AttentionDetail,
    /// Where to compute.
    #[arg(long, value_enum, default_value_t = Device::Auto)]
    pub device: Device,
    /// How to print the explanation.
    #[arg(long, value_enum, default_value_t = Format::Json)]
    pub format: Format,
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
    /// One self-contained page.
    Html,
}
