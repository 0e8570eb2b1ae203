//! The panels, from top to bottom as a person meets them.

mod answer;
mod attention;
mod chart;
mod head;
mod help;
mod input;
mod legend;
mod models;
mod status;
mod tokens;
mod topbar;

use headlight_document::Explanation;
use leptos::prelude::*;

use crate::app::App;
use crate::browser;

/// The precomputed explanation of a real run, shown before any model has loaded.
const SAMPLE: &str = include_str!("../../assets/sample.json");

/// The whole page.
#[component]
pub fn Page() -> impl IntoView {
    let sample: Explanation = match serde_json::from_str(SAMPLE) {
        Ok(sample) => sample,
        Err(error) => {
            browser::report(&format!("The precomputed explanation cannot be read: {error}"));
            return view! { <p>"This copy of Headlight is damaged; please build it again."</p> }.into_any();
        }
    };
    provide_context(App::open(sample));
    view! {
        <topbar::TopBar/>
        <main>
            <status::Notice/>
            <status::Status/>
            <div class="sheet">
                <input::InputPanel/>
                <tokens::TokensPanel/>
                <answer::AnswerPanel/>
                <attention::AttentionPanel/>
            </div>
        </main>
        <footer class="foot">
            <p>"Everything on this page is computed in your browser. Your text is sent nowhere."</p>
        </footer>
    }
    .into_any()
}
