//! How alike the methods are, two by two.

use headlight_document::{Agreement as Pair, Explanation};
use leptos::prelude::*;

use super::read;
use crate::app::App;
use crate::panels::parts::{changing, paragraph};
use crate::state::colour::Palette;
use crate::state::format::number;

/// The matrix: rank correlation above the diagonal, shared greatest tokens below it.
pub fn agreement(app: App) -> AnyView {
    changing(move || {
        let palette = Palette::of(app.dark.get());
        read(app, |document| matrix(document, palette)).flatten()
    })
}

fn matrix(document: &Explanation, palette: &Palette) -> Option<AnyView> {
    if document.agreement.is_empty() {
        return None;
    }
    let titles: Vec<&str> = document.attributions.iter().map(|one| one.method.title()).collect();
    let cell = |row: usize, column: usize| {
        let is_pair = |found: &&Pair| found.pair == [row, column] || found.pair == [column, row];
        let found = document.agreement.iter().find(is_pair);
        let figure = found.and_then(|pair| if row < column { pair.spearman } else { pair.top_3 });
        let colour = figure.map(|figure| palette.signed(figure * 0.6));
        let style = colour.map(|colour| format!("background-color:{};color:{}", colour.css(), colour.ink().css()));
        let text = if row == column { String::new() } else { figure.map_or_else(|| "–".to_owned(), number) };
        view! { <td class="figure" style=style>{text}</td> }
    };
    let lines: Vec<AnyView> = titles
        .iter()
        .enumerate()
        .map(|(row, title)| {
            let cells: Vec<_> = (0..titles.len()).map(|column| cell(row, column)).collect();
            view! { <tr><th scope="row">{format!("{} {title}", row + 1)}</th> {cells}</tr> }.into_any()
        })
        .collect();
    let heads: Vec<_> = (1..=titles.len()).map(|at| view! { <th scope="col">{at.to_string()}</th> }).collect();
    Some(
        view! {
            <h3 class="part-title">"Agreement"</h3>
            <div class="table-box agreement" tabindex="0" role="region" aria-label="Agreement of the methods">
                <table data-testid="agreement">
                    <thead><tr><th scope="col"><span class="visually-hidden">"Method"</span></th> {heads}</tr></thead>
                    <tbody>{lines}</tbody>
                </table>
            </div>
            {paragraph(
                "caption",
                "Above the diagonal: Spearman’s ρ of the two rankings of all tokens (1 the same, 0 unrelated, −1 turned \
                 around). Below it: the share of the three greatest tokens, by size, that both have.",
            )}
        }
        .into_any(),
    )
}
