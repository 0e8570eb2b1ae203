//! A vocabulary's vectors, as weights lie: looked up by id at a model's start, multiplied with at its end.

use std::sync::Arc;

use burn::tensor::{Int, Tensor};
use headlight_host::{self as host, PackedPanels, Weight};
use headlight_weights::Packed;

#[cfg(feature = "gpu")]
use crate::device::{self, Words};
use crate::error::ModelError;
use crate::loader::Loader;

/// The rows `[entry, width]` of a vocabulary.
#[derive(Clone, Debug)]
pub struct Table {
    rows: Rows,
}

#[expect(clippy::large_enum_variant, reason = "there is one a vocabulary")]
#[derive(Clone, Debug)]
enum Rows {
    /// On any device.
    Plain(Tensor<2>),
    /// On the CPU, as the panels of the matrix `[width, entry]`.
    Packed(Arc<PackedPanels>),
    /// On a graphics processor, as the words of the matrix `[width, entry]`.
    #[cfg(feature = "gpu")]
    Words(Arc<Words>),
}

impl Table {
    /// Reads the weight `name`: packed as its file has it, where the device takes that.
    ///
    /// # Errors
    /// [`ModelError`] where the weight is not as expected.
    pub async fn read(name: &str, entries: usize, width: usize, loader: &mut Loader<'_>) -> Result<Self, ModelError> {
        let Some(packed) = loader.packed(name, &[entries, width]).await? else {
            return Ok(Self::plain(loader.matrix(name, entries, width).await?));
        };
        let rows = match Self::place(&packed, width, loader) {
            Some(rows) => rows,
            None => Rows::Plain(loader.tensor(packed.values(), [entries, width])),
        };
        Ok(Self { rows })
    }

    /// Of singles, `[entry, width]`.
    #[must_use]
    pub fn plain(rows: Tensor<2>) -> Self {
        Self { rows: Rows::Plain(rows) }
    }

    #[cfg_attr(not(feature = "gpu"), expect(unused_variables, reason = "only a graphics processor has a client"))]
    fn place(packed: &Packed, width: usize, loader: &Loader<'_>) -> Option<Rows> {
        #[cfg(feature = "gpu")]
        if let Some(client) = loader.client() {
            let packing = device::Packing::new(width, &[packed])?;
            return Some(Rows::Words(Arc::new(packing.upload(None, client))));
        }
        PackedPanels::new(width, &[packed], None).map(|panels| Rows::Packed(Arc::new(panels)))
    }

    /// How many entries there are, and how long each is.
    #[must_use]
    pub fn dims(&self) -> [usize; 2] {
        let [width, entries] = match &self.rows {
            Rows::Plain(rows) => return rows.dims(),
            Rows::Packed(panels) => panels.sizes(),
            #[cfg(feature = "gpu")]
            Rows::Words(words) => words.sizes,
        };
        [entries, width]
    }

    /// The rows of these entries, `[id, width]`. Every id must be one of an entry.
    #[must_use]
    pub fn select(&self, ids: Tensor<1, Int>) -> Tensor<2> {
        match &self.rows {
            Rows::Plain(rows) => rows.clone().select(0, ids),
            Rows::Packed(panels) => host::rows(panels, ids),
            #[cfg(feature = "gpu")]
            Rows::Words(words) => device::rows(words, ids),
        }
    }

    /// `[row, width]` times all entries: `[row, entry]`.
    #[must_use]
    pub fn scores(&self, rows: Tensor<2>) -> Tensor<2> {
        match &self.rows {
            Rows::Plain(entries) => rows.matmul(entries.clone().transpose()),
            Rows::Packed(panels) => host::product(rows, &Weight::Packed(Arc::clone(panels)), None),
            #[cfg(feature = "gpu")]
            Rows::Words(words) => device::product(rows, words, None),
        }
    }

    /// Σ w_j·entry_j for weights `[row, entry]` that are not tracked: `[row, width]`.
    ///
    /// It is summed in pieces: over fifty thousand terms one sum in single precision rounds too much away where what all
    /// entries have in common nearly cancels.
    #[must_use]
    pub fn weighted(&self, weights: Tensor<2>) -> Tensor<2> {
        const PIECE: usize = 1024;
        let entries = match &self.rows {
            Rows::Plain(entries) => entries,
            // Panel by panel.
            Rows::Packed(panels) => return host::back(weights, &Weight::Packed(Arc::clone(panels))),
            #[cfg(feature = "gpu")]
            Rows::Words(words) => return device::weighted(weights, words, PIECE),
        };
        let [count, width] = entries.dims();
        let [rows, _] = weights.dims();
        let mut sum = Tensor::zeros([rows, width], &entries.device());
        for start in (0..count).step_by(PIECE) {
            let length = PIECE.min(count - start);
            sum = sum + weights.clone().narrow(1, start, length).matmul(entries.clone().narrow(0, start, length));
        }
        sum
    }
}
