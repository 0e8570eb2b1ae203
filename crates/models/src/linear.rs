//! Products with weights.

use std::sync::Arc;

use burn::tensor::Tensor;
use headlight_host::{self as host, COLUMNS, PackedPanels, Weight};
use headlight_weights::Packed;

#[cfg(feature = "gpu")]
use crate::device;
use crate::error::ModelError;
use crate::loader::Loader;
use crate::low_rank::LowRank;

/// Several weights `[out, in]` as the one matrix `[in, all outs]` of a single product.
pub struct Fused {
    width: usize,
    parts: Vec<Part>,
    /// What column `i` of the weights is multiplied with.
    fold: Option<Vec<f32>>,
}

/// Rows of a weight.
enum Part {
    Plain(Vec<f32>),
    Packed(Packed),
}

impl Part {
    fn packed(&self) -> Option<&Packed> {
        match self {
            Self::Packed(packed) => Some(packed),
            Self::Plain(_) => None,
        }
    }
}

impl Fused {
    /// Nothing yet, of rows `width` long.
    pub fn new(width: usize) -> Self {
        Self { width, parts: Vec::new(), fold: None }
    }

    /// Appends the rows of `values`, each `width` long.
    pub fn push(&mut self, values: Vec<f32>) {
        self.parts.push(Part::Plain(values));
    }

    /// Reads the weight `name`, `[rows, width]`, and appends it: packed as its file has it, where the device takes that.
    ///
    /// # Errors
    /// [`ModelError`] where the weight is not as expected.
    pub async fn read(&mut self, name: &str, rows: usize, loader: &mut Loader<'_>) -> Result<(), ModelError> {
        self.read_rows(name, rows, None, loader).await
    }

    /// As [`Fused::read`], where row `r` of the product is row `from(r)` of the file.
    ///
    /// # Errors
    /// [`ModelError`] where the weight is not as expected.
    pub async fn read_rows(
        &mut self,
        name: &str,
        rows: usize,
        from: Option<&dyn Fn(usize) -> usize>,
        loader: &mut Loader<'_>,
    ) -> Result<(), ModelError> {
        let width = self.width;
        if let Some(packed) = loader.packed(name, &[rows, width]).await? {
            self.parts.push(Part::Packed(match from {
                Some(from) => packed.with_rows(from),
                None => packed,
            }));
            return Ok(());
        }
        let values = loader.values(name, &[rows, width]).await?;
        self.push(match from {
            Some(from) => {
                (0..rows).flat_map(|row| values.iter().skip(from(row) * width).take(width)).copied().collect()
            }
            None => values,
        });
        Ok(())
    }

    /// Has column `i` multiplied by `scale[i]`: a norm's weight folded into the product that follows it.
    pub fn scale_columns(self, scale: &[f32]) -> Self {
        Self { fold: Some(scale.to_vec()), ..self }
    }

    /// Puts the product, with a bias of `[all outs]`, onto the device.
    pub fn linear(self, bias: Option<Vec<f32>>, loader: &Loader<'_>) -> Linear {
        let weight = self.place(loader);
        let [_, out] = weight.sizes();
        Linear { weight, bias: bias.map(|bias| loader.tensor(bias, [1, out])), adapter: None }
    }

    fn place(self, loader: &Loader<'_>) -> Placed {
        #[cfg(feature = "gpu")]
        if let Some(client) = loader.client() {
            let parts: Option<Vec<&Packed>> = self.parts.iter().map(Part::packed).collect();
            if let Some(packing) = parts.and_then(|parts| device::Packing::new(self.width, &parts)) {
                return Placed::Device(Arc::new(packing.upload(self.fold.as_deref(), client)));
            }
            let width = self.width;
            let values = self.values();
            return match device::Packing::of_singles(width, &values) {
                Some(packing) => Placed::Device(Arc::new(packing.upload(None, client))),
                None => Placed::Anywhere(Box::new(Weight::Plain(turned(&values, width, loader)))),
            };
        }
        Placed::Anywhere(Box::new(match self.packed() {
            Some(panels) => Weight::Packed(Arc::new(panels)),
            None => {
                let width = self.width;
                Weight::Plain(turned(&self.values(), width, loader))
            }
        }))
    }

    /// All of it packed, where it is so in one way.
    fn packed(&self) -> Option<PackedPanels> {
        let parts: Option<Vec<&Packed>> = self.parts.iter().map(Part::packed).collect();
        PackedPanels::new(self.width, &parts?, self.fold.clone())
    }

