//! The bar on top: what it is, which model and device, and what can be done with the page.

use std::time::Duration;

use headlight_document::message::DeviceKind;
use leptos::prelude::*;

use super::help::Help;
use super::models::ModelChooser;
use crate::app::{App, Theme};
use crate::browser;
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
                <ThemeSwitch/>
                <Share/>
                <Export/>
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
            Phase::Idle => ("none", "Engine not started".to_owned(), None),
            Phase::Starting => ("none", "Choosing a device…".to_owned(), None),
            Phase::Down { .. } => ("none", "Engine stopped".to_owned(), None),
            Phase::Up(device) => match device.kind {
                DeviceKind::Cpu => ("cpu", device.name.clone(), device.reason.clone()),
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
            aria-label=move || format!("Theme: {}. Change to {}.", app.theme.get().name(), next().name())
            title="Light, dark, or as your system says"
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
                Theme::Auto => "Auto",
                Theme::Light => "Light",
                Theme::Dark => "Dark",
            }}</span>
        </button>
    }
}

#[component]
fn Share() -> impl IntoView {
    let app = App::get();
    let done = RwSignal::new(false);
    let copy = move |_| match app.link() {
        Err(why) => app.notice.set(Some(why)),
        Ok(fragment) => {
            browser::set_fragment(&fragment);
            let address = browser::address_with(&fragment);
            leptos::task::spawn_local(async move {
                if browser::copy(&address).await {
                    done.set(true);
                    set_timeout(move || done.set(false), Duration::from_secs(2));
                } else {
                    app.notice.set(Some("The link is in the address bar now; copy it from there.".into()));
                }
            });
        }
    };
    view! {
        <button type="button" class="quiet" data-testid="share" on:click=copy title="Copy a link that opens this explanation">
            <span aria-live="polite">{move || if done.get() { "Link copied" } else { "Share" }}</span>
        </button>
    }
}

#[component]
fn Export() -> impl IntoView {
    let app = App::get();
    view! {
        <button
            type="button"
            class="quiet"
            data-testid="export"
            title="Save this explanation as JSON, with every attention weight"
            on:click=move |_| app.export()
        >
            "Export"
        </button>
    }
}
