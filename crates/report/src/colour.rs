//! Colour scales that stay readable: one hue that grows away from the background for amounts, blue against orange for
//! signed values (a pair that every common form of colour blindness tells apart), mixed in the Oklab space so that
//! equal steps look equal.

/// A colour as red, green and blue, 0 to 255 each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rgb(pub u8, pub u8, pub u8);

impl Rgb {
    /// As CSS writes it.
    #[must_use]
    pub fn css(self) -> String {
        format!("rgb({} {} {})", self.0, self.1, self.2)
    }

    /// As the style of an element that has it behind its text.
    #[must_use]
    pub fn style(self) -> String {
        format!("background-color:{};color:{}", self.css(), self.ink().css())
    }

    /// Relative luminance, as WCAG 2 defines it.
    #[must_use]
    pub fn luminance(self) -> f64 {
        let [r, g, b] = [self.0, self.1, self.2].map(|channel| f64::from(to_linear(channel)));
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    /// Contrast with another colour, as WCAG 2 defines it: 1 to 21.
    #[must_use]
    pub fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// The ink, black or white, that is easier to read on this background.
    #[must_use]
    pub fn ink(self) -> Self {
        if self.contrast(INK_DARK) >= self.contrast(INK_LIGHT) { INK_DARK } else { INK_LIGHT }
    }
}

/// Colours by their six hexadecimal digits, as people and style sheets write them.
#[must_use]
pub const fn colours<const N: usize>(codes: [u32; N]) -> [Rgb; N] {
    let mut all = [Rgb(0, 0, 0); N];
    let mut at = 0;
    while at < N {
        let [_, r, g, b] = codes[at].to_be_bytes();
        all[at] = Rgb(r, g, b);
        at += 1;
    }
    all
}

const INK_DARK: Rgb = Rgb(0, 0, 0);
const INK_LIGHT: Rgb = Rgb(0xff, 0xff, 0xff);

/// The colours of data in one theme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Palette {
    /// From nothing to the most.
    amount: [Rgb; 5],
    /// From nothing to the most negative.
    against: [Rgb; 5],
}

/// On paper.
pub const LIGHT: Palette = Palette {
    amount: colours([0xffffff, 0xc6dfee, 0x6aaed4, 0x1f6cab, 0x082c5c]),
    against: colours([0xffffff, 0xfbddb9, 0xeea24c, 0xb45d09, 0x642e04]),
};

/// In the dark.
pub const DARK: Palette = Palette {
    amount: colours([0x171a20, 0x1c3d5e, 0x2a78b4, 0x72bdea, 0xe8f6ff]),
    against: colours([0x171a20, 0x553010, 0xb06518, 0xf4b060, 0xfff1dc]),
};

impl Palette {
    /// The palette of a theme.
    #[must_use]
    pub fn of(dark: bool) -> &'static Self {
        if dark { &DARK } else { &LIGHT }
    }

    /// The colour of an amount from 0 to 1.
    #[must_use]
    pub fn amount(&self, share: f64) -> Rgb {
        ramp(&self.amount, share)
    }

    /// The colour of a signed value from −1 to 1.
    #[must_use]
    pub fn signed(&self, share: f64) -> Rgb {
        if share < 0.0 { ramp(&self.against, -share) } else { ramp(&self.amount, share) }
    }

    /// 256 steps of [`Palette::amount`], for drawing many pixels.
    #[must_use]
    pub fn table(&self) -> Vec<Rgb> {
        (0..=255).map(|step| self.amount(f64::from(step) / 255.0)).collect()
    }
}

/// How numbers become shares of a colour scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Whether it runs both ways from zero.
    pub signed: bool,
    /// The number at its end (and, negated, at its beginning where it is signed).
    pub limit: f64,
}

impl Scale {
    /// The scale that fits these values: its end is the largest size among those that are numbers.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = f64>, signed: bool) -> Self {
        let limit = values.into_iter().filter(|value| value.is_finite()).fold(0.0, |most: f64, v| most.max(v.abs()));
        Self { signed, limit }
    }

    /// Where a value lies: −1 to 1 for a signed scale, else 0 to 1.
    #[must_use]
    pub fn share(self, value: f64) -> f64 {
        if self.limit <= 0.0 || !value.is_finite() {
            return 0.0;
        }
        (value / self.limit).clamp(if self.signed { -1.0 } else { 0.0 }, 1.0)
    }

    /// The colour of a value. The darkest fifth of the ramps is left to maps, so that text stays pleasant to read.
    #[must_use]
    pub fn colour(self, value: f64, palette: &Palette) -> Rgb {
        let share = self.share(value) * 0.8;
        if self.signed { palette.signed(share) } else { palette.amount(share) }
    }
}

/// How an attention weight from 0 to 1 becomes a step of [`Palette::table`]: by its square root, so that the many
/// small weights of a long text stay visible.
#[must_use]
pub fn attention_step(weight: f32) -> usize {
    (weight.clamp(0.0, 1.0).sqrt() * 255.0).round() as usize
}

