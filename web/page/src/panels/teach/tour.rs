//! A short way around the page, and the invitation to it. It points at panels and covers none; it can be left at any stop.

use leptos::ev;
use leptos::prelude::*;
use serde_json::Value;

use super::glossary::add_paragraph;
use super::{Teach, point_at, small};
use crate::browser;
use crate::locale::{fill, say};
use crate::panels::parts::{changing, plain_button, written};

/// Whether somebody has not been here: nothing was chosen, no link was followed, and no script drives the browser.
pub(super) fn is_new_here() -> bool {
    let automatic = js_sys::Reflect::get(&window().navigator(), &"webdriver".into()).is_ok_and(|it| it.is_truthy());
    let asked = ["embed", "present", "lesson", "tour"].iter().any(|name| browser::parameter(name).is_some());
    !automatic && !asked && browser::fragment().len() < 2 && browser::recall("tour").is_none()
}

impl Teach {
    /// Begins the tour.
    pub(super) fn tour(self) {
        self.need_texts();
        self.dismiss();
        self.stage.set(None);
        self.stop.set(Some(0));
    }

    fn leave_tour(self) {
        self.stop.set(None);
        point_at(None);
        browser::focus("text");
    }

    fn dismiss(self) {
        browser::remember("tour", "seen");
        self.invites.set(false);
    }
}

/// The invitation, once, to somebody who is new here.
#[component]
pub fn Invitation() -> impl IntoView {
    let teach = Teach::get();
    changing(move || {
        teach.invites.get().then(|| {
            view! {
                <section class="invitation" data-testid="invitation" aria-label=say("teach.new_here")>
                    <p>{say("teach.invitation")}</p>
                    {plain_button("primary", "take-tour", say("teach.take_tour"), move || teach.tour())}
                    {small("take-lessons", "teach.door.lessons", move || {
                        teach.dismiss();
                        teach.open("lessons");
                    })}
                    {small("no-tour", "teach.no_tour", move || teach.dismiss())}
                </section>
            }
            .into_any()
        })
    })
}

/// The stops.
fn stops(texts: &Value) -> &[Value] {
    texts["tour"].as_array().map_or(&[], |stops| stops)
}

/// The card of a stop.
pub(super) fn card(teach: Teach) -> AnyView {
    let count = move || teach.read(|texts, _| stops(texts).len()).unwrap_or(0);
    let go = move |by: isize| {
        let Some(now) = teach.stop.get_untracked() else { return };
        match now.checked_add_signed(by) {
            Some(next) if next < untrack(count) => teach.stop.set(Some(next)),
            Some(_) => teach.leave_tour(),
            None => {}
        }
    };
    Effect::new(move |_| {
        let Some(at) = teach.stop.get() else { return };
        let panel = teach.read(|texts, _| Some(stops(texts).get(at)?["panel"].as_str()?.to_owned())).flatten();
        point_at(panel.as_deref());
        request_animation_frame(|| browser::focus("tour-title"));
    });
    let key = window_event_listener(ev::keydown, move |event| {
        if teach.stop.with_untracked(Option::is_some) && event.key() == "Escape" && !event.default_prevented() {
            teach.leave_tour();
        }
    });
    on_cleanup(move || key.remove());
    changing(move || {
        let at = teach.stop.get()?;
        let count = count();
        let text = written("", move |part| {
            teach.read(|texts, _| {
                let Some(stop) = stops(texts).get(at) else { return };
                part.add("h3", &[("id", "tour-title"), ("tabindex", "-1")], stop["title"].as_str().unwrap_or_default());
                add_paragraph(part, "", stop["text"].as_str().unwrap_or_default());
            });
        });
        let last = at + 1 >= count;
        Some(
            view! {
                <section class="tour" role="dialog" aria-labelledby="tour-title" data-testid="tour" data-stop=at>
                    {text}
                    <div class="teach-line">
                        <span class="caption">{fill("teach.stop", &[&(at + 1), &count])}</span>
                        {small("tour-leave", "teach.leave_tour", move || teach.leave_tour())}
                        {(at > 0).then(|| small("tour-back", "lessons.back", move || go(-1)))}
                        {plain_button("primary", "tour-next", say(if last { "teach.tour_end" } else { "lessons.next" }), move || go(1))}
                    </div>
                </section>
            }
            .into_any(),
        )
    })
}
