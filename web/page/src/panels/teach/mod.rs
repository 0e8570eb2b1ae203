//! What helps somebody to understand the page: lessons, a tour, an explanation of everything on it, and a way to show it to a
//! class. What opens them are buttons anywhere that say so in an attribute: `data-teach` and `data-explain`.

mod glossary;
mod lesson;
mod library;
mod present;
mod step;
mod tour;

use std::sync::Arc;

use leptos::prelude::*;
use serde_json::Value;

use super::parts::{Part, plain_button};
use crate::app::App;
use crate::browser;
use crate::locale::{Language, language, say};
use crate::state::form::Form;
use crate::state::lesson::Listed;
use crate::state::lesson::course::Course;

pub use tour::Invitation;

/// The language of the texts, the texts, and the formulas.
type Texts = (Language, Arc<Value>, Arc<Value>);

/// What is open of all that. Copies are handles to the same state.
#[derive(Clone, Copy)]
pub struct Teach {
    /// The page.
    app: App,
    /// Whether the lessons are there.
    lessons: RwSignal<bool>,
    /// Whether they are folded to a line.
    folded: RwSignal<bool>,
    /// The lessons that there are, and in which language.
    list: RwSignal<Option<(Language, Vec<Listed>)>>,
    /// The lesson that is open.
    course: RwSignal<Option<Course>>,
    /// The site's name of it; none for one of a person's own.
    source: StoredValue<Option<String>>,
    /// The person's own question, while a lesson has the page.
    kept: RwSignal<Option<Form>>,
    /// What is wrong with a file or with getting one.
    trouble: RwSignal<Option<String>>,
    /// What is said of the last answer: whether it is right, and the sentence.
    said: RwSignal<Option<(&'static str, String)>>,
    /// Which panel is presented.
    stage: RwSignal<Option<usize>>,
    /// At which stop the tour is.
    stop: RwSignal<Option<usize>>,
    /// Whether somebody is asked to take it.
    invites: RwSignal<bool>,
    /// The entry of the glossary that is open.
    entry: RwSignal<Option<String>>,
    /// The texts of glossary and tour with their language, and the formulas.
    texts: RwSignal<Option<Texts>>,
}

impl Teach {
    /// Nothing is open.
    pub fn new(app: App) -> Self {
        Self {
            app,
            lessons: RwSignal::new(false),
            folded: RwSignal::new(false),
            list: RwSignal::new(None),
            course: RwSignal::new(None),
            source: StoredValue::new(None),
            kept: RwSignal::new(None),
            trouble: RwSignal::new(None),
            said: RwSignal::new(None),
            stage: RwSignal::new(None),
            stop: RwSignal::new(None),
            invites: RwSignal::new(tour::is_new_here()),
            entry: RwSignal::new(None),
            texts: RwSignal::new(None),
        }
    }

    fn get() -> Self {
        expect_context()
    }

    /// Opens one of them by its name.
    fn open(self, what: &str) {
        match what {
            "lessons" => self.open_lessons(),
            "present" => self.present(0),
            "tour" => self.tour(),
            _ => self.explain(""),
        }
    }

    /// Fetches the texts, unless they are here in this language.
    fn need_texts(self) {
        let wanted = language();
        if self.texts.with_untracked(|texts| texts.as_ref().is_some_and(|texts| texts.0 == wanted)) {
            return;
        }
        leptos::task::spawn_local(async move {
            let fetched = async {
                let texts = fetch(&format!("help/{}.json", wanted.name())).await?;
                let formulas = fetch("help/formulas.json").await?;
                let parse = |text: &str| serde_json::from_str(text).map_err(|error| error.to_string());
                Ok::<(Value, Value), String>((parse(&texts)?, parse(&formulas)?))
            };
            match fetched.await {
                Ok((texts, formulas)) => self.texts.set(Some((wanted, Arc::new(texts), Arc::new(formulas)))),
                Err(why) => {
                    self.entry.set(None);
                    self.stop.set(None);
                    self.app.notice.set(Some(crate::locale::fill("teach.failed", &[&why])));
                }
            }
        });
    }

