//! A Marian model, field by field, so that each field can be made wrong.

use std::io::Cursor;

use headlight_weights::{MarianFile, WeightsError};

use super::Bytes;

pub const FLOAT32: u64 = 0x404;
pub const INTGEMM8: u64 = 0x4101;

#[derive(Clone)]
pub struct Item {
    pub name: Vec<u8>,
    pub kind: u64,
    pub shape: Vec<i32>,
    pub data: Vec<u8>,
    /// Override the real lengths.
    pub name_bytes: Option<u64>,
    pub dimensions: Option<u64>,
    pub data_bytes: Option<u64>,
}

#[derive(Clone)]
pub struct Marian {
    pub version: u64,
    pub count: Option<u64>,
    pub padding: Option<u64>,
    pub items: Vec<Item>,
}

impl Default for Marian {
    fn default() -> Self {
        Self { version: 1, count: None, padding: None, items: Vec::new() }
    }
}

impl Marian {
    /// As Marian writes it: the name ends in a zero byte.
    pub fn item(mut self, name: &str, kind: u64, shape: &[i32], data: impl Into<Vec<u8>>) -> Self {
        let name = [name.as_bytes(), &[0]].concat();
        let (shape, data) = (shape.to_vec(), data.into());
        self.items.push(Item { name, kind, shape, data, name_bytes: None, dimensions: None, data_bytes: None });
        self
    }

    pub fn last(mut self, change: impl FnOnce(&mut Item)) -> Self {
        change(self.items.last_mut().unwrap());
        self
    }

    pub fn build(&self) -> Vec<u8> {
        let mut out = self.version.to_le_bytes().to_vec();
        out.extend(self.count.unwrap_or(self.items.len() as u64).to_le_bytes());
        for item in &self.items {
            let header = [
                item.name_bytes.unwrap_or(item.name.len() as u64),
                item.kind,
                item.dimensions.unwrap_or(item.shape.len() as u64),
                item.data_bytes.unwrap_or(item.data.len() as u64),
            ];
            out.extend(header.iter().flat_map(|number| number.to_le_bytes()));
        }
        out.extend(self.items.iter().flat_map(|item| item.name.clone()));
        out.extend(self.items.iter().flat_map(|item| &item.shape).flat_map(|size| size.to_le_bytes()));
        let padding = (256 - (out.len() + 8) % 256) as u64;
        out.extend(self.padding.unwrap_or(padding).to_le_bytes());
        out.resize(out.len() + padding as usize, 0);
        out.extend(self.items.iter().flat_map(|item| item.data.clone()));
        out
    }

    pub fn open(&self) -> Result<MarianFile<Bytes>, WeightsError> {
        MarianFile::open(Cursor::new(self.build()))
    }
}

/// Bytes, the scale behind them, and padding.
pub fn int8(quants: &[i8], scale: f32) -> Vec<u8> {
    let mut data: Vec<u8> = quants.iter().map(|quant| quant.cast_unsigned()).collect();
    data.extend(scale.to_le_bytes());
    data.resize(data.len().next_multiple_of(256), 0);
    data
}

/// Each kind of item once.
pub fn whole_marian() -> Marian {
    let floats: Vec<u8> = [0.5_f32, -1.5, 2.5, 3.5, 4.5, 5.5].iter().flat_map(|value| value.to_le_bytes()).collect();
    Marian::default()
        .item("Wemb", INTGEMM8, &[3, 2], int8(&[1, 2, 3, 4, 5, -128], 2.0))
        .item("encoder_l1_self_Wq", INTGEMM8, &[2, 3], int8(&[1, 2, 3, 4, 5, 6], 0.5))
        .item("encoder_l1_self_bq", FLOAT32, &[2, 3], floats)
        .item("half", 0x402, &[1, 2], [0x00, 0x3C, 0x00, 0xC0])
        .item("ids", 0x104, &[1], [1, 0, 0, 0])
        .item("special:model.yml", 0x101, &[18], *b"transformer-heads\0")
}
