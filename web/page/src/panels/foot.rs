//! The foot of the page: which version this is, and whether it works without a network.

use leptos::prelude::*;
use wasm_bindgen::prelude::*;

use super::parts::{changing, plain_button};
use crate::app::App;
use crate::browser;
use crate::locale::{Language, fill, language, say};

// By hand and in JavaScript, since all of it is promises and events of the browser's.
#[wasm_bindgen(module = "/offline.js")]
extern "C" {
    #[wasm_bindgen(js_name = watchOffline)]
    fn watch_offline(version: &str, hear: &Closure<dyn FnMut(String)>);
    #[wasm_bindgen(js_name = keepOffline)]
    fn keep_offline();
    #[wasm_bindgen(js_name = takeNewVersion)]
    fn take_new_version();
}

/// Whether this version is kept for use without a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    /// It can't be: not by this browser or not from this server.
    No,
    /// Not yet.
    Off,
    /// Being kept.
    Pending,
    /// Yes.
    Yes,
    /// It went wrong.
    Failed,
    /// Another version is here.
    Outdated,
}

/// What the foot and the prompt read.
#[derive(Clone, Copy)]
struct Offline(RwSignal<Kept>);

/// Begins to watch over what is kept, for the foot and the prompt.
pub fn watch(app: App) {
    let kept = RwSignal::new(Kept::No);
    provide_context(Offline(kept));
    let hear = Closure::<dyn FnMut(String)>::new(move |state: String| {
        kept.set(match &*state {
            "off" => Kept::Off,
            "keeping" => Kept::Pending,
            "kept" => Kept::Yes,
            "failed" => Kept::Failed,
            "new" => Kept::Outdated,
            _ => Kept::No,
        });
    });
    watch_offline(&browser::meta("headlight-version").unwrap_or_default(), &hear);
    // It lives as long as the page.
    hear.forget();
    // Who has loaded a model has fetched nearly all of the site, and wants to come back to it.
    Effect::new(move |_| {
        let has_model = app.conductor.with(|conductor| conductor.loaded.is_some());
        if has_model && kept.get() == Kept::Off {
            keep_offline();
        }
    });
}

/// Asks whether to go over to a new version.
#[component]
pub fn NewVersion() -> impl IntoView {
    let app = App::get();
    let Offline(kept) = expect_context();
    let take = move || {
        app.save_now();
        take_new_version();
    };
    view! {
        <div role="status" class="notices">
            {changing(move || {
                (kept.get() == Kept::Outdated).then(|| {
                    view! {
                        <div class="notice" data-testid="new-version">
                            <p>{say("foot.new")}</p>
                            {plain_button("small", "take-new-version", say("foot.reload"), take)}
                        </div>
                    }
                    .into_any()
                })
            })}
        </div>
    }
}

/// Where the user guide is, in the language that is chosen.
pub fn guide() -> &'static str {
    match language() {
        Language::English => "guide/index.html",
        Language::Chinese => "guide/zh/index.html",
    }
}

/// The foot.
#[component]
pub fn Foot() -> impl IntoView {
    let Offline(kept) = expect_context();
    let version = browser::meta("headlight-version").map(|version| fill("foot.version", &[&version]));
    view! {
        <footer class="foot">
            <p>{say("top.foot")}</p>
            // Beside the page, whose model and text it would drop.
            <p><a href=guide() target="headlight-guide" data-testid="guide">{say("foot.guide")}</a></p>
            <p class="kept-line" data-testid="offline" data-state=move || format!("{:?}", kept.get()).to_lowercase()>
                <span data-testid="version">{version}</span> " "
                {changing(move || {
                    let said = match kept.get() {
                        Kept::No => return None,
                        Kept::Off => "",
                        Kept::Pending => say("foot.keeping"),
                        Kept::Yes => say("foot.kept"),
                        Kept::Failed => say("foot.failed"),
                        Kept::Outdated => say("foot.outdated"),
                    };
                    let button = match kept.get() {
                        Kept::Off => Some(say("foot.keep")),
                        Kept::Failed => Some(say("foot.again")),
                        _ => None,
                    };
                    let button = button.map(|title| plain_button("small", "keep-offline", title, keep_offline));
                    Some(view! { <span role="status">{said}</span> " " {button} }.into_any())
                })}
            </p>
        </footer>
    }
}
