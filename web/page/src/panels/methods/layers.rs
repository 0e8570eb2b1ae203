//! Gradient × activation by layer: what each layer's output and each head adds to the target.

use headlight_document::{Explanation, LayerAttribution};
use leptos::prelude::*;

use super::is_stale;
use crate::app::App;
use crate::locale::{fill, say};
use crate::panels::heat::heat_map;
use crate::panels::parts::{button, changing, paragraph, subheading};
use crate::state::form::Form;
use crate::state::heat;
use crate::state::pieces::visible;

/// The button, and the maps once they are there.
pub fn layers(app: App) -> AnyView {
    let is_stale = Memo::new(move |_| is_stale(app, app.layered));
    let is_busy = Signal::derive(move || app.conductor.with(|conductor| conductor.comparing().is_some()));
    let title = Signal::derive(move || {
        let is_there = app.layered.with(Option::is_some);
        if is_there { say("methods.again") } else { say("methods.layers.run") }.to_owned()
    });
    let run = move || app.compare(app.form.with_untracked(Form::layer_request));
    let all = move || {
        app.layered.with(|layered| {
            let document = &layered.as_ref()?.document;
            let all: Vec<AnyView> = document.layers.iter().map(|stack| maps(app, document, stack)).collect();
            Some(if all.is_empty() { paragraph("caption", say("methods.layers.none")) } else { all.into_any() })
        })
    };
    view! {
        <section class="layers" aria-labelledby="layers-title">
            {subheading(Some("layers-title"), "part-title", say("methods.layers.title"))}
            {paragraph(
                "caption",
                say("methods.layers.why"),
            )}
            {button("small", "run-layers", title, is_busy, run)}
            {changing(move || is_stale.get().then(|| paragraph("caption layers-stale", say("methods.stale"))))}
            <div class="heats" class:stale=is_stale>{changing(all)}</div>
        </section>
    }
    .into_any()
}

fn maps(app: App, document: &Explanation, stack: &LayerAttribution) -> AnyView {
    let input: Vec<String> = document.input.tokens.iter().map(|token| visible(&token.text)).collect();
    // A decoder beside an encoder reads what it has written, which the input's names are not of.
    let tokens = if input.len() == stack.tokens { input } else { Vec::new() };
    let title = if document.layers.len() > 1 { format!("{}: ", heat::title(stack.kind)) } else { String::new() };
    view! {
        {heat_map(app, fill("methods.layers.tokens", &[&title]), say("heads.column.token"), tokens, heat::outputs(stack))}
        {heat_map(app, fill("methods.layers.heads", &[&title]), say("heads.column.head"), Vec::new(), heat::heads(stack))}
    }
    .into_any()
}
