//! A checkpoint with a low-rank adapter merged into it.

use std::collections::{BTreeMap, HashMap};

use crate::source::Catalogue;
use crate::{Dtype, Packed, Tensor, TensorInfo, TensorSource, WeightsError};

/// What the PEFT library puts before the name of every adapted module.
pub const PREFIX: &str = "base_model.model.";
const DOWN: &str = ".lora_A.weight";
const UP: &str = ".lora_B.weight";

/// What an adapter's product is multiplied with, `lora_alpha / r`, where its file's own metadata has these two (PEFT has
/// them in `adapter_config.json` beside the file).
///
/// # Errors
/// [`WeightsError::Adapter`] where one is missing or makes no sense.
pub fn adapter_scale(metadata: &BTreeMap<String, String>) -> Result<f32, WeightsError> {
    let number = |name: &str| {
        let number = metadata.get(name).and_then(|text| text.parse::<f32>().ok());
        number.filter(|number| number.is_finite() && *number > 0.0).ok_or_else(|| WeightsError::Adapter {
            name: name.to_owned(),
            reason: "it is no positive number in the file's metadata".to_owned(),
        })
    };
    Ok(number("lora_alpha")? / number("r")?)
}

/// The tensors of `base`, where an adapter in PEFT's layout changes them.
///
/// For each `base_model.model.{module}.lora_A.weight` (A, `[rank, in]`) and `….lora_B.weight` (B, `[out, rank]`) of the
/// adapter, `{module}.weight` is read as W + scale·B·A, which is `merge_and_unload` there. What else the adapter has (a
/// classifier's head) is added, or stands in the place of a tensor of that name. Nothing is kept but the list: each
/// tensor is merged when it is read.
#[derive(Debug)]
pub struct Merged<B, A> {
    base: B,
    adapter: A,
    scale: f32,
    catalogue: Catalogue,
    /// Where a tensor of a name comes from, if not from the base alone.
    from: HashMap<String, Origin>,
}

#[derive(Clone, Debug)]
enum Origin {
    /// The base with the product of these two of the adapter's added.
    Product { down: String, up: String },
    /// The adapter's tensor of this name.
    Adapter(String),
}

impl<B: TensorSource, A: TensorSource> Merged<B, A> {
    /// Checks that every tensor of the adapter has its place in the base. `scale` is PEFT's `lora_alpha / r`.
    ///
    /// # Errors
    /// [`WeightsError::Adapter`] names the first tensor of the adapter that does not fit, or a scale that is no number.
    pub fn new(base: B, adapter: A, scale: f32) -> Result<Self, WeightsError> {
        let misfit = |name: &str, reason: String| WeightsError::Adapter { name: name.to_owned(), reason };
        if !scale.is_finite() {
            return Err(misfit("lora_alpha", format!("the scale is {scale}")));
        }
        let mut infos = base.tensors().to_vec();
        let mut from = HashMap::new();
        for info in adapter.tensors() {
            let bare = info.name.strip_prefix(PREFIX).unwrap_or(&info.name);
            let beside = |end: &str, other: &str| {
                let name = info.name.strip_suffix(end).map(|stem| format!("{stem}{other}"));
                name.filter(|name| adapter.info(name).is_some())
            };
            if let Some(module) = bare.strip_suffix(UP) {
                if beside(UP, DOWN).is_none() {
                    return Err(misfit(&info.name, format!("there is no {module}{DOWN} beside it")));
                }
            } else if let Some(module) = bare.strip_suffix(DOWN) {
                let weight = format!("{module}.weight");
                let up = beside(DOWN, UP).and_then(|up| adapter.info(&up));
                let (Some(base), Some(other)) = (base.info(&weight), up) else {
                    return Err(misfit(&info.name, format!("there is no {weight} in the model, or no {module}{UP}")));
                };
                let fits = matches!(
                    (base.shape.as_slice(), info.shape.as_slice(), other.shape.as_slice()),
                    ([out, width], [rank, columns], [rows, inner])
                        if out == rows && width == columns && rank == inner
                );
                if !fits {
                    let shapes = format!("{:?} and {:?} do not make {:?}", other.shape, info.shape, base.shape);
                    return Err(misfit(&info.name, shapes));
                }
                from.insert(weight, Origin::Product { down: info.name.clone(), up: other.name.clone() });
            } else {
                infos.retain(|other| other.name != bare);
                infos.push(TensorInfo { name: bare.to_owned(), ..info.clone() });
                from.insert(bare.to_owned(), Origin::Adapter(info.name.clone()));
            }
        }
        for info in infos.iter_mut().filter(|info| matches!(from.get(&info.name), Some(Origin::Product { .. }))) {
            // As read, it is no longer what lies in the base's file.
            info.dtype = Dtype::F32;
            info.bytes = info.elements() as u64 * 4;
        }
        Ok(Self { base, adapter, scale, catalogue: Catalogue::new(infos)?, from })
    }
}

impl<B: TensorSource, A: TensorSource> TensorSource for Merged<B, A> {
    fn tensors(&self) -> &[TensorInfo] {
        self.catalogue.tensors()
    }

    fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.catalogue.info(name)
    }

    fn read(&mut self, name: &str) -> Result<Tensor, WeightsError> {
        match self.from.get(name).cloned() {
            None => self.base.read(name),
            Some(Origin::Adapter(name)) => self.adapter.read(&name),
            Some(Origin::Product { down, up }) => {
                let mut weight = self.base.read(name)?;
                let (down, up) = (self.adapter.read(&down)?, self.adapter.read(&up)?);
                add_product(&mut weight, &up, &down, self.scale);
                Ok(weight)
            }
        }
    }

    fn read_packed(&mut self, name: &str) -> Result<Option<Packed>, WeightsError> {
        match self.from.get(name).cloned() {
            None => self.base.read_packed(name),
            Some(Origin::Adapter(name)) => self.adapter.read_packed(&name),
            Some(Origin::Product { .. }) => Ok(None),
        }
    }
}

/// `weight` (`[out, in]`) += scale · `up` (`[out, rank]`) · `down` (`[rank, in]`). The shapes were checked.
fn add_product(weight: &mut Tensor, up: &Tensor, down: &Tensor, scale: f32) {
    let (Some(&width), Some(&rank)) = (down.shape.get(1), down.shape.first()) else { return };
    if width == 0 || rank == 0 {
        return;
    }
    let rows = weight.values.chunks_exact_mut(width).zip(up.values.chunks_exact(rank));
    for (row, factors) in rows {
        for (factor, direction) in factors.iter().zip(down.values.chunks_exact(width)) {
            let factor = factor * scale;
            row.iter_mut().zip(direction).for_each(|(value, direction)| *value += factor * direction);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryTensors;

    fn base() -> MemoryTensors {
        let weights =
            [("a.weight", vec![2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), ("a.bias", vec![2], vec![7.0, 8.0])];
        MemoryTensors::new(weights).unwrap()
    }

    fn adapter(tensors: &[(&str, &[usize])]) -> MemoryTensors {
        let tensors = tensors.iter().map(|(name, shape)| {
            let count = shape.iter().product::<usize>();
            (*name, shape.to_vec(), (1..=count).map(|value| value as f32).collect())
        });
        MemoryTensors::new(tensors).unwrap()
    }

    #[test]
    fn the_product_is_added_and_the_rest_is_the_bases_or_the_adapters() {
        let adapter = adapter(&[
            ("base_model.model.a.lora_A.weight", &[1, 3]),
            ("base_model.model.a.lora_B.weight", &[2, 1]),
            ("base_model.model.classifier.weight", &[2, 2]),
        ]);
        let mut merged = Merged::new(base(), adapter, 0.5).unwrap();
        // B·A = [1, 2]ᵀ·[1, 2, 3].
        assert_eq!(merged.read("a.weight").unwrap().values, [1.5, 3.0, 4.5, 5.0, 7.0, 9.0]);
        assert_eq!(merged.read("a.bias").unwrap().values, [7.0, 8.0]);
        assert_eq!(merged.read("classifier.weight").unwrap().values, [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(merged.info("classifier.weight").unwrap().shape, [2, 2]);
        let names: Vec<_> = merged.tensors().iter().map(|info| info.name.as_str()).collect();
        assert_eq!(names, ["a.weight", "a.bias", "classifier.weight"]);
    }

    #[test]
    fn the_scale_is_in_the_metadata() {
        let metadata = |alpha: &str, rank: &str| {
            let pairs = [("lora_alpha", alpha), ("r", rank)];
            pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).into_iter().collect::<BTreeMap<_, _>>()
        };
        assert_eq!(adapter_scale(&metadata("16", "8")).unwrap(), 2.0);
        for (alpha, rank) in [("16", "0"), ("NaN", "8"), ("inf", "8"), ("", "8"), ("-1", "8")] {
            assert!(matches!(adapter_scale(&metadata(alpha, rank)), Err(WeightsError::Adapter { .. })));
        }
        assert!(adapter_scale(&BTreeMap::new()).is_err());
    }

    #[test]
    fn an_adapter_of_another_model_is_refused() {
        let refused = |tensors: &[(&str, &[usize])], scale: f32| {
            let error = Merged::new(base(), adapter(tensors), scale).unwrap_err();
            assert!(matches!(error, WeightsError::Adapter { .. }), "{error}");
            error.to_string()
        };
        let pair = |down: &'static [usize], up: &'static [usize]| {
            [("base_model.model.a.lora_A.weight", down), ("base_model.model.a.lora_B.weight", up)]
        };
        let message = refused(&pair(&[1, 4], &[2, 1]), 1.0);
        assert!(message.contains("[2, 1] and [1, 4] do not make [2, 3]"), "{message}");
        refused(&pair(&[2, 3], &[2, 1]), 1.0);
        refused(&pair(&[1, 3], &[2, 1]), f32::NAN);
        refused(&[("base_model.model.a.lora_A.weight", &[1, 3])], 1.0);
        refused(&[("base_model.model.a.lora_B.weight", &[2, 1])], 1.0);
        refused(&[("base_model.model.b.lora_A.weight", &[1, 3]), ("base_model.model.b.lora_B.weight", &[2, 1])], 1.0);
    }
}