fn ramp(stops: &[Rgb; 5], share: f64) -> Rgb {
    let share = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
    let at = share * 4.0;
    let from = (at.floor() as usize).min(3);
    match (stops.get(from), stops.get(from + 1)) {
        (Some(&a), Some(&b)) => mix(a, b, (at - from as f64) as f32),
        _ => stops[0],
    }
}

fn mix(a: Rgb, b: Rgb, t: f32) -> Rgb {
    let (a, b) = (to_oklab(a), to_oklab(b));
    from_oklab([0, 1, 2].map(|i| a[i] + (b[i] - a[i]) * t))
}

fn to_linear(channel: u8) -> f32 {
    let c = f32::from(channel) / 255.0;
    if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
}

fn to_channel(c: f32) -> u8 {
    let c = if c <= 0.003_130_8 { c * 12.92 } else { 1.055 * c.powf(1.0 / 2.4) - 0.055 };
    (c.clamp(0.0, 1.0) * 255.0).round() as u8
}

// Björn Ottosson's Oklab, https://bottosson.github.io/posts/oklab/.
fn to_oklab(colour: Rgb) -> [f32; 3] {
    let [r, g, b] = [colour.0, colour.1, colour.2].map(to_linear);
    let l = (0.412_221_46 * r + 0.536_332_55 * g + 0.051_445_995 * b).cbrt();
    let m = (0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b).cbrt();
    let s = (0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b).cbrt();
    [
        0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
        1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
        0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
    ]
}

fn from_oklab([lightness, a, b]: [f32; 3]) -> Rgb {
    let l = (lightness + 0.396_337_78 * a + 0.215_803_76 * b).powi(3);
    let m = (lightness - 0.105_561_346 * a - 0.063_854_17 * b).powi(3);
    let s = (lightness - 0.089_484_18 * a - 1.291_485_5 * b).powi(3);
    Rgb(
        to_channel(4.076_741_7 * l - 3.307_711_6 * m + 0.230_969_94 * s),
        to_channel(-1.268_438 * l + 2.609_757_4 * m - 0.341_319_4 * s),
        to_channel(-0.004_196_086 * l - 0.703_418_6 * m + 1.707_614_7 * s),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixing_ends_where_it_should() {
        for palette in [&LIGHT, &DARK] {
            assert_eq!(palette.amount(0.0), palette.amount[0]);
            assert_eq!(palette.amount(1.0), palette.amount[4]);
            assert_eq!(palette.signed(-1.0), palette.against[4]);
            assert_eq!(palette.signed(0.0), palette.amount[0]);
            assert_eq!(palette.amount(f64::NAN), palette.amount[0]);
        }
    }

    #[test]
    fn amounts_grow_steadily_away_from_the_background() {
        for (palette, direction) in [(&LIGHT, -1.0), (&DARK, 1.0)] {
            for side in [1.0, -1.0] {
                let shades: Vec<_> = (0..=100).map(|i| palette.signed(side * f64::from(i) / 100.0)).collect();
                for pair in shades.windows(2) {
                    assert!((pair[1].luminance() - pair[0].luminance()) * direction >= -1e-9);
                }
            }
        }
    }

    #[test]
    fn every_shade_has_an_ink_that_can_be_read() {
        for palette in [&LIGHT, &DARK] {
            for i in -100..=100 {
                let shade = palette.signed(f64::from(i) / 100.0);
                assert!(shade.contrast(shade.ink()) >= 4.5, "{shade:?}");
            }
        }
    }

    #[test]
    fn the_two_signs_differ_for_people_who_see_no_red_or_no_green() {
        // Blue against yellow is what deuteranopes and protanopes keep: the signs must differ in Oklab's b.
        for palette in [&LIGHT, &DARK] {
            for share in [0.25, 0.5, 0.75] {
                let (plus, minus) = (to_oklab(palette.signed(share)), to_oklab(palette.signed(-share)));
                assert!(minus[2] - plus[2] > 0.05, "{share}: {plus:?} {minus:?}");
            }
        }
    }

    #[test]
    fn scales_fit_their_values() {
        let scale = Scale::of([0.5, -2.0, f64::NAN], true);
        assert_eq!(scale.limit, 2.0);
        assert_eq!(scale.share(-2.0), -1.0);
        assert_eq!(scale.share(1.0), 0.5);
        assert_eq!(Scale::of([], false).share(1.0), 0.0);
        assert_eq!(Scale::of([0.0], true).share(0.0), 0.0);
    }

    #[test]
    fn attention_steps_cover_the_table() {
        assert_eq!(attention_step(0.0), 0);
        assert_eq!(attention_step(1.0), 255);
        assert_eq!(attention_step(f32::NAN.max(0.25)), 128);
        assert!(LIGHT.table().len() > attention_step(2.0));
    }
}
