//! Where the model looks as it writes a token: its attention over the text before it, by layer and head.

use headlight_document::{AttentionKind, Gaze, Gazed, Task, Whose};
use leptos::prelude::*;

use super::parts::{Part, changing, paragraph, plain_button, written};
use super::saving;
use super::triangle::write;
use crate::app::App;
use crate::browser;
use crate::locale::{fill, say};
use crate::state::format::percent;
use crate::state::pieces::visible;
use crate::state::triangle::most;

/// How many tokens are named that have most of it.
const NAMED: usize = 3;

/// Whose attention it is, in words.
pub fn called(of: Gazed) -> String {
    match of.whose {
        Whose::Head(layer, head) => fill("over.head", &[&layer, &head]),
        Whose::Layer(layer) => fill("over.layer", &[&layer]),
        Whose::Mean | Whose::Rollout | Whose::Flow(_) => String::new(),
    }
}

/// The attention of one step.
pub fn gaze(app: App, step: usize) -> AnyView {
    let of = move || app.writing.with(|writing| writing.gazed.as_ref()?.gazed);
    let is_gazing = Memo::new(move |_| app.writing.with(|writing| writing.is_gazing()));
    let is_there = Memo::new(move |_| {
        app.writing.with(|writing| writing.gazed.as_ref().is_some_and(|gazed| gazed.row(step).is_some()))
    });
    let ask = move || {
        let kind = match app.form.with_untracked(|form| form.task) {
            Task::Translate => AttentionKind::Cross,
            _ => AttentionKind::SelfAttention,
        };
        let asked = app.writing.with_untracked(|writing| writing.gaze);
        app.gaze(asked.unwrap_or(Gaze { kind, whose: None }));
    };
    let said = move || {
        app.writing.with(|writing| {
            let gazed = writing.gazed.as_ref()?;
            let (of, weights) = (gazed.gazed?, &gazed.row(step)?.attention);
            let one =
                |at: usize| Some(format!("“{}” {}", visible(&gazed.columns.get(at)?.text), percent(*weights.get(at)?)));
            let all: Vec<String> = most(weights, NAMED).into_iter().filter_map(one).collect();
            let key = if of.kind == AttentionKind::Cross { "triangle.gaze.cross" } else { "triangle.gaze.own" };
            Some(fill(key, &[&called(of), &all.join(say("share.shows.comma"))]))
        })
    };
    let line = move |part: &Part| {
        app.writing.with(|writing| {
            if let Some((gazed, row)) = writing.gazed.as_ref().and_then(|gazed| Some((gazed, gazed.row(step)?))) {
                write(part, (&gazed.columns, gazed.text), &row.attention, false, app.dark.get());
            }
        });
    };
    // Of a translator whose decoder attends to its own tokens too.
    let has_both = move || {
        app.shown.with(|shown| {
            let has = |kind| shown.document.attention.iter().any(|one| one.kind == kind);
            has(AttentionKind::Cross) && has(AttentionKind::SelfAttention)
        })
    };
    let choose = move |part: &Part| {
        if let Some(of) = of().filter(|_| is_there.get()) {
            choices(part, of, has_both(), app.writing.with(|writing| writing.is_frozen));
        }
    };
    let take = move |event: web_sys::Event| {
        let Some((of, name)) = untrack(of).zip(browser::of_target(&event, "id")) else { return };
        let at: usize = event_target_value(&event).parse().unwrap_or(0);
        let (layer, head) = place(of);
        let whose =
            |layer, head: Option<usize>| Some(head.map_or(Whose::Layer(layer), |head| Whose::Head(layer, head)));
        app.gaze(match &*name {
            "gaze-kind" => Gaze { kind: KINDS.get(at).map_or(of.kind, |(_, kind)| *kind), whose: None },
            "gaze-layer" => Gaze { kind: of.kind, whose: whose(at, head) },
            // The first is the mean.
            _ => Gaze { kind: of.kind, whose: whose(layer, at.checked_sub(1)) },
        });
    };
    view! {
        <div class="gaze" data-testid="gaze" data-busy=move || is_gazing.get().to_string()>
            <div on:change=take>{written("gaze-choices", choose)}</div>
            {changing(move || match (is_there.get(), is_gazing.get()) {
                (_, true) => Some(view! {
                    <div class="run-line">
                        {plain_button("small", "gaze-stop", say("triangle.stop"), move || app.stop_gazing())}
                        <span class="caption" role="status">{say("triangle.gaze.working")}</span>
                    </div>
                }.into_any()),
                (false, false) => Some(plain_button("small", "gaze-ask", say("triangle.gaze"), ask)),
                (true, false) => None,
            })}
            {changing(move || {
                let said = paragraph("caption", &said()?);
                Some(view! { <div class="list-head">{said} {saving::gaze(app, step)}</div> }.into_any())
            })}
            {written("over-line step-text", line)}
        </div>
    }
    .into_any()
}

/// To what a translator attends.
const KINDS: [(&str, AttentionKind); 2] =
    [("triangle.gaze.to_text", AttentionKind::Cross), ("triangle.gaze.to_own", AttentionKind::SelfAttention)];

/// A layer, and one of its heads where it is not their mean.
fn place(of: Gazed) -> (usize, Option<usize>) {
    match of.whose {
        Whose::Head(layer, head) => (layer, Some(head)),
        Whose::Layer(layer) => (layer, None),
        Whose::Mean | Whose::Rollout | Whose::Flow(_) => (0, None),
    }
}

/// Writes which layer, which head, and of a translator's attention to what.
fn choices(part: &Part, of: Gazed, has_both: bool, is_fixed: bool) {
    let choice = |name: &str, title: &str, all: &[String], chosen: usize| {
        let label = part.add("label", &[("class", "line-field")], "");
        label.add("span", &[], title);
        // Another head's would have to be computed.
        let fixed = if is_fixed { "disabled" } else { "data-free" };
        let select = label.add("select", &[("id", name), ("data-testid", name), (fixed, "")], "");
        for (at, said) in all.iter().enumerate() {
            let at_said = at.to_string();
            let value = [("value", &*at_said), ("selected", "")];
            select.add("option", if at == chosen { &value } else { &value[..1] }, said);
        }
    };
    let numbers = |count: usize| (0..count).map(|at| at.to_string());
    let (layer, head) = place(of);
    if has_both {
        let chosen = KINDS.iter().position(|(_, kind)| *kind == of.kind).unwrap_or(0);
        choice("gaze-kind", say("triangle.gaze.kind"), &KINDS.map(|(key, _)| say(key).to_owned()), chosen);
    }
    choice("gaze-layer", say("triangle.gaze.layer"), &numbers(of.layers).collect::<Vec<_>>(), layer);
    let heads: Vec<String> = std::iter::once(say("triangle.gaze.mean").to_owned()).chain(numbers(of.heads)).collect();
    choice("gaze-head", say("triangle.gaze.head"), &heads, head.map_or(0, |head| head + 1));
}
