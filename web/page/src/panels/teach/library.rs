//! Lessons come and go: from the site, from a file of a person's own, and with the page's state put aside for them.

use headlight_document::AttentionKind;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;

use super::{Teach, fetch, point_at};
use crate::app::{App, Listing, When};
use crate::browser;
use crate::locale::{fill, language};
use crate::state::compare::same_subject;
use crate::state::form::Form;
use crate::state::inside::{Known, Place};
use crate::state::lesson::course::Course;
use crate::state::lesson::{Lesson, MOST_BYTES, Scene, index, lesson};

/// Where what a lesson took the place of is kept, as long as this tab is open.
const OWN: &str = "headlight.lesson.own";
const NOW: &str = "headlight.lesson.now";

fn here() -> Option<web_sys::Storage> {
    window().session_storage().ok().flatten()
}

fn keep(key: &str, value: Option<&str>) {
    if let Some(here) = here() {
        // Storage may be switched off; then a reload loses what was kept.
        let _ = match value {
            Some(value) => here.set_item(key, value),
            None => here.remove_item(key),
        };
    }
}

fn kept(key: &str) -> Option<String> {
    here()?.get_item(key).ok().flatten()
}

/// What the progress of a lesson is remembered by.
pub(super) fn remembered(id: &str) -> String {
    format!("lesson.{id}")
}

impl Teach {
    /// Opens the list of lessons.
    pub(super) fn open_lessons(self) {
        self.stop.set(None);
        self.lessons.set(true);
        self.folded.set(false);
        self.need_texts();
        let wanted = language();
        if self.list.with_untracked(|list| list.as_ref().is_some_and(|list| list.0 == wanted)) {
            return;
        }
        leptos::task::spawn_local(async move {
            let fetched = fetch(&format!("lessons/{}/index.json", wanted.name())).await;
            match fetched.and_then(|file| index(&file).map_err(|fault| fault.to_string())) {
                Ok(list) => self.list.set(Some((wanted, list))),
                Err(why) => self.trouble.set(Some(fill("lessons.failed", &[&why]))),
            }
        });
    }

    /// Fetches a lesson of the site and opens it where one was before.
    pub(super) fn fetch_lesson(self, id: String) {
        self.trouble.set(None);
        leptos::task::spawn_local(async move {
            let is_name = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
            let path = format!("lessons/{}/{id}.json", language().name());
            let fetched = if is_name { fetch(&path).await } else { Err(id.clone()) };
            match fetched.and_then(|file| lesson(&file).map_err(|fault| fault.to_string())) {
                Ok(lesson) => {
                    let step = kept(NOW).and_then(|now| now.strip_prefix(&format!("{id} "))?.parse().ok());
                    self.source.set_value(Some(id));
                    self.take(lesson, step);
                }
                Err(why) => self.trouble.set(Some(fill("lessons.failed", &[&why]))),
            }
        });
    }

    /// Opens a lesson's file.
    pub(super) fn open_file(self, file: web_sys::File) {
        self.trouble.set(None);
        let name = file.name();
        leptos::task::spawn_local(async move {
            let read = if file.size() > MOST_BYTES as f64 {
                Err(fill("lessons.too_large", &[&(MOST_BYTES / 1024)]))
            } else {
                let text = JsFuture::from(file.unchecked_into::<web_sys::Blob>().text()).await;
                lesson(&text.ok().and_then(|text| text.as_string()).unwrap_or_default())
                    .map_err(|fault| fault.to_string())
            };
            match read {
                Ok(lesson) => {
                    self.source.set_value(None);
                    self.take(lesson, None);
                }
                Err(why) => self.trouble.set(Some(fill("lessons.bad_file", &[&name, &why]))),
            }
        });
    }

    fn take(self, lesson: Lesson, step: Option<usize>) {
        let solved = browser::recall(&remembered(&lesson.id));
        let mut course = Course::new(lesson, solved.as_deref());
        // The page is as the step left it.
        if let Some(step) = step.filter(|_| self.kept.with_untracked(Option::is_some)) {
            course.go(step);
            course.is_set = true;
        }
        self.said.set(None);
        self.course.set(Some(course));
    }

