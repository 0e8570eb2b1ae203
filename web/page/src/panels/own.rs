//! A model of one's own: out of a repository of a hub, out of files, or out of what the browser keeps.

use headlight_document::Cached;
use js_sys::{Date, Reflect};
use leptos::ev;
use leptos::html::Dialog;
use leptos::prelude::*;
use wasm_bindgen::JsValue;

use super::parts::{heading, paragraph, subheading};
use crate::app::App;
use crate::locale::{fill, heard, say};
use crate::state::format::megabytes;
use crate::state::sources::{HUB, Input, Look, named};
use crate::{browser, dropped};

/// The button and its dialog. The whole page takes files that are dropped.
#[component]
pub fn OwnModel() -> impl IntoView {
    let app = App::get();
    let dialog = NodeRef::<Dialog>::new();
    Effect::new(move |_| {
        let is_wanted = app.panel.get();
        let Some(dialog) = dialog.get() else { return };
        if is_wanted && !dialog.open() {
            // It fails only where the dialog is open already.
            let _ = dialog.show_modal();
            // A link's model waits for a person; the engine too.
            if app.invited.with_untracked(Option::is_none) {
                app.bring(Input::List);
            }
        } else if !is_wanted && dialog.open() {
            dialog.close();
        }
    });
    accept_drops(app);
    let closed = move |_| {
        // The browser says so a moment later; what was dropped meanwhile has opened the dialog again.
        if dialog.get_untracked().is_some_and(|dialog| dialog.open()) {
            return;
        }
        app.panel.set(false);
        app.invited.set(None);
        app.asking.set(None);
        app.bring(Input::Forget);
    };
    view! {
        <button type="button" class="small" data-testid="own-model" on:click=move |_| app.panel.set(true)>
            {say("own.button")}
        </button>
        <dialog node_ref=dialog class="help own" data-testid="own-dialog" aria-labelledby="own-title" on:close=closed>
            <div class="panel-head">{heading("own-title", say("own.title"))}</div>
            <Repository/>
            <Files/>
            <Found/>
            <Kept/>
            <div class="row">
                {button("own-close", say("own.close"), None, move || app.panel.set(false))}
            </div>
        </dialog>
    }
}

#[component]
fn Repository() -> impl IntoView {
    let app = App::get();
    let id = RwSignal::new(String::new());
    let token = RwSignal::new(String::new());
    let base = RwSignal::new(browser::recall("hub").unwrap_or_else(|| HUB.to_owned()));
    Effect::new(move |_| {
        if let Some(model) = app.invited.get() {
            id.set(model);
        }
    });
    let look = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let address = base.get_untracked();
        let source = named(&id.get_untracked(), &address, &token.get_untracked());
        if address.trim().is_empty() || address.trim() == HUB {
            browser::forget("hub");
        } else {
            browser::remember("hub", address.trim());
        }
        app.look(source);
    };
    view! {
        {move || app.invited.get().map(|model| {
            view! {
                <p role="alert" data-testid="own-invited">
                    {fill("own.invited", &[&model])}
                </p>
            }
        })}
        <form on:submit=look>
            {field(say("own.repository"), "own-id", "text", id)}
            {field(say("own.token"), "own-token", "password", token)}
            <details>
                <summary data-testid="own-more">{say("own.more")}</summary>
                {field(say("own.base"), "own-base", "text", base)}
                {paragraph("caption", say("own.weights"))}
            </details>
            <div class="row">
                <button type="submit" class="primary" data-testid="own-look">{say("own.look")}</button>
            </div>
        </form>
    }
}

#[component]
fn Files() -> impl IntoView {
    let app = App::get();
    let take = move |event: web_sys::Event| {
        let Some(field) = event.target() else { return };
        if let Ok(files) = Reflect::get(&field, &"files".into()) {
            app.offer(&files);
        }
        // The same files can be chosen again.
        let _ = Reflect::set(&field, &"value".into(), &"".into());
    };
    view! {
        {subheading(None, "", say("own.computer"))}
        <div class="drop" data-testid="own-drop">
            <p>
                {say("own.drop")}
            </p>
            <label>{say("own.files")}<input type="file" multiple data-testid="own-files" on:change=take/></label>
            <label>
                {say("own.folder")}<input type="file" prop:webkitdirectory=true data-testid="own-folder" on:change=take/>
            </label>
        </div>
    }
}

