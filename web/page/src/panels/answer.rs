//! What the model answers: a text whose parts can be chosen, lists of candidates, or a similarity.

use headlight_document::{TargetKind, TargetSpec};
use leptos::prelude::*;

use super::changed::changed;
use super::parts::{changing, paragraph, plain_button, span};
use super::saving;
use super::tokens::{chosen_values, scale_of};
use crate::app::{App, When};
use crate::locale::{count, fill, say};
use crate::state::answer::{Bar, List, Part, answer, current};
use crate::state::colour::Palette;
use crate::state::format::{number, percent};

/// How many colours labels have; more labels share them, which their names tell apart.
const HUES: usize = 6;

/// The answer.
#[component]
pub fn AnswerPanel() -> impl IntoView {
    let app = App::get();
    let kind = Memo::new(move |_| app.shown.with(|shown| shown.document.target.kind));
    let answer = Memo::new(move |_| app.shown.with(|shown| answer(&shown.document)));
    let lists = Memo::new(move |_| answer.with(|answer| answer.lists.clone()));
    let target = Memo::new(move |_| app.shown.with(|shown| current(&shown.document)));
    let is_stale = move || app.shown.with(|shown| shown.request.is_some()) && !app.is_current();
    view! {
        <section class="panel answer-panel" class:stale=is_stale aria-labelledby="answer-title">
            <div class="panel-head"><h2 id="answer-title">{move || answer.with(|answer| answer.title)}</h2>{super::explain_me::explain_me("panel_answer")}</div>
            {move || {
                let said = answer.with(|answer| answer.said.clone())?;
                let said = if said.is_empty() { say("answer.nothing").to_owned() } else { said };
                Some(view! { <blockquote class="said" dir="auto" data-testid="said">{said}</blockquote> })
            }}
            <Strip parts=Memo::new(move |_| answer.with(|answer| answer.parts.clone()))/>
            <p class="caption">{move || answer.with(|answer| answer.caption)}</p>
            {changing(move || begun(app))}
            {move || lists.get().into_iter().map(|list| view! { <Candidates list target/> }).collect_view()}
            {move || (kind.get() == TargetKind::Similarity).then(|| view! { <Similarity/> })}
            {changed(app)}
        </section>
    }
}

/// That a translation was led elsewhere, and the way back to the model's own.
fn begun(app: App) -> Option<AnyView> {
    let tokens = app.shown.with(|shown| shown.request.as_ref().map_or(0, |request| request.begun.len()));
    let back = move || {
        app.edit(When::Now, |form| {
            form.begun.clear();
            form.set_target(form.task.target());
        });
    };
    (tokens > 0).then(|| {
        let said = fill("answer.begun", &[&count("count.token", tokens)]);
        vec![paragraph("caption", &said), plain_button("small", "begun-own", say("answer.begun.own"), back)].into_any()
    })
}

/// The text of an answer. Written words have the colour of what they contribute to a later one.
#[component]
fn Strip(parts: Memo<Vec<Part>>) -> impl IntoView {
    let app = App::get();
    let chosen = Memo::new(move |_| chosen_values(app));
    let scale = scale_of(chosen);
    let position = Memo::new(move |_| app.shown.with(|shown| shown.document.target.position));
    let inputs = Memo::new(move |_| {
        app.shown.with(|shown| {
            let is_written = shown.document.target.kind == TargetKind::OutputToken;
            is_written.then_some(shown.document.input.tokens.len())
        })
    });
    let part_view = move |part: Part| {
        let Part { gap, text, aim, at, marked, special, hue, label, hover } = part;
        let label = label.map(|label| view! { <span class="tag">{label}</span> });
        let Some(aim) = aim else {
            return view! { {gap} {if marked { view! { <mark>{text}</mark> }.into_any() } else { text.into_any() }} }
                .into_any();
        };
        let colour = move || {
            let value = chosen.with(|(_, values)| values.get(inputs.get()? + at?).copied())?;
            Some(scale.get().colour(value, Palette::of(app.dark.get())))
        };
        let is_target = move || at.is_some() && position.get() == at;
        view! {
            {gap}
            <button
                type="button"
                class=format!("word{}", hue.map(|hue| format!(" hue hue-{}", hue % HUES)).unwrap_or_default())
                class:chosen=is_target
                class:special=special
                aria-pressed=move || is_target().to_string()
                title=hover
                data-at=at
                style:background-color=move || colour().map(|colour| colour.css())
                style:color=move || colour().map(|colour| colour.ink().css())
                on:click=move |_| app.aim(aim.clone())
            >
                {text}
            </button>
            {label}
        }
        .into_any()
    };
    move || {
        let parts = parts.get();
        (!parts.is_empty()).then(|| {
            view! {
                <div class="strip" dir="auto" data-testid="answer-text">
                    {parts.into_iter().map(part_view).collect_view()}
                </div>
            }
        })
    }
}

