//! Attention over the text itself: where a token looks, or who looks at it.

use headlight_document::{AttentionKind, Method, Tile, Whose};
use headlight_statistics::spearman;
use leptos::prelude::*;

use super::parts::{Part, changing, plain_button, segment, subheading, written};
use super::saving::{self, Over};
use crate::app::{App, When};
use crate::locale::{fill, say};
use crate::state::attention::is_of_text;
use crate::state::colour::{Palette, Scale};
use crate::state::format::{number, percent, signed};
use crate::state::intervene::toggle_hidden;
use crate::state::pieces::{named, visible};
use crate::state::sight::{Viewer, WHOLE};

/// Whose attention is drawn over the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Head,
    Layer,
    Mean,
    Rollout,
    Flow,
}

impl Source {
    const ALL: [Self; 5] = [Self::Head, Self::Layer, Self::Mean, Self::Rollout, Self::Flow];

    fn name(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Layer => "layer",
            Self::Mean => "mean",
            Self::Rollout => "rollout",
            Self::Flow => "flow",
        }
    }

    fn title(self, open: Option<(usize, usize)>) -> String {
        match (self, open) {
            (Self::Head, Some((layer, head))) => fill("over.head", &[&layer, &head]),
            (Self::Layer, Some((layer, _))) => fill("over.layer", &[&layer]),
            (Self::Head | Self::Layer, None) => say("over.open").to_owned(),
            (Self::Mean, _) => say("over.mean").to_owned(),
            (Self::Rollout, _) => say("over.rollout").to_owned(),
            (Self::Flow, _) => say("over.flow").to_owned(),
        }
    }
}

