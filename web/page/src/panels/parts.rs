//! Pieces of views that several panels are made of. A view macro's type grows with what stands in it, and with it the
//! download: what is here is one function whatever it is given. Tables and coloured texts, which are written whole and
//! never changed piece by piece, are written straight into the page.

use leptos::html::Div;
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::Element;

use crate::browser;

/// A part of the page that is made anew whenever what it reads has changed.
pub fn changing(make: impl Fn() -> Option<AnyView> + Send + 'static) -> AnyView {
    boxed(Box::new(make))
}

fn boxed(make: Box<dyn Fn() -> Option<AnyView> + Send>) -> AnyView {
    (move || make()).into_any()
}

/// A text that follows what it reads.
pub fn text(read: impl Fn() -> String + Send + Sync + 'static) -> AnyView {
    Signal::derive(read).into_any()
}

/// A button.
pub fn button(
    class: &'static str,
    name: &'static str,
    title: Signal<String>,
    disabled: Signal<bool>,
    press: impl Fn() + 'static,
) -> AnyView {
    boxed_button(class, name, title, disabled, Box::new(press))
}

fn boxed_button(
    class: &'static str,
    name: &'static str,
    title: Signal<String>,
    disabled: Signal<bool>,
    press: Box<dyn Fn()>,
) -> AnyView {
    view! {
        <button type="button" class=class data-testid=name prop:disabled=disabled on:click=move |_| press()>
            {title}
        </button>
    }
    .into_any()
}

/// A button that always says the same and can always be pressed.
pub fn plain_button(class: &'static str, name: &'static str, title: &str, press: impl Fn() + 'static) -> AnyView {
    boxed_button(class, name, title.to_owned().into(), false.into(), Box::new(press))
}

/// One of several buttons side by side, pressed or not. `name` is what tests find it by, `hint` what is said of it.
pub fn segment(
    name: &'static str,
    title: &'static str,
    hint: &'static str,
    pressed: impl Fn() -> bool + Send + Sync + 'static,
    press: impl Fn() + 'static,
) -> AnyView {
    boxed_segment(name, title, hint, Signal::derive(pressed), Box::new(press))
}

fn boxed_segment(
    name: &'static str,
    title: &'static str,
    hint: &'static str,
    pressed: Signal<bool>,
    press: Box<dyn Fn()>,
) -> AnyView {
    view! {
        <button
            type="button"
            class="segment"
            data-testid=name
            title=(!hint.is_empty()).then_some(hint)
            aria-pressed=move || pressed.get().to_string()
            on:click=move |_| press()
        >
            {title}
        </button>
    }
    .into_any()
}

/// A section's heading: its id, which the section is labelled by. Beside it stands what explains the section.
pub fn heading(id: &'static str, said: &'static str) -> AnyView {
    view! { <h2 id=id>{said}</h2> {super::explain_me::of_heading(id)} }.into_any()
}

/// The heading of a part of a section.
pub fn subheading(id: Option<&'static str>, class: &'static str, said: &'static str) -> AnyView {
    view! { <h3 id=id class=class>{said}</h3> {id.and_then(super::explain_me::of_heading)} }.into_any()
}

/// A piece of text within a line.
pub fn span(class: &'static str, said: &'static str) -> AnyView {
    view! { <span class=class>{said}</span> }.into_any()
}

/// A paragraph.
pub fn paragraph(class: &'static str, said: &str) -> AnyView {
    view! { <p class=class>{said.to_owned()}</p> }.into_any()
}

/// An element that is written once.
pub struct Part(Element);

