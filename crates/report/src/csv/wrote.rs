//! What a model wrote, as rows of the table.

use std::io;

use headlight_document::{Triangle, Way, Whose, Wrote};

use super::{Of, Sheet};

impl Sheet<'_> {
    /// What was written: `query` counts its tokens, `key` a token's candidates or what stands before it.
    pub(super) fn wrote(&mut self, wrote: &Wrote) -> io::Result<()> {
        self.way("wrote", &wrote.way)?;
        for (at, other) in wrote.others.iter().enumerate() {
            self.way(&format!("wrote_other_{at}"), other)?;
        }
        for triangle in wrote.triangle.iter().chain(&wrote.gazed) {
            self.triangle(triangle)?;
        }
        Ok(())
    }

    fn way(&mut self, table: &str, way: &Way) -> io::Result<()> {
        let settings = format!("{table}_by");
        for one in &way.chosen {
            let of = |name| Of { name, query: Some(one.from), ..Of::default() };
            let sampling = one.sampling;
            self.put(&settings, of("temperature"), &sampling.temperature)?;
            if let Some(most) = sampling.top_k {
                self.put(&settings, of("top_k"), &most)?;
            }
            self.put(&settings, of("top_p"), &sampling.top_p)?;
            self.put(&settings, of("seed"), &sampling.seed)?;
            self.put(&settings, of("taken"), &u8::from(one.taken))?;
        }
        let candidates = format!("{table}_candidate");
        for (at, step) in way.steps.iter().enumerate() {
            let of = |name, text| Of { name, query: Some(at), text, ..Of::default() };
            self.put(table, of("id", &step.token.text), &step.token.id)?;
            self.put(table, of("prob", &step.token.text), &step.token.prob)?;
            for (rank, one) in step.top.iter().enumerate() {
                let of = |name| Of { key: Some(rank), ..of(name, &one.text) };
                self.put(&candidates, of("logit"), &one.logit)?;
                self.put(&candidates, of("prob"), &one.prob)?;
            }
        }
        Ok(())
    }

    fn triangle(&mut self, triangle: &Triangle) -> io::Result<()> {
        let table = "wrote_from";
        let (layer, head) = match triangle.gazed.map(|gazed| gazed.whose) {
            Some(Whose::Head(layer, head)) => (Some(layer), Some(head)),
            Some(Whose::Layer(layer)) => (Some(layer), None),
            _ => (None, None),
        };
        let whose = Of { kind: triangle.gazed.map(|gazed| gazed.kind), layer, head, ..Of::default() };
        for row in &triangle.rows {
            let of = Of { query: Some(row.step), ..whose };
            if triangle.gazed.is_none() {
                self.put(table, Of { name: "value", ..of }, &row.value)?;
            }
            for (name, values) in
                [("saliency", &row.saliency), ("grad_x_input", &row.grad_x_input), ("attention", &row.attention)]
            {
                for (key, (value, piece)) in values.iter().zip(&triangle.columns).enumerate() {
                    self.put(table, Of { name, key: Some(key), text: &piece.text, ..of }, value)?;
                }
            }
        }
        Ok(())
    }
}
