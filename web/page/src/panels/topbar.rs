//! The bar on top: what it is, which model and device, and what can be done with the page.

use headlight_document::message::DeviceKind;
use leptos::prelude::*;

use super::help::Help;
use super::models::ModelChooser;
use super::share::Share;
use crate::app::{App, Theme};
use crate::locale::{self, Language, fill, heard, say};
use crate::state::conductor::Phase;

/// The bar on top.
#[component]
pub fn TopBar() -> impl IntoView {
    view! {
        <header class="topbar">
            <h1 class="wordmark">
                <svg viewBox="0 0 32 32" aria-hidden="true" focusable="false">
                    <path class="lamp" d="M4 9h6a7 7 0 0 1 0 14H4z"/>
                    <path class="beam" d="M20 11l9-4M21 16h9M20 21l9 4"/>
                </svg>
                "Headlight"
            </h1>
            <ModelChooser/>
            <Device/>
            <div class="actions">
                <LanguageSwitch/>
                <ThemeSwitch/>
                <Share/>
                {super::saving::dialog(App::get())}
                <Help/>
            </div>
        </header>
    }
}

#[component]
fn Device() -> impl IntoView {
    let app = App::get();
    let device = Memo::new(move |_| {
        app.conductor.with(|conductor| match &conductor.phase {
            Phase::Idle => ("none", say("top.device.idle").to_owned(), None),
            Phase::Starting => ("none", say("top.device.starting").to_owned(), None),
            Phase::Down { .. } => ("none", say("top.device.down").to_owned(), None),
            Phase::Up(device) => match device.kind {
                DeviceKind::Cpu => ("cpu", device.name.clone(), device.reason.as_deref().map(heard)),
                DeviceKind::Webgpu => ("webgpu", format!("WebGPU · {}", device.name), None),
            },
        })
    });
    let reason = move || device.get().2;
    // A bar that is narrow may cut either short.
    let title = move || reason().unwrap_or_else(|| device.get().1);
    view! {
        <div class="device" data-testid="device" data-kind=move || device.get().0 title=title>
            <span class="dot" aria-hidden="true"></span>
            <span class="device-name">{move || device.get().1}</span>
            {move || reason().map(|reason| view! { <span class="device-reason">{reason}</span> })}
        </div>
    }
}

#[component]
fn LanguageSwitch() -> impl IntoView {
    let app = App::get();
    let other = match locale::language() {
        Language::English => Language::Chinese,
        Language::Chinese => Language::English,
    };
    view! {
        <button
            type="button"
            class="quiet"
            id="language"
            data-testid="language"
            lang=other.tag()
            title=say("top.language.title")
            on:click=move |_| app.choose_language(other)
        >
            {say("top.language.other")}
        </button>
    }
}

fn theme_name(theme: Theme) -> &'static str {
    match theme {
        Theme::Auto => say("top.theme.auto.name"),
        Theme::Light => say("top.theme.light.name"),
        Theme::Dark => say("top.theme.dark.name"),
    }
}

#[component]
fn ThemeSwitch() -> impl IntoView {
    let app = App::get();
    let next = move || match app.theme.get() {
        Theme::Auto => Theme::Light,
        Theme::Light => Theme::Dark,
        Theme::Dark => Theme::Auto,
    };
    view! {
        <button
            type="button"
            class="quiet"
            data-testid="theme"
            data-theme-choice=move || app.theme.get().name()
            aria-label=move || fill("top.theme", &[&theme_name(app.theme.get()), &theme_name(next())])
            title=say("top.theme.title")
            on:click=move |_| app.set_theme(untrack(next))
        >
            <svg viewBox="0 0 16 16" aria-hidden="true" focusable="false">
                <circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" stroke-width="1.6"/>
                {move || match app.theme.get() {
                    Theme::Auto => Some(view! { <path d="M8 2a6 6 0 0 1 0 12z" fill="currentColor"/> }.into_any()),
                    Theme::Light => None,
                    Theme::Dark => Some(view! { <circle cx="8" cy="8" r="5.4" fill="currentColor"/> }.into_any()),
                }}
            </svg>
            <span class="wide-only">{move || match app.theme.get() {
                Theme::Auto => say("top.theme.auto"),
                Theme::Light => say("top.theme.light"),
                Theme::Dark => say("top.theme.dark"),
            }}</span>
        </button>
    }
}
