//! How the page opens: its address, the last visit's draft, the list of models.

use std::sync::Arc;

use headlight_document::message::DeviceChoice;
use headlight_document::{Explanation, Manifest};
use leptos::prelude::*;

use super::{App, Ask, Listing, Session, Shown, Theme, is_kept};
use crate::browser;
use crate::locale::heard;
use crate::locale::{self, fill, say};
use crate::state::attention;
use crate::state::conductor::{Conductor, Input};
use crate::state::form::{self, Form, Opening};
use crate::state::frozen::Opened;

impl App {
    /// Opens the page: from its address, else from the last visit's draft, else with the precomputed explanation.
    pub fn open(sample: Explanation) -> Self {
        let device = match browser::parameter("device").as_deref() {
            Some("cpu") => DeviceChoice::Cpu,
            Some("webgpu") => DeviceChoice::Webgpu,
            _ => DeviceChoice::Auto,
        };
        let theme = RwSignal::new(match browser::recall("theme").as_deref() {
            Some("light") => Theme::Light,
            Some("dark") => Theme::Dark,
            _ => Theme::Auto,
        });
        let system_dark = RwSignal::new(browser::prefers_dark());
        let dark = Memo::new(move |_| match theme.get() {
            Theme::Auto => system_dark.get(),
            chosen => chosen == Theme::Dark,
        });
        let mut plain = Form::new(sample.model.id.clone(), sample.input.task, sample.input.text.clone());
        plain.read = sample.target.read;
        plain.head = sample.attention.first().and_then(attention::suggested_head);
        let own = plain.text.clone();
        let form = RwSignal::new(plain);
        let shown = RwSignal::new(Shown { document: Arc::new(sample), request: None, number: 0, id: None });
        let kind = Memo::new(move |_| form.with(|form| form.kind));
        let labels = Memo::new(move |_| {
            let kind = kind.get();
            shown.with(|shown| {
                let chosen = attention::chosen(&shown.document.attention, kind);
                Arc::new(chosen.map(|attention| attention::axes(&shown.document, attention)).unwrap_or_default())
            })
        });
        let app = Self {
            form,
            kind,
            labels,
            conductor: RwSignal::new(Conductor::new(device)),
            shown,
            listing: RwSignal::new(Listing::Pending),
            kept: RwSignal::default(),
            notice: RwSignal::default(),
            hint: RwSignal::default(),
            handover: RwSignal::default(),
            pending: RwSignal::new(false),
            language: RwSignal::new(locale::language()),
            opened: RwSignal::default(),
            embeds: browser::parameter("embed").is_some(),
            theme,
            dark,
            sources: RwSignal::default(),
            panel: RwSignal::new(false),
            invited: RwSignal::default(),
            compared: RwSignal::default(),
            estimate: RwSignal::default(),
            replaced: StoredValue::default(),
            layered: RwSignal::default(),
            changed: RwSignal::default(),
            headed: RwSignal::default(),
            other: RwSignal::default(),
            other_asked: StoredValue::default(),
            other_typed: RwSignal::new((String::new(), String::new())),
            inside: RwSignal::default(),
            sight: RwSignal::default(),
            comparing_hint: RwSignal::default(),
            apart_hint: RwSignal::default(),
            writing: RwSignal::default(),
            session: Session::default(),
            write_after: StoredValue::new(false),
            resume: StoredValue::new(false),
            asking: RwSignal::default(),
            undo: StoredValue::default(),
            waiting: StoredValue::default(),
            wanted: StoredValue::default(),
            held: StoredValue::new_local(std::collections::BTreeMap::new()),
            device,
            suggest: StoredValue::new(false),
            sample: StoredValue::new(own),
            library: StoredValue::default(),
            system_dark,
            linked: RwSignal::default(),
            line: StoredValue::new_local(None),
            pause: StoredValue::new_local(None),
            watch: StoredValue::new_local(None),
            save: StoredValue::new_local(None),
        };
        app.recall_writing();
        let is_linked = app.follow_fragment();
        let is_frozen = app.opened.with_untracked(|opened| opened.frozen.is_some());
        if let Some(draft) = browser::recall("draft").as_deref().and_then(Form::of_draft).filter(|_| !is_frozen) {
            if is_linked {
                app.form.update(|form| form.join(draft));
            } else if app.notice.with_untracked(Option::is_none) {
                app.form.set(draft);
            }
        }
        Effect::new(move |_| {
            let theme = theme.get();
            browser::set_root_attribute("data-theme", (theme != Theme::Auto).then_some(theme.name()));
        });
        app.listen();
        app.watch_sight();
        app.listen_for_undo();
        app.list_explanations();
        app.list_models();
        // Who names a device wants to know whether it works.
        if device != DeviceChoice::Auto && !is_frozen && !app.embeds {
            app.tell(Input::Start);
        }
        app
    }

