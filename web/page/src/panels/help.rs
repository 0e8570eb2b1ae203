//! A short guide to reading the page.

use leptos::html::Dialog;
use leptos::prelude::*;

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
        <button type="button" class="quiet" data-testid="help" on:click=open>"Help"</button>
        <dialog node_ref=dialog class="help" aria-labelledby="help-title">
            <h2 id="help-title">"How to read this page"</h2>
            <p>
                "A language model reads a text as tokens and gives every token of its vocabulary a probability to come \
                 next. Headlight runs one in your browser, forward and backward, and shows what happened inside."
            </p>
            <dl>
                <dt>"What the answer rests on"</dt>
                <dd>
                    "Each token is coloured by how much the explained number depends on it. "
                    <b>"Gradient × input"</b>
                    " has a sign: blue speaks for the answer, orange against it. "
                    <b>"Saliency"</b>
                    " is the length of the gradient: how sensitive the answer is there, without a direction. These are \
                     first-order views, not proofs; two methods that disagree are a reason for doubt. The other methods ask \
                     the model many times: along a line from nothing to your text, or with parts of it left out. What \
                     speaks against their numbers stands below them."
                </dd>
                <dt>"What comes next"</dt>
                <dd>"The ten most probable next tokens. Choose one to have that one explained instead, or “vs” to ask why \
                     rather than that."</dd>
                <dt>"What attends to what"</dt>
                <dd>
                    "Every small square is one attention head. A row is a token that looks, a column one that is looked \
                     at; a row sums to one. Open a head to see its tokens. Attention shows where information may flow, \
                     not by itself why the model answers."
                </dd>
                <dt>"Keyboard"</dt>
                <dd>
                    <kbd>"Ctrl"</kbd>" + "<kbd>"Enter"</kbd>" explains at once. Arrow keys move between tokens, heads \
                    and cells; "<kbd>"Enter"</kbd>" picks; "<kbd>"Esc"</kbd>" closes a head."
                </dd>
            </dl>
            <button type="button" class="primary" on:click=close>"Close"</button>
        </dialog>
    }
}
