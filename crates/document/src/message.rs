//! The messages between the page and the worker that hosts the engine.
//!
//! Each travels as one JavaScript object `{ json: string, arrays: Float32Array[] }`: `json` is a [`Command`] or an
//! [`Event`], named by its only key (with the name inside, everything in it would be read by two readers, and they are code to
//! download), and `arrays` carries, in order, the `values` of each [`crate::Attention`] of an [`Event::Explained`] (those of its
//! overview where it has no other) of each [`Seen`] of an [`Event::Looked`], or of [`Neurons`], whose own `values` are left out of the JSON. The
//! arrays are transferred, not copied. Beside a [`Command`] whose source is
//! [`Source::Files`] travels `files: File[]`, the browser's own objects, in the order of its `names`.

use serde::{Deserialize, Serialize};

use crate::look::{Look, Neurons, Seen};
use crate::source::{Cached, Inspection, Source};
use crate::{
    AttentionKind, Attribution, Explanation, Generated, Generation, ModelEntry, Request, Step, Trace, Triangle,
};

/// A number that ties the events of one request to it. Chosen by the page, never used twice.
pub type RequestId = u32;

/// What the page tells the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Choose a device and test it. The first message; answered by [`Event::Started`].
    Start {
        /// Which device is wanted.
        device: DeviceChoice,
    },
    /// Find out what a model is made of, and how much of it is here. Answered by [`Event::Inspected`]. Nothing of the
    /// model is fetched but its listing.
    Inspect {
        /// This request.
        id: RequestId,
        /// Where the model is.
        source: Source,
    },
    /// Fetch a model (or take it from the cache) and make it ready. Answered by [`Event::Loaded`].
    Load {
        /// This request.
        id: RequestId,
        /// Where the model is.
        source: Source,
    },
    /// Say which models the browser keeps. Answered by [`Event::Cache`].
    ListCache {
        /// This request.
        id: RequestId,
    },
    /// Let go of a model that the browser keeps, or of all. Files that another model needs stay. Answered by
    /// [`Event::Cache`] with what is left.
    DeleteCached {
        /// This request.
        id: RequestId,
        /// The model's id, empty for what no model is known to need; none for everything.
        model: Option<String>,
    },
    /// Answer a question about the loaded model. Answered by [`Event::Explained`].
    Explain {
        /// This request.
        id: RequestId,
        /// The question.
        request: Box<Request>,
    },
    /// Look closer at the attention of an answer. Answered by [`Event::Looked`], also while something else is computed.
    Look {
        /// This request.
        id: RequestId,
        /// The request whose answer it was. Only the newest answer's attention is kept.
        of: RequestId,
        /// What is wanted.
        look: Look,
    },
    /// Bring the queries and keys of one head of an answer: a run forward. Answered by [`Event::Neurons`].
    Neurons {
        /// This request.
        id: RequestId,
        /// The request whose answer it was.
        of: RequestId,
        /// Of which attention.
        kind: AttentionKind,
        /// The head: its layer and its number in it.
        head: (usize, usize),
    },
    /// Go on with a text. Answered by an [`Event::Wrote`] for each token, then by [`Event::Generated`].
    Generate {
        /// This request.
        id: RequestId,
        /// The text, and how tokens are chosen.
        generation: Box<Generation>,
    },
    /// Work out what each token of something written rests on. Answered by [`Event::Traced`], again and again.
    Trace {
        /// This request.
        id: RequestId,
        /// What was written.
        trace: Box<Trace>,
    },
    /// Give up a request. Answered by [`Event::Cancelled`], unless it has just ended in another way.
    Cancel {
        /// The request to give up.
        id: RequestId,
    },
}

