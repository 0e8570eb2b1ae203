//! Attention on its way into a document, and what of it stays behind on the device.

use burn::tensor::{Tensor, Transaction};
use headlight_document::{
    Attention, AttentionDetail, AttentionKind, AttentionSummary, Look, Neurons, Overview, Seen, Tile, Whose,
};
use headlight_explain::Explained;
use headlight_explain::attention::{Attends, Counted, LeftOut, Maps, Summary, neurons, smaller, summarise};
use headlight_explain::attribution::flow_from;
use headlight_models::{Hook, Input, Transformer};

use crate::error::EngineError;
use crate::model::Model;
use crate::places::{attends, kind};
use crate::progress::{Progress, Relay};
use crate::results::{failed, floats};

/// How far the sum of an attention row may be from one before the answer is withheld.
pub(crate) const ROW_SUM: f64 = 1e-3;

/// The attention of one answer, on the device where it was computed.
#[derive(Debug)]
pub struct Held {
    kinds: Vec<(AttentionKind, Maps)>,
    /// What the model was given.
    input: Input,
}

/// Which tokens stand for text, on the side that reads and on the side that writes.
pub(crate) struct Texts<'a> {
    pub read: &'a [bool],
    pub written: &'a [bool],
}

impl Held {
    /// The maps that a run of `model` on `input` kept.
    pub(crate) fn of(explained: &Explained, model: &dyn Transformer, input: Input) -> Self {
        let found = Attends::of(model).into_iter().filter_map(|attends| {
            let Hook { side, point, .. } = attends.pattern(0);
            Some((kind(model, attends), Maps::of(&explained.captures, side, point)?))
        });
        Self { kinds: found.collect(), input }
    }

    /// The queries and keys of one head: a run of the model that was asked, which `model` has to be.
    ///
    /// # Errors
    /// [`EngineError::NoSuchMap`] for a head that there is not; others where the run fails or was cancelled.
    pub async fn neurons(
        &self,
        model: &Model,
        kind: AttentionKind,
        head: (usize, usize),
        progress: &dyn Progress,
    ) -> Result<Neurons, EngineError> {
        let model = model.transformer.as_ref();
        let attends = attends(model, kind).ok_or(EngineError::NoSuchMap)?;
        let found = neurons(model, self.input.clone(), attends, head, &Relay(progress)).await?;
        let [queries, keys, width] = found.shape;
        let [query_values, key_values, scores] = [found.queries, found.keys, found.scores].map(singles);
        Ok(Neurons { queries, keys, width, query_values, key_values, scores })
    }

    /// What a document has of them, as `detail` says.
    pub(crate) async fn described(
        &self,
        detail: AttentionDetail,
        texts: &Texts<'_>,
    ) -> Result<Vec<Attention>, EngineError> {
        let mut described = Vec::with_capacity(self.kinds.len());
        for (kind, maps) in &self.kinds {
            let [heads, rows, columns] = maps.size();
            let (written, read_from) = (fit(texts.written, rows), fit(texts.read, columns));
            // Less than two rows tell no head from another.
            let aligns = *kind == AttentionKind::Cross && written.iter().filter(|counts| **counts).count() > 1;
            let counted = aligns.then_some(Counted { queries: &written, keys: &read_from });
            let summary = summarise(maps, *kind == AttentionKind::SelfAttention, counted).await?;
            if summary.row_error > ROW_SUM {
                return Err(failed("it returned attention whose rows do not sum to one"));
            }
            let is_small = rows.max(columns) <= Overview::SIDE;
            let (values, overview) = match detail {
                AttentionDetail::Full => (Some(read(maps.whole()).await?.2), None),
                AttentionDetail::Overview if is_small => (Some(read(maps.whole()).await?.2), None),
                AttentionDetail::Overview => {
                    let (rows, columns, values) = read(maps.reduced(Overview::SIDE)).await?;
                    (None, Some(Overview { rows, columns, values }))
                }
                AttentionDetail::None | AttentionDetail::Summary => (None, None),
            };
            described.push(Attention {
                kind: *kind,
                layers: maps.layers().len(),
                heads,
                rows,
                columns,
                values,
                overview,
                summary: Some(figures(summary)),
            });
        }
        Ok(described)
    }

