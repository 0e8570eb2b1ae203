//! Which language the page speaks: as the address says, else as it was chosen before, else as the browser is set.

use std::pin::Pin;

use leptos::prelude::*;

use super::{App, Listing};
use crate::browser;
use crate::locale::{self, Language, Spoken, fill, say};
use crate::state::conductor::Phase;

/// Speaks the language that is wanted when the page opens, and then goes on; with a sentence where that could not be.
pub fn speak_first(go_on: impl FnOnce(Option<String>) + 'static) {
    let named = browser::parameter("lang").or_else(|| browser::recall("language"));
    let wanted = named.as_deref().and_then(Language::named);
    match wanted.unwrap_or_else(|| Language::preferred(browser::languages())) {
        // Nothing has to be fetched, so that the page paints at once.
        Language::English => go_on(None),
        // Leptos has no executor of its own before it has mounted something.
        other => wasm_bindgen_futures::spawn_local(async move { go_on(fetch(other).await.err()) }),
    }
}

// Speaks a language; the error is a sentence.
fn fetch(language: Language) -> Pin<Box<dyn Future<Output = Result<(), String>>>> {
    Box::pin(fetching(language))
}

async fn fetching(language: Language) -> Result<(), String> {
    let address = |area: &&str| browser::beside(&format!("locales/{}/{area}.json", language.name()));
    // All are asked for before the first is here.
    let areas = locale::AREAS.iter().chain([&locale::HEARD, &locale::REPORT]);
    let fetches: Vec<_> = areas.filter_map(address).map(|it| browser::fetch_text(&it)).collect();
    let mut files = Vec::with_capacity(fetches.len());
    for file in fetches {
        files.push(file.await.map_err(|why| fill("top.language.failed", &[&why]))?);
    }
    let spoken = locale::speak(language, &files);
    spoken.map_err(|_| fill("top.language.failed", &[&say("top.fetch.no_text")]))?;
    browser::set_root_attribute("lang", Some(language.tag()));
    Ok(())
}

impl App {
    /// Speaks another language from now on, and remembers it. Everything but the texts stays as it is.
    pub fn choose_language(self, language: Language) {
        leptos::task::spawn_local(async move {
            let before = locale::spoken();
            let spoken = match language {
                Language::English => {
                    locale::speak_english();
                    browser::set_root_attribute("lang", Some(language.tag()));
                    Ok(())
                }
                other => fetch(other).await,
            };
            if let Err(sentence) = spoken {
                self.notice.set(Some(sentence));
                return;
            }
            self.say_again(before);
            browser::remember("language", language.name());
            browser::drop_parameter("lang");
            self.language.set(language);
            // The button that was pressed is gone with the old view.
            request_animation_frame(|| browser::focus("language"));
        });
    }
    // What waits to be read was put into words in the other language.
    fn say_again(self, before: Spoken) {
        let said = |sentence: &mut Option<String>| {
            if let Some(sentence) = sentence {
                *sentence = locale::again(before, sentence);
            }
        };
        for signal in [self.notice, self.hint, self.handover, self.comparing_hint, self.apart_hint] {
            if signal.with_untracked(Option::is_some) {
                signal.update(said);
            }
        }
        if let Listing::Failed(why) = self.listing.get_untracked() {
            self.listing.set(Listing::Failed(locale::again(before, &why)));
        }
        self.conductor.update(|conductor| {
            if let Some(trouble) = &mut conductor.trouble {
                trouble.failure.message = locale::again(before, &trouble.failure.message);
            }
            if let Phase::Down { message, .. } = &mut conductor.phase {
                *message = locale::again(before, message);
            }
        });
    }
}
