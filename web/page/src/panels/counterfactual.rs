//! Another text beside this one: a word is changed, and what the model makes of both stands side by side.

use std::sync::Arc;

use headlight_document::{Explanation, Task};
use leptos::html::Textarea;
use leptos::prelude::*;

use super::changed::answer_table;
use super::heat::{Axis, map};
use super::parts::{Part, button, changing, heading, paragraph, plain_button, written};
use super::saving;
use crate::app::App;
use crate::locale::{fill, say};
use crate::state::colour::Palette;
use crate::state::counterfactual::{self as state, Asked, Rows};
use crate::state::format::{number, signed};
use crate::state::intervene::compared;
use crate::state::pieces::visible;

/// The panel.
pub fn counterfactual(app: App) -> AnyView {
    let typed = Memo::new(move |_| app.other_typed.with(|(_, typed)| typed.clone()));
    let retype = move |text: String| app.other_typed.update(|(_, typed)| *typed = text);
    let place = RwSignal::new(None::<(usize, usize)>);
    let asked = StoredValue::new(None::<Asked>);
    let field = NodeRef::<Textarea>::new();
    let own = Memo::new(move |_| app.shown.with(|shown| shown.document.input.text.clone()));
    Effect::new(move |_| {
        let own = own.get();
        if app.other_typed.with_untracked(|(of, _)| *of != own) {
            app.other_typed.set((own.clone(), own));
        }
        place.set(None);
        asked.set_value(None);
    });
    let is_same = Signal::derive(move || typed.get() == own.get() || typed.get().trim().is_empty());
    let is_busy = Memo::new(move |_| app.conductor.with(|conductor| conductor.comparing().is_some()));
    let disabled = Signal::derive(move || is_same.get() || is_busy.get());
    let fills = Memo::new(move |_| {
        let model = app.shown.with(|shown| shown.document.model.id.clone());
        app.entry(&model).is_some_and(|entry| entry.tasks.contains(&Task::Fill))
    });
    let question = move |place| {
        app.shown.with(|shown| typed.with(|text| state::suggestion(&shown.document, fills.get(), text, place)))
    };
    // The word under the cursor is the one that suggestions are for.
    let pick = move || {
        let Some(element) = field.get_untracked() else { return };
        let at = element.selection_start().ok().flatten().unwrap_or(0) as usize;
        let found = typed.with_untracked(|text| state::word(text, state::byte(text, at)));
        place.set(found);
        let wanted = untrack(|| found.and_then(question));
        // Not again with every key that is pressed in the same word.
        if let Some(new) = wanted.filter(|new| asked.with_value(|asked| asked.as_ref() != Some(new)))
            && app.suggest_word(&new)
        {
            asked.set_value(Some(new));
        }
    };
    let put = move |word: String| {
        let Some((start, end)) = place.get_untracked() else { return };
        let mut text = typed.get_untracked();
        if text.is_char_boundary(start) && text.is_char_boundary(end) && end <= text.len() {
            text.replace_range(start..end, word.trim());
            place.set(Some((start, start + word.trim().len())));
            retype(text);
        }
    };
    let suggestions = move || {
        let (start, end) = place.get()?;
        let asked = question((start, end))?;
        let word = typed.with(|text| text.get(start..end).map(str::to_owned))?;
        let all = app.writing.with(|writing| writing.suggested.clone())?;
        let one = move |text: String| {
            let name = text.trim().to_owned();
            view! {
                <button type="button" class="example" data-suggestion=name.clone() on:click=move |_| put(text.clone())>
                    {name.clone()}
                </button>
            }
        };
        let all = all.into_iter().map(|candidate| candidate.text);
        let all = all.filter(|text| state::is_other_word(&asked, text, &word));
        Some(
            view! {
                <div class="suggestions" role="group" aria-label=say("other.suggestions") data-testid="suggestions">
                    <span class="caption">{fill("other.instead", &[&word])}</span>
                    {all.map(one).collect_view()}
                </div>
            }
            .into_any(),
        )
    };
    let run = move || typed.with_untracked(|text| app.ask_other(text));
    let found = move || {
        app.other.with(|other| {
            let other = other.as_ref()?;
            app.shown.with(|shown| {
                let asked = shown.request.clone().unwrap_or_else(|| app.form.with(|form| form.cheap_request()));
                let is_here = state::request(&shown.document, &asked, &other.request.text) == other.request;
                is_here.then(|| beside(app, &shown.document, &other.document))
            })
        })
    };
    view! {
        <section class="panel other-panel" aria-labelledby="other-title" data-testid="other">
            <div class="panel-head">{heading("other-title", say("other.title"))}</div>
            {paragraph("caption", say("other.caption"))}
            <textarea
                node_ref=field
                rows="2"
                data-testid="other-text"
                aria-label=say("other.text")
                dir="auto"
                prop:value=move || typed.get()
                on:input=move |event| retype(event_target_value(&event))
                on:keyup=move |_| pick()
                on:click=move |_| pick()
            ></textarea>
            {changing(suggestions)}
            <div class="run-line">
                {button("small", "ask-other", say("other.ask").to_owned().into(), disabled, run)}
                {changing(move || is_busy.get().then(|| {
                    plain_button("small", "cancel-other", say("other.cancel"), move || app.tell(crate::state::conductor::Input::Cancel))
                }))}
            </div>
            {changing(found)}
        </section>
    }
    .into_any()
}

