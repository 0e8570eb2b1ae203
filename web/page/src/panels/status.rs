//! What is going on: the precomputed banner, progress with a way out, and troubles with a way on.

use leptos::prelude::*;

use crate::app::{App, Listing};
use crate::locale::{fill, heard, say};
use crate::state::conductor::{Errand, Input, Phase};
use crate::state::format::{duration, megabytes};
use crate::state::words;

/// A sentence that waits to be dismissed.
#[component]
pub fn Notice() -> impl IntoView {
    let app = App::get();
    view! {
        <div role="alert" class="notices">
            {move || {
                app.notice.get().map(|sentence| {
                    view! {
                        <div class="notice" data-testid="notice">
                            <p>{sentence}</p>
                            <button
                                type="button"
                                class="quiet"
                                data-testid="dismiss"
                                aria-label=say("status.dismiss")
                                on:click=move |_| app.notice.set(None)
                            >
                                "✕"
                            </button>
                        </div>
                    }
                })
            }}
        </div>
    }
}

/// The line that says what is going on.
#[component]
pub fn Status() -> impl IntoView {
    let app = App::get();
    let word = Memo::new(move |_| app.word());
    let number = Memo::new(move |_| app.shown.with(|shown| shown.number));
    let is_precomputed = Memo::new(move |_| app.shown.with(|shown| shown.request.is_none()));
    // What was opened says itself where its numbers are from.
    let is_frozen = Memo::new(move |_| app.opened.with(|opened| opened.frozen.is_some()));
    let waits = Memo::new(move |_| app.opened.with(|opened| opened.waits));
    view! {
        <section class="status" data-testid="status" data-state=word data-answers=number aria-label=say("status.label")>
            {move || (is_precomputed.get() && !waits.get()).then(|| view! { <Precomputed/> })}
            <div class="status-line" role="status">
                {move || match word.get() {
                    "error" => view! { <Trouble/> }.into_any(),
                    "starting" | "loading" | "running" => view! { <Working/> }.into_any(),
                    _ if is_frozen.get() => ().into_any(),
                    state if !is_precomputed.get() => view! { <Done state/> }.into_any(),
                    "ready" => view! { <p>{say("status.ready")}</p> }.into_any(),
                    _ => ().into_any(),
                }}
            </div>
        </section>
    }
}

#[component]
fn Precomputed() -> impl IntoView {
    let app = App::get();
    let model = app.shown.with_untracked(|shown| shown.document.model.clone());
    let title = model.title.clone();
    let what_loads = move || {
        let form_model = app.form.with(|form| form.model.clone());
        match app.entry(&form_model) {
            Some(entry) => {
                let is_kept = app.kept.with(|kept| kept.contains(&entry.id));
                let how = if is_kept { say("status.from_cache").to_owned() } else { megabytes(entry.bytes()) };
                fill("status.type_model", &[&entry.title, &how])
            }
            None => say("status.type").to_owned(),
        }
    };
    let text = app.shown.with_untracked(|shown| shown.document.input.text.clone());
    view! {
        <p class="banner" data-testid="banner-precomputed">
            <b>{say("status.precomputed")}</b>
            {fill("status.real_run", &[&title, &text])}
            {what_loads}
        </p>
    }
}

#[component]
fn Working() -> impl IntoView {
    let app = App::get();
    let progress = Memo::new(move |_| {
        app.conductor.with(|conductor| conductor.flight.as_ref().and_then(|flight| flight.progress))
    });
    let line = move || {
        let (loading, is_starting) = app
            .conductor
            .with(|conductor| (conductor.loading().map(str::to_owned), conductor.phase == Phase::Starting));
        let model = loading.clone().unwrap_or_else(|| app.form.with(|form| form.model.clone()));
        let title = app.title(&model);
        match progress.get() {
            _ if is_starting => say("status.starting").to_owned(),
            Some(progress) => words::progress(progress, &title),
            None if loading.is_some() => fill("status.loading", &[&title]),
            None => say("status.explaining").to_owned(),
        }
    };
    let share = move || progress.get().and_then(words::share);
    view! {
        <div class="working">
            <p>{line}</p>
            <progress
                max="1"
                aria-label=say("status.progress")
                // Without a value the bar shows that the end is not known.
                value=move || share().map(|share| format!("{share:.4}"))
            ></progress>
            <button type="button" class="small" data-testid="cancel" on:click=move |_| app.tell(Input::Cancel)>
                {say("status.cancel")}
            </button>
        </div>
    }
}

#[component]
fn Trouble() -> impl IntoView {
    let app = App::get();
    move || {
        if let Listing::Failed(message) = app.listing.get() {
            return view! {
                <div class="trouble">
                    <p>{message}</p>
                    <button type="button" class="primary" data-testid="retry" on:click=move |_| app.list_models()>
                        {say("status.retry")}
                    </button>
                </div>
            }
            .into_any();
        }
        let (phase, trouble) = app.conductor.with(|conductor| (conductor.phase.clone(), conductor.trouble.clone()));
        if let Phase::Down { message, lost } = phase {
            let restart = move |_| app.restart(false);
            let restart_cpu = move |_| app.restart(true);
            return view! {
                <div class="trouble">
                    <p>{heard(&message)}</p>
                    <button type="button" class="primary" data-testid="retry" on:click=restart>
                        {if lost { say("status.start_again") } else { say("status.restart") }}
                    </button>
                    <button type="button" class="small" data-testid="retry-cpu" on:click=restart_cpu>
                        {say("status.on_cpu")}
                    </button>
                </div>
            }
            .into_any();
        }
        let Some(trouble) = trouble else { return ().into_any() };
        let label =
            if matches!(trouble.errand, Errand::Load(_)) { say("status.retry") } else { say("status.try_again") };
        view! {
            <div class="trouble">
                <p>{heard(&trouble.failure.message)}</p>
                {trouble.failure.retry.then(|| {
                    view! {
                        <button
                            type="button"
                            class="primary"
                            data-testid="retry"
                            on:click=move |_| app.tell(Input::Retry)
                        >
                            {label}
                        </button>
                    }
                })}
            </div>
        }
        .into_any()
    }
}

#[component]
fn Done(#[prop(into)] state: String) -> impl IntoView {
    let app = App::get();
    let is_current = state == "done";
    view! {
        <p class="done">
            {move || {
                app.shown.with(|shown| {
                    let model = &shown.document.model;
                    let time = shown.document.timing_ms.get("total").map(|&total| fill("status.time", &[&duration(total)]));
                    let stale = if is_current { "" } else { say("status.stale") };
                    let device = words::device(&model.device);
                    fill("status.done", &[&model.title, &device, &time.unwrap_or_default(), &stale])
                })
            }}
        </p>
    }
}
