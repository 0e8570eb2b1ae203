//! Saving: every drawing has a button, and says here how it is made as a file. One dialog saves all of them, and the explanation.

mod attention;
mod beside;
mod dialog;
mod figures;
mod ground;
mod text;
mod writing;

pub use attention::{grid, lines, map, neurons, shelf};
pub use beside::{beside, beside_of, other};
pub use dialog::dialog;
pub use figures::{agreement, candidates, chart, curve, heat, lens};
pub use text::{Over, method, over, tokens};
pub use writing::{gaze, others, row, tree, written};

use std::sync::Arc;

use ground::Ground;
use headlight_document::Explanation;
use leptos::html::Dialog;
use leptos::prelude::*;

use crate::app::App;
use crate::browser;
use crate::locale::say;
use crate::state::compare::Compared;

/// Makes a file's text; of a drawing under its title, light or dark. None while what it is of is not at hand.
type Make = Box<dyn Fn() -> Option<String>>;
type MakeTitled = Box<dyn Fn(&str, bool) -> Option<String>>;

/// A drawing, as it is saved.
struct Drawing {
    /// How its files' names end.
    name: &'static str,
    /// The answer that it is of, where that is another than the explanation on the page.
    answer: Option<RwSignal<Option<Compared>>>,
    /// What it shows.
    title: Box<dyn Fn() -> String>,
    /// As SVG.
    svg: MakeTitled,
    /// Its numbers with comma-separated columns.
    csv: Make,
}

/// The drawings of the page, and the dialog that saves them.
#[derive(Clone, Copy)]
pub struct Saving {
    all: StoredValue<Vec<(u32, Drawing)>, LocalStorage>,
    count: StoredValue<u32>,
    /// The drawing that the dialog is at.
    chosen: RwSignal<u32>,
    /// What it is drawn on.
    ground: RwSignal<Ground>,
    /// How often it was opened.
    opened: RwSignal<u32>,
    dialog: NodeRef<Dialog>,
}

impl Saving {
    /// A page without drawings.
    pub fn new() -> Self {
        Self {
            all: StoredValue::new_local(Vec::new()),
            count: StoredValue::new(0),
            chosen: RwSignal::new(0),
            ground: RwSignal::new(Ground::remembered()),
            opened: RwSignal::new(0),
            dialog: NodeRef::new(),
        }
    }

    /// Opens the dialog, at a drawing.
    fn open(self, drawing: Option<u32>) {
        App::get().fetch_library();
        if let Some(drawing) = drawing {
            self.chosen.set(drawing);
        }
        self.opened.update(|opened| *opened += 1);
        if let Some(dialog) = self.dialog.get_untracked() {
            // It fails only where the dialog is open already.
            let _ = dialog.show_modal();
        }
        // What is in it is written by then.
        request_animation_frame(|| browser::focus(dialog::SELECT));
    }

    /// The drawings with their titles, as they follow one another on the page.
    fn listed(self) -> Vec<(u32, String)> {
        let buttons = document().get_elements_by_class_name("save-button");
        let drawing = |at: u32| {
            let id = buttons.item(at)?.get_attribute("data-drawing")?.parse().ok()?;
            Some((id, self.read(id, |drawing| (drawing.title)())?))
        };
        (0..buttons.length()).filter_map(drawing).collect()
    }

    fn read<T>(self, id: u32, read: impl FnOnce(&Drawing) -> T) -> Option<T> {
        self.all.try_with_value(|all| all.iter().find(|(of, _)| *of == id).map(|(_, one)| read(one))).flatten()
    }
}

/// The button of a drawing.
fn button(app: App, drawing: Drawing) -> AnyView {
    if app.embeds {
        return ().into_any();
    }
    let saving: Saving = expect_context();
    let id = saving.count.get_value() + 1;
    saving.count.set_value(id);
    let name = format!("save-{}", drawing.name);
    saving.all.update_value(|all| all.push((id, drawing)));
    on_cleanup(move || {
        saving.all.try_update_value(|all| all.retain(|(of, _)| *of != id));
    });
    view! {
        <button
            type="button" class="save-button" data-drawing=id.to_string() data-testid=name title=say("save.button.title")
            on:click=move |_| saving.open(Some(id))
        >
            {say("save.button")}
        </button>
    }
    .into_any()
}

/// The button of a drawing that is of no other answer than the page's.
fn of_page(app: App, name: &'static str, title: Box<dyn Fn() -> String>, svg: MakeTitled, csv: Make) -> AnyView {
    button(app, Drawing { name, answer: None, title, svg, csv })
}

fn document_of(app: App, answer: Option<RwSignal<Option<Compared>>>) -> Arc<Explanation> {
    let other = answer.and_then(|answer| answer.with(|one| one.as_ref().map(|one| Arc::clone(&one.document))));
    other.unwrap_or_else(|| app.shown.with(|shown| Arc::clone(&shown.document)))
}
