//! Drawings of a document, with titles and descriptions in English: what the report shows and the command line prints.

use headlight_document::{Attention, AttentionKind, Attribution, Explanation};

use crate::colour::Scale;
use crate::format::{number, percent};
use crate::pieces::{Piece, pieces, split};
use crate::plot::{Plot, Series};
use crate::svg::{self, Caption, Colours};
use crate::words;

/// How wide coloured text is.
const WIDTH: f64 = 740.0;

/// What an attention goes from and to.
#[must_use]
pub fn kind_title(kind: AttentionKind) -> &'static str {
    match kind {
        AttentionKind::SelfAttention => "Attention within what the model reads and writes",
        AttentionKind::Encoder => "Attention within the text",
        AttentionKind::Cross => "Attention from what is written to the text",
    }
}

/// The pieces of a text as they are coloured, with those that were written before the target behind an arrow.
#[must_use]
pub fn coloured(document: &Explanation, written: usize) -> Vec<Piece> {
    let mut all = pieces(&document.input);
    for (at, token) in document.output.tokens.iter().take(written).enumerate() {
        let (space, text) = split(&token.text, token.special);
        let gap = if at == 0 { "\n→ " } else { space };
        all.push(Piece { gap: gap.to_owned(), text: text.to_owned(), special: token.special, aside: false });
    }
    all
}

/// The text in one method's colours, its title and description in English.
#[must_use]
pub fn tokens(document: &Explanation, attribution: &Attribution, dark: bool) -> String {
    let written = attribution.output_values.as_deref().unwrap_or_default();
    let values: Vec<f64> = attribution.values.iter().chain(written).copied().collect();
    let is_signed = words::is_signed(attribution);
    let scale = Scale::of(values.iter().copied(), is_signed);
    let title = format!("{}: {}", attribution.method.title(), document.model.title);
    let description =
        format!("Each token in the colour of its {} for {}.", attribution.method.title(), words::target(document));
    let note = if is_signed { "orange: against the answer, blue: for it" } else { "stronger colour: more" };
    let caption = Caption { title: &title, description: &description, note };
    let pieces = coloured(document, written.len());
    let drawn = svg::Tokens { caption, pieces: &pieces, values: &values, colours: Colours::Text(scale), width: WIDTH };
    svg::tokens(&drawn, dark)
}

/// Candidates as bars. `chosen` is the entry that is explained.
#[must_use]
pub fn candidates(document: &Explanation, dark: bool) -> String {
    let target = document.target.id;
    let bars: Vec<svg::Bar> = document
        .output
        .top
        .iter()
        .map(|one| svg::Bar {
            label: one.text.clone(),
            share: one.prob,
            figure: percent(one.prob),
            chosen: Some(one.id) == target,
        })
        .collect();
    let description = format!("The {} best candidates with their probabilities.", bars.len());
    let title = format!("Answers of {}", document.model.title);
    let caption = Caption { title: &title, description: &description, note: "Bars run from 0 to 100 %." };
    svg::bars(caption, &bars, dark)
}

/// One deletion or insertion curve before its band, where it was measured.
#[must_use]
pub fn curve(document: &Explanation, at: usize, is_insertion: bool, dark: bool) -> Option<String> {
    let found = document.faithfulness.as_ref()?;
    let one = found.methods.get(at)?;
    let curve = if is_insertion { one.insertion.as_ref() } else { one.deletion.as_ref() }?;
    let (what, doing) = if is_insertion { ("Insertion", "tokens put in") } else { ("Deletion", "tokens left out") };
    let title = format!("{what}: {}", one.method.title());
    let orders = found.random.as_ref().map_or(0, |random| random.orders);
    let (band_name, rank) = match orders {
        0 => (String::new(), String::new()),
        _ => (
            format!("{orders} random orders"),
            format!(", better than {} of {orders} random orders", percent(curve.better_than)),
        ),
    };
    let note = format!("Area {}{rank}; “{}” stands for what is left out.", number(curve.area), found.replacement);
    let description = format!("The answer’s probability by the number of {doing}: {}.", svg::ends(&curve.values));
    let band = found.random.as_ref().map(|random| if is_insertion { &random.insertion } else { &random.deletion });
    let mut series = vec![Series { name: one.method.title(), values: &curve.values, dashed: false }];
    series.extend(band.map(|band| Series { name: "their mean", values: &band.mean, dashed: true }));
    Some(svg::chart(
        &svg::Chart {
            caption: Caption { title: &title, description: &description, note: &note },
            axes: (doing, "probability"),
            band: &band_name,
            plot: Plot { series, band: band.map(|band| (&*band.least, &*band.greatest)), ..Plot::default() },
        },
        dark,
    ))
}

/// All heads of an attention at once; none where the document has no maps.
#[must_use]
pub fn grid(attention: &Attention, dark: bool) -> Option<String> {
    let (rows, columns, values) = match (&attention.values, &attention.overview) {
        (Some(values), _) => (attention.rows, attention.columns, values),
        (None, Some(small)) => (small.rows, small.columns, &small.values),
        (None, None) => return None,
    };
    let size = rows.checked_mul(columns).filter(|size| *size > 0)?;
    let title = format!("{}, every head", kind_title(attention.kind));
    let description = format!("{} × {} maps: rows look, columns are looked at.", attention.layers, attention.heads);
    let drawn = svg::Grid {
        caption: Caption { title: &title, description: &description, note: "attention weight, square-root scale" },
        kind: attention.kind,
        layers: attention.layers,
        heads: attention.heads,
        size: (rows, columns),
        axes: ("layer", "head"),
    };
    let map = |layer: usize, head: usize| {
        let from = (layer * attention.heads + head).checked_mul(size)?;
        values.get(from..from.checked_add(size)?).map(<[f32]>::to_vec)
    };
    Some(svg::grid(&drawn, &map, dark))
}
