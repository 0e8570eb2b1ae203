//! The page as a frame in somebody else's: the text, the answer and the open head, and the way to the whole page.

use leptos::prelude::*;

use super::{answer, head, opened, parts, status, tokens};
use crate::app::App;
use crate::browser;
use crate::locale::say;

/// The frame.
pub fn embed(app: App) -> AnyView {
    browser::set_root_attribute("data-embed", Some(""));
    // What a link asks for was not answered yet, and an example would pass for it.
    let is_answered = Memo::new(move |_| {
        let is_shown = app.shown.with(|shown| shown.request.is_some());
        is_shown || app.opened.with(|opened| opened.link.is_none())
    });
    let has_head = Memo::new(move |_| app.open_head().is_some());
    let whole = move || {
        app.shown.track();
        browser::address_of(false, browser::fragment().trim_start_matches('#'))
    };
    view! {
        <main class="embed" data-testid="embed">
            <status::Notice/>
            {opened::opened(app)}
            <status::Status/>
            {parts::changing(move || is_answered.get().then(|| view! {
                <div class="sheet">
                    <tokens::TokensPanel/>
                    <answer::AnswerPanel/>
                    {parts::changing(move || has_head.get().then(|| view! {
                        <section class="panel"><head::HeadView/></section>
                    }.into_any()))}
                </div>
            }.into_any()))}
            <p class="embed-foot">
                <a href=whole target="_blank" rel="noopener" data-testid="embed-open">{say("share.embed.open")}</a>
            </p>
        </main>
    }
    .into_any()
}
