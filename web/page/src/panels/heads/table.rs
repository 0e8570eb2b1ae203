//! Every head with its figures: a table that can be sorted, and the column that it is sorted by as a grid.

use std::time::Duration;

use headlight_document::AttentionKind;
use leptos::ev::MouseEvent;
use leptos::prelude::*;

use super::order;
use crate::app::{App, When};
use crate::browser;
use crate::locale::{fill, say};
use crate::panels::head::id_of;
use crate::panels::heat::heat_map;
use crate::panels::parts::{Part, changing, written};
use crate::state::heads::{Column, Table, label_title};

/// The table, which opens a head that is pressed.
pub fn table(app: App, table: Memo<Table>, kind: Memo<Option<AttentionKind>>) -> AnyView {
    // By which column, and whether the greatest comes first.
    let by = RwSignal::new(None::<(Column, bool)>);
    let column = Memo::new(move |_| {
        let columns = table.with(|table| table.columns.clone());
        by.get().map(|(column, _)| column).filter(|one| columns.contains(one)).or_else(|| columns.first().copied())
    });
    let press = move |event: MouseEvent| {
        if let Some(head) = browser::of_target(&event, "data-head") {
            let head = head.split_once(' ').and_then(|(layer, head)| Some((layer.parse().ok()?, head.parse().ok()?)));
            open(app, head);
            return;
        }
        let name = browser::of_target(&event, "data-sort");
        let Some(&column) = Column::ALL.iter().find(|column| Some(column.name()) == name.as_deref()) else { return };
        by.update(|by| *by = Some((column, *by != Some((column, true)))));
    };
    view! {
        <div on:click=press>{written("", move |part| table.with(|table| write(part, table, by.get())))}</div>
        {changing(move || {
            let column = column.get()?;
            let heat = table.with(|table| table.heat(column))?;
            Some(heat_map(app, fill("heads.by_head", &[&column.title()]), say("heads.column.head"), Vec::new(), heat))
        })}
        {order::order(app, table, kind, by.into(), column)}
    }
    .into_any()
}

/// Opens a head, and goes to where it is drawn, which is a screen or more above.
pub fn open(app: App, head: Option<(usize, usize)>) {
    app.edit(When::Never, |form| form.head = head);
    let picture = app.form.with_untracked(|form| form.picture);
    set_timeout(move || browser::focus(id_of(picture)), Duration::from_millis(60));
}

fn write(part: &Part, table: &Table, by: Option<(Column, bool)>) {
    if table.columns.is_empty() {
        return;
    }
    part.add("h3", &[("class", "part-title")], say("heads.every"));
    let written = part.add_table("table-box figures head-table", "head-table", say("heads.figures"));
    let heads = written.add("thead", &[], "").add("tr", &[], "");
    heads.add("th", &[("scope", "col")], say("heads.head"));
    for &column in &table.columns {
        let sorted = match by {
            Some((sorted, true)) if sorted == column => "descending",
            Some((sorted, false)) if sorted == column => "ascending",
            _ => "none",
        };
        let hint = fill("heads.sort", &[&column.meaning()]);
        heads.add_sort_head("sort-head-", column.name(), column.title(), &hint, sorted);
    }
    heads.add("th", &[("scope", "col")], say("heads.called"));
    let lines = written.add("tbody", &[], "");
    for row in table.sorted(by).into_iter().filter_map(|at| table.rows.get(at)) {
        let (layer, head) = row.head;
        let place = format!("{layer} {head}");
        let line = lines.add("tr", &[("data-row", &*place)], "");
        let name = line.add("th", &[("scope", "row")], "");
        let open = fill("heads.open", &[&layer, &head]);
        let attributes = [("type", "button"), ("class", "head-link"), ("data-head", &*place), ("title", &*open)];
        name.add("button", &attributes, &format!("L{layer}H{head}"));
        for (column, &figure) in table.columns.iter().zip(&row.figures) {
            line.add("td", &[("class", "figure")], &column.text(figure));
        }
        let labels: Vec<&str> = row.labels.iter().map(|one| label_title(*one)).collect();
        line.add("td", &[("class", "called")], &labels.join(say("count.and")));
    }
    part.add("p", &[("class", "caption")], say("heads.called.why"));
}
