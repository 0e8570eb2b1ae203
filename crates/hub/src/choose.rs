//! Which of a repository's or folder's files make up the model.

use headlight_document::FileRole;

use crate::error::{HubError, list, shortened};
use crate::listing::Item;
use crate::{gguf, limits, name};

/// What is to be fetched or read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The files: small ones first, weights last.
    pub files: Vec<Planned>,
    /// The other weights that could have been named instead.
    pub others: Vec<String>,
}

/// One file of a [`Plan`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// What it is for.
    pub role: FileRole,
    /// The file.
    pub item: Item,
}

impl Plan {
    /// All files together, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.item.bytes).fold(0, u64::saturating_add)
    }
}

/// Endings of weights that are Python's pickles, or that only another library reads.
const PICKLES: [&str; 8] = [".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".h5", ".msgpack", ".ot"];

/// How the `.bin` files begin that PyTorch and the libraries around it pickle. `.bin` alone means nothing.
const PICKLED: [&str; 5] = ["pytorch_", "diffusion_pytorch_", "adapter_", "optimizer", "scheduler"];

/// How the `.bin` files begin that are neither: what the `transformers` trainer leaves beside every model, the shortlists
/// of words beside Marian's models, and weights that only another library reads.
const OTHERS: [&str; 4] = ["training_args", "lex.", "openvino_", "ggml"];

/// ONNX models that libraries leave beside each other, the one to take first: as exact as it was trained, then the
/// fewer bits the later.
const ONNX: [&str; 7] = [
    "model.onnx",
    "model_fp16.onnx",
    "model_quantized.onnx",
    "model_int8.onnx",
    "model_uint8.onnx",
    "model_q4.onnx",
    "model_q4f16.onnx",
];

/// What may stand beside every tokenizer.
const BESIDE: [(FileRole, &str); 4] = [
    (FileRole::TokenizerConfig, "tokenizer_config.json"),
    (FileRole::SpecialTokens, "special_tokens_map.json"),
    (FileRole::AddedTokens, "added_tokens.json"),
    (FileRole::GenerationConfig, "generation_config.json"),
];

/// Chooses the files to take. `weights` names a weights' file, or a GGUF quantisation such as `Q8_0`; without it,
/// safetensors come before GGUF, GGUF before ONNX, and ONNX before Marian's `.bin`. Of several GGUF files the smallest
/// with at least four bits to a weight is taken, of several ONNX files the most exact.
///
/// # Errors
/// [`HubError`] says what is missing, hostile or absurd.
pub fn choose(items: &[Item], weights: Option<&str>) -> Result<Plan, HubError> {
    name::check(items.iter().map(|item| item.path.as_str()))?;
    let weights = weights.map(str::trim).filter(|weights| !weights.is_empty());
    let chosen = match weights {
        Some(given) => named(items, given)?,
        None => usual(items)?,
    };
    let mut files = Vec::new();
    let is_any = |is: fn(&Item) -> bool| chosen.iter().any(|planned| is(&planned.item));
    // A GGUF file carries its configuration and tokenizer.
    if !is_any(is_gguf) {
        match find(items, "config.json") {
            Some(item) => files.push(planned(FileRole::Config, item)),
            // A Marian file carries its configuration.
            None if is_any(is_marian) => {}
            None => return Err(HubError::NoConfig),
        }
        files.extend(tokenizer(items)?);
        files.extend(BESIDE.iter().filter_map(|(role, name)| Some(planned(*role, find(items, name)?))));
    }
    files.extend(chosen);
    check(&files)?;
    let taken = |item: &Item| files.iter().any(|planned| planned.item.path == item.path);
    let others = candidates(items).filter(|item| !taken(item)).map(|item| item.path.clone()).take(64).collect();
    Ok(Plan { files, others })
}

fn planned(role: FileRole, item: &Item) -> Planned {
    Planned { role, item: item.clone() }
}

fn find<'a>(items: &'a [Item], path: &str) -> Option<&'a Item> {
    items.iter().find(|item| item.path == path)
}

/// Everything that weights could be taken from.
fn candidates(items: &[Item]) -> impl Iterator<Item = &Item> {
    items.iter().filter(|item| is_safetensors(item) || is_gguf(item) || is_onnx(item) || is_marian(item))
}

fn is_gguf(item: &Item) -> bool {
    gguf::is_whole(&item.path)
}

/// Safetensors in the folder itself: those in folders below belong to other libraries or earlier states.
fn is_safetensors(item: &Item) -> bool {
    item.path.ends_with(".safetensors") && !item.path.contains('/')
}

/// A whole ONNX model, in the folder itself or in `onnx/`: encoders and decoders that were exported apart are none.
fn is_onnx(item: &Item) -> bool {
    let name = item.path.strip_prefix("onnx/").unwrap_or(&item.path);
    let is_part = ["encoder_", "decoder_"].iter().any(|part| name.starts_with(part));
    name.ends_with(".onnx") && !name.contains('/') && !is_part
}

/// What may be a Marian model by its name. Whether it is one, its first bytes tell when it is opened.
fn is_marian(item: &Item) -> bool {
    let name = item.path.to_ascii_lowercase();
    let is_known = PICKLED.iter().chain(&OTHERS).any(|known| name.starts_with(known));
    name.ends_with(".bin") && !name.contains('/') && !is_known
}

