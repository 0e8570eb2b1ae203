//! Rotary position embedding: pairs of a head's values turn by an angle that grows with the position (Su et al. 2021;
//! transformers' `modeling_rope_utils.py`).

use std::f64::consts::TAU;

use burn::tensor::{Device, Tensor, TensorData};
use serde_json::Value;

use crate::config::Config;
use crate::error::ModelError;

/// The most positions for which angles are prepared: texts in a page are far shorter, and a long-context model's table
/// would only take memory.
pub const MAX_CONTEXT: usize = 4096;

/// What a configuration says of the angles.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The base of the frequencies.
    theta: f64,
    /// How much of a head turns, from 0 to 1.
    share: f64,
    scaling: Scaling,
}

/// How the frequencies are changed for texts longer than those of the first training.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Scaling {
    /// Not at all.
    None,
    /// All divided by a factor (kaiokendev's interpolation).
    Linear(f64),
    /// Slow ones divided by a factor, fast ones left, those between blended (Llama 3.1).
    Llama3 { factor: f64, low: f64, high: f64, context: f64 },
    /// The same, blended by the pair's place between those that turn `fast` and `slow` times over a text of the first
    /// training (rounded to `whole` pairs), and with larger cosines and sines: YaRN (Peng et al. 2023).
    Yarn { factor: f64, fast: f64, slow: f64, context: f64, whole: bool, amplitude: f64 },
}

/// The keys under which checkpoints from before transformers 5 have base and share.
pub struct OldKeys {
    /// The base's.
    pub theta: &'static str,
    /// The share's.
    pub share: &'static str,
    /// The share where no key says it.
    pub default_share: f64,
}

impl Settings {
    /// Reads `rope_parameters`, as transformers 5 writes it, or the older `rope_scaling` and the keys beside it.
    ///
    /// # Errors
    /// [`ModelError::Config`] names a kind of scaling that is not known, and a value that makes no sense.
    pub fn read(config: &Config, keys: &OldKeys) -> Result<Self, ModelError> {
        let theta = config.real(keys.theta, 10_000.0)?;
        let share = config.real(keys.share, keys.default_share)?;
        let given = |key: &str| {
            let filled = config.value(key).and_then(Value::as_object).is_some_and(|values| !values.is_empty());
            config.part(key).filter(|_| filled).map(|part| (key.to_owned(), part))
        };
        // The order is transformers'.
        let Some((key, part)) = given("rope_scaling").or_else(|| given("rope_parameters")) else {
            return Ok(Self { theta, share, scaling: Scaling::None });
        };
        let all = config.value(&key).and_then(Value::as_object);
        if all.is_some_and(|values| values.values().any(Value::is_object)) {
            return Err(ModelError::Config(format!("{key} differs between layers, which is not known")));
        }
        let needed = |name: &str| match part.has(name) {
            true => part.real(name, 1.0),
            false => Err(ModelError::Config(format!("{key} lacks {name}"))),
        };
        let scaling = match part.text("rope_type").or(part.text("type")).unwrap_or("default") {
            // Dynamic scaling only touches texts longer than `max_position_embeddings`, which are refused.
            "default" | "dynamic" => Scaling::None,
            "linear" => Scaling::Linear(needed("factor")?),
            "llama3" => {
                let [factor, low, high] = [needed("factor")?, needed("low_freq_factor")?, needed("high_freq_factor")?];
                Scaling::Llama3 { factor, low, high, context: first_context(config, &part)? }
            }
            "yarn" => Scaling::yarn(needed("factor")?, &part, first_context(config, &part)?)?,
            other => {
                let other: String = other.chars().take(60).collect();
                return Err(ModelError::Config(format!("the rotary scaling \"{other}\" is not known")));
            }
        };
        let theta = part.real("rope_theta", theta)?;
        let share = part.real("partial_rotary_factor", share)?;
        Ok(Self { theta, share, scaling })
    }

    /// How many of a head's values turn.
    ///
    /// # Errors
    /// [`ModelError::Config`] where they do not make pairs, or are more than there are.
    pub fn rotated(&self, head_width: usize) -> Result<usize, ModelError> {
        let rotated = (head_width as f64 * self.share) as usize;
        if rotated == 0 || rotated > head_width || !rotated.is_multiple_of(2) {
            return Err(ModelError::Config(format!("{rotated} of a head's {head_width} values cannot turn in pairs")));
        }
        Ok(rotated)
    }

    /// The angle, in radians, by which each of `rotated / 2` pairs turns from one position to the next.
    pub fn frequencies(&self, rotated: usize) -> Vec<f32> {
        (0..rotated / 2)
            .map(|pair| {
                // transformers rounds the frequency to f32 before it goes on; so do we.
                let plain = (1.0 / self.theta.powf(2.0 * pair as f64 / rotated as f64)) as f32;
                self.scaled(f64::from(plain), pair, rotated) as f32
            })
            .collect()
    }

