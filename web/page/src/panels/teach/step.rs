//! One step of a lesson: what it says, what it asks, and what came of the answer.

use leptos::prelude::*;

use super::glossary::{add_formula, add_paragraph};
use super::library::{on_scene, remembered};
use super::{Teach, small};
use crate::app::App;
use crate::browser;
use crate::locale::{fill, say};
use crate::panels::parts::{changing, plain_button, text, written};
use crate::state::lesson::{Choice, Given, Kind, Missing, Question, Step, Verdict};
use crate::state::pieces::visible;

/// The step at a place.
pub(super) fn step(app: App, teach: Teach, at: usize) -> AnyView {
    let read = teach.course.with_untracked(|course| {
        let course = course.as_ref()?;
        Some((course.lesson.steps.get(at)?.clone(), course.lesson.steps.len()))
    });
    let Some((step, count)) = read else { return ().into_any() };
    let Step { title, text: paragraphs, formula, set, question, .. } = step;
    let has_set = set.is_some();
    let says = written("lesson-text", move |part| {
        paragraphs.iter().for_each(|paragraph| add_paragraph(part, "", paragraph));
        let Some(formula) = &formula else { return };
        teach.read(|texts, formulas| {
            let details = part.add("details", &[("class", "formula-fold")], "");
            details.add("summary", &[], say("lessons.formula"));
            add_formula(&details, &formulas[&**formula], &texts["in_formulas"]);
        });
    });
    let is_solved = move || teach.course.with(|all| all.as_ref().is_some_and(|all| all.solved.get(at) == Some(&true)));
    let last = at + 1 >= count;
    let next = move || if last { finish(teach) } else { teach.go(app, at + 1) };
    let onward = move || {
        let title = match (last, is_solved()) {
            (true, _) => "lessons.end",
            (false, true) => "lessons.next",
            (false, false) => "lessons.skip",
        };
        let class = if is_solved() { "primary" } else { "small" };
        Some(plain_button(class, "lesson-next", say(title), next))
    };
    let back = move || if at > 0 { teach.go(app, at - 1) } else { teach.leave_lesson(app) };
    view! {
        <p class="caption">{fill("lessons.step", &[&(at + 1), &count])}</p>
        <progress max=count.to_string() value=(at + 1).to_string() aria-label=say("lessons.title")></progress>
        <h3 id="lesson-step" tabindex="-1" data-testid="lesson-step" data-step=at data-solved=move || is_solved().to_string()>{title}</h3>
        {says}
        {has_set.then(|| small("lesson-set-up", "lessons.set_up", move || teach.set_up(app)))}
        {question.map(|question| ask(app, teach, question))}
        <div class="teach-line">
            {small("lesson-back", if at > 0 { "lessons.back" } else { "lessons.all" }, back)}
            {changing(onward)}
        </div>
    }
    .into_any()
}

/// The last step is left: what came of the lesson is said where it began.
fn finish(teach: Teach) {
    teach.said.set(None);
    teach.course.update(|course| {
        if let Some(course) = course {
            course.step = None;
        }
    });
}