#[component]
fn Candidates(list: List, target: Memo<TargetSpec>) -> impl IntoView {
    let saved = saving::candidates(App::get(), &list, None);
    let List { name, caption, bars, rest } = list;
    // Names and answers need more room than the length of their bars.
    // Only what could stand in the target's own place can be held against it.
    let is_of_one_place = name == "candidates";
    let wide = bars.iter().any(|bar| bar.label.chars().count() > 12);
    view! {
        <div class="list-head"><p class="caption list-caption">{caption}</p>{saved}</div>
        <ol class="candidates" class:wide=wide data-testid=name>
            {bars.into_iter().map(|bar| view! { <Row bar target is_of_one_place/> }).collect_view()}
            {rest.map(|rest| {
                view! {
                    <li class="rest">
                        <span class="bar-row">
                            {span("bar-label", say("answer.others"))}
                            <span class="bar-track" aria-hidden="true">
                                <span class="bar-fill" style:width=format!("{:.2}%", rest * 100.0)></span>
                            </span>
                            <span class="figure">{percent(rest)}</span>
                        </span>
                    </li>
                }
            })}
        </ol>
    }
}

#[component]
fn Row(bar: Bar, target: Memo<TargetSpec>, is_of_one_place: bool) -> impl IntoView {
    let app = App::get();
    let Bar { id, label, share, figure, prob, logit, aim } = bar;
    let own = aim.clone();
    let foil = aim.token().filter(|_| is_of_one_place);
    let is_foil = {
        let foil = foil.clone();
        Memo::new(move |_| foil.is_some() && app.form.with(|form| form.foil == foil))
    };
    let is_target = Memo::new(move |_| target.with(|target| *target == own));
    let hover = if logit.is_finite() { fill("answer.logit", &[&label, &number(logit)]) } else { label.clone() };
    let versus = foil.clone().map(|foil| {
        let name = fill("answer.why", &[&label]);
        let label = label.clone();
        view! {
            <button
                type="button"
                class="versus"
                class:chosen=move || is_foil.get()
                aria-pressed=move || is_foil.get().to_string()
                title=name
                data-versus=id
                prop:disabled=move || is_target.get()
                on:click=move |_| app.rather_than(foil.clone())
            >
                // Its name begins with what is seen on it, for who speaks to the page.
                {say("answer.versus")} <span class="visually-hidden">{format!(" {label}")}</span>
            </button>
        }
    });
    let choose = move |event: leptos::ev::MouseEvent| match &foil {
        Some(foil) if event.shift_key() => app.rather_than(foil.clone()),
        _ => app.aim(aim.clone()),
    };
    view! {
        <li class="candidate">
            <button
                type="button"
                class="bar-row"
                class:chosen=move || is_target.get()
                aria-pressed=move || is_target.get().to_string()
                data-id=id
                data-prob=prob.to_string()
                data-logit=logit.to_string()
                title=hover
                on:click=choose
            >
                <span class="bar-label">{label}</span>
                <span class="bar-track" aria-hidden="true">
                    <span class="bar-fill" style:width=format!("{:.2}%", share * 100.0)></span>
                </span>
                <span class="figure">{figure}</span>
            </button>
            {versus}
        </li>
    }
}

#[component]
fn Similarity() -> impl IntoView {
    let app = App::get();
    let cosine = move || app.shown.with(|shown| shown.document.target.value);
    let second = move || app.shown.with(|shown| shown.document.input.second_text.clone().unwrap_or_default());
    view! {
        {paragraph("caption", say("answer.cosine"))}
        <div class="gauge" data-testid="similarity" data-value=move || cosine().to_string()>
            <span class="gauge-number figure">{move || number(cosine())}</span>
            <div class="gauge-track" role="meter" aria-label=say("answer.similarity") aria-valuemin="-1" aria-valuemax="1"
                aria-valuenow=move || format!("{:.4}", cosine())>
                <span class="gauge-zero"></span>
                <span
                    class="gauge-needle"
                    style:left=move || format!("{:.2}%", (cosine().clamp(-1.0, 1.0) + 1.0) * 50.0)
                ></span>
            </div>
            <div class="gauge-ends"><span>"−1"</span><span>"0"</span><span>"1"</span></div>
        </div>
        {paragraph("caption", say("answer.compared"))}
        <blockquote dir="auto">{second}</blockquote>
    }
}