/// What the worker tells the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The device is chosen and agrees with stored values.
    Started {
        /// The device.
        device: DeviceInfo,
    },
    /// A request goes on.
    Progress {
        /// The request.
        id: RequestId,
        /// What is being done.
        stage: Stage,
        /// How much of it is done: bytes while downloading, layers otherwise.
        done: u64,
        /// How much there is, where that is known.
        total: Option<u64>,
    },
    /// A request that asks the model many times goes on: what it would say already.
    Estimated {
        /// The request.
        id: RequestId,
        /// What is done, and last what is an estimate ([`crate::Checks::share`]).
        attributions: Vec<Attribution>,
    },
    /// What a model is made of.
    Inspected {
        /// The request.
        id: RequestId,
        /// What was found.
        inspection: Box<Inspection>,
    },
    /// What the browser keeps.
    Cache {
        /// The request.
        id: RequestId,
        /// One entry a model, the one used last first. What no model is known to need is one more, with an empty id.
        entries: Vec<Cached>,
    },
    /// A model is ready.
    Loaded {
        /// The request.
        id: RequestId,
        /// The model's id, by which requests name it.
        model: String,
        /// The model, where the page does not know it: its title, licence, files, and the tasks that it can do.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        entry: Option<Box<ModelEntry>>,
        /// Whether it came from the cache, without a download.
        cached: bool,
        /// Whether it is in the cache now, so that the next time needs no download. False where the browser has no
        /// storage to keep it in, or no room.
        kept: bool,
        /// How long loading took, in milliseconds.
        milliseconds: f64,
    },
    /// The answer.
    Explained {
        /// The request.
        id: RequestId,
        /// The document; see the module's note on attention values.
        explanation: Box<Explanation>,
    },
    /// Maps that were looked at.
    Looked {
        /// The request.
        id: RequestId,
        /// The maps; see the module's note on their values. None of those whose attention is not kept any longer.
        seen: Vec<Seen>,
    },
    /// The queries and keys of a head. None where that answer's attention is not kept any longer.
    Neurons {
        /// The request.
        id: RequestId,
        /// What was found; queries, keys and scores travel as three arrays.
        neurons: Option<Box<Neurons>>,
    },
    /// A token was written.
    Wrote {
        /// The request.
        id: RequestId,
        /// The token, and what else it might have been.
        step: Box<Step>,
    },
    /// A text was gone on with, to its end or as far as was asked.
    Generated {
        /// The request.
        id: RequestId,
        /// All that was written.
        generated: Box<Generated>,
    },
    /// Some rows of a triangle are there. The last one has none that is new: all are there.
    Traced {
        /// The request.
        id: RequestId,
        /// The triangle with the new rows alone.
        new: Box<Triangle>,
    },
    /// A request was given up, as asked.
    Cancelled {
        /// The request.
        id: RequestId,
    },
    /// A request ended in an error.
    Failed {
        /// The request.
        id: RequestId,
        /// What went wrong.
        failure: Failure,
    },
    /// The device is gone, and every model with it. The page starts a new worker if the reader wants to go on.
    DeviceLost {
        /// What happened, in one sentence.
        message: String,
    },
}

/// Which device a person wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceChoice {
    /// WebGPU where it works, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// WebGPU, or an error.
    Webgpu,
}

/// The device that was chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceInfo {
    /// `cpu` or `webgpu`.
    pub kind: DeviceKind,
    /// What a person reads: `CPU`, or the adapter's name.
    pub name: String,
    /// Why it is not WebGPU, in one sentence, where it is not and WebGPU was not declined.
    pub reason: Option<String>,
}

/// A kind of device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// The processor, in WebAssembly.
    Cpu,
    /// The graphics processor, through WebGPU.
    Webgpu,
}

/// What is being done while a request goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Reading a model's files from the network (bytes).
    Download,
    /// Reading a model's files from the cache (bytes).
    Cache,
    /// Taking the hash of a person's own files (bytes).
    Verify,
    /// Unpacking weights onto the device (tensors).
    Unpack,
    /// Running the model forward (layers).
    Forward,
    /// Running it backward (layers).
    Backward,
    /// A method runs the model many times (layers, over all runs).
    Attribute,
    /// Bringing results back from the device.
    Readback,
    /// Writing on (tokens).
    Generate,
}

/// An error as a person meets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// One sentence that says what is wrong and what can be done.
    pub message: String,
    /// Whether trying the same again may help.
    pub retry: bool,
}
