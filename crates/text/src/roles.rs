//! What special tokens are for.

use std::collections::HashMap;

use crate::tokenizer::Added;

/// The ids of special tokens by what they are for.
#[derive(Clone, Copy, Default)]
pub(crate) struct Roles {
    pub(crate) cls: Option<u32>,
    pub(crate) sep: Option<u32>,
    pub(crate) mask: Option<u32>,
    pub(crate) pad: Option<u32>,
    pub(crate) unk: Option<u32>,
    pub(crate) bos: Option<u32>,
    pub(crate) eos: Option<u32>,
}

impl Roles {
    /// A `tokenizer.json` doesn't say what its special tokens are for; their names do.
    pub(crate) fn by_name(added: &HashMap<u32, Added>) -> Self {
        let find = |names: &[&str]| {
            names.iter().find_map(|name| {
                added.iter().filter(|(_, added)| added.special && added.name == *name).map(|(id, _)| *id).min()
            })
        };
        Self {
            cls: find(&["[CLS]", "<s>"]),
            sep: find(&["[SEP]", "</s>"]),
            mask: find(&["[MASK]", "<mask>"]),
            pad: find(&["[PAD]", "<pad>"]),
            unk: find(&["[UNK]", "<unk>"]),
            bos: find(&["<s>", "<bos>", "<|begin_of_text|>", "<|im_start|>", "<|endoftext|>"]),
            eos: find(&["</s>", "<eos>", "<|end_of_text|>", "<|im_end|>", "<|endoftext|>"]),
        }
    }

    /// These, and where one is missing that of `other`.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            cls: self.cls.or(other.cls),
            sep: self.sep.or(other.sep),
            mask: self.mask.or(other.mask),
            pad: self.pad.or(other.pad),
            unk: self.unk.or(other.unk),
            bos: self.bos.or(other.bos),
            eos: self.eos.or(other.eos),
        }
    }
}
