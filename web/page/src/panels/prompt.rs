//! The labels and worked examples that a causal model is shown before the text.

use headlight_document::request::MAX_LABELS;
use headlight_document::{Shot, Task};
use leptos::prelude::*;

use super::input::TextBox;
use crate::app::{App, When};
use crate::locale::{count, fill, say};
use crate::state::prompt::{Prompt, labels};

/// The editor of the chosen task's prompt.
#[component]
pub fn PromptEditor(task: Task) -> impl IntoView {
    let app = App::get();
    let shown =
        Memo::new(move |_| app.form.with(|form| form.prompt().map(|prompt| prompt.shown(task)).unwrap_or_default()));
    let is_default = Memo::new(move |_| app.form.with(|form| form.prompt().is_none_or(Prompt::is_default)));
    let many = Memo::new(move |_| shown.with(|prompt| prompt.shots.len()));
    let is_classify = task == Task::Classify;
    // Without an example a question would be answered after the default ones.
    let fewest = usize::from(!is_classify);
    let is_last = move || many.get() <= fewest;
    let is_full = move || many.get() >= MAX_LABELS;
    let shot = move |at: usize, read: fn(&Shot) -> String| {
        Signal::derive(move || shown.with(|prompt| prompt.shots.get(at).map(read).unwrap_or_default()))
    };
    let change = move |at: usize, write: fn(&mut Shot, String)| {
        move |text: String| {
            app.edit(When::Soon, |form| {
                form.edit_prompt(|prompt| {
                    if let Some(shot) = prompt.shots.get_mut(at) {
                        write(shot, text);
                    }
                });
            });
        }
    };
    let add = move |_| {
        let question = (!is_classify).then(String::new);
        let shot = Shot { text: String::new(), question, answer: String::new() };
        app.edit(When::Never, |form| form.edit_prompt(|prompt| prompt.shots.push(shot)));
    };
    let remove = move |at: usize| {
        app.edit(When::Soon, |form| {
            form.edit_prompt(|prompt| {
                if at < prompt.shots.len() {
                    prompt.shots.remove(at);
                }
            });
        });
    };
    let reset = move |_| app.edit(When::Now, |form| form.edit_prompt(|prompt| *prompt = Prompt::of_task(task)));
    let row = move |at: usize| {
        let answer = if is_classify { say("prompt.label") } else { say("prompt.answer") };
        view! {
            <li class="shot">
                <TextBox id=format!("shot-{at}") rows=2 label=move || if is_classify { say("prompt.text") } else { say("prompt.passage") }
                    value=shot(at, |shot| shot.text.clone()) change=change(at, |shot, text| shot.text = text)/>
                {(!is_classify)
                    .then(|| {
                        view! {
                            <TextBox id=format!("shot-question-{at}") rows=1 label=|| say("prompt.question")
                                value=shot(at, |shot| shot.question.clone().unwrap_or_default())
                                change=change(at, |shot, text| shot.question = Some(text))/>
                        }
                    })}
                <TextBox id=format!("shot-answer-{at}") rows=1 label=move || answer
                    value=shot(at, |shot| shot.answer.clone()) change=change(at, |shot, text| shot.answer = text)/>
                <button type="button" class="quiet" aria-label=fill("prompt.remove", &[&(at + 1)])
                    prop:disabled=is_last on:click=move |_| remove(at)>"✕"</button>
            </li>
        }
    };
    view! {
        <div class="prompt-editor" data-testid="prompt">
            {is_classify
                .then(|| {
                    let change = move |event| {
                        let labels = labels(&event_target_value(&event));
                        app.edit(When::Now, |form| form.edit_prompt(|prompt| prompt.labels = labels));
                    };
                    view! {
                        <label class="line-field">
                            <span>{say("prompt.labels")}</span>
                            <input type="text" data-testid="labels" autocomplete="off" spellcheck="false"
                                prop:value=move || shown.with(|prompt| prompt.labels.join(", "))
                                on:change=change/>
                        </label>
                    }
                })}
            <details>
                <summary data-testid="shots">
                    {move || {
                        let whose = if is_default.get() { say("prompt.usual") } else { say("prompt.own") };
                        fill("prompt.shown", &[&count("count.example", many.get()), &whose])
                    }}
                </summary>
                <ol>{move || (0..many.get()).map(row).collect_view()}</ol>
                <button type="button" class="small" data-testid="add-shot" on:click=add
                    prop:disabled=is_full>{say("prompt.add")}</button>
                " "
                {move || {
                    (!is_default.get())
                        .then(|| {
                            view! {
                                <button type="button" class="small" data-testid="reset-prompt" on:click=reset>
                                    {say("prompt.back")}
                                </button>
                            }
                        })
                }}
            </details>
        </div>
    }
}