/// The tokens of both sides, coloured by what one of them looks at, or by what looks at it.
#[component]
pub fn OverText() -> impl IntoView {
    let app = App::get();
    let wanted = RwSignal::new(Source::Head);
    // Whether the picked token is one that looks, or one that is looked at.
    let looks = RwSignal::new(true);
    // Of tokens that are none of the text's, which are picked here alone.
    let own = RwSignal::new(None::<usize>);
    let kind = Memo::new(move |_| app.attention(|_, attention| attention.kind).unwrap_or(AttentionKind::Encoder));
    let labels = app.labels;
    let open = Memo::new(move |_| app.open_head());
    let is_cross = move || kind.get() == AttentionKind::Cross;
    let is_offered = move |source: Source| match source {
        Source::Head | Source::Layer => open.get().is_some(),
        Source::Mean => true,
        Source::Rollout | Source::Flow => !is_cross(),
    };
    let source = Memo::new(move |_| {
        let wanted = wanted.get();
        if is_offered(wanted) { wanted } else { Source::Mean }
    });
    let is_input = Memo::new(move |_| {
        let (kind, looks) = (kind.get(), looks.get());
        app.shown.with(|shown| is_of_text(&shown.document, kind, looks))
    });
    let picked = Memo::new(move |_| {
        let count = labels.with(|labels| if looks.get() { labels.0.len() } else { labels.1.len() });
        let at = if is_input.get() { app.picked_token() } else { own.get() };
        at.unwrap_or(count).min(count.saturating_sub(1))
    });
    let whose = Memo::new(move |_| {
        let (layer, head) = open.get().unwrap_or_default();
        match source.get() {
            Source::Head => Whose::Head(layer, head),
            Source::Layer => Whose::Layer(layer),
            Source::Mean => Whose::Mean,
            Source::Rollout => Whose::Rollout,
            Source::Flow => Whose::Flow(picked.get()),
        }
    });
    let weights = Memo::new(move |_| {
        app.sight.track();
        let (whose, at) = (whose.get(), picked.get());
        if matches!(whose, Whose::Flow(_)) {
            // Flow is worked out from one token: where it all goes to one, from every token.
            let from = if looks.get() { at..at + 1 } else { 0..labels.with(|labels| labels.0.len()) };
            let tiles: Vec<_> = from.map(|token| Tile { whose: Whose::Flow(token), side: WHOLE }).collect();
            app.see(Viewer::Text, &tiles);
            if looks.get() {
                return app.picture(whose, |picture| picture.values.to_vec());
            }
            let into = |tile: &Tile| app.picture(tile.whose, |picture| picture.values.get(at).copied()).flatten();
            return tiles.iter().map(into).collect();
        }
        app.see(Viewer::Text, &[Tile { whose, side: WHOLE }]);
        let columns = app.attention(|_, attention| attention.columns)?.max(1);
        app.exact(whose, |map| match looks.get() {
            true => map.chunks_exact(columns).nth(at).unwrap_or_default().to_vec(),
            false => map.iter().skip(at).step_by(columns).copied().collect(),
        })
    });
    let tokens = move || {
        let (looks, at, dark) = (looks.get(), picked.get(), app.dark.get());
        let weights = weights.get().unwrap_or_default();
        let scale = Scale::of(weights.iter().copied().map(f64::from), false);
        let palette = Palette::of(dark);
        let (rows, columns) = (*labels.get()).clone();
        let (shown, others) = if looks { (columns, rows) } else { (rows, columns) };
        let pick = move |index: usize| match is_input.get_untracked() {
            true => app.edit(When::Never, |form| form.token = Some(index)),
            false => own.set(Some(index)),
        };
        let chip = move |(index, text): (usize, String), of_picked: bool| {
            let weight = weights.get(index).copied().map(f64::from);
            let ground = weight.filter(|_| !of_picked).map(|weight| scale.colour(weight, palette));
            let ink = ground.map(|ground| ground.ink().css());
            let is_picked = index == at && (of_picked || !is_cross());
            let said = match weight.filter(|_| !of_picked) {
                Some(weight) => format!("{index} “{}”: {}", visible(&text), number(weight)),
                None => format!("{index} “{}”", visible(&text)),
            };
            view! {
                <button
                    type="button"
                    class="over-token"
                    class:picked=is_picked
                    title=said.clone()
                    aria-label=said
                    aria-pressed=is_picked.to_string()
                    data-at=index
                    data-weight=weight.filter(|_| !of_picked).map(|weight| weight.to_string())
                    style:background-color=ground.map(|ground| ground.css())
                    style:color=ink
                    on:click=move |_| {
                        if of_picked || !is_cross() {
                            pick(index);
                        }
                    }
                >
                    {visible(&text)}
                </button>
            }
        };
        let first = is_cross().then(|| {
            let chip = chip.clone();
            view! {
                <div class="over-line" dir="auto" data-testid="over-picked">
                    {others.into_iter().enumerate().map(|one| chip(one, true)).collect_view()}
                </div>
            }
        });
        view! {
            {first}
            <div class="over-line" dir="auto" data-testid="over-text">
                {shown.into_iter().enumerate().map(|one| chip(one, false)).collect_view()}
            </div>
        }
    };
    // The same text coloured by the length of its gradient, with how alike the two rank its tokens.
    let beside = move |part: &Part| {
        if is_cross() {
            return;
        }
        let Some(weights) = weights.get() else { return };
        let dark = app.dark.get();
        app.shown.with(|shown| {
            let document = &shown.document;
            let found = document.attributions.iter().find(|one| one.method == Method::Saliency);
            let Some(found) = found.filter(|found| found.values.len() == weights.len()) else { return };
            let attention: Vec<f64> = weights.iter().copied().map(f64::from).collect();
            let said = match spearman(&attention, &found.values) {
                Some(rho) => fill("over.saliency.rho", &[&signed(rho)]),
                None => say("over.saliency").to_owned(),
            };
            part.add("p", &[("class", "caption"), ("data-testid", "over-saliency-said")], &said);
            let line = part.add("div", &[("class", "over-line"), ("data-testid", "over-saliency")], "");
            let scale = Scale::of(found.values.iter().copied(), false);
            for (token, value) in document.input.tokens.iter().zip(&found.values) {
                let ground = scale.colour(*value, Palette::of(dark));
                let style = format!("background-color: {}; color: {}", ground.css(), ground.ink().css());
                let title = format!("“{}”: {}", visible(&token.text), number(*value));
                let attributes = [("class", "over-token"), ("style", &*style), ("title", &*title)];
                line.add("span", &attributes, &visible(&token.text));
            }
        });
    };
    let said = move || {
        let (looks, at) = (looks.get(), picked.get());
        let name = labels.with(|labels| named(if looks { &labels.0 } else { &labels.1 }, at));
        let title = source.get().title(open.get());
        let is_here = weights.with(Option::is_some);
        match (is_here, looks) {
            (false, _) => {
                let (refusal, progress) = app.sight.with(|sight| (sight.refusal(whose.get()), sight.progress()));
                let so_far = progress.map(|share| fill("over.so_far", &[&percent(share)])).unwrap_or_default();
                refusal.unwrap_or_else(|| fill("over.working", &[&title, &so_far]))
            }
            (true, true) => fill("over.looks", &[&title, &name]),
            (true, false) => fill("over.looked_at", &[&title, &name]),
        }
    };
    let title = Signal::derive(move || source.get().title(open.get()));
    let way = move |to: bool, name: &'static str, title: &'static str| {
        segment(name, title, "", move || looks.get() == to, move || looks.set(to))
    };
    view! {
        <section class="over" aria-labelledby="over-title">
            <div class="panel-head">
                {subheading(Some("over-title"), "", say("over.title"))}
                <select
                    class="over-source"
                    aria-label=say("over.whose")
                    data-testid="over-source"
                    on:change=move |event| {
                        let name = event_target_value(&event);
                        if let Some(chosen) = Source::ALL.into_iter().find(|source| source.name() == name) {
                            wanted.set(chosen);
                        }
                    }
                >
                    {move || {
                        let all = Source::ALL.into_iter().filter(|source| is_offered(*source));
                        all.map(|one| view! {
                            <option value=one.name() selected=one == source.get()>{one.title(open.get())}</option>
                        })
                        .collect_view()
                    }}
                </select>
                <div class="segments" role="group" aria-label=say("over.which")>
                    {way(true, "over-looks", say("over.looks_at"))}
                    {way(false, "over-looked-at", say("over.is_looked_at"))}
                </div>
                {saving::over(app, Over { title, weights, picked, looks })}
            </div>
            <p class="readout" data-testid="over-readout" aria-live="polite">{said}</p>
            {changing(move || Some(tokens().into_any()))}
            {written("over-beside", beside)}
            {changing(move || {
                let token = is_input.get().then(|| picked.get())?;
                let is_hidden = app.form.with(|form| form.intervention.hidden.contains(&token));
                let name = app.shown.with(|shown| shown.document.input.tokens.get(token).map(|one| visible(&one.text)))?;
                let title = match is_hidden {
                    true => fill("over.show", &[&name]),
                    false => fill("over.hide", &[&name]),
                };
                let turn = move || app.intervene(|all| toggle_hidden(all, token));
                Some(plain_button("small", "hide-token", &title, turn))
            })}
        </section>
    }
}
