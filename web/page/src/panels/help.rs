//! A short guide to reading the page.

use leptos::html::Dialog;
use leptos::prelude::*;

use super::parts::{Part, written};
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
            {written("", guide)}
            <button type="button" class="primary" on:click=close>{say("help.close")}</button>
        </dialog>
    }
}

fn guide(part: &Part) {
    part.add("h2", &[("id", "help-title")], say("help.heading"));
    super::teach::add_doors(part);
    part.add("p", &[], say("help.model"));
    let list = part.add("dl", &[], "");
    let entry = |title: &str| {
        list.add("dt", &[], title);
        list.add("dd", &[], "")
    };
    let rests = entry(say("help.rests"));
    rests.say(say("help.rests.1"));
    rests.add("b", &[], say("help.rests.2"));
    rests.say(say("help.rests.3"));
    rests.add("b", &[], say("help.rests.4"));
    rests.say(say("help.rests.5"));
    entry(say("help.next")).say(say("help.next.1"));
    entry(say("help.attends")).say(say("help.attends.1"));
    let keys = entry(say("help.keyboard"));
    keys.add("kbd", &[], "Ctrl");
    keys.say(" + ");
    keys.add("kbd", &[], "Enter");
    keys.say(say("help.keyboard.1"));
    keys.add("kbd", &[], "Enter");
    keys.say(say("help.keyboard.2"));
    keys.add("kbd", &[], "Esc");
    keys.say(say("help.keyboard.3"));
}
