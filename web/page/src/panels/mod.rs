//! The panels, from top to bottom as a person meets them.

mod answer;
mod attention;
mod changed;
mod chart;
mod counterfactual;
mod embed;
mod explain_me;
mod foot;
mod gaze;
mod grid;
mod head;
mod heads;
mod heat;
mod help;
mod history;
mod input;
mod leave_out;
mod legend;
mod lines;
mod methods;
mod models;
mod neurons;
mod opened;
mod over_text;
mod own;
mod parts;
mod prompt;
mod saving;
mod share;
mod status;
mod teach;
mod tokens;
mod topbar;
mod tree;
mod triangle;
mod weights;
mod writing;

use headlight_document::{Explanation, Task};
use leptos::prelude::*;

use crate::app::App;

/// The precomputed explanation of a real run, which the page shows before any model has loaded.
#[cfg(test)]
pub fn sample() -> Explanation {
    serde_json::from_str(include_str!("../../assets/sample.json")).unwrap()
}

/// The whole page. `trouble` is a sentence to begin with, where something went wrong before.
#[component]
pub fn Page(sample: Explanation, trouble: Option<String>) -> impl IntoView {
    let app = App::open(sample);
    provide_context(app);
    foot::watch(app);
    provide_context(saving::Saving::new());
    provide_context(teach::Teach::new(app));
    if trouble.is_some() {
        app.notice.set(trouble);
    }
    // Everything that is read on the page is made anew in another language; what the person did is in `App`, and stays.
    parts::changing(move || {
        app.language.track();
        Some(if app.embeds { embed::embed(app) } else { view! { <Everything/> }.into_any() })
    })
}

#[component]
fn Everything() -> impl IntoView {
    // What lies below the first screen is made after it was painted.
    let is_painted = RwSignal::new(false);
    request_animation_frame(move || set_timeout(move || is_painted.set(true), std::time::Duration::ZERO));
    let app = App::get();
    let goes_on = Memo::new(move |_| app.form.with(|form| matches!(form.task, Task::Continue | Task::Translate)));
    view! {
        <topbar::TopBar/>
        <main>
            <status::Notice/>
            <foot::NewVersion/>
            {opened::opened(app)}
            <teach::Invitation/>
            <status::Status/>
            <div class="sheet">
                <input::InputPanel/>
                <tokens::TokensPanel/>
                <answer::AnswerPanel/>
                {parts::changing(move || (is_painted.get() && goes_on.get()).then(|| writing::writing(app)))}
                {parts::changing(move || is_painted.get().then(|| counterfactual::counterfactual(app)))}
                <attention::AttentionPanel/>
                {parts::changing(move || {
                    is_painted.get().then(|| view! { <heads::HeadsPanel/> <methods::MethodsPanel/> {history::history(app)} }.into_any())
                })}
            </div>
        </main>
        <foot::Foot/>
        <teach::Corner/>
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_precomputed_explanation_is_whole() {
        let sample = super::sample();
        assert_eq!(sample.schema, headlight_document::explanation::SCHEMA);
        let tokens = sample.input.tokens.len();
        assert_eq!(sample.output.top.len(), 10);
        for method in crate::state::form::METHODS {
            let found = sample.attributions.iter().find(|attribution| attribution.method == *method).unwrap();
            assert_eq!(found.values.len(), tokens);
        }
        let attention = &sample.attention[0];
        assert_eq!((attention.rows, attention.columns), (tokens, tokens));
        for row in attention.values.as_ref().unwrap().chunks_exact(tokens) {
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-4);
        }
        // It is a real run's, and says of which weights.
        assert_eq!(sample.model.sha256.len(), 64);
        assert!(sample.timing_ms.contains_key("total"));
    }
}