fn ask(app: App, teach: Teach, question: Question) -> AnyView {
    let given = move |change: &dyn Fn(&mut Given)| {
        teach.said.set(None);
        teach.course.update(|course| {
            if let Some(course) = course {
                course.give(change);
            }
        });
    };
    let field = match &question.kind {
        Kind::Choose(choices) => {
            let one = |(at, choice): (usize, &Choice)| {
                view! {
                    <label class="choice">
                        <input
                            type="radio"
                            name="lesson-choice"
                            data-choice=at
                            prop:checked=move || put_in(teach, |given| given.choice == Some(at))
                            on:change=move |_| given(&|given| given.choice = Some(at))
                        />
                        <span>{choice.text.clone()}</span>
                    </label>
                }
            };
            let all = choices.iter().enumerate().map(one).collect_view();
            view! { <div role="radiogroup" aria-labelledby="lesson-ask">{all}</div> }.into_any()
        }
        Kind::Number { .. } => view! {
            <label class="lesson-number">
                <span>{say("lessons.number")}</span>
                <input
                    type="text"
                    inputmode="decimal"
                    autocomplete="off"
                    maxlength="40"
                    data-testid="lesson-number"
                    prop:value=move || put_in(teach, |given| given.number.clone())
                    on:input=move |event| given(&|given| given.number = event_target_value(&event))
                />
            </label>
        }
        .into_any(),
        Kind::Token(_) => {
            let now = move || match app.picked_token() {
                Some(at) => app.shown.with(|shown| {
                    let token = shown.document.input.tokens.get(at);
                    fill("lessons.token_now", &[&token.map(|one| visible(one.text.trim())).unwrap_or_default()])
                }),
                None => say("lessons.token_none").to_owned(),
            };
            view! { <p class="caption">{text(now)}</p> }.into_any()
        }
        Kind::Head(_) => {
            let now = move || match app.open_head() {
                Some((layer, head)) => fill("lessons.head_now", &[&layer, &head]),
                None => say("lessons.head_none").to_owned(),
            };
            view! { <p class="caption">{text(now)}</p> }.into_any()
        }
        Kind::Do(_) => ().into_any(),
    };
    let asked = question.ask.clone();
    let question = StoredValue::new(question);
    let check = move || question.with_value(|question| judge(app, teach, question));
    let show = move || {
        let said = question.with_value(|question| on_scene(app, |scene| question.answer(scene)));
        if let Some(said) = said {
            teach.said.set(Some(("told", fill("lessons.answer", &[&said]))));
        }
    };
    let help = move || {
        let is_stuck = teach.course.with(|course| course.as_ref().is_some_and(|course| course.wrong >= 2));
        let can = question.with_value(|question| matches!(question.kind, Kind::Choose(_) | Kind::Number { .. }));
        (is_stuck && can).then(|| small("lesson-answer", "lessons.show_answer", show))
    };
    let verdict = move || {
        let (class, said) = teach.said.get()?;
        Some(
            view! { <p class=format!("verdict {class}") data-testid="lesson-verdict" data-verdict=class>{said}</p> }
                .into_any(),
        )
    };
    view! {
        <form
            class="lesson-ask"
            on:submit=move |event: web_sys::SubmitEvent| {
                event.prevent_default();
                check();
            }
        >
            {written("", move |part| {
                let asks = part.add("div", &[("id", "lesson-ask")], "");
                add_paragraph(&asks, "asks", &asked);
            })}
            {field}
            <div class="teach-line">
                <button type="submit" class="primary" data-testid="lesson-check">{say("lessons.check")}</button>
                {changing(help)}
            </div>
            <div role="status">{changing(verdict)}</div>
        </form>
    }
    .into_any()
}

/// What was put in at the step: its fields may be those of the step before.
fn put_in<T: Default>(teach: Teach, read: impl FnOnce(&Given) -> T) -> T {
    teach.course.with(|course| course.as_ref().map(|course| read(&course.given))).unwrap_or_default()
}

fn judge(app: App, teach: Teach, question: &Question) {
    let Some((given, wrong)) =
        teach.course.with_untracked(|course| course.as_ref().map(|course| (course.given.clone(), course.wrong)))
    else {
        return;
    };
    let said = on_scene(app, |scene| {
        let verdict = question.check(&given, scene);
        let with = |first: &'static str, more: &Option<String>| {
            let more = more.as_ref().map(|more| question.said(more, scene)).unwrap_or_default();
            format!("{} {more}", say(first)).trim_end().to_owned()
        };
        let (class, said) = match &verdict {
            Verdict::Right => ("right", with("lessons.right", &question.right)),
            Verdict::Wrong => {
                let hint = if wrong > 0 { &question.hint } else { &None };
                let said = with("lessons.wrong", &question.wrong);
                let hint = hint.as_ref().map(|hint| question.said(hint, scene)).unwrap_or_default();
                ("wrong", format!("{said} {hint}").trim_end().to_owned())
            }
            Verdict::NotYet(missing) => ("not-yet", lacking(missing)),
            Verdict::NoNumber => ("not-yet", say("lessons.type_number").to_owned()),
            Verdict::Nothing => {
                let key = if matches!(question.kind, Kind::Number { .. }) {
                    "lessons.type_number"
                } else {
                    "lessons.choose_first"
                };
                ("not-yet", say(key).to_owned())
            }
        };
        (verdict, class, said)
    });
    let (verdict, class, said) = said;
    teach.said.set(Some((class, said)));
    teach.course.update(|course| {
        if let Some(course) = course {
            course.judge(verdict);
            browser::remember(&remembered(&course.lesson.id), &course.progress());
        }
    });
}

/// What is to be done before an answer can be checked.
fn lacking(missing: &Missing) -> String {
    let key = match missing {
        Missing::Run => "lessons.missing.run",
        Missing::Head => "lessons.missing.head",
        Missing::Weights => "lessons.missing.weights",
        Missing::Neurons => "lessons.missing.neurons",
        Missing::Pick => "lessons.missing.pick",
        Missing::Measure => "lessons.missing.measure",
        Missing::Profile => "lessons.missing.profile",
        Missing::Changed => "lessons.missing.changed",
        Missing::NoNumber => "lessons.missing.no_number",
        Missing::Token(token) => return fill("lessons.missing.token", &[&visible(token.trim())]),
        Missing::Candidate(text) => return fill("lessons.missing.candidate", &[&visible(text)]),
        Missing::Method(name) => {
            let method: Option<headlight_document::Method> = name.parse().ok();
            return fill("lessons.missing.method", &[&method.map_or("?", headlight_document::Method::title)]);
        }
    };
    say(key).to_owned()
}
