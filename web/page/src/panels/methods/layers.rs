//! Gradient × activation by layer: what each layer's output and each head adds to the target.

use headlight_document::{Explanation, LayerAttribution};
use leptos::prelude::*;

use super::is_stale;
use crate::app::App;
use crate::panels::heat::heat_map;
use crate::panels::parts::{button, changing, paragraph};
use crate::state::form::Form;
use crate::state::heat;
use crate::state::pieces::visible;

/// The button, and the maps once they are there.
pub fn layers(app: App) -> AnyView {
    let is_stale = Memo::new(move |_| is_stale(app, app.layered));
    let is_busy = Signal::derive(move || app.conductor.with(|conductor| conductor.comparing().is_some()));
    let title = Signal::derive(move || {
        let is_there = app.layered.with(Option::is_some);
        if is_there { "Run again" } else { "Gradient × activation by layer" }.to_owned()
    });
    let run = move || app.compare(app.form.with_untracked(Form::layer_request));
    let all = move || {
        app.layered.with(|layered| {
            let document = &layered.as_ref()?.document;
            let all: Vec<AnyView> = document.layers.iter().map(|stack| maps(app, document, stack)).collect();
            Some(if all.is_empty() {
                paragraph("caption", "The engine gave no values by layer.")
            } else {
                all.into_any()
            })
        })
    };
    view! {
        <section class="layers" aria-labelledby="layers-title">
            <h3 class="part-title" id="layers-title">"Layer by layer"</h3>
            {paragraph(
                "caption",
                "Gradient × activation at every layer’s output and in every head, from one run: where on its way through the \
                 model a token counts for the answer, and which heads carry it.",
            )}
            {button("small", "run-layers", title, is_busy, run)}
            {changing(move || is_stale.get().then(|| paragraph("caption layers-stale", "These are of an earlier question.")))}
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
        {heat_map(app, format!("{title}layers × tokens"), "token", tokens, heat::outputs(stack))}
        {heat_map(app, format!("{title}layers × heads"), "head", Vec::new(), heat::heads(stack))}
    }
    .into_any()
}
