//! What was asked before: brought back at a press, kept under a name, and two of them laid side by side.

use std::time::Duration;

use leptos::html::Input;
use leptos::prelude::*;

use super::parts::{Part, changing, heading, plain_button, text, written};
use super::saving;
use crate::app::App;
use crate::browser;
use crate::locale::{count, fill, say};
use crate::state::colour::Palette;
use crate::state::format::{number, signed};
use crate::state::history::{ago, beside};
use crate::state::names;
use crate::state::pieces::visible;

/// How often times are told anew.
const MINUTE: Duration = Duration::from_secs(60);

/// The panel.
pub fn history(app: App) -> AnyView {
    let minute = RwSignal::new(0_u32);
    if let Ok(handle) = set_interval_with_handle(move || minute.update(|minute| *minute += 1), MINUTE) {
        on_cleanup(move || handle.clear());
    }
    let field = NodeRef::<Input>::new();
    let keep = move || {
        if let Some(field) = field.get_untracked() {
            app.keep(&field.value());
            field.set_value("");
        }
    };
    let on_key = move |event: leptos::ev::KeyboardEvent| {
        if event.key() == "Enter" {
            keep();
        }
    };
    let press = move |event: leptos::ev::MouseEvent| {
        let Some(what) = browser::of_target(&event, "data-do") else { return };
        match what.split_once(' ') {
            Some(("open", key)) => _ = key.parse().map(|key| app.open_past(key)),
            Some(("compare", key)) => _ = key.parse().map(|key| app.choose_past(key)),
            Some(("open-kept", id)) => app.open_explanation(id),
            Some(("compare-kept", id)) => app.choose_explanation(id),
            Some(("delete", id)) => app.forget_explanation(id.to_owned()),
            _ => {}
        }
    };
    let otherwise = move || app.shown.with(|shown| shown.document.input.text.chars().take(60).collect::<String>());
    view! {
        <section class="panel history-panel" aria-labelledby="history-title" data-testid="history" on:click=press>
            <div class="panel-head">{heading("history-title", say("history.title"))}</div>
            <p class="caption">{say("history.about")}</p>
            {written("", move |part| {
                minute.track();
                asked(app, part);
            })}
            <div class="keep-form">
                <label>
                    {say("history.keep.label")}
                    <input
                        node_ref=field
                        data-testid="keep-name"
                        maxlength="80"
                        autocomplete="off"
                        placeholder=otherwise
                        on:keydown=on_key
                    />
                </label>
                {plain_button("small", "keep", say("history.keep"), keep)}
            </div>
            {written("", move |part| {
                minute.track();
                kept(app, part);
            })}
            <p class="caption" role="status">{text(move || waiting(app))}</p>
            {written("", move |part| side_by_side(app, part))}
            {changing(move || saving::beside_of(app).map(|_| saving::beside(app)))}
        </section>
    }
    .into_any()
}

fn time(at: f64) -> String {
    match ago(js_sys::Date::now() - at) {
        ("minute", many) => count("history.minute", many),
        ("hour", many) => count("history.hour", many),
        ("day", many) => count("history.day", many),
        _ => say("history.now").to_owned(),
    }
}

/// A row: its text, what is said of it, and its buttons. `id` is what the keyboard finds again when the list is written anew.
fn row(list: &Part, id: &str, name: &str, about: &str, buttons: &[(&str, &str, Option<bool>)]) {
    let line = list.add("li", &[("data-row", id)], "");
    line.add("span", &[("class", "past-text")], name);
    line.add("span", &[("class", "caption")], about);
    for (what, title, pressed) in buttons {
        let attributes = [
            ("type", "button"),
            ("class", "small"),
            ("data-do", what),
            ("id", what),
            ("aria-label", &*format!("{title}: {name}")),
        ];
        let pressed = pressed.map(|pressed| ("aria-pressed", if pressed { "true" } else { "false" }));
        let attributes: Vec<_> = attributes.into_iter().chain(pressed).collect();
        line.add("button", &attributes, title);
    }
}

fn short(text: &str) -> String {
    let most = 140;
    if text.chars().count() > most { text.chars().take(most).chain(['…']).collect() } else { text.to_owned() }
}

fn is_chosen(app: App, row: &str) -> Option<bool> {
    Some(app.session.chosen.with(|chosen| chosen.iter().any(|one| one.row == row)))
}

