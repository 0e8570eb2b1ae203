//! Random numbers that are the same on every machine and in every version, so that a seed names a run.

/// SplitMix64 (Steele, Lea & Flood 2014).
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    /// The sequence of this seed; `purpose` keeps the sequences of one seed apart.
    #[must_use]
    pub fn new(seed: u64, purpose: u64) -> Self {
        Self { state: seed ^ purpose.wrapping_mul(0xD1B5_4A32_D192_ED03) }
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in ±`bound`.
    #[expect(clippy::cast_precision_loss, reason = "24 bits fit")]
    pub fn uniform(&mut self, bound: f32) -> f32 {
        let unit = (self.bits() >> 40) as f32 / 16_777_216.0;
        (2.0 * unit - 1.0) * bound
    }

    /// Uniform in [0, 1), a multiple of 2⁻⁵³.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * 2.0_f64.powi(-53)
    }

    /// `count` standard normal numbers, two from each two uniform ones (Box and Muller 1958): with u in (0, 1] from the
    /// first and v in [0, 1) from the second, √(−2 ln u)·cos 2πv, then √(−2 ln u)·sin 2πv.
    pub fn normal(&mut self, count: usize) -> Vec<f64> {
        let mut values = Vec::with_capacity(count + 1);
        while values.len() < count {
            let radius = (-2.0 * (self.unit() + 2.0_f64.powi(-53)).ln()).sqrt();
            let angle = std::f64::consts::TAU * self.unit();
            values.extend([radius * angle.cos(), radius * angle.sin()]);
        }
        values.truncate(count);
        values
    }

    /// Uniform among 0…`count` − 1; 0 where there are none. The bias of a remainder of 64 bits is beyond notice.
    pub fn below(&mut self, count: usize) -> usize {
        (self.bits() % count.max(1) as u64) as usize
    }

    /// Fisher and Yates' shuffle.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_published_sequence() {
        // The first values of seed 1234567, as in Rosetta Code's and the JDK's listings.
        let mut random = Random::new(1_234_567, 0);
        let values = [random.bits(), random.bits(), random.bits()];
        assert_eq!(values, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn a_shuffle_keeps_every_item_and_a_seed_repeats_it() {
        let shuffled = |seed| {
            let mut items: Vec<u32> = (0..100).collect();
            Random::new(seed, 1).shuffle(&mut items);
            items
        };
        assert_eq!(shuffled(7), shuffled(7));
        assert_ne!(shuffled(7), shuffled(8));
        let mut sorted = shuffled(7);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn uniform_numbers_stay_within_their_bound() {
        let mut random = Random::new(0, 0);
        let values: Vec<f32> = (0..1000).map(|_| random.uniform(0.5)).collect();
        assert!(values.iter().all(|value| value.abs() <= 0.5));
        assert!(values.iter().sum::<f32>().abs() < 30.0);
    }
}
