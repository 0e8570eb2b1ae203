//! What was opened: what a link shows and what running it costs, or that an explanation is frozen and whose numbers it has.

use leptos::prelude::*;

use super::parts::changing;
use crate::app::App;
use crate::browser;
use crate::locale::{fill, say};
use crate::state::format::megabytes;
use crate::state::frozen::Kept;
use crate::state::pieces::label;
use crate::state::summary::summary;
use crate::state::words;

/// What was opened, as long as there is something to say of it.
pub fn opened(app: App) -> AnyView {
    changing(move || {
        let opened = app.opened.get();
        let is_told = opened.link.is_some() || opened.frozen.is_some() || opened.differs;
        if !is_told {
            return None;
        }
        let model = app.form.with(|form| form.model.clone());
        let title = label(&app.title(&model), 60);
        let is_frozen = opened.frozen.is_some();
        let told = opened.link.as_ref().map(|link| summary(link, &app.title(&link.request.model)));
        Some(view! {
            <section class="opened" class:is-frozen=is_frozen data-testid="opened" aria-label=say("share.link.shows")>
                <div class="opened-said">
                    {told.map(|told| view! {
                        <p data-testid="opened-summary"><b>{say("share.link.shows")}" "</b>{told}</p>
                    })}
                    {opened.frozen.as_ref().map(|kept| frozen(app, kept))}
                    {opened.differs.then(|| view! {
                        <p class="warning" role="alert" data-testid="differs">{fill("share.differs", &[&title])}</p>
                    })}
                    {(!(is_frozen && app.embeds) && (opened.waits || is_frozen)).then(|| cost(app, &model, &title, is_frozen))}
                </div>
                {(!is_frozen).then(|| view! {
                    <button
                        type="button" class="quiet" data-testid="opened-close" aria-label=say("share.dismiss")
                        title=say("share.dismiss") on:click=move |_| app.let_go()
                    >
                        "✕"
                    </button>
                })}
            </section>
        }
        .into_any())
    })
}

/// What running it costs, and the button that does.
fn cost(app: App, model: &str, title: &str, is_frozen: bool) -> AnyView {
    let entry = app.entry(model);
    let is_hub = !app.embeds && model.contains('/') && !model.contains(':');
    let (said, button) = match &entry {
        Some(_) if app.is_here(model) => (fill("share.cost.kept", &[&title]), Some(say("share.run.kept").to_owned())),
        Some(entry) => {
            let size = megabytes(entry.bytes());
            (fill("share.cost", &[&title, &size, &browser::host()]), Some(fill("share.run", &[&size])))
        }
        None if is_hub => (fill("share.cost.hub", &[&title]), Some(say("share.run.hub").to_owned())),
        // Perhaps the list of models is still on its way.
        None if app.is_listed() => (fill("share.cost.none", &[&title]), None),
        None => (String::new(), None),
    };
    let until = (!is_frozen && !app.embeds).then(|| say("share.until"));
    let class = if is_frozen { "small" } else { "primary" };
    view! {
        <p class="opened-cost" data-testid="opened-cost">{said}" "{until}</p>
        {button.map(|title| view! {
            <button type="button" id="opened-run" class=class data-testid="opened-run" on:click=move |_| app.agree()>
                {title}
            </button>
        })}
    }
    .into_any()
}

/// Whose numbers a frozen explanation has, and what it lacks.
fn frozen(app: App, kept: &Kept) -> AnyView {
    let (title, sha256, device) = app.shown.with(|shown| {
        let model = &shown.document.model;
        (model.title.clone(), model.sha256.clone(), words::device(&model.device))
    });
    let mut said =
        vec![fill("share.frozen.who", &[&label(&title, 60), &fill("share.frozen.on", &[&label(&device, 60)])])];
    if !sha256.is_empty() {
        said.push(fill("share.frozen.hash", &[&label(&sha256, 13)]));
    }
    said.push(match &kept.file {
        Some(file) => fill("share.frozen.file", &[file]),
        None => say("share.frozen.rounded").to_owned(),
    });
    said.extend(kept.left.keys().into_iter().map(|key| say(key).to_owned()));
    let title = view! { <b>{say("share.frozen")}</b> };
    view! { <p data-testid="frozen" title=sha256>{title}" "{said.join(" ")}</p> }.into_any()
}