fn usual(items: &[Item]) -> Result<Vec<Planned>, HubError> {
    if let Some(item) = find(items, "model.safetensors") {
        return Ok(vec![planned(FileRole::Weights, item)]);
    }
    if let Some(index) = find(items, "model.safetensors.index.json") {
        return shards(items, index);
    }
    let tensors: Vec<&Item> = items.iter().filter(|item| is_safetensors(item)).collect();
    let (adapters, tensors): (Vec<&Item>, Vec<&Item>) =
        tensors.into_iter().partition(|item| item.path.starts_with("adapter_"));
    match tensors.as_slice() {
        [] => {}
        [item] => return Ok(vec![planned(FileRole::Weights, item)]),
        several => return Err(HubError::Ambiguous { found: list(several.iter().map(|item| item.path.as_str())) }),
    }
    let packed: Vec<&Item> = items.iter().filter(|item| is_gguf(item)).collect();
    if !packed.is_empty() {
        return Ok(vec![planned(FileRole::Weights, gguf::pick(&packed)?)]);
    }
    let named_as_usual = || ONNX.iter().flat_map(|name| [(*name).to_owned(), format!("onnx/{name}")]);
    if let Some(item) = named_as_usual().find_map(|path| find(items, &path)) {
        return Ok(vec![planned(FileRole::Weights, item)]);
    }
    for is in [is_onnx, is_marian] {
        match items.iter().filter(|item| is(item)).collect::<Vec<_>>().as_slice() {
            [] => {}
            [item] => return Ok(vec![planned(FileRole::Weights, item)]),
            several => return Err(HubError::Ambiguous { found: list(several.iter().map(|item| item.path.as_str())) }),
        }
    }
    if let Some(adapter) = adapters.first() {
        return Err(HubError::Adapter { name: shortened(&adapter.path) });
    }
    match items.iter().find(|item| is_pickle(&item.path)) {
        Some(item) => Err(HubError::OnlyPickles { name: shortened(&item.path) }),
        None => Err(HubError::NoWeights),
    }
}

fn is_pickle(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or_default();
    let is_pickled = name.ends_with(".bin") && PICKLED.iter().any(|known| name.starts_with(known));
    is_pickled || PICKLES.iter().any(|ending| name.ends_with(ending))
}

fn named(items: &[Item], given: &str) -> Result<Vec<Planned>, HubError> {
    if given.ends_with(".safetensors.index.json")
        && let Some(index) = find(items, given)
    {
        return shards(items, index);
    }
    if let Some(item) = candidates(items).find(|item| item.path == given) {
        return Ok(vec![planned(FileRole::Weights, item)]);
    }
    if is_pickle(given) && find(items, given).is_some() {
        return Err(HubError::OnlyPickles { name: shortened(given) });
    }
    let label = given.to_ascii_uppercase();
    let mut labelled = candidates(items).filter(|item| gguf::quantisation(&item.path).as_ref() == Some(&label));
    match (labelled.next(), labelled.next()) {
        (Some(item), None) => Ok(vec![planned(FileRole::Weights, item)]),
        (Some(one), Some(other)) => Err(HubError::Ambiguous { found: list([one.path.as_str(), other.path.as_str()]) }),
        (None, _) => Err(HubError::NotThere {
            given: shortened(given),
            found: list(candidates(items).map(|item| item.path.as_str())),
        }),
    }
}

/// The files `model-00001-of-00003.safetensors` and so on, with the index that belongs to them.
fn shards(items: &[Item], index: &Item) -> Result<Vec<Planned>, HubError> {
    let stem = index.path.strip_suffix(".safetensors.index.json").unwrap_or_default();
    let count = items.iter().find_map(|item| {
        let numbers = item.path.strip_prefix(stem)?.strip_prefix('-')?.strip_suffix(".safetensors")?;
        let (number, count) = numbers.split_once("-of-")?;
        let is_number = |text: &str| text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_number(number) && is_number(count) { count.parse::<usize>().ok() } else { None }
    });
    let first = || format!("{stem}-00001-of-?.safetensors");
    let count = count.filter(|count| *count > 0);
    let count = count.ok_or_else(|| HubError::MissingShard { name: shortened(&first()), count: 1 })?;
    if count > limits::SHARDS {
        return Err(HubError::TooMany { what: "files of weights", limit: limits::SHARDS });
    }
    let mut files = vec![planned(FileRole::Index, index)];
    for number in 1..=count {
        let name = format!("{stem}-{number:05}-of-{count:05}.safetensors");
        match find(items, &name) {
            Some(item) => files.push(planned(FileRole::Weights, item)),
            None => return Err(HubError::MissingShard { name: shortened(&name), count }),
        }
    }
    Ok(files)
}

fn tokenizer(items: &[Item]) -> Result<Vec<Planned>, HubError> {
    if let Some(item) = find(items, "tokenizer.json") {
        return Ok(vec![planned(FileRole::Tokenizer, item)]);
    }
    if let Some(item) = find(items, "vocab.txt") {
        return Ok(vec![planned(FileRole::Vocabulary, item)]);
    }
    match (find(items, "vocab.json"), find(items, "merges.txt")) {
        (Some(vocabulary), Some(merges)) => {
            Ok(vec![planned(FileRole::Vocabulary, vocabulary), planned(FileRole::Merges, merges)])
        }
        _ => Err(HubError::NoTokenizer),
    }
}

fn check(files: &[Planned]) -> Result<(), HubError> {
    let mut sum: u64 = 0;
    for Planned { role, item } in files {
        let name = || shortened(&item.path);
        let limit = if *role == FileRole::Weights { limits::MODEL_BYTES } else { limits::SMALL_BYTES };
        if item.bytes > limit {
            return Err(HubError::TooLarge { name: name(), bytes: item.bytes, limit });
        }
        if item.bytes == 0 {
            return Err(HubError::Empty { name: name() });
        }
        sum = sum.saturating_add(item.bytes);
    }
    if sum > limits::MODEL_BYTES {
        return Err(HubError::TooLarge { name: "The model".to_owned(), bytes: sum, limit: limits::MODEL_BYTES });
    }
    Ok(())
}

#[cfg(test)]
#[path = "choose_tests.rs"]
mod tests;
