//! What the written tokens rest on: one over the text before it, all as one map.

use headlight_document::{Row, Triangle};
use leptos::prelude::*;

use super::heat::{Axis, map};
use super::parts::{Part, changing, paragraph, plain_button, segment, subheading, text, written};
use crate::app::App;
use crate::locale::{count, fill, say};
use crate::state::colour::{Palette, Scale};
use crate::state::format::{number, signed};
use crate::state::pieces::{split, visible};
use crate::state::triangle::{Shown, heat, names};

/// All tokens that were written, and all before each.
pub fn triangle(app: App) -> AnyView {
    let is_tracing = Memo::new(move |_| app.writing.with(|writing| writing.is_tracing()));
    let is_running = Memo::new(move |_| app.writing.with(|writing| writing.is_running()));
    let known = Memo::new(move |_| {
        app.writing.with(|writing| {
            let rows = writing.triangle.as_ref().map_or(0, |triangle| triangle.rows.len());
            (rows, writing.steps.len())
        })
    });
    let shown = RwSignal::new(Shown::default());
    let switch = move |which: Shown, name: &'static str, hint: &'static str| {
        segment("triangle-shown", name, hint, move || shown.get() == which, move || shown.set(which))
    };
    let title = Memo::new(move |_| match shown.get() {
        Shown::GradXInput => say("triangle.map_grad_x_input"),
        Shown::Share => say("triangle.map_share"),
    });
    // More than one row makes a map.
    let drawn = Memo::new(move |_| known.get().0 > 1);
    view! {
        <section class="triangle" aria-labelledby="triangle-title" data-testid="triangle" data-rows=move || known.get().0.to_string()>
            {subheading(Some("triangle-title"), "part-title", say("triangle.title"))}
            {paragraph(
                "caption",
                say("triangle.about"),
            )}
            <div class="run-line">
                {changing(move || {
                    let (rows, steps) = known.get();
                    match is_tracing.get() {
                        Some(_) => Some(plain_button("small", "stop-tracing", say("triangle.stop"), move || app.stop_tracing())),
                        None if rows < steps && !is_running.get() => {
                            Some(plain_button("small", "trace-all", say("triangle.all"), move || app.trace(None)))
                        }
                        None => None,
                    }
                })}
                <span class="caption" role="status">
                    {text(move || {
                        let (rows, steps) = known.get();
                        match is_tracing.get() {
                            Some(_) => fill("triangle.progress", &[&rows, &count("count.token", steps)]),
                            None if rows < steps && rows > 0 => fill("triangle.known", &[&rows, &count("count.token", steps)]),
                            None => String::new(),
                        }
                    })}
                </span>
                {changing(move || drawn.get().then(|| view! {
                    <div class="segments" role="group" aria-label=say("triangle.numbers")>
                        {switch(Shown::GradXInput, say("triangle.grad_x_input"), say("triangle.grad_x_input.hint"))}
                        {switch(Shown::Share, say("triangle.share"), say("triangle.share.hint"))}
                    </div>
                }.into_any()))}
            </div>
            {changing(move || {
                let triangle = app.writing.with(|writing| writing.triangle.clone()).filter(|_| drawn.get())?;
                let axes = [
                    Axis { name: say("triangle.token"), names: names(&triangle.written) },
                    Axis { name: say("triangle.token"), names: names(&triangle.columns) },
                ];
                Some(map(app, title.get().to_owned(), axes, heat(&triangle, shown.get())))
            })}
        </section>
    }
    .into_any()
}

/// What one token rests on, over the text before it.
pub fn over_text(app: App, step: usize) -> AnyView {
    let found = Memo::new(move |_| {
        app.writing.with(|writing| {
            let triangle = writing.triangle.as_ref()?;
            Some((triangle.columns.clone(), triangle.text, triangle.row(step)?.clone()))
        })
    });
    let is_tracing = Memo::new(move |_| app.writing.with(|writing| writing.is_tracing().is_some()));
    let line = move |part: &Part| {
        let Some((columns, text, row)) = found.get() else { return };
        write(part, &Triangle { columns, text, written: Vec::new(), rows: Vec::new() }, &row, app.dark.get());
    };
    view! {
        {changing(move || {
            Some(match (found.get(), is_tracing.get()) {
                (Some((_, _, row)), _) => paragraph(
                    "caption",
                    &fill("triangle.value", &[&signed(row.value)]),
                ),
                (None, true) => paragraph("caption", say("triangle.working")),
                (None, false) => plain_button("small", "trace-step", say("triangle.one"), move || app.trace(Some(step))),
            })
        })}
        {written("over-line step-text", line)}
    }
    .into_any()
}

fn write(part: &Part, of: &Triangle, row: &Row, dark: bool) {
    let scale = Scale::of(row.grad_x_input.iter().copied(), true);
    let palette = Palette::of(dark);
    for (at, (piece, value)) in of.columns.iter().zip(&row.grad_x_input).enumerate() {
        let (space, text) = split(&piece.text, piece.special);
        part.say(if at > 0 && at == of.text { " → " } else { space });
        let said = format!("“{}” {}", visible(&piece.text), number(*value));
        let style = scale.colour(*value, palette).style();
        let value = value.to_string();
        let shown = if piece.special || text.contains('\n') { visible(text) } else { text.to_owned() };
        part.add("span", &[("style", &*style), ("title", &*said), ("data-value", &*value)], &shown);
    }
}
