//! The text itself, coloured by attribution.

use headlight_document::{Explanation, Method, Read, Task, Units};
use leptos::ev;
use leptos::prelude::*;

use super::legend::TokenLegend;
use super::parts::heading;
use super::saving;
use crate::app::{App, Ask, When};
use crate::browser;
use crate::locale::{fill, heard, say};
use crate::state::answer;
use crate::state::colour::{Palette, Scale};
use crate::state::cost;
use crate::state::format::{number, signed};
use crate::state::grouping::{Grouping, has_parts};
use crate::state::names;
use crate::state::pieces::{Piece, pieces, split, visible};
use crate::state::trust;

/// Which of a document's attributions is on show: the chosen method's, else the first. Its values are of the input's
/// tokens, taken together by words where that was chosen, and then of those that were written before the target.
pub fn chosen_values(app: App) -> (Method, Vec<f64>) {
    let (method, grouping) = app.form.with(|form| (form.method, form.grouping));
    let values = app.on_show(|document, attribution| {
        let written = attribution.output_values.iter().flatten();
        let values: Vec<f64> = attribution.values.iter().chain(written).copied().collect();
        (attribution.method, grouping.apply(&document.input.tokens, &values))
    });
    values.unwrap_or((method, Vec::new()))
}

/// The colours of those values.
pub fn scale_of(chosen: Memo<(Method, Vec<f64>)>) -> Signal<Scale> {
    Signal::derive(move || chosen.with(|(method, values)| Scale::of(values.iter().copied(), method.is_signed())))
}

/// What is drawn of each of those values: the input's pieces, then what was written, each with its name.
pub fn drawn(document: &Explanation) -> Vec<(Piece, String)> {
    let input = pieces(&document.input).into_iter().zip(document.input.tokens.iter().map(|token| visible(&token.text)));
    let count = document.attributions.first().and_then(|one| one.output_values.as_ref()).map_or(0, Vec::len);
    let written = document.output.tokens.iter().take(count).enumerate().map(|(at, token)| {
        let (space, text) = split(&token.text, token.special);
        let gap = if at == 0 { "\n→ " } else { space };
        let piece = Piece { gap: gap.to_owned(), text: text.to_owned(), special: token.special, aside: false };
        (piece, visible(&token.text))
    });
    input.chain(written).collect()
}

/// The coloured text.
#[component]
pub fn TokensPanel() -> impl IntoView {
    let app = App::get();
    let dark: Signal<bool> = app.dark.into();
    let chosen = Memo::new(move |_| chosen_values(app));
    let scale = scale_of(chosen);
    let parts = Memo::new(move |_| app.shown.with(|shown| drawn(&shown.document)));
    let pointed = RwSignal::new(None::<usize>);
    // Values of the chosen method with other parameters are stale too.
    let is_stale = move || {
        if app.on_show(|_, found| found.checks.share.is_some()) == Some(true) {
            return false;
        }
        let is_old = app.shown.with(|shown| {
            let method = app.form.with(|form| form.method);
            shown.document.attributions.iter().any(|attribution| attribution.method == method)
        });
        app.shown.with(|shown| shown.request.is_some()) && !(app.is_current() && (app.is_whole() || !is_old))
    };
    let warnings =
        move || app.shown.with(|shown| shown.document.warnings.iter().map(|said| heard(said)).collect::<Vec<_>>());
    view! {
        <section class="panel tokens-panel" class:stale=is_stale aria-labelledby="tokens-title">
            <div class="panel-head">
                {heading("tokens-title", say("tokens.title"))}
                <Controls/>
            </div>
            <Target/>
            <Flow parts chosen scale pointed/>
            {saving::tokens(app, parts, chosen)}
            <Readout parts chosen pointed/>
            <TokenLegend scale dark/>
            <Trust/>
            {move || {
                warnings()
                    .into_iter()
                    .map(|warning| view! { <p class="warning">{warning}</p> })
                    .collect_view()
            }}
            <Table parts chosen/>
        </section>
    }
}

