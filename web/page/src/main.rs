//! The page of Headlight: it shows documents, and talks to the worker that computes them.

mod app;
mod browser;
mod draw;
mod dropped;
mod locale;
#[cfg(test)]
mod locale_tests;
mod panels;
mod state;
mod worker;

fn main() {
    std::panic::set_hook(Box::new(|info| browser::report(&format!("The page of Headlight broke: {info}"))));
    // It is asked for before anything else; index.html has asked already.
    let asked =
        browser::beside("sample.json").map(|address| browser::fetch_with(&address, &web_sys::RequestInit::new()));
    app::speak_first(|trouble| {
        wasm_bindgen_futures::spawn_local(async move {
            let text = match asked {
                Some(asked) => asked.await,
                None => Err(locale::say("app.no_address").to_owned()),
            };
            match text.and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string())) {
                Ok(sample) => {
                    browser::remove_placeholder();
                    leptos::mount::mount_to_body(move || leptos::view! { <panels::Page sample trouble/> });
                }
                Err(why) => browser::say_in("placeholder", &locale::fill("app.no_sample", &[&why])),
            }
        });
    });
}
