//! Pieces of views that several panels are made of. Each is one function whatever it is given: a view macro's type grows
//! with what stands in it, and with it the download.

use leptos::prelude::*;

/// A part of the page that is made anew whenever what it reads has changed.
pub fn changing(make: impl Fn() -> Option<AnyView> + Send + 'static) -> AnyView {
    boxed(Box::new(make))
}

fn boxed(make: Box<dyn Fn() -> Option<AnyView> + Send>) -> AnyView {
    (move || make()).into_any()
}

/// A text that follows what it reads.
pub fn text(read: impl Fn() -> String + Send + Sync + 'static) -> AnyView {
    Signal::derive(read).into_any()
}

/// A button.
pub fn button(
    class: &'static str,
    name: impl Into<String>,
    title: impl Into<Signal<String>>,
    disabled: impl Into<Signal<bool>>,
    press: impl Fn() + Send + Sync + 'static,
) -> AnyView {
    plain_button(class, name.into(), title.into(), disabled.into(), Box::new(press))
}

fn plain_button(
    class: &'static str,
    name: String,
    title: Signal<String>,
    disabled: Signal<bool>,
    press: Box<dyn Fn()>,
) -> AnyView {
    view! {
        <button type="button" class=class data-testid=name prop:disabled=disabled on:click=move |_| press()>
            {title}
        </button>
    }
    .into_any()
}

/// A paragraph.
pub fn paragraph(class: &'static str, said: impl Into<String>) -> AnyView {
    let said: String = said.into();
    view! { <p class=class>{said}</p> }.into_any()
}

/// Numbers as a table that is folded away: the headings of its columns, and its lines, each with its own heading.
pub fn folded_table(
    summary: &'static str,
    name: &'static str,
    label: String,
    heads: Vec<String>,
    lines: Vec<(String, Vec<String>)>,
) -> AnyView {
    let heads: Vec<_> = heads.into_iter().map(|head| view! { <th scope="col">{head}</th> }).collect();
    let lines: Vec<_> = lines
        .into_iter()
        .map(|(head, cells)| {
            let cells: Vec<_> = cells.into_iter().map(|cell| view! { <td class="figure">{cell}</td> }).collect();
            view! { <tr><th scope="row">{head}</th> {cells}</tr> }
        })
        .collect();
    view! {
        <details class="as-table">
            <summary>{summary}</summary>
            <div class="table-box" tabindex="0" role="region" aria-label=label>
                <table data-testid=name>
                    <thead><tr>{heads}</tr></thead>
                    <tbody>{lines}</tbody>
                </table>
            </div>
        </details>
    }
    .into_any()
}