/// What the method on show ran with, and what speaks against it; or that it waits, and what it would cost.
#[component]
fn Trust() -> impl IntoView {
    let app = App::get();
    let shown = Memo::new(move |_| {
        let method = app.form.with(|form| form.method);
        let told = app.on_show(|_, found| {
            (found.method == method).then(|| (trust::lines(found), found.checks.distrust.as_deref().map(heard)))
        });
        told.flatten().unwrap_or_default()
    });
    let waits = Memo::new(move |_| {
        let method = app.form.with(|form| form.method);
        let (is_there, first) = app.shown.with(|shown| {
            let all = &shown.document.attributions;
            (all.iter().any(|one| one.method == method), all.first().map(|one| one.method))
        });
        let is_estimated = app.on_show(|_, found| found.checks.share.is_some());
        // A method of one run waits for nothing but the answer, which is spoken of elsewhere.
        if is_there && (app.is_whole() || method.is_single_run()) || is_estimated == Some(true) {
            return None;
        }
        let is_asked = app.conductor.with(|conductor| conductor.is_asked()) || app.pending.get();
        // What costs nothing more comes with the next answer.
        let cost = (!is_asked && app.is_current()).then(|| cost::words(app.cost(), app.size()));
        Some((trust::waiting(first.filter(|_| !is_there), method, cost.as_deref()), cost.is_some()))
    });
    view! {
        {move || {
            waits.get().map(|(sentence, offers)| view! {
                <p class="caption waits">
                    <span data-testid="method-waits">{sentence}</span>
                    {offers.then(|| view! {
                        <button type="button" class="small" data-testid="run-method" on:click=move |_| app.ask(Ask::Whole)>
                            {say("tokens.run")}
                        </button>
                    })}
                </p>
            })
        }}
        {move || {
            let (lines, distrust) = shown.get();
            view! {
                {(!lines.is_empty()).then(|| view! { <p class="caption" data-testid="checks">{lines.join(" ")}</p> })}
                {distrust.map(|distrust| view! { <p class="warning" data-testid="distrust">{distrust}</p> })}
            }
        }}
    }
}

#[component]
fn Controls() -> impl IntoView {
    let app = App::get();
    let choose_method = move |event| {
        if let Ok(method) = event_target_value(&event).parse::<Method>() {
            // What the page opens with has both methods of one run, and needs no model for them.
            let is_precomputed = app.shown.with_untracked(|shown| shown.request.is_none());
            let when = if is_precomputed && method.is_single_run() { When::Never } else { When::Now };
            app.edit(when, |form| form.set_method(method));
        }
    };
    let has_units = move || app.form.with(|form| form.method.has_units());
    let choose_units = move |event| {
        if let Ok(units) = event_target_value(&event).parse() {
            app.edit(When::Now, |form| form.parameters.units = units);
        }
    };
    let choose_read = move |event| {
        if let Ok(read) = event_target_value(&event).parse() {
            app.edit(When::Now, |form| form.read = read);
        }
    };
    let is_compare = move || app.form.with(|form| form.task == Task::Compare);
    let has_parts = Memo::new(move |_| app.shown.with(|shown| has_parts(&shown.document.input.tokens)));
    let choose_grouping = move |event| {
        let grouping = Grouping::of(&event_target_value(&event));
        app.edit(When::Never, |form| form.grouping = grouping);
    };
    let has_one_reading = move || is_compare() || app.shown.with(|shown| answer::is_regression(&shown.document));
    view! {
        <div class="controls">
            <select data-testid="method" aria-label=say("tokens.method") on:change=choose_method>
                {Method::ALL
                    .iter()
                    .map(|&method| {
                        view! {
                            <option
                                value=method.name()
                                prop:selected=move || app.form.with(|form| form.method == method)
                            >
                                {names::method(method)}
                            </option>
                        }
                    })
                    .collect_view()}
            </select>
            {move || {
                has_units().then(|| {
                    view! {
                        <select data-testid="units" aria-label=say("tokens.units") on:change=choose_units>
                            {Units::ALL
                                .iter()
                                .map(|&units| {
                                    let is_chosen = move || app.form.with(|form| form.parameters.units == units);
                                    view! {
                                        <option value=units.name() prop:selected=is_chosen>{fill("tokens.by", &[&names::option(units.name())])}</option>
                                    }
                                })
                                .collect_view()}
                        </select>
                    }
                })
            }}
            {move || {
                has_parts.get().then(|| {
                    view! {
                        <select data-testid="grouping" aria-label=say("tokens.grouping") on:change=choose_grouping>
                            {Grouping::ALL
                                .iter()
                                .map(|&grouping| {
                                    let is_chosen = move || app.form.with(|form| form.grouping == grouping);
                                    view! { <option value=grouping.name() prop:selected=is_chosen>{grouping.title()}</option> }
                                })
                                .collect_view()}
                        </select>
                    }
                })
            }}
            <select data-testid="read" aria-label=say("tokens.read") on:change=choose_read prop:disabled=has_one_reading>
                {Read::ALL
                    .iter()
                    .map(|&read| {
                        view! {
                            <option value=read.name() prop:selected=move || app.form.with(|form| form.read == read)>
                                {move || if is_compare() { say("tokens.cosine") } else { read_title(read) }}
                            </option>
                        }
                    })
                    .collect_view()}
            </select>
        </div>
    }
}