    /// Reads the texts; none while they are fetched.
    fn read<T>(self, read: impl FnOnce(&Value, &Value) -> T) -> Option<T> {
        self.texts.with(|texts| texts.as_ref().map(|(_, texts, formulas)| read(texts, formulas)))
    }
}

/// Fetches a file of the site.
async fn fetch(path: &str) -> Result<String, String> {
    let address = browser::beside(path).unwrap_or_default();
    browser::fetch_text(&address).await
}

/// All of it, behind the panels.
#[component]
pub fn Corner() -> impl IntoView {
    let (app, teach) = (App::get(), Teach::get());
    let click = window_event_listener(leptos::ev::click, move |event| {
        if let Some(entry) = browser::of_target(&event, "data-explain") {
            teach.explain(&entry);
        } else if let Some(what) = browser::of_target(&event, "data-teach") {
            close_dialogs();
            teach.open(&what);
        }
    });
    on_cleanup(move || click.remove());
    teach.begin(app);
    view! {
        {lesson::dock(app, teach)}
        {tour::card(teach)}
        {present::bar(teach)}
        {glossary::dialog(teach)}
    }
    .into_any()
}

impl Teach {
    /// What the address asks for, and a lesson that was open before the page was loaded anew.
    fn begin(self, app: App) {
        if self.course.with_untracked(Option::is_some) || self.list.with_untracked(Option::is_some) {
            // The page is made anew in another language.
            self.speak_anew();
            return;
        }
        self.take_up(app);
        if let Some(lesson) = browser::parameter("lesson") {
            self.open_lessons();
            if !lesson.is_empty() {
                self.fetch_lesson(lesson);
            }
        }
        if browser::parameter("present").is_some() {
            self.present(0);
        }
        if browser::parameter("tour").is_some() {
            self.tour();
        }
    }
}

/// Closes what is open above the page.
fn close_dialogs() {
    let Ok(open) = document().query_selector_all("dialog[open]") else { return };
    for at in 0..open.length() {
        let dialog = open.item(at).map(wasm_bindgen::JsCast::unchecked_into::<web_sys::HtmlDialogElement>);
        if let Some(dialog) = dialog {
            dialog.close();
        }
    }
}

/// Shows where a panel is: it is scrolled to and marked. None takes the mark away.
fn point_at(panel: Option<&str>) {
    if let Ok(Some(before)) = document().query_selector("[data-pointed]") {
        let _ = before.remove_attribute("data-pointed");
    }
    let Some(panel) = panel else { return };
    if let Ok(Some(element)) = document().query_selector(&format!(".{panel}-panel")) {
        let _ = element.set_attribute("data-pointed", "");
        element.scroll_into_view();
    }
}

/// Adds the ways in, to the dialog that explains the page.
pub fn add_doors(part: &Part) {
    let doors = part.add("div", &[("class", "doors")], "");
    let door = |what: &str, name: &str, title: &str| {
        let attributes = [("type", "button"), ("class", "small"), ("data-teach", what), ("data-testid", name)];
        doors.add("button", &attributes, title);
    };
    door("tour", "open-tour", say("teach.door.tour"));
    door("lessons", "open-lessons", say("teach.door.lessons"));
    door("glossary", "open-glossary", say("teach.door.glossary"));
    door("present", "open-present", say("teach.door.present"));
    let guide = [("href", super::foot::guide()), ("target", "headlight-guide"), ("data-testid", "open-guide")];
    doors.add("a", &guide, say("foot.guide"));
}

/// A button that is a sign, with its name for who does not see it.
fn sign(name: &'static str, sign: &'static str, label: &'static str, press: impl Fn() + 'static) -> AnyView {
    view! {
        <button type="button" class="quiet" data-testid=name aria-label=label title=label on:click=move |_| press()>
            {sign}
        </button>
    }
    .into_any()
}

fn small(name: &'static str, title: &'static str, press: impl Fn() + 'static) -> AnyView {
    plain_button("small", name, say(title), press)
}
