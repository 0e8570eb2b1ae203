//! The lessons beside the page: the list, a lesson before it begins, and its steps.

use js_sys::Reflect;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};

use super::glossary::add_paragraph;
use super::step::step;
use super::{Teach, library, sign, small};
use crate::app::App;
use crate::browser;
use crate::locale::{fill, say};
use crate::panels::parts::{changing, paragraph, plain_button, written};
use crate::state::format::megabytes;
use crate::state::lesson::Listed;

/// The first file that something carries.
fn first_file(from: &JsValue) -> Option<web_sys::File> {
    let files = Reflect::get(from, &"files".into()).ok()?;
    Reflect::get(&files, &0.into()).ok()?.dyn_into().ok()
}

/// All of it.
pub(super) fn dock(app: App, teach: Teach) -> AnyView {
    Effect::new(move |_| {
        let state = teach.lessons.get().then(|| if teach.folded.get() { "folded" } else { "open" });
        browser::set_root_attribute("data-lesson", state);
    });
    let close = move || {
        teach.leave_lesson(app);
        teach.lessons.set(false);
        browser::focus("text");
    };
    let drop = move |event: web_sys::DragEvent| {
        let Some(file) = event.data_transfer().and_then(|transfer| first_file(&transfer)) else { return };
        // Elsewhere on the page a file is a model's.
        event.prevent_default();
        event.stop_propagation();
        teach.open_file(file);
    };
    let title = Memo::new(move |_| {
        let title = teach.course.with(|course| course.as_ref().map(|course| course.lesson.title.clone()));
        title.unwrap_or_else(|| say("lessons.title").to_owned())
    });
    // A step is made anew when another one is read, in another language or out of a mended file, and not at every answer.
    let place =
        Memo::new(move |_| teach.course.with(|course| course.as_ref().map(|one| (one.lesson.clone(), one.step))));
    let body = move || {
        let view = match place.get() {
            None => list(teach),
            Some((_, None)) => front(app, teach),
            Some((_, Some(at))) => step(app, teach, at),
        };
        Some(view)
    };
    changing(move || {
        if !teach.lessons.get() {
            return None;
        }
        Some(
            view! {
                <aside class="lesson" data-testid="lesson" aria-labelledby="lesson-title" on:drop=drop>
                    <div class="lesson-head">
                        <h2 id="lesson-title">{title}</h2>
                        {sign("lesson-fold", "▁", say("lessons.fold"), move || teach.folded.update(|folded| *folded = !*folded))}
                        {sign("lesson-close", "✕", say("lessons.close"), close)}
                    </div>
                    <div class="lesson-body">
                        {changing(move || {
                            let said = teach.trouble.get()?;
                            Some(view! { <p class="hint" role="alert" data-testid="lesson-trouble">{said}</p> }.into_any())
                        })}
                        {changing(body)}
                    </div>
                </aside>
            }
            .into_any(),
        )
    })
}

fn list(teach: Teach) -> AnyView {
    let choose = move |event: web_sys::Event| {
        let Some(field) = event.target() else { return };
        if let Some(file) = first_file(&field) {
            teach.open_file(file);
        }
        // The same file can be chosen again, when it has been mended.
        let _ = Reflect::set(&field, &"value".into(), &"".into());
    };
    let row = move |one: Listed| {
        let solved = browser::recall(&library::remembered(&one.id)).unwrap_or_default();
        let count = solved.split(',').filter(|at| !at.is_empty()).count().min(one.steps);
        let state =
            if count > 0 { fill("lessons.line", &[&count, &one.steps]) } else { fill("lessons.minutes", &[&10]) };
        let id = one.id.clone();
        view! {
            <li>
                <button type="button" data-lesson-id=one.id on:click=move |_| teach.fetch_lesson(id.clone())>
                    <b>{one.title}</b>
                    <span>{one.about}</span>
                    <span class="caption">{state}</span>
                </button>
            </li>
        }
    };
    let listed = move || {
        Some(match teach.list.get() {
            Some((_, list)) => {
                view! { <ol class="lesson-list" data-testid="lesson-list">{list.into_iter().map(row).collect_view()}</ol> }.into_any()
            }
            None => paragraph("caption", say("lessons.loading")),
        })
    };
    view! {
        {paragraph("caption", say("lessons.intro"))}
        {changing(listed)}
        <label class="lesson-file">
            <span>{say("lessons.open_file")}</span>
            <input type="file" accept=".json,application/json" data-testid="lesson-file" on:change=choose/>
        </label>
        {paragraph("caption", say("lessons.drop"))}
    }
    .into_any()
}

/// A lesson before its first step.
fn front(app: App, teach: Teach) -> AnyView {
    let Some(course) = teach.course.get_untracked() else { return ().into_any() };
    let about = course.lesson.about.clone();
    let models = course.lesson.steps.iter().filter_map(|step| step.set.as_ref()?.model.clone());
    let mut loads: Vec<String> = Vec::new();
    for model in models {
        let is_here = app.kept.with_untracked(|kept| kept.contains(&model));
        if let Some(entry) = app.entry_now(&model).filter(|_| !is_here) {
            let bytes = entry.files.iter().map(|file| file.bytes).sum();
            let line = fill("lessons.loads", &[&entry.title, &megabytes(bytes)]);
            if !loads.contains(&line) {
                loads.push(line);
            }
        }
    }
    let first = course.next_open();
    let begin = say(if first > 0 { "lessons.go_on" } else { "lessons.begin" });
    let solved = course.count();
    let state = if solved == course.solved.len() {
        fill("lessons.done", &[&solved, &course.solved.len()])
    } else if solved > 0 {
        fill("lessons.line", &[&solved, &course.solved.len()])
    } else {
        fill("lessons.minutes", &[&course.lesson.minutes])
    };
    view! {
        {written("lesson-text", move |part| about.iter().for_each(|paragraph| add_paragraph(part, "", paragraph)))}
        {paragraph("caption", &state)}
        {paragraph("caption", say("lessons.keeps"))}
        {loads.iter().map(|line| paragraph("caption", line)).collect_view()}
        <div class="teach-line">
            {small("lesson-all", "lessons.all", move || teach.leave_lesson(app))}
            {plain_button("primary", "lesson-begin", begin, move || teach.go(app, first))}
        </div>
    }
    .into_any()
}
