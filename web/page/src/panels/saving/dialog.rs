//! The dialog: the drawing that is chosen, the whole explanation, and what a paper says of it.

use headlight_report::cite;
use leptos::ev::{Event, MouseEvent};
use leptos::prelude::*;

use super::ground::Ground;
use super::{Drawing, Saving, document_of};
use crate::app::{App, Publication};
use crate::browser;
use crate::locale::{of_reports, say};
use crate::panels::parts::{Part, written};

/// Where what happened is said.
const SAID: &str = "save-said";
pub const SELECT: &str = "save-select";
const PREVIEW: &str = "save-preview";
const GROUND: &str = "save-ground";

/// What is done by which button: what tests find it by, what it says, and whether it copies.
const FORMS: &[(&str, &str, Publication, bool)] = &[
    ("export", "save.json", Publication::Json, false),
    ("export-csv", "save.csv", Publication::Csv, false),
    ("export-html", "save.html", Publication::Html, false),
    ("copy-methods", "save.copy", Publication::Methods, true),
    ("export-methods", "save.methods", Publication::Methods, false),
    ("copy-bibtex", "save.copy.bibtex", Publication::Bibtex, true),
    ("export-bibtex", "save.bibtex", Publication::Bibtex, false),
];
const KINDS: &[(&str, &str)] = &[("svg", "save.svg"), ("png", "save.png"), ("csv", "save.csv")];

/// The button of the bar, and the dialog.
pub fn dialog(app: App) -> AnyView {
    let saving: Saving = expect_context();
    let write = move |part: &Part| {
        if saving.opened.get() > 0 {
            untrack(|| write(app, saving, part));
        }
    };
    let choose = move |event: Event| {
        let value = event_target_value(&event);
        if let Ok(drawing) = value.parse() {
            saving.chosen.set(drawing);
        } else if let Some(ground) = Ground::of(&value) {
            saving.ground.set(ground);
            ground.remember();
        }
        untrack(|| preview(saving));
    };
    view! {
        <button type="button" class="quiet" data-testid="save" title=say("save.title") on:click=move |_| saving.open(None)>
            {say("save.open")}
        </button>
        <dialog
            node_ref=saving.dialog class="help own share save" data-testid="save-dialog" aria-labelledby="save-title"
            on:change=choose on:click=move |event| press(app, saving, &event)
        >
            {written("", write)}
        </dialog>
    }
    .into_any()
}

fn row(part: &Part, buttons: &mut dyn Iterator<Item = (&str, &'static str)>) {
    let row = part.add("div", &[("class", "row")], "");
    for (name, title) in buttons {
        row.add(
            "button",
            &[("type", "button"), ("class", "small"), ("data-testid", name), ("data-save", name)],
            say(title),
        );
    }
}

fn write(app: App, saving: Saving, part: &Part) {
    let title = |title| {
        part.add("h3", &[], say(title));
    };
    part.add("h2", &[("id", "save-title")], say("save.title"));
    let all = saving.listed();
    if let Some(&(first, _)) = all.first() {
        let chosen = saving.chosen.get();
        let chosen = if all.iter().any(|(id, _)| *id == chosen) { chosen } else { first };
        saving.chosen.set(chosen);
        title("save.drawing");
        let select =
            part.add("select", &[("id", SELECT), ("data-testid", SELECT), ("aria-label", say("save.drawing"))], "");
        for (id, name) in &all {
            let id_text = id.to_string();
            let is_chosen = if *id == chosen { "selected" } else { "data-other" };
            select.add("option", &[("value", &*id_text), (is_chosen, "")], name);
        }
        let label = part.add("label", &[("class", "line-field")], "");
        label.add("span", &[], say("save.ground"));
        let select = label.add("select", &[("id", GROUND), ("data-testid", GROUND)], "");
        for ground in Ground::ALL {
            let is_chosen = if ground == saving.ground.get() { "selected" } else { "data-other" };
            select.add("option", &[("value", ground.name()), (is_chosen, "")], ground.title());
        }
        part.add("img", &[("id", PREVIEW), ("data-testid", PREVIEW), ("alt", "")], "");
        row(part, &mut KINDS.iter().copied());
    }
    let (everything, paper) = FORMS.split_at(3);
    title("save.everything");
    part.add("p", &[], say("save.everything.what"));
    row(part, &mut everything.iter().map(|(name, title, ..)| (*name, *title)));
    title("save.paper");
    let texts = of_reports();
    part.add(
        "blockquote",
        &[("lang", texts.tag()), ("tabindex", "0"), ("data-testid", "methods-said")],
        &cite::paragraph(&app.whole(), texts),
    );
    row(part, &mut paper.iter().map(|(name, title, ..)| (*name, *title)));
    part.add("p", &[("id", SAID), ("role", "status"), ("data-testid", SAID)], "");
    row(part, &mut [("save-close", "share.close")].into_iter());
    preview(saving);
}

/// The chosen drawing in one of its forms.
fn made(saving: Saving, is_csv: bool) -> Option<String> {
    let make = |drawing: &Drawing| match is_csv {
        true => (drawing.csv)(),
        false => saving.ground.get().draw(&|dark| (drawing.svg)(&(drawing.title)(), dark)),
    };
    saving.read(saving.chosen.get(), make).flatten()
}

/// Shows the chosen drawing as it is saved.
fn preview(saving: Saving) {
    let svg = made(saving, false);
    browser::show_drawing(PREVIEW, svg.as_deref());
    browser::mark(PREVIEW, "data-ground", saving.ground.get().name());
    if svg.is_none() {
        browser::say_in(SAID, say("save.nothing"));
    }
}

fn press(app: App, saving: Saving, event: &MouseEvent) {
    let Some(name) = browser::of_target(event, "data-save") else { return };
    if name == "save-close" {
        if let Some(dialog) = saving.dialog.get_untracked() {
            dialog.close();
        }
        return;
    }
    browser::say_in(SAID, "");
    let form = FORMS.iter().find(|(of, ..)| *of == name).map(|(_, _, form, copies)| (*form, *copies));
    let drawn = untrack(|| {
        let made = made(saving, name == "csv");
        let of = saving.read(saving.chosen.get(), |drawing| (document_of(app, drawing.answer), drawing.name));
        made.zip(of)
    });
    leptos::task::spawn_local(async move {
        let said = match (form, drawn) {
            (Some((form, copies)), _) => app.publish(form, copies).await,
            (None, None) => say("save.nothing").to_owned(),
            (None, Some((svg, (document, of)))) if name == "png" => {
                app.save_picture(document, format!("{of}.png"), svg).await
            }
            (None, Some((text, (document, of)))) => {
                let kind = if name == "svg" { "image/svg+xml" } else { "text/csv" };
                app.save_as(&document, &format!("{of}.{name}"), kind, &mut |out| out.write_all(text.as_bytes()))
            }
        };
        browser::say_in(SAID, &said);
    });
}
