//! What the model writes on its own: each token can be opened, replaced, and asked about.

use headlight_document::{Candidate, Sampling, Step};
use leptos::prelude::*;

use super::parts::{button, changing, heading, paragraph, plain_button, text};
use super::saving;
use crate::app::{App, When};
use crate::locale::{count, fill, say};
use crate::state::colour::{Palette, Scale};
use crate::state::format::percent;
use crate::state::pieces::visible;
use crate::state::writing::{MOST, Writing};

/// The panel, for models that go on with a text.
pub fn writing(app: App) -> AnyView {
    let is_running = Memo::new(move |_| app.writing.with(|writing| writing.is_running()));
    let is_there = Memo::new(move |_| app.writing.with(|writing| !writing.steps.is_empty()));
    let is_stale = Memo::new(move |_| {
        let of =
            |model: &str, text: &str| app.writing.with(|writing| writing.from.is_none() || writing.is_of(model, text));
        app.form.with(|form| !of(&form.model, &form.text))
    });
    let has_ended = Memo::new(move |_| app.writing.with(|writing| writing.ended) && !is_stale.get());
    let is_frozen = Memo::new(move |_| app.writing.with(|writing| writing.is_frozen));
    // What a link has and is not told again yet.
    let linked = Memo::new(move |_| app.writing.with(|writing| writing.linked.len()));
    let title = Signal::derive(move || {
        if linked.get() > 0 && !is_stale.get() {
            return say("writing.again.title").to_owned();
        }
        if is_there.get() && !is_stale.get() { say("writing.further") } else { say("writing.on") }.to_owned()
    });
    view! {
        <section class="panel writing-panel" aria-labelledby="writing-title" data-testid="writing" data-running=move || is_running.get().to_string()>
            <div class="panel-head">{heading("writing-title", say("writing.title"))}</div>
            {paragraph(
                "caption",
                say("writing.caption"),
            )}
            <div class="run-line">
                {changing(move || {
                    Some(match is_running.get() {
                        true => plain_button("small", "stop-writing", say("writing.stop"), move || app.stop_writing()),
                        false => button("small", "write-on", title, has_ended.into(), move || app.write_on()),
                    })
                })}
                {changing(move || {
                    let said = is_there.get() && is_stale.get();
                    said.then(|| plain_button("small", "back-to-prompt", say("writing.back"), move || app.back_to_prompt()))
                })}
                <span class="caption" role="status">
                    {text(move || match (is_running.get(), has_ended.get()) {
                        (true, _) if let Some((told, all)) = app.writing.with(Writing::is_told_aside) => {
                            fill("writing.again.way", &[&told, &count("count.token", all)])
                        }
                        (true, _) => {
                            let steps = app.writing.with(|writing| writing.steps.len());
                            match linked.get() {
                                0 => count("count.token", steps),
                                all => fill("writing.again", &[&steps, &count("count.token", all)]),
                            }
                        }
                        _ if linked.get() > 0 => fill("writing.linked", &[&count("count.token", linked.get())]),
                        (_, true) => say("writing.ended").to_owned(),
                        _ => fill("writing.most", &[&MOST]),
                    })}
                </span>
            </div>
            {choosing(app)}
            {changing(move || {
                let why = app.writing.with(|writing| writing.failed.clone())?;
                Some(view! { <p class="hint" role="alert">{why}</p> }.into_any())
            })}
            {changing(move || is_frozen.get().then(|| paragraph("caption", say("writing.frozen"))))}
            <div class:stale=is_stale>
                {changing(move || is_there.get().then(|| written(app)))}
                {changing(move || {
                    app.writing.with(|writing| Some((writing.open?, writing.steps.get(writing.open?)?.clone())))
                        .map(|(at, step)| opened(app, at, step))
                })}
                {super::tree::tree(app)}
                {changing(move || is_there.get().then(|| super::triangle::triangle(app)))}
            </div>
        </section>
    }
    .into_any()
}

