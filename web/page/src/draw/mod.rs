//! Drawing on canvases at the device's resolution.

pub mod canvas;
pub mod chart;
pub mod curves;
pub mod grid;
pub mod heat;
pub mod lens;
pub mod lines;
pub mod map;
pub mod neurons;
pub mod plot;
pub mod shelf;
