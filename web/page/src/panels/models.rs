//! Which model: its size, its licence, and whether it is here.

use headlight_document::ModelEntry;
use leptos::prelude::*;

use super::own::OwnModel;
use super::parts::span;
use crate::app::{App, Ask, Listing};
use crate::locale::{fill, heard, say};
use crate::state::conductor::{Errand, Input};
use crate::state::format::megabytes;
use crate::state::{tasks, words};

/// The chooser, with what there is to know about the chosen model.
#[component]
pub fn ModelChooser() -> impl IntoView {
    let app = App::get();
    let chosen = Memo::new(move |_| app.form.with(|form| form.model.clone()));
    let task = Memo::new(move |_| app.form.with(|form| form.task));
    let entry = Memo::new(move |_| app.entry(&chosen.get()));
    let choose = move |event| {
        let id = event_target_value(&event);
        if let Some(entry) = app.entry_now(&id) {
            app.choose_model(&entry);
        }
    };
    view! {
        <div class="models">
            <label>
                {span("visually-hidden", say("models.model"))}
                <select data-testid="model-select" on:change=choose>
                    {move || match app.listing.get() {
                        Listing::Ready(manifest) => {
                            let task = task.get();
                            let (able, others): (Vec<_>, Vec<_>) =
                                manifest.models.iter().cloned().partition(|entry| entry.tasks.contains(&task));
                            let group = |entries: Vec<ModelEntry>, label: String| {
                                (!entries.is_empty()).then(|| {
                                    let options = entries.into_iter().map(|entry| {
                                        let (id, value) = (entry.id.clone(), entry.id);
                                        view! {
                                            <option value=value prop:selected=move || chosen.get() == id>
                                                {entry.title}
                                            </option>
                                        }
                                    });
                                    view! { <optgroup label=label>{options.collect_view()}</optgroup> }
                                })
                            };
                            let verb = tasks::words(task).verb;
                            view! { {group(able, fill("models.can", &[&verb]))} {group(others, say("models.others").to_owned())} }
                                .into_any()
                        }
                        Listing::Pending | Listing::Failed(_) => {
                            let title = app.shown.with_untracked(|shown| shown.document.model.title.clone());
                            view! { <option>{title}</option> }.into_any()
                        }
                    }}
                </select>
            </label>
            {move || entry.get().map(|entry| view! { <ModelState entry/> })}
            <OwnModel/>
        </div>
    }
}

#[component]
fn ModelState(entry: ModelEntry) -> impl IntoView {
    let app = App::get();
    let id = StoredValue::new(entry.id.clone());
    let size = megabytes(entry.bytes());
    let state = Memo::new(move |_| {
        let id = id.get_value();
        let is_kept = app.kept.with(|kept| kept.contains(&id));
        app.conductor.with(|conductor| {
            let has_failed =
                conductor.trouble.as_ref().is_some_and(|trouble| trouble.errand == Errand::Load(id.clone()));
            if conductor.loaded.as_deref() == Some(&*id) {
                ("ready", say("models.ready").to_owned())
            } else if conductor.loading() == Some(&*id) {
                let share = conductor.flight.as_ref().and_then(|flight| flight.progress).and_then(words::share);
                (
                    "loading",
                    share.map_or(say("models.loading").to_owned(), |share| {
                        fill("models.loading.share", &[&format_args!("{:.0}", share * 100.0)])
                    }),
                )
            } else if has_failed {
                ("failed", say("models.failed").to_owned())
            } else if is_kept {
                ("cached", say("models.cached").to_owned())
            } else {
                ("absent", say("models.absent").to_owned())
            }
        })
    });
    let load = move |_| {
        app.tell(Input::Load(id.get_value()));
        app.ask(Ask::Cheap);
    };
    view! {
        <span class="model-facts" title=format!("{}. {}", entry.license, heard(&entry.card))>
            <span>{size}</span>
            <span class="model-license">{entry.license.clone()}</span>
            <span class="model-state" data-testid="model-state" data-state=move || state.get().0>
                {move || state.get().1}
            </span>
        </span>
        {move || {
            matches!(state.get().0, "absent" | "cached" | "failed")
                .then(|| {
                    view! { <button type="button" class="small" data-testid="load" on:click=load>{say("models.load")}</button> }
                })
        }}
    }
}