/// How tokens are chosen.
fn choosing(app: App) -> AnyView {
    let sampling = Memo::new(move |_| app.form.with(|form| form.sampling));
    let summary = move || {
        let Sampling { temperature, top_k, top_p, .. } = sampling.get();
        if temperature <= 0.0 {
            return say("writing.greedy").to_owned();
        }
        let most = top_k.map(|most| fill("writing.top_k", &[&most])).unwrap_or_default();
        let share = if top_p < 1.0 { fill("writing.top_p", &[&percent(top_p)]) } else { String::new() };
        fill("writing.drawn", &[&temperature, &most, &share])
    };
    let field = move |name: &'static str,
                      title: &'static str,
                      (least, most, step): (&'static str, &'static str, &'static str),
                      read: fn(&Sampling) -> String,
                      write: fn(&mut Sampling, &str)| {
        view! {
            <label class="line-field">
                <span>{title}</span>
                <input
                    type="number"
                    min=least
                    max=most
                    step=step
                    data-testid=name
                    prop:value=move || sampling.with(read)
                    on:change=move |event| {
                        app.edit(When::Never, |form| write(&mut form.sampling, &event_target_value(&event)));
                    }
                />
            </label>
        }
    };
    view! {
        <details class="sampling">
            <summary data-testid="sampling">{text(summary)}</summary>
            <div class="sampling-fields">
                {field("temperature", say("writing.temperature"), ("0", "10", "0.1"),
                    |sampling| sampling.temperature.to_string(),
                    |sampling, typed| sampling.temperature = typed.parse().ok().filter(|one| (0.0..=10.0).contains(one)).unwrap_or(0.0))}
                {field("top-k", say("writing.top_k.field"), ("1", "1000", "1"),
                    |sampling| sampling.top_k.map(|most| most.to_string()).unwrap_or_default(),
                    |sampling, typed| sampling.top_k = typed.parse().ok().filter(|one| *one > 0))}
                {field("top-p", say("writing.top_p.field"), ("0.05", "1", "0.05"),
                    |sampling| sampling.top_p.to_string(),
                    |sampling, typed| sampling.top_p = typed.parse().ok().filter(|one| *one > 0.0 && *one <= 1.0).unwrap_or(1.0))}
                {field("sampling-seed", say("writing.seed"), ("0", "4294967295", "1"),
                    |sampling| sampling.seed.to_string(),
                    |sampling, typed| sampling.seed = typed.parse().unwrap_or(0))}
            </div>
        </details>
    }
    .into_any()
}

/// The tokens, with the more colour the less sure the model was.
fn written(app: App) -> AnyView {
    let scale = Scale { limit: 1.0, ..Scale::of([1.0], false) };
    let tokens = move || {
        let palette = Palette::of(app.dark.get());
        let (steps, open) = app.writing.with(|writing| (writing.steps.clone(), writing.open));
        let token = move |(at, step): (usize, Step)| {
            let ground = scale.colour(1.0 - step.token.prob, palette);
            let name = visible(&step.token.text);
            let said = fill("writing.token", &[&at, &name, &percent(step.token.prob)]);
            let is_open = open == Some(at);
            view! {
                <button
                    type="button"
                    class="over-token"
                    class:picked=is_open
                    id=format!("written-{at}")
                    data-step=at
                    data-id=step.token.id
                    data-prob=step.token.prob.to_string()
                    title=said.clone()
                    aria-label=said
                    aria-pressed=is_open.to_string()
                    style:background-color=ground.css()
                    style:color=ground.ink().css()
                    on:click=move |_| app.open_step((!is_open).then_some(at))
                >
                    {name}
                </button>
            }
        };
        steps.into_iter().enumerate().map(token).collect_view()
    };
    view! {
        <div class="over-line" dir="auto" data-testid="written">{tokens}</div>
        <div class="list-head">{paragraph("caption", say("writing.caption.colour"))} {saving::written(app)}</div>
    }
    .into_any()
}

/// One step: what else it might have been.
fn opened(app: App, at: usize, step: Step) -> AnyView {
    let name = visible(&step.token.text);
    let id = step.token.id;
    let saved = saving::others(app, at, &step);
    let row = move |candidate: Candidate| {
        let is_taken = candidate.id == id;
        let label = visible(&candidate.text);
        let said = if is_taken { fill("writing.taken", &[&label]) } else { fill("writing.take", &[&label]) };
        let other = candidate.id;
        view! {
            <li class="candidate">
                <button
                    type="button"
                    class="bar-row"
                    class:chosen=is_taken
                    data-candidate=candidate.id
                    data-prob=candidate.prob.to_string()
                    title=said
                    aria-disabled=is_taken.to_string()
                    on:click=move |event| {
                        if event.shift_key() {
                            app.explain_step(at, (!is_taken).then_some(other));
                        } else if !is_taken {
                            app.write_instead(at, other);
                        }
                    }
                >
                    <span class="bar-label">{label}</span>
                    <span class="bar-track" aria-hidden="true">
                        <span class="bar-fill" style:width=format!("{:.2}%", candidate.prob * 100.0)></span>
                    </span>
                    <span class="figure">{percent(candidate.prob)}</span>
                </button>
            </li>
        }
    };
    view! {
        <div class="step" data-testid="step" data-at=at>
            <h3 class="part-title">{fill("writing.step", &[&at, &name])}</h3>
            {super::triangle::over_text(app, at)}
            {super::gaze::gaze(app, at)}
            {plain_button("small", "explain-step", say("writing.why"), move || app.explain_step(at, None))}
            <div class="list-head">{paragraph("caption", say("writing.others"))} {saved}</div>
            <ol class="candidates" aria-label=say("writing.others")>
                {step.top.into_iter().map(row).collect_view()}
            </ol>
        </div>
    }
    .into_any()
}