fn read_title(read: Read) -> &'static str {
    match read {
        Read::Logit => say("tokens.logit"),
        Read::LogProb => say("tokens.log_prob"),
        Read::Prob => say("tokens.prob"),
    }
}

/// What is explained, and its value.
#[component]
fn Target() -> impl IntoView {
    let app = App::get();
    view! {
        <p class="target" data-testid="target" data-value=move || app.shown.with(|shown| shown.document.target.value.to_string())>
            {move || {
                app.shown.with(|shown| {
                    let (before, what, after) = answer::sentence(&shown.document);
                    view! {
                        {before} <b class="piece">{what}</b> {after}
                        <b class="figure">{number(shown.document.target.value)}</b> "."
                    }
                })
            }}
        </p>
    }
}

#[component]
fn Flow(
    parts: Memo<Vec<(Piece, String)>>,
    chosen: Memo<(Method, Vec<f64>)>,
    scale: Signal<Scale>,
    pointed: RwSignal<Option<usize>>,
) -> impl IntoView {
    let app = App::get();
    // The token that the Tab key reaches; arrow keys move it.
    let active = RwSignal::new(0_usize);
    let picked = Memo::new(move |_| app.picked_token());
    let count = Memo::new(move |_| app.shown.with(|shown| shown.document.input.tokens.len()));
    let pick = move |at: usize| {
        // What was written has no row or column of its own in the maps of the input.
        if at >= count.get_untracked() {
            return;
        }
        app.edit(When::Never, |form| form.token = if form.token == Some(at) { None } else { Some(at) });
    };
    let on_key = move |event: ev::KeyboardEvent| {
        let last = parts.with_untracked(Vec::len).saturating_sub(1);
        let at = active.get_untracked().min(last);
        let to = match event.key().as_str() {
            "ArrowRight" | "ArrowDown" => (at + 1).min(last),
            "ArrowLeft" | "ArrowUp" => at.saturating_sub(1),
            "Home" => 0,
            "End" => last,
            "Enter" | " " if !(event.ctrl_key() || event.meta_key()) => {
                event.prevent_default();
                pick(at);
                return;
            }
            _ => return,
        };
        event.prevent_default();
        active.set(to);
        browser::focus(&format!("token-{to}"));
    };
    let token_view = move |at: usize, piece: Piece, name: String| {
        let Piece { text, special: is_special, aside, .. } = piece;
        let is_written = at >= count.get_untracked();
        let value = move || chosen.with(|(_, values)| values.get(at).copied().unwrap_or(f64::NAN));
        let colour = move || scale.get().colour(value(), Palette::of(app.dark.get()));
        let shown = if is_special { text.clone() } else { text.replace('\n', "⏎\n").replace('\t', "⇥\t") };
        view! {
            <span
                id=format!("token-{at}")
                class="token"
                // The text alone says which way it is read.
                dir=is_special.then_some("ltr")
                class:special=is_special
                class:aside=aside
                class:written=is_written
                role="option"
                aria-selected=move || (picked.get() == Some(at)).to_string()
                aria-label=move || format!("{name}: {}", number(value()))
                tabindex=move || if active.get() == at { "0" } else { "-1" }
                data-index=at
                data-value=move || value().to_string()
                style:background-color=move || colour().css()
                style:color=move || colour().ink().css()
                on:click=move |_| {
                    active.set(at);
                    pick(at);
                }
                on:mouseenter=move |_| pointed.set(Some(at))
                on:mouseleave=move |_| pointed.set(None)
                on:focus=move |_| {
                    active.set(at);
                    pointed.set(Some(at));
                }
                on:blur=move |_| pointed.set(None)
            >
                {shown}
            </span>
        }
    };
    view! {
        <div
            class="flow"
            dir="auto"
            class:long=move || parts.with(|parts| parts.len() > 60)
            data-testid="tokens"
            role="listbox"
            aria-label=say("tokens.label")
            on:keydown=on_key
        >
            {move || {
                active.set(0);
                pointed.set(None);
                parts
                    .get()
                    .into_iter()
                    .enumerate()
                    .map(|(at, (piece, name))| {
                        let gap = piece.gap.clone();
                        view! { {gap} {token_view(at, piece, name)} }
                    })
                    .collect_view()
            }}
        </div>
    }
}

