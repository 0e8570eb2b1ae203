//! What the model answers: the most probable next tokens, or a similarity.

use headlight_document::{Candidate, TargetKind};
use leptos::prelude::*;

use crate::app::App;
use crate::state::format::{number, percent};
use crate::state::pieces::visible;

/// The answer.
#[component]
pub fn AnswerPanel() -> impl IntoView {
    let app = App::get();
    let kind = Memo::new(move |_| app.shown.with(|shown| shown.document.target.kind));
    let is_stale = move || app.shown.with(|shown| shown.request.is_some()) && !app.is_current();
    view! {
        <section class="panel answer-panel" class:stale=is_stale aria-labelledby="answer-title">
            {move || match kind.get() {
                TargetKind::NextToken => view! { <Candidates/> }.into_any(),
                TargetKind::Similarity => view! { <Similarity/> }.into_any(),
            }}
        </section>
    }
}

#[component]
fn Candidates() -> impl IntoView {
    let app = App::get();
    let top = Memo::new(move |_| app.shown.with(|shown| shown.document.output.top.clone()));
    let target = Memo::new(move |_| app.shown.with(|shown| shown.document.target.id));
    let rest = move || top.with(|top| (1.0 - top.iter().map(|candidate| candidate.prob).sum::<f64>()).max(0.0));
    view! {
        <div class="panel-head"><h2 id="answer-title">"What comes next"</h2></div>
        <p class="caption">"Probability of the next token, over the whole vocabulary. Choose one to explain it."</p>
        <ol class="candidates" data-testid="candidates">
            {move || top.get().into_iter().map(|candidate| view! { <Bar candidate target/> }).collect_view()}
            <li class="rest">
                <span class="bar-row">
                    <span class="bar-label">"all others"</span>
                    <span class="bar-track" aria-hidden="true">
                        <span class="bar-fill" style:width=move || format!("{:.2}%", rest() * 100.0)></span>
                    </span>
                    <span class="figure">{move || percent(rest())}</span>
                </span>
            </li>
        </ol>
    }
}

#[component]
fn Bar(candidate: Candidate, target: Memo<Option<u32>>) -> impl IntoView {
    let app = App::get();
    let Candidate { id, text, logit, prob } = candidate;
    let is_target = move || target.get() == Some(id);
    view! {
        <li>
            <button
                type="button"
                class="bar-row"
                class:chosen=is_target
                aria-pressed=move || is_target().to_string()
                data-id=id
                data-prob=prob.to_string()
                data-logit=logit.to_string()
                title=format!("Logit {}", number(logit))
                on:click=move |_| app.aim(id)
            >
                <span class="bar-label">{visible(&text)}</span>
                <span class="bar-track" aria-hidden="true">
                    <span class="bar-fill" style:width=format!("{:.2}%", prob.clamp(0.0, 1.0) * 100.0)></span>
                </span>
                <span class="figure">{percent(prob)}</span>
            </button>
        </li>
    }
}

#[component]
fn Similarity() -> impl IntoView {
    let app = App::get();
    let cosine = move || app.shown.with(|shown| shown.document.target.value);
    let second = move || app.shown.with(|shown| shown.document.input.second_text.clone().unwrap_or_default());
    view! {
        <div class="panel-head"><h2 id="answer-title">"How similar they are"</h2></div>
        <p class="caption">"The cosine of the two texts’ embeddings: 1 is the same direction, 0 is unrelated."</p>
        <div class="gauge" data-testid="similarity" data-value=move || cosine().to_string()>
            <span class="gauge-number figure">{move || number(cosine())}</span>
            <div class="gauge-track" role="meter" aria-label="Similarity" aria-valuemin="-1" aria-valuemax="1"
                aria-valuenow=move || format!("{:.4}", cosine())>
                <span class="gauge-zero"></span>
                <span
                    class="gauge-needle"
                    style:left=move || format!("{:.2}%", (cosine().clamp(-1.0, 1.0) + 1.0) * 50.0)
                ></span>
            </div>
            <div class="gauge-ends"><span>"−1"</span><span>"0"</span><span>"1"</span></div>
        </div>
        <p class="caption">"Compared with"</p>
        <blockquote>{second}</blockquote>
    }
}
