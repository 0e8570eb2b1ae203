//! The figures of all methods as a table that can be sorted, with what random orders give below.

use leptos::ev::MouseEvent;
use leptos::prelude::*;

use crate::browser;
use crate::locale::{fill, say};
use crate::panels::parts::{Part, written};
use crate::state::table::{Better, Column, Row, Table};

/// The table.
pub fn figures(table: Memo<Table>) -> AnyView {
    // By which column, and whether the best comes first.
    let by = RwSignal::new(None::<(Column, bool)>);
    let press = move |event: MouseEvent| {
        let name = browser::of_target(&event, "data-sort");
        let Some(&column) = Column::ALL.iter().find(|column| Some(column.name()) == name.as_deref()) else { return };
        by.update(|by| *by = Some((column, *by != Some((column, true)))));
        // The table is written anew, and with it the button that was pressed.
        set_timeout(move || browser::focus(&format!("sort-{}", column.name())), std::time::Duration::from_millis(30));
    };
    view! {
        <div on:click=press>{written("", move |part| table.with(|table| write(part, table, by.get())))}</div>
    }
    .into_any()
}

fn write(part: &Part, table: &Table, by: Option<(Column, bool)>) {
    if table.columns.is_empty() {
        return;
    }
    part.add("h3", &[("class", "part-title")], say("methods.figures"));
    let written = part.add_table("table-box figures", "figures", say("methods.figures.table"));
    let heads = written.add("thead", &[], "").add("tr", &[], "");
    heads.add("th", &[("scope", "col")], say("methods.method"));
    for &column in &table.columns {
        let better = column.better();
        let sorted = match by {
            // Lower figures are better in some columns: what is best first there is ascending.
            Some((sorted, first)) if sorted == column => {
                if first == (better == Better::Lower) {
                    "ascending"
                } else {
                    "descending"
                }
            }
            _ => "none",
        };
        let hint = fill("methods.figures.sort", &[&column.meaning(), &better.title()]);
        let button = heads.add_sort_head("sort-", column.name(), column.title(), &hint, sorted);
        button.add("span", &[("aria-label", better.title())], better.sign());
    }
    let lines = written.add("tbody", &[], "");
    let place = by.and_then(|(column, first)| Some((table.columns.iter().position(|&one| one == column)?, first)));
    for at in table.sorted(place) {
        if let Some(row) = table.rows.get(at) {
            line(&lines, table, row, "");
        }
    }
    if let Some(row) = &table.random {
        line(&lines, table, row, "random");
    }
    part.add("p", &[("class", "caption")], say("methods.figures.why"));
}

fn line(lines: &Part, table: &Table, row: &Row, class: &str) {
    let line = lines.add("tr", &[("class", class), ("data-row", row.name)], "");
    line.add("th", &[("scope", "row")], row.title);
    for (at, (column, &figure)) in table.columns.iter().zip(&row.figures).enumerate() {
        let is_best = class.is_empty() && figure.is_some() && figure == table.best(at);
        line.add("td", &[("class", if is_best { "figure best" } else { "figure" })], &column.text(figure));
    }
}
