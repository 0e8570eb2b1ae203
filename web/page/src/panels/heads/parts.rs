//! Figures of MLPs, what the parts of a logit sum to, and what another text's activations do.

use headlight_document::{AttentionKind, HeadValues, Heads, Scaled};
use leptos::prelude::*;

use crate::app::App;
use crate::browser;
use crate::locale::{fill, say};
use crate::panels::heat::heat_map;
use crate::panels::parts::{Part, segment, subheading, written};
use crate::state::format::signed;
use crate::state::heat::{self, Heat};
use crate::state::intervene::{percent, scale};
use crate::state::pieces::visible;

/// Chooses the kind of attention whose heads are listed.
pub fn kind_switch(
    kinds: Vec<AttentionKind>,
    now: Memo<Option<AttentionKind>>,
    kind: RwSignal<Option<AttentionKind>>,
) -> AnyView {
    let one = move |of: AttentionKind| {
        segment("heads-kind", heat::title(of), "", move || now.get() == Some(of), move || kind.set(Some(of)))
    };
    view! {
        <div class="segments" role="group" aria-label=say("heads.kinds")>
            {kinds.into_iter().map(one).collect_view()}
        </div>
    }
    .into_any()
}

/// All that is no head's.
pub fn rest(app: App, heads: &Heads) -> Option<AnyView> {
    let mut views = Vec::new();
    if let Some(direct) = &heads.direct {
        let heads: f64 = direct.heads.iter().flat_map(|heads| &heads.values).sum();
        let mlps: f64 = direct.mlps.iter().sum();
        let recurrence: f64 = direct.recurrence.iter().sum();
        let parts = [
            (say("heads.part.embedding"), direct.embedding),
            (say("heads.part.heads"), heads),
            (say("heads.part.recurrence"), recurrence),
            (say("heads.part.mlps"), mlps),
            (say("heads.part.biases"), direct.biases),
            (say("heads.part.rest"), direct.rest),
        ];
        let sum: f64 = parts.iter().map(|(_, value)| value).sum();
        let named = parts.iter().filter(|(_, value)| *value != 0.0);
        let named: Vec<String> = named.map(|(name, value)| format!("{name} {}", signed(*value))).collect();
        let said = fill("heads.direct.sum", &[&named.join(", "), &signed(sum), &signed(direct.logit)]);
        views.push(
            view! {
                {subheading(Some("direct-title"), "part-title", say("heads.direct.title"))}
                <p class="readout" data-testid="direct-sum">{said}</p>
            }
            .into_any(),
        );
    }
    if let Some(table) = mlps(app, heads) {
        views.push(table);
    }
    if let Some(patching) = &heads.patching {
        let said = fill(
            "heads.patching.said",
            &[&visible(&patching.text), &signed(patching.other_value), &signed(patching.value)],
        );
        let names: Vec<String> =
            app.shown.with(|shown| shown.document.input.tokens.iter().map(|token| visible(&token.text)).collect());
        let by_head = |title: &str, all: &[HeadValues]| {
            let maps = all.iter().map(|values| {
                let heat = Heat { rows: values.layers, columns: values.heads, values: values.values.clone() };
                heat_map(
                    app,
                    fill("heads.patching.heads", &[&title, &heat::title(values.kind)]),
                    say("heads.column.head"),
                    Vec::new(),
                    heat,
                )
            });
            maps.collect_view()
        };
        let residual = patching.residual.iter().map(|values| {
            let names = if names.len() == values.tokens { names.clone() } else { Vec::new() };
            let heat = Heat { rows: values.layers, columns: values.tokens, values: values.values.clone() };
            heat_map(app, say("heads.patching.residual").to_owned(), say("heads.column.token"), names, heat)
        });
        views.push(
            view! {
                {subheading(Some("patching-title"), "part-title", say("heads.patching.title"))}
                <p class="readout" data-testid="patching">{said}</p>
                <div class="heats">
                    {residual.collect_view()}
                    {by_head(say("heads.patching.z"), &patching.z)}
                    {by_head(say("heads.patching.pattern"), &patching.pattern)}
                </div>
            }
            .into_any(),
        );
    }
    (!views.is_empty()).then(|| views.into_any())
}

/// MLPs by layer: what each writes into the logit, and what the target loses without it.
fn mlps(app: App, heads: &Heads) -> Option<AnyView> {
    let direct = heads.direct.as_ref().map(|direct| direct.mlps.clone()).unwrap_or_default();
    let ablation = heads.ablation.as_ref().map(|ablation| ablation.mlps.clone()).unwrap_or_default();
    if direct.is_empty() && ablation.is_empty() {
        return None;
    }
    // Of the stack that the target is read from.
    let kind = match heads.direct.as_ref().and_then(|direct| direct.heads.first()) {
        Some(values) if values.kind == AttentionKind::Cross => AttentionKind::SelfAttention,
        Some(values) => values.kind,
        None => ablation.last().map_or(AttentionKind::SelfAttention, |stack| stack.kind),
    };
    let layers = ablation.iter().map(|stack| stack.values.len()).chain([direct.len()]).max().unwrap_or(0);
    let is_out = Memo::new(move |_| {
        let out = |layer| app.form.with(|form| percent(&form.intervention, kind, layer, None)) == 0;
        (0..layers).map(out).collect::<Vec<_>>()
    });
    let table = move |part: &Part| {
        let written = part.add_details(say("heads.mlps")).add_table("table-box", "mlp-table", say("heads.mlps.table"));
        let mut titles = vec![say("heads.layer").to_owned()];
        titles.extend((!direct.is_empty()).then(|| say("heads.writes").to_owned()));
        titles.extend(ablation.iter().map(|stack| fill("heads.lost", &[&heat::title(stack.kind)])));
        written.add_heads(titles.into_iter());
        let lines = written.add("tbody", &[], "");
        for (layer, is_out) in is_out.get().into_iter().enumerate() {
            let text = |value: Option<&f64>| value.map(|value| signed(*value)).unwrap_or_default();
            let first = (!direct.is_empty()).then(|| text(direct.get(layer)));
            let rest = ablation.iter().map(|stack| text(stack.values.get(layer)));
            let line = lines.add_line(&layer.to_string(), first.into_iter().chain(rest));
            let title = if is_out { say("heads.mlp.back") } else { say("heads.mlp.out") };
            let (place, id) = (layer.to_string(), format!("mlp-{layer}"));
            let name = fill("heads.mlp.name", &[&title, &layer]);
            let attributes = [
                ("type", "button"),
                ("id", &*id),
                ("class", "head-link"),
                ("data-mlp", &*place),
                ("aria-label", &*name),
            ];
            line.add("td", &[], "").add("button", &attributes, title);
        }
    };
    let press = move |event: leptos::ev::MouseEvent| {
        let Some(layer) = browser::of_target(&event, "data-mlp").and_then(|layer| layer.parse().ok()) else { return };
        app.intervene(|all| {
            let percent = if percent(all, kind, layer, None) == 0 { 100 } else { 0 };
            scale(all, Scaled { kind, layer, head: None, percent });
        });
    };
    Some(view! { <div on:click=press>{written("", table)}</div> }.into_any())
}