    /// Goes to a step, and puts the page to what it says.
    pub(super) fn go(self, app: App, step: usize) {
        if self.kept.with_untracked(Option::is_none) {
            let own = app.form.get_untracked();
            keep(OWN, Some(&own.draft()));
            self.kept.set(Some(own));
        }
        if let Some(id) = self.source.get_value() {
            keep(NOW, Some(&format!("{id} {step}")));
        }
        self.said.set(None);
        self.course.update(|course| {
            if let Some(course) = course {
                course.go(step);
                browser::remember(&remembered(&course.lesson.id), &course.progress());
            }
        });
        self.set_up(app);
        request_animation_frame(|| browser::focus("lesson-step"));
    }

    /// Puts the page to what the step says.
    pub(super) fn set_up(self, app: App) {
        let read = |course: &Course| {
            let step = course.lesson.steps.get(course.step?)?;
            Some((step.set.clone(), step.look.clone()))
        };
        let Some((set, look)) = self.course.with_untracked(|course| course.as_ref().and_then(read)) else { return };
        self.trouble.set(None);
        if let Some(set) = set {
            let form = app.form.with_untracked(|form| set.onto(form));
            let is_listed = app.listing.with_untracked(|listing| *listing != Listing::Pending);
            if is_listed && set.model.is_some() && app.entry_now(&form.model).is_none() {
                self.trouble.set(Some(fill("lessons.no_model", &[&form.model])));
                return;
            }
            app.edit(When::Now, |now| *now = form);
            self.course.update(|course| {
                if let Some(course) = course {
                    course.is_set = true;
                }
            });
        }
        if let Some(look) = look {
            // What is pointed at may be made in this turn.
            request_animation_frame(move || point_at(Some(&look)));
        } else {
            point_at(None);
        }
    }

    /// Closes the lesson, and gives the page back as it was.
    pub(super) fn leave_lesson(self, app: App) {
        self.course.set(None);
        self.source.set_value(None);
        self.trouble.set(None);
        point_at(None);
        keep(OWN, None);
        keep(NOW, None);
        if let Some(own) = self.kept.try_update(Option::take).flatten() {
            app.edit(When::Soon, |form| *form = own);
        }
    }

    /// A lesson that was open when the page was loaded anew goes on.
    pub(super) fn take_up(self, app: App) {
        let Some(own) = kept(OWN).as_deref().and_then(Form::of_draft) else { return };
        self.kept.set(Some(own));
        match kept(NOW).as_deref().and_then(|now| now.split_once(' ')) {
            Some((id, _)) => {
                self.open_lessons();
                self.fetch_lesson(id.to_owned());
            }
            // The lesson was a file, which is not here any longer.
            None => self.leave_lesson(app),
        }
    }

    /// The lesson that is open in the language that is spoken now.
    pub(super) fn speak_anew(self) {
        if self.lessons.get_untracked() {
            self.open_lessons();
        }
        if let Some(id) = self.source.get_value() {
            self.fetch_lesson(id);
        }
        if self.entry.with_untracked(Option::is_some) || self.stop.with_untracked(Option::is_some) {
            self.need_texts();
        }
    }
}

/// Holds something against what has been computed on the page.
pub(super) fn on_scene<T>(app: App, read: impl FnOnce(&Scene<'_>) -> T) -> T {
    untrack(|| {
        let form = app.form.get();
        let wanted = form.comparison();
        let shown = app.shown.get();
        let is_answer = shown.request.is_some() && app.is_current();
        let about = |request: &headlight_document::Request| same_subject(request, &wanted);
        let compared = app.compared.get().filter(|found| about(&found.request));
        let headed = app.headed.get().filter(|found| about(&found.request));
        let heads = headed.and_then(|found| found.document.heads());
        let changes = app.changed.get().filter(|found| {
            about(&found.request) && found.request.intervention == form.intervention && !form.intervention.is_empty()
        });
        let kind = app.attention(|_, attention| attention.kind).unwrap_or(AttentionKind::SelfAttention);
        let place = form.head.map(|head| Place { answer: shown.number, kind, head });
        app.inside.with(|inside| {
            let neurons = match place.map(|place| inside.of(place)) {
                Some(Known::Here(neurons)) => Some(&**neurons),
                _ => None,
            };
            read(&Scene {
                form: &form,
                document: is_answer.then_some(&*shown.document),
                compared: compared.as_ref().map(|found| &*found.document),
                heads: heads.as_ref(),
                neurons,
                changed: changes.as_ref().and_then(|found| found.document.changed.as_ref()),
            })
        })
    })
}
