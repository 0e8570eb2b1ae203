//! Tensors in memory, and files in pieces.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic is how a test fails")]

mod support;

use std::io::{Cursor, ErrorKind, Read, Seek, SeekFrom};
use std::path::PathBuf;

use headlight_weights::{Chunks, Format, GgufFile, MemoryTensors, TensorSource, WeightsError};
use support::marian::whole_marian;
use support::onnx::{model, whole_onnx};
use support::{Random, read_all, whole_gguf, whole_safetensors};

#[test]
fn memory_gives_back_what_it_got() {
    let mut source =
        MemoryTensors::new([("a", vec![2, 2], vec![1.0, 2.0, 3.0, 4.0]), ("b", vec![1], vec![5.0])]).unwrap();
    assert_eq!(source.info("b").unwrap().offset, 16);
    assert_eq!(source.tensors().len(), 2);
    let source: &mut dyn TensorSource = &mut source;
    assert_eq!(source.read("a").unwrap().values, [1.0, 2.0, 3.0, 4.0]);
    assert!(matches!(source.read("c"), Err(WeightsError::UnknownTensor { .. })));
}

#[test]
fn memory_refuses_what_does_not_fit() {
    let wrong = MemoryTensors::new([("a", [2], vec![1.0])]);
    assert!(matches!(wrong, Err(WeightsError::ByteLength { expected: 8, found: 4, .. })));
    let twice = MemoryTensors::new([("a", [1], vec![1.0]), ("a", [1], vec![1.0])]);
    assert!(matches!(twice, Err(WeightsError::DuplicateTensor { .. })));
}

#[test]
fn pieces_read_like_the_whole() {
    let bytes = whole_gguf().build();
    let whole = read_all(&mut GgufFile::open(Cursor::new(bytes.clone())).unwrap()).unwrap();
    for size in [1, 2, 7, 31, 100, bytes.len()] {
        let pieces: Vec<Vec<u8>> = bytes.chunks(size).map(<[u8]>::to_vec).collect();
        let pieces = read_all(&mut GgufFile::open(Chunks::from(pieces)).unwrap()).unwrap();
        assert_eq!(whole, pieces, "pieces of {size}");
    }
}

#[test]
fn pieces_seek_like_the_whole() {
    let bytes: Vec<u8> = (0..=255).collect();
    let mut random = Random(3);
    let mut chunks = Chunks::new();
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(random.below(20).min(rest.len()));
        chunks.push(piece.to_vec());
        rest = after;
    }
    assert_eq!((chunks.len(), chunks.is_empty()), (256, false));
    let mut cursor = Cursor::new(bytes);
    for _ in 0..2_000 {
        let to = match random.below(3) {
            0 => SeekFrom::Start(random.below(300) as u64),
            1 => SeekFrom::End(random.below(300) as i64 - 260),
            _ => SeekFrom::Current(random.below(60) as i64 - 30),
        };
        assert_eq!(chunks.seek(to).ok(), cursor.seek(to).ok());
        let mut ours = vec![0; random.below(40)];
        let mut theirs = ours.clone();
        let (left, right) = (chunks.read_exact(&mut ours), cursor.read_exact(&mut theirs));
        assert_eq!(left.is_ok(), right.is_ok());
        if left.is_ok() {
            assert_eq!(ours, theirs);
        } else {
            // After a failed exact read, readers may stand anywhere.
            chunks.rewind().unwrap();
            cursor.rewind().unwrap();
        }
    }
}

#[test]
fn freed_pieces_are_an_error_and_later_ones_are_not() {
    let mut chunks = Chunks::from(vec![vec![1, 2], vec![3, 4], vec![5]]);
    chunks.free_before(3);
    let mut byte = [0];
    assert_eq!(chunks.read_exact(&mut byte).unwrap_err().kind(), ErrorKind::NotFound);
    chunks.seek(SeekFrom::Start(2)).unwrap();
    chunks.read_exact(&mut byte).unwrap();
    assert_eq!(byte, [3]);
    assert_eq!(chunks.len(), 5);
}

#[test]
fn formats_by_their_first_bytes() {
    let tiny = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/weights/tiny.onnx");
    let files = [
        (whole_safetensors(), Format::Safetensors),
        (whole_gguf().build(), Format::Gguf),
        (whole_marian().build(), Format::Marian),
        (model(&whole_onnx()), Format::Onnx),
        (std::fs::read(tiny).unwrap(), Format::Onnx),
    ];
    for (bytes, format) in files {
        assert_eq!(Format::of(&bytes), Some(format));
        assert_eq!(Format::of(&bytes[..9]), Some(format));
        assert_eq!(Format::of(&bytes[..7]), None);
    }
    // A zip, which is what pytorch_model.bin is, a pickle, JSON, a page.
    for other in [&b"PK\x03\x04\0\0\0\0\0\0"[..], b"\x80\x02}q\0X\0\0\0\0", b"{\"a\": 1, \"b\": 2}", b"<!doctype html>"]
    {
        assert_eq!(Format::of(other), None);
    }
}
