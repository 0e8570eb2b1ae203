//! What the page knows and how it changes, without a browser: everything here is tested natively.

pub mod answer;
pub mod attention;
pub mod colour;
pub mod compare;
pub mod conductor;
pub mod cost;
pub mod curves;
pub mod folder;
pub mod form;
pub mod format;
pub mod grid;
pub mod grouping;
pub mod heat;
pub mod marks;
pub mod pieces;
pub mod prompt;
pub mod sources;
pub mod table;
pub mod tasks;
pub mod trust;
pub mod tuning;
pub mod words;