fn asked(app: App, part: &Part) {
    app.session.history.with(|history| {
        let mut all = history.all().peekable();
        if all.peek().is_none() {
            part.add("p", &[("class", "caption")], say("history.empty"));
            return;
        }
        let list = part.add("ol", &[("class", "past-list"), ("data-testid", "past")], "");
        for past in all {
            let (target, model) = &past.said;
            let mut about = vec![model.clone(), time(past.at)];
            if !target.is_empty() {
                about.insert(0, fill("history.asked", &[&visible(target)]));
            }
            let id = format!("past {}", past.key);
            let (open, compare) = (format!("open {}", past.key), format!("compare {}", past.key));
            let has_answer = past.document.is_some();
            let title = if has_answer { "history.open" } else { "history.again" };
            let mut buttons = vec![(&*open, say(title), None)];
            if has_answer {
                buttons.push((&*compare, say("history.compare"), is_chosen(app, &id)));
            }
            row(&list, &id, &short(&past.form.text), &about.join(" · "), &buttons);
        }
    });
}

fn kept(app: App, part: &Part) {
    app.session.kept.with(|kept| {
        if kept.is_empty() {
            return;
        }
        part.add("h3", &[("class", "part-title")], say("history.kept"));
        let list = part.add("ol", &[("class", "past-list"), ("data-testid", "kept-explanations")], "");
        for one in kept {
            let id = format!("kept {}", one.id);
            let [open, compare, delete] =
                ["open-kept", "compare-kept", "delete"].map(|what| format!("{what} {}", one.id));
            let buttons = [
                (&*open, say("history.open"), None),
                (&*compare, say("history.compare"), is_chosen(app, &id)),
                (&*delete, say("history.delete"), None),
            ];
            row(&list, &id, &one.name, &format!("{} · {}", one.model, time(one.at)), &buttons);
        }
    });
}

fn waiting(app: App) -> String {
    app.session.chosen.with(|chosen| match &**chosen {
        [one] => fill("history.beside.one", &[&short(&one.name)]),
        _ => String::new(),
    })
}

fn side_by_side(app: App, part: &Part) {
    let method = app.form.with(|form| form.method);
    app.session.chosen.with(|chosen| {
        let [first, second] = &**chosen else { return };
        let part = part.add("div", &[("class", "beside"), ("data-testid", "beside")], "");
        part.add("h3", &[], say("history.beside"));
        let Some(found) = beside(&first.document, &second.document, method) else {
            part.add("p", &[("class", "caption")], say("history.beside.none"));
            return;
        };
        let palette = Palette::of(app.dark.get());
        let [scale, differences] = found.scales();
        let limit = if scale.signed { format!("±{}", number(scale.limit)) } else { number(scale.limit) };
        part.add("p", &[("class", "caption")], &fill("history.beside.about", &[&names::method(found.method), &limit]));
        let (one, other) = (&first.document.target, &second.document.target);
        if (&one.text, one.read, &first.document.model.id) != (&other.text, other.read, &second.document.model.id) {
            part.add("p", &[("class", "warning")], say("history.beside.models"));
        }
        for (at, one) in [first, second].into_iter().enumerate() {
            let heads = [say("history.first"), say("history.second")];
            let line = part.add("p", &[("class", "caption")], "");
            line.add("b", &[], heads[at]);
            line.say(&format!(": {} ({})", short(&one.name), one.document.model.title));
        }
        // The table that follows says the same to who does not see colours.
        let lines = part.add("div", &[("class", "beside-lines"), ("aria-hidden", "true")], "");
        for line in &found.lines {
            let column = lines.add("div", &[("class", "beside-token")], "");
            for value in [line.first, line.second] {
                match value {
                    Some(value) => {
                        let style = scale.colour(value, palette).style();
                        column.add("span", &[("style", &style), ("title", &signed(value))], &visible(&line.text));
                    }
                    None => _ = column.add("span", &[("class", "lacking")], "–"),
                }
            }
            match line.difference() {
                Some(value) => {
                    let style = differences.colour(value, palette).style();
                    column.add("span", &[("class", "figure"), ("style", &style)], &signed(value));
                }
                None => _ = column.add("span", &[], ""),
            }
        }
        let table = part.add_details(say("history.table")).add_table("table-box", "beside-table", say("history.table"));
        table.add_heads(
            ["history.token", "history.first", "history.second", "history.difference"]
                .map(|key| say(key).to_owned())
                .into_iter(),
        );
        let body = table.add("tbody", &[], "");
        for line in &found.lines {
            let cells = [line.first, line.second, line.difference()].map(|value| value.map(signed).unwrap_or_default());
            body.add_line(&visible(&line.text), cells.into_iter());
        }
    });
}
