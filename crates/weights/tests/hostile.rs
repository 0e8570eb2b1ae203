//! Damaged files: whatever the bytes are, no panic, and no memory beyond a small multiple of the file.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic is how a test fails")]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::Cursor;

use headlight_weights::{GgufFile, MarianFile, OnnxFile, SafetensorsFile, ShardedTensors, TensorSource, WeightsError};
use support::marian::whole_marian;
use support::onnx::{model, whole_onnx};
use support::{Random, read_all, whole_gguf, whole_safetensors};

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

/// Counts what each thread holds, so that tests beside this one don't disturb it.
struct Counting;

// SAFETY: every call goes to the system's allocator unchanged; counting touches thread-local cells alone, which
// neither allocate nor unwind.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.get().saturating_add(layout.size());
        HELD.set(held);
        PEAK.set(PEAK.get().max(held));
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.set(HELD.get().saturating_sub(layout.size()));
        // SAFETY: the caller's promise about `pointer` and `layout` is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The reader's buffer, and room for error messages.
const FIXED: usize = (1 << 16) + (1 << 12);
/// Bytes held for one byte of file: entries of a list with their lookup, and values at up to 7.2 a byte (Q4_0).
const FACTOR: usize = 16;

/// Opens and reads everything, and holds the memory that took against the file's length.
fn try_it(bytes: &[u8], read: impl Fn(Vec<u8>) -> Result<(), WeightsError>) -> Result<(), WeightsError> {
    let copy = bytes.to_vec();
    let before = HELD.get();
    PEAK.set(before);
    let result = read(copy);
    let used = PEAK.get() - before;
    let bound = FIXED + FACTOR * bytes.len();
    assert!(used <= bound, "{used} bytes for a file of {} ({result:?})", bytes.len());
    result
}

fn gguf(bytes: Vec<u8>) -> Result<(), WeightsError> {
    read_all(&mut GgufFile::open(Cursor::new(bytes))?).map(drop)
}

fn safetensors(bytes: Vec<u8>) -> Result<(), WeightsError> {
    read_all(&mut SafetensorsFile::open(Cursor::new(bytes))?).map(drop)
}

fn marian(bytes: Vec<u8>) -> Result<(), WeightsError> {
    one_by_one(&mut MarianFile::open(Cursor::new(bytes))?)
}

fn onnx(bytes: Vec<u8>) -> Result<(), WeightsError> {
    one_by_one(&mut OnnxFile::open(Cursor::new(bytes))?)
}

/// An index, whose one file is always the same.
fn index(bytes: Vec<u8>) -> Result<(), WeightsError> {
    let open = |name: &str| (name == "model-00001.safetensors").then(|| Cursor::new(whole_safetensors()));
    read_all(&mut ShardedTensors::open(&bytes, open)?).map(drop)
}

/// Reads and drops every tensor: in these formats several can be made of the same bytes.
fn one_by_one(source: &mut dyn TensorSource) -> Result<(), WeightsError> {
    let names: Vec<String> = source.tensors().iter().map(|info| info.name.clone()).collect();
    names.iter().try_for_each(|name| source.read(name).map(drop))
}

/// Every truncation, then many changed copies.
fn damage(whole: &[u8], read: impl Fn(Vec<u8>) -> Result<(), WeightsError>) {
    try_it(whole, &read).expect("the undamaged file is read");
    for length in 0..whole.len() {
        assert!(try_it(&whole[..length], &read).is_err(), "cut to {length} bytes");
    }
    change(whole, read);
}

/// Many copies with some bytes changed, cut or doubled.
fn change(whole: &[u8], read: impl Fn(Vec<u8>) -> Result<(), WeightsError>) {
    let mut random = Random(7);
    let mut refused = 0;
    for _ in 0..30_000 {
        let bytes = random.damaged(whole);
        refused += usize::from(try_it(&bytes, &read).is_err());
    }
    assert!(refused > 5_000, "damage is noticed: {refused} of 30000");
}

#[test]
fn damaged_gguf() {
    damage(&whole_gguf().build(), gguf);
}

#[test]
fn damaged_safetensors() {
    damage(&whole_safetensors(), safetensors);
}

#[test]
fn damaged_marian() {
    let whole = whole_marian().build();
    damage(&whole, marian);
    // Most of that file is padding: one without it is damaged where it matters.
    let mut tight = whole_marian();
    tight.items.truncate(2);
    damage(&tight.build(), marian);
}

#[test]
fn damaged_onnx() {
    damage(&model(&whole_onnx()), onnx);
}

#[test]
fn damaged_index() {
    let file = "model-00001.safetensors";
    let map = format!(r#"{{"metadata":{{"total_size":40}},"weight_map":{{"w":"{file}","half":"{file}"}}}}"#);
    damage(map.as_bytes(), index);
}

#[test]
fn noise() {
    let mut random = Random(11);
    let mut refused = 0;
    for _ in 0..5_000 {
        let mut bytes: Vec<u8> = (0..random.below(300)).map(|_| random.below(256) as u8).collect();
        assert!(try_it(&bytes, gguf).is_err());
        assert!(try_it(&bytes, safetensors).is_err());
        assert!(try_it(&bytes, marian).is_err());
        assert!(try_it(&bytes, onnx).is_err());
        assert!(try_it(&bytes, index).is_err());
        // Noise in a graph can be fields that nobody knows, which are passed over.
        refused += usize::from(try_it(&model(std::slice::from_ref(&bytes)), onnx).is_err());
        // Past the magic, the version and plausible counts, so that noise reaches the lists as well.
        let head = [b"GGUF", &3_u32.to_le_bytes()[..], &1_u64.to_le_bytes(), &1_u64.to_le_bytes()].concat();
        bytes.splice(0..0, head);
        assert!(try_it(&bytes, gguf).is_err());
    }
    assert!(refused > 4_000, "noise is noticed: {refused} of 5000");
}
