//! The texts that figures of heads are averaged over.

use headlight_document::{Heads, Task};
use leptos::prelude::*;

use crate::app::{App, When};
use crate::browser;
use crate::locale::{count, fill, say};
use crate::panels::input::TextBox;
use crate::panels::parts::{changing, paragraph, plain_button, segment, text};

/// The texts that come with the page.
const SAMPLE: &str = "texts.json";

/// The field for them, folded away.
pub fn texts(app: App) -> AnyView {
    let many = Memo::new(move |_| app.form.with(|form| form.apart.count()));
    let summary = move || match many.get() {
        0 => say("heads.average").to_owned(),
        many => fill("heads.average.over", &[&count("count.text", many)]),
    };
    let failed = RwSignal::new(false);
    let take = move |texts: &str| {
        failed.set(false);
        app.edit(When::Never, |form| form.apart.texts = texts.to_owned());
    };
    let sample = move || {
        leptos::task::spawn_local(async move {
            let task = app.form.with_untracked(|form| form.task);
            match of_task(app, task).await {
                Some(texts) => take(&texts),
                None => failed.set(true),
            }
        });
    };
    view! {
        <details class="over-texts" data-testid="over-texts">
            <summary data-testid="over-texts-title">{text(summary)}</summary>
            {paragraph(
                "caption",
                say("heads.average.why"),
            )}
            <TextBox id="heads-texts" rows=5 label=|| say("heads.texts")
                value=Signal::derive(move || app.form.with(|form| form.apart.texts.clone()))
                change=move |texts| take(&texts)/>
            {plain_button("small", "sample-texts", say("heads.sample"), sample)}
            {changing(move || {
                let ticks = many.get() > 0 && !app.form.with(|form| form.apart.averages());
                let said = match (failed.get(), ticks) {
                    (true, _) => say("heads.sample.none"),
                    (_, true) => say("heads.sample.tick"),
                    _ => return None,
                };
                Some(paragraph("hint", said))
            })}
        </details>
    }
    .into_any()
}

/// The sample's texts for a task, or else the examples of its models.
async fn of_task(app: App, task: Task) -> Option<String> {
    let sample = match browser::beside(SAMPLE) {
        Some(address) => browser::fetch_text(&address).await.ok(),
        None => None,
    };
    let all: Option<serde_json::Value> = sample.and_then(|sample| serde_json::from_str(&sample).ok());
    let lines = all.as_ref().and_then(|all| all.get(task.name())?.as_array());
    let texts: Vec<String> = match lines {
        Some(lines) => lines.iter().filter_map(|line| line.as_str().map(str::to_owned)).collect(),
        None => {
            let model = app.form.with_untracked(|form| form.model.clone());
            let examples = app.entry_now(&model).map(|entry| entry.examples).unwrap_or_default();
            examples.into_iter().filter(|one| one.task == task).map(|one| one.text).collect()
        }
    };
    (!texts.is_empty()).then(|| texts.join("\n"))
}

/// The choice between the figures of this text and those over the texts.
pub fn switch(found: Memo<Heads>, over: Memo<bool>, wants_over: RwSignal<bool>) -> AnyView {
    let many = found.with_untracked(|found| found.over_texts.as_ref().map_or(0, |over| over.values.len()));
    view! {
        <div class="over-switch" data-testid="over-switch">
            <div class="segments" role="group" aria-label=say("heads.of_which")>
                {segment("heads-this-text", say("heads.this_text"), "", move || !over.get(), move || wants_over.set(false))}
                {segment("heads-over-texts", say("heads.mean"), "", move || over.get(), move || wants_over.set(true))}
            </div>
            <span class="caption">{count("count.text", many)}</span>
        </div>
    }
    .into_any()
}
