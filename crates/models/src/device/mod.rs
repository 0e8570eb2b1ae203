//! Kernels for the graphics processor: products with weights that stay packed in its memory.
//!
//! burn's own products want a weight as singles, which for SmolLM2 is half a gigabyte of a visitor's graphics memory, read
//! whole in every run. Here a weight is read as its file packs it and unpacked in registers, on the way there and on the
//! way back.

mod packed;
mod product;
mod shader;

pub use packed::{Packing, Words};
pub use product::{product, rows, weighted};

use burn::tensor::{Device, Tensor};
use burn_cubecl::Cube;
use burn_cubecl::cubecl::client::Client;

/// The client of a device, where it is a graphics processor.
pub fn client(device: &Device) -> Option<Client> {
    let probe = Tensor::<1>::empty([1], device);
    probe.try_into_primitive::<Cube>().ok().map(|tensor| tensor.client)
}