#[component]
fn Found() -> impl IntoView {
    let app = App::get();
    let look = Memo::new(move |_| app.sources.with(|sources| sources.look.clone()));
    view! {
        <div aria-live="polite" data-testid="own-found">
            {move || match look.get() {
                Look::Nothing => ().into_any(),
                Look::Waiting(_) => view! { <p>{say("own.looking")}</p> }.into_any(),
                Look::Refused(_, failure) => {
                    view! { <p data-testid="own-refused"><b>{heard(&failure.message)}</b></p> }.into_any()
                }
                Look::Found(_, found) => {
                    let license = found.license.clone().unwrap_or_else(|| say("own.no_license").to_owned());
                    let total = fill("own.total", &[&license, &size(found.bytes), &size(found.cached)]);
                    let files = found.files.iter().map(|file| {
                        view! { <li>{format!("{} · {}", file.name, size(file.bytes))}</li> }
                    });
                    let others = (!found.others.is_empty())
                        .then(|| view! { <p class="caption">{fill("own.others", &[&found.others.join(", ")])}</p> });
                    let label = if found.to_fetch() > 0 { say("own.fetch") } else { say("own.open") };
                    view! {
                        <div class="found">
                            <h3 data-testid="own-name">{found.title.clone()}</h3>
                            <p data-testid="own-total" data-bytes=found.bytes data-cached=found.cached>{total}</p>
                            <ul class="caption" data-testid="own-list">{files.collect_view()}</ul>
                            {others}
                            {move || match app.asking.get() {
                                Some(bytes) => view! {
                                    <p role="alert" data-testid="own-ask">
                                        {fill("own.ask", &[&megabytes(bytes)])}
                                    </p>
                                    <div class="row">
                                        {button("own-yes", say("own.yes"), None, move || app.bring(Input::Load { agreed: true }))}
                                        {button("own-no", say("own.no"), None, move || app.asking.set(None))}
                                    </div>
                                }.into_any(),
                                None => button("own-load", label, None, move || app.bring(Input::Load { agreed: false })),
                            }}
                        </div>
                    }
                    .into_any()
                }
            }}
        </div>
    }
}

// One function for all buttons, and one for all fields, keep the module small.
fn button(id: &'static str, label: &'static str, of: Option<&str>, act: impl Fn() + 'static) -> AnyView {
    let act: Box<dyn Fn()> = Box::new(act);
    plain(id, label, of.map(|of| format!("{label} {of}")), act)
}

fn plain(id: &'static str, label: &'static str, name: Option<String>, act: Box<dyn Fn()>) -> AnyView {
    let is_primary = matches!(id, "own-load" | "own-yes");
    let class = if is_primary { "primary" } else { "small" };
    view! {
        <button type="button" class=class data-testid=id aria-label=name on:click=move |_| act()>{label}</button>
    }
    .into_any()
}

fn field(label: &'static str, id: &'static str, kind: &'static str, value: RwSignal<String>) -> AnyView {
    view! {
        <label>
            {label}
            <input
                type=kind data-testid=id autocomplete="off" spellcheck="false" autocapitalize="off" prop:value=value
                on:input=move |event| value.set(event_target_value(&event))
            />
        </label>
    }
    .into_any()
}

// Small files have sizes too.
fn size(bytes: u64) -> String {
    if (1..1_000_000).contains(&bytes) { format!("{} kB", bytes.div_ceil(1000)) } else { megabytes(bytes) }
}

#[component]
fn Kept() -> impl IntoView {
    let app = App::get();
    let kept = Memo::new(move |_| app.sources.with(|sources| sources.kept.clone()));
    let row = move |one: Cached| {
        let used = one.used.map(|time| {
            let date = Date::new(&JsValue::from_f64(time as f64));
            fill("own.used", &[&String::from(date.to_locale_date_string("en-GB", &JsValue::UNDEFINED))])
        });
        let line = format!("{} · {}{}", one.title, size(one.bytes), used.unwrap_or_default());
        let (open, delete) = (one.model.clone(), one.model.clone());
        view! {
            <li data-model=one.model>
                <span>{line}</span>
                {one.whole.then(|| {
                    button("kept-open", say("own.open"), Some(&one.title), move || app.open_kept(open.clone()))
                })}
                {button("kept-delete", say("own.delete"), Some(&one.title), move || app.delete_kept(Some(delete.clone())))}
            </li>
        }
    };
    view! {
        {subheading(None, "", say("own.kept"))}
        {move || match kept.get() {
            None => button("kept-show", say("own.show"), None, move || app.bring(Input::List)),
            Some(kept) if kept.is_empty() => view! { <p data-testid="kept-none">{say("own.nothing")}</p> }.into_any(),
            Some(kept) => {
                let total: u64 = kept.iter().map(|one| one.bytes).sum();
                view! {
                    <ul class="kept" data-testid="kept">{kept.into_iter().map(row).collect_view()}</ul>
                    <div class="row">
                        <span data-testid="kept-total">{fill("own.all", &[&size(total)])}</span>
                        {button("kept-delete-all", say("own.delete_all"), None, move || app.delete_kept(None))}
                    </div>
                }.into_any()
            }
        }}
    }
}

fn accept_drops(app: App) {
    // A text that is dragged is none of ours.
    let files = |event: &web_sys::DragEvent| {
        event.data_transfer().filter(|transfer| transfer.types().includes(&"Files".into(), 0))
    };
    let over = window_event_listener(ev::dragover, move |event| {
        if files(&event).is_some() {
            event.prevent_default();
        }
    });
    let drop = window_event_listener(ev::drop, move |event| {
        let Some(transfer) = files(&event) else { return };
        event.prevent_default();
        match dropped::folders(&transfer) {
            Some(entries) => app.offer_folders(entries),
            None => {
                if let Ok(files) = Reflect::get(&transfer, &"files".into()) {
                    app.offer(&files);
                }
            }
        }
    });
    on_cleanup(move || {
        over.remove();
        drop.remove();
    });
}