/// Both answers, what both rest on, and the open head in both.
fn beside(app: App, before: &Arc<Explanation>, after: &Arc<Explanation>) -> AnyView {
    let (text, delta) = (visible(&before.target.text), after.target.value - before.target.value);
    let said =
        fill("other.target", &[&text, &number(before.target.value), &number(after.target.value), &signed(delta)]);
    let lines = compared(&before.output.top, &after.output.top);
    let table = move |part: &Part| {
        let heads = [say("other.this"), say("other.that"), say("other.change")];
        answer_table(part, "other-table", say("other.table"), heads, &lines);
    };
    let (a, b) = (Arc::clone(before), Arc::clone(after));
    let texts = move |part: &Part| rows(part, &a, &b, app.dark.get());
    let head = app.open_head();
    let maps = head.and_then(|head| heads(app, before, after, head));
    view! {
        <p class="readout" data-testid="other-target" data-delta=delta.to_string()>{said}</p>
        {written("", table)}
        {written("other-rows", texts)}
        {saving::other(app, before, after)}
        {maps}
    }
    .into_any()
}

/// Gradient × input over both texts, on one scale, and how it differs where tokens are the same.
fn rows(part: &Part, before: &Explanation, after: &Explanation, dark: bool) {
    let rows = state::rows(before, after);
    let scale = rows.scale();
    let Rows { this, that, change } = rows;
    let all = [
        (say("other.row.this"), "this", before, this),
        (say("other.row.that"), "that", after, that),
        (say("other.row.change"), "change", after, change),
    ];
    for (title, name, document, values) in all {
        let figure = part.add("div", &[("class", "other-row"), ("data-row", name)], "");
        figure.add("h3", &[("class", "part-title")], title);
        let line = figure.add("div", &[("class", "over-line"), ("dir", "auto")], "");
        for (token, value) in document.input.tokens.iter().zip(values) {
            let shown = visible(&token.text);
            if value.is_finite() {
                let style = scale.colour(value, Palette::of(dark)).style();
                let (said, value) = (signed(value), value.to_string());
                let attributes =
                    [("class", "over-token"), ("style", &*style), ("title", &*said), ("data-value", &*value)];
                line.add("span", &attributes, &shown);
            } else {
                line.add("span", &[("class", "over-token other-new")], &shown);
            }
        }
    }
    part.add("p", &[("class", "caption")], &fill("other.scale", &[&number(scale.limit)]));
}

/// The open head's maps of both, and their difference where the texts have as many tokens.
fn heads(app: App, before: &Explanation, after: &Explanation, head: (usize, usize)) -> Option<AnyView> {
    let kind = app.attention(|_, attention| attention.kind)?;
    let at = before.attention.iter().position(|one| one.kind == kind)?;
    let names = |document: &Explanation| -> Vec<String> {
        document.input.tokens.iter().map(|token| visible(&token.text)).collect()
    };
    let drawn = |title: String, document: &Explanation, heat| {
        let all = names(document);
        let axes =
            [Axis { name: say("other.token"), names: all.clone() }, Axis { name: say("other.token"), names: all }];
        map(app, title, axes, heat)
    };
    let place = format!("{}.{}", head.0, head.1);
    let mut views = vec![
        drawn(fill("other.map.this", &[&place]), before, state::map(before, None, at, head)?),
        drawn(fill("other.map.that", &[&place]), after, state::map(after, None, at, head)?),
    ];
    views.push(match state::map(before, Some(after), at, head) {
        Some(heat) => drawn(fill("other.map.change", &[&place]), after, heat),
        None => paragraph("caption", say("other.map.none")),
    });
    Some(view! { <div class="heats">{views}</div> }.into_any())
}
