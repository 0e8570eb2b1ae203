//! Where the model looks as it writes a token: its attention over the text before it, by layer and head.

use headlight_document::{AttentionKind, Gaze, Gazed, Task, Whose};
use leptos::prelude::*;

use super::parts::{Part, changing, paragraph, plain_button, written};
use super::triangle::write;
use crate::app::App;
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
    let found = Memo::new(move |_| {
        app.writing.with(|writing| {
            let gazed = writing.gazed.as_ref()?;
            Some((gazed.gazed?, gazed.columns.clone(), gazed.text, gazed.row(step)?.attention.clone()))
        })
    });
    let of = Memo::new(move |_| app.writing.with(|writing| writing.gazed.as_ref()?.gazed));
    let is_gazing = Memo::new(move |_| app.writing.with(|writing| writing.is_gazing()));
    let is_there = Memo::new(move |_| found.with(Option::is_some));
    let ask = move || {
        let kind = match app.form.with_untracked(|form| form.task) {
            Task::Translate => AttentionKind::Cross,
            _ => AttentionKind::SelfAttention,
        };
        let asked = app.writing.with_untracked(|writing| writing.gaze);
        app.gaze(asked.unwrap_or(Gaze { kind, whose: None }));
    };
    let said = move || {
        found.with(|found| {
            let (of, columns, _, weights) = found.as_ref()?;
            let one = |at: usize| Some(format!("“{}” {}", visible(&columns.get(at)?.text), percent(*weights.get(at)?)));
            let all: Vec<String> = most(weights, NAMED).into_iter().filter_map(one).collect();
            let key = if of.kind == AttentionKind::Cross { "triangle.gaze.cross" } else { "triangle.gaze.own" };
            Some(fill(key, &[&called(*of), &all.join(say("share.shows.comma"))]))
        })
    };
    let line = move |part: &Part| {
        found.with(|found| {
            if let Some((_, columns, text, weights)) = found {
                write(part, (columns, *text), weights, false, app.dark.get());
            }
        });
    };
    view! {
        <div class="gaze" data-testid="gaze" data-busy=move || is_gazing.get().to_string()>
            {changing(move || match (is_there.get(), is_gazing.get()) {
                (false, false) => Some(plain_button("small", "gaze-ask", say("triangle.gaze"), ask)),
                (false, true) => Some(paragraph("caption", say("triangle.gaze.working"))),
                (true, _) => None,
            })}
            {changing(move || of.get().filter(|_| is_there.get()).map(|of| choices(app, of)))}
            {changing(move || Some(paragraph("caption", &said()?)))}
            {written("over-line step-text", line)}
        </div>
    }
    .into_any()
}

/// Which layer, which head, and of a translator's attention to what.
fn choices(app: App, of: Gazed) -> AnyView {
    let (layer, head) = match of.whose {
        Whose::Head(layer, head) => (layer, Some(head)),
        Whose::Layer(layer) => (layer, None),
        Whose::Mean | Whose::Rollout | Whose::Flow(_) => (0, None),
    };
    let take = move |layer: usize, head: Option<usize>| {
        let whose = head.map_or(Whose::Layer(layer), |head| Whose::Head(layer, head));
        app.gaze(Gaze { kind: of.kind, whose: Some(whose) });
    };
    let choice = move |name: &'static str, title: &'static str, all: Vec<(String, bool)>, take: Box<dyn Fn(usize)>| {
        let option = |(at, (said, is_it)): (usize, (String, bool))| {
            view! { <option value=at.to_string() selected=is_it>{said}</option> }
        };
        view! {
            <label class="line-field">
                <span>{title}</span>
                <select
                    id=name
                    data-testid=name
                    on:change=move |event| take(event_target_value(&event).parse().unwrap_or(0))
                >
                    {all.into_iter().enumerate().map(option).collect_view()}
                </select>
            </label>
        }
        .into_any()
    };
    let layers = (0..of.layers).map(|at| (at.to_string(), at == layer)).collect();
    let mean = std::iter::once((say("triangle.gaze.mean").to_owned(), head.is_none()));
    let heads = mean.chain((0..of.heads).map(|at| (at.to_string(), Some(at) == head))).collect();
    // Of a translator whose decoder attends to its own tokens too.
    let has_both = app.shown.with_untracked(|shown| {
        let has = |kind| shown.document.attention.iter().any(|one| one.kind == kind);
        has(AttentionKind::Cross) && has(AttentionKind::SelfAttention)
    });
    let kinds =
        [("triangle.gaze.to_text", AttentionKind::Cross), ("triangle.gaze.to_own", AttentionKind::SelfAttention)];
    let kinds_said = kinds.map(|(key, kind)| (say(key).to_owned(), kind == of.kind)).to_vec();
    view! {
        <div class="gaze-choices">
            {has_both.then(|| choice("gaze-kind", say("triangle.gaze.kind"), kinds_said, Box::new(move |at| {
                let kind = kinds.get(at).map_or(of.kind, |(_, kind)| *kind);
                app.gaze(Gaze { kind, whose: None });
            })))}
            {choice("gaze-layer", say("triangle.gaze.layer"), layers, Box::new(move |layer| take(layer, head)))}
            {choice("gaze-head", say("triangle.gaze.head"), heads, Box::new(move |at| take(layer, at.checked_sub(1))))}
        </div>
    }
    .into_any()
}
