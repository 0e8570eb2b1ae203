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
    app::speak_first(|trouble| {
        browser::remove_placeholder();
        match panels::sample() {
            Ok(sample) => leptos::mount::mount_to_body(move || leptos::view! { <panels::Page sample trouble/> }),
            Err(error) => browser::report(&format!("The precomputed explanation cannot be read: {error}")),
        }
    });
}