    fn listen(self) {
        let handle = window_event_listener_untyped("hashchange", move |_| {
            if self.follow_fragment() {
                self.ask_linked();
            }
        });
        on_cleanup(move || handle.remove());
        if let Ok(Some(query)) = window().match_media("(prefers-color-scheme: dark)") {
            let heard = wasm_bindgen::closure::Closure::<dyn FnMut()>::new(move || {
                self.system_dark.set(browser::prefers_dark());
            });
            query.set_onchange(Some(wasm_bindgen::JsCast::unchecked_ref(heard.as_ref())));
            // Both live as long as the page.
            heard.forget();
            std::mem::forget(query);
        }
    }

    // Takes up the address's fragment; whether there was a link in it.
    fn follow_fragment(self) -> bool {
        match form::open(&browser::fragment()) {
            Opening::Plain => false,
            Opening::Refused(error) => {
                self.notice.set(Some(heard(&error.to_string())));
                browser::set_fragment("");
                false
            }
            Opening::Frozen(frozen) => {
                self.show_frozen(*frozen, None);
                false
            }
            Opening::Linked(form, sha256, written) => {
                self.let_go();
                self.take_written(&form.model, &form.text, written.clone());
                // What is missing of it is known once the list of models is here.
                self.opened.set(Opened { waits: true, ..Opened::link(&form, sha256.clone(), written) });
                self.resume.set_value(form.apart.is_asked);
                self.form.set(*form);
                self.linked.set(Some(sha256));
                true
            }
        }
    }

    /// Fetches the list of models.
    pub fn list_models(self) {
        self.listing.set(Listing::Pending);
        leptos::task::spawn_local(async move {
            match fetch_manifest().await {
                Ok(manifest) => {
                    let kept = manifest.models.iter().filter(|entry| is_kept(entry)).map(|entry| entry.id.clone());
                    self.kept.set(kept.collect());
                    self.listing.set(Listing::Ready(Arc::new(manifest)));
                    self.begin();
                }
                Err(why) => {
                    self.listing.set(Listing::Failed(fill("app.no_list", &[&why])));
                }
            }
        });
    }

    // The list of models is here: go on with what was wanted before.
    fn begin(self) {
        if self.opened.with_untracked(|opened| opened.frozen.is_some()) {
            return;
        }
        if self.linked.with_untracked(Option::is_some) {
            self.ask_linked();
            return;
        }
        let model = self.form.with_untracked(|form| form.model.clone());
        if self.entry_now(&model).is_none() {
            self.choose_first();
        } else if self.pending.get_untracked() || self.kept.with_untracked(|kept| kept.contains(&model)) {
            self.ask(Ask::Cheap);
        }
    }

    pub(super) fn choose_first(self) {
        if let Listing::Ready(manifest) = self.listing.get_untracked()
            && let Some(entry) = manifest.models.first()
        {
            self.form.update(|form| form.choose(entry));
        }
    }
}

async fn fetch_manifest() -> Result<Manifest, String> {
    let address = browser::beside("models/manifest.json").ok_or(say("app.no_address"))?;
    let text = browser::fetch_text(&address).await?;
    let manifest: Manifest = serde_json::from_str(&text).map_err(|_| say("app.no_such_list"))?;
    if manifest.models.is_empty() {
        return Err(say("app.empty_list").into());
    }
    Ok(manifest)
}
