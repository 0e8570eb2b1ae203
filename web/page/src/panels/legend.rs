//! A colour scale with its range.

use leptos::prelude::*;

use super::parts::span;
use crate::locale::say;
use crate::state::colour::{Palette, Rgb, Scale};
use crate::state::format::{number, signed};

/// The legend of a token colouring.
#[component]
pub fn TokenLegend(scale: Signal<Scale>, dark: Signal<bool>) -> impl IntoView {
    let bar = move || {
        let (scale, palette) = (scale.get(), Palette::of(dark.get()));
        gradient(|share| {
            let value = if scale.signed { share * 2.0 - 1.0 } else { share };
            Scale { limit: 1.0, ..scale }.colour(value, palette)
        })
    };
    let ends = move || {
        let scale = scale.get();
        if scale.signed {
            (signed(-scale.limit), "0".to_owned(), signed(scale.limit))
        } else {
            ("0".to_owned(), String::new(), number(scale.limit))
        }
    };
    view! {
        <div class="legend" data-testid="legend" data-limit=move || scale.get().limit.to_string()>
            <span class="legend-bar" style:background-image=bar aria-hidden="true"></span>
            <span class="legend-ends">
                <span>{move || ends().0}</span>
                <span>{move || ends().1}</span>
                <span>{move || ends().2}</span>
            </span>
            <span class="legend-note">
                {move || {
                    if scale.get().signed { say("legend.signed") } else { say("legend.unsigned") }
                }}
            </span>
        </div>
    }
}

/// The legend of attention weights.
#[component]
pub fn AttentionLegend(dark: Signal<bool>) -> impl IntoView {
    let bar = move || gradient(|share| Palette::of(dark.get()).amount(share));
    view! {
        <div class="legend" data-testid="attention-legend">
            <span class="legend-bar" style:background-image=bar aria-hidden="true"></span>
            <span class="legend-ends"><span>"0"</span><span>"0.25"</span><span>"1"</span></span>
            {span("legend-note", say("legend.attention"))}
        </div>
    }
}

fn gradient(colour: impl Fn(f64) -> Rgb) -> String {
    let stops: Vec<String> = (0..=12).map(|step| colour(f64::from(step) / 12.0).css()).collect();
    format!("linear-gradient(to right, {})", stops.join(", "))
}