    fn scaled(&self, frequency: f64, pair: usize, rotated: usize) -> f64 {
        match self.scaling {
            Scaling::None => frequency,
            Scaling::Linear(factor) => frequency / factor,
            Scaling::Llama3 { factor, low, high, context } => {
                let wavelength = TAU / frequency;
                if wavelength < context / high {
                    frequency
                } else if wavelength > context / low {
                    frequency / factor
                } else {
                    let smooth = (context / wavelength - low) / (high - low);
                    (1.0 - smooth) * frequency / factor + smooth * frequency
                }
            }
            Scaling::Yarn { factor, fast, slow, context, whole, .. } => {
                // The pair that turns so many times over the first training's texts.
                let pair_of = |turns: f64| rotated as f64 * (context / (turns * TAU)).ln() / (2.0 * self.theta.ln());
                let (first, last) = (pair_of(fast), pair_of(slow));
                let (first, last) = if whole { (first.floor(), last.ceil()) } else { (first, last) };
                let (first, last) = (first.max(0.0), last.min(rotated as f64 - 1.0));
                let width = if first == last { 0.001 } else { last - first };
                let ramp = ((pair as f64 - first) / width).clamp(0.0, 1.0);
                frequency / factor * ramp + frequency * (1.0 - ramp)
            }
        }
    }

    /// What cosines and sines are multiplied with.
    fn amplitude(&self) -> f64 {
        match self.scaling {
            Scaling::Yarn { amplitude, .. } => amplitude,
            _ => 1.0,
        }
    }
}

/// The longest text of the first training.
fn first_context(config: &Config, part: &Config) -> Result<f64, ModelError> {
    // The order is transformers'.
    let longest = config.real("max_position_embeddings", 2048.0)?;
    let context = part.real("original_max_position_embeddings", longest)?;
    config.real("original_max_position_embeddings", context)
}

impl Scaling {
    fn yarn(factor: f64, part: &Config, context: f64) -> Result<Self, ModelError> {
        let grown = |by: f64| if factor > 1.0 { 0.1 * by * factor.ln() + 1.0 } else { 1.0 };
        let amplitude = match part.has("mscale") && part.has("mscale_all_dim") {
            true => grown(part.real("mscale", 1.0)?) / grown(part.real("mscale_all_dim", 1.0)?),
            false => grown(1.0),
        };
        Ok(Self::Yarn {
            factor,
            fast: part.real("beta_fast", 32.0)?,
            slow: part.real("beta_slow", 1.0)?,
            context,
            whole: part.flag("truncate", true),
            amplitude: part.real("attention_factor", amplitude)?,
        })
    }
}

/// Cosine and sine of every position's angles, each `[1, context, 1, pair]`.
#[derive(Debug)]
pub struct Rotary {
    cos: Tensor<4>,
    sin: Tensor<4>,
}

impl Rotary {
    /// For `settings` with these frequencies, its own or a file's. Angles are position · frequency, computed in f32 as
    /// transformers does; their cosines and sines in f64.
    ///
    /// # Errors
    /// [`ModelError::Config`] where a frequency is not a number.
    pub fn new(settings: &Settings, frequencies: &[f32], context: usize, device: &Device) -> Result<Self, ModelError> {
        if !frequencies.iter().all(|frequency| frequency.is_finite()) {
            return Err(ModelError::Config("the rotary frequencies are not numbers".to_owned()));
        }
        let amplitude = settings.amplitude();
        let table = |of: fn(f64) -> f64| {
            let at = |position: usize, frequency: f32| of(f64::from(position as f32 * frequency)) * amplitude;
            let values: Vec<f32> = (0..context)
                .flat_map(|position| frequencies.iter().map(move |frequency| at(position, *frequency) as f32))
                .collect();
            Tensor::from_data(TensorData::new(values, [1, context, 1, frequencies.len()]), device)
        };
        Ok(Self { cos: table(f64::cos), sin: table(f64::sin) })
    }

    /// `tokens` positions from `first` on, for a [`Frame`](crate::Frame).
    pub fn range(&self, first: usize, tokens: usize) -> (Tensor<4>, Tensor<4>) {
        (self.cos.clone().narrow(1, first, tokens), self.sin.clone().narrow(1, first, tokens))
    }
}

/// Turns each pair (i, i + half of those that turn) of `[batch, token, head, head width]` by its position's angle. What
/// lies behind the pairs stays.
pub fn rotate(input: Tensor<4>, (cos, sin): &(Tensor<4>, Tensor<4>)) -> Tensor<4> {
    let (width, half) = (input.dims()[3], cos.dims()[3]);
    let (first, second) = (input.clone().narrow(3, 0, half), input.clone().narrow(3, half, half));
    let turned_first = first.clone() * cos.clone() - second.clone() * sin.clone();
    let turned_second = second * cos.clone() + first * sin.clone();
    let mut parts = vec![turned_first, turned_second];
    if 2 * half < width {
        parts.push(input.narrow(3, 2 * half, width - 2 * half));
    }
    Tensor::cat(parts, 3)
}