    /// All of it as singles, `[all outs, in]`.
    fn values(self) -> Vec<f32> {
        let Self { width, parts, fold } = self;
        let mut values = Vec::new();
        for part in parts {
            let part = match part {
                Part::Plain(part) => part,
                Part::Packed(part) => part.values(),
            };
            if values.is_empty() { values = part } else { values.extend(part) }
        }
        if let Some(fold) = fold {
            for row in values.chunks_exact_mut(width.max(1)) {
                row.iter_mut().zip(&fold).for_each(|(value, scale)| *value *= scale);
            }
        }
        values
    }
}

/// Rows `[out, in]` as `[panel, in, columns of a panel]`, on the device.
fn turned(values: &[f32], width: usize, loader: &Loader<'_>) -> Tensor<3> {
    let rows = values.len() / width.max(1);
    let panel = if host::is(loader.device()) && rows.is_multiple_of(COLUMNS) { COLUMNS } else { rows.max(1) };
    let mut turned = vec![0.0; values.len()];
    for (row, values) in values.chunks_exact(width.max(1)).enumerate() {
        let start = row / panel * panel * width + row % panel;
        for (column, value) in values.iter().enumerate() {
            turned[start + column * panel] = *value;
        }
    }
    loader.tensor(turned, [rows / panel, width, panel])
}

/// A weight where it is multiplied with.
#[derive(Debug)]
enum Placed {
    /// As burn's tensor on any device, or packed on the CPU.
    Anywhere(Box<Weight>),
    /// As words on a graphics processor.
    #[cfg(feature = "gpu")]
    Device(Arc<device::Words>),
}

impl Placed {
    /// How many values go in and come out.
    fn sizes(&self) -> [usize; 2] {
        match self {
            Self::Anywhere(weight) => weight.sizes(),
            #[cfg(feature = "gpu")]
            Self::Device(words) => words.sizes,
        }
    }

    fn product(&self, input: Tensor<2>, bias: Option<Tensor<2>>) -> Tensor<2> {
        match self {
            Self::Anywhere(weight) => host::product(input, weight, bias),
            #[cfg(feature = "gpu")]
            Self::Device(words) => device::product(input, words, bias),
        }
    }
}

/// x·W + b, and where there is an adapter, its low-rank addition to W.
#[derive(Debug)]
pub struct Linear {
    weight: Placed,
    /// `[1, out]`.
    bias: Option<Tensor<2>>,
    adapter: Option<LowRank>,
}

impl Linear {
    /// Reads `{name}.weight` (`[out, in]`) and, where the file has it, `{name}.bias` (`[out]`).
    ///
    /// # Errors
    /// [`ModelError`] where a weight is not as expected.
    pub async fn open(name: &str, out: usize, width: usize, loader: &mut Loader<'_>) -> Result<Self, ModelError> {
        let mut weight = Fused::new(width);
        weight.read(&format!("{name}.weight"), out, loader).await?;
        let bias = format!("{name}.bias");
        let bias = if loader.has(&bias) { Some(loader.values(&bias, &[out]).await?) } else { None };
        Ok(weight.linear(bias, loader))
    }

    /// `[batch, token, in]` to `[batch, token, out]`.
    pub fn forward(&self, input: Tensor<3>) -> Tensor<3> {
        let [batch, tokens, width] = input.dims();
        let [_, out] = self.sizes();
        self.rows(input.reshape([batch * tokens, width])).reshape([batch, tokens, out])
    }

    /// Sets or takes away what is added to the product. Its sizes have to be those of [`Linear::sizes`].
    pub fn adapt(&mut self, adapter: Option<LowRank>) {
        self.adapter = adapter;
    }

    /// How many values go in and come out.
    #[must_use]
    pub fn sizes(&self) -> [usize; 2] {
        self.weight.sizes()
    }

    /// What is added to the product, `[1, out]`.
    #[must_use]
    pub fn bias(&self) -> Option<&Tensor<2>> {
        self.bias.as_ref()
    }

    /// `[row, in]` to `[row, out]`.
    pub fn rows(&self, input: Tensor<2>) -> Tensor<2> {
        let added = self.adapter.as_ref().map(|adapter| adapter.rows(input.clone()));
        let product = self.weight.product(input, self.bias.clone());
        match added {
            Some(added) => product + added,
            None => product,
        }
    }
}
