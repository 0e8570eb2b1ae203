//! The products of an encoder, for adapters.

use super::PostNormEncoder;
use crate::low_rank::Product;

impl PostNormEncoder {
    /// Every product of every block, under the names of the encoder alone (without `bert.`), in the order in which a run
    /// goes through them.
    pub fn products(&mut self) -> Vec<Product<'_>> {
        let (stem, names) = self.names;
        let blocks = self.blocks.iter_mut().enumerate();
        let products = blocks.flat_map(|(layer, block)| {
            let name = |part: &str| format!("{stem}.{layer}.{part}");
            [
                Product { modules: names.qkv.map(name).to_vec(), linear: &mut block.qkv },
                Product { modules: vec![name(names.out)], linear: &mut block.out },
                Product { modules: vec![name(names.up)], linear: &mut block.up },
                Product { modules: vec![name(names.down)], linear: &mut block.down },
            ]
        });
        products.collect()
    }
}
