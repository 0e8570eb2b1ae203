//! One query against every key, number by number.

use super::measure::width;
use super::{Caption, Cells, Colours, MARGIN, Svg};
use crate::colour::Scale;
use crate::pieces::label;

const LINE: f64 = 20.0;
const STRIP: f64 = 320.0;
const MOST: usize = 24;

/// A key beside a query.
#[derive(Clone, Debug, PartialEq)]
pub struct Key<'a> {
    /// Its token.
    pub name: &'a str,
    /// Its numbers.
    pub values: &'a [f32],
    /// Their products with the query's.
    pub products: Vec<f32>,
    /// Its score, as people read it.
    pub score: String,
    /// Its weight, as people read it.
    pub weight: String,
}

/// A query and all keys.
#[derive(Clone, Debug)]
pub struct Neurons<'a> {
    /// What it says of itself.
    pub caption: Caption<'a>,
    /// The query's token.
    pub query: &'a str,
    /// The query's numbers.
    pub values: &'a [f32],
    /// The keys.
    pub keys: &'a [Key<'a>],
    /// What the columns are called: the query, each key, products, score, weight.
    pub heads: [&'a str; 5],
}

/// Draws the strips, with one scale for numbers and one for products.
#[must_use]
pub fn neurons(drawn: &Neurons<'_>, dark: bool) -> String {
    let Neurons { caption, query, values, keys, heads } = drawn;
    let names = keys.iter().map(|key| key.name).chain([*query]);
    let name = names.map(|name| width(&label(name, MOST), 12.0)).fold(40.0, f64::max) + 8.0;
    let mut svg = Svg::new(name + 2.0 * STRIP + 8.0 + 140.0, *caption, dark);
    let wide = values.len();
    let numbers = |part: &mut dyn Iterator<Item = &f32>| part.map(|value| f64::from(*value)).collect::<Vec<f64>>();
    let all_keys = numbers(&mut keys.iter().flat_map(|key| key.values));
    let products = numbers(&mut keys.iter().flat_map(|key| &key.products));
    let own = numbers(&mut values.iter());
    let of_numbers = Scale::of(own.iter().chain(&all_keys).copied(), true);
    let of_products = Scale::of(products.iter().copied(), true);
    let (left, right) = (MARGIN + name, MARGIN + name + STRIP + 8.0);
    let (text, muted) = (svg.ink.text, svg.ink.muted);
    let end = "text-anchor=\"end\"";
    let y = svg.y;
    svg.words(left - 6.0, y + 14.0, &label(query, MOST), text, end);
    svg.cells([left, y + 2.0, STRIP, LINE - 4.0], &Cells::signed(wide, 1, &own, of_numbers));
    svg.words(right, y + 14.0, heads[0], muted, "");
    let y = y + LINE * 2.0;
    for (x, head, anchor) in [
        (left, heads[1], ""),
        (right, heads[2], ""),
        (right + STRIP + 66.0, heads[3], end),
        (right + STRIP + 132.0, heads[4], end),
    ] {
        svg.words(x, y - 6.0, head, muted, anchor);
    }
    svg.cells([left, y, STRIP, LINE * keys.len() as f64], &Cells::signed(wide, keys.len(), &all_keys, of_numbers));
    svg.cells([right, y, STRIP, LINE * keys.len() as f64], &Cells::signed(wide, keys.len(), &products, of_products));
    for (at, key) in keys.iter().enumerate() {
        let base = y + at as f64 * LINE + 14.0;
        svg.words(left - 6.0, base, &label(key.name, MOST), text, end);
        svg.words(right + STRIP + 66.0, base, &key.score, text, end);
        svg.words(right + STRIP + 132.0, base, &key.weight, text, end);
    }
    svg.y = y + LINE * keys.len() as f64;
    svg.legend(Colours::Map(of_numbers), heads[1]);
    svg.legend(Colours::Map(of_products), heads[2]);
    svg.note(caption.note);
    svg.finish(*caption)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::svg::tests::texts;

    #[test]
    fn every_key_has_its_token_score_and_weight() {
        let key = |name: &'static str| Key {
            name,
            values: &[0.5, -0.5],
            products: vec![1.0, -2.0],
            score: "+0.1".into(),
            weight: "0.4".into(),
        };
        let keys = [key("a"), key("b")];
        let caption = Caption { title: "t", description: "d", note: "n" };
        let heads = ["the query q", "each key k", "q × k", "score", "weight"];
        let all = texts(&neurons(&Neurons { caption, query: "b", values: &[1.0, 4.0], keys: &keys, heads }, false));
        for text in ["a", "b", "+0.1", "0.4", "q × k", "weight", "+4.000", "−2.000"] {
            assert!(all.iter().any(|one| one == text), "{text}: {all:?}");
        }
    }
}
