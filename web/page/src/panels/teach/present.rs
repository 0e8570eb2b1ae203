//! The page for a class: one panel at a time in large type, gone through by keys.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::{Teach, point_at, sign};
use crate::browser;
use crate::locale::{fill, say};
use crate::panels::parts::changing;

/// The panels that there are, in their order.
fn panels() -> Vec<Element> {
    let Ok(found) = document().query_selector_all(".sheet>.panel") else { return Vec::new() };
    (0..found.length()).filter_map(|at| found.item(at)?.dyn_into().ok()).collect()
}

/// What a panel is called.
fn name(panel: &Element) -> String {
    let heading = panel.query_selector("h2").ok().flatten();
    heading.and_then(|heading| heading.text_content()).unwrap_or_default()
}

impl Teach {
    /// Shows one panel alone.
    pub(super) fn present(self, panel: usize) {
        self.stop.set(None);
        self.invites.set(false);
        point_at(None);
        self.stage.set(Some(panel));
    }

    fn turn(self, by: isize) {
        let most = panels().len().saturating_sub(1);
        self.stage.update(|stage| {
            *stage = stage.map(|at| at.saturating_add_signed(by).min(most));
        });
    }
}

/// The line below the panel.
pub(super) fn bar(teach: Teach) -> AnyView {
    Effect::new(move |_| {
        let stage = teach.stage.get();
        for (at, panel) in panels().iter().enumerate() {
            let _ = if stage == Some(at) {
                panel.set_attribute("data-stage", "")
            } else {
                panel.remove_attribute("data-stage")
            };
        }
        browser::set_root_attribute("data-present", stage.map(|_| ""));
        if stage.is_some() {
            window().scroll_to_with_x_and_y(0.0, 0.0);
        }
    });
    let key = window_event_listener(ev::keydown, move |event| {
        if teach.stage.with_untracked(Option::is_none) || event.default_prevented() {
            return;
        }
        // Where arrows mean something else they keep that meaning; the keys of a presenter's clicker do not.
        let is_taken =
            browser::of_target(&event, "role").is_some_and(|role| role == "application") || browser::is_typing();
        match event.key().as_str() {
            "PageDown" => teach.turn(1),
            "PageUp" => teach.turn(-1),
            "ArrowRight" if !is_taken => teach.turn(1),
            "ArrowLeft" if !is_taken => teach.turn(-1),
            "Escape" if document().query_selector("dialog[open]").ok().flatten().is_none() => teach.stage.set(None),
            _ => return,
        }
        event.prevent_default();
    });
    on_cleanup(move || key.remove());
    changing(move || {
        let at = teach.stage.get()?;
        let all = panels();
        let title =
            fill("teach.panel_of", &[&(at + 1), &all.len().max(at + 1), &all.get(at).map(name).unwrap_or_default()]);
        Some(
            view! {
                <nav class="presenter" aria-label=say("teach.door.present") data-testid="presenter" data-panel=at>
                    {sign("present-back", "‹", say("teach.panel_before"), move || teach.turn(-1))}
                    <span role="status">{title}</span>
                    {sign("present-next", "›", say("teach.panel_after"), move || teach.turn(1))}
                    {super::small("present-leave", "teach.present_end", move || teach.stage.set(None))}
                </nav>
            }
            .into_any(),
        )
    })
}
