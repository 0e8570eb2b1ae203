//! The figures of all methods as a table that can be sorted, with what random orders give below.

use leptos::prelude::*;

use crate::panels::parts::{changing, paragraph};
use crate::state::table::{Better, Column, Row, Table};

/// The table.
pub fn figures(table: Memo<Table>) -> AnyView {
    // By which column, and whether the best comes first.
    let by = RwSignal::new(None::<(Column, bool)>);
    let place = move || {
        by.get().and_then(|(column, first)| {
            let at = table.with(|table| table.columns.iter().position(|&one| one == column))?;
            Some((at, first))
        })
    };
    let head = move |column: Column| {
        let arrow = if column.better() == Better::Higher { "↑" } else { "↓" };
        let better = if column.better() == Better::Higher { "higher is better" } else { "lower is better" };
        let state = move || match by.get() {
            Some((sorted, first)) if sorted == column => Some(first),
            _ => None,
        };
        // Lower figures are better in some columns: what is best first there is ascending.
        let sort = move || {
            state().map(|first| if first == (column.better() == Better::Lower) { "ascending" } else { "descending" })
        };
        view! {
            <th scope="col" aria-sort=Signal::derive(sort)>
                <button type="button" title=format!("{} Sort by it; {better}.", column.meaning())
                    data-testid=format!("sort-{}", column.name())
                    class:chosen=Signal::derive(move || state().is_some())
                    on:click=move |_| by.set(Some((column, state().is_none_or(|first| !first))))>
                    {column.title()} " " <span aria-label=better>{arrow}</span>
                </button>
            </th>
        }
        .into_any()
    };
    let line = |table: &Table, row: &Row, is_random: bool| {
        let cells: Vec<_> = table
            .columns
            .iter()
            .zip(&row.figures)
            .enumerate()
            .map(|(at, (column, &figure))| {
                let is_best = !is_random && figure.is_some() && figure == table.best(at);
                view! { <td class="figure" class:best=is_best>{column.text(figure)}</td> }
            })
            .collect();
        view! { <tr class:random=is_random data-row=row.name><th scope="row">{row.title}</th> {cells}</tr> }.into_any()
    };
    changing(move || {
        let table = table.get();
        if table.columns.is_empty() {
            return None;
        }
        let heads: Vec<AnyView> = table.columns.iter().map(|&column| head(column)).collect();
        let lines: Vec<AnyView> = table
            .sorted(place())
            .into_iter()
            .filter_map(|at| table.rows.get(at))
            .map(|row| line(&table, row, false))
            .chain(table.random.as_ref().map(|row| line(&table, row, true)))
            .collect();
        Some(
            view! {
                <h3 class="part-title">"Figures"</h3>
                <div class="table-box figures" tabindex="0" role="region" aria-label="Figures of every method">
                    <table data-testid="figures">
                        <thead><tr><th scope="col">"Method"</th> {heads}</tr></thead>
                        <tbody>{lines}</tbody>
                    </table>
                </div>
                {paragraph(
                    "caption",
                    "An arrow says which end is better; the best of each column is bold. No column says that an explanation \
                     is right: each measures one thing, on this text alone.",
                )}
            }
            .into_any(),
        )
    })
}
