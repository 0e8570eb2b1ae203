//! A short guide to reading the page.

use leptos::html::Dialog;
use leptos::prelude::*;

use crate::locale::say;

/// The button and its dialog.
#[component]
pub fn Help() -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    let open = move |_| {
        if let Some(dialog) = dialog.get_untracked() {
            // It fails only where the dialog is open already.
            let _ = dialog.show_modal();
        }
    };
    let close = move |_| {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    view! {
        <button type="button" class="quiet" data-testid="help" on:click=open>{say("help.title")}</button>
        <dialog node_ref=dialog class="help" aria-labelledby="help-title">
            <h2 id="help-title">{say("help.heading")}</h2>
            <p>
                {say("help.model")}
            </p>
            <dl>
                <dt>{say("help.rests")}</dt>
                <dd>
                    {say("help.rests.1")}
                    <b>{say("help.rests.2")}</b>
                    {say("help.rests.3")}
                    <b>{say("help.rests.4")}</b>
                    {say("help.rests.5")}
                </dd>
                <dt>{say("help.next")}</dt>
                <dd>{say("help.next.1")}</dd>
                <dt>{say("help.attends")}</dt>
                <dd>
                    {say("help.attends.1")}
                </dd>
                <dt>{say("help.keyboard")}</dt>
                <dd>
                    <kbd>"Ctrl"</kbd>" + "<kbd>"Enter"</kbd>{say("help.keyboard.1")}<kbd>"Enter"</kbd>
                    {say("help.keyboard.2")}<kbd>"Esc"</kbd>{say("help.keyboard.3")}
                </dd>
            </dl>
            <button type="button" class="primary" on:click=close>{say("help.close")}</button>
        </dialog>
    }
}
