//! The Share dialog: a link that runs again, one that is frozen, a file, and a frame for somebody else's page.

use js_sys::Reflect;
use leptos::html::Dialog;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::parts::{changing, heading, paragraph, plain_button, segment};
use crate::app::App;
use crate::browser;
use crate::locale::{fill, say};
use crate::state::frozen::{Left, snippet};
use crate::state::linking::Lack;
use crate::state::pieces::label;

/// What some programs cut addresses off at.
const LONG: usize = 2000;

/// What is offered, worked out when the dialog opens.
#[derive(Clone, PartialEq)]
struct Offer {
    live: Result<(String, Vec<Lack>), String>,
    frozen: Option<(String, Left)>,
}

/// The button and its dialog.
#[component]
pub fn Share() -> impl IntoView {
    let app = App::get();
    let dialog = NodeRef::<Dialog>::new();
    let offer = RwSignal::new(None::<Offer>);
    let copied = RwSignal::new(false);
    let open = move |_| {
        let live = app.link();
        offer.set(Some(Offer { live: live.clone(), frozen: app.frozen_link() }));
        if let Some(dialog) = dialog.get_untracked() {
            // It fails only where the dialog is open already.
            let _ = dialog.show_modal();
        }
        // A frozen explanation's own address stays.
        if app.opened.with_untracked(|opened| opened.frozen.is_none())
            && let Ok((fragment, _)) = live
        {
            browser::set_fragment(&fragment);
            app.copy(browser::address_of(false, &fragment), copied);
        }
    };
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    view! {
        <button type="button" class="quiet" data-testid="share" on:click=open title=say("top.share.title")>
            {say("top.share")}
        </button>
        <dialog node_ref=dialog class="help own share" data-testid="share-dialog" aria-labelledby="share-title">
            <div class="panel-head">{heading("share-title", say("share.title"))}</div>
            {changing(move || offer.get().map(|offer| offered(app, offer, copied, close)))}
            <div class="row">{plain_button("small", "share-close", say("share.close"), close)}</div>
        </dialog>
    }
}

fn offered(app: App, offer: Offer, copied: RwSignal<bool>, close: impl Fn() + Copy + 'static) -> AnyView {
    let Offer { live, frozen } = offer;
    let live_view = match live.clone() {
        Ok((fragment, lacks)) => {
            let copy = copying(app, "live", "share.live.copy", &["share.live.what"], fragment, copied);
            let keys: Vec<_> = lacks.iter().map(|lack| lack.key()).collect();
            view! { {copy} {lacking("live-lacks", &keys)} }.into_any()
        }
        Err(why) => paragraph("warning", &why),
    };
    let frozen_view = match &frozen {
        Some((fragment, left)) => {
            let mut said = vec!["share.frozen.what"];
            if fragment.len() > LONG {
                said.push("share.frozen.long");
            }
            let copy = copying(app, "frozen", "share.frozen.copy", &said, fragment.clone(), RwSignal::new(false));
            view! { {copy} {lacking("frozen-lacks", &left.keys())} }.into_any()
        }
        None => paragraph("caption", say("share.frozen.not")),
    };
    let take = move |event: web_sys::Event| {
        let Some(field) = event.target() else { return };
        close();
        if let Ok(files) = Reflect::get(&field, &"files".into()) {
            app.open_file(&files, move |files| {
                let name = files.get(0).unchecked_into::<web_sys::File>().name();
                app.notice.set(Some(fill("share.file.none", &[&label(&name, 60)])));
            });
        }
        // The same file can be chosen again.
        let _ = Reflect::set(&field, &"value".into(), &"".into());
    };
    view! {
        <h3>{say("share.live")}</h3>
        {live_view}
        <h3>{say("share.frozen.title")}</h3>
        {frozen_view}
        <h3>{say("share.file")}</h3>
        {paragraph("", say("share.file.what"))}
        <div class="row">
            {plain_button("small", "share-file", say("share.file.save"), move || app.export())}
            <label class="file">
                {say("share.file.open")}
                <input type="file" accept=".json,application/json" data-testid="open-file" on:change=take/>
            </label>
        </div>
        {framed(app, live.ok().map(|(fragment, _)| fragment), frozen.map(|(fragment, ..)| fragment))}
    }
    .into_any()
}

/// What had no room in a link, and where it is to be had.
fn lacking(name: &'static str, keys: &[&'static str]) -> Option<AnyView> {
    let mut said: Vec<&str> = keys.iter().map(|key| say(key)).collect();
    (!said.is_empty()).then(|| {
        said.push(say("share.lacks"));
        view! { <p class="warning" data-testid=name>{said.join(" ")}</p> }.into_any()
    })
}

/// What a link is, how long it is, and the button that copies it.
fn copying(
    app: App,
    name: &'static str,
    title: &'static str,
    said: &[&'static str],
    fragment: String,
    copied: RwSignal<bool>,
) -> AnyView {
    let address = browser::address_of(false, &fragment);
    let length = address.chars().count();
    let said: Vec<String> = said.iter().map(|key| fill(key, &[&length])).collect();
    view! {
        {paragraph("", &said.join(" "))}
        <div class="row">
            <button
                type="button" class="primary" data-testid=format!("copy-{name}") data-address=address.clone()
                on:click=move |_| app.copy(address.clone(), copied)
            >
                {say(title)}
            </button>
            <span class="copied" aria-live="polite" data-testid=format!("copied-{name}")>
                {move || copied.get().then(|| if name == "live" { say("top.share.done") } else { say("share.copied") })}
            </span>
        </div>
    }
    .into_any()
}

/// The code of a frame, of either kind.
fn framed(app: App, live: Option<String>, frozen: Option<String>) -> AnyView {
    let has_both = live.is_some() && frozen.is_some();
    let is_frozen = RwSignal::new(frozen.is_some());
    let copied = RwSignal::new(false);
    let title = app.form.with_untracked(|form| fill("share.embed.title", &[&label(form.text.trim(), 60)]));
    let code = Memo::new(move |_| {
        let fragment = if is_frozen.get() { frozen.as_deref() } else { live.as_deref() }.unwrap_or_default();
        snippet(&browser::address_of(true, fragment), &title)
    });
    let one = move |frozen: bool, name: &'static str, key: &'static str| {
        segment(name, say(key), "", move || is_frozen.get() == frozen, move || is_frozen.set(frozen))
    };
    view! {
        <h3>{say("share.embed")}</h3>
        {paragraph("", say("share.embed.what"))}
        {has_both.then(|| view! {
            <div class="segments" role="group" aria-label=say("share.embed")>
                {one(true, "embed-frozen", "share.embed.frozen")} {one(false, "embed-live", "share.embed.live")}
            </div>
        })}
        <textarea
            readonly rows="3" spellcheck="false" data-testid="embed-code" aria-label=say("share.embed.code") prop:value=code
        ></textarea>
        <div class="row">
            {plain_button("small", "copy-embed", say("share.embed.copy"), move || app.copy(code.get_untracked(), copied))}
            <span class="copied" aria-live="polite">{move || copied.get().then(|| say("share.copied"))}</span>
        </div>
    }
    .into_any()
}