impl Part {
    /// Adds an element with these attributes and this text at the end, and gives it. Text is text, whatever it says.
    pub fn add(&self, tag: &str, attributes: &[(&str, &str)], text: &str) -> Self {
        let Ok(element) = document().create_element(tag) else { return Self(self.0.clone()) };
        for (name, value) in attributes {
            if let ("style", Some(element)) = (*name, element.dyn_ref::<web_sys::HtmlElement>()) {
                // The page's policy lets styles be set, but not be written as an attribute.
                element.style().set_css_text(value);
                continue;
            }
            // Only a name that is none fails, and all of them are written here.
            let _ = element.set_attribute(name, value);
        }
        if !text.is_empty() {
            element.set_text_content(Some(text));
        }
        let _ = self.0.append_child(&element);
        Self(element)
    }

    /// Adds text at the end.
    pub fn say(&self, text: &str) {
        if !text.is_empty() {
            let _ = self.0.append_child(&document().create_text_node(text));
        }
    }

    /// Adds an element that was made elsewhere.
    pub fn append(&self, element: &Element) {
        let _ = self.0.append_child(element);
    }

    /// Adds a box that scrolls, with a table in it, and gives the table. `label` is what the box is called.
    pub fn add_table(&self, class: &str, name: &str, label: &str) -> Self {
        let frame = [("class", class), ("tabindex", "0"), ("role", "region"), ("aria-label", label)];
        self.add("div", &frame, "").add("table", &[("data-testid", name)], "")
    }

    /// Adds a line of a table, its heading and its cells, and gives it.
    pub fn add_line(&self, head: &str, cells: impl Iterator<Item = String>) -> Self {
        let line = self.add("tr", &[], "");
        line.add("th", &[("scope", "row")], head);
        for cell in cells {
            line.add("td", &[("class", "figure")], &cell);
        }
        line
    }

    /// Adds the line of a table's headings.
    pub fn add_heads(&self, heads: impl Iterator<Item = String>) {
        let line = self.add("thead", &[], "").add("tr", &[], "");
        for head in heads {
            line.add("th", &[("scope", "col")], &head);
        }
    }

    /// Adds a heading that a table is sorted by: a button named `data-sort`, in a cell that says how it is sorted. `prefix` and `name`
    /// are what it is found by.
    pub fn add_sort_head(&self, prefix: &str, name: &str, title: &str, hint: &str, sorted: &str) -> Self {
        let id = format!("{prefix}{name}");
        let attributes =
            [("type", "button"), ("id", &*id), ("data-testid", &*id), ("data-sort", name), ("title", hint)];
        let head = self.add("th", &[("scope", "col"), ("aria-sort", sorted)], "");
        let button = head.add("button", &attributes, title);
        super::explain_me::add_for_column(&head, name);
        button
    }

    /// Adds a part that is folded away.
    pub fn add_details(&self, summary: &str) -> Self {
        let details = self.add("details", &[("class", "as-table")], "");
        details.add("summary", &[], summary);
        details
    }
}

/// A box that is written anew whenever what is read for it has changed.
pub fn written(class: &'static str, write: impl Fn(&Part) + 'static) -> AnyView {
    boxed_written(class, Box::new(write))
}

fn boxed_written(class: &'static str, write: Box<dyn Fn(&Part)>) -> AnyView {
    let node = NodeRef::<Div>::new();
    Effect::new(move |_| {
        let Some(element) = node.get() else { return };
        // What was unfolded stays so, and where the keyboard was it is again.
        let folds = element.get_elements_by_tag_name("details");
        let all = |at: u32| folds.item(at);
        let open: Vec<bool> =
            (0..folds.length()).map(|at| all(at).is_some_and(|one| one.has_attribute("open"))).collect();
        let focused = document().active_element().filter(|one| element.contains(Some(one))).map(|one| one.id());
        element.set_text_content(None);
        write(&Part(element.into()));
        for (at, _) in open.iter().enumerate().filter(|(_, open)| **open) {
            if let Some(one) = all(at as u32) {
                let _ = one.set_attribute("open", "");
            }
        }
        if let Some(id) = focused.filter(|id| !id.is_empty()) {
            browser::focus(&id);
        }
    });
    view! { <div class=class node_ref=node></div> }.into_any()
}