    /// Brings back what `look` wants, by layers and as large as it is wanted.
    ///
    /// # Errors
    /// [`EngineError::NoSuchMap`] for a map that there is not, [`EngineError::TooMuchToSee`] where more is wanted than
    /// [`Look::MOST`], [`EngineError::Device`] where the device fails.
    pub async fn look(&self, look: &Look, progress: &dyn Progress) -> Result<Vec<Seen>, EngineError> {
        let maps = self.kinds.iter().find(|(kind, _)| *kind == look.kind).map(|(_, maps)| maps);
        let maps = maps.ok_or(EngineError::NoSuchMap)?;
        let [_, rows, columns] = maps.size();
        let numbers = look.tiles.iter().map(|tile| tile.side.min(rows) * tile.side.min(columns)).sum::<usize>();
        if numbers > Look::MOST {
            return Err(EngineError::TooMuchToSee);
        }
        let is_whole = look.rows_out.is_empty() && look.columns_out.is_empty();
        let left_out = (!is_whole).then(|| LeftOut::of(maps, &look.rows_out, &look.columns_out));
        let mut seen = Vec::with_capacity(look.tiles.len());
        let mut wanted = look.tiles.clone();
        wanted.sort_unstable();
        for tile in &wanted {
            if let Whose::Flow(row) = tile.whose {
                let values = singles(flow_from(maps, row, &Relay(progress)).await?);
                seen.push(Seen { tile: *tile, rows: 1, columns: values.len(), values });
            }
        }
        wanted.retain(|tile| !matches!(tile.whose, Whose::Flow(_)));
        // Heads of a layer that are wanted in one size are made small together.
        let groups: Vec<&[Tile]> = wanted.chunk_by(|a, b| group(a).is_some() && group(a) == group(b)).collect();
        let mut shapes = Vec::with_capacity(groups.len());
        let mut transaction = Transaction::default();
        for tiles in &groups {
            let small = wanted_of(maps, tiles, left_out.as_ref())?;
            shapes.push(small.dims());
            transaction = transaction.register(small);
        }
        let data = transaction.execute_async().await.map_err(|error| EngineError::Device(error.to_string()))?;
        for ((tiles, [_, rows, columns]), data) in groups.iter().zip(shapes).zip(data) {
            let values = floats(data)?;
            let maps = values.chunks_exact((rows * columns).max(1)).map(<[f32]>::to_vec);
            seen.extend(tiles.iter().zip(maps).map(|(tile, values)| Seen { tile: *tile, rows, columns, values }));
        }
        Ok(seen)
    }
}

/// What heads have in common that are made small together.
fn group(tile: &Tile) -> Option<(usize, usize)> {
    match tile.whose {
        Whose::Head(layer, _) => Some((layer, tile.side)),
        _ => None,
    }
}

/// The maps of one group of tiles, made small: `[tile, row, column]`.
fn wanted_of(maps: &Maps, tiles: &[Tile], left_out: Option<&LeftOut>) -> Result<Tensor<3>, EngineError> {
    let first = tiles.first().ok_or(EngineError::NoSuchMap)?;
    let map = match first.whose {
        Whose::Head(layer, _) => {
            let head = |tile: &Tile| match tile.whose {
                Whose::Head(_, head) => Some(head),
                _ => None,
            };
            let heads: Vec<usize> = tiles.iter().filter_map(head).collect();
            return maps.heads(layer, &heads, first.side, left_out).map_err(|_| EngineError::NoSuchMap);
        }
        Whose::Layer(layer) => maps.mean(Some(layer), left_out).ok(),
        Whose::Mean => maps.mean(None, left_out).ok(),
        Whose::Rollout => maps.rollout(left_out),
        Whose::Flow(_) => None,
    };
    Ok(smaller(map.ok_or(EngineError::NoSuchMap)?, first.side))
}

/// As many entries as a map has tokens on that side: a decoder has read less than it wrote.
fn fit(counts: &[bool], tokens: usize) -> Vec<bool> {
    counts.iter().copied().chain(std::iter::repeat(false)).take(tokens).collect()
}

/// Rows, columns and values of maps.
async fn read(maps: Tensor<3>) -> Result<(usize, usize, Vec<f32>), EngineError> {
    let [_, rows, columns] = maps.dims();
    let data = maps.into_data_async().await.map_err(|error| EngineError::Device(error.to_string()))?;
    Ok((rows, columns, floats(data)?))
}

fn singles(values: Vec<f64>) -> Vec<f32> {
    values.into_iter().map(|value| value as f32).collect()
}

fn figures(summary: Summary) -> AttentionSummary {
    let Summary { entropy, distance, peak, alignment, received, .. } = summary;
    AttentionSummary {
        entropy: singles(entropy),
        distance: singles(distance),
        peak: singles(peak),
        alignment: singles(alignment.unwrap_or_default()),
        received: singles(received),
    }
}