/// The number under the pointer.
#[component]
fn Readout(
    parts: Memo<Vec<(Piece, String)>>,
    chosen: Memo<(Method, Vec<f64>)>,
    pointed: RwSignal<Option<usize>>,
) -> impl IntoView {
    let app = App::get();
    view! {
        <p class="readout" data-testid="token-readout">
            {move || {
                let at = pointed.get().or_else(|| app.picked_token());
                let line = at.and_then(|at| {
                    let text = parts.with(|parts| parts.get(at).map(|(_, name)| name.clone()))?;
                    let (method, value) =
                        chosen.with(|(method, values)| values.get(at).map(|&value| (*method, value)))?;
                    let value = if method.is_signed() { signed(value) } else { number(value) };
                    Some(format!("{at}  “{text}”  {value}"))
                });
                line.unwrap_or_else(|| say("tokens.point").into())
            }}
        </p>
    }
}

#[component]
fn Table(parts: Memo<Vec<(Piece, String)>>, chosen: Memo<(Method, Vec<f64>)>) -> impl IntoView {
    view! {
        <details class="as-table">
            <summary>{say("tokens.table")}</summary>
            <div class="table-box" tabindex="0" role="region" aria-label=say("tokens.table.label")>
                <table data-testid="token-table">
                    <caption class="visually-hidden">
                        {move || chosen.with(|(method, _)| fill("tokens.caption", &[&names::method(*method)]))}
                    </caption>
                    <thead>
                        <tr><th scope="col">"#"</th><th scope="col">{say("tokens.token")}</th><th scope="col">{say("tokens.value")}</th></tr>
                    </thead>
                    <tbody>
                        {move || {
                            let (_, values) = chosen.get();
                            parts
                                .get()
                                .into_iter()
                                .zip(values)
                                .enumerate()
                                .map(|(at, ((_, name), value))| {
                                    view! {
                                        <tr>
                                            <td>{at}</td>
                                            <th scope="row">{name}</th>
                                            <td class="figure">{number(value)}</td>
                                        </tr>
                                    }
                                })
                                .collect_view()
                        }}
                    </tbody>
                </table>
            </div>
        </details>
    }
}
