//! Drawings of a document with titles and descriptions: what the report shows and the command line prints.

use headlight_document::{Attention, AttentionKind, Attribution, Explanation};

use crate::colour::Scale;
use crate::format::{number, percent};
use crate::pieces::{Piece, pieces, split};
use crate::plot::{Plot, Series};
use crate::svg::{self, Caption, Colours};
use crate::{Texts, words};

/// How wide coloured text is.
const WIDTH: f64 = 740.0;

/// What an attention goes from and to.
#[must_use]
pub fn kind_title(kind: AttentionKind, texts: Texts<'_>) -> &str {
    texts.say(match kind {
        AttentionKind::SelfAttention => "drawn.kind.self",
        AttentionKind::Encoder => "drawn.kind.encoder",
        AttentionKind::Cross => "drawn.kind.cross",
    })
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

/// The text in one method's colours.
#[must_use]
pub fn tokens(document: &Explanation, attribution: &Attribution, texts: Texts<'_>, dark: bool) -> String {
    let written = attribution.output_values.as_deref().unwrap_or_default();
    let values: Vec<f64> = attribution.values.iter().chain(written).copied().collect();
    let is_signed = words::is_signed(attribution);
    let scale = Scale::of(values.iter().copied(), is_signed);
    let method = texts.method(attribution.method);
    let title = texts.fill("drawn.titled", &[&method, &document.model.title]);
    let description = texts.fill("drawn.tokens", &[&method, &words::target(document, texts)]);
    let note = texts.say(if is_signed { "drawn.signed" } else { "drawn.unsigned" });
    let caption = Caption { title: &title, description: &description, note };
    let pieces = coloured(document, written.len());
    let drawn = svg::Tokens { caption, pieces: &pieces, values: &values, colours: Colours::Text(scale), width: WIDTH };
    svg::tokens(&drawn, dark)
}

/// The ends of some numbers, as a drawing's description says them.
pub(crate) fn ends(values: &[f64], texts: Texts<'_>) -> String {
    match (values.first(), values.last()) {
        (Some(first), Some(last)) => texts.fill("drawn.ends", &[&number(*first), &number(*last)]),
        _ => String::new(),
    }
}

/// Candidates as bars. `chosen` is the entry that is explained.
#[must_use]
pub fn candidates(document: &Explanation, texts: Texts<'_>, dark: bool) -> String {
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
    let description = texts.fill("drawn.answers.what", &[&bars.len()]);
    let title = texts.fill("drawn.answers", &[&document.model.title]);
    let caption = Caption { title: &title, description: &description, note: texts.say("drawn.answers.note") };
    svg::bars(caption, &bars, dark)
}

/// One deletion or insertion curve before its band, where it was measured.
#[must_use]
pub fn curve(document: &Explanation, at: usize, is_insertion: bool, texts: Texts<'_>, dark: bool) -> Option<String> {
    let found = document.faithfulness.as_ref()?;
    let one = found.methods.get(at)?;
    let curve = if is_insertion { one.insertion.as_ref() } else { one.deletion.as_ref() }?;
    let (what, doing) = if is_insertion {
        (texts.say("drawn.insertion"), texts.say("drawn.insertion.axis"))
    } else {
        (texts.say("drawn.deletion"), texts.say("drawn.deletion.axis"))
    };
    let method = texts.method(one.method);
    let title = texts.fill("drawn.titled", &[&what, &method]);
    let orders = found.random.as_ref().map_or(0, |random| random.orders);
    let (band_name, rank) = match orders {
        0 => (String::new(), String::new()),
        _ => (
            texts.fill("drawn.curve.random", &[&orders]),
            texts.fill("drawn.curve.better", &[&percent(curve.better_than), &orders]),
        ),
    };
    let note = texts.fill("drawn.curve.note", &[&number(curve.area), &rank, &found.replacement]);
    let description = texts.fill("drawn.curve.what", &[&doing, &ends(&curve.values, texts)]);
    let band = found.random.as_ref().map(|random| if is_insertion { &random.insertion } else { &random.deletion });
    let mut series = vec![Series { name: method, values: &curve.values, dashed: false }];
    series.extend(band.map(|band| Series { name: texts.say("drawn.curve.mean"), values: &band.mean, dashed: true }));
    Some(svg::chart(
        &svg::Chart {
            caption: Caption { title: &title, description: &description, note: &note },
            axes: (doing, texts.say("read.prob")),
            band: &band_name,
            plot: Plot { series, band: band.map(|band| (&*band.least, &*band.greatest)), ..Plot::default() },
        },
        dark,
    ))
}

/// All heads of an attention at once; none where the document has no maps.
#[must_use]
pub fn grid(attention: &Attention, texts: Texts<'_>, dark: bool) -> Option<String> {
    let (rows, columns, values) = match (&attention.values, &attention.overview) {
        (Some(values), _) => (attention.rows, attention.columns, values),
        (None, Some(small)) => (small.rows, small.columns, &small.values),
        (None, None) => return None,
    };
    let size = rows.checked_mul(columns).filter(|size| *size > 0)?;
    let title = texts.fill("drawn.grid", &[&kind_title(attention.kind, texts)]);
    let description = texts.fill("drawn.grid.what", &[&attention.layers, &attention.heads]);
    let drawn = svg::Grid {
        caption: Caption { title: &title, description: &description, note: texts.say("drawn.weights") },
        kind: attention.kind,
        layers: attention.layers,
        heads: attention.heads,
        size: (rows, columns),
        axes: (texts.say("drawn.layer"), texts.say("drawn.head")),
    };
    let map = |layer: usize, head: usize| {
        let from = (layer * attention.heads + head).checked_mul(size)?;
        values.get(from..from.checked_add(size)?).map(<[f32]>::to_vec)
    };
    Some(svg::grid(&drawn, &map, dark))
}
