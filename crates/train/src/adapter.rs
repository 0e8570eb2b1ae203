//! What is learnt: a low-rank addition to every product of the encoder, and a linear head.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use headlight_models::{LowRank, PostNormEncoder, Product};
use headlight_weights::{ADAPTER_PREFIX, TensorSource};

use crate::error::Error;
use crate::file::NamedTensor;
use headlight_explain::Random;

/// Labels of the head: negative and positive.
pub const LABELS: usize = 2;

/// One product of the encoder: whose weights it stands for, and its sizes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// As in [`headlight_models::Product::modules`].
    pub modules: Vec<String>,
    /// How many values go in.
    pub width: usize,
    /// How many come out, of all modules together.
    pub out: usize,
}

/// Every product of `model`.
pub fn places(model: &mut PostNormEncoder) -> Vec<Place> {
    let products = model.products().into_iter();
    let place = |product: Product<'_>| {
        let [width, out] = product.linear.sizes();
        Place { modules: product.modules, width, out }
    };
    products.map(place).collect()
}

/// A and B of one product, shaped as in [`LowRank`].
#[derive(Module, Debug)]
struct Pair {
    down: Param<Tensor<2>>,
    up: Param<Tensor<3>>,
}

/// All that is learnt, as a module of burn, for its optimizer.
#[derive(Module, Debug)]
pub struct Adapter {
    pairs: Vec<Pair>,
    /// `[width, label]`.
    weight: Param<Tensor<2>>,
    /// `[label]`.
    bias: Param<Tensor<1>>,
}

fn parameter<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device) -> Param<Tensor<D>> {
    Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), device))
}

impl Adapter {
    /// An adapter that changes nothing yet: B is zero, A uniform in ±1/√in, as in PEFT; so is the head's weight.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "widths are small")]
    pub fn new(places: &[Place], width: usize, rank: usize, random: &mut Random, device: &Device) -> Self {
        let mut drawn = |width: usize, count: usize| -> Vec<f32> {
            let bound = 1.0 / (width as f32).sqrt();
            (0..count).map(|_| random.uniform(bound)).collect()
        };
        let pairs = places.iter().map(|place| {
            let parts = place.modules.len();
            Pair {
                down: parameter(drawn(place.width, place.width * parts * rank), [place.width, parts * rank], device),
                up: parameter(vec![0.0; rank * place.out], [parts, rank, place.out / parts], device),
            }
        });
        let pairs = pairs.collect();
        let weight = parameter(drawn(width, width * LABELS), [width, LABELS], device);
        Self { pairs, weight, bias: parameter(vec![0.0; LABELS], [LABELS], device) }
    }

    /// Reads what [`Adapter::tensors`] gave back out of a file.
    ///
    /// # Errors
    /// [`Error::Weights`] where a tensor is missing or is not as `places` says.
    pub fn read(places: &[Place], rank: usize, source: &mut dyn TensorSource, device: &Device) -> Result<Self, Error> {
        let mut pairs = Vec::with_capacity(places.len());
        for place in places {
            let (parts, out) = (place.modules.len(), place.out / place.modules.len());
            let (mut downs, mut ups) = (Vec::new(), Vec::new());
            for module in &place.modules {
                let a = read(source, &format!("{ADAPTER_PREFIX}{module}.lora_A.weight"), [rank, place.width])?;
                let b = read(source, &format!("{ADAPTER_PREFIX}{module}.lora_B.weight"), [out, rank])?;
                downs.push(a.transpose());
                ups.push(b.transpose().reshape([1, rank, out]));
            }
            debug_assert_eq!(ups.len(), parts);
            let (down, up) = (onto(Tensor::cat(downs, 1), device), onto(Tensor::cat(ups, 0), device));
            pairs.push(Pair { down, up });
        }
        let width = places.first().map_or(0, |place| place.width);
        let weight = read(source, &format!("{ADAPTER_PREFIX}classifier.weight"), [LABELS, width])?;
        let bias = read(source, &format!("{ADAPTER_PREFIX}classifier.bias"), [LABELS])?;
        Ok(Self { pairs, weight: onto(weight.transpose(), device), bias: onto(bias, device) })
    }

    /// Puts the additions into `model`, `scale` times; they are tracked where the adapter's parameters are.
    pub fn apply(&self, model: &mut PostNormEncoder, scale: f64) {
        for (product, pair) in model.products().into_iter().zip(&self.pairs) {
            product.linear.adapt(Some(LowRank { down: pair.down.val(), up: pair.up.val(), scale }));
        }
    }

    /// Scores `[text, label]` of pooled hidden states `[text, width]`.
    #[must_use]
    pub fn scores(&self, pooled: Tensor<2>) -> Tensor<2> {
        pooled.matmul(self.weight.val()) + self.bias.val().unsqueeze_dim::<2>(0)
    }

    /// As PEFT names and shapes them: A is `[rank, in]`, B `[out, rank]`, the classifier's weight `[label, width]`.
    ///
    /// # Errors
    /// [`Error::Device`] where the device does not give them.
    pub fn tensors(&self, places: &[Place]) -> Result<Vec<NamedTensor>, Error> {
        let mut tensors = Vec::new();
        for (place, pair) in places.iter().zip(&self.pairs) {
            let [parts, rank, _] = pair.up.val().dims();
            let (down, up) = (pair.down.val(), pair.up.val());
            for (part, module) in place.modules.iter().enumerate().take(parts) {
                let a = down.clone().narrow(1, part * rank, rank).transpose();
                let b = up.clone().narrow(0, part, 1).squeeze_dim::<2>(0).transpose();
                tensors.push(named(format!("{module}.lora_A.weight"), a)?);
                tensors.push(named(format!("{module}.lora_B.weight"), b)?);
            }
        }
        tensors.push(named("classifier.weight".to_owned(), self.weight.val().transpose())?);
        tensors.push(named("classifier.bias".to_owned(), self.bias.val())?);
        Ok(tensors)
    }
}

fn onto<const D: usize>(tensor: Tensor<D>, device: &Device) -> Param<Tensor<D>> {
    Param::from_tensor(Tensor::from_data(tensor.into_data(), device))
}

fn read<const D: usize>(source: &mut dyn TensorSource, name: &str, expected: [usize; D]) -> Result<Tensor<D>, Error> {
    let tensor = source.read(name)?;
    if tensor.shape != expected {
        let (name, found, expected) = (name.to_owned(), tensor.shape, expected.to_vec());
        return Err(headlight_models::ModelError::Shape { name, found, expected }.into());
    }
    Ok(Tensor::from_data(TensorData::new(tensor.values, expected), &Device::flex()))
}

fn named<const D: usize>(name: String, tensor: Tensor<D>) -> Result<NamedTensor, Error> {
    let shape = tensor.dims().to_vec();
    let values = values(tensor)?;
    Ok(NamedTensor { name: format!("{ADAPTER_PREFIX}{name}"), shape, values })
}

/// The values of a tensor, tracked or not.
pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, Error> {
    tensor.into_data().try_into_vec::<f32>().map_err(|error| Error::Device(format!("{error:?}")))
}
