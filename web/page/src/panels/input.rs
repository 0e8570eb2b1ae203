//! What is asked: the task, the text and what belongs to it, and texts worth trying.

use headlight_document::{Example, SecondText, Task};
use leptos::ev;
use leptos::prelude::*;

use super::parts::span;
use super::prompt::PromptEditor;
use crate::app::{App, Ask, Listing, When};
use crate::browser;
use crate::locale::{fill, heard, say};
use crate::state::form::is_prompted;
use crate::state::{prompt, tasks};

/// What is said of a model that nobody here knows.
const UNKNOWN: &str = "input.unknown";

/// The text and all that belongs to it.
#[component]
pub fn InputPanel() -> impl IntoView {
    let app = App::get();
    let task = Memo::new(move |_| app.form.with(|form| form.task));
    let model = Memo::new(move |_| app.form.with(|form| form.model.clone()));
    let second = Memo::new(move |_| task.get().second_text());
    let has_prompt = Memo::new(move |_| app.entry(&model.get()).is_some_and(|entry| is_prompted(&entry, task.get())));
    let examples = Memo::new(move |_| {
        let task = task.get();
        let examples = app.entry(&model.get()).map(|entry| entry.examples).unwrap_or_default();
        examples.into_iter().filter(|example| example.task == task).collect::<Vec<_>>()
    });
    let run = move |event: ev::KeyboardEvent| {
        if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
            event.prevent_default();
            app.ask(Ask::Again);
        }
    };
    let put_mask = move |_| {
        let text = app.form.with_untracked(|form| form.text.clone());
        let masked = prompt::mask(&text, browser::selection("text"));
        app.edit(When::Soon, |form| form.set_text(masked));
        browser::focus("text");
    };
    view! {
        <section class="panel input-panel" aria-labelledby="input-title" on:keydown=run>
            <h2 id="input-title" class="visually-hidden">{say("input.title")}</h2>
            <TaskChooser task/>
            <p class="caption handover" data-testid="handover" role="status">{move || app.handover.get()}</p>
            <TextBox id="text" label=move || tasks::words(task.get()).text
                value=Signal::derive(move || app.form.with(|form| form.text.clone()))
                change=move |text| app.edit(When::Soon, |form| form.set_text(text))/>
            {move || {
                (task.get() == Task::Fill)
                    .then(|| {
                        view! {
                            <button type="button" class="small" data-testid="put-mask" on:click=put_mask>
                                {say("input.mask")}
                            </button>
                        }
                    })
            }}
            {move || {
                second.get()
                    .map(|second| {
                        let rows = if second == SecondText::Question { 1 } else { 3 };
                        view! {
                            <TextBox id="second-text" rows label=move || tasks::second_label(second)
                                value=Signal::derive(move || app.form.with(|form| form.second_text.clone()))
                                change=move |text| app.edit(When::Soon, |form| form.set_second_text(text))/>
                        }
                    })
            }}
            {move || has_prompt.get().then(|| view! { <PromptEditor task=task.get()/> })}
            <p class="hint" data-testid="hint" role="status">{move || app.hint.get()}</p>
            <Examples examples/>
            {move || {
                app.entry(&model.get())
                    .map(|entry| {
                        let card = if entry.card.is_empty() { say(UNKNOWN).to_owned() } else { heard(&entry.card) };
                        view! { <p class="caption card" data-testid="card"><b>{entry.title}</b> " " {card}</p> }
                    })
            }}
        </section>
    }
}

#[component]
fn TaskChooser(task: Memo<Task>) -> impl IntoView {
    let app = App::get();
    let button = move |one: Task| {
        let is_offered = move || {
            app.listing.with(|listing| match listing {
                Listing::Ready(manifest) => !tasks::able(manifest, one).is_empty(),
                _ => true,
            })
        };
        view! {
            <button
                type="button"
                class="task"
                data-task=one.name()
                aria-pressed=move || (task.get() == one).to_string()
                aria-disabled=move || (!is_offered()).to_string()
                title=move || {
                    if is_offered() { String::new() } else { fill("input.none_can", &[&tasks::words(one).verb]) }
                }
                on:click=move |_| app.choose_task(one)
            >
                {tasks::words(one).button}
            </button>
        }
    };
    view! {
        <div class="tasks" role="group" aria-label=say("input.task") data-testid="task">
            {Task::ALL.iter().map(|&one| button(one)).collect_view()}
        </div>
    }
}

/// A field for a text of some lines.
#[component]
pub fn TextBox(
    #[prop(into)] id: String,
    label: impl Fn() -> &'static str + Send + Sync + 'static,
    value: Signal<String>,
    change: impl Fn(String) + Clone + 'static,
    #[prop(default = 3)] rows: u8,
) -> impl IntoView {
    let on_input = {
        let change = change.clone();
        move |event: ev::Event| {
            // Half a Chinese word is no text yet; the end of its composition is heard below.
            let is_composing = js_sys::Reflect::get(&event, &"isComposing".into()).is_ok_and(|value| value.is_truthy());
            if !is_composing {
                change(event_target_value(&event));
            }
        }
    };
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <textarea
                dir="auto"
                id=id.clone()
                data-testid=id
                class:line=rows == 1
                rows=rows.to_string()
                spellcheck="false"
                autocomplete="off"
                prop:value=value
                on:input=on_input
                on:compositionend=move |event| change(event_target_value(&event))
            ></textarea>
        </div>
    }
}

#[component]
fn Examples(examples: Memo<Vec<Example>>) -> impl IntoView {
    let app = App::get();
    view! {
        <div class="examples" data-testid="examples">
            {move || {
                let examples = examples.get();
                (!examples.is_empty()).then(|| view! { {span("examples-title", say("input.try"))} })
            }}
            {move || {
                examples
                    .get()
                    .into_iter()
                    .map(|example| {
                        // Of a passage and a question, the question says what is to be tried.
                        let name = match (example.task, &example.second_text) {
                            (Task::Answer, Some(question)) => question,
                            _ => &example.text,
                        };
                        let shown = shorten(name);
                        let hover = example.note.as_deref().map(heard).unwrap_or_else(|| example.text.clone());
                        let choose = move |_| {
                            app.edit(When::Cheap, |form| {
                                form.set_text(example.text.clone());
                                form.second_text = example.second_text.clone().unwrap_or_default();
                            });
                        };
                        view! { <button type="button" class="example" dir="auto" title=hover on:click=choose>{shown}</button> }
                    })
                    .collect_view()
            }}
        </div>
    }
}

fn shorten(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= 38 { line } else { line.chars().take(36).chain(['…']).collect() }
}
