//! What is asked: the text, the task, and texts worth trying.

use headlight_document::{Example, Task};
use leptos::ev;
use leptos::prelude::*;

use crate::app::{App, When};

/// The text and all that belongs to it.
#[component]
pub fn InputPanel() -> impl IntoView {
    let app = App::get();
    let task = Memo::new(move |_| app.form.with(|form| form.task));
    let model = Memo::new(move |_| app.form.with(|form| form.model.clone()));
    let tasks = Memo::new(move |_| app.entry(&model.get()).map(|entry| entry.tasks).unwrap_or_default());
    let examples = Memo::new(move |_| {
        let task = task.get();
        let examples = app.entry(&model.get()).map(|entry| entry.examples).unwrap_or_default();
        examples.into_iter().filter(|example| example.task == task).collect::<Vec<_>>()
    });
    let run = move |event: ev::KeyboardEvent| {
        if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
            event.prevent_default();
            app.ask(true);
        }
    };
    view! {
        <section class="panel input-panel" aria-labelledby="input-title" on:keydown=run>
            <div class="panel-head">
                <h2 id="input-title">
                    {move || if task.get() == Task::Compare { "Two texts" } else { "Your text" }}
                </h2>
                {move || (tasks.get().len() > 1).then(|| view! { <TaskChooser tasks=tasks.get()/> })}
            </div>
            <TextBox id="text" label=move || if task.get() == Task::Compare { "First text" } else { "Text to continue" }
                value=Signal::derive(move || app.form.with(|form| form.text.clone()))
                change=move |text| app.edit(When::Soon, |form| form.set_text(text))/>
            {move || {
                (task.get() == Task::Compare)
                    .then(|| {
                        view! {
                            <TextBox id="second-text" label=|| "Second text"
                                value=Signal::derive(move || app.form.with(|form| form.second_text.clone()))
                                change=move |text| app.edit(When::Soon, |form| form.second_text = text)/>
                        }
                    })
            }}
            <p class="hint" data-testid="hint" role="status">{move || app.hint.get()}</p>
            <Examples examples/>
        </section>
    }
}

#[component]
fn TaskChooser(tasks: Vec<Task>) -> impl IntoView {
    let app = App::get();
    let choose = move |event| {
        if let Ok(task) = event_target_value(&event).parse() {
            app.edit(When::Soon, |form| form.set_task(task));
        }
    };
    view! {
        <select data-testid="task" aria-label="Task" on:change=choose>
            {tasks
                .into_iter()
                .map(|task| {
                    view! {
                        <option value=task.name() prop:selected=move || app.form.with(|form| form.task == task)>
                            {title(task)}
                        </option>
                    }
                })
                .collect_view()}
        </select>
    }
}

fn title(task: Task) -> &'static str {
    match task {
        Task::Continue => "Continue",
        Task::Compare => "Compare",
    }
}

#[component]
fn TextBox(
    id: &'static str,
    label: impl Fn() -> &'static str + Send + Sync + 'static,
    value: Signal<String>,
    change: impl Fn(String) + Clone + 'static,
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
            <label for=id>{label}</label>
            <textarea
                id=id
                data-testid=id
                rows="3"
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
                (!examples.is_empty()).then(|| view! { <span class="examples-title">"Try"</span> })
            }}
            {move || {
                examples
                    .get()
                    .into_iter()
                    .map(|example| {
                        let shown = shorten(&example.text);
                        let hover = example.note.clone().unwrap_or_else(|| example.text.clone());
                        let choose = move |_| {
                            app.edit(When::Now, |form| {
                                form.set_text(example.text.clone());
                                form.second_text = example.second_text.clone().unwrap_or_default();
                            });
                        };
                        view! { <button type="button" class="example" title=hover on:click=choose>{shown}</button> }
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
