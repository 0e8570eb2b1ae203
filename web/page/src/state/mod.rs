//! What the page knows and how it changes, without a browser: everything here is tested natively.

pub mod answer;
pub mod attention;
pub mod colour;
pub mod conductor;
pub mod folder;
pub mod form;
pub mod format;
pub mod grid;
pub mod pieces;
pub mod prompt;
pub mod sources;
pub mod tasks;
pub mod trust;
pub mod words;
