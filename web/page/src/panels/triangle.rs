//! What the written tokens rest on: one over the text before it, all as one map.

use headlight_document::{Piece, Triangle};
use leptos::prelude::*;

use super::heat::{Axis, map};
use super::parts::{Part, changing, paragraph, plain_button, segment, subheading, text, written};
use super::saving;
use crate::app::App;
use crate::locale::{count, fill, say};
use crate::state::colour::{Palette, Scale};
use crate::state::format::{number, signed};
use crate::state::pieces::visible;
use crate::state::triangle::{Shown, flowing, heat, names};

/// All tokens that were written, and all before each.
pub fn triangle(app: App) -> AnyView {
    let is_tracing = Memo::new(move |_| app.writing.with(|writing| writing.is_tracing()));
    let is_running = Memo::new(move |_| app.writing.with(|writing| writing.is_growing()));
    let known = Memo::new(move |_| {
        app.writing.with(|writing| {
            let rows = writing.triangle.as_ref().map_or(0, |triangle| triangle.rows.len());
            (rows, writing.steps.len())
        })
    });
    let shown = RwSignal::new(Shown::default());
    // More than one row makes a map.
    let has = move || {
        let rows = |of: &Option<Triangle>| of.as_ref().is_some_and(|triangle| triangle.rows.len() > 1);
        app.writing.with(|writing| (rows(&writing.triangle), rows(&writing.gazed)))
    };
    let drawn = move || match (shown.get(), has()) {
        (_, (false, false)) => None,
        (Shown::Attention, (true, false)) => Some(Shown::GradXInput),
        (_, (false, true)) => Some(Shown::Attention),
        (shown, _) => Some(shown),
    };
    let switch = move |which: Shown, name: &'static str, hint: &'static str| {
        segment("triangle-shown", name, hint, move || drawn() == Some(which), move || shown.set(which))
    };
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
                {changing(move || {
                    let (gradients, attention) = has();
                    (gradients || attention).then(|| view! {
                        <div class="segments" role="group" aria-label=say("triangle.numbers")>
                            {gradients.then(|| [
                                switch(Shown::GradXInput, say("triangle.grad_x_input"), say("triangle.grad_x_input.hint")),
                                switch(Shown::Share, say("triangle.share"), say("triangle.share.hint")),
                            ])}
                            {attention.then(|| switch(Shown::Attention, say("triangle.attention"), say("triangle.attention.hint")))}
                        </div>
                    }.into_any())
                })}
            </div>
            {changing(move || {
                let shown = drawn()?;
                let (triangle, title) = app.writing.with(|writing| match shown {
                    Shown::GradXInput => (writing.triangle.clone(), say("triangle.map_grad_x_input").to_owned()),
                    Shown::Share => (writing.triangle.clone(), say("triangle.map_share").to_owned()),
                    Shown::Attention => {
                        let whose = writing.gazed.as_ref().and_then(|gazed| gazed.gazed).map(super::gaze::called);
                        (writing.gazed.clone(), fill("triangle.map_attention", &[&whose.unwrap_or_default()]))
                    }
                });
                let triangle = triangle?;
                let axes = [
                    Axis { name: say("triangle.token"), names: names(&triangle.written) },
                    Axis { name: say("triangle.token"), names: names(&triangle.columns) },
                ];
                Some(map(app, title, axes, heat(&triangle, shown)))
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
        write(part, (&columns, text), &row.grad_x_input, true, app.dark.get());
    };
    view! {
        {changing(move || {
            Some(match (found.get(), is_tracing.get()) {
                (Some((_, _, row)), _) => view! {
                    <div class="list-head">
                        {paragraph("caption", &fill("triangle.value", &[&signed(row.value)]))} {saving::row(app, step)}
                    </div>
                }
                .into_any(),
                (None, true) => paragraph("caption", say("triangle.working")),
                (None, false) => plain_button("small", "trace-step", say("triangle.one"), move || app.trace(Some(step))),
            })
        })}
        {written("over-line step-text", line)}
    }
    .into_any()
}

/// Tokens with a number each, an arrow behind those of the text.
pub fn write(part: &Part, (columns, of_text): (&[Piece], usize), values: &[f64], is_signed: bool, dark: bool) {
    let scale = Scale::of(values.iter().copied(), is_signed);
    let palette = Palette::of(dark);
    for ((piece, column), value) in flowing(columns, of_text, values.len()).into_iter().zip(columns).zip(values) {
        part.say(&piece.gap);
        let said = format!("“{}” {}", visible(&column.text), number(*value));
        let style = scale.colour(*value, palette).style();
        let value = value.to_string();
        // A token that is nothing but white space shows that it is.
        let is_plain = !piece.special && !piece.text.trim().is_empty() && !piece.text.contains('\n');
        let shown = if is_plain { piece.text } else { visible(&piece.text) };
        part.add("span", &[("style", &*style), ("title", &*said), ("data-value", &*value)], &shown);
    }
}
