//! The messages between the page and the worker that hosts the engine.
//!
//! Each travels as one JavaScript object `{ json: string, arrays: Float32Array[] }`: `json` is a [`Command`] or an
//! [`Event`], and `arrays` carries, in order, the `values` of each [`crate::Attention`] of an [`Event::Explained`], whose
//! own `values` are left out of the JSON. The arrays are transferred, not copied.

use serde::{Deserialize, Serialize};

use crate::{Explanation, ModelEntry, Request};

/// A number that ties the events of one request to it. Chosen by the page, never used twice.
pub type RequestId = u32;

/// What the page tells the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    /// Choose a device and test it. The first message; answered by [`Event::Started`].
    Start {
        /// Which device is wanted.
        device: DeviceChoice,
    },
    /// Fetch a model (or take it from the cache) and make it ready. Answered by [`Event::Loaded`].
    Load {
        /// This request.
        id: RequestId,
        /// The model.
        model: Box<ModelEntry>,
        /// The address of the folder that holds the model's files, ending in `/`.
        base: String,
    },
    /// Answer a question about the loaded model. Answered by [`Event::Explained`].
    Explain {
        /// This request.
        id: RequestId,
        /// The question.
        request: Box<Request>,
    },
    /// Give up a request. Answered by [`Event::Cancelled`], unless it has just ended in another way.
    Cancel {
        /// The request to give up.
        id: RequestId,
    },
}

/// What the worker tells the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
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
    /// A model is ready.
    Loaded {
        /// The request.
        id: RequestId,
        /// The model's registered name.
        model: String,
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
    /// Unpacking weights onto the device (tensors).
    Unpack,
    /// Running the model forward (layers).
    Forward,
    /// Running it backward (layers).
    Backward,
    /// Bringing results back from the device.
    Readback,
}

/// An error as a person meets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// One sentence that says what is wrong and what can be done.
    pub message: String,
    /// Whether trying the same again may help.
    pub retry: bool,
}
